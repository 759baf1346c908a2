"""Currencies, with the errors that mappings know."""

from __future__ import annotations

from functools import lru_cache

from penstock.mapping.errors import BadValue
from penstock.records.money import UnknownCurrencyError, minor_places


@lru_cache(maxsize=512)
def currency_exponent(code: str) -> int:
    """Decimals of a currency: EUR 2, JPY 0, KWD 3. Raises BadValue for a code that ISO 4217 does not have."""
    try:
        return minor_places(code)
    except UnknownCurrencyError as error:
        raise BadValue(str(error), value=code) from error
