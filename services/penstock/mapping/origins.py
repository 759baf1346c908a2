"""From which fields of a record the value of each field of a mapping's target comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from penstock.mapping.nodes import Choice, Each, Look, Name, Node, children
from penstock.mapping.source import Expression, Group, Rows, Spec, Value

WHOLE = "*"
"""Stands for every field of the record, where a mapping takes it as a whole."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """What a name of a `let` or `for` stands for, and the names that counted where it was given."""

    node: Node
    scope: Mapping[str, _Bound]


_Scope = Mapping[str, _Bound]


def field_origins(root: Group, record: str) -> dict[str, frozenset[str]]:
    """Target field -> top fields of `record`. Fields of nested objects by dotted path; a list is one field.

    Conditions (`when`, `where`, the test of an `if`) decide whether a value is there; it does not come from them.
    """
    return {path: frozenset(found) for path, found in _group(root, {}, record, "")}


def _group(group: Group, scope: _Scope, record: str, path: str) -> Iterator[tuple[str, set[str]]]:
    inner = _with_lets(group, scope)
    for name, spec in group.fields.items():
        yield from _field(spec, inner, record, f"{path}.{name}" if path else name)


def _field(spec: Spec, scope: _Scope, record: str, path: str) -> Iterator[tuple[str, set[str]]]:
    if isinstance(spec, Value):
        yield path, _origins(spec.expression.node, scope, record)
    elif isinstance(spec, Group):
        yield from _group(spec, scope, record, path)
    else:
        yield path, _of_rows(spec, scope, record)


def _of_rows(rows: Rows, scope: _Scope, record: str) -> set[str]:
    inner = {**scope, rows.variable: _Bound(rows.rows.node, scope)}
    if isinstance(rows.entry, Expression):
        entry = _origins(rows.entry.node, inner, record)
    else:
        entry = {field for _, found in _group(rows.entry, inner, record, "") for field in found}
    return entry | _origins(rows.rows.node, scope, record)


def _with_lets(group: Group, scope: _Scope) -> _Scope:
    inner = dict(scope)
    for name, expression in group.let.items():
        inner[name] = _Bound(expression.node, dict(inner))
    return inner


def _origins(node: Node, scope: _Scope, record: str) -> set[str]:
    match node:
        case Name(name):
            if name in scope:
                return _origins(scope[name].node, scope[name].scope, record)
            return {WHOLE} if name == record else set()
        case Look(given, key):
            base: Node = given
            while isinstance(base, Name) and base.name in scope:
                bound = scope[base.name]
                base, scope = bound.node, bound.scope
            if isinstance(base, Name) and base.name == record:
                return {str(key)}
            return _origins(base, scope, record)
        case Choice(_, then, otherwise):
            return _origins(then, scope, record) | _origins(otherwise, scope, record)
        case Each(element, variable, rows, _):
            inner = {**scope, variable: _Bound(rows, scope)}
            return _origins(element, inner, record) | _origins(rows, scope, record)
    return {field for child in children(node) for field in _origins(child, scope, record)}
