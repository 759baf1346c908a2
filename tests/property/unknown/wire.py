"""The wire of one simulated process to a sandbox in this process. The sandbox goes on when the process freezes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

import httpx

from tests.contract.conformance.wire import line
from tests.sim.life import Life, current, outside

ON_ITS_WAY = 0.01
"""Seconds that a request, and an answer, is under way."""


class LossyWire(httpx.AsyncBaseTransport):
    """Loses the answer to a write, after the sandbox has done it, as often as `losses` says for the write's pattern.

    The request leaves a moment after the connector has looked at its send window: who is frozen in this moment is
    frozen inside the socket write, and `inside` remembers it.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], pattern: str) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self._pattern = re.compile(pattern, re.DOTALL)
        self.losses = 0
        self.readable = True
        """False: nothing can be searched in the target."""
        self.writes = 0
        self.inside: set[Life] = set()
        self.freeze_inside: Life | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        life = current()
        writes = bool(self._pattern.search(line(request)))
        if writes:
            await self._leave(life)
            self.writes += 1
        answer = await asyncio.shield(outside(self._inner.handle_async_request(request)))
        await asyncio.sleep(ON_ITS_WAY)
        if writes and self.losses > 0:
            self.losses -= 1
            raise httpx.ReadError("connection reset", request=request)
        return answer

    async def _leave(self, life: Life | None) -> None:
        """The moment between the last look at the window and the first byte on the wire."""
        if life is None:
            return
        if self.freeze_inside is life:
            self.freeze_inside = None
            life.freeze()
        before = life.freezes - life.frozen
        await asyncio.sleep(ON_ITS_WAY)
        if life.freezes != before:
            self.inside.add(life)

    async def aclose(self) -> None:
        await self._inner.aclose()
