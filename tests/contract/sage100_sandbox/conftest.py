"""A desk at the Sage 100 sandbox: a client that speaks the facade of sage100.md 5, and the clerk's actions."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.connectors.sage100.sandbox import create

Json = dict[str, Any]
BASE = "/sage100/v1"
LAMP = "LAMP-01"
SIGNED_IN = {
    "base_url": "http://sage.test",
    "auth": ("webshop", "sandbox-password"),
    "headers": {"x-sage-company": "ABC"},
}
QUICK = {"rate_limit": 1_000_000, "work_seconds": 0}
ADA = {
    "ARDivisionNo": "01",
    "CustomerNo": "WEB0001",
    "CustomerName": "Ada Brook",
    "AddressLine1": "12 Mill Lane",
    "City": "Springfield",
    "State": "IL",
    "ZipCode": "62701",
    "CountryCode": "USA",
    "EmailAddress": "ada@example.com",
    "SalespersonDivisionNo": "01",
    "SalespersonNo": "0100",
}


def line(quantity: str = "2", price: str | None = "19.95", **more: Any) -> Json:
    priced = {} if price is None else {"UnitPrice": price}
    return {"ItemCode": LAMP, "QuantityOrdered": quantity, **priced, **more}


def charge(amount: str, code: str = "/SHIP-INS") -> Json:
    return {"ItemCode": code, "QuantityOrdered": "1", "UnitPrice": amount}


def order(*lines: Json, **header: Any) -> Json:
    """An order of the sample customer; one line of two lamps without `lines`."""
    return {
        "OrderDate": "2026-02-03",
        "ARDivisionNo": "01",
        "CustomerNo": "WEB0001",
        "WarehouseCode": "001",
        "ConfirmTo": "Ada Brook",
        "TermsCode": "01",
        "TaxSchedule": "DEFAULT",
        "SalesTaxAmt": "0.00",
        **header,
        "Lines": list(lines) or [line()],
    }


class Desk:
    """Paths are below the prefix."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        json = {} if body is None else {"json": body}
        return await self.http.request(method, f"{BASE}/{path}", **json, **more)

    async def get(self, path: str, **query: str) -> Json:
        answer = await self.call("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def rows(self, path: str, **query: str) -> list[Json]:
        return (await self.get(path, **query))["data"]

    async def refused(self, method: str, path: str, body: Any = None, **more: Any) -> Json:
        """The error of a refused call, with its status."""
        answer = await self.call(method, path, body, **more)
        assert answer.status_code >= 400, answer.text
        return {"status": answer.status_code, **answer.json()["error"]}

    async def post(self, path: str, body: Json, **more: Any) -> Json:
        answer = await self.call("POST", path, body, **more)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def patch(self, path: str, body: Json) -> Json:
        answer = await self.call("PATCH", path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def order(self, *lines: Json, **header: Any) -> Json:
        return await self.post("SO/SalesOrder", order(*lines, **header))

    async def customer(self, **more: str) -> Json:
        return await self.post("AR/Customer", {**ADA, **more})

    async def act(self, name: str, **given: Any) -> Json:
        return (await self.http.post(f"/_sandbox/actions/{name}", json=given)).json()

    async def fault(self, **fault: Any) -> None:
        (await self.http.post("/_sandbox/faults", json=fault)).raise_for_status()

    async def state(self, name: str, **equals: str) -> list[Json]:
        return (await self.http.get(f"/_sandbox/state/{name}", params=equals)).json()["items"]

    async def stock(self, item: str = LAMP, warehouse: str = "001") -> tuple[int, int, int]:
        """On hand, on sales order, in shipping."""
        row = (await self.rows("IM/ItemWarehouse", ItemCode=item, WarehouseCode=warehouse))[0]
        names = ("QuantityOnHand", "QuantityOnSalesOrder", "QuantityInShipping")
        return tuple(int(float(row[name])) for name in names)


Open = Callable[..., Awaitable[Desk]]


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a sandbox with 120 lamps and the customer 01-WEB0001, filled once for all tests."""
    folder = tmp_path_factory.mktemp("company")
    app = create(folder, 7, QUICK)

    async def fill() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), **SIGNED_IN) as http:
            lamp = {"ItemCodeDesc": "Desk lamp", "StandardUnitPrice": "21", "QuantityOnHand": "120"}
            (await http.post("/_sandbox/actions/add-item", json={"ItemCode": LAMP, **lamp})).raise_for_status()
            (await http.post(f"{BASE}/AR/Customer", json=ADA)).raise_for_status()

    asyncio.run(fill())
    app.sandbox.storage.close()
    return folder


@pytest.fixture
async def open_desk(company: Path, tmp_path: Path) -> AsyncIterator[Open]:
    """Starts sandboxes with options and sits down at them; two with the same `name` share their database."""
    async with AsyncExitStack() as stack:
        opened = itertools.count()

        async def start(name: str | None = None, **options: Any) -> Desk:
            data = tmp_path / (name or f"company-{next(opened)}")
            if not data.exists():
                shutil.copytree(company, data)
            app = create(data, 7, {**QUICK, **options})
            stack.callback(app.sandbox.storage.close)
            http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), **SIGNED_IN)
            return Desk(await stack.enter_async_context(http))

        yield start


@pytest.fixture
async def desk(open_desk: Open) -> Desk:
    return await open_desk()


@pytest.fixture
def make() -> Any:
    """`order`, `line` and `charge`, and the customer `ada`, for tests that build documents by hand."""

    class Make:
        order = staticmethod(order)
        line = staticmethod(line)
        charge = staticmethod(charge)
        ada = ADA
        base = BASE

    return Make
