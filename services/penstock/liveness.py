"""A service that lives and does nothing ends itself, and says what stood still; its supervisor starts it again.

Two ways to stand still are seen from inside: work that is possible and not done, and an event loop that turns no more.
At-least-once and the effect protocol make the end as harmless as any crash.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, Mapping

import structlog

log = structlog.get_logger()

EXIT_STUCK = 70
LOOK_SECONDS = 10.0
BLOCKED_LOOKS = 60
Stuck = Callable[[], Awaitable[bool]]


async def end_when_stuck(parts: Mapping[str, Stuck], stop: asyncio.Event) -> None:
    """Asks every part now and then until `stop`; ends the process with 70 when one is stuck."""
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
            return  # who is ending has closed what would be asked
        if found := [name for name, stuck in parts.items() if await stuck()]:
            log.critical("stuck", parts=found, next="this process ends, what it had not done is done by the next one")
            os._exit(EXIT_STUCK)


class LoopGuard(threading.Thread):
    """Ends the process with 70 when its event loop has not turned for a minute, and says where it stands.

    Counted in looks, not by a clock: a process that was frozen and thaws is not blocked.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, end: Callable[[int], object] = os._exit, look_every: float = 1.0
    ) -> None:
        super().__init__(name="loop-guard", daemon=True)
        self._loop = loop
        self._end = end
        self._look_every = look_every
        self._thread = threading.get_ident()
        self._turned = True
        self._over = threading.Event()

    def start(self) -> None:
        """Call it in the loop's own thread."""
        self._turn()
        super().start()

    def stop(self) -> None:
        self._over.set()

    def _turn(self) -> None:
        self._turned = True
        self._loop.call_later(self._look_every / 2, self._turn)

    def run(self) -> None:
        missed = 0
        while not self._over.wait(self._look_every):
            missed = 0 if self._turned else missed + 1
            self._turned = False
            if missed >= BLOCKED_LOOKS:
                frame = sys._current_frames().get(self._thread)  # noqa: SLF001 - the one way to see another thread
                stands = traceback.format_stack(frame)[-3:] if frame is not None else []
                log.critical("loop_blocked", looks=missed, at="".join(stands))
                self._end(EXIT_STUCK)
                return
