"""Shipment of the ERP -> tracking number on the order carrier, then the shipped state.

Tracking first: the mail of the state change shows the number (systems/prestashop.md 6).
"""

from __future__ import annotations

from collections.abc import Sequence

from penstock.connectors.contract import Decision, Done, Hold, Plan, SendWindow, Settled, Step, StepResult, Task
from penstock.connectors.prestashop.client import Shop
from penstock.connectors.prestashop.handlers.base import ShopHandler, step
from penstock.connectors.prestashop.handlers.moves import Mover
from penstock.connectors.prestashop.handlers.states import ShopOrder
from penstock.connectors.prestashop.reference import ReferenceData
from penstock.connectors.prestashop.wire import Row, text

LONGEST_TRACKING = 64
_REFUSED = frozenset("<>{}")


class ShipmentHandler(ShopHandler):
    """An order has one order carrier, a parcel run may have several numbers: they are joined in it."""

    entity = "shipment"
    mapping: str | None = "shipment.from-canonical"

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
        mail = bool(task.options.get("notify_customers"))
        complete, target = bool(task.payload["complete"]), int(task.payload["state"])
        steps: list[Step] = []
        tracking = await self._tracking(order, task.payload.get("tracking_numbers") or ())
        if isinstance(tracking, Hold):
            return tracking
        if tracking is not None:
            carrier_row, numbers = tracking
            # One mail: the state's, where a state change follows.
            steps.append(self._write_tracking(carrier_row, numbers, mail=mail and not complete))
        if complete:
            verdict = await self._mover.verdict(order, target)
            if isinstance(verdict, Hold):
                return verdict
            if verdict not in {"there", "past"}:
                # An unpaid order waits within the step, after its tracking number was written.
                steps.append(self._mover.step("state", order_id, target, mail=mail))
        if not steps:
            return Settled("unchanged", f"the shop's order {order_id} shows this shipment", order_id)
        return Plan(steps, native_id=order_id)

    async def _tracking(self, order: ShopOrder, numbers: Sequence[str]) -> tuple[str, str] | Hold | None:
        """Row and text to write; None when the shop has it."""
        if not numbers:
            return None
        rows = (await self.shop.rows("order_carriers", {"id_order": f"[{order.native_id}]"})).rows
        row = next((row for row in rows if text(row.get("id_carrier")) == order.carrier_id), next(iter(rows), None))
        if row is None:
            return Hold(f"order {order.native_id} has no order carrier in the shop: it cannot show a tracking number")
        present = text(row.get("tracking_number"))
        wanted = self._joined(row, numbers)
        if wanted == present:
            return None
        if len(wanted) > LONGEST_TRACKING:
            return Hold(
                f"the tracking numbers of order {order.native_id} take {len(wanted)} characters, the shop has room for "
                f"{LONGEST_TRACKING}: write them in the shop by hand, or shorten them in the ERP"
            )
        if _REFUSED & set(wanted):
            return Hold(f"a tracking number of order {order.native_id} has one of < > {{ }}, which the shop refuses")
        return text(row.get("id")), wanted

    def _joined(self, row: Row, numbers: Sequence[str]) -> str:
        separator = self.settings.tracking_separator
        present = [number.strip() for number in text(row.get("tracking_number")).split(separator.strip() or None)]
        return separator.join(dict.fromkeys(number for number in [*present, *numbers] if number))

    def _write_tracking(self, row_id: str, numbers: str, *, mail: bool) -> Step:
        async def send(window: SendWindow) -> StepResult:
            await self.shop.change(
                "order_carriers",
                "order_carrier",
                row_id,
                {"tracking_number": numbers},
                window=window,
                params={"sendemail": "1"} if mail else None,
            )
            return Done(reply=f"order carrier {row_id}")

        return step("tracking", "absolute", send)
