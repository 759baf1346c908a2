"""Decimal arithmetic of mappings: 38 digits, errors instead of infinities, named rounding modes."""

from __future__ import annotations

import decimal
from decimal import Context, Decimal

from penstock.mapping.errors import BadValue, nearest

CONTEXT = Context(
    prec=38,
    rounding=decimal.ROUND_HALF_EVEN,
    Emax=60,
    Emin=-60,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)

MODES = {
    "half_up": decimal.ROUND_HALF_UP,
    "half_even": decimal.ROUND_HALF_EVEN,
    "half_down": decimal.ROUND_HALF_DOWN,
    "up": decimal.ROUND_UP,
    "down": decimal.ROUND_DOWN,
    "ceiling": decimal.ROUND_CEILING,
    "floor": decimal.ROUND_FLOOR,
}

MAX_PLACES = 20
_TOO_LARGE = Decimal(10) ** 30
_QUANTA = [Decimal(1).scaleb(-places) for places in range(MAX_PLACES + 1)]


def round_decimal(value: Decimal, places: int, mode: str = "half_up") -> Decimal:
    """`value` with exactly `places` decimals. Raises BadValue for an unknown mode or more than 38 digits."""
    if not 0 <= places <= MAX_PLACES:
        raise BadValue(f"cannot round to {places} places", f"use 0 to {MAX_PLACES}")
    rounding = MODES.get(mode)
    if rounding is None:
        raise BadValue(f"unknown rounding mode {mode!r}{nearest(mode, MODES)}")
    try:
        rounded = value.quantize(_QUANTA[places], rounding, CONTEXT)
    except decimal.InvalidOperation as error:
        raise BadValue(f"{value} with {places} places has more than 38 digits") from error
    if abs(rounded) >= _TOO_LARGE:
        raise BadValue(f"{value} has more than 30 digits before the point")
    return rounded
