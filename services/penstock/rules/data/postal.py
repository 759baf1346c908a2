"""Postal codes: prefixes that people write in front, the groups of the code, and what stands between them.

The pattern is matched against the code in capitals without spaces, hyphens and dots. A country that is not here has no
postal codes, or they are not checked.
"""

from __future__ import annotations

from typing import NamedTuple


class PostalForm(NamedTuple):
    """`prefixes` are left out (`D-10115`); `lead` is part of the code (`LV-1010`); `example` is for messages."""

    groups: str
    between: str
    example: str
    prefixes: str = ""
    lead: str = ""


_FIVE, _FOUR = r"(\d{5})", r"(\d{4})"

POSTAL: dict[str, PostalForm] = {
    "AT": PostalForm(_FOUR, "", "1010", "A AT"),
    "AU": PostalForm(_FOUR, "", "2000"),
    "BE": PostalForm(_FOUR, "", "1000", "B BE"),
    "BG": PostalForm(_FOUR, "", "1000", "BG"),
    "BR": PostalForm(r"(\d{5})(\d{3})", "-", "01310-100"),
    "CA": PostalForm(r"([A-Z]\d[A-Z])(\d[A-Z]\d)", " ", "K1A 0B1"),
    "CH": PostalForm(_FOUR, "", "8001", "CH"),
    "CY": PostalForm(_FOUR, "", "1010", "CY"),
    "CZ": PostalForm(r"(\d{3})(\d{2})", " ", "110 00", "CZ"),
    "DE": PostalForm(_FIVE, "", "10115", "D DE"),
    "DK": PostalForm(_FOUR, "", "1050", "DK"),
    "EE": PostalForm(_FIVE, "", "10111"),
    "ES": PostalForm(_FIVE, "", "28013", "E ES"),
    "FI": PostalForm(_FIVE, "", "00100", "FI FIN"),
    "FR": PostalForm(_FIVE, "", "75011", "F FR"),
    "MC": PostalForm(_FIVE, "", "98000", "MC"),
    "GB": PostalForm(r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})", " ", "SW1A 1AA"),
    "GR": PostalForm(r"(\d{3})(\d{2})", " ", "104 31", "GR"),
    "HR": PostalForm(_FIVE, "", "10000", "HR"),
    "HU": PostalForm(_FOUR, "", "1011", "H HU"),
    "IE": PostalForm(r"([A-Z]\d[\dW])([A-Z\d]{4})", " ", "D02 X285"),
    "IN": PostalForm(r"(\d{6})", "", "110001"),
    "IT": PostalForm(_FIVE, "", "00184", "I IT"),
    "JP": PostalForm(r"(\d{3})(\d{4})", "-", "100-0001"),
    "KR": PostalForm(_FIVE, "", "04524"),
    "LI": PostalForm(_FOUR, "", "9490", "FL"),
    "LT": PostalForm(_FIVE, "", "LT-01100", "LT", "LT-"),
    "LU": PostalForm(_FOUR, "", "1009", "L LU"),
    "LV": PostalForm(_FOUR, "", "LV-1010", "LV", "LV-"),
    "MT": PostalForm(r"([A-Z]{3})(\d{4})", " ", "VLT 1117"),
    "MX": PostalForm(_FIVE, "", "06000"),
    "NL": PostalForm(r"(\d{4})([A-Z]{2})", " ", "1012 AB", "NL"),
    "NO": PostalForm(_FOUR, "", "0150", "N NO"),
    "NZ": PostalForm(_FOUR, "", "6011"),
    "PL": PostalForm(r"(\d{2})(\d{3})", "-", "00-001", "PL"),
    "PT": PostalForm(r"(\d{4})(\d{3})", "-", "1000-001", "P PT"),
    "RO": PostalForm(r"(\d{6})", "", "010011", "RO"),
    "SE": PostalForm(r"(\d{3})(\d{2})", " ", "111 20", "S SE"),
    "SG": PostalForm(r"(\d{6})", "", "018956"),
    "SI": PostalForm(_FOUR, "", "1000", "SI"),
    "SK": PostalForm(r"(\d{3})(\d{2})", " ", "811 01", "SK"),
    "US": PostalForm(r"(\d{5})(\d{4})?", "-", "10001 or 10001-1234", "US"),
    "ZA": PostalForm(_FOUR, "", "2000"),
}

# Deliveries arrive without a code there.
OPTIONAL = frozenset({"IE", "ZA", "MT"})
# Carriers and tax need the state or province.
STATE_REQUIRED = frozenset({"US", "CA", "AU", "BR", "IN", "MX"})
