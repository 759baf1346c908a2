"""A Clarity sandbox in process, and a small client for it."""

import asyncio
import json
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from penstock.connectors.clarity.sandbox import create
from penstock.connectors.clarity.sandbox.options import Options
from penstock.sandbox.engine import SandboxApp

SKU, FOOD = "POT-BRS", "BSC-CHE"
FORM = {
    "grant_type": "client_credentials",
    "client_id": Options().client_id,
    "client_secret": Options().client_secret,
}
MERGE = "application/merge-patch+json"
Json = dict[str, Any]


def new_key() -> str:
    return str(uuid.uuid4())


@dataclass
class ShopClient:
    """Calls of the API under /api/v1 with a token, and of the admin API."""

    app: SandboxApp
    http: httpx.AsyncClient

    async def log_in(self, **more: str) -> httpx.Response:
        answer = await self.http.post("/oauth/token", data={**FORM, **more})
        if answer.status_code == 200:
            self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.get(f"/api/v1/{path}", **options)

    async def post(self, path: str, body: Any, key: str | None = None, **headers: str) -> httpx.Response:
        sent = {"Idempotency-Key": key or new_key(), **headers}
        return await self.http.post(f"/api/v1/{path}", json=body, headers=sent)

    async def patch(self, path: str, body: Any, match: str | None = "*", **headers: str) -> httpx.Response:
        sent = {"Content-Type": MERGE, **headers}
        if match is not None:
            sent["If-Match"] = match
        return await self.http.patch(f"/api/v1/{path}", content=json.dumps(body), headers=sent)

    async def put(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return await self.http.put(f"/api/v1/{path}", json=body, headers=headers)

    async def order(self, number: int) -> Json:
        answer = await self.get(f"sales-orders/{number}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def to_status(self, number: int, *statuses: str) -> None:
        for status in statuses:
            answer = await self.post(f"sales-orders/{number}/status", {"status": status})
            assert answer.status_code == 200, answer.text

    async def act(self, name: str, /, **given: Any) -> Json:
        answer = await self.http.post(f"/_sandbox/actions/{name}", json=given)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def refused(self, name: str, /, **given: Any) -> str:
        """The reason why an action is not done."""
        answer = await self.http.post(f"/_sandbox/actions/{name}", json=given)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"])

    async def state(self, collection: str, **where: Any) -> list[Json]:
        answer = await self.http.get(f"/_sandbox/state/{collection}", params=where)
        return list(answer.json()["items"])

    async def fault(self, **fault: Any) -> None:
        answer = await self.http.post("/_sandbox/faults", json=fault)
        assert answer.status_code == 200, answer.text

    async def settle(self) -> None:
        """Wait for what is being sent now; retries to come are not waited for."""
        await asyncio.wait_for(self.app.sandbox.settle(), 10)


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def fields(answer: httpx.Response) -> list[tuple[str, str]]:
    """(field, code) of each detail of a refusal."""
    return [(one["field"], one["code"]) for one in answer.json()["error"]["details"]]


Open = Callable[..., Any]


@pytest.fixture
async def open_shop() -> AsyncIterator[Open]:
    """A factory of shops, logged in: `await open_shop(event_form="full")`. No rate limit unless asked for."""
    opened: list[ShopClient] = []

    async def make(**options: Any) -> ShopClient:
        app = create(None, 7, {"rate_limit": None, **options})
        transport = httpx.ASGITransport(app=app)
        shop = ShopClient(app, httpx.AsyncClient(transport=transport, base_url="http://shop.example"))
        opened.append(shop)
        if options.get("auth") != "key":
            assert (await shop.log_in()).status_code == 200
        return shop

    yield make
    for shop in opened:
        await shop.http.aclose()
        await shop.app.sandbox.close()


@pytest.fixture
async def shop(open_shop: Open) -> ShopClient:
    """A shop with the options as they come, but without a rate limit."""
    made: ShopClient = await open_shop()
    return made


@pytest.fixture(scope="session")
def shared_app() -> SandboxApp:
    return create(None, 7, {"rate_limit": None})


@pytest.fixture
async def shared(shared_app: SandboxApp) -> AsyncIterator[ShopClient]:
    """A shop for tests that change nothing: filling one takes longer than most calls."""
    transport = httpx.ASGITransport(app=shared_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
        shop = ShopClient(shared_app, client)
        await shop.log_in()
        yield shop


class Receiver:
    """What our ingress would get: bodies and headers. `statuses` are answered first, then `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, dict[str, str]]] = []
        self.status = 202
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((body, dict(self.headers.items())))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else receiver.status)
                self.send_header("Location", receiver.url)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/clarity"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def bodies(self) -> list[Json]:
        return [json.loads(body) for body, _ in self.got]

    def told(self) -> list[tuple[str, int]]:
        return [(body["type"], body["data"]["id"]) for body in self.bodies]

    def types(self) -> list[str]:
        return sorted(body["type"] for body in self.bodies)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread or a timer brings about."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - threads and timers set no event
            await asyncio.sleep(0.01)
