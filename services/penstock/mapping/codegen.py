"""Fields of a mapping -> statements of one Python function `mapping(doc, env, rows)`, compiled once.

The traced form, `mapping(doc, env, rows, trace)`, does the same work and tells `trace` every step; `explain` uses it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from penstock.mapping.landing import Landing, landing
from penstock.mapping.schema import ANY, Shape
from penstock.mapping.source import Expression, Group, Rows, Spec, Value
from penstock.mapping.writer import ExpressionWriter, Scope, attribute, call, load, store, thunk

FUNCTION = "mapping"


class MappingWriter:
    """Writes one mapping; `compiled` gives the function."""

    def __init__(self, expressions: ExpressionWriter, *, traced: bool) -> None:
        self._expressions = expressions
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
            return [_assign(target, self._value(spec.expression, scope, lists, "field", self._landing(shape)))]
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
            body.append(_assign(store(entry), self._value(spec.entry, inner, within, "field", self._landing(item))))
        body.append(ast.Expr(call(ast.Attribute(load(made), "append", ast.Load()), load(entry))))
        rows = self._value(spec.rows, scope, lists, "for")
        loop: list[ast.stmt] = [ast.For(store(row), rows, body, [])]
        if self._traced:
            loop = [ast.Expr(call(attribute("trace", "begin"))), *loop, ast.Expr(call(attribute("trace", "end")))]
        return [_assign(store(made), ast.List([], ast.Load())), *loop, _assign(target, load(made))]

    def _value(
        self, expression: Expression, scope: Scope, lists: tuple[str, ...], role: str, land: ast.expr | None = None
    ) -> ast.expr:
        writer = self._expressions
        built = writer.write(expression, scope, lists, condition=role in ("when", "where"))
        if role == "for":
            land = load("rows")
        if land is not None:
            built = writer.whole(expression, scope, lists, call(land, built))
        if self._traced:
            known = writer.constant("expression", expression)
            built = call(attribute("trace", "run"), known, ast.Constant(role), thunk(built))
        return built

    def _landing(self, shape: Shape) -> ast.expr | None:
        known = self._landings.get(id(shape))
        if known is None:
            known = self._landings[id(shape)] = (shape, landing(shape))
        check = known[1]
        return None if check is None else self._expressions.constant("land", check)


def _assign(target: ast.expr, value: ast.expr) -> ast.stmt:
    return ast.Assign([target], value)
