"""Which parts of a document a mapping reads, and what is left when they are taken away (`rest`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from penstock.mapping.errors import BadValue

EVERY_ROW = -1_000_000
"""Key of a `Read` for all rows of a list."""

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Read:
    """A tree of what is read: `whole` when all below it is. Keys are field names and row numbers."""

    whole: bool = False
    below: dict[str | int, Read] = field(default_factory=dict)

    def mark(self, path: Path) -> None:
        node = self
        for key in path:
            node = node.below.setdefault(key, Read())
        node.whole = True

    def at(self, path: Path) -> Read:
        node = self
        for key in path:
            node = node.below.setdefault(key, Read())
        return node

    def paths(self, prefix: str = "") -> Iterator[str]:
        """`order.lines[].sku`, one per leaf, sorted."""
        if self.whole or not self.below:
            if prefix:
                yield prefix
            return
        for key in sorted(self.below, key=str):
            yield from self.below[key].paths(_joined(prefix, key))


def _joined(prefix: str, key: str | int) -> str:
    if key == EVERY_ROW:
        return f"{prefix}[]"
    if isinstance(key, int):
        return f"{prefix}[{key}]"
    return f"{prefix}.{key}" if prefix else key


_EMPTY: tuple[object, ...] = (None, "", [], {})


def unread(node: Any, read: Read, secrets: frozenset[str] = frozenset()) -> dict[str, str]:
    """Fields of `node` that `read` does not cover, each as JSON text; empty and secret ones left out."""
    if not isinstance(node, dict):
        raise BadValue("rest() is for an object")
    left: dict[str, str] = {}
    below = read.below
    for key, value in node.items():
        if value is None or value == "":
            continue
        covered = below.get(key)
        if covered is None and isinstance(value, str):
            if key.lower() not in secrets:
                left[key] = orjson.dumps(value).decode()
            continue
        if covered is not None and covered.whole:
            continue
        remaining = _left({key: value}, {key: covered} if covered else {}, secrets)
        if remaining:
            left[key] = orjson.dumps(remaining[key], default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    return left


def _left(node: dict[str, Any], below: dict[str, Read], secrets: frozenset[str]) -> dict[str, Any]:
    left: dict[str, Any] = {}
    for key, value in node.items():
        if key.lower() in secrets:
            continue
        remaining = _pruned(value, below.get(key), secrets)
        if remaining not in _EMPTY:
            left[key] = remaining
    return left


def _pruned(value: Any, read: Read | None, secrets: frozenset[str]) -> Any:
    if read is not None and read.whole:
        return None
    if isinstance(value, dict):
        return _left(value, _named(read), secrets)
    if isinstance(value, list):
        rows = [_pruned(row, _of_row(read, at, len(value)), secrets) for at, row in enumerate(value)]
        return [row for row in rows if row not in _EMPTY]
    # A plain value under a path that goes deeper was never read as such: it stays.
    return value


def _named(read: Read | None) -> dict[str, Read]:
    return {} if read is None else {key: child for key, child in read.below.items() if isinstance(key, str)}


def _of_row(read: Read | None, at: int, size: int) -> Read | None:
    if read is None:
        return None
    merged = Read()
    for key in (EVERY_ROW, at, at - size):
        child = read.below.get(key)
        if child is not None:
            merged.whole = merged.whole or child.whole
            merged.below.update(child.below)
    return merged


def _plain(value: object) -> str:
    if isinstance(value, Decimal | datetime | date):
        return str(value)
    raise BadValue(f"{type(value).__name__} cannot be kept as JSON")
