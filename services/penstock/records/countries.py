"""Countries (ISO 3166-1) and their states and provinces (ISO 3166-2), by code or by name.

The lists are pycountry's; they are loaded at the first question and kept.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

import pycountry

# What people write and ISO does not list.
_OTHER_NAMES = {
    "uk": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "great britain": "GB",
    "america": "US",
    "united states of america": "US",
    "etats unis": "US",
    "vereinigte staaten": "US",
    "holland": "NL",
    "the netherlands": "NL",
    "pays bas": "NL",
    "niederlande": "NL",
    "nederland": "NL",
    "deutschland": "DE",
    "allemagne": "DE",
    "alemania": "DE",
    "germania": "DE",
    "frankreich": "FR",
    "francia": "FR",
    "espana": "ES",
    "espagne": "ES",
    "spanien": "ES",
    "spagna": "ES",
    "italia": "IT",
    "italie": "IT",
    "italien": "IT",
    "belgique": "BE",
    "belgie": "BE",
    "belgien": "BE",
    "osterreich": "AT",
    "autriche": "AT",
    "schweiz": "CH",
    "suisse": "CH",
    "svizzera": "CH",
    "luxemburg": "LU",
    "danmark": "DK",
    "sverige": "SE",
    "norge": "NO",
    "suomi": "FI",
    "polska": "PL",
    "brasil": "BR",
    "royaume uni": "GB",
    "reino unido": "GB",
    "vereinigtes konigreich": "GB",
    "estados unidos": "US",
    "south korea": "KR",
    "russia": "RU",
    "turkey": "TR",
    "turkiye": "TR",
}
# Military mail of the United States has no entry in ISO 3166-2.
_OTHER_STATES = {"US": {"AA": "Armed Forces Americas", "AE": "Armed Forces Europe", "AP": "Armed Forces Pacific"}}
_NO_LETTERS = re.compile(r"[\W_]+")


def folded(text: str) -> str:
    """Lower case without accents and punctuation, for comparing names: `Île-de-France` -> `ile de france`."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _NO_LETTERS.sub(" ", "".join(char for char in plain if not unicodedata.combining(char))).strip()


@cache
def _countries() -> tuple[frozenset[str], dict[str, str]]:
    """All alpha-2 codes, and alpha-2 by alpha-3 code and folded name."""
    names = dict(_OTHER_NAMES)
    for country in pycountry.countries:
        for field in ("alpha_3", "name", "official_name", "common_name"):
            name = getattr(country, field, None)
            if name:
                names.setdefault(folded(name), country.alpha_2)
    return frozenset(country.alpha_2 for country in pycountry.countries), names


def is_country(code: object) -> bool:
    """Whether `code` is an alpha-2 code of ISO 3166-1."""
    return code in _countries()[0]


def country_code(text: str) -> str | None:
    """Alpha-2 code of a country given as alpha-2, alpha-3 or name in a common language; None when unknown."""
    codes, names = _countries()
    upper = text.strip().upper()
    return upper if upper in codes else names.get(folded(text))


@cache
def _states(country: str) -> tuple[frozenset[str], dict[str, str]]:
    """State codes of a country, and the code by folded name; where two levels share a name, the lower one counts."""
    subdivisions: Any = pycountry.subdivisions
    found = subdivisions.get(country_code=country) or ()
    codes = {
        state.code.partition("-")[2]: state.name for state in sorted(found, key=lambda state: bool(state.parent_code))
    }
    codes.update(_OTHER_STATES.get(country, {}))
    names: dict[str, str] = {}
    for code, name in codes.items():
        for spelling in re.split(r"[\[\]]", name):  # `Girona [Gerona]` is one province in two languages
            names[folded(spelling)] = code
    names.pop("", None)
    return frozenset(codes), names


def is_state(country: str, code: object) -> bool:
    """Whether `code` (the part of ISO 3166-2 after the hyphen) is a state or province of `country` (alpha-2)."""
    return code in _states(country)[0]


def state_code(country: str, text: str) -> str | None:
    """Code of a state given as `CA`, `US-CA` or `California`; None when `country` has no such state."""
    codes, names = _states(country)
    upper = text.strip().upper().removeprefix(f"{country}-")
    return upper if upper in codes else names.get(folded(text))
