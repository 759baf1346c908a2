"""What differs between two canonical records, field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

NOTHING = None
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """`path` is that of the field without the number of its line: `lines.sku`. Values as texts; None: not there."""

    path: str
    was: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class Example:
    """One document in which a field differs."""

    document: str
    was: str | None
    now: str | None


@dataclass(slots=True)
class Changed:
    """One field of one entity: in how many documents it differs, and some of them."""

    documents: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """What a replay would change.

    ends: what became of each version (`same`, `differs`, `held`, `dead-letter`, `missing`). stopped: (entity, why).
    """

    ends: Counter[str] = field(default_factory=Counter)
    changed: dict[tuple[str, str], Changed] = field(default_factory=dict)
    stopped: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, entity: str, document: str, differences: list[Difference]) -> None:
        for path, each in {each.path: each for each in reversed(differences)}.items():
            known = self.changed.setdefault((entity, path), Changed())
            known.documents += 1
            if len(known.examples) < EXAMPLES:
                known.examples.append(Example(document, each.was, each.now))


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Every leaf that differs; lists are compared by position."""
    return list(_differences("", was, now))


def _differences(path: str, was: Any, now: Any) -> Iterator[Difference]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys((*was, *now)):
            inner = f"{path}.{name}" if path else str(name)
            yield from _differences(inner, was.get(name, NOTHING), now.get(name, NOTHING))
    elif isinstance(was, list) and isinstance(now, list):
        for index in range(max(len(was), len(now))):
            one = was[index] if index < len(was) else NOTHING
            other = now[index] if index < len(now) else NOTHING
            yield from _differences(path, one, other)
    elif was != now:
        yield Difference(path, _shown(was), _shown(now))


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    text = f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
