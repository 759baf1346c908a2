"""What compiled mappings call for operators and look-ups. Strict where Python would guess."""

from __future__ import annotations

import decimal
import operator
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from penstock.mapping.errors import BadValue, MappingError, MissingName, nearest, shown
from penstock.mapping.functions.values import MAX_ROWS, kind_name, number
from penstock.mapping.rounding import CONTEXT

MAX_ROWS_IN_ALL = 100_000
MAX_INTEGER = 10**38

Number = int | Decimal


class Budget:
    """Counts the rows that one run has walked."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_ROWS_IN_ALL

    def rows(self, value: Any) -> list[Any]:
        """The rows of a list, none for null. Raises BadValue for anything else and for too many."""
        if type(value) is not list:
            if value is None:
                return []
            raise BadValue(f"{kind_name(value)} is not a list of rows", value=value)
        count = len(value)
        self._left -= count
        if count > MAX_ROWS or self._left < 0:
            raise BadValue(
                f"too many rows: {count} here; a list has at most {MAX_ROWS}, a document {MAX_ROWS_IN_ALL}",
                "split the document",
            )
        return value


def missing(base: Any, name: str, key: str | int) -> MappingError:
    """Why `base`, called `name`, has no `key`."""
    path = f"{name}[{key}]" if isinstance(key, int) else f"{name}.{key}" if name else key
    remedy = f"if it may be absent, write optional({path}) or default({path}, …)"
    if base is None:
        return MissingName(f"{name} is null, so there is no {path}", remedy, path=path)
    if isinstance(base, dict):
        known = (known for known in base if isinstance(known, str))
        return MissingName(f"there is no {path}{nearest(str(key), known)}", remedy, path=path)
    if isinstance(base, list) and isinstance(key, int):
        return MissingName(f"{name} has {len(base)} rows, so there is no {path}", remedy, path=path)
    return BadValue(f"{name} is {kind_name(base)}, so it has no {key!r}", path=path)


def look(base: Any, key: str | int, name: str) -> Any:
    """One look-up inside `optional` or `default`. Raises MissingName."""
    try:
        return base[key]
    except (KeyError, IndexError, TypeError):
        raise missing(base, name, key) from None


def look_all(base: Any, keys: tuple[str | int, ...], otherwise: Any = None) -> Any:
    """A whole path inside `optional` or `default`: `otherwise` when it is missing or null."""
    for key in keys:
        try:
            base = base[key]
        except (KeyError, IndexError):
            return otherwise
        except TypeError:
            if base is None:
                return otherwise
            raise missing(base, "the value before", key) from None
    return otherwise if base is None else base


def _arithmetic(
    whole: Callable[[int, int], int] | None, exact: Callable[[Any, Any], Decimal]
) -> Callable[[Any, Any], Number]:
    def compute(left: Any, right: Any) -> Number:
        a, b = (left, right) if type(left) is Decimal is type(right) else (number(left), number(right))
        if whole is not None and type(a) is int and type(b) is int:
            result = whole(a, b)
            if abs(result) >= MAX_INTEGER:
                raise BadValue("the number has more than 38 digits")
            return result
        try:
            return exact(a, b)
        except decimal.DecimalException as error:
            raise BadValue(_why(error)) from error

    return compute


def _why(error: decimal.DecimalException) -> str:
    if isinstance(error, decimal.DivisionByZero | decimal.InvalidOperation):
        return "division by zero, or a number with more than 38 digits"
    return "the number has more than 38 digits"


add = _arithmetic(operator.add, CONTEXT.add)
subtract = _arithmetic(operator.sub, CONTEXT.subtract)
multiply = _arithmetic(operator.mul, CONTEXT.multiply)
divide = _arithmetic(None, CONTEXT.divide)


def floor_divide(left: Any, right: Any) -> int:
    a, b = _wholes("//", left, right)
    return a // b


def modulo(left: Any, right: Any) -> int:
    a, b = _wholes("%", left, right)
    return a % b


def _wholes(op: str, left: Any, right: Any) -> tuple[int, int]:
    if type(left) is not int or type(right) is not int:
        raise BadValue(f"{op} is for whole numbers, not {kind_name(left)} and {kind_name(right)}", "write integer(…)")
    if right == 0:
        raise BadValue("division by zero")
    return left, right


def negate(value: Any) -> Number:
    return -number(value)


_FAMILIES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("text", (str,)),
    ("truth", (bool,)),
    ("number", (int, Decimal)),
    ("time", (date,)),
)


def equal(left: Any, right: Any) -> bool:
    """Plain values of one kind, or null. Text against number is a mistake, not false."""
    if left is None or right is None:
        return left is right
    if type(left) is type(right) and not isinstance(left, list | dict):
        return bool(left == right)
    _comparable(left, right)
    return bool(left == right)


def unequal(left: Any, right: Any) -> bool:
    return not equal(left, right)


def _comparable(left: Any, right: Any) -> None:
    kinds = {_family(left), _family(right)}
    if len(kinds) > 1 or None in kinds:
        raise BadValue(
            f"{kind_name(left)} {shown(left)} cannot be compared with {kind_name(right)} {shown(right)}",
            "make them one kind: text(…), integer(…), decimal(…)",
        )


def _family(value: Any) -> str | None:
    return next((name for name, kinds in _FAMILIES if isinstance(value, kinds)), None)


_NUMBERS = frozenset({int, Decimal})
_ORDERED = frozenset({str, date, datetime, *_NUMBERS})


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        a, b = type(left), type(right)
        if (a is b and a in _ORDERED) or (a in _NUMBERS and b in _NUMBERS):
            return test(left, right)
        raise BadValue(
            f"{kind_name(left)} {shown(left)} cannot be ordered with {kind_name(right)} {shown(right)}",
            "make them one kind: text(…), integer(…), decimal(…), date_only(…)",
        )

    return compare


less = _ordered(operator.lt)
less_equal = _ordered(operator.le)
more = _ordered(operator.gt)
more_equal = _ordered(operator.ge)


def member(item: Any, group: Any) -> bool:
    """Is the item in the list, the text in the text, the name among the fields?"""
    if isinstance(group, list) and len(group) <= MAX_ROWS:
        return any(equal(item, other) for other in group)
    if isinstance(group, str | dict) and isinstance(item, str):
        return item in group
    raise BadValue(f"{kind_name(item)} cannot be sought in {kind_name(group)}")


def not_member(item: Any, group: Any) -> bool:
    return not member(item, group)


def truth(value: Any) -> bool:
    """A condition. Text is refused: the text "0" would count as yes."""
    if type(value) is str:
        raise BadValue(f"the text {shown(value)} is no condition", 'write boolean(x), or compare: x != ""', value=value)
    return bool(value)


OPERATORS: dict[str, Callable[..., Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "//": floor_divide,
    "%": modulo,
    "==": equal,
    "!=": unequal,
    "<": less,
    "<=": less_equal,
    ">": more,
    ">=": more_equal,
    "in": member,
    "not in": not_member,
}
