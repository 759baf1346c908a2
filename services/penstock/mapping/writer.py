"""Expression tree -> Python syntax tree.

No text of a mapping becomes Python source: names become dictionary keys or numbered variables. Every generated node
carries a made-up line number, the index of its `Site`; an error's traceback then tells which part of which expression
failed, at no cost while all is well.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from penstock.mapping import runtime
from penstock.mapping.functions.registry import FunctionTable
from penstock.mapping.nodes import (
    Arith,
    Call,
    Choice,
    Compare,
    Each,
    IsNull,
    Literal,
    Logic,
    Look,
    Members,
    Name,
    Negate,
    Node,
    Not,
    path_text,
)
from penstock.mapping.source import Expression
from penstock.mapping.usage import Path, Read, Unread

Scope = Mapping[str, str]
"""Name in the mapping -> variable in the generated function. Any other name is a top name of the document."""


@dataclass(frozen=True, slots=True)
class Site:
    """What a generated line number stands for. `lists`: variables of the lists around it; their length is the row."""

    expression: Expression
    node: Node | None
    lists: tuple[str, ...]
    scope: Scope


class ExpressionWriter:
    """Writes the expressions of one mapping. `namespace` becomes the globals of the generated function."""

    def __init__(
        self,
        functions: FunctionTable,
        read: Read,
        rest_paths: Mapping[int, Path],
        secrets: Iterable[str],
        *,
        traced: bool,
    ) -> None:
        self.namespace: dict[str, Any] = {
            "look": runtime.look,
            "look_all": runtime.look_all,
            "truth": runtime.truth,
            "negate": runtime.negate,
            **{_OPERATOR_NAMES[sign]: call for sign, call in runtime.OPERATORS.items()},
        }
        self.sites: list[Site] = []
        self._functions = functions
        self._read = read
        self._rest_paths = rest_paths
        self._secrets = frozenset(secret.lower() for secret in secrets)
        self._traced = traced
        self._expression: Expression
        self._lists: tuple[str, ...] = ()
        self._variables = 0

    def write(
        self, expression: Expression, scope: Scope, lists: tuple[str, ...], *, condition: bool = False
    ) -> ast.expr:
        """The expression as Python; with `condition`, as a truth value that text cannot pass for."""
        self._expression, self._lists = expression, lists
        return self._condition(expression.node, scope) if condition else self._node(expression.node, scope)

    def whole(self, expression: Expression, scope: Scope, lists: tuple[str, ...], built: ast.expr) -> ast.expr:
        """`built`, placed as the whole of an expression (for its landing check)."""
        self._expression, self._lists = expression, lists
        return self._placed(built, None, scope)

    def variable(self, hint: str) -> str:
        """A fresh variable of the generated function."""
        self._variables += 1
        return f"v{self._variables}_{hint}" if hint.isascii() else f"v{self._variables}"

    def constant(self, hint: str, value: object) -> ast.expr:
        """A name that stands for a Python object in the generated function."""
        name = f"{hint}_{len(self.namespace)}"
        self.namespace[name] = value
        return load(name)

    def _placed(self, built: ast.expr, node: Node | None, scope: Scope) -> ast.expr:
        self.sites.append(Site(self._expression, node, self._lists, scope))
        built.lineno = built.end_lineno = len(self.sites)
        built.col_offset = built.end_col_offset = 0
        return built

    def _node(self, node: Node, scope: Scope, *, forgiving: bool = False) -> ast.expr:
        path = path_text(node) if self._traced else None
        if path is not None:
            return call(attribute("trace", "read"), ast.Constant(path), self._plain(node, scope, forgiving=forgiving))
        return self._plain(node, scope, forgiving=forgiving)

    def _plain(self, node: Node, scope: Scope, *, forgiving: bool) -> ast.expr:
        return self._placed(self._build(node, scope, forgiving=forgiving), node, scope)

    def _build(self, node: Node, scope: Scope, *, forgiving: bool) -> ast.expr:
        inner = partial(self._node, scope=scope, forgiving=forgiving)
        match node:
            case Literal(value):
                return self._literal(value)
            case Name(name):
                return load(scope[name]) if name in scope else self._entry(load("doc"), name, "", forgiving=forgiving)
            case Look(base, key):
                built = self._plain(base, scope, forgiving=forgiving) if path_text(node) else inner(base)
                return self._entry(built, key, path_text(base) or "the value", forgiving=forgiving)
            case Call():
                return self._call(node, scope, forgiving=forgiving)
            case Arith(op, left, right) | Compare(op, left, right):
                return call(load(_OPERATOR_NAMES[op]), inner(left), inner(right))
            case Negate(Literal(int() | Decimal() as value)) if not isinstance(value, bool):
                return self._literal(-value)
            case Negate(operand):
                return call(load("negate"), inner(operand))
            case IsNull(operand):
                return ast.Compare(inner(operand), [ast.Is()], [ast.Constant(None)])
            case Not(operand):
                return ast.UnaryOp(ast.Not(), self._condition(operand, scope, forgiving=forgiving))
            case Logic(op, operands):
                return ast.BoolOp(_LOGIC[op](), [inner(operand) for operand in operands])
            case Choice(condition, then, otherwise):
                return ast.IfExp(self._condition(condition, scope, forgiving=forgiving), inner(then), inner(otherwise))
            case Members(items):
                return ast.List([inner(item) for item in items], ast.Load())
            case Each():
                return self._each(node, scope, forgiving=forgiving)

    def _literal(self, value: str | int | Decimal | bool | None) -> ast.expr:
        return self.constant("number", value) if isinstance(value, Decimal) else ast.Constant(value)

    def _entry(self, base: ast.expr, key: str | int, name: str, *, forgiving: bool) -> ast.expr:
        if forgiving:
            return call(load("look"), base, ast.Constant(key), ast.Constant(name))
        return ast.Subscript(base, ast.Constant(key), ast.Load())

    def _condition(self, node: Node, scope: Scope, *, forgiving: bool = False) -> ast.expr:
        match node:
            case Logic(op, operands):
                parts = [self._condition(operand, scope, forgiving=forgiving) for operand in operands]
                return self._placed(ast.BoolOp(_LOGIC[op](), parts), node, scope)
            case Compare() | IsNull() | Not():
                return self._node(node, scope, forgiving=forgiving)
            case Call(name) if (function := self._functions.get(name)) and function.returns == "boolean":
                return self._node(node, scope, forgiving=forgiving)
        return self._placed(call(load("truth"), self._node(node, scope, forgiving=forgiving)), node, scope)

    def _call(self, node: Call, scope: Scope, *, forgiving: bool) -> ast.expr:
        function = self._functions.get(node.function)
        assert function is not None  # noqa: S101 - the analysis refused unknown functions
        if node.function in ("optional", "default"):
            return self._forgive(node, scope, function.call)
        if node.function == "rest":
            read = self._read.at(self._rest_paths[id(node)])
            target = self.constant("rest", _rest(read, self._secrets))
        else:
            target = self._named_function(function.name, function.call)
        args = [self._node(arg, scope, forgiving=forgiving) for arg in node.args]
        named = [ast.keyword(name, self._node(arg, scope, forgiving=forgiving)) for name, arg in node.named.items()]
        if function.needs_env:
            args.insert(0, load("env"))
        if self._traced:
            return ast.Call(attribute("trace", "call"), [ast.Constant(node.function), target, *args], named)
        return ast.Call(target, args, named)

    def _named_function(self, name: str, target: Callable[..., Any]) -> ast.expr:
        self.namespace[f"f_{name}"] = target
        return load(f"f_{name}")

    def _forgive(self, node: Call, scope: Scope, target: Callable[..., Any]) -> ast.expr:
        parts = [*node.args, *(node.named[name] for name in ("value", "otherwise") if name in node.named)]
        root, keys = _chain(parts[0], scope)
        if root is not None and (len(parts) == 1 or isinstance(parts[1], Literal)):
            otherwise = [self._node(part, scope) for part in parts[1:]]
            found = call(load("look_all"), load(root), self.constant("keys", keys), *otherwise)
            path = ast.Constant(path_text(parts[0]))
            return call(attribute("trace", "read"), path, found) if self._traced else found
        lazy = [thunk(self._node(part, scope, forgiving=True)) for part in parts]
        return call(self._named_function(node.function, target), *lazy)

    def _each(self, node: Each, scope: Scope, *, forgiving: bool) -> ast.expr:
        variable = self.variable(node.variable)
        inner = {**scope, node.variable: variable}
        rows = self._placed(call(load("rows"), self._node(node.rows, scope, forgiving=forgiving)), node, scope)
        conditions = [self._condition(condition, inner, forgiving=forgiving) for condition in node.conditions]
        element = self._node(node.element, inner, forgiving=forgiving)
        return ast.ListComp(element, [ast.comprehension(store(variable), rows, conditions, 0)])


def _chain(node: Node, scope: Scope) -> tuple[str | None, tuple[str | int, ...]]:
    """Variable and keys of a plain path; (None, ()) for anything else."""
    keys: list[str | int] = []
    while isinstance(node, Look):
        keys.append(node.key)
        node = node.base
    if not isinstance(node, Name):
        return None, ()
    if node.name in scope:
        return scope[node.name], tuple(reversed(keys))
    return "doc", (node.name, *reversed(keys))


def _rest(read: Read, secrets: frozenset[str]) -> Callable[[Any], dict[str, str] | None]:
    unread = Unread.of(read, secrets)

    def rest(node: Any) -> dict[str, str] | None:
        return None if node is None else unread.fields(node)

    return rest


_OPERATOR_NAMES = {sign: f"op_{target.__name__}_{at}" for at, (sign, target) in enumerate(runtime.OPERATORS.items())}
_LOGIC: dict[str, type[ast.boolop]] = {"and": ast.And, "or": ast.Or}


def load(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.expr:
    return ast.Name(name, ast.Store())


def call(target: ast.expr, *args: ast.expr) -> ast.expr:
    return ast.Call(target, list(args), [])


def attribute(name: str, attr: str) -> ast.expr:
    """Only for values whose type the engine knows: its own `trace`, or a text."""
    return ast.Attribute(load(name), attr, ast.Load())


def thunk(body: ast.expr) -> ast.expr:
    nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(nothing, body)
