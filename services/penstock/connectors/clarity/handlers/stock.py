"""StockLevel of the ERP -> quantityOnHand of one location, such that the shop offers what may be sold.

The shop offers on hand - allocated - pre-sold, and allocates its own open orders. The ERP's available figure holds
what it has booked; what the shop sold and the ERP has not booked is taken off first. So: on hand = what may be sold +
what the shop itself will take off again, decided on a fresh read.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from decimal import ROUND_FLOOR, Decimal

from penstock.connectors.clarity.batch import Batch
from penstock.connectors.clarity.bulk import Bulk
from penstock.connectors.clarity.client import Row, Shop
from penstock.connectors.clarity.errors import RefusedError
from penstock.connectors.clarity.handlers.base import ShopHandler, step, waiting
from penstock.connectors.contract import (
    Decision,
    Done,
    Hold,
    Plan,
    Retry,
    SendWindow,
    Settled,
    Step,
    StepResult,
    Task,
    Wait,
)

NEWEST_ORDERS = 100
"""More than can be on their way to the log at once."""
UNSEEN_SECONDS = 60.0
NO_LOCATION = "none"
"""In the table clarity-location: the shop does not sell from this warehouse."""
_PLACES = Decimal("0.0001")


class StockHandler(ShopHandler):
    """The shop's own figures move with every sale, so each write is decided on a fresh read."""

    entity = "stock-level"
    mapping: str | None = "stock-level.from-canonical"
    fresh = True

    def __init__(self, shop: Shop, bulk: Bulk, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(shop)
        self._bulk = bulk
        self._clock = clock
        self._newest: Batch[None, Sequence[str]] = Batch(self._newest_orders, self.settings.bulk_wait)
        self._noticed: dict[str, float] = {}
        self._stale: deque[str] = deque(maxlen=1000)

    async def decide(self, task: Task) -> Decision:
        sku, location = str(task.payload["sku"]), str(task.payload["location"])
        if location == NO_LOCATION:
            return Settled("not-routed", f"the shop does not sell from {task.record['warehouse']}")
        if task.event_id in self._stale:
            self._stale.remove(task.event_id)
            return Settled("superseded", f"the shop has a newer figure of {sku} at {location}")
        unbooked = task.lookup.unbooked(sku)
        row = await self._row(sku, location)
        if isinstance(row, Hold):
            return row
        taken = _taken(row)
        on_hand = sellable(Decimal(0) if task.record.get("deleted_at") else task.payload["available"], unbooked) + taken
        shown = _figure(row, "quantityOnHand")
        # No newer figure need come when what is not booked changes: as long as there is any, this one is tried again.
        reason = f"{unbooked.normalize():f} of {sku} are in orders that the ERP does not allocate yet"
        again = Wait("booking", reason, 2.0) if unbooked else None
        if row and shown == on_hand:
            return again or Settled("unchanged", f"the shop has {on_hand.normalize():f} of {sku} on hand")
        if on_hand > shown and (number := await self._unseen_order(task)):
            return Wait(
                "orders", f"order {number} of the shop is not on the log yet: its units must not be sold again", 1.0
            )
        if task.lookup.unbooked(sku) != unbooked:
            return Wait("orders", f"the demand for {sku} changed while the shop was looked at", 0.2)
        entry = {"sku": sku, "locationKey": location, "quantityOnHand": f"{on_hand:f}"}
        if section := row.get("sectionKey") or self.settings.stock_sections.get(location):
            entry["sectionKey"] = section
        if observed := task.record["source"].get("observed_at"):
            entry["asOf"] = observed.isoformat().replace("+00:00", "Z")
        steps = [self._write(entry, task.event_id), self._look_again(sku, location, on_hand - taken)]
        if again is not None:
            steps.append(waiting(again))
        return Plan(steps)

    async def remove(self, task: Task) -> Decision:
        """The ERP has the item no more in this warehouse: none of it may be sold."""
        return await self.decide(task)

    async def _row(self, sku: str, location: str) -> Row | Hold:
        """The stock row; empty when there is none yet, as the write makes one."""
        rows = [
            row
            for row in await self.shop.rows(self.shop.paths.inventory, sku=sku)
            if row.get("locationKey") == location
        ]
        if wanted := self.settings.stock_sections.get(location):
            rows = [row for row in rows if row.get("sectionKey") == wanted]
        if len(rows) > 1:
            sections = ", ".join(sorted(str(row.get("sectionKey")) for row in rows))
            return Hold(f"{sku} lies in several sections of {location} ({sections}): name one in stock_sections")
        return rows[0] if rows else {}

    async def _unseen_order(self, task: Task) -> str | None:
        """The newest orders are looked at before a quantity is raised: one that we do not know took units."""
        now = self._clock()
        unseen = [number for number in await self._newest.ask(None) if not task.lookup.seen(number)]
        self._noticed = {number: self._noticed.get(number, now) for number in unseen}
        # one that stays unseen is a dead letter: it must not hold back the stock for ever
        return next((number for number in unseen if now - self._noticed[number] < UNSEEN_SECONDS), None)

    async def _newest_orders(self, asked: Sequence[None]) -> Sequence[Sequence[str]]:
        form = self.settings.profile.lists
        filters = {form.page_size: str(NEWEST_ORDERS), form.sort: f"-{form.by_change}"}
        rows = (await self.shop.page(self.shop.paths.orders, filters)).rows
        return [[str(row["id"]) for row in rows]] * len(asked)

    def _write(self, entry: Row, event_id: str) -> Step:
        async def send(window: SendWindow) -> StepResult:
            try:
                await self._bulk.put(entry, window)
            except RefusedError as error:
                if error.status == 404:
                    return Wait("item", f"the shop has no product {entry['sku']}", after=30.0)
                if error.code == "stale":
                    self._stale.append(event_id)
                    return Retry(f"{entry['sku']}: the shop has a newer figure", 0.0)
                raise
            return Done(reply=f"{entry['sku']} at {entry['locationKey']}: {entry['quantityOnHand']}")

        return step("quantity", "absolute", send)

    def _look_again(self, sku: str, location: str, sellable: Decimal) -> Step:
        """What the shop ships between our look and our write it takes off twice; no newer figure need come after it."""

        async def send(window: SendWindow) -> StepResult:  # noqa: ARG001 - a read
            row = await self._row(sku, location)
            if isinstance(row, Hold):
                return row
            offered = _figure(row, "quantityOnHand") - _taken(row)
            if offered > sellable:
                return Retry(f"{sku}: the shop's own figures moved while it was written", 0.2)
            return Done(reply=f"{sku} at {location}: {offered.normalize():f} offered")

        async def rehearse(_window: SendWindow) -> StepResult:
            return Done(reply=f"{sku} at {location} is read again")

        return step("look", "absolute", send, rehearse=rehearse)


def _taken(row: Row) -> Decimal:
    return _figure(row, "quantityAllocated") + _figure(row, "quantityPreSold")


def _figure(row: Row, name: str) -> Decimal:
    return Decimal(str(row.get(name) or 0))


def sellable(available: Decimal, unbooked: Decimal) -> Decimal:
    """What is left once what the ERP has not booked is taken off; never below 0. Four places, as the shop keeps."""
    return max(available - unbooked, Decimal(0)).quantize(_PLACES, rounding=ROUND_FLOOR)
