"""Invoices and receipts of the ERP -> attributes of the shop's order.

Clarity has no invoice resource, and its payments can only be read (systems/clarity.md 3.2): neither the payment status
nor the balance can be written. The attributes tell buyer and merchant what the ERP knows.
"""

from __future__ import annotations

from penstock.connectors.clarity.handlers.base import ShopHandler
from penstock.connectors.clarity.handlers.order import ShopOrder
from penstock.connectors.contract import Decision, Plan, Settled, Task


class NoteHandler(ShopHandler):
    """One attribute per document (`<word>.<key>`), so that none overwrites another, and the newest one's own fields.

    payload: `key`, `summary`, `date` (ISO 8601), `newest` (attributes of the newest document, `<word>Date` among them).
    """

    word: str = ""

    async def decide(self, task: Task) -> Decision:
        order = await self.order(task)
        if not isinstance(order, ShopOrder):
            return order
        payload, present = task.payload, order.attributes
        wanted: dict[str, object] = {f"{self.word}.{payload['key']}": payload["summary"]}
        if str(present.get(f"{self.word}Date") or "") <= payload["date"]:
            wanted |= {name: value for name, value in payload["newest"].items() if value is not None}
            wanted[f"{self.word}Date"] = payload["date"]
        changed = {name: value for name, value in wanted.items() if present.get(name) != value}
        if not changed:
            return Settled("unchanged", f"the shop's order {order.native_id} shows it", order.native_id)
        reply = self.patch_order("attributes", order, {"attributes": changed})
        return Plan([reply], native_id=order.native_id)


class InvoiceHandler(NoteHandler):
    entity = "invoice"
    mapping: str | None = "invoice.from-canonical"
    word = "invoice"


class PaymentHandler(NoteHandler):
    entity = "payment"
    mapping: str | None = "payment.from-canonical"
    word = "paymentReceived"
