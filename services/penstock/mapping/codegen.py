"""Fields of a mapping -> statements of one Python function `mapping(doc, env, rows)`, compiled once.

The traced form, `mapping(doc, env, rows, trace)`, does the same work and tells `trace` every step; `explain` uses it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from datetime import date, datetime
from types import CodeType, FunctionType
from typing import Any

from penstock.mapping.landing import Landing, landing
from penstock.mapping.schema import ANY, Shape
from penstock.mapping.source import Expression, Group, Rows, Spec, Value
from penstock.mapping.writer import ExpressionWriter, Scope, attribute, call, load, store, thunk

FUNCTION = "mapping"
LANDED = "landed"
_TYPES: dict[str, type] = {
    "text": str,
    "boolean": bool,
    "timestamp": datetime,
    "date": date,
    "list": list,
    "object": dict,
}


class MappingWriter:
    """Writes one mapping; `compiled` gives the function."""

    def __init__(self, expressions: ExpressionWriter, certain: Collection[int], *, traced: bool) -> None:
        self._expressions = expressions
        self._certain = certain
        expressions.namespace |= {"type": type, "len": len, **{kind.__name__: kind for kind in _TYPES.values()}}
        self._traced = traced
        self._landings: dict[int, tuple[Shape, Landing | None]] = {}

    def compiled(self, root: Group, target: Shape, filename: str) -> Callable[..., dict[str, Any]]:
        body = [*self._group(root, {}, target, "out", ()), ast.Return(load("out"))]
        names = ["doc", "env", "rows", *(["trace"] if self._traced else [])]
        arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
        function = ast.FunctionDef(
            FUNCTION, arguments, body, [], lineno=1, end_lineno=1, col_offset=0, end_col_offset=0
        )
        module = ast.fix_missing_locations(ast.Module([function], []))
        code = compile(module, filename, "exec", dont_inherit=True)
        inner = next(constant for constant in code.co_consts if isinstance(constant, CodeType))
        return FunctionType(inner, {**self._expressions.namespace, "__builtins__": {}}, FUNCTION)

    def _group(self, group: Group, scope: Scope, target: Shape, out: str, lists: tuple[str, ...]) -> list[ast.stmt]:
        inner = dict(scope)
        body: list[ast.stmt] = []
        for name, expression in group.let.items():
            variable = self._expressions.variable(name)
            body.append(_assign(store(variable), self._value(expression, inner, lists, "let")))
            inner[name] = variable
        body.append(_assign(store(out), ast.Dict([], [])))
        for name, spec in group.fields.items():
            shape = (target.fields or {}).get(name, ANY)
            into = ast.Subscript(load(out), ast.Constant(name), ast.Store())
            body += self._when(spec, self._field(spec, inner, shape, into, lists), inner, lists)
        return body

    def _when(self, spec: Spec, body: list[ast.stmt], scope: Scope, lists: tuple[str, ...]) -> list[ast.stmt]:
        if spec.when is None:
            return body
        return [ast.If(self._value(spec.when, scope, lists, "when"), body, [])]

    def _field(
        self, spec: Spec, scope: Scope, shape: Shape, target: ast.expr, lists: tuple[str, ...]
    ) -> list[ast.stmt]:
        if isinstance(spec, Value):
            return [_assign(target, self._value(spec.expression, scope, lists, "field", shape))]
        if isinstance(spec, Group):
            inner = self._expressions.variable("fields")
            return [*self._group(spec, scope, shape, inner, lists), _assign(target, load(inner))]
        return self._rows(spec, scope, shape.item or ANY, target, lists)

    def _rows(self, spec: Rows, scope: Scope, item: Shape, target: ast.expr, lists: tuple[str, ...]) -> list[ast.stmt]:
        made, row, entry = (self._expressions.variable(hint) for hint in ("list", "row", "entry"))
        inner = {**scope, spec.variable: row}
        within = (*lists, made)
        body: list[ast.stmt] = []
        if spec.where is not None:
            refused = ast.UnaryOp(ast.Not(), self._value(spec.where, inner, within, "where"))
            body.append(ast.If(refused, [ast.Continue()], []))
        if self._traced:
            body.append(ast.Expr(call(attribute("trace", "row"))))
        if isinstance(spec.entry, Group):
            body += self._group(spec.entry, inner, item, entry, within)
        else:
            body.append(_assign(store(entry), self._value(spec.entry, inner, within, "field", item)))
        body.append(ast.Expr(call(ast.Attribute(load(made), "append", ast.Load()), load(entry))))
        rows = self._value(spec.rows, scope, lists, "for")
        loop: list[ast.stmt] = [ast.For(store(row), rows, body, [])]
        if self._traced:
            loop = [ast.Expr(call(attribute("trace", "begin"))), *loop, ast.Expr(call(attribute("trace", "end")))]
        return [_assign(store(made), ast.List([], ast.Load())), *loop, _assign(target, load(made))]

    def _value(
        self, expression: Expression, scope: Scope, lists: tuple[str, ...], role: str, shape: Shape = ANY
    ) -> ast.expr:
        writer = self._expressions
        built = writer.write(expression, scope, lists, condition=role in ("when", "where"))
        if role == "for":
            built = writer.whole(expression, scope, lists, call(load("rows"), built))
        elif role == "field":
            built = self._landed(expression, built, shape, scope, lists)
        if self._traced:
            known = writer.constant("expression", expression)
            built = call(attribute("trace", "run"), known, ast.Constant(role), thunk(built))
        return built

    def _landed(
        self, expression: Expression, built: ast.expr, shape: Shape, scope: Scope, lists: tuple[str, ...]
    ) -> ast.expr:
        """`built`, checked for its field: in line where a glance is enough, by its landing where it is not."""
        check = self._landing(shape)
        certain = id(expression) in self._certain
        if check is None or (certain and shape.nullable):
            return built
        first = ast.NamedExpr(ast.Name(LANDED, ast.Store()), built)
        test = ast.Compare(first, [ast.IsNot()], [ast.Constant(None)]) if certain else _glance(first, shape)
        land = self._expressions.whole(expression, scope, lists, call(check, load(LANDED) if test else built))
        return land if test is None else ast.IfExp(test, load(LANDED), land)

    def _landing(self, shape: Shape) -> ast.expr | None:
        known = self._landings.get(id(shape))
        if known is None:
            known = self._landings[id(shape)] = (shape, landing(shape))
        check = known[1]
        return None if check is None else self._expressions.constant("land", check)


def _glance(first: ast.expr, shape: Shape) -> ast.expr | None:
    """A test in line that most values pass; the others go to the landing. `first` gives the value and names it."""
    kind = _TYPES.get(shape.kind)
    if kind is None or shape.symbols:
        return None
    test = ast.Compare(call(load("type"), first), [ast.Is()], [load(kind.__name__)])
    if kind is not str:
        return test
    tests: list[ast.expr] = [test, call(attribute(LANDED, "isprintable"))]
    if shape.length is not None:
        tests.append(ast.Compare(call(load("len"), load(LANDED)), [ast.LtE()], [ast.Constant(shape.length)]))
    return ast.BoolOp(ast.And(), tests)


def _assign(target: ast.expr, value: ast.expr) -> ast.stmt:
    return ast.Assign([target], value)
