"""The sandbox's own clock: UTC, and the naive local time that these systems write into their rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def utc_now() -> datetime:
    return datetime.now(UTC)


class SandboxClock:
    """`zone` is an IANA name; `shift_seconds` moves the clock and is set by the fault kind `clock_shift`."""

    def __init__(self, zone: str, shift_seconds: float = 0.0, source: Callable[[], datetime] = utc_now) -> None:
        self.zone = ZoneInfo(zone)
        self.shift_seconds = shift_seconds
        self._source = source

    def utc(self) -> datetime:
        """Aware UTC time, shifted."""
        now = self._source()
        return now + timedelta(seconds=self.shift_seconds) if self.shift_seconds else now

    def local(self) -> datetime:
        """Naive local time of the zone, to the second: what a shop stores. It goes back an hour each autumn."""
        return self.utc().astimezone(self.zone).replace(tzinfo=None, microsecond=0)

    def stamp(self) -> str:
        """Naive local time as `2025-03-04 10:05:02`."""
        return f"{self.local():%Y-%m-%d %H:%M:%S}"

    def utc_stamp(self) -> str:
        """UTC as `2025-03-04T09:05:02Z`."""
        return f"{self.utc():%Y-%m-%dT%H:%M:%SZ}"
