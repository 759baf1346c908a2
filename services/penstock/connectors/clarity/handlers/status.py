"""OrderStatus of the ERP -> the ERP's number and word on the shop's order, and its status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from penstock.connectors.clarity.client import Shop
from penstock.connectors.clarity.handlers.base import ShopHandler, waiting
from penstock.connectors.clarity.handlers.moves import move
from penstock.connectors.clarity.handlers.order import ShopOrder, spelled, verdict
from penstock.connectors.contract import Decision, Hold, Plan, Settled, Step, Task, Wait

NO_STATUS = "none"
"""In the table clarity-status: this status of the ERP changes nothing in the shop."""


class StatusHandler(ShopHandler):
    """Never the same status twice, never backwards; what a shipment brings about is left to the shipment."""

    entity = "order-status"
    mapping: str | None = "order-status.from-canonical"

    def __init__(self, shop: Shop, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(shop)
        self._now = now

    async def decide(self, task: Task) -> Decision:
        order = await self.order(task)
        if not isinstance(order, ShopOrder):
            return order
        number = self._number(task, order)
        steps = [number] if number is not None else []
        moved = self._moves(task, order)
        if isinstance(moved, list):
            steps += moved
        elif isinstance(moved, Hold) or not steps:
            return moved
        elif isinstance(moved, Wait):
            steps.append(waiting(moved))
        return Plan(steps, native_id=order.native_id)

    async def remove(self, task: Task) -> Decision:  # noqa: ARG002
        """An ERP purges what is done with."""
        return Settled("gone", "the ERP no longer has the order; the shop's keeps its status")

    def _number(self, task: Task, order: ShopOrder) -> Step | None:
        """customKey is set once. A further ERP order of the same web order (a remainder) leaves both alone."""
        number = task.payload.get("erp_number")
        if number is None or order.custom_key not in {None, number}:
            return None
        wanted = {"customKey": number, "erpStatus": task.payload.get("erp_status")}
        present = {"customKey": order.custom_key, "erpStatus": order.erp_status}
        changed: dict[str, object] = {name: value for name, value in wanted.items() if value != present[name]}
        return self.patch_order("number", order, changed) if changed else None

    def _moves(self, task: Task, order: ShopOrder) -> list[Step] | Settled | Hold | Wait:
        statuses, said = self.settings.profile.statuses, str(task.payload["status"])
        if said == NO_STATUS:
            return Settled("unchanged", "this status of the ERP changes nothing in the shop", order.native_id)
        target = spelled(said, statuses)
        if target is None:
            return Hold(
                f"the table clarity-status says {said!r}: give one of {', '.join(statuses.transitions)}, or {NO_STATUS}"
            )
        judged = verdict(order, target, statuses)
        if isinstance(judged, Hold):
            return judged
        if judged == "there":
            return Settled("unchanged", f"the shop's order {order.native_id} is {target}", order.native_id)
        if judged == "past":
            return Settled(
                "superseded", f"the shop's order {order.native_id} is {order.status}, past {target}", order.native_id
            )
        comment = f"ERP: {task.payload.get('erp_number') or ''} {task.payload.get('erp_status') or ''}".rstrip()
        if self._shipment_first(task, order, target):
            first = Wait("shipment", f"order {order.native_id}: its shipments bring it to {target}", 2.0)
            if order.status not in statuses.held:
                return first
            # released and shipped between two looks: the shipments wait for the shop's order to be released
            released = move(self.shop, order, statuses.working, task.event_id, comment, notify=False)
            return [released, waiting(first)]
        mail = bool(task.options.get("notify_customers"))
        return [move(self.shop, order, name, task.event_id, comment, notify=mail and name == target) for name in judged]

    def _shipment_first(self, task: Task, order: ShopOrder, target: str) -> bool:
        """A shipped order takes no shipments: they go first. An ERP that ships without any keeps nobody waiting, but
        where some goods have left and others not, more shipments are to come.
        """
        statuses = self.settings.profile.statuses
        ranks = statuses.ranks
        unshipped = ranks[order.status] <= max(ranks[name] for name in statuses.shippable)
        if target in statuses.closed or ranks[target] < statuses.shipped_from or not unshipped:
            return False
        if any(item.shipped for item in order.items) and any(item.open > 0 for item in order.items):
            return True
        observed: datetime | None = task.record["source"].get("observed_at")
        return observed is not None and self._now() - observed < timedelta(seconds=self.settings.shipment_patience)
