"""Functions over lists: `sum_of(line.net for line in order.lines)`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from penstock.mapping.errors import BadValue
from penstock.mapping.functions.registry import function
from penstock.mapping.functions.values import MAX_ROWS, kind_name, number
from penstock.mapping.rounding import CONTEXT


def _rows(values: Any) -> list[Any]:
    if isinstance(values, list):
        if len(values) > MAX_ROWS:
            raise BadValue(f"the list has {len(values)} rows; the limit is {MAX_ROWS}")
        return values
    raise BadValue(f"{kind_name(values)} is not a list", value=values)


def sum_of(values: Any) -> int | Decimal | None:
    """Sum of a list of numbers; 0 for an empty list. A null in it is an error: `default(x, 0)`."""
    if values is None:
        return None
    total: int | Decimal = 0
    for value in _rows(values):
        item = number(value)
        total = total + item if isinstance(total, int) and isinstance(item, int) else CONTEXT.add(total, item)
    return total


def min_of(values: Any) -> Any:
    """The smallest of a list; null for an empty one."""
    return None if values is None else _extreme(values, smallest=True)


def max_of(values: Any) -> Any:
    """The largest of a list; null for an empty one."""
    return None if values is None else _extreme(values, smallest=False)


def _extreme(values: Any, *, smallest: bool) -> Any:
    try:
        return (min if smallest else max)(_rows(values), default=None)
    except TypeError as error:
        raise BadValue("the list holds values that cannot be compared with each other") from error


def count(values: Any) -> int | None:
    """Number of rows."""
    return None if values is None else len(_rows(values))


def first(values: Any) -> Any:
    """The first of a list; null for an empty one."""
    if values is None:
        return None
    rows = _rows(values)
    return rows[0] if rows else None


def distinct(values: Any) -> list[Any] | None:
    """The list without repeats, in its order. Plain values only."""
    if values is None:
        return None
    try:
        return list(dict.fromkeys(_rows(values)))
    except TypeError as error:
        raise BadValue("only a list of plain values has repeats that can be seen") from error


_LIST = "Lists"
FUNCTIONS = (
    function(sum_of, group=_LIST, kinds="list -> number", examples={"sum_of(x * 2 for x in [1, 2])": "6"}),
    function(min_of, group=_LIST, kinds="list -> any", examples={"min_of([3, 1, 2])": "1"}),
    function(max_of, group=_LIST, kinds="list -> any", examples={"max_of([3, 1, 2])": "3"}),
    function(count, group=_LIST, kinds="list -> integer", examples={'count(["a", "b"])': "2"}, reads_shape=True),
    function(first, group=_LIST, kinds="list -> any", examples={'first(x for x in ["", "b"] if x != "")': '"b"'}),
    function(distinct, group=_LIST, kinds="list -> list", examples={"count(distinct([1, 2, 1]))": "2"}),
)
