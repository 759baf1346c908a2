"""DATEADD of the filter subset: the date parts of T-SQL, months that end early, dates that leave the calendar."""

import calendar
from datetime import datetime, timedelta

from penstock.connectors.infor.sandbox.tokens import IllegalFilterError
from penstock.connectors.infor.sandbox.values import IdoError

_SECONDS = {
    "week": 604800.0,
    "day": 86400.0,
    "hour": 3600.0,
    "minute": 60.0,
    "second": 1.0,
    "millisecond": 0.001,
}
_MONTHS = {"year": 12, "quarter": 3, "month": 1}
_SHORT = {
    **dict.fromkeys(("yy", "yyyy"), "year"),
    **dict.fromkeys(("qq", "q"), "quarter"),
    **dict.fromkeys(("mm", "m"), "month"),
    **dict.fromkeys(("wk", "ww"), "week"),
    **dict.fromkeys(("dd", "d", "dayofyear", "dy", "y"), "day"),
    "hh": "hour",
    **dict.fromkeys(("mi", "n"), "minute"),
    **dict.fromkeys(("ss", "s"), "second"),
    "ms": "millisecond",
}


def add_to_date(part: str, count: int, moment: datetime) -> datetime:
    """`moment` moved by `count` of a T-SQL date part. Raises IllegalFilterError for an unknown part."""
    name = _SHORT.get(part.lower(), part.lower())
    try:
        if name in _SECONDS:
            return moment + timedelta(seconds=count * _SECONDS[name])
        if name in _MONTHS:
            return _add_months(moment, count * _MONTHS[name])
    except (OverflowError, ValueError) as error:
        raise IdoError("Adding a value to a 'datetime' column caused an overflow.") from error
    raise IllegalFilterError(f"[{part}] is not a date part of DATEADD")


def _add_months(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
