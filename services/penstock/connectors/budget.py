"""The rate budget of one target instance, as one process's share of it; live calls before backfill."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

LIVE_IN_A_ROW = 9
"""After so many live calls one of the backfill has its turn, if any waits: it is slow, and never starved."""

_backfilling: ContextVar[bool] = ContextVar("backfilling", default=False)


@contextmanager
def backfill(active: bool = True) -> Iterator[None]:
    """Calls made inside (and by tasks started inside) give way to those that a buyer waits for.

    >>> with backfill():
    ...     pass  # await api.request("GET", "customers")
    """
    token = _backfilling.set(active)
    try:
        yield
    finally:
        _backfilling.reset(token)


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """`per_minute` None means unlimited; `concurrency` counts calls under way; `burst` is the bucket's depth."""

    per_minute: float | None = None
    concurrency: int = 4
    burst: int = 10


class Budget:
    """A token bucket and a bound on concurrent calls. `pause_for` obeys a Retry-After for every caller at once.

    Counts calls: `asked` (had their turn), `answered` (below 500), `throttled` (429).
    """

    def __init__(self, settings: BudgetSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._free = settings.concurrency
        self._tokens = float(settings.burst)
        self._refilled = clock()
        self._blocked_until = 0.0
        self._queues: dict[bool, deque[asyncio.Future[None]]] = {False: deque(), True: deque()}
        self._live_in_a_row = 0
        self._timer: asyncio.TimerHandle | None = None
        self.asked = 0
        self.answered = 0
        self.throttled = 0

    def pause_for(self, seconds: float) -> None:
        """Nobody calls before `seconds` from now have passed."""
        self.throttled += 1
        self._blocked_until = max(self._blocked_until, self._clock() + seconds)

    @property
    def blocked(self) -> bool:
        """Has the target asked to be left alone until later?"""
        return self._clock() < self._blocked_until

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Waits for a turn; hold it for the length of one call."""
        turn = asyncio.get_running_loop().create_future()
        self._queues[_backfilling.get()].append(turn)
        self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()  # the turn was given at the moment when nobody wanted it any more
            raise
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        self._free += 1
        self._serve()

    def _serve(self) -> None:
        """Gives turns as long as somebody waits and there are slots and tokens; else looks again when there may be."""
        while self._free > 0 and (queue := self._next()) is not None:
            if (delay := self._delay()) > 0:
                if self._timer is None:
                    self._timer = asyncio.get_running_loop().call_later(delay, self._again)
                return
            self._live_in_a_row = 0 if queue is self._queues[True] else self._live_in_a_row + 1
            self._free -= 1
            self.asked += 1
            queue.popleft().set_result(None)

    def _again(self) -> None:
        self._timer = None
        self._serve()

    def _next(self) -> deque[asyncio.Future[None]] | None:
        """The queue whose turn it is."""
        for queue in self._queues.values():
            while queue and queue[0].done():
                queue.popleft()  # cancelled while it stood in line
        live, rest = self._queues[False], self._queues[True]
        if rest and (not live or self._live_in_a_row >= LIVE_IN_A_ROW):
            return rest
        return live or None

    def _delay(self) -> float:
        """Seconds until there may be a token; 0 takes one."""
        now = self._clock()
        if now < self._blocked_until:
            return self._blocked_until - now
        rate = self._settings.per_minute
        if rate is None:
            return 0.0
        self._tokens = min(float(self._settings.burst), self._tokens + (now - self._refilled) * rate / 60)
        self._refilled = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) * 60 / rate
