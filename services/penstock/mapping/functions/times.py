"""Dates and times. A timestamp always has a zone and is kept in UTC; a date has none."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from penstock.mapping.errors import BadValue, nearest, shown
from penstock.mapping.functions.registry import function
from penstock.mapping.functions.values import kind_name, to_integer

_NO_DATE = ("", "0000-00-00", "0000-00-00 00:00:00")
_PLAIN_LENGTH = len("2025-03-04 10:12:31")
_NO_OFFSET = timedelta()
_TOKEN = re.compile(r"yyyy|yy|MM|dd|HH|mm|ss|fff|'([^']*)'|([^A-Za-z'])")
_WRITERS: dict[str, Callable[[datetime], str]] = {
    "yyyy": lambda at: f"{at.year:04d}",
    "yy": lambda at: f"{at.year % 100:02d}",
    "MM": lambda at: f"{at.month:02d}",
    "dd": lambda at: f"{at.day:02d}",
    "HH": lambda at: f"{at.hour:02d}",
    "mm": lambda at: f"{at.minute:02d}",
    "ss": lambda at: f"{at.second:02d}",
    "fff": lambda at: f"{at.microsecond // 1000:03d}",
}


def timestamp(value: Any) -> datetime | None:
    """A moment from ISO 8601 text that names its offset (`2025-03-04T10:12:31+01:00`, `…Z`). Unset dates
    (`0000-00-00 00:00:00`, empty text) are null; a time without offset is an error: `local_time`.
    """
    at = _read(value)
    if at is None:
        return None
    if at.tzinfo is None:
        raise BadValue(f"{shown(value)} does not say its zone", "local_time(x, zone=…) or utc(x)", value=value)
    return _in_utc(at, value)


def local_time(value: Any, zone: Any) -> datetime | None:
    """A moment from local time without offset (`2025-03-04 10:12:31`, `20260203 09:10:11.123`) in a named zone. Unset
    dates are null. The hour that comes twice in autumn is read as its first.
    """
    if type(value) is str and len(value) == _PLAIN_LENGTH:
        try:
            # Read as UTC, then moved by the zone's offset at that wall time: a quarter of the cost of `replace`.
            as_utc = datetime.fromisoformat(value + "+00:00")
            return as_utc - (_zone(zone).utcoffset(as_utc) or _NO_OFFSET)
        except (ValueError, OverflowError):
            pass  # an unset date, or something else for the careful way below
    at = _read(value)
    if at is None:
        return None
    return _in_utc(at if at.tzinfo else at.replace(tzinfo=_zone(zone)), value)


def utc(value: Any) -> datetime | None:
    """A moment from text without offset that is known to be UTC. Unset dates are null."""
    at = _read(value)
    if at is None:
        return None
    return _in_utc(at, value) if at.tzinfo else at.replace(tzinfo=UTC)


def date_only(value: Any, zone: Any = None) -> date | None:
    """The day: of a text as written, of a timestamp as seen in the zone (default UTC). Unset dates are null."""
    if type(value) is date:
        return value
    at = _read(value)
    if at is None:
        return None
    if at.tzinfo is not None or zone is not None:
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC if zone is None else _zone(zone))
    return at.date()


def format_time(value: Any, pattern: Any, zone: Any = "UTC") -> str | None:
    """A timestamp or date as text. The pattern knows yyyy, yy, MM, dd, HH, mm, ss, fff (milliseconds); other letters
    go between single quotes. A timestamp is shown in the zone.
    """
    if value is None:
        return None
    if type(value) is date:
        at = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a day has no zone
    elif isinstance(value, datetime):
        at = value.astimezone(_zone(zone))
    else:
        raise BadValue(
            f"{kind_name(value)} is neither timestamp nor date", "read it with local_time(…) first", value=value
        )
    return "".join([part if isinstance(part, str) else part(at) for part in _pattern(pattern)])


def add_days(value: Any, days: Any) -> Any:
    """So many days later (or earlier, when negative): a date stays a date, a timestamp a timestamp."""
    if value is None:
        return None
    if not isinstance(value, date):
        raise BadValue(
            f"{kind_name(value)} is neither timestamp nor date", "read it with date_only(…) first", value=value
        )
    try:
        return value + timedelta(days=to_integer(days))
    except OverflowError as error:
        raise BadValue(f"{days} days later is beyond the calendar") from error


def _read(value: Any) -> datetime | None:
    if value is None or value in _NO_DATE:
        return None
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise BadValue(f"{shown(value)} is not a date and time", "correct it at the source", value=value) from error
    raise BadValue(f"{kind_name(value)} is not a date and time", value=value)


def _in_utc(at: datetime, value: Any) -> datetime:
    try:
        return at.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise BadValue(f"{shown(value)} is beyond the calendar", value=value) from error


@lru_cache(maxsize=256)
def _zone(name: Any) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, TypeError, OSError) as error:
        hint = nearest(name, available_timezones()) if isinstance(name, str) else ""
        raise BadValue(f"{shown(name)} is not a time zone such as Europe/Paris{hint}") from error


@lru_cache(maxsize=256)
def _pattern(pattern: Any) -> tuple[str | Callable[[datetime], str], ...]:
    if not isinstance(pattern, str) or not pattern or len(pattern) > 100:
        raise BadValue(f"{shown(pattern)} is not a pattern such as yyyy-MM-dd HH:mm:ss")
    parts: list[str | Callable[[datetime], str]] = []
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise BadValue(f"the pattern {pattern!r} has {pattern[at:]!r}", f"it knows {', '.join(_WRITERS)}")
        quoted, other = token.groups()
        parts.append(quoted if quoted is not None else other or _WRITERS[token.group()])
        at = token.end()
    return tuple(parts)


_TIME = "Dates and times"
FUNCTIONS = (
    function(
        timestamp,
        group=_TIME,
        kinds="any -> timestamp",
        examples={
            'text(timestamp("2025-03-04T10:12:31+01:00"))': '"2025-03-04T09:12:31+00:00"',
            'timestamp("0000-00-00 00:00:00")': "null",
        },
    ),
    function(
        local_time,
        group=_TIME,
        kinds="any, text -> timestamp",
        examples={'text(local_time("2025-07-04 10:12:31", zone="Europe/Paris"))': '"2025-07-04T08:12:31+00:00"'},
    ),
    function(
        utc,
        group=_TIME,
        kinds="any -> timestamp",
        examples={'text(utc("2025-03-04 10:12:31"))': '"2025-03-04T10:12:31+00:00"'},
    ),
    function(
        date_only,
        group=_TIME,
        kinds="any, text -> date",
        examples={'text(date_only("2025-03-04 23:30:00"))': '"2025-03-04"'},
    ),
    function(
        format_time,
        group=_TIME,
        kinds="any, text, text -> text",
        examples={
            'format_time(utc("2025-03-04 10:12:31"), "yyyyMMdd HH:mm:ss", "Asia/Tokyo")': '"20250304 19:12:31"',
        },
    ),
    function(
        add_days,
        group=_TIME,
        kinds="any, integer -> any",
        examples={'text(add_days(date_only("2025-02-28"), 1))': '"2025-03-01"'},
    ),
)
