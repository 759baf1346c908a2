"""What the shop's answers mean: rows and error codes out of JSON that may have PHP's words in front of it.

Codes are matched, never texts: messages come in the shop's language and echo what was sent (systems/prestashop.md 4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

Row = dict[str, Any]

PHP_NOISE = range(2, 16)
"""Codes of PHP warnings, notices and the like: they say nothing about the call."""

NEVER_AGAIN = frozenset({28, *range(32, 40), 127})
"""A fault of ours in the call itself: the same call will fail for ever."""

_ROOT = re.compile(rb'\{"[a-z_]+":\s*[\[{]|\[\]\s*\Z')


class UnreadableError(Exception):
    """The answer is no document of the webservice (HTML, cut short, empty): nothing can be concluded from it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of an answer, and the error codes that mean something; `noise` tells of PHP warnings beside them."""

    rows: tuple[Row, ...]
    codes: tuple[int, ...]
    noise: bool
    has_entity: bool

    @property
    def fault(self) -> bool:
        return bool(self.codes)


def read_answer(body: bytes) -> Answer:
    """Reads any JSON answer: list, `[]`, one object, errors, or an object beside errors.

    Raises UnreadableError for everything else; an empty body too, as what it means depends on the status.
    """
    document = _document(body)
    codes = _codes(document.get("errors"))
    rows = _rows(document)
    meant = tuple(code for code in codes if code not in PHP_NOISE)
    return Answer(rows or (), meant, noise=len(meant) < len(codes), has_entity=rows is not None)


def rows_of(body: bytes) -> tuple[Row, ...]:
    """Rows of a stored part; an empty body (404 of a missing object) has none."""
    return _rows(_document(body)) or () if body.strip() else ()


def _document(body: bytes) -> Row:
    """The root object; an empty one for `[]`."""
    document = _json(body)
    if document == []:
        return {}
    if not isinstance(document, dict) or not document:
        raise UnreadableError("JSON, but neither [] nor an object with rows or errors")
    return document


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        problem = f"no JSON in {len(body)} bytes: {error.msg}" if body.strip() else "empty body"
    # Only at the first place that can be the root: further in, the rest of a cut answer would look like a whole one.
    root = _ROOT.search(body)
    if root is None or root.start() == 0:
        raise UnreadableError(problem)
    try:
        return orjson.loads(body[root.start() :])
    except orjson.JSONDecodeError as error:
        raise UnreadableError(f"no JSON after {root.start()} bytes of other text: {error.msg}") from error


def _codes(errors: Any) -> tuple[int, ...]:
    entries = errors if isinstance(errors, list) else [] if errors is None else [errors]
    found = []
    for entry in entries:
        code = entry.get("code") if isinstance(entry, dict) else None
        try:
            found.append(int(code)) if code is not None else found.append(0)
        except (TypeError, ValueError):
            found.append(0)
    return tuple(found)


def _rows(document: Row) -> tuple[Row, ...] | None:
    """The first member that is not `errors`: its name differs from the resource's for order_slip."""
    for name, value in document.items():
        if name == "errors":
            continue
        if isinstance(value, dict):
            return (value,)
        if isinstance(value, list):
            for row in value:
                if not isinstance(row, dict):
                    raise UnreadableError(f"{name} holds something else than objects")
            return tuple(value)
        raise UnreadableError(f"{name} is neither a list nor an object")
    return None


def text(value: Any) -> str:
    """A scalar as text: 1.7 writes numbers as strings, 8 and 9 as numbers; null and false are empty."""
    if type(value) is str:
        return value.strip()
    return "" if value is None or value is False else str(value).strip()


def integer(value: Any) -> int:
    """A scalar as a whole number; empty, null and absent are 0. Raises ValueError for anything else."""
    found = text(value)
    return int(found) if found else 0


def flag(value: Any) -> bool:
    """`"1"`, 1 and true are true."""
    return text(value) in {"1", "True", "true"}
