"""Checks a mapping before it ever runs: names, calls, kinds against the target, and what it reads of the document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from penstock.mapping.errors import Place, Problem, nearest
from penstock.mapping.functions.registry import Function, FunctionTable
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
from penstock.mapping.schema import Shape
from penstock.mapping.usage import EVERY_ROW, Path, Read


@dataclass(frozen=True, slots=True)
class Info:
    """What is known of a value: its shape (None: nothing), and the document paths that it may come from.

    rows: paths of the rows of a list, where they differ from `origins` + every row. certain: the value is of this shape
    or null, whatever the document says, so nothing is to be checked when it is made.
    """

    shape: Shape | None = None
    origins: tuple[Path, ...] = ()
    rows: tuple[Path, ...] | None = None
    certain: bool = False

    def row(self) -> Info:
        paths = self.rows if self.rows is not None else tuple((*path, EVERY_ROW) for path in self.origins)
        return Info(self.shape.item if self.shape else None, paths)


Scope = Mapping[str, Info]


@dataclass(slots=True)
class Findings:
    """Everything that was found out about a mapping.

    rest_paths: id of a `rest(…)` node -> the path it is about. certain: ids of the expressions of fields whose value is
    certainly of a kind that the field takes, or null.
    """

    problems: list[Problem] = field(default_factory=list)
    read: Read = field(default_factory=Read)
    tables: set[str] = field(default_factory=set)
    settings: set[str] = field(default_factory=set)
    policies: set[str] = field(default_factory=set)
    xrefs: set[str] = field(default_factory=set)
    rest_paths: dict[int, Path] = field(default_factory=dict)
    certain: set[int] = field(default_factory=set)


_NUMERIC = frozenset({"decimal", "integer", "number"})
_NOT_NUMBERS = frozenset({"text", "boolean", "list", "object", "timestamp", "date"})
_SCALARS = frozenset({"text", "boolean", "decimal", "integer", "number", "timestamp", "date"})
_REFUSED: dict[str, frozenset[str]] = {
    "number": _NOT_NUMBERS,
    "text": frozenset({"list", "object"}),
    "list": _SCALARS | {"object"},
    "integer": frozenset({"boolean", "list", "object", "timestamp", "date"}),
}
_NAMED_BY_FIRST = frozenset({"code", "xref", "id", "setting", "policy"})


class ExpressionAnalysis:
    """Looks at expressions of one mapping, collecting into `findings`."""

    def __init__(
        self,
        functions: FunctionTable,
        findings: Findings,
        *,
        to_canonical: bool,
        roots: Mapping[str, Shape] | None,
        tables: Iterable[str] | None,
        policies: Iterable[str] | None = None,
    ) -> None:
        self._functions = functions
        self._findings = findings
        self._to_canonical = to_canonical
        self._roots = roots
        self._tables = None if tables is None else frozenset(tables)
        self._policies = None if policies is None else frozenset(policies)
        self._place = Place("", 0)

    def value(self, node: Node, place: Place, scope: Scope, *, consumed: bool = True) -> Info:
        """`consumed`: the value itself is used, so its path counts as read (not for a `let` that only names it)."""
        self._place = place
        return self._visit(node, scope, consumed=consumed)

    def _wrong(self, message: str) -> None:
        self._findings.problems.append(Problem(self._place, message))

    def _visit(self, node: Node, scope: Scope, *, consumed: bool) -> Info:
        match node:
            case Literal(value):
                return Info(_shape_of_literal(value), certain=True)
            case Name() | Look():
                return self._path(node, scope, consumed=consumed)
            case Call():
                return self._call(node, scope, consumed=consumed)
            case Arith() | Negate():
                return self._arithmetic(node, scope)
            case Compare():
                return self._comparison(node, scope)
            case IsNull(operand):
                self._visit(operand, scope, consumed=False)
                return Info(Shape("boolean"))
            case Not(operand):
                self._visit(operand, scope, consumed=True)
                return Info(Shape("boolean"))
            case Logic(_, operands):
                return _either([self._visit(operand, scope, consumed=consumed) for operand in operands])
            case Choice(condition, then, otherwise):
                self._visit(condition, scope, consumed=True)
                return _either([self._visit(part, scope, consumed=consumed) for part in (then, otherwise)])
            case Members(items):
                infos = [self._visit(item, scope, consumed=True) for item in items]
                return Info(Shape("list", item=_either(infos).shape))
            case Each():
                return self._each(node, scope, consumed=consumed)

    def _path(self, node: Name | Look, scope: Scope, *, consumed: bool) -> Info:
        info = self._named(node.name, scope) if isinstance(node, Name) else self._look(node, scope)
        if consumed:
            for origin in info.origins:
                self._findings.read.mark(origin)
        return info

    def _named(self, name: str, scope: Scope) -> Info:
        if name in scope:
            return scope[name]
        shape = None
        if self._roots is not None:
            shape = self._roots.get(name)
            if shape is None:
                self._wrong(f"there is no {name!r} here{nearest(name, [*self._roots, *scope])}")
        return Info(shape, ((name,),), certain=shape is not None)

    def _look(self, node: Look, scope: Scope) -> Info:
        base = self._visit(node.base, scope, consumed=False)
        key = node.key
        shape = base.shape
        found: Shape | None = None
        if shape is not None and shape.kind != "any":
            if isinstance(key, int) and shape.kind == "list":
                found = shape.item
            elif isinstance(key, str) and shape.kind == "object":
                found = None if shape.fields is None else shape.fields.get(key)
                if found is None and shape.fields is not None:
                    self._wrong(f"there is no {path_text(node) or key}{nearest(key, shape.fields)}")
            else:
                self._wrong(f"{path_text(node.base) or 'this'} is {shape.kind}, so it has no {key!r}")
        if isinstance(key, int) and base.rows is not None:
            return Info(found, base.rows)
        return Info(found, tuple((*origin, key) for origin in base.origins), certain=found is not None)

    def _call(self, node: Call, scope: Scope, *, consumed: bool) -> Info:
        function = self._functions.get(node.function)
        if function is None:
            self._wrong(f"there is no function {node.function!r}{nearest(node.function, self._functions.names())}")
            return Info()
        misuse = function.misuse(len(node.args), node.named)
        if misuse:
            self._wrong(f"{function.name}: {misuse}; it is {function.signature}")
            return Info()
        self._note(node)
        if function.name in ("optional", "default"):
            infos = [self._visit(arg, scope, consumed=consumed) for arg in (*node.args, *node.named.values())]
            return infos[0] if function.name == "optional" else _either(infos)
        if function.name == "rest":
            return self._rest(node, scope)
        if function.name == "first" and node.args:
            info = self._visit(node.args[0], scope, consumed=False).row()
            for origin in info.origins if consumed else ():
                self._findings.read.mark(origin)
            return info
        self._arguments(function, node, scope)
        if function.returns == "any":
            return Info()
        return Info(Shape(function.returns, places=_places(function, node)), certain=not function.needs_env)

    def _arguments(self, function: Function, node: Call, scope: Scope) -> None:
        plain = [parameter for parameter in function.parameters if not parameter.many]
        by_name = {parameter.name: parameter.kind for parameter in plain}
        kinds = [parameter.kind for parameter in plain]
        kinds += ["any"] * (len(node.args) - len(kinds))
        given = [
            *zip(node.args, kinds, strict=False),
            *((arg, by_name.get(name, "any")) for name, arg in node.named.items()),
        ]
        for arg, kind in given:
            info = self._visit(arg, scope, consumed=not function.reads_shape)
            if info.shape is not None and info.shape.kind in _REFUSED.get(kind, ()):
                self._wrong(f"{function.name} wants {kind} here, not {info.shape.kind}; it is {function.signature}")

    def _note(self, node: Call) -> None:
        name = node.function
        if name == "xref" and self._to_canonical:
            self._wrong("xref() is not for to-canonical mappings: a canonical record keeps what its source said")
        if name == "policy" and self._to_canonical:
            self._wrong("policy() is not for to-canonical mappings: a canonical record says what its source said")
        if name not in _NAMED_BY_FIRST or not node.args:
            return
        first = node.args[0]
        if not isinstance(first, Literal) or not isinstance(first.value, str):
            self._wrong(f"{name}() is called with a fixed name in quotes first")
        elif name == "code":
            self._findings.tables.add(first.value)
            if self._tables is not None and first.value not in self._tables:
                self._wrong(f"there is no code table {first.value!r}{nearest(first.value, self._tables)}")
        elif name == "policy":
            self._findings.policies.add(first.value)
            if self._policies is not None and first.value not in self._policies:
                self._wrong(f"there is no policy {first.value!r}{nearest(first.value, self._policies)}")
        elif name in ("xref", "setting"):
            (self._findings.xrefs if name == "xref" else self._findings.settings).add(first.value)

    def _rest(self, node: Call, scope: Scope) -> Info:
        argument = node.args[0] if node.args else next(iter(node.named.values()))
        origins = self._visit(argument, scope, consumed=False).origins
        if len(origins) == 1:
            self._findings.rest_paths[id(node)] = origins[0]
        else:
            self._wrong("rest() is for one part of the document: rest(order)")
        return Info(Shape("object"))

    def _arithmetic(self, node: Arith | Negate, scope: Scope) -> Info:
        operands = (node.left, node.right) if isinstance(node, Arith) else (node.operand,)
        kinds: list[str | None] = []
        infos = [self._visit(operand, scope, consumed=True) for operand in operands]
        for shape in (info.shape for info in infos):
            kind = None if shape is None else shape.kind
            if kind in _NOT_NUMBERS:
                remedy = (
                    "join text with concat(…), read numbers with decimal(…)" if kind == "text" else "it needs numbers"
                )
                self._wrong(f"arithmetic on {kind}: {remedy}")
            kinds.append(kind)
        if isinstance(node, Negate) or node.op in ("+", "-"):
            places = [info.shape.places for info in infos if info.shape is not None]
            known = [count for count in places if count is not None]
            if set(kinds) == {"decimal"} and len(known) == len(infos) and all(info.certain for info in infos):
                return Info(Shape("decimal", places=max(known)), certain=True)
        if "decimal" in kinds or (isinstance(node, Arith) and node.op == "/"):
            return Info(Shape("decimal"))
        return Info(Shape("integer" if set(kinds) == {"integer"} else "number"))

    def _comparison(self, node: Compare, scope: Scope) -> Info:
        left, right = (self._visit(side, scope, consumed=True).shape for side in (node.left, node.right))
        if node.op in ("in", "not in"):
            right = right.item if right is not None and right.kind == "list" else None
        if left is not None and right is not None:
            families = {_family(left.kind), _family(right.kind)}
            if None not in families and len(families) > 1:
                self._wrong(f"{left.kind} is compared with {right.kind}, which is never true; make them one kind")
        return Info(Shape("boolean"))

    def _each(self, node: Each, scope: Scope, *, consumed: bool) -> Info:
        rows = self._visit(node.rows, scope, consumed=False)
        if rows.shape is not None and rows.shape.kind not in ("list", "any"):
            self._wrong(f"{path_text(node.rows) or 'this'} is {rows.shape.kind}, not a list of rows")
        inner = {**scope, node.variable: rows.row()}
        for condition in node.conditions:
            self._visit(condition, inner, consumed=True)
        element = self._visit(node.element, inner, consumed=consumed)
        return Info(Shape("list", item=element.shape), rows=element.origins)


def _places(function: Function, node: Call) -> int | None:
    """At most so many decimals has what the call gives; None when that is not known."""
    if function.name == "round_to" and len(node.args) > 1 and isinstance(node.args[1], Literal):
        value = node.args[1].value
        return value if isinstance(value, int) else None
    return function.places


def _shape_of_literal(value: str | int | Decimal | bool | None) -> Shape | None:
    kinds: dict[type, str] = {str: "text", bool: "boolean", int: "integer", Decimal: "decimal", type(None): "null"}
    return Shape(kinds[type(value)], nullable=value is None)


def _family(kind: str) -> str | None:
    if kind in _NUMERIC:
        return "number"
    return kind if kind in ("text", "boolean", "timestamp") else None


def _either(infos: list[Info]) -> Info:
    """One of several values: the kind if they agree (null aside), and every path it may come from."""
    shapes = [info.shape for info in infos if info.shape is None or info.shape.kind != "null"]
    kinds = {shape.kind if shape else None for shape in shapes}
    if len(kinds) == 1:
        shape = shapes[0]
    elif kinds and kinds <= _NUMERIC:
        shape = Shape("number")
    else:
        shape = None if shapes else Shape("null", nullable=True)
    certain = shape is not None and all(info.certain for info in infos)
    if shape is not None and len({info.shape.places for info in infos if info.shape}) > 1:
        shape = replace(shape, places=None)
    return Info(shape, tuple(origin for info in infos for origin in info.origins), certain=certain)
