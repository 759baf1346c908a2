"""Functions that a flow injects into mappings: decisions, addresses, match keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from penstock.mapping import BadValue, Function, function
from penstock.mapping.functions.values import to_text
from penstock.rules.address import standardise
from penstock.rules.decision import DecisionTable, NoRuleError
from penstock.rules.matching import NoMatchKeyError, match_key

_NUMBERS = frozenset({int, float, Decimal})
"""A postal code or a phone number may come as one."""


def decide_function(tables: Mapping[str, DecisionTable]) -> Function:
    """`decide("cost-centre", shop=…, country=…, category=…)`: the first matching row of a decision table."""

    def decide(table: str, **inputs: Any) -> Any:
        """What the decision table says for these inputs: its first row that matches, else its default."""
        found = tables.get(table)
        if found is None:
            raise BadValue(f"there is no decision table {table!r}", f"there is {', '.join(sorted(tables)) or 'none'}")
        try:
            return found.decide(**inputs).value
        except NoRuleError as error:
            raise BadValue(str(error), f"add a row or a default to tables/{table}.yaml") from error

    return function(
        decide,
        group="context",
        kinds="text, any -> any",
        examples={'decide("cost-centre", country="FR")': '"CC-100"'},
    )


def address_function() -> Callable[..., Any]:
    """`address({...})` or `address(line1=…, city=…)`: a canonical address, standardised."""

    def address(given: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        found = {**(given or {}), **fields}
        numbers = {name: to_text(value) for name, value in found.items() if type(value) in _NUMBERS}
        return standardise(found | numbers)

    return address


def match_key_function(secret: bytes) -> Callable[..., Any]:
    """`match_key(email=…, name=…, postal_code=…)`: which customer this is, as a keyed hash."""

    def keyed(email: str | None = None, name: str | None = None, postal_code: str | None = None) -> str:
        try:
            return match_key(email, name, postal_code, secret)
        except NoMatchKeyError as error:
            raise BadValue(str(error)) from error

    return keyed
