"""The expression language as a small tree. Whatever is not here cannot be written in a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a `let` or `for`, else a top name of the document."""

    name: str


@dataclass(frozen=True, slots=True)
class Look:
    """`base.key` or `base[0]`: an entry of an object or a list, never a Python attribute."""

    base: Node
    key: str | int


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    args: tuple[Node, ...]
    named: Mapping[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arith:
    """`op` is the Python sign: + - * / // %."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negate:
    operand: Node


@dataclass(frozen=True, slots=True)
class Compare:
    """`op` is the Python sign: == != < <= > >=, `in`, `not in`."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class IsNull:
    operand: Node


@dataclass(frozen=True, slots=True)
class Logic:
    """`and` / `or`: the value of the operand that decides, as in Python."""

    op: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    operand: Node


@dataclass(frozen=True, slots=True)
class Choice:
    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Members:
    """A list written out: `["DE", "AT"]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Each:
    """`element for variable in rows if condition`: a list."""

    element: Node
    variable: str
    rows: Node
    conditions: tuple[Node, ...]


Node = Literal | Name | Look | Call | Arith | Negate | Compare | IsNull | Logic | Not | Choice | Members | Each


def path_text(node: Node) -> str | None:
    """`order.rows[0].x` for a chain of look-ups, None for anything else."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Look):
        base = path_text(node.base)
        if base is None:
            return None
        if isinstance(node.key, str) and node.key.isidentifier():
            return f"{base}.{node.key}"
        return f"{base}[{node.key!r}]" if isinstance(node.key, int) else f'{base}["{node.key}"]'
    return None


def children(node: Node) -> Iterator[Node]:
    """The direct parts of a node, in order of evaluation."""
    match node:
        case Look(base, _):
            yield base
        case Call(_, args, named):
            yield from args
            yield from named.values()
        case Arith(_, left, right) | Compare(_, left, right):
            yield left
            yield right
        case Negate(operand) | IsNull(operand) | Not(operand):
            yield operand
        case Logic(_, operands):
            yield from operands
        case Choice(condition, then, otherwise):
            yield condition
            yield then
            yield otherwise
        case Members(items):
            yield from items
        case Each(element, _, rows, conditions):
            yield rows
            yield from conditions
            yield element
        case _:
            return


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    yield node
    for child in children(node):
        yield from walk(child)
