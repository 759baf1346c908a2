"""OrderStatus of the ERP -> state of the shop's order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from penstock.connectors.contract import Decision, Hold, Plan, Settled, Task, Wait
from penstock.connectors.prestashop.client import Shop
from penstock.connectors.prestashop.handlers.base import ShopHandler
from penstock.connectors.prestashop.handlers.moves import Mover
from penstock.connectors.prestashop.reference import ReferenceData
from penstock.connectors.prestashop.wire import text

SHIPPED = frozenset({"shipped", "complete"})
SHIPMENT_PATIENCE = timedelta(minutes=5)
NO_STATE = "none"
"""In the table prestashop-state: this status of the ERP changes nothing in the shop."""


class StatusHandler(ShopHandler):
    """Never the same state twice, never backwards, never a payment that nobody made."""

    entity = "order-status"
    mapping: str | None = "order-status.from-canonical"

    def __init__(
        self,
        shop: Shop,
        reference: ReferenceData,
        mover: Mover,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(shop, reference)
        self._mover = mover
        self._now = now

    def _young(self, task: Task) -> bool:
        """An ERP that ships without shipments must not keep the shop waiting for ever."""
        observed: datetime | None = task.record["source"].get("observed_at")
        return observed is not None and self._now() - observed < SHIPMENT_PATIENCE

    async def _tracked(self, order_id: str) -> bool:
        rows = (await self.shop.rows("order_carriers", {"id_order": f"[{order_id}]"})).rows
        return any(text(row.get("tracking_number")) for row in rows)

    async def decide(self, task: Task) -> Decision:
        found = self.order_of(task)
        if isinstance(found, Settled):
            return found
        state = str(task.payload["state"])
        if state == NO_STATE:
            return Settled("unchanged", f"{task.payload['status']} changes nothing in the shop", found)
        if not state.isdigit() or int(state) == 0:
            return Hold(f"the table prestashop-state says {state!r}: give the id of an order state, or {NO_STATE}")
        order = await self._mover.order(found)
        if isinstance(order, Settled):
            return order
        verdict = await self._mover.verdict(order, int(state))
        if isinstance(verdict, (Wait, Hold)):
            return verdict
        if verdict == "there":
            return Settled("unchanged", f"the shop's order {found} is in state {state}", found)
        if verdict == "past":
            return Settled("superseded", f"the shop's order {found} is in state {order.state}, past {state}", found)
        if task.payload["status"] in SHIPPED and self._young(task) and not await self._tracked(found):
            return Wait("shipment", f"order {found}: its shipment with the tracking number goes before the state", 2.0)
        mail = bool(task.options.get("notify_customers"))
        return Plan([self._mover.step("state", found, int(state), mail=mail)], native_id=found)
