"""A PrestaShop sandbox in process, and a small client for it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from penstock.connectors.prestashop.sandbox import create
from penstock.connectors.prestashop.sandbox.options import DEFAULT_KEY
from penstock.sandbox.engine import SandboxApp

BY_FORMAT = {"JSON": {"output_format": "JSON"}, "XML": {}}


@dataclass
class ShopClient:
    """Calls of the webservice (JSON unless `fmt` says XML) and of the admin API."""

    app: SandboxApp
    http: httpx.AsyncClient

    async def call(
        self, method: str, path: str, *, fmt: str = "JSON", body: str = "", **options: Any
    ) -> httpx.Response:
        """`path` may hold a query; `body` is put inside <prestashop>."""
        format_params = "output_format=JSON" if fmt == "JSON" else ""
        joiner = "&" if "?" in path else "?"
        url = f"/api/{path}{joiner}{format_params}" if format_params else f"/api/{path}"
        content = f"<prestashop>{body}</prestashop>" if body else options.pop("content", None)
        return await self.http.request(method, url, content=content, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("GET", path, **options)

    async def post(self, path: str, body: str, **options: Any) -> httpx.Response:
        return await self.call("POST", path, body=body, **options)

    async def put(self, path: str, body: str, **options: Any) -> httpx.Response:
        return await self.call("PUT", path, body=body, **options)

    async def patch(self, path: str, body: str, **options: Any) -> httpx.Response:
        return await self.call("PATCH", path, body=body, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("DELETE", path, **options)

    async def one(self, resource: str, number: int) -> dict[str, Any]:
        """One object with every field, falsy ones too: the way to read that §4 recommends."""
        answer = await self.get(f"{resource}?filter[id]=[{number}]&display=full")
        assert answer.status_code == 200, answer.text
        [found] = answer.json()["order_slips" if resource == "order_slip" else resource]
        return dict(found)

    async def rows(self, resource: str, where: str) -> list[dict[str, Any]]:
        answer = await self.get(f"{resource}?{where}&display=full&sort=[id_ASC]")
        assert answer.status_code == 200, answer.text
        found = answer.json()
        return list(found[resource]) if found else []

    async def act(self, name: str, **given: Any) -> dict[str, Any]:
        answer = await self.http.post(f"/_sandbox/actions/{name}", json=given)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def state(self, collection: str, **where: Any) -> list[dict[str, Any]]:
        answer = await self.http.get(f"/_sandbox/state/{collection}", params=where)
        return list(answer.json()["items"])

    async def fault(self, **fault: Any) -> None:
        answer = await self.http.post("/_sandbox/faults", json=fault)
        assert answer.status_code == 200, answer.text


def codes(answer: httpx.Response) -> list[int]:
    return [error["code"] for error in answer.json()["errors"]]


def order_history(id_order: int, id_state: int | str) -> str:
    return f"<order_history><id_order>{id_order}</id_order><id_order_state>{id_state}</id_order_state></order_history>"


@pytest.fixture
async def open_shop() -> AsyncIterator[Callable[..., ShopClient]]:
    """A factory of shops: `open_shop(version="1.7", display_errors="locked")`."""
    opened: list[ShopClient] = []

    def make(**options: Any) -> ShopClient:
        app = create(None, 7, options)
        transport = httpx.ASGITransport(app=app)
        key = next(iter(options.get("keys", {DEFAULT_KEY: "*"})))
        client = httpx.AsyncClient(transport=transport, base_url="http://shop.example", auth=(key, ""))
        opened.append(ShopClient(app, client))
        return opened[-1]

    yield make
    for shop in opened:
        await shop.http.aclose()
        await shop.app.sandbox.close()


@pytest.fixture
def shop(open_shop: Callable[..., ShopClient]) -> ShopClient:
    """A shop of version 9 with the options as they come."""
    return open_shop()
