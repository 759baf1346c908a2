"""How the site stores a value and how it shows it: everything on the wire is a string or null.

Stored in SQLite: text and GUIDs as text, whole numbers and flags as integers, decimals as integers scaled by 10**8
(exact, comparable, at most 92 billion), dates as `yyyyMMdd HH:mm:ss.fff` in site local time (sorts as text).
Source: systems/infor.md 4.2, 4.3.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import Enum

SCALE = 10**8
"""One unit of a stored decimal: eight places."""

Stored = str | int | None

_MAX_SCALED = 2**63 - 1
_MAX_LONG = 2**31 - 1
_NUMBER = re.compile(r"([+-]?)(\d{1,30})(?:\.(\d{1,30}))?")
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?: (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?)?")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Kind(Enum):
    """The data type of a property, as `/info` names it: (DataType, ClrTypeName)."""

    TEXT = ("String", "System.String")
    LONG = ("Long Integer", "System.Int32")
    FLAG = ("Byte", "System.Byte")
    DECIMAL = ("Decimal", "System.Decimal")
    DATE = ("Date", "System.DateTime")
    GUID = ("GUID", "System.Guid")


class IdoError(Exception):
    """A business refusal: HTTP 200 with `Success: false` and this text as `Message`."""


class ParseError(IdoError):
    """A value that is not of the property's type (4.9)."""

    def __init__(self, text: str) -> None:
        super().__init__(f"IDOValueType.GetValue: failed to parse normalized string [{text}].")


@contextmanager
def in_range() -> Iterator[None]:
    """Turn a number that outgrows the database (92 billion) into a refusal."""
    try:
        yield
    except (OverflowError, sqlite3.OperationalError) as error:
        if isinstance(error, sqlite3.OperationalError) and "integer overflow" not in str(error):
            raise
        raise IdoError("Arithmetic overflow error converting expression to data type numeric.") from error


def parse(kind: Kind, text: str) -> Stored:
    """Turn wire text into the stored value; empty text of anything but text is null (4.3)."""
    if kind is Kind.TEXT:
        control = _CONTROL.search(text)
        if control:
            raise IdoError(f"hexadecimal value 0x{ord(control[0]):02X}, is an invalid character.")
        return text
    if text == "":
        return None
    if kind is Kind.DATE:
        return _parse_date(text)
    if kind is Kind.GUID:
        if not _GUID.fullmatch(text):
            raise ParseError(text)
        return text.lower()
    scaled = _parse_decimal(text)
    if kind is Kind.DECIMAL:
        return scaled
    whole, rest = divmod(scaled, SCALE)
    if rest or abs(whole) > _MAX_LONG or (kind is Kind.FLAG and whole not in (0, 1)):
        raise ParseError(text)
    return whole


def _parse_decimal(text: str) -> int:
    match = _NUMBER.fullmatch(text)
    if not match or not text.isascii():
        raise ParseError(text)
    sign, whole, fraction = match[1], match[2], match[3] or ""
    scaled = int(whole) * SCALE + int(fraction[:8].ljust(8, "0"))
    if fraction[8:9] >= "5":  # the site rounds what it cannot keep, half up
        scaled += 1
    if scaled > _MAX_SCALED:
        raise IdoError(f"Arithmetic overflow error converting [{text}] to numeric.")
    return -scaled if sign == "-" else scaled


def _parse_date(text: str) -> str:
    match = _DATE.fullmatch(text)
    if not match or not text.isascii():
        raise ParseError(text)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 site local time has no zone
    except ValueError as error:
        raise ParseError(text) from error
    return f"{moment:%Y%m%d %H:%M:%S}.{(match[7] or '').ljust(3, '0')}"


def show(kind: Kind, value: Stored) -> str | None:
    """Turn a stored value into wire text: decimals with eight places, all else as it stands."""
    if value is None or kind is Kind.TEXT or kind is Kind.DATE:
        return value  # type: ignore[return-value]  # text and dates are stored as they are shown
    if kind is Kind.DECIMAL:
        number = int(value)
        whole, fraction = divmod(abs(number), SCALE)
        return f"{'-' if number < 0 else ''}{whole}.{fraction:08d}"
    return str(value)


def show_moment(moment: datetime) -> str:
    """A site-local moment in the stored and wire form, cut to milliseconds."""
    return f"{moment:%Y%m%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


def read_moment(text: str) -> datetime:
    """The moment behind a stored date."""
    return datetime.strptime(text, "%Y%m%d %H:%M:%S.%f")  # noqa: DTZ007 site local time has no zone
