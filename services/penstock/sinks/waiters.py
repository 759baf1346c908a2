"""Records that are tried again without a person: those that wait, and holds that clear by themselves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from penstock.log.lanes import Record
from penstock.sinks.model import CUSTOMER_REQUEST, Entry, Item
from penstock.sinks.progress import Finished, Waiting

LONGEST_WAIT = 60.0
LONGEST_HOLD = 600.0
GROWTH = 1.5
MONEY = frozenset({"customer", CUSTOMER_REQUEST, "payment", "invoice", "refund"})
"""What may change a customer's credit. Orders only take from it: they wake nobody but their own."""


@dataclass(slots=True, eq=False)
class Waiter:
    """A record that waits. `since` and `due` are monotonic.

    record: as consumed, as long as its offset is not committed. held: it is a hold, else it waits. entry: where it is
    on the log (`parked` or `hold`), empty while it is in memory alone. trying: a try of it is under way.
    """

    item: Item
    record: Record | None
    on: str
    reason: str
    since: float
    due: float
    tries: int = 1
    held: bool = False
    entry: str = ""
    trying: bool = False


class Waiters:
    """At most one per document. `jitter` spreads what became due together."""

    def __init__(
        self,
        clock: Callable[[], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._clock = clock
        self._now = now
        self._jitter = jitter
        self._known: dict[str, Waiter] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Waiter]:
        return iter(list(self._known.values()))

    def __contains__(self, waiter: object) -> bool:
        return isinstance(waiter, Waiter) and self.of(waiter.item) is waiter

    def of(self, item: Item) -> Waiter | None:
        return self._known.get(key_of(item))

    def clear(self) -> None:
        self._known.clear()

    def adopt(self, item: Item, entry: Entry) -> None:
        """An entry of an earlier life: parked ones are tried soon, holds when they said they would be."""
        now, held = self._clock(), entry.clears_on is not None
        seconds = self._until(entry.data.get("next_try")) if held else 1.0
        due = now + min(max(seconds, self._jitter(1.0, 5.0)), LONGEST_HOLD)
        on = str(entry.clears_on if held else entry.data["on"])
        where = "hold" if held else "parked"
        waiter = Waiter(item, None, on, entry.data["reason"], now, due, held=held, entry=where)
        self._known[key_of(item)] = waiter
        item.entered = True

    def _until(self, text: str | None) -> float:
        return (datetime.fromisoformat(text) - self._now()).total_seconds() if text else 0.0

    def wait(self, item: Item, record: Record | None, ending: Waiting) -> None:
        """The record waits for a condition (again)."""
        known = self._same(item)
        if known is not None and not known.held:
            known.tries += 1
            known.on, known.reason = ending.on, ending.reason
            known.due = self._next(ending.after, known.tries, LONGEST_WAIT)
            return
        self.let_go(item, record)
        now, entry = self._clock(), known.entry if known is not None else ""
        waiter = Waiter(item, record, ending.on, ending.reason, now, now + ending.after, entry=entry)
        self._known[key_of(item)] = waiter

    def hold(self, item: Item, record: Record | None, ending: Finished) -> None:
        """The record is held until a condition clears it (again)."""
        known = self._same(item)
        tries = known.tries + 1 if known is not None and known.held else 1
        self.let_go(item, record)
        due, on = self._next(ending.after, tries, LONGEST_HOLD), ending.clears_on or ""
        waiter = Waiter(item, None, on, ending.reason, self._clock(), due, tries, held=True, entry="hold")
        self._known[key_of(item)] = waiter

    def _same(self, item: Item) -> Waiter | None:
        known = self.of(item)
        return known if known is not None and known.item is item else None

    def _next(self, after: float, tries: int, longest: float) -> float:
        return self._clock() + self._jitter(0.9, 1.1) * min(after * GROWTH ** min(tries - 1, 12), longest)

    def let_go(self, item: Item, record: Record | None) -> None:
        """Takes the waiter of this document away; one event may be on the log twice, each with an offset to commit."""
        if self.newer_than(item):
            return
        known = self._known.pop(key_of(item), None)
        if known is not None and known.record is not None and known.record is not record:
            known.record.done()

    def newer_than(self, item: Item) -> bool:
        """Does a later version of the item's document wait?"""
        known = self.of(item)
        if known is None or not item.yields_to(known.item.position, known.item.event_id):
            return False
        return not item.replaces(known.item.position, known.item.event_id)

    def wake(self, item: Item, *, held: bool = False) -> None:
        """What was just settled may be what others wait for: those of its order, customer and product first.

        A record that was only held wakes no other hold: two of one customer would wake each other for ever.
        """
        now, customer = self._clock(), customer_of(item)
        for waiter in self:
            if waiter.held and held:
                continue
            same_order = item.order_id is not None and waiter.item.order_id == item.order_id
            is_customer = item.entity == CUSTOMER_REQUEST and waiter.on == "customer"
            is_product = item.entity == "product" and waiter.on == "item" and sku_of(waiter.item) == sku_of(item)
            has_credit = waiter.held and item.entity in MONEY and customer and customer_of(waiter.item) == customer
            if same_order or is_customer or is_product or has_credit:
                waiter.due = min(waiter.due, now)

    def wake_skus(self, skus: set[str]) -> None:
        """Stock figures of these are to be looked at again."""
        now = self._clock()
        for waiter in self if skus else ():
            if sku_of(waiter.item) in skus:
                waiter.due = min(waiter.due, now)

    def due(self) -> list[Waiter]:
        now = self._clock()
        return [waiter for waiter in self if waiter.due <= now and not waiter.trying]


def key_of(item: Item) -> str:
    if item.entity == CUSTOMER_REQUEST:
        return f"{item.entity}/{item.canonical_id}/{item.event_id}"
    return f"{item.entity}/{item.canonical_id}"


def sku_of(item: Item) -> str | None:
    found = item.record.get("sku")
    return str(found) if found else None


def customer_of(item: Item) -> str | None:
    """Canonical id of the customer that a record is of or about."""
    found = item.canonical_id if item.entity == "customer" else item.record.get("customer_id")
    return str(found) if found else None
