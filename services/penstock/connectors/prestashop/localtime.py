"""The shop's clock: naive local time, `Y-m-d H:i:s`, in the zone of the shop (systems/prestashop.md 4, 7)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FORMAT = "%Y-%m-%d %H:%M:%S"
BEGINNING = "1970-01-01 00:00:00"


def read(text: str) -> datetime | None:
    """None for unset dates (`0000-00-00 00:00:00`) and for what is no date."""
    try:
        return datetime.strptime(text.strip(), FORMAT)  # noqa: DTZ007 - the shop names no zone
    except ValueError:
        return None


def first(start: date | datetime | None, zone: ZoneInfo) -> str:
    """The shop time at which reading starts; a date is its first second, a moment with zone is shown in the shop's."""
    if start is None:
        return BEGINNING
    if not isinstance(start, datetime):
        return datetime.combine(start, time()).strftime(FORMAT)
    return (start.astimezone(zone) if start.tzinfo else start).strftime(FORMAT)


def from_epoch(seconds: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime(FORMAT)


def earlier(text: str, seconds: float) -> str:
    at = read(text)
    return text if at is None else max((at - timedelta(seconds=seconds)).strftime(FORMAT), BEGINNING)


def repeated(text: str, zone: ZoneInfo) -> float:
    """Seconds by which the clock goes back in the hour of `text`: that hour comes twice. 0 in any other hour."""
    at = read(text)
    if at is None:
        return 0.0
    before, after = (at.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return max((before - after).total_seconds(), 0.0)
