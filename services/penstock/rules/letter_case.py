"""Proper case for texts in ALL CAPITALS or all small letters. Mixed case is the writer's own and stays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from penstock.rules.data import words

Kind = Literal["name", "place"]
"""`name`: given and family names. `place`: street lines and cities."""

_ORDINAL = re.compile(r"(\d+)([^\W\d_]+)")
_PIECES = re.compile(r"([-/])")
_APOSTROPHES = re.compile(r"(['’])")
# Letters that Python counts as small although capitals have no other form of them.
_UNCASED = str.maketrans("", "", "ßªº")
_VOWELS = frozenset("aeiouyäöüàâéèêëîïôùû")


@dataclass(frozen=True, slots=True)
class _Manner:
    """How one country writes one kind of text."""

    small: frozenset[str]
    small_first: bool
    elisions: frozenset[str]
    fixed: dict[str, str]
    ordinals: frozenset[str]
    dutch: bool


def needs_case(text: str) -> bool:
    """Whether every letter is a capital, or every letter is small."""
    if text.isupper() or text.islower():
        return True
    if text.isascii():
        return False
    plain = text.translate(_UNCASED)
    return plain != text and (plain.isupper() or plain.islower())


def proper_case(text: str, kind: Kind, country: str) -> str:
    """`MCDONALD-O'NEILL` -> `McDonald-O'Neill`; words are separated by one space each. Country is alpha-2."""
    if not needs_case(text) or country in words.CASE_LEFT_ALONE:
        return text
    manner = _manner(kind, country)
    shouted = text.translate(_UNCASED).isupper()
    out: list[str] = []
    first = True
    for word in text.split(" "):
        out.append(_word(word, manner, kind, first=first, shouted=shouted))
        # A house number does not begin the text, a comma begins it anew.
        first = word.endswith(",") or (first and _belongs_to_number(word))
    return " ".join(out)


def _belongs_to_number(word: str) -> bool:
    return not any(map(str.isalpha, word)) or word[0].isdigit() or word.lower() in words.NUMBER_WORDS


@cache
def _manner(kind: Kind, country: str) -> _Manner:
    languages = words.LANGUAGES.get(country, "").split()
    fixed = dict(words.FIXED_FORMS)
    for language in languages:
        fixed |= words.FIXED_FORMS_BY_LANGUAGE.get(language, {}) if kind == "place" else {}
    if kind == "name":
        small, capital_first = words.NAME_WORDS.get(country, ("", True))
        names = frozenset(small.split())
        fixed.pop("po", None)
        return _Manner(names, not capital_first, names & {"d"}, fixed, frozenset(), country in ("BE", "NL"))
    return _Manner(
        small=frozenset(" ".join(words.SMALL_WORDS[language] for language in languages).split()),
        small_first=False,
        elisions=frozenset(" ".join(words.ELISIONS[language] for language in languages).split()),
        fixed=fixed,
        ordinals=frozenset(" ".join(words.ORDINALS.get(language, "") for language in languages).split()),
        dutch=country in ("BE", "NL"),
    )


def _word(word: str, manner: _Manner, kind: Kind, *, first: bool, shouted: bool) -> str:
    bare = word.strip(",;.()").lower()
    if kind == "place" and bare in words.NUMBER_WORDS:
        return word.lower()
    if bare in manner.fixed:
        return word.replace(word.strip(",;.()"), manner.fixed[bare])
    pieces = _PIECES.split(word)
    if len(pieces) > 1 and word[0].isdigit():
        return word  # 3/A, 12-14b
    if len(pieces) == 1:
        return _piece(word, manner, kind, first=first, shouted=shouted)
    return "".join(
        _piece(piece, manner, kind, first=first and index == 0, shouted=shouted) for index, piece in enumerate(pieces)
    )


def _piece(piece: str, manner: _Manner, kind: Kind, *, first: bool, shouted: bool) -> str:
    lower = piece.lower()
    bare = lower.strip(",;.()")
    if any(char.isdigit() for char in piece):
        ordinal = _ORDINAL.fullmatch(bare)
        if ordinal and ordinal[2] in manner.ordinals:
            return lower
        if not bare[:3].isalpha():
            return piece  # 4B, A12; but Hauptstr.5
    if bare in manner.small:
        return lower if manner.small_first or not first else _capital(lower)
    if kind == "name" and shouted and len(bare) == 2 and _VOWELS.isdisjoint(bare):
        return piece  # initials without dots: JP, TJ
    parts = _APOSTROPHES.split(lower)
    if len(parts) == 1:
        return _capitalised(lower, bare, manner)
    return _elided(parts, manner, kind, first=first)


def _elided(parts: list[str], manner: _Manner, kind: Kind, *, first: bool) -> str:
    head, mark, tail = parts[0], parts[1], "".join(parts[2:])
    bare = head.strip("(")
    if not bare:  # 's-Hertogenbosch, 't Hof
        return head + mark + tail
    if bare in words.NAME_PREFIXES or bare in manner.elisions:
        small = bare in manner.elisions and (not first or (kind == "name" and manner.small_first))
        return (head if small else _capital(head)) + mark + _capitalised(tail, tail.strip(",;.()"), manner)
    return _capital(head) + mark + tail


def _capitalised(lower: str, bare: str, manner: _Manner) -> str:
    if (bare.startswith("mc") and len(bare) > 4) or bare in words.MAC_NAMES:
        at = lower.index(bare) + (2 if bare.startswith("mc") else 3)
        return _capital(lower[:at]) + _capital(lower[at:])
    if manner.dutch and bare.startswith("ij"):
        return lower.replace("ij", "IJ", 1)
    if "." in lower:  # J.P. and ST.JOHN, but V.le and P.zza
        head, *rest = lower.split(".")
        return ".".join([_capital(head), *(part if 2 <= len(part) <= 3 else _capital(part) for part in rest)])
    return _capital(lower)


def _capital(lower: str) -> str:
    """The first letter as a capital, where the capital is one letter."""
    for index, char in enumerate(lower):
        if char.isalpha():
            upper = char.upper()
            return lower[:index] + upper + lower[index + 1 :] if len(upper) == 1 else lower
    return lower
