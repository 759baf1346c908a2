"""What an audit finds: differences, open matters, sums; and the statement that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

Kind = Literal[
    "no-fate",
    "unreadable",
    "not-on-log",
    "deleted",
    "doubled",
    "orphan",
    "amount",
    "stale",
    "over-invoiced",
    "overpaid",
]
"""See docs/delivery.md for what each means."""

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Window:
    """[since, until); None is open."""

    since: datetime | None = None
    until: datetime | None = None

    def __contains__(self, at: datetime) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)

    def __str__(self) -> str:
        if self.since is None and self.until is None:
            return "all"
        return f"{_text(self.since)}..{_text(self.until)}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not agree. It holds ids and amounts, no personal data.

    system: where it shows, `system:instance`. document: id there. places: `topic-partition-offset` on the log.
    expected, found: amounts or states as texts. cause, repair: for a clerk; `repair` is a command or an act.
    """

    kind: Kind
    system: str
    document: str
    reference: str = ""
    canonical_id: str = ""
    places: tuple[str, ...] = ()
    what: str = ""
    expected: str = ""
    found: str = ""
    currency: str = ""
    cause: str = ""
    repair: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """The same in two looks when it is the same difference."""
        return self.kind, self.system, self.document, self.reference, self.what

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "system": self.system,
            "document": self.document,
            "reference": self.reference,
            "canonical_id": self.canonical_id,
            "places": list(self.places),
            "what": self.what,
            "expected": self.expected,
            "found": self.found,
            "currency": self.currency,
            "cause": self.cause,
            "repair": self.repair,
        }


@dataclass(frozen=True, slots=True)
class OpenMatter:
    """An open fate: explained, and listed with its age."""

    state: str
    target: str
    event: str
    document: str
    entity: str
    reason: str
    since: str
    age_seconds: float


class Amounts(Protocol):
    """What an order or its documents come to."""

    @property
    def total(self) -> Decimal: ...
    @property
    def tax(self) -> Decimal | None: ...
    @property
    def quantity(self) -> Decimal: ...


@dataclass(slots=True)
class Sums:
    """Amounts of the orders of one shop, day and currency (that of the ERP's books, once an order is booked there).

    placed = open + ended + elsewhere + due; when the books balance, due = booked. `ended`: cancelled, and what was cut
    off a part-shipped order. `elsewhere`: not routed, rejected or given up.
    """

    orders: int = 0
    placed: Decimal = ZERO
    open: Decimal = ZERO
    ended: Decimal = ZERO
    elsewhere: Decimal = ZERO
    due: Decimal = ZERO
    booked: Decimal = ZERO
    tax_due: Decimal = ZERO
    tax_booked: Decimal = ZERO
    quantity_due: Decimal = ZERO
    quantity_booked: Decimal = ZERO

    def add_due(self, rest: Literal["open", "ended", "elsewhere"], placed: Amounts, due: Amounts) -> None:
        """`due` must be in the books; what of the order is placed beyond it is explained as `rest`."""
        self.due += due.total
        self.tax_due += due.tax or ZERO
        self.quantity_due += due.quantity
        setattr(self, rest, getattr(self, rest) + placed.total - due.total)

    def add_booked(self, booked: Amounts) -> None:
        self.booked += booked.total
        self.tax_booked += booked.tax or ZERO
        self.quantity_booked += booked.quantity

    @property
    def agrees(self) -> bool:
        return self.due == self.booked and self.quantity_due == self.quantity_booked

    def as_json(self) -> dict[str, Any]:
        amounts = {
            name: (plain if name.startswith("quantity") else money)(getattr(self, name))
            for name in self.__slots__
            if name != "orders"
        }
        return {"orders": self.orders, **amounts, "agrees": self.agrees}


SumKey = tuple[str, str, str, str]
"""(shop, ERP, day, currency)"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one part of the audit found."""

    differences: Sequence[Difference] = ()
    sums: Mapping[SumKey, Sums] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statement:
    """The books of one flow for one window."""

    flow: str
    window: Window
    at: datetime
    seconds: float
    counts: Mapping[str, int]
    differences: Sequence[Difference]
    open: Sequence[OpenMatter]
    sums: Mapping[SumKey, Sums]
    revenue: Sequence[Mapping[str, Any]]
    open_items: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()

    @property
    def balanced(self) -> bool:
        return not self.differences

    @property
    def said(self) -> str:
        """One line."""
        if self.balanced:
            return f"the books balance: {self.counts.get('orders', 0)} orders, {len(self.open)} matters open"
        kinds = count_kinds(self.differences)
        return f"{len(self.differences)} differences: " + ", ".join(f"{n} {kind}" for kind, n in kinds.items())

    def as_json(self) -> dict[str, Any]:
        return {
            "flow": self.flow,
            "since": _text(self.window.since) or None,
            "until": _text(self.window.until) or None,
            "at": self.at.isoformat(timespec="milliseconds"),
            "seconds": round(self.seconds, 1),
            "balanced": self.balanced,
            "said": self.said,
            "counts": dict(self.counts),
            "differences": [each.as_json() for each in self.differences],
            "open": [{name: getattr(each, name) for name in each.__slots__} for each in self.open],
            "sums": [
                {"shop": shop, "erp": erp, "day": day, "currency": currency, **sums.as_json()}
                for (shop, erp, day, currency), sums in sorted(self.sums.items())
            ],
            "revenue": [dict(row) for row in self.revenue],
            "open_items": [dict(row) for row in self.open_items],
            "notes": list(self.notes),
        }


def count_kinds(differences: Iterable[Difference]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for each in differences:
        counted[each.kind] = counted.get(each.kind, 0) + 1
    return dict(sorted(counted.items()))


def plain(quantity: Decimal) -> str:
    """Without an exponent and superfluous zeros."""
    return f"{quantity.normalize():f}"


def money(amount: Decimal) -> str:
    """With two places at least."""
    whole, _, places = plain(amount).partition(".")
    return f"{whole}.{places:0<2}"


def _text(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(timespec="seconds")
