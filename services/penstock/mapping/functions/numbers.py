"""Numbers, money and truth values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from penstock.mapping import currencies
from penstock.mapping.errors import BadValue, shown
from penstock.mapping.functions.registry import function
from penstock.mapping.functions.values import kind_name, number, plain_decimal, to_decimal, to_integer, to_text
from penstock.mapping.rounding import round_decimal

MONEY_PLACES = 8
"""Decimals of the canonical money type, decimal(38,8)."""

_TRUTHS: dict[object, bool] = {"0": False, "1": True, "true": True, "false": False, "": False, 0: False, 1: True}


def decimal(value: Any) -> Decimal | None:
    """An exact number, from text (`"12.500000"`), a whole number or a JSON number. Refuses NaN, infinity, commas, more
    than 38 digits.
    """
    return None if value is None else to_decimal(value)


def integer(value: Any) -> int | None:
    """A whole number, from text or number; `"2.000000"` is one, `"2.5"` is refused."""
    return None if value is None else to_integer(value)


def boolean(value: Any) -> bool | None:
    """A truth value from `"0"`, `"1"`, `"true"`, `"false"`, 0, 1, true, false; empty text is false."""
    if value is None:
        return None
    key = value.strip().lower() if isinstance(value, str) else value
    if isinstance(key, str | int) and key in _TRUTHS:
        return _TRUTHS[key]
    raise BadValue(f"{shown(value)} ({kind_name(value)}) is neither yes nor no", "0, 1, true or false", value=value)


def round_to(value: Any, places: Any, mode: str = "half_up") -> Decimal | None:
    """Rounded to exactly `places` decimals. Modes: half_up, half_even, half_down, up, down, ceiling, floor."""
    return None if value is None else round_decimal(Decimal(number(value)), to_integer(places), mode)


def abs_(value: Any) -> int | Decimal | None:
    """Without its sign."""
    if value is None:
        return None
    amount = number(value)
    return -amount if amount < 0 else amount


def money(value: Any, currency: Any) -> Decimal | None:
    """An amount as the source wrote it, with up to 8 decimals, in a currency of ISO 4217. More decimals, or a currency
    that does not exist, are errors; nothing is rounded.
    """
    if value is None:
        return None
    currencies.currency_exponent(currency if type(currency) is str else to_text(currency))
    if type(value) is str:
        plain = plain_decimal(value)
        if plain is not None:
            return plain
    amount = to_decimal(value)
    if int(amount.as_tuple().exponent) < -MONEY_PLACES and amount != round_decimal(amount, MONEY_PLACES, "down"):
        raise BadValue(f"{amount} has more than {MONEY_PLACES} decimals", "round_to(x, 8) rounds it", value=value)
    return amount


def currency_exponent(currency: Any) -> int | None:
    """How many decimals a currency has: EUR 2, JPY 0, KWD 3."""
    return None if currency is None else currencies.currency_exponent(to_text(currency))


def minor_units(amount: Any, currency: Any) -> int | None:
    """An amount in cents (or the currency's own smallest unit). An amount that has a fraction of it is refused."""
    if amount is None:
        return None
    scaled = Decimal(number(amount)).scaleb(currencies.currency_exponent(to_text(currency)))
    if scaled != int(scaled):
        raise BadValue(f"{amount} {currency} is not a whole number of its smallest unit", "round_to(…) it first")
    return int(scaled)


def from_minor_units(value: Any, currency: Any) -> Decimal | None:
    """The amount of so many cents (or the currency's own smallest unit)."""
    if value is None:
        return None
    return Decimal(to_integer(value)).scaleb(-currencies.currency_exponent(to_text(currency)))


_NUMBER = "Numbers and money"
FUNCTIONS = (
    function(decimal, group=_NUMBER, kinds="any -> decimal", examples={'decimal("12.500000")': "12.5"}),
    function(integer, group=_NUMBER, kinds="any -> integer", examples={'integer("3")': "3", 'integer("2.000")': "2"}),
    function(boolean, group=_NUMBER, kinds="any -> boolean", examples={'boolean("0")': "false", "boolean(1)": "true"}),
    function(
        round_to,
        group=_NUMBER,
        kinds="number, integer, text -> decimal",
        examples={"round_to(2.345, 2)": "2.35", 'round_to(2.345, 2, "half_even")': "2.34"},
    ),
    function(abs_, group=_NUMBER, kinds="number -> number", examples={"abs(-3.5)": "3.5"}),
    function(
        money,
        group=_NUMBER,
        kinds="any, text -> decimal",
        places=MONEY_PLACES,
        examples={'money("19.900000", "EUR")': "19.9"},
    ),
    function(currency_exponent, group=_NUMBER, kinds="text -> integer", examples={'currency_exponent("JPY")': "0"}),
    function(
        minor_units, group=_NUMBER, kinds="number, text -> integer", examples={'minor_units(19.90, "EUR")': "1990"}
    ),
    function(
        from_minor_units,
        group=_NUMBER,
        kinds="integer, text -> decimal",
        examples={'from_minor_units(1990, "EUR")': "19.90"},
    ),
)
