"""Glob patterns in time at most text times pattern, and that bounded: no pattern can hang a service."""

from __future__ import annotations

from functools import lru_cache

from penstock.mapping.errors import BadValue

MAX_WORK = 1_000_000
_ANY_TEXT = None
_One = tuple[bool, str]
"""(negated, the characters); an empty, negated set is `?`."""


def glob_matches(text: str, pattern: str) -> bool:
    """Does the whole text fit? Raises BadValue for a pattern that is not well-formed."""
    parts = _parts(pattern)
    if len(text) * len(parts) > MAX_WORK:
        raise BadValue(f"a text of {len(text)} characters is too long for the pattern {pattern!r}")
    at = part = 0
    star = -1
    resume = 0
    while at < len(text):
        if part < len(parts) and parts[part] is _ANY_TEXT:
            star, resume = part, at
            part += 1
        elif part < len(parts) and _fits(parts[part], text[at]):
            part += 1
            at += 1
        elif star >= 0:
            # The last star takes one character more; earlier ones never need to change.
            part = star + 1
            resume += 1
            at = resume
        else:
            return False
    return all(rest is _ANY_TEXT for rest in parts[part:])


def _fits(wanted: _One | None, char: str) -> bool:
    return wanted is not None and (char in wanted[1]) != wanted[0]


@lru_cache(maxsize=1024)
def _parts(pattern: str) -> tuple[_One | None, ...]:
    if len(pattern) > 200:
        raise BadValue("a pattern has at most 200 characters")
    parts: list[_One | None] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            if not parts or parts[-1] is not _ANY_TEXT:
                parts.append(_ANY_TEXT)
        elif char == "?":
            parts.append((True, ""))
        elif char == "[":
            end = pattern.find("]", at + 2)
            if end < 0:
                raise BadValue(f"the pattern {pattern!r} has a [ without a ]")
            parts.append(_one_of(pattern[at + 1 : end]))
            at = end
        else:
            parts.append((False, char))
        at += 1
    return tuple(parts)


def _one_of(inside: str) -> _One:
    negated = inside.startswith("!")
    chars = inside[1:] if negated else inside
    out: list[str] = []
    at = 0
    while at < len(chars):
        if chars[at + 1 : at + 2] == "-" and at + 2 < len(chars):
            first, last = ord(chars[at]), ord(chars[at + 2])
            if last - first > 1_000:
                raise BadValue(f"the range {chars[at : at + 3]!r} is too wide")
            out.extend(chr(code) for code in range(first, last + 1))
            at += 3
        else:
            out.append(chars[at])
            at += 1
    return negated, "".join(out)
