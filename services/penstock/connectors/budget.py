"""The rate budget of one target instance, as one process's share of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """`per_minute` None means unlimited; `concurrency` counts calls under way; `burst` is the bucket's depth."""

    per_minute: float | None = None
    concurrency: int = 4
    burst: int = 10


class Budget:
    """A token bucket and a bound on concurrent calls. `pause_for` obeys a Retry-After for every caller at once.

    Counts what was `throttled`, and what was `answered` (below 500).
    """

    def __init__(self, settings: BudgetSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._tokens = float(settings.burst)
        self._refilled = clock()
        self._blocked_until = 0.0
        self.throttled = 0
        self.answered = 0

    def pause_for(self, seconds: float) -> None:
        """Nobody calls before `seconds` from now have passed."""
        self.throttled += 1
        self._blocked_until = max(self._blocked_until, self._clock() + seconds)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Waits for a turn; hold it for the length of one call."""
        async with self._slots:
            while (delay := self._delay()) > 0:  # noqa: ASYNC110 - time itself is what is awaited
                await asyncio.sleep(delay)
            yield

    def _delay(self) -> float:
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
