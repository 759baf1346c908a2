"""The last check of a value before it lands in its field: right kind, not null where it must not be, not too long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from penstock.mapping.errors import BadValue, shown
from penstock.mapping.functions.values import clean_text, kind_name
from penstock.mapping.rounding import CONTEXT
from penstock.mapping.schema import Shape

Landing = Callable[[Any], Any]

_WANTED = {
    "text": "text",
    "decimal": "a decimal",
    "integer": "a whole number",
    "boolean": "a truth value",
    "timestamp": "a timestamp",
    "date": "a date",
    "day": "a date, a timestamp or their text",
    "list": "a list",
    "object": "an object",
}
_REMEDY = {
    "text": "write text(…)",
    "decimal": "write decimal(…)",
    "integer": "write integer(…)",
    "boolean": "write boolean(…)",
    "timestamp": "write local_time(…, zone=…), utc(…) or timestamp(…)",
    "date": "write date_only(…)",
}
MAX_LONG = 2**63


def landing(shape: Shape) -> Landing | None:
    """The check for a field of this shape: gives the value to write, raises BadValue. None when anything may go in."""
    if shape.kind == "any":
        return None if shape.nullable else _not_null
    if shape.kind == "text":
        return _text(shape)
    if shape.kind == "decimal":
        return _decimal(shape)
    if shape.kind == "integer":
        return _integer(shape)
    return _typed(shape)


def _not_null(value: Any) -> Any:
    if value is None:
        raise BadValue("the field is required and would get null", "give it a value with default(…)")
    return value


def _other(shape: Shape, value: Any) -> None:
    """None for a null that may be; BadValue for everything else."""
    if value is None:
        if shape.nullable:
            return
        _not_null(value)
    raise BadValue(
        f"the field takes {_WANTED[shape.kind]}, not {kind_name(value)} {shown(value)}",
        _REMEDY.get(shape.kind, ""),
        value=value,
    )


def _text(shape: Shape) -> Landing:
    length, symbols = shape.length, shape.symbols

    def land(value: Any) -> Any:
        kind = type(value)
        if kind is int:
            value = str(value)
        elif kind is not str:
            return _other(shape, value)
        elif not value.isprintable():
            value = clean_text(value)
        if length is not None and len(value) > length:
            raise BadValue(
                f"the field takes {length} characters, not the {len(value)} of {shown(value)}",
                f"shorten it at the source, or write left(…, {length}) if cutting is right",
                value=value,
            )
        if symbols and value not in symbols:
            raise BadValue(f"{shown(value)} is none of {', '.join(symbols)}", value=value)
        return value

    return land


def _decimal(shape: Shape) -> Landing:
    places = shape.places
    quantum = None if places is None else Decimal(1).scaleb(-places)

    def land(value: Any) -> Any:
        if type(value) is int:
            value = Decimal(value)
        elif type(value) is not Decimal:
            return _other(shape, value)
        try:
            exact = quantum is None or value.quantize(quantum, context=CONTEXT) == value
        except InvalidOperation as error:
            raise BadValue(f"{value} with {places} decimals has more than 38 digits", value=value) from error
        if not exact:
            raise BadValue(f"{value} has more than {places} decimals", f"write round_to(…, {places})", value=value)
        return value

    return land


def _integer(shape: Shape) -> Landing:
    def land(value: Any) -> Any:
        if type(value) is not int:
            return _other(shape, value)
        if not -MAX_LONG <= value < MAX_LONG:
            raise BadValue(f"{value} does not fit into 64 bits", value=value)
        return value

    return land


_PYTHON: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "timestamp": (datetime,),
    "date": (date,),
    "day": (date, datetime, str),
    "list": (list,),
    "object": (dict,),
}


def _typed(shape: Shape) -> Landing:
    kinds = _PYTHON[shape.kind]

    def land(value: Any) -> Any:
        if type(value) in kinds:
            return value
        return _other(shape, value)

    return land
