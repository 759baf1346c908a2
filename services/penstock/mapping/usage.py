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


_SCALARS = frozenset({str, int, float, bool})


class Unread:
    """What a `Read` leaves of a document; built once, asked for every document.

    secrets: field names in lower case that are never part of it.
    """

    def __init__(self, read: Read, secrets: frozenset[str] = frozenset()) -> None:
        self._read = read
        self._secrets = secrets
        self._whole = frozenset(key for key, child in read.below.items() if child.whole)
        self._deeper = {key: Unread(child, secrets) for key, child in read.below.items() if not child.whole}
        self._untouched = Unread(Read(), secrets) if read.below else self
        self._by_number = any(isinstance(key, int) and key != EVERY_ROW for key in read.below)

    @staticmethod
    def of(read: Read, secrets: frozenset[str]) -> Unread:
        return _NOTHING if read.whole else Unread(read, secrets)

    def fields(self, node: Any) -> dict[str, str]:
        """Fields of an object that are not read, each as JSON text; empty and secret ones left out."""
        if not isinstance(node, dict):
            raise BadValue("rest() is for an object", value=node)
        left = self.left(node) or {}
        return {key: orjson.dumps(kept, _plain, orjson.OPT_NON_STR_KEYS).decode() for key, kept in left.items()}

    def left(self, value: Any) -> Any:
        """What is left of a value: something empty when nothing is."""
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            rows = (self._row(at, len(value)).left(row) for at, row in enumerate(value))
            return [row for row in rows if row or row == 0]
        # A plain value under a path that goes deeper was never read as such: it stays.
        return value

    def _object(self, node: dict[str, Any]) -> dict[str, Any]:
        whole, deeper, secrets = self._whole, self._deeper, self._secrets
        left: dict[str, Any] = {}
        for key, value in node.items():
            if key in whole or not (value or value == 0) or (secrets and key.lower() in secrets):
                continue
            kept = value if type(value) in _SCALARS else deeper.get(key, self._untouched).left(value)
            if kept or kept == 0:
                left[key] = kept
        return left

    def _row(self, at: int, size: int) -> Unread:
        if not self._by_number:
            return _NOTHING if EVERY_ROW in self._whole else self._deeper.get(EVERY_ROW, self._untouched)
        merged = Read()
        for key in (EVERY_ROW, at, at - size):
            child = self._read.below.get(key)
            if child is not None:
                merged.whole = merged.whole or child.whole
                merged.below.update(child.below)
        return Unread.of(merged, self._secrets)


class _Nothing(Unread):
    """Of what is read as a whole, nothing is left."""

    def left(self, value: Any) -> Any:
        del value


_NOTHING = _Nothing(Read())


def _plain(value: object) -> str:
    if isinstance(value, Decimal | datetime | date):
        return str(value)
    raise BadValue(f"{type(value).__name__} cannot be kept as JSON")
