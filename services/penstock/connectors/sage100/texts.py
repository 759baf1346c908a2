"""Texts as Sage 100 can keep them: NFC, one byte of Windows-1252 per character, and no longer than the field. Pure.

Nothing is cut. An address line that is too long is spread over the three lines of the address; what does not fit is
told with field, length and length of the value.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

import pycountry

from penstock.connectors.sage100.settings import Sage100Settings

_LETTERS = {
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ı": "i", "ŋ": "ng", "Ŋ": "NG", "ŧ": "t", "Ŧ": "T",
    "ĸ": "k", "ʼ": "'", "‐": "-", "‑": "-", "−": "-", "\u202f": " ", "\u2009": " ",
}  # fmt: skip
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґ"
_CYRILLIC_IN_LATIN = "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya yo i yi ye g"
_GREEK = "αβγδεζηθικλμνξοπρσςτυφχψω"
_GREEK_IN_LATIN = "a v g d e z i th i k l m n x o p r s s t y f ch ps o"
_WORDS = {
    letter: latin.strip("-")
    for letters, words in ((_CYRILLIC, _CYRILLIC_IN_LATIN), (_GREEK, _GREEK_IN_LATIN))
    for letter, latin in zip(letters, words.split(), strict=True)
}


class FieldError(ValueError):
    """A text cannot be written as it is. `rule` is what a hold is called; the text holds no value."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


def storable(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def transliterated(text: str) -> str:
    """Each letter that Windows-1252 lacks in letters that it has; what nobody can write in Latin stays.

    >>> transliterated("Łódź, Москва")
    'Lódz, Moskva'
    """
    return "".join(character if storable(character) else _latin(character) for character in text)


def _latin(character: str) -> str:
    if character in _LETTERS:
        return _LETTERS[character]
    known = _WORDS.get(character.lower())
    if known is not None:
        return known.capitalize() if character.isupper() else known
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    word = _WORDS.get(plain.lower()) if plain else None
    if word is not None:
        return word.capitalize() if plain.isupper() else word
    return plain if plain and storable(plain) else character


def fitted(
    table: str, values: Mapping[str, Any], settings: Sage100Settings, *, transliterate: bool, where: str = ""
) -> dict[str, str]:
    """The fields of a document as they are written; those that are null or blank are left out. Values: text, Decimal.

    Raises FieldError: `characters` or `field-length`.
    """
    out: dict[str, str] = {}
    for name, value in values.items():
        if value is None or value == "":
            continue
        text = value if isinstance(value, str) else f"{value:f}"
        out[name] = _text(name, text, transliterate=transliterate, where=where)
    for prefix in ("BillToAddress", "ShipToAddress", "AddressLine"):
        _spread(table, prefix, out, settings)
    for name, value in out.items():
        check_length(table, name, value, settings, where)
    return out


def check_length(table: str, name: str, value: str, settings: Sage100Settings, where: str = "") -> None:
    limit = settings.length(table, name)
    if limit is not None and len(value) > limit:
        raise FieldError(
            "field-length",
            f"{where}{table}.{name} takes {limit} characters, the value has {len(value)}: shorten it in the shop, or "
            "map it to another field",
        )


def _text(name: str, value: str, *, transliterate: bool, where: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", value).split())
    if name.endswith("CountryCode"):
        text = alpha_3(text)
    if not storable(text) and transliterate:
        text = unicodedata.normalize("NFC", transliterated(text))
    if not storable(text):
        outside = sorted({unicodedata.name(letter, "?").split()[0].title() for letter in text if not storable(letter)})
        remedy = "write it in Latin letters in the shop"
        if not transliterate:
            remedy += ", or set the policy characters to transliterate"
        raise FieldError(
            "characters",
            f"{where}{name} has letters that Sage 100 cannot keep (Windows-1252): {', '.join(outside)}: {remedy}",
        )
    return text


def alpha_3(country: str) -> str:
    """`US` -> `USA`; anything that is no alpha-2 code stays."""
    found = pycountry.countries.get(alpha_2=country) if len(country) == 2 else None
    return str(found.alpha_3) if found is not None else country


def _spread(table: str, prefix: str, out: dict[str, str], settings: Sage100Settings) -> None:
    """Words of too long address lines over all three, in their order; left alone where they do not fit either."""
    names = [f"{prefix}{number}" for number in (1, 2, 3)]
    limit = settings.length(table, names[0]) if names[0] in out else None
    if limit is None or all(len(out.get(name, "")) <= limit for name in names):
        return
    lines: list[str] = []
    for given in (out[name] for name in names if name in out):
        fresh = True
        for word in given.split():
            if not fresh and len(lines[-1]) + 1 + len(word) <= limit:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
            fresh = False
    if len(lines) > len(names):
        lines = _packed(" ".join(out[name] for name in names if name in out).split(), limit)
    if len(lines) <= len(names) and all(len(line) <= limit for line in lines):
        for name in names:
            out.pop(name, None)
        out.update(zip(names, lines, strict=False))


def _packed(words: list[str], limit: int) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > limit:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
