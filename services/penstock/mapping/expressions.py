"""Text of an expression -> tree. Python's own parser reads it, then every node is rebuilt or refused, one by one.

Nothing of Python's tree survives: `nodes` has no attribute access, no call of anything but a named function, no import,
no assignment, so a mapping cannot reach them however it is written.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from decimal import Decimal
from keyword import iskeyword

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
)

MAX_SOURCE = 2_000
MAX_NODES = 400
MAX_DEPTH = 40
MAX_DIGITS = 38

_FIELDS = re.compile(r"\.\s*([a-z]+)\b")
_CONSTANTS = {"true": True, "false": False, "null": None}
_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
_COMPARISON: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}


class ExpressionError(ValueError):
    """The text is not an expression of the language."""


def parse(source: str) -> Node:
    """The tree of an expression. Raises ExpressionError, and nothing else, whatever the text is."""
    text = " ".join(source.split("\n")).strip()
    if not text:
        raise ExpressionError("there is no expression; write null for null")
    if len(text) > MAX_SOURCE:
        raise ExpressionError(f"the expression has more than {MAX_SOURCE} characters")
    if not text.isprintable():
        raise ExpressionError("the expression holds characters that cannot be seen")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(text, mode="eval")
        if "#" in text:
            _refuse_comments(text)
    except SyntaxError as error:
        raise ExpressionError(_syntax_message(text, error)) from error
    except (ValueError, RecursionError, MemoryError, Warning, tokenize.TokenError) as error:
        raise ExpressionError(f"not an expression: {error}") from error
    return _Reader(text).node(tree.body, 0)


def _syntax_message(text: str, error: SyntaxError) -> str:
    at = f" near {text[max((error.offset or 1) - 1, 0) :][:20]!r}" if error.offset else ""
    hint = ""
    reserved = next((word for word in _FIELDS.findall(text) if iskeyword(word)), None)
    if reserved is not None:
        hint = f'; {reserved} is a reserved word: write …["{reserved}"]'
    elif "never closed" in error.msg:
        hint = "; between { } of YAML an expression with a comma needs quotes around it"
    return f"not an expression: {error.msg}{at}{hint}"


def _refuse_comments(text: str) -> None:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            raise ExpressionError("a comment inside an expression would hide what follows; put it on a line of its own")


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._count = 0

    def node(self, node: ast.expr, depth: int) -> Node:
        self._count += 1
        if self._count > MAX_NODES:
            raise ExpressionError(f"the expression has more than {MAX_NODES} parts; use `let` for some of them")
        if depth > MAX_DEPTH:
            raise ExpressionError(f"the expression is nested deeper than {MAX_DEPTH}; use `let` for a part of it")
        return self._read(node, depth + 1)

    def _read(self, node: ast.expr, depth: int) -> Node:
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                return Look(self._looked_into(node.value, depth), _allowed(node.attr))
            case ast.Subscript():
                return self._subscript(node, depth)
            case ast.Call():
                return self._call(node, depth)
            case ast.BinOp():
                return self._binary(node, depth)
            case ast.UnaryOp():
                return self._unary(node, depth)
            case ast.BoolOp():
                op = "and" if isinstance(node.op, ast.And) else "or"
                return Logic(op, tuple(self.node(value, depth) for value in node.values))
            case ast.Compare():
                return self._compare(node, depth)
            case ast.IfExp():
                return Choice(self.node(node.test, depth), self.node(node.body, depth), self.node(node.orelse, depth))
            case ast.List() | ast.Tuple():
                return Members(tuple(self.node(item, depth) for item in node.elts))
            case ast.ListComp() | ast.GeneratorExp():
                return self._each(node, depth)
        raise ExpressionError(f"{_WORDS.get(type(node), type(node).__name__)} cannot be used in a mapping")

    def _constant(self, node: ast.Constant) -> Node:
        value = node.value
        if value is None or isinstance(value, bool | str):
            return Literal(value)
        if isinstance(value, int):
            if abs(value) >= 10**MAX_DIGITS:
                raise ExpressionError(f"a number has more than {MAX_DIGITS} digits")
            return Literal(value)
        if isinstance(value, float):
            return Literal(self._decimal(node))
        raise ExpressionError(f"{type(value).__name__} cannot be used in a mapping")

    def _decimal(self, node: ast.Constant) -> Decimal:
        # The text, not Python's float of it: 0.1 must stay a tenth.
        number = Decimal(ast.get_source_segment(self._text, node) or "NaN")
        if not number.is_finite() or len(number.as_tuple().digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
            raise ExpressionError(f"a number has more than {MAX_DIGITS} digits")
        return number

    def _name(self, node: ast.Name) -> Node:
        if node.id in _CONSTANTS:
            return Literal(_CONSTANTS[node.id])
        return Name(_allowed(node.id))

    def _subscript(self, node: ast.Subscript, depth: int) -> Node:
        key = node.slice
        sign = 1
        if isinstance(key, ast.UnaryOp) and isinstance(key.op, ast.USub):
            sign, key = -1, key.operand
        if not isinstance(key, ast.Constant) or isinstance(key.value, bool) or not isinstance(key.value, str | int):
            raise ExpressionError('an entry is named by a fixed number or text: rows[0], row["unit-price"]')
        if isinstance(key.value, str):
            if sign < 0:
                raise ExpressionError("a text cannot have a minus")
            return Look(self._looked_into(node.value, depth), key.value)
        if key.value > 10_000:
            raise ExpressionError("a list has at most 10,000 rows")
        return Look(self._looked_into(node.value, depth), sign * key.value)

    def _looked_into(self, node: ast.expr, depth: int) -> Node:
        if isinstance(node, ast.Constant):
            raise ExpressionError("a fixed value has no fields")
        return self.node(node, depth)

    def _call(self, node: ast.Call, depth: int) -> Node:
        if not isinstance(node.func, ast.Name):
            raise ExpressionError("only functions of the function table can be called: name(…)")
        args: list[Node] = []
        for arg in node.args:
            if isinstance(arg, ast.Starred):
                raise ExpressionError("* before an argument cannot be used in a mapping")
            args.append(self.node(arg, depth))
        named: dict[str, Node] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise ExpressionError("** cannot be used in a mapping")
            named[_allowed(keyword.arg)] = self.node(keyword.value, depth)
        return Call(_allowed(node.func.id), tuple(args), named)

    def _binary(self, node: ast.BinOp, depth: int) -> Node:
        op = _ARITHMETIC.get(type(node.op))
        if op is None:
            raise ExpressionError("the arithmetic of a mapping is + - * / // %")
        return Arith(op, self.node(node.left, depth), self.node(node.right, depth))

    def _unary(self, node: ast.UnaryOp, depth: int) -> Node:
        operand = self.node(node.operand, depth)
        if isinstance(node.op, ast.Not):
            return Not(operand)
        if isinstance(node.op, ast.USub):
            return Negate(operand)
        raise ExpressionError("+ and ~ before a value cannot be used in a mapping")

    def _compare(self, node: ast.Compare, depth: int) -> Node:
        operands = [self.node(operand, depth) for operand in (node.left, *node.comparators)]
        pairs = [
            self._comparison(op, left, right) for op, left, right in zip(node.ops, operands, operands[1:], strict=False)
        ]
        return pairs[0] if len(pairs) == 1 else Logic("and", tuple(pairs))

    def _comparison(self, op: ast.cmpop, left: Node, right: Node) -> Node:
        if isinstance(op, ast.Is | ast.IsNot):
            if right != Literal(None):
                raise ExpressionError("`is` is only for `is null` and `is not null`; use == here")
            return IsNull(left) if isinstance(op, ast.Is) else Not(IsNull(left))
        if isinstance(op, ast.Eq | ast.NotEq) and Literal(None) in (left, right):
            test = IsNull(right if left == Literal(None) else left)
            return test if isinstance(op, ast.Eq) else Not(test)
        return Compare(_COMPARISON[type(op)], left, right)

    def _each(self, node: ast.ListComp | ast.GeneratorExp, depth: int) -> Node:
        if len(node.generators) != 1 or node.generators[0].is_async:
            raise ExpressionError("one `for … in …` per list; nest with a `for:` field or a `let`")
        loop = node.generators[0]
        if not isinstance(loop.target, ast.Name):
            raise ExpressionError("a row has one name: f(x) for x in rows")
        return Each(
            self.node(node.elt, depth),
            variable(loop.target.id),
            self.node(loop.iter, depth),
            tuple(self.node(condition, depth) for condition in loop.ifs),
        )


def variable(name: str) -> str:
    """A name that a mapping may give to a row or an intermediate value. Raises ExpressionError."""
    if not name.isidentifier() or name in _CONSTANTS:
        raise ExpressionError(f"{name!r} cannot be a name")
    return _allowed(name)


def _allowed(name: str) -> str:
    if "__" in name:
        raise ExpressionError(f"{name!r}: names with two underscores cannot be used in a mapping")
    return name


_WORDS: dict[type[ast.expr], str] = {
    ast.JoinedStr: "an f-text",
    ast.Lambda: "lambda",
    ast.Dict: "an object in braces",
    ast.Set: "a set in braces",
    ast.NamedExpr: ":=",
    ast.Await: "await",
    ast.Starred: "*",
    ast.DictComp: "an object in braces",
    ast.SetComp: "a set in braces",
}
