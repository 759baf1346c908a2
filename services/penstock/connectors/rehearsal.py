"""A transport that lets reads pass and keeps writes back. What is a write, the connector's own client says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import httpx
from httpx_aiohttp import AiohttpTransport

KEY_HEADERS = frozenset({"content-type", "if-match", "idempotency-key", "x-infor-mongooseconfig"})
"""What of a request's headers belongs to the change. No other is kept: some prove who we are."""


class KeptBackError(Exception):
    """A write was kept back. Only its answer could tell how the caller goes on."""


@dataclass(frozen=True, slots=True)
class Write:
    """One request that changes something in the target. `headers`: those that belong to the change, in lower case."""

    method: str
    path: str
    query: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: httpx.Request) -> Write:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name in KEY_HEADERS or name.endswith("idempotency-key")
        }
        body = request.content.decode("utf-8", "replace")
        return cls(request.method, request.url.path, request.url.query.decode("ascii"), body, headers)

    def shown(self) -> dict[str, Any]:
        """For people and machines: the query readable, a JSON body as such."""
        try:
            body = json.loads(self.body) if self.body else None
        except json.JSONDecodeError:
            body = self.body
        path = f"{self.path}?{unquote_plus(self.query)}" if self.query else self.path
        return {"method": self.method, "path": path, "headers": dict(self.headers), "body": body}


class KeepingTransport(httpx.AsyncBaseTransport):
    """Keeps back every request of which the client did not say that it only reads.

    A write raises KeptBackError, except one whose answer nobody looks at: that one is answered `200 {}`.
    """

    def __init__(
        self,
        keep: Callable[[Write], None],
        inner: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._keep = keep
        self._inner = inner or AiohttpTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.extensions.get("write", True):
            return await self._inner.handle_async_request(request)
        self._keep(Write.of(request))
        if request.extensions.get("blind", False):
            return httpx.Response(200, json={})
        raise KeptBackError(f"{request.method} {request.url.path}")

    async def aclose(self) -> None:
        await self._inner.aclose()
