"""Quota and rate smoothing of the gateway; how the real one says 429 is not documented (systems/infor.md 1.4)."""

import math
from collections.abc import Callable

from penstock.connectors.infor.sandbox.options import Options


class Limits:
    """Counts calls in windows. `monotonic` in seconds."""

    def __init__(self, options: Options, monotonic: Callable[[], float]) -> None:
        self._options = options
        self._monotonic = monotonic
        self._minute = _Window(60 / options.time_scale)
        self._second = _Window(1.0)

    def refused(self) -> dict[str, str] | None:
        """Headers of a 429, or None when the call may pass; counts the call."""
        quota = self._options.rate_limit_per_minute
        if quota is None:
            return None
        now = self._monotonic()
        if self._minute.count(now) <= quota:
            return None
        if not self._options.rate_limit_retry_after:
            return {}
        return {"retry-after": str(math.ceil(self._minute.left(now)))}

    def delay(self) -> float:
        """Seconds by which rate smoothing holds this call back; counts the call."""
        allowed = self._options.smoothing_after
        if allowed is None or self._second.count(self._monotonic()) <= allowed:
            return 0.0
        return self._options.smoothing_seconds


class _Window:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._start = -math.inf
        self._calls = 0

    def count(self, now: float) -> int:
        if now >= self._start + self._seconds:
            self._start, self._calls = now, 0
        self._calls += 1
        return self._calls

    def left(self, now: float) -> float:
        return self._start + self._seconds - now
