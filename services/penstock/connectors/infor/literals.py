"""Values as the site writes them: literals of filters, property values, padded keys (systems/infor.md 4.2, 4.6)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

CUST_NUM = 7
CO_NUM = 10
DATE_FORMAT = "%Y%m%d %H:%M:%S.%f"


def quoted(value: str | int | Decimal) -> str:
    """A literal of a filter: quotes doubled, `N'…'` beyond Latin-1; numbers are quoted too.

    >>> quoted("O'Neill")
    "'O''Neill'"
    """
    text = plain(value) if isinstance(value, Decimal) else str(value)
    if any(character < " " or character == "\x7f" for character in text):
        raise ValueError(f"a filter cannot hold control characters: {text!r}")
    escaped = text.replace("'", "''")
    beyond = any(character > "\xff" for character in text)
    return f"N'{escaped}'" if beyond else f"'{escaped}'"


def any_of(name: str, values: list[str]) -> str:
    """`Name IN ('a','b')`."""
    return f"{name} IN ({','.join(quoted(value) for value in values)})"


def plain(value: Decimal) -> str:
    """A decimal without exponent or trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def padded(number: str, width: int) -> str:
    """A key as the site stores it: right-justified when it is digits, else as it is.

    >>> padded("1042", CUST_NUM)
    '   1042'
    """
    bare = number.strip()
    return bare.rjust(width) if bare.isdigit() else bare


def cust_num(number: str) -> str:
    return padded(number, CUST_NUM)


def co_num(number: str) -> str:
    return padded(number, CO_NUM)


def site_time(moment: datetime) -> str:
    """A naive site-local time as the site reads it, to the millisecond."""
    return moment.strftime(DATE_FORMAT)[:-3]


def parse_site_time(text: str) -> datetime:
    """`yyyyMMdd HH:mm:ss.fff` (fraction optional) -> naive site-local time."""
    head, _, fraction = text.partition(".")
    moment = datetime.strptime(head, "%Y%m%d %H:%M:%S")  # noqa: DTZ007 - site-local by nature
    return moment.replace(microsecond=int(fraction.ljust(6, "0")[:6])) if fraction else moment


def value_text(value: object, zone: ZoneInfo) -> str | None:
    """A payload value as a property value: None stays None (written with IsNull)."""
    match value:
        case None:
            return None
        case bool():
            return "1" if value else "0"
        case Decimal():
            return plain(value)
        case datetime():
            local = value.astimezone(zone).replace(tzinfo=None) if value.tzinfo else value
            return site_time(local)
        case date():
            return value.strftime("%Y%m%d")
        case _:
            return str(value)
