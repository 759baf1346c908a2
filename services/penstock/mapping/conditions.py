"""Conditions over canonical records: the `when` of a policy or of a route.

A condition names the record that it asks of: `order.totals.gross > 500`, `customer.currency == "EUR"`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from penstock.mapping.analysis import ExpressionAnalysis, Findings
from penstock.mapping.env import MappingEnv
from penstock.mapping.errors import MappingSyntaxError, MissingName, Place, Problem, nearest
from penstock.mapping.expressions import ExpressionError, parse
from penstock.mapping.functions import FUNCTIONS, FunctionTable
from penstock.mapping.mapping import Mapping as CompiledMapping
from penstock.mapping.nodes import Literal, Name, walk
from penstock.mapping.schema import ANY, Shape
from penstock.mapping.source import Expression, Group, MappingSource, Value

_NOT_HERE = frozenset({"xref", "id", "reference", "rest", "policy", "address", "match_key"})
"""Functions that need a source, a target or a document, which a condition has not."""


class Condition:
    """A compiled condition. `record` is the top name of the record that it asks of, None when it asks of none."""

    def __init__(self, text: str, record: str | None, run: CompiledMapping) -> None:
        self.text = text
        self.record = record
        self._run = run

    def __call__(self, name: str, record: Mapping[str, Any], env: MappingEnv) -> bool:
        """Does it hold for `record`, whose top name is `name` (`stock_level`)?

        It does not hold for a record of another kind, nor where it looks into something that is null.
        Raises MappingError, placed, for a value that it cannot work with.
        """
        if self.record is not None and self.record != name:
            return False
        try:
            return bool(self._run({name: record}, env))
        except MissingName:
            return False

    def __repr__(self) -> str:
        return f"Condition({self.text!r})"


def condition_functions(functions: FunctionTable = FUNCTIONS) -> FunctionTable:
    """The functions that a condition may call."""
    return FunctionTable(function for function in functions if function.name not in _NOT_HERE)


def compile_condition(
    place: Place,
    text: str,
    *,
    records: Mapping[str, Shape],
    functions: FunctionTable,
    tables: Collection[str] | None = None,
    settings: Collection[str] | None = None,
) -> Condition:
    """Reads, checks and compiles one condition.

    records: the canonical records that it may ask of, by top name. functions: see `condition_functions`.
    tables, settings: names that exist; None does not check them.

    Raises MappingSyntaxError with every problem found.
    """
    try:
        node = parse(text)
    except ExpressionError as error:
        raise MappingSyntaxError([Problem(place, f"`{text}`: {error}")]) from error
    findings = Findings()
    analysis = ExpressionAnalysis(functions, findings, to_canonical=False, roots=records, tables=tables)
    analysis.value(node, place, {})
    asked = sorted({each.name for each in walk(node) if isinstance(each, Name) and each.name in records})
    if len(asked) > 1:
        findings.problems.append(Problem(place, f"it asks of {' and '.join(asked)}; a condition sees one record"))
    if settings is not None:
        for name in sorted(findings.settings - set(settings)):
            findings.problems.append(Problem(place, f"there is no setting {name!r}{nearest(name, settings)}"))
    if findings.problems:
        raise MappingSyntaxError(findings.problems)
    holds = Value(Expression("true", Literal(value=True), place), place, when=Expression(text, node, place))
    source = MappingSource(
        name=place.field or "when",
        file=place.file,
        direction="from-canonical",
        source=asked[0] if asked else "",
        target="",
        root=Group(place, fields={"holds": holds}),
    )
    return Condition(text, asked[0] if asked else None, CompiledMapping(source, ANY, functions, findings, frozenset()))
