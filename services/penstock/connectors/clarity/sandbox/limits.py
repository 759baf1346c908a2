"""Rate limit: a token bucket per client (systems/clarity.md 3.7)."""

import math
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

from penstock.connectors.clarity.sandbox.answers import ApiError
from penstock.connectors.clarity.sandbox.options import Options
from penstock.sandbox.clock import SandboxClock


class Limits:
    """Counts calls by client. `monotonic` in seconds."""

    def __init__(self, options: Options, clock: SandboxClock, monotonic: Callable[[], float]) -> None:
        self._options = options
        self._clock = clock
        self._monotonic = monotonic
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, client: str) -> dict[str, str]:
        """Count one call; the RateLimit-* headers of its answer. ApiError 429 when the bucket is empty."""
        rate = self._options.rate_limit
        if rate is None:
            return {}
        burst = self._options.rate_burst
        per_second = rate * self._options.time_scale / 60
        now = self._monotonic()
        tokens, filled = self._buckets.get(client, (float(burst), now))
        tokens = min(float(burst), tokens + (now - filled) * per_second)
        allowed = tokens >= 1
        tokens -= allowed
        self._buckets[client] = (tokens, now)
        headers = {
            "RateLimit-Limit": str(round(rate * self._options.time_scale)),
            "RateLimit-Remaining": str(int(tokens)),
            "RateLimit-Reset": str(math.ceil((burst - tokens) / per_second)),
        }
        if not allowed:
            wait = max(1, math.ceil((1 - tokens) / per_second))
            raise self.refused(wait, headers)
        return headers

    def refused(self, wait: int, headers: dict[str, str] | None = None) -> ApiError:
        """429 with Retry-After in the form of the option `retry_after`; `wait` in seconds."""
        sent = dict(headers or {})
        match self._options.retry_after:
            case "seconds":
                sent["Retry-After"] = str(wait)
            case "date":
                # HTTP dates have whole seconds: one more, or the client is back too early
                until = self._clock.utc() + timedelta(seconds=wait + 1)
                sent["Retry-After"] = format_datetime(until.replace(microsecond=0), usegmt=True)
        return ApiError(429, "rate_limited", "too many requests; wait as Retry-After says", headers=sent)
