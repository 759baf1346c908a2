"""A desk at the Infor sandbox: a logged-in client that speaks the IDO service in the words of infor.md 4."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.connectors.infor.sandbox import create

Json = dict[str, Any]
HOUSE = "   1042"
LAMP = "LAMP-01"


class Desk:
    """`http` carries the token and the configuration; paths are relative to the gateway."""

    def __init__(self, http: httpx.AsyncClient, ionapi: Json) -> None:
        self.http = http
        self.ionapi = ionapi
        self.ido = f"/{ionapi['ti']}/CSI/IDORequestService/ido"

    async def load(self, ido: str, where: str = "", **query: str) -> Json:
        params = {**query, **({"filter": where} if where else {})}
        return (await self.http.get(f"{self.ido}/load/{ido}", params=params)).json()

    async def rows(self, ido: str, where: str = "", **query: str) -> list[Json]:
        answer = await self.load(ido, where, **query)
        assert answer["Success"], answer
        return answer["Items"]

    async def post(self, ido: str, *changes: Json, refresh: str = "true") -> Json:
        answer = await self.http.post(f"{self.ido}/update/{ido}?refresh={refresh}", json={"Changes": list(changes)})
        assert answer.status_code == 200
        return answer.json()

    async def insert(self, ido: str, **values: str | None) -> Json:
        return await self.post(ido, change(1, "", values))

    async def update(self, ido: str, item_id: str, **values: str | None) -> Json:
        return await self.post(ido, change(2, item_id, values))

    async def delete(self, ido: str, item_id: str) -> Json:
        return await self.post(ido, change(4, item_id, {}))

    async def invoke(self, ido: str, method: str, *parameters: str) -> Json:
        url = f"{self.ido}/invoke/{ido}"
        return (await self.http.post(url, params={"method": method}, json=list(parameters))).json()

    async def act(self, name: str, **given: Any) -> Json:
        return (await self.http.post(f"/_sandbox/actions/{name}", json=given)).json()

    async def fault(self, **fault: Any) -> None:
        (await self.http.post("/_sandbox/faults", json=fault)).raise_for_status()

    async def state(self, name: str, **equals: str) -> list[Json]:
        return (await self.http.get(f"/_sandbox/state/{name}", params=equals)).json()["items"]

    async def order(self, *lines: tuple[str, str], **header: str) -> str:
        """An order of (quantity, price) lines of the lamp; its CoNum."""
        made = await self.insert("SLCos", **{"CustNum": HOUSE, "CustSeq": "0", **header})
        assert made["Success"], made
        number = sent_back(made)["CoNum"]
        for index, (quantity, price) in enumerate(lines, start=1):
            line = {"CoNum": number, "CoLine": str(index), "Item": LAMP, "QtyOrdered": quantity, "Price": price}
            answer = await self.insert("SLCoitems", **line)
            assert answer["Success"], answer
        return number

    async def header(self, number: str) -> Json:
        return (await self.rows("SLCos", f"CoNum = '{number}'"))[0]

    async def stock(self, item: str = LAMP) -> Json:
        return (await self.rows("SLItemwhses", f"Item = '{item}' AND Whse = 'MAIN'"))[0]


def change(action: int, item_id: str, values: dict[str, str | None]) -> Json:
    properties = [
        {"Name": name, "Value": value, "OriginalValue": "", "Modified": True, "IsNull": value is None}
        for name, value in values.items()
    ]
    return {"Action": action, "ItemId": item_id, "ItemNo": 0, "UpdateLocking": 0, "Properties": properties}


def sent_back(answer: Json) -> dict[str, str | None]:
    """{name: value} of the first RefreshItem."""
    return {item["Name"]: item["Value"] for item in answer["RefreshItems"][0]["Properties"]}


Open = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def open_desk() -> AsyncIterator[Open]:
    """Starts sandboxes with options and sits down at them; LAMP-01 is on file with 120 in stock."""
    async with AsyncExitStack() as stack:

        async def start(data: Path | None = None, *, signed_in: bool = True, **options: Any) -> Desk:
            transport = httpx.ASGITransport(app=create(data, 7, options))
            http = httpx.AsyncClient(transport=transport, base_url="http://infor.test")
            await stack.enter_async_context(http)
            desk = Desk(http, (await http.get("/_sandbox/ionapi")).json())
            if signed_in:
                token = (await http.post(desk.ionapi["pu"] + desk.ionapi["ot"], data=password_grant(desk))).json()
                http.headers["authorization"] = f"Bearer {token['access_token']}"
                http.headers["x-infor-mongooseconfig"] = options.get("config", "ACME_TST_DALS")
            if not await desk.state("items", Item=LAMP):
                await desk.act("add-item", Item=LAMP, Description="Desk lamp", QtyOnHand=120, UnitPrice="21.00")
            return desk

        yield start


@pytest.fixture
async def desk(open_desk: Open) -> Desk:
    return await open_desk()


def password_grant(desk: Desk) -> dict[str, str]:
    ion = desk.ionapi
    client = {"client_id": ion["ci"], "client_secret": ion["cs"]}
    return {"grant_type": "password", "username": ion["saak"], "password": ion["sask"], **client}


@pytest.fixture
def helpers() -> Any:
    """`change` and `sent_back`, for tests that build requests by hand."""

    class Helpers:
        change = staticmethod(change)
        sent_back = staticmethod(sent_back)
        password_grant = staticmethod(password_grant)

    return Helpers
