"""Postal codes in the form of their country."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from penstock.rules.data.postal import POSTAL

_BETWEEN = re.compile(r"[\s.\-‐-―]+")
_LONGEST = 20


@cache
def _pattern(country: str) -> re.Pattern[str]:
    form = POSTAL[country]
    prefix = f"(?:{'|'.join(form.prefixes.split())})?" if form.prefixes else ""
    return re.compile(prefix + form.groups, re.ASCII)


@lru_cache(maxsize=8192)
def postal_code(country: str, text: str) -> str | None:
    """The code in the form of `country` (alpha-2): `sw1a1aa` -> `SW1A 1AA`. None when it is no code of that country.

    A country without known codes takes any text. No digit is ever added: `1067` is no code of Germany.
    """
    form = POSTAL.get(country)
    if form is None:
        return text
    if len(text) > _LONGEST:
        return None
    found = _pattern(country).fullmatch(_BETWEEN.sub("", text).upper())
    if found is None:
        return None
    return form.lead + form.between.join(group for group in found.groups() if group)
