"""Text functions."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from penstock.mapping.errors import BadValue, shown
from penstock.mapping.functions.glob import glob_matches
from penstock.mapping.functions.registry import function
from penstock.mapping.functions.values import MAX_TEXT, sized, to_integer, to_text

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]{1,2}(?![^\W\d_]))?")
_NOT_DIGITS = re.compile("[^0-9]+")


def text(value: Any) -> str | None:
    """The value as text: numbers without exponent, timestamps as ISO 8601. Refuses control characters except newline
    and tab; Windows line ends become newlines.
    """
    if type(value) is str and value.isprintable():
        return value
    return None if value is None else to_text(value)


def upper(value: Any) -> str | None:
    """In capitals."""
    return None if value is None else to_text(value).upper()


def lower(value: Any) -> str | None:
    """In small letters."""
    return None if value is None else to_text(value).lower()


def title_case(value: Any) -> str | None:
    """Each word with a capital, the rest small."""
    return None if value is None else _WORD.sub(lambda word: word.group().capitalize(), to_text(value))


def trim(value: Any) -> str | None:
    """Without space at both ends."""
    if type(value) is str and value.isprintable():
        return value.strip()
    return None if value is None else to_text(value).strip()


def normalise_space(value: Any) -> str | None:
    """Without space at both ends, and every run of space, tab and newline inside as one space."""
    return None if value is None else " ".join(to_text(value).split())


def blank_to_null(value: Any) -> Any:
    """Null for an empty text or one of space only; anything else as it is."""
    return None if isinstance(value, str) and not value.strip() else value


def concat(*parts: Any) -> str:
    """The parts one after the other; a null part adds nothing."""
    return sized("".join([to_text(part) for part in parts if part is not None]))


def join(separator: Any, *parts: Any) -> str:
    """The parts with the separator between them; null, empty and blank parts are left out. A part may be a list."""
    texts: list[str] = []
    for part in parts:
        for item in part if isinstance(part, list) else (part,):
            found = "" if item is None else to_text(item).strip()
            if found:
                texts.append(found)
    return sized(to_text(separator).join(texts))


def replace(value: Any, old: Any, new: Any) -> str | None:
    """Every `old` in the text replaced by `new`."""
    if value is None:
        return None
    sought = to_text(old)
    if not sought:
        raise BadValue("there is nothing to replace: `old` is empty")
    source, by = to_text(value), to_text(new)
    if len(by) > len(sought) and len(source) + source.count(sought) * (len(by) - len(sought)) > MAX_TEXT:
        raise BadValue(f"the text would be longer than {MAX_TEXT} characters")
    return source.replace(sought, by)


def left(value: Any, length: Any) -> str | None:
    """The first `length` characters: cutting is never silent, this says so."""
    return None if value is None else to_text(value)[: _count(length)]


def right(value: Any, length: Any) -> str | None:
    """The last `length` characters."""
    if value is None:
        return None
    count = _count(length)
    return to_text(value)[-count:] if count else ""


def pad_left(value: Any, length: Any, fill: str = "0") -> str | None:
    """Filled up at the left to `length` characters; a longer text stays as it is."""
    if value is None:
        return None
    if not isinstance(fill, str) or len(fill) != 1:
        raise BadValue(f"{shown(fill)} is not one character to fill with")
    return to_text(value).rjust(min(_count(length), 1_000), fill)


def length(value: Any) -> int | None:
    """Number of characters."""
    return None if value is None else len(to_text(value))


def split(value: Any, separator: Any) -> list[str] | None:
    """The parts between the separators, as a list."""
    if value is None:
        return None
    between = to_text(separator)
    if not between:
        raise BadValue("the separator is empty")
    parts = to_text(value).split(between, 10_000)
    if len(parts) > 10_000:
        raise BadValue("the text has more than 10,000 parts")
    return parts


def starts_with(value: Any, start: Any) -> bool | None:
    """Does the text begin so? Capitals matter."""
    return None if value is None else to_text(value).startswith(to_text(start))


def ends_with(value: Any, end: Any) -> bool | None:
    """Does the text end so? Capitals matter."""
    return None if value is None else to_text(value).endswith(to_text(end))


def contains(value: Any, part: Any) -> bool | None:
    """Is the part in the text? Capitals matter."""
    return None if value is None else to_text(part) in to_text(value)


def matches(value: Any, pattern: Any) -> bool | None:
    """Does the whole text fit the pattern? `*` is any text, `?` one character, `[A-Z0-9]` one of these, `[!0-9]` one
    of none of these. Capitals matter.
    """
    return None if value is None else glob_matches(to_text(value), to_text(pattern))


def digits(value: Any) -> str | None:
    """Only the digits 0 to 9 of the text."""
    return None if value is None else _NOT_DIGITS.sub("", to_text(value))


def hash_text(value: Any) -> str | None:
    """SHA-256 of the text, 64 hexadecimal digits. Anyone can compute it: no way to hide an e-mail address."""
    return None if value is None else sha256(to_text(value).encode()).hexdigest()


def _count(length: Any) -> int:
    count = to_integer(length)
    if count < 0:
        raise BadValue(f"a length cannot be {count}")
    return count


_TEXT = "Text"
FUNCTIONS = (
    function(text, group=_TEXT, kinds="any -> text", examples={"text(12)": '"12"', "text(1.50)": '"1.50"'}),
    function(upper, group=_TEXT, kinds="text -> text", examples={'upper("apr-snd")': '"APR-SND"'}),
    function(lower, group=_TEXT, kinds="text -> text", examples={'lower("Ann@Example.com")': '"ann@example.com"'}),
    function(
        title_case,
        group=_TEXT,
        kinds="text -> text",
        examples={'title_case("JEAN-LUC o\'neil")': '"Jean-Luc O\'Neil"'},
    ),
    function(trim, group=_TEXT, kinds="text -> text", examples={'trim("  x ")': '"x"'}),
    function(normalise_space, group=_TEXT, kinds="text -> text", examples={'normalise_space(" a   b ")': '"a b"'}),
    function(blank_to_null, group=_TEXT, kinds="any -> any", examples={'blank_to_null(" ")': "null"}),
    function(concat, group=_TEXT, kinds="any -> text", examples={'concat("PS", 1, "-", 41)': '"PS1-41"'}),
    function(join, group=_TEXT, kinds="text, any -> text", examples={'join(" ", "Ann", null, "Lee")': '"Ann Lee"'}),
    function(replace, group=_TEXT, kinds="text, text, text -> text", examples={'replace("1,5", ",", ".")': '"1.5"'}),
    function(left, group=_TEXT, kinds="text, integer -> text", examples={'left("abcdef", 3)': '"abc"'}),
    function(right, group=_TEXT, kinds="text, integer -> text", examples={'right("abcdef", 2)': '"ef"'}),
    function(pad_left, group=_TEXT, kinds="text, integer, text -> text", examples={'pad_left("41", 5)': '"00041"'}),
    function(length, group=_TEXT, kinds="text -> integer", examples={'length("abc")': "3"}),
    function(split, group=_TEXT, kinds="text, text -> list", examples={'split("a/b", "/")[1]': '"b"'}),
    function(
        starts_with, group=_TEXT, kinds="text, text -> boolean", examples={'starts_with("PS1-41", "PS1-")': "true"}
    ),
    function(ends_with, group=_TEXT, kinds="text, text -> boolean", examples={'ends_with("a.pdf", ".pdf")': "true"}),
    function(contains, group=_TEXT, kinds="text, text -> boolean", examples={'contains("abc", "x")': "false"}),
    function(
        matches,
        group=_TEXT,
        kinds="text, text -> boolean",
        examples={'matches("APR-SND", "A*-[A-Z]??")': "true", 'matches("12a", "[0-9][0-9]")': "false"},
    ),
    function(digits, group=_TEXT, kinds="text -> text", examples={'digits("+33 1 23")': '"33123"'}),
    function(hash_text, group=_TEXT, kinds="text -> text", examples={'left(hash_text("a"), 8)': '"ca978112"'}),
)
