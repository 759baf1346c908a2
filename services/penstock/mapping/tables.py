"""Code tables: what one system calls 3 and another `processing`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from penstock.mapping.errors import MappingSyntaxError, Place, Problem, UnknownCode, nearest
from penstock.mapping.yamltext import Block, load

_KEYS = ("doc", "keys", "values", "entries", "default")


@dataclass(frozen=True, slots=True)
class CodeTable:
    """Entries are text to text; `default` is the answer for every other code, None when that is an error."""

    name: str
    entries: Mapping[str, str]
    file: str
    default: str | None = None
    doc: str = ""

    def lookup(self, code: str) -> str:
        """Raises UnknownCode naming the nearest entries and the file to edit."""
        found = self.entries.get(code, self.default)
        if found is None:
            raise UnknownCode(self.name, code, get_close_matches(code, self.entries, n=3, cutoff=0.5), self.file)
        return found

    @classmethod
    def from_text(cls, name: str, text: str, file: str = "") -> CodeTable:
        """Reads a table file. Raises MappingSyntaxError."""
        file = file or f"tables/{name}.yaml"
        root = load(file, text)
        problems: list[Problem] = []
        entries: dict[str, str] = {}
        for key, item in root.items():
            if key not in _KEYS:
                problems.append(Problem(Place(file, item.line), f"unknown key {key!r}{nearest(key, _KEYS)}"))
        given = root.get("entries")
        if given is None or not isinstance(given.value, dict):
            problems.append(Problem(Place(file, 1), "a code table needs `entries:` with `code: value` lines"))
        else:
            entries = {key: _text(file, key, item, problems) for key, item in given.value.items()}
        default = root.get("default")
        fallback = None if default is None else _text(file, "default", default, problems)
        doc = root.get("doc")
        if problems:
            raise MappingSyntaxError(problems)
        return cls(name, entries, file, fallback, "" if doc is None else str(doc.value))


def _text(file: str, key: str, item: Block, problems: list[Problem]) -> str:
    value: Any = item.value
    if isinstance(value, str):
        return value
    problems.append(Problem(Place(file, item.line, key), "a code table holds texts, not lists or objects"))
    return ""
