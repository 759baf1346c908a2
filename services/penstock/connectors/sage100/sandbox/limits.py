"""How much the facade lets in: requests a minute, seats, exclusive mode (systems/sage100.md 5.6)."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from penstock.connectors.sage100.sandbox.errors import RefusedError
from penstock.connectors.sage100.sandbox.options import Options

_SEAT_WAIT = 2.0


class Limits:
    """Counts calls. `monotonic` in seconds; `local` is the company's time."""

    def __init__(
        self, options: Options, local: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._options = options
        self._local = local
        self._monotonic = monotonic
        self._calls: deque[float] = deque()
        self._minute = 60 / options.time_scale  # as many calls in less time: the rate is what is scaled
        self._seats = 0
        self._others: list[float] = []
        self._exclusive_until = -math.inf

    def count(self) -> None:
        """Count a call; refuse it when the minute is full."""
        now = self._monotonic()
        while self._calls and self._calls[0] <= now - self._minute:
            self._calls.popleft()
        if len(self._calls) >= self._options.rate_limit:
            wait = self._calls[0] + self._minute - now
            raise _busy("RATE_LIMITED", f"More than {self._options.rate_limit} requests in a minute.", wait)
        self._calls.append(now)

    @contextmanager
    def seat(self) -> Iterator[None]:
        """A license seat for the length of a call; refuse it when all are taken."""
        now = self._monotonic()
        self._others = [until for until in self._others if until > now]
        if self._seats + len(self._others) >= self._options.concurrency:
            raise _busy("NO_LICENSE_SEAT", "All license seats are taken.", _SEAT_WAIT / self._options.time_scale)
        self._seats += 1
        try:
            yield
        finally:
            self._seats -= 1

    def take_seats(self, count: int, seconds: float) -> None:
        """Other users of the company sit down."""
        self._others += [self._monotonic() + seconds] * count

    def start_exclusive(self, seconds: float) -> None:
        """Period end or backup; 0 ends it."""
        self._exclusive_until = self._monotonic() + seconds

    def exclusive_left(self) -> float:
        """Seconds of exclusive mode that are left, 0 outside of it."""
        return max(0.0, self._exclusive_until - self._monotonic(), self._window_left())

    def check_exclusive(self) -> None:
        left = self.exclusive_left()
        if left > 0:
            raise _busy("EXCLUSIVE_MODE", "The company is in exclusive mode.", left / self._options.time_scale)

    def _window_left(self) -> float:
        hours = self._options.exclusive_hours()
        if hours is None:
            return 0.0
        now = self._local()
        for days in (-1, 0):
            begin = datetime.combine(now.date() + timedelta(days=days), hours[0])
            end = datetime.combine(begin.date() + timedelta(days=hours[1] <= hours[0]), hours[1])
            if begin <= now < end:
                return (end - now).total_seconds()
        return 0.0


def _busy(code: str, message: str, wait: float) -> RefusedError:
    return RefusedError(code, message, headers={"retry-after": str(max(1, math.ceil(wait)))})
