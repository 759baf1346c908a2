"""Decision tables: the first row whose conditions hold gives the value.

```yaml
doc: Cost centre by shop, country and category
inputs: [shop, country, category]
rules:
  - {when: {country: [FR, BE], category: Food}, then: CC-110, why: food is booked by the Lyon team}
  - {when: {country: US}, then: CC-300}
default: CC-100        # optional: without it, an order that no row covers is an error
```

A condition is a text or a list of texts; an input that a row does not name may be anything. All values are texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TABLE_KEYS = ("doc", "inputs", "rules", "default")
_ROW_KEYS = ("when", "then", "why")


class TableError(ValueError):
    """A decision table cannot be used; `problems` are `file:line: what`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class NoRuleError(LookupError):
    """No row of the table covers the inputs, and it has no default."""

    def __init__(self, table: str, file: str, inputs: Mapping[str, str | None]) -> None:
        given = ", ".join(f"{name} {value!r}" for name, value in inputs.items())
        super().__init__(f"table {table!r} has no row for {given}; add one to {file}, or give the table a default")
        self.table = table


@dataclass(frozen=True, slots=True)
class Decision:
    """`row` counts from 1; 0 is the default. `why` is the row's own sentence, else its conditions."""

    value: str
    row: int
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """`when`: input -> the values that it may have."""

    when: Mapping[str, frozenset[str]]
    then: str
    why: str
    line: int

    def holds(self, inputs: Mapping[str, str | None]) -> bool:
        return all(inputs[name] in values for name, values in self.when.items())

    def covers(self, other: Row) -> bool:
        """Whether whatever reaches `other` would have been taken by this row."""
        return all(name in other.when and other.when[name] <= values for name, values in self.when.items())


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """Rows in the order of the file."""

    name: str
    inputs: tuple[str, ...]
    rows: tuple[Row, ...]
    default: str | None
    doc: str
    file: str

    def decide(self, **inputs: str | None) -> Decision:
        """Raises NoRuleError when no row holds, TypeError when an input is missing or unknown."""
        if set(inputs) != set(self.inputs):
            raise TypeError(f"table {self.name!r} decides by {', '.join(self.inputs)}, not by {', '.join(inputs)}")
        for number, row in enumerate(self.rows, start=1):
            if row.holds(inputs):
                return Decision(row.then, number, row.why)
        if self.default is None:
            raise NoRuleError(self.name, self.file, inputs)
        return Decision(self.default, 0, "no row holds: the default")

    @classmethod
    def from_text(cls, name: str, text: str, file: str = "") -> DecisionTable:
        """Reads a table. Raises TableError naming every problem with file and line."""
        return _Reader(name, file or f"tables/{name}.yaml").read(text)


class _Reader:
    def __init__(self, name: str, file: str) -> None:
        self._name = name
        self._file = file
        self._problems: list[str] = []
        self._inputs: tuple[str, ...] = ()

    def read(self, text: str) -> DecisionTable:
        try:
            root = yaml.compose(text, Loader=_Loader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            raise TableError([f"{self._file}:{mark.line + 1 if mark else 1}: not YAML: {error}"]) from error
        top = self._named(root, _TABLE_KEYS, "a decision table")
        self._inputs = tuple(self._texts(top.get("inputs"), root, "`inputs:` is a list of names"))
        nodes = top.get("rules")
        if not isinstance(nodes, yaml.SequenceNode):
            self._wrong(nodes or root, "`rules:` is a list of rows")
        rows = [self._row(node) for node in nodes.value] if isinstance(nodes, yaml.SequenceNode) else []
        self._check_reach(rows)
        default, doc = top.get("default"), top.get("doc")
        table = DecisionTable(
            name=self._name,
            inputs=self._inputs,
            rows=tuple(rows),
            default=None if default is None else self._text(default, "`default` is a text"),
            doc="" if doc is None else self._text(doc, "`doc` is a text"),
            file=self._file,
        )
        if self._problems:
            raise TableError(self._problems)
        return table

    def _row(self, node: Any) -> Row:
        row = self._named(node, _ROW_KEYS, "a row")
        when = self._named(row.get("when"), self._inputs, "`when`", needed=False)
        then = self._text(row["then"], "`then` is a text") if "then" in row else ""
        if "then" not in row:
            self._wrong(node, "a row needs `then:`")
        conditions = {
            name: frozenset(self._texts(value, value, "a condition is a text or a list of texts"))
            for name, value in when.items()
        }
        told = " and ".join(f"{name} is {' or '.join(sorted(values))}" for name, values in conditions.items())
        why = self._text(row["why"], "`why` is a text") if "why" in row else told or "always"
        return Row(conditions, then, why, node.start_mark.line + 1)

    def _check_reach(self, rows: list[Row]) -> None:
        for number, row in enumerate(rows):
            earlier = next((above for above in rows[:number] if above.covers(row)), None)
            if earlier is not None:
                self._problems.append(f"{self._file}:{row.line}: never reached: line {earlier.line} takes all of it")

    def _named(self, node: Any, known: tuple[str, ...], what: str, *, needed: bool = True) -> dict[str, Any]:
        if node is None and not needed:
            return {}
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"{what} has `name: value` lines")
            return {}
        found: dict[str, Any] = {}
        for key, value in node.value:
            if key.value not in known:
                close = get_close_matches(str(key.value), known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"there is {', '.join(known)}"
                self._wrong(key, f"{what} has no {key.value!r}; {hint}")
            elif key.value in found:
                self._wrong(key, f"{key.value!r} is given twice")
            found[key.value] = value
        return found

    def _texts(self, node: Any, place: Any, what: str) -> list[str]:
        if isinstance(node, yaml.SequenceNode):
            return [self._text(item, what) for item in node.value]
        if isinstance(node, yaml.ScalarNode):
            return [node.value]
        self._wrong(place, what)
        return []

    def _text(self, node: Any, what: str) -> str:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self._wrong(node, what)
        return ""

    def _wrong(self, node: Any, message: str) -> None:
        line = node.start_mark.line + 1 if node is not None else 1
        self._problems.append(f"{self._file}:{line}: {message}")
