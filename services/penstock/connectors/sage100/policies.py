"""The flow's policies as this connector reads them, with the defaults of a flow that says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Policies:
    """One record's policies (docs/flow.md). Values are those of the flow file."""

    create: str = "auto"
    guests: str = "own"
    numbers: str = "hash"
    match_name: bool = True
    credit: str = "check"
    unavailable: str = "hold"
    tax: str = "header"
    shipping: str = "header"
    discount: str = "header"
    line_discount: str = "price"
    currency: str = "hold"
    characters: str = "transliterate"
    cancel: str = "hold"

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Policies:
        return cls(**{field: given[name] for name, field in _NAMES.items() if name in given})

    @property
    def transliterate(self) -> bool:
        return self.characters == "transliterate"


_NAMES = {
    "customers.create": "create",
    "customers.guests": "guests",
    "customers.numbers": "numbers",
    "customers.match_name": "match_name",
    "credit": "credit",
    "stock.unavailable": "unavailable",
    "tax": "tax",
    "shipping": "shipping",
    "discount": "discount",
    "line_discount": "line_discount",
    "currency": "currency",
    "characters": "characters",
    "cancel": "cancel",
}
