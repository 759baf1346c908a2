"""The three functions that look at their argument before it has a value. The engine hands them the argument unevaluated
(`optional`, `default`) or with the fields that the mapping reads (`rest`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from penstock.mapping.errors import MissingName, MissingXref
from penstock.mapping.functions.registry import function
from penstock.mapping.usage import Read, Unread


def optional(value: Callable[[], Any]) -> Any:
    """The value, or null when a name in it is missing (or a cross-reference is not there). Bad values stay errors."""
    try:
        return value()
    except (MissingName, MissingXref):
        return None


def default(value: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """The value, or `otherwise` when it is null or a name in it is missing (or a cross-reference is not there)."""
    try:
        found = value()
    except (MissingName, MissingXref):
        found = None
    return otherwise() if found is None else found


def rest(node: Any, read: Read | None = None) -> dict[str, str] | None:
    """Everything in this part of the document that no expression of the mapping reads, as field: JSON text. Fields
    that the connector names secret never, empty ones neither.
    """
    return None if node is None else Unread(read or Read()).fields(node)


_SPECIAL = "Missing values and the rest"
FUNCTIONS = (
    function(
        optional, group=_SPECIAL, kinds="any -> any", special=True, examples={"optional(order.no_such_field)": "null"}
    ),
    function(
        default,
        group=_SPECIAL,
        kinds="any, any -> any",
        special=True,
        examples={"default(order.no_such_field, 0)": "0"},
    ),
    function(rest, group=_SPECIAL, kinds="any -> object", special=True, examples={'rest(order)["gift"]': '"\\"1\\""'}),
)
