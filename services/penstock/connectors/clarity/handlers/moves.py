"""Moving an order to another status: one step per status, shared by status and shipment."""

from __future__ import annotations

from penstock.connectors.clarity.client import Shop, filled
from penstock.connectors.clarity.handlers.base import step
from penstock.connectors.clarity.handlers.order import ShopOrder, verdict
from penstock.connectors.contract import Done, Hold, Retry, SendWindow, Step, StepResult


def move(shop: Shop, order: ShopOrder, target: str, event_id: str, comment: str, *, notify: bool) -> Step:
    """The Idempotency-Key has the shop do it once per event; read back, this status or a later one counts as done."""
    statuses = shop.settings.profile.statuses

    async def find() -> Done | Hold | Retry | None:
        found = await shop.one(shop.paths.orders, order.native_id)
        if found is None:
            return Hold(f"the shop has no order {order.native_id} any more")
        now = ShopOrder.of(found[0], statuses)
        if isinstance(now, Hold):
            return now
        judged = verdict(now, target, statuses)
        if isinstance(judged, Hold):
            return judged
        return Done(reply=f"order {order.native_id} is {now.status}") if judged in ("there", "past") else None

    async def send(window: SendWindow) -> StepResult:
        body = {"status": target, "comment": comment, "notifyCustomer": notify}
        await shop.post(filled(shop.paths.order_status, id=order.native_id), body, event_id, window)
        return Done(reply=f"order {order.native_id}: {target}")

    return step("state", "keyed", send, find)
