"""Currencies of ISO 4217 and their smallest units. Amounts are `Decimal`, never float."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import pycountry

# ISO 4217, list one: currencies whose minor unit is not two decimals.
_PLACES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
# Codes of ISO 4217 that nobody pays with: metals, units of account, test and none.
_NOT_MONEY = "XAD XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX"


class UnknownCurrencyError(ValueError):
    """A code that ISO 4217 does not have."""

    def __init__(self, code: object) -> None:
        super().__init__(f"{code!r} is not a currency of ISO 4217; write its three capital letters, for example EUR")


@cache
def _places_by_code() -> dict[str, int]:
    found = {currency.alpha_3: 2 for currency in pycountry.currencies}
    for places, codes in _PLACES.items():
        found |= dict.fromkeys(codes.split(), places)
    for code in _NOT_MONEY.split():
        found.pop(code, None)
    return found


def is_currency(code: object) -> bool:
    """Whether `code` is a currency of ISO 4217 that things are paid with."""
    return code in _places_by_code()


def minor_places(code: str) -> int:
    """Decimals of the currency: EUR 2, JPY 0, KWD 3. Raises UnknownCurrencyError."""
    places = _places_by_code().get(code)
    if places is None:
        raise UnknownCurrencyError(code)
    return places


@cache
def minor_unit(code: str) -> Decimal:
    """The smallest amount of the currency: `Decimal("0.01")` for EUR. Raises UnknownCurrencyError."""
    return Decimal(1).scaleb(-minor_places(code))


def to_minor_unit(amount: Decimal, code: str, rounding: str = ROUND_HALF_UP) -> Decimal:
    """`amount` rounded to the smallest unit of its currency (a rounding mode of `decimal`)."""
    return amount.quantize(minor_unit(code), rounding)
