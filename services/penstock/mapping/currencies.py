"""Decimals of a currency, for mappings."""

from __future__ import annotations

from functools import cache

from penstock.mapping.errors import BadValue
from penstock.records.money import UnknownCurrencyError, minor_places


@cache
def currency_exponent(code: str) -> int:
    """Decimals of a currency: EUR 2, JPY 0, KWD 3. Raises BadValue for a code that ISO 4217 does not have."""
    try:
        return minor_places(code)
    except UnknownCurrencyError as error:
        raise BadValue(f"{code!r} is not a currency code of ISO 4217 such as EUR", value=code) from error
