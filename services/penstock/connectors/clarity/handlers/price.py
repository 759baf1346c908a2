"""Price of the ERP -> list price, or the price of one account (3.3). The shop knows no quantity breaks and no dates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from penstock.connectors.clarity.bulk import Bulk
from penstock.connectors.clarity.client import Row, Shop
from penstock.connectors.clarity.errors import RefusedError
from penstock.connectors.clarity.handlers.base import ShopHandler, step, waiting
from penstock.connectors.clarity.handlers.keyed import account_key
from penstock.connectors.contract import Decision, Done, Plan, SendWindow, Settled, Step, StepResult, Task, Wait

LONGEST_WAIT = 3600.0


class PriceHandler(ShopHandler):
    """What is dated is written when its time comes: the record waits for its start and, with a promotion, its end."""

    entity = "price"
    mapping: str | None = "price.from-canonical"

    def __init__(self, shop: Shop, bulk: Bulk, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(shop)
        self._bulk = bulk
        self._now = now
        self._written: dict[str, Row] = {}

    async def decide(self, task: Task) -> Decision:
        record, payload = task.record, task.payload
        if (record.get("from_quantity") or Decimal(0)) > 1:
            return Settled("not-routed", "the shop knows no prices by quantity")
        now, start, end = self._now(), record.get("valid_from"), record.get("valid_to")
        sale = payload.get("sale")
        running = (start is None or start <= now) and (end is None or now < end)
        if sale is None and not running:
            if start is not None and now < start:
                return Wait("valid-from", f"the price of {payload['sku']} is valid from {start:%Y-%m-%d}", LONGEST_WAIT)
            return Settled("superseded", f"the price of {payload['sku']} ended on {end:%Y-%m-%d}")
        entry: Row = {"sku": payload["sku"], "currency": payload["currency"], "list": f"{payload['list']:f}"}
        # null where there is none: a promotion that has ended must not stay
        entry["sale"] = f"{sale:f}" if sale is not None and running else None
        if number := payload.get("customer"):
            key = await account_key(self, task, str(record.get("customer_id") or ""), str(number))
            if not isinstance(key, str):
                return key
            entry["accountKey"] = key
        change = next((moment for moment in (start, end) if sale is not None and moment and moment > now), None)
        steps = [self._write(entry, task.event_id if change is not None else None)]
        if change is not None:
            wait = Wait("promotion", f"the promotion of {payload['sku']} changes on {change:%Y-%m-%d}", LONGEST_WAIT)
            if self._written.get(task.event_id) == entry:
                return wait
            steps.append(waiting(wait))
        return Plan(steps)

    def _write(self, entry: Row, event_id: str | None) -> Step:
        async def send(window: SendWindow) -> StepResult:
            try:
                await self._bulk.put(entry, window)
            except RefusedError as error:
                if error.status != 404:
                    raise
                return await self._missing(entry)
            if event_id is not None:
                self._written[event_id] = entry
            return Done(reply=f"{entry['sku']}: {entry['list']} {entry['currency']}")

        return step("price", "absolute", send)

    async def _missing(self, entry: Row) -> Wait:
        """A 404 does not say whether it is the product or the account."""
        if "accountKey" in entry and await self.shop.rows(self.shop.paths.products, customKey=entry["sku"]):
            return Wait("customer", f"the shop has no account {entry['accountKey']}", after=30.0)
        return Wait("item", f"the shop has no product {entry['sku']}", after=30.0)
