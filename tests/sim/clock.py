"""An event loop whose clock jumps to the next timer when nothing else is left to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
REAL_SECONDS = 20.0


class _Jump(selectors.DefaultSelector):
    """Never waits: what would be waited for is told to `jump`."""

    jump: Callable[[float], None]

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            found = super().select(REAL_SECONDS)
            if not found:
                raise RuntimeError("everybody waits for somebody else: a deadlock of the simulation")
            return found
        found = super().select(0)
        if not found and timeout > 0:
            self.jump(timeout)
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` is virtual. Code under test takes it as its clock."""

    def __init__(self) -> None:
        self._now = 1000.0
        selector = _Jump()
        selector.jump = self._advance
        super().__init__(selector)

    def time(self) -> float:
        return self._now

    def _advance(self, seconds: float) -> None:
        self._now += seconds

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.run_until_complete(work)


async def until(condition: Callable[[], bool], seconds: float, step: float = 1.0) -> bool:
    """Does the condition come true within so many virtual seconds?"""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition():
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(step)
    return True


async def settled(*work: Awaitable[Any]) -> None:
    """Waits for all, whatever becomes of them."""
    await asyncio.gather(*work, return_exceptions=True)
