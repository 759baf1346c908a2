"""Minor units of currencies (ISO 4217): how many decimals an amount that is paid can have."""

from __future__ import annotations

from functools import cache

import pycountry

from penstock.mapping.errors import BadValue

_NO_MINOR_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_NOT_MONEY = "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX"


@cache
def _exponents() -> dict[str, int]:
    exponents = {currency.alpha_3: 2 for currency in pycountry.currencies}
    for exponent, codes in ((0, _NO_MINOR_UNIT), (3, _THREE), (4, _FOUR)):
        exponents.update(dict.fromkeys(codes.split(), exponent))
    for code in _NOT_MONEY.split():
        exponents.pop(code, None)
    return exponents


@cache
def currency_exponent(code: str) -> int:
    """Decimals of a currency: EUR 2, JPY 0, KWD 3. Raises BadValue for a code that ISO 4217 does not have."""
    exponent = _exponents().get(code)
    if exponent is None:
        raise BadValue(f"{code!r} is not a currency code of ISO 4217 such as EUR", value=code)
    return exponent
