"""Columns of the data dictionary: their types, lengths, and what a request may write into them.

Everything is stored in its wire form (systems/sage100.md 5.1): text, decimal strings of a fixed scale, dates
`YYYY-MM-DD`, flags `Y`/`N`; empty is "".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

_DECIMAL = re.compile(r"-?\d{1,16}(\.\d{1,12})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Kind(StrEnum):
    """`CODE`: one of fixed letters. `COUNTRY`: three letters."""

    TEXT = "text"
    CODE = "code"
    FLAG = "flag"
    DATE = "date"
    AMOUNT = "amount"
    COUNTRY = "country"


class FieldError(ValueError):
    """A value does not fit its column. `code`: BAD_REQUEST or CI_CharLength."""

    def __init__(self, message: str, code: str = "BAD_REQUEST") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Column:
    """`size`: characters of a text, digits of an amount; `computed`: a request that names it is refused."""

    name: str
    kind: Kind = Kind.TEXT
    size: int = 0
    scale: int = 0
    codes: frozenset[str] = frozenset()
    default: str = ""
    required: bool = False
    computed: bool = False
    signed: bool = False
    above_zero: bool = False
    upper: bool = False

    def read(self, value: object) -> str:
        """A value of a request in stored form. Raises FieldError."""
        if not isinstance(value, str):
            shown = "null" if value is None else type(value).__name__
            raise FieldError(f"{self.name} must be a JSON string, not {shown}.")
        if not value.strip() and (self.required or self.kind is not Kind.TEXT or self.upper):
            raise FieldError(f"{self.name} must not be empty.")
        match self.kind:
            case Kind.AMOUNT:
                return self._amount(value)
            case Kind.DATE:
                _check_date(self.name, value)
            case Kind.FLAG | Kind.CODE:
                if value not in self.codes:
                    raise FieldError(f"{self.name} must be one of {', '.join(sorted(self.codes))}.")
            case Kind.COUNTRY:
                if not (len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()):
                    raise FieldError(f"{self.name} must be a country code of three letters, such as USA.")
            case Kind.TEXT:
                return self._text(value)
        return value

    def _text(self, value: str) -> str:
        if len(value) > self.size:
            raise FieldError(f"{self.name} has {len(value)} characters, the limit is {self.size}.", "CI_CharLength")
        if self.upper and value != value.upper():
            raise FieldError(f"{self.name} must be upper-case.")
        # The store keeps one byte per character (5.1): what Windows-1252 lacks is lost here.
        return value.encode("cp1252", "replace").decode("cp1252")

    def _amount(self, text: str) -> str:
        if not _DECIMAL.fullmatch(text):
            raise FieldError(f"{self.name} must be a decimal string.")
        value = Decimal(text)
        rounded = value.quantize(Decimal(1).scaleb(-self.scale))
        if rounded != value:
            raise FieldError(f"{self.name} has more than {self.scale} decimal places.")
        if abs(value) >= Decimal(10) ** (self.size - self.scale):
            raise FieldError(f"{self.name} has more than {self.size} digits.")
        if self.above_zero and value <= 0:
            raise FieldError(f"{self.name} must be greater than zero.")
        if value < 0 and not self.signed:
            raise FieldError(f"{self.name} must not be negative.")
        return f"{rounded + 0:f}" if rounded else f"{abs(rounded):f}"

    def show(self, value: Decimal) -> str:
        """A computed amount in stored form, half up. Raises FieldError when it has too many digits."""
        rounded = value.quantize(Decimal(1).scaleb(-self.scale), ROUND_HALF_UP)
        if abs(rounded) >= Decimal(10) ** (self.size - self.scale):
            raise FieldError(f"{self.name} would have more than {self.size} digits.")
        return f"{rounded:f}" if rounded else f"{abs(rounded):f}"


@dataclass(frozen=True)
class Table:
    """A table of the dictionary. `business`: the object that errors name; `kept`: stored beside, never shown.

    `filters`: list filters beside the keys; `unpatched`: columns that a PATCH must not name, beside the keys.
    """

    name: str
    business: str
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    audit: bool = True
    kept: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    unpatched: frozenset[str] = frozenset()
    view: str = ""
    by_name: Mapping[str, Column] = field(init=False)
    shown: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        columns = (*self.columns, *(AUDIT if self.audit else ()))
        object.__setattr__(self, "by_name", {column.name: column for column in columns})
        object.__setattr__(self, "shown", tuple(column.name for column in columns))

    def defaults(self) -> dict[str, str]:
        """A row of defaults."""
        return {column.name: column.default for column in self.columns} | dict.fromkeys((*self.kept, "Udf"), "")

    def amount(self, name: str, value: Decimal) -> str:
        """A computed amount in the form of its column."""
        return self.by_name[name].show(value)


def text(name: str, size: int, default: str = "", *, required: bool = False, computed: bool = False) -> Column:
    return Column(name, Kind.TEXT, size, default=default, required=required, computed=computed)


def key(name: str, size: int) -> Column:
    """An upper-case key that the caller gives."""
    return Column(name, Kind.TEXT, size, required=True, upper=True)


def code(name: str, letters: str, default: str = "") -> Column:
    return Column(name, Kind.CODE, codes=frozenset(letters), default=default)


def flag(name: str, default: str = "N", *, computed: bool = False) -> Column:
    return Column(name, Kind.FLAG, codes=frozenset("YN"), default=default, computed=computed)


def day(name: str, *, required: bool = False, computed: bool = False) -> Column:
    return Column(name, Kind.DATE, required=required, computed=computed)


def country(name: str) -> Column:
    return Column(name, Kind.COUNTRY)


def amount(
    name: str,
    size: int,
    scale: int,
    *,
    required: bool = False,
    computed: bool = False,
    signed: bool = False,
    above_zero: bool = False,
) -> Column:
    return Column(
        name,
        Kind.AMOUNT,
        size,
        scale,
        default=f"{Decimal(0):.{scale}f}",
        required=required,
        computed=computed,
        signed=signed,
        above_zero=above_zero,
    )


def quantity(name: str, *, computed: bool = False) -> Column:
    """(15,6), as nearly all quantities and unit prices are."""
    return amount(name, 15, 6, computed=computed, signed=True)


def _check_date(name: str, value: str) -> None:
    try:
        good = _DATE.fullmatch(value) is not None and bool(date.fromisoformat(value))
    except ValueError:
        good = False
    if not good:
        raise FieldError(f"{name} must be a date as YYYY-MM-DD.")


AUDIT = tuple(
    Column(name, computed=True)
    for name in ("DateCreated", "TimeCreated", "UserCreatedKey", "DateUpdated", "TimeUpdated", "UserUpdatedKey")
)
