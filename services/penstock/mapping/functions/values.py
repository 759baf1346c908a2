"""How functions read their arguments: strict about meaning, tolerant about the types that sources mix up."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from penstock.mapping.errors import BadValue, shown

MAX_TEXT = 1_000_000
MAX_ROWS = 10_000
MAX_DIGITS = 38
MAX_WHOLE_DIGITS = 30
"""Digits before the point: what decimal(38,8) can hold."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_PLAIN = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,8})?").fullmatch
_LONGEST_PLAIN = 30

KIND_NAMES: dict[type, str] = {
    str: "text",
    bool: "a truth value",
    int: "a whole number",
    float: "a float",
    Decimal: "a decimal",
    datetime: "a timestamp",
    date: "a date",
    dict: "an object",
    list: "a list",
    type(None): "null",
}


def kind_name(value: object) -> str:
    return KIND_NAMES.get(type(value), type(value).__name__)


def to_text(value: Any) -> str:
    """Text of a scalar: decimals without exponent, timestamps and dates in ISO 8601, line ends as one newline.

    Raises BadValue for control characters (other than newline and tab), lists and objects.
    """
    kind = type(value)
    if kind is str:
        return value if value.isprintable() else clean_text(value)
    if kind is int:
        return str(value)
    if kind is Decimal:
        return f"{_bounded(value):f}"
    if kind is bool:
        return "true" if value else "false"
    if kind is datetime or kind is date:
        return str(value.isoformat())
    if kind is float:
        return f"{to_decimal(value):f}"
    raise BadValue(f"{kind_name(value)} cannot be made a text", value=value)


def clean_text(value: str) -> str:
    """`value` with plain newlines. Raises BadValue naming the first control character."""
    text = value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value
    found = _CONTROL.search(text)
    if found:
        raise BadValue(
            f"the text holds the control character U+{ord(found.group()):04X} at position {found.start() + 1}",
            "correct it at the source",
            value=value,
        )
    return text


def sized(text: str) -> str:
    """`text`, unless a function made it too long."""
    if len(text) > MAX_TEXT:
        raise BadValue(f"the text would have {len(text)} characters; the limit is {MAX_TEXT}")
    return text


def plain_decimal(text: str) -> Decimal | None:
    """Nearly every number of every document: at most 20 digits, at most 8 more behind the point. None for others."""
    return _plain(text) if len(text) <= _LONGEST_PLAIN else None


@lru_cache(maxsize=1024)  # a document repeats its amounts: zero, prices, rates, sums of one line
def _plain(text: str) -> Decimal | None:
    return Decimal(text) if _PLAIN(text) else None


def to_decimal(value: Any) -> Decimal:
    """An exact number from what sources send for numbers. Raises BadValue for NaN, infinity, huge exponents, text."""
    kind = type(value)
    if kind is str:
        plain = plain_decimal(value)
        if plain is not None:
            return plain
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            raise BadValue(f"{shown(value)} is not a number", _number_remedy(text), value=value)
        return _bounded(Decimal(text))
    if kind is Decimal:
        return _bounded(value)
    if kind is int:
        return _bounded(Decimal(value))
    if kind is float:
        return _bounded(Decimal(repr(value)))
    raise BadValue(f"{kind_name(value)} is not a number", value=value)


def _number_remedy(text: str) -> str:
    if not text:
        return "empty text is no number: decimal(blank_to_null(x)) gives null, default(…, 0) a zero"
    if "," in text:
        return 'a comma is not understood: decimal(replace(x, ",", "."))'
    return "correct it at the source"


def _bounded(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise BadValue(f"{number} is not a number", "correct it at the source", value=number)
    _, digits, exponent = number.as_tuple()
    if len(digits) > MAX_DIGITS or number.adjusted() >= MAX_WHOLE_DIGITS or int(exponent) < -MAX_DIGITS:
        raise BadValue(
            f"the number has more than {MAX_DIGITS} digits, or {MAX_WHOLE_DIGITS} before the point",
            "correct it at the source",
            value=number,
        )
    return number


def to_integer(value: Any) -> int:
    """A whole number; `"2.000"` is one, `"2.5"` and true are not. Raises BadValue."""
    if type(value) is int:
        return value
    number = to_decimal(value)
    whole = int(number)
    if whole != number:
        raise BadValue(f"{number} is not a whole number", "round_to(x, 0) rounds it", value=value)
    return whole


def number(value: Any) -> int | Decimal:
    """A number as it is, for arithmetic. Text and floats are not read silently. Raises BadValue."""
    kind = type(value)
    if kind is Decimal or kind is int:
        result: int | Decimal = value
        return result
    if kind is str or kind is float:
        raise BadValue(f"{shown(value)} is {kind_name(value)}, not a number", "write decimal(…)", value=value)
    raise BadValue(f"{kind_name(value)} is not a number", value=value)
