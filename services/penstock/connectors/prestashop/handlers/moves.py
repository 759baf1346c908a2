"""Moving an order to another state: one probe step, shared by status, shipment and payment.

A repeated POST adds a history row (and a mail) each time, so the state is read right before; the runtime reads it
again after a lost reply (systems/prestashop.md 6).
"""

from __future__ import annotations

from dataclasses import dataclass

from penstock.connectors.contract import Done, Hold, Retry, SendWindow, Settled, Step, StepResult, Wait
from penstock.connectors.prestashop import payloads
from penstock.connectors.prestashop.client import Shop
from penstock.connectors.prestashop.handlers.base import step
from penstock.connectors.prestashop.handlers.states import ORDER_FIELDS, Ladder, ShopOrder, Verdict
from penstock.connectors.prestashop.reference import ReferenceData
from penstock.connectors.prestashop.wire import integer


@dataclass(frozen=True, slots=True)
class Mover:
    """Moves orders of one shop along the ladder of states."""

    shop: Shop
    reference: ReferenceData
    ladder: Ladder

    async def order(self, native_id: str) -> ShopOrder | Settled:
        row = await self.shop.row("orders", native_id, display=ORDER_FIELDS)
        if row is None:
            return Settled("gone", f"the shop has no order {native_id}")
        return ShopOrder.of(row)

    async def verdict(self, order: ShopOrder, target: int) -> Verdict:
        row = await self.reference.row("order_states", target)
        if row is None:
            return Hold(f"the shop has no order state {target}: correct the table prestashop-state")
        return self.ladder.verdict(order, await self.reference.row("order_states", order.state), target, row)

    async def entering_paid(self, order: ShopOrder, target: int) -> Verdict:
        """As `verdict`, for a payment that covers what is due: the booking is what we want."""
        found = await self.verdict(order, target)
        return "go" if isinstance(found, Wait) else found

    def step(self, name: str, order_id: str, target: int, *, mail: bool, booking: bool = False) -> Step:
        """The step into a state; `booking`: entering a state with `paid` is meant to book the payment."""
        judge = self.entering_paid if booking else self.verdict

        async def look() -> Done | Hold | Wait | None:
            order = await self.order(order_id)
            if isinstance(order, Settled):
                return Hold(order.reason)
            verdict = await judge(order, target)
            if verdict == "go":
                return None
            if isinstance(verdict, (Hold, Wait)):
                return verdict
            return Done(reply=f"order {order_id} is in state {order.state}")

        async def find() -> Done | Hold | Retry | None:
            found = await look()
            return None if isinstance(found, Wait) else found

        async def send(window: SendWindow) -> StepResult:
            if not booking and isinstance(found := await look(), Wait):
                return found
            params = {"sendemail": "1"} if mail else None
            body = payloads.order_history(order_id, target)
            row = await self.shop.write("POST", "order_histories", body, window=window, params=params)
            return Done(reply=f"state {target}, history {integer(row.get('id'))}")

        return step(name, "probe", send, find)
