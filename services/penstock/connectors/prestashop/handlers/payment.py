"""Payment received by the ERP -> the shop's order is paid.

Entering a state with the flag `paid` books a payment of all that is due, so such a state is entered only by a payment
that covers it, and the row that the shop then books gets our transaction id and the amount received.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from penstock.connectors.contract import (
    UNTOLD,
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
    Untold,
)
from penstock.connectors.prestashop import fields, payloads
from penstock.connectors.prestashop.client import Shop
from penstock.connectors.prestashop.handlers.base import ShopHandler, step
from penstock.connectors.prestashop.handlers.moves import Mover
from penstock.connectors.prestashop.handlers.states import ShopOrder, amount
from penstock.connectors.prestashop.reference import ReferenceData
from penstock.connectors.prestashop.wire import Row, integer, text


@dataclass(frozen=True, slots=True)
class _Received:
    """A payment of the ERP, in the currency of the order."""

    amount: Decimal
    currency: str
    transaction_id: str
    method: str

    @property
    def written(self) -> str:
        return format(self.amount, ".6f")


class PaymentHandler(ShopHandler):
    """One payment; known again in the shop by its transaction id."""

    entity = "payment"
    mapping: str | None = "payment.from-canonical"

    def __init__(self, shop: Shop, reference: ReferenceData, mover: Mover) -> None:
        super().__init__(shop, reference)
        self._mover = mover

    async def decide(self, task: Task) -> Decision:
        order_id = self.order_of(task)
        if isinstance(order_id, Settled):
            return order_id
        order = await self._mover.order(order_id)
        if isinstance(order, Settled):
            return order
        payload = task.payload
        received = _Received(payload["amount"], payload["currency"], payload["transaction_id"], payload["method"])
        if received.amount <= 0:
            return Hold(f"the payment of order {order_id} is not positive: book a refund in the shop by hand")
        currency = await self.reference.row("currencies", order.currency_id)
        iso = text(currency.get("iso_code")) if currency is not None else ""
        if iso != received.currency:
            return Hold(f"the payment is in {received.currency}, order {order_id} in {iso or 'an unknown currency'}")
        booked = await self._booked(order)
        if any(text(row.get("transaction_id")) == received.transaction_id for row in booked):
            return Settled("unchanged", f"the shop has the payment of order {order_id}", order_id)
        return await self._steps(task, order, received, booked)

    async def _steps(self, task: Task, order: ShopOrder, received: _Received, booked: list[Row]) -> Decision:
        order_id, target = order.native_id, int(task.payload["state"])
        if order.due == 0:
            if task.resuming and _unlabelled(booked):
                return Plan([self._label(order, received)], native_id=order_id)
            if received.amount > order.total:
                return Hold(
                    f"order {order_id} is paid in the shop, and the ERP received {received.amount} {received.currency} "
                    f"for its {order.total}: decide whether to refund"
                )
            return Settled("unchanged", f"order {order_id} is paid in the shop", order_id)
        if received.amount < order.due and received.amount < await self._open(order, booked):
            return Plan([self._part(order, received)], native_id=order_id)
        verdict = await self._mover.entering_paid(order, target)
        if isinstance(verdict, Hold):
            return verdict
        if order.state in self._mover.ladder.closed:
            return Hold(f"order {order_id} is closed in the shop (state {order.state}), and the ERP received a payment")
        if verdict != "go":
            # The order is past the paid state, yet unpaid: only the payment is missing.
            return Plan([self._part(order, received)], native_id=order_id)
        mail = bool(task.options.get("notify_customers"))
        paid = self._mover.step("paid", order_id, target, mail=mail, booking=True)
        return Plan([paid, self._label(order, received)], native_id=order_id)

    async def _booked(self, order: ShopOrder) -> list[Row]:
        """Payments of the order, by its reference; orders split from one cart share them."""
        if not order.reference:
            return []
        wanted = {"order_reference": f"[{order.reference}]"}
        return list((await self.shop.rows("order_payments", wanted, display=fields.PAYMENT)).rows)

    async def _open(self, order: ShopOrder, booked: list[Row]) -> Decimal:
        """What is open once payments posted by the API are counted, which total_paid_real does not (facts, 7).

        Orders split from one cart share their payments: none of those can be said to be this order's.
        """
        split = await self.shop.rows("orders", {"reference": f"[{order.reference}]"}, display="[id]", limit=2)
        if len(split.rows) > 1:
            return order.due
        return order.total - max(order.paid, sum((amount(row.get("amount")) for row in booked), Decimal(0)))

    def _label(self, order: ShopOrder, received: _Received) -> Step:
        async def send(window: SendWindow) -> StepResult:
            booked = await self._booked(order)
            if any(text(row.get("transaction_id")) == received.transaction_id for row in booked):
                return Done(reply="labelled before")
            rows = _unlabelled(booked)
            if not rows:
                return Hold(f"order {order.native_id} is in a paid state, but the shop booked no payment for it")
            return await label(text(max(rows, key=lambda row: integer(row.get("id"))).get("id")), window)

        async def label(row_id: str, window: SendWindow) -> StepResult:
            changed = {"transaction_id": received.transaction_id, "amount": received.written}
            await self.shop.change("order_payments", "order_payment", row_id, changed, window=window)
            return Done(reply=f"payment {row_id}")

        async def rehearse(window: SendWindow) -> StepResult | Untold:
            if not self.settings.can_patch:  # a PUT repeats every field of the row that the shop will have made
                return Untold(f"the payment that the shop books gets {received.transaction_id}, {received.written}")
            return await label(UNTOLD, window)

        return step("label", "absolute", send, rehearse=rehearse)

    def _part(self, order: ShopOrder, received: _Received) -> Step:
        async def find() -> Done | Hold | Retry | None:
            for row in await self._booked(order):
                if text(row.get("transaction_id")) == received.transaction_id:
                    return Done(reply=f"payment {text(row.get('id'))}")
            return None

        async def send(window: SendWindow) -> StepResult:
            body = payloads.order_payment(
                {
                    "order_reference": order.reference,
                    "id_currency": order.currency_id,
                    "amount": received.written,
                    "payment_method": received.method,
                    "conversion_rate": order.conversion_rate,
                    "transaction_id": received.transaction_id,
                }
            )
            row = await self.shop.write("POST", "order_payments", body, window=window)
            return Done(reply=f"payment {text(row.get('id'))}")

        return step("part", "probe", send, find)


def _unlabelled(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not text(row.get("transaction_id"))]
