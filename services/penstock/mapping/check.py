"""Checks the fields of a mapping against the shape of its target."""

from __future__ import annotations

from penstock.mapping.analysis import ExpressionAnalysis, Findings, Info, Scope
from penstock.mapping.errors import Place, Problem, nearest
from penstock.mapping.nodes import Literal
from penstock.mapping.schema import ANY, Shape, fits, missing_fields
from penstock.mapping.source import Expression, Group, Rows, Spec, Value


class FieldCheck:
    """Walks the fields of one mapping, collecting problems into `findings`."""

    def __init__(self, expressions: ExpressionAnalysis, findings: Findings) -> None:
        self._expressions = expressions
        self._findings = findings

    def group(self, group: Group, scope: Scope, target: Shape, *, provided: frozenset[str] = frozenset()) -> None:
        inner = dict(scope)
        if group.when is not None:
            self._value(group.when, inner)
        for name, expression in group.let.items():
            inner[name] = self._value(expression, inner, consumed=False)
        for name, spec in group.fields.items():
            self._field(name, spec, inner, target)
        for name in missing_fields(target, group.fields, provided=provided):
            self._wrong(group.place, f"the required field {name!r} is missing{_about(target, name)}")

    def _field(self, name: str, spec: Spec, scope: Scope, target: Shape) -> None:
        shape = ANY
        if target.fields is not None:
            found = target.fields.get(name)
            if found is None:
                self._wrong(spec.place, f"the target has no field {name!r}{nearest(name, target.fields)}")
            else:
                shape = found
        if spec.when is not None and shape.required:
            self._wrong(spec.place, f"{name!r} is required, so it cannot depend on `when`")
        if isinstance(spec, Value):
            if spec.when is not None:
                self._value(spec.when, scope)
            self._fit(spec.expression, self._value(spec.expression, scope), shape)
        elif isinstance(spec, Group):
            self._kind(spec.place, shape, "object")
            self.group(spec, scope, shape if shape.kind == "object" else ANY)
        else:
            self._rows(spec, scope, shape)

    def _rows(self, spec: Rows, scope: Scope, shape: Shape) -> None:
        self._kind(spec.place, shape, "list")
        if spec.when is not None:
            self._value(spec.when, scope)
        rows = self._value(spec.rows, scope, consumed=False)
        if rows.shape is not None and rows.shape.kind not in ("list", "any", "null"):
            self._wrong(spec.rows.place, f"`{spec.rows.text}` is {rows.shape.kind}, not a list of rows")
        inner = {**scope, spec.variable: rows.row()}
        if spec.where is not None:
            self._value(spec.where, inner)
        item = shape.item or ANY
        if isinstance(spec.entry, Group):
            if shape.item is not None:
                self._kind(spec.place, item, "object")
            self.group(spec.entry, inner, item)
        else:
            self._fit(spec.entry, self._value(spec.entry, inner), item)

    def _value(self, expression: Expression, scope: Scope, *, consumed: bool = True) -> Info:
        return self._expressions.value(expression.node, expression.place, scope, consumed=consumed)

    def _kind(self, place: Place, shape: Shape, kind: str) -> None:
        if shape.kind not in (kind, "any"):
            self._wrong(place, f"the field takes {shape.kind}, not {'an object' if kind == 'object' else 'a list'}")

    def _fit(self, expression: Expression, info: Info, shape: Shape) -> None:
        given = info.shape
        if given is None:
            return
        if given.kind == "null":
            if not shape.nullable and shape.kind != "any":
                self._wrong(expression.place, "the field cannot be null")
            return
        if not fits(shape, given.kind):
            self._wrong(expression.place, f"the field takes {shape.kind}, but `{expression.text}` is {given.kind}")
            return
        if info.certain and _nothing_to_check(shape, given):
            self._findings.certain.add(id(expression))
        node = expression.node
        if isinstance(node, Literal) and isinstance(node.value, str):
            if shape.length is not None and len(node.value) > shape.length:
                self._wrong(
                    expression.place, f"the field takes {shape.length} characters, this text has {len(node.value)}"
                )
            if shape.symbols and node.value not in shape.symbols:
                self._wrong(
                    expression.place, f"{node.value!r} is none of its values{nearest(node.value, shape.symbols)}"
                )

    def _wrong(self, place: Place, message: str) -> None:
        self._findings.problems.append(Problem(place, message))


def _nothing_to_check(shape: Shape, given: Shape) -> bool:
    if shape.kind == "day":
        return given.kind in ("date", "timestamp", "text")
    if shape.kind != given.kind or shape.kind == "integer":
        return False
    if shape.kind == "decimal" and shape.places is not None:
        return given.places is not None and given.places <= shape.places
    return shape.length is None and not shape.symbols


def _about(target: Shape, name: str) -> str:
    shape = (target.fields or {}).get(name, ANY)
    return f" ({shape.kind}: {shape.doc})" if shape.doc else f" ({shape.kind})"
