"""Is the target there? Outages close a gate for all lanes and let one probe through at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

FAILURES_TO_OUTAGE = 5
SECONDS_TO_OUTAGE = 2.0
PROBE_BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0)
ALERT_AFTER = (0.0, 60.0, 300.0, 900.0, 3600.0, 4 * 3600.0)

Alert = Callable[[str, int, str, float], Awaitable[None]]
"""kind, priority (grows with the length), reason, seconds so far"""


class Health:
    """Counts failures of calls that say nothing about a document. `turn` is awaited before every attempt."""

    def __init__(self, target: str, alert: Alert, clock: Callable[[], float] = time.monotonic) -> None:
        self._target = target
        self._alert = alert
        self._clock = clock
        self._failures = 0
        self._failing_since: float | None = None
        self._outage_since: float | None = None
        self._left_open: tuple[float, int] | None = None
        self._not_before = 0.0
        self._alerts_sent = 0
        self._probes = 0
        self._over = asyncio.Event()
        self._over.set()
        self._probe_lock = asyncio.Lock()
        self.reason = ""
        """What the target, or the connection, said last when it failed."""

    @property
    def outage_seconds(self) -> float | None:
        return None if self._outage_since is None else self._clock() - self._outage_since

    def recall(self, seconds: float, alerts: int) -> None:
        """An earlier life told `alerts` times of an outage that began `seconds` ago, and did not see its end.

        The first success ends it. Nobody is held up meanwhile; a target that is still out goes on where it was.
        """
        if self._outage_since is None:
            self._left_open = self._clock() - seconds, alerts

    async def turn(self) -> None:
        """Returns at once while all is well; in an outage lets one caller through per back-off interval."""
        while self._outage_since is not None:
            if self._probe_lock.locked():
                await self._over.wait()
                continue
            async with self._probe_lock:
                backoff = PROBE_BACKOFF[min(self._probes, len(PROBE_BACKOFF) - 1)]
                delay = max(backoff, self._not_before - self._clock())
                self._probes += 1
                try:
                    await asyncio.wait_for(self._over.wait(), delay)
                except TimeoutError:
                    return

    async def failed(self, reason: str) -> None:
        """A call failed that says nothing about its document; several in a row are an outage."""
        now = self._clock()
        self.reason = reason
        self._failures += 1
        if self._failing_since is None:
            self._failing_since = now
        if self._outage_since is None:
            if self._failures < FAILURES_TO_OUTAGE or now - self._failing_since < SECONDS_TO_OUTAGE:
                return
            self._begin(self._failing_since)
        await self.watch()

    async def closed(self, reason: str, seconds: float) -> None:
        """The target says that it takes no calls for `seconds` (0: it does not say): an outage at once."""
        now = self._clock()
        self.reason = reason
        self._not_before = max(self._not_before, now + seconds)
        if self._outage_since is None:
            self._begin(now)
        await self.watch()

    def _begin(self, since: float) -> None:
        self._outage_since, self._alerts_sent = self._left_open or (since, 0)
        self._left_open = None
        self._probes = 0
        self._over.clear()

    async def watch(self) -> None:
        """Alerts as an outage grows; to be called now and then, since nobody may ask the target for an hour."""
        length = self.outage_seconds
        due = 0 if length is None else sum(length >= after for after in ALERT_AFTER)
        if length is None or due <= self._alerts_sent:
            return
        self._alerts_sent = due
        log.warning("target_outage", target=self._target, seconds=round(length), reason=self.reason)
        await self._alert("outage", self._alerts_sent, self.reason, length)

    async def succeeded(self) -> None:
        self._failures = 0
        self._failing_since = None
        since = self._outage_since if self._left_open is None else self._left_open[0]
        if since is None:
            return
        length = self._clock() - since
        self._outage_since = self._left_open = None
        self._not_before = 0.0
        self._over.set()
        log.info("target_outage_over", target=self._target, seconds=round(length))
        await self._alert("outage-over", 1, "the target answers again", length)
