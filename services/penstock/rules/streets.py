"""Street abbreviations written out, or written short, in the one direction that the country declares."""

from __future__ import annotations

import re
from functools import cache

from penstock.rules.data.streets import (
    DIRECTIONS,
    HOUSE_NUMBER_WORDS,
    NOT_STREETS,
    PO_BOX,
    STREETS,
    UNIT_WORDS,
    StreetWords,
)

Change = tuple[str, str]
"""(as it was, as it is now)"""

_PO_BOX = re.compile(r"(p\.? ?o\.? ?box|post office box)\b", re.IGNORECASE)
_HOUSE_NUMBER = re.compile(r"[\d/\-]+\w?")
_TAIL = ",;"


@cache
def _variants(country: str) -> frozenset[str]:
    street = STREETS[country]
    return frozenset((*street.leading, *street.trailing, *street.anywhere, *street.units))


def direction(country: str) -> str:
    """`expand` or `abbreviate`, for the sentence that tells of a change."""
    return STREETS[country].direction


def standard_line(line: str, country: str) -> tuple[str, list[Change]]:
    """`line` (single spaces) with the street words of `country` in their declared form, and what was changed."""
    street = STREETS.get(country)
    if street is None:
        return line, []
    lower = line.lower()
    changes: list[Change] = []
    if "box" in lower and country in PO_BOX:
        line = _po_box(line, changes)
    if _may_have_any(street, country, lower):
        parts = [_segment(segment, street, changes) for segment in _segments(line.split(" "))]
        line = " ".join(" ".join(part) for part in parts)
    return line, changes


def _may_have_any(street: StreetWords, country: str, lower: str) -> bool:
    """Quick: false for nearly every line that is written as it should be."""
    if not _variants(country).isdisjoint(lower.replace(",", " ").replace(";", " ").split(" ")):
        return True
    parts = (*street.attached, *street.prefixes)
    return bool(parts) and any(part in lower for part in parts)


def _po_box(line: str, changes: list[Change]) -> str:
    found = _PO_BOX.match(line)
    if found is None or found[1] == "PO Box":
        return line
    changes.append((found[1], "PO Box"))
    return "PO Box" + line[found.end() :]


def _segments(words: list[str]) -> list[list[str]]:
    """The words, parted behind each comma."""
    parts: list[list[str]] = [[]]
    for word in words:
        parts[-1].append(word)
        if word.endswith(","):
            parts.append([])
    return parts if parts[-1] else parts[:-1]


def _segment(words: list[str], street: StreetWords, changes: list[Change]) -> list[str]:
    if street.leading or street.prefixes:
        _leading(words, street, changes)
    if street.trailing:
        _trailing(words, street, changes)
    if street.units:
        _units(words, street, changes)
    if street.anywhere or street.attached:
        for index, word in enumerate(words):
            _replace(words, index, street.anywhere.get(_core(word)) or _attached(word, street), changes)
    return words


def _leading(words: list[str], street: StreetWords, changes: list[Change]) -> None:
    for index, word in enumerate(words):
        core = _core(word)
        if _HOUSE_NUMBER.fullmatch(core) or core in HOUSE_NUMBER_WORDS:
            continue
        form = street.leading.get(core)
        for start, full in street.prefixes.items():
            if core.startswith(start) and len(core) > len(start) and core not in NOT_STREETS:
                form = f"{full} {word.rstrip(_TAIL)[len(start) :]}"
        if form and (index + 1 < len(words) or " " in form):
            _replace(words, index, form, changes)
        return


def _trailing(words: list[str], street: StreetWords, changes: list[Change]) -> None:
    end = next((at for at, word in enumerate(words) if at and _begins_unit(word)), len(words))
    if end > 1 and _core(words[end - 1]) in DIRECTIONS:
        end -= 1
    named = any(any(map(str.isalpha, word)) and word.lower() != "the" for word in words[: end - 1])
    if end > 0 and named:
        _replace(words, end - 1, street.trailing.get(_core(words[end - 1])), changes)


def _begins_unit(word: str) -> bool:
    return word.startswith("#") or _core(word) in UNIT_WORDS


def _units(words: list[str], street: StreetWords, changes: list[Change]) -> None:
    for index in range(len(words) - 1):
        following = _core(words[index + 1])
        if len(following) == 1 or any(map(str.isdigit, following)):
            _replace(words, index, street.units.get(_core(words[index])), changes)


def _attached(word: str, street: StreetWords) -> str | None:
    """`Müllerstr.` and `Müllerstr.5` -> `Müllerstraße`, `Müllerstraße 5`."""
    core = word.rstrip(_TAIL)
    stem = core.rstrip("0123456789")
    number = core[len(stem) :]
    for ending, form in street.attached.items():
        start = stem[: -len(ending)]
        if stem.lower().endswith(ending) and len(start) > 2 and start[-1] != ".":
            full = start + (form.capitalize() if start[-1] == "-" else form)
            return f"{full} {number}" if number else full
    return None


def _replace(words: list[str], index: int, form: str | None, changes: list[Change]) -> None:
    """Puts `form` in place of the word, keeping the comma behind it."""
    if form is None:
        return
    word = words[index]
    core = word.rstrip(_TAIL)
    if core != form:
        changes.append((core, form))
        words[index] = form + word[len(core) :]


def _core(word: str) -> str:
    return word.rstrip(_TAIL).lower()
