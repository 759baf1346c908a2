"""Shipment of the ERP -> shipment of the shop's order, which turns the order Partially Shipped or Shipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from penstock.connectors.clarity.client import Row
from penstock.connectors.clarity.handlers.base import ShopHandler, step
from penstock.connectors.clarity.handlers.moves import move
from penstock.connectors.clarity.handlers.order import Item, ShopOrder
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

LATER = ("carrier", "service", "trackingNumber", "shippedDate")
"""Members that may become known after the shipment was posted."""
_PLACES = Decimal("0.0001")


class ShipmentHandler(ShopHandler):
    """Known again by customKey, the ERP's shipment number. The shop tells the customer of a shipment itself."""

    entity = "shipment"
    mapping: str | None = "shipment.from-canonical"

    async def decide(self, task: Task) -> Decision:
        order = await self.order(task)
        if not isinstance(order, ShopOrder):
            return order
        key = str(task.payload["key"])
        wanted = self._fields(task.payload)
        for shipment in await self._shipments(salesOrderId=order.native_id):
            if shipment.get("customKey") == key:
                return self._present(shipment, wanted, order, task.payload)
        items = allotted(order.items, task.payload)
        if isinstance(items, str):
            return Hold(f"shipment {key} of order {order.native_id}: {items}")
        statuses = self.settings.profile.statuses
        steps: list[Step] = []
        if order.status not in statuses.shippable:
            if order.status in statuses.held:
                return Wait("order-status", f"order {order.native_id} is {order.status} in the shop: release it", 30.0)
            if statuses.working not in statuses.transitions[order.status]:
                return Hold(
                    f"the ERP shipped {key} of order {order.native_id}, which is {order.status} in the shop and takes "
                    "no shipments: decide which is right, and tell the customer by hand"
                )
            steps.append(move(self.shop, order, statuses.working, task.event_id, f"ERP: ships {key}", notify=False))
        body = {"customKey": key, "salesOrderId": int(order.native_id), **wanted, "items": items}
        return Plan([*steps, self._post(body, task.event_id)])

    def _fields(self, payload: Mapping[str, Any]) -> Row:
        numbers = self.settings.tracking_separator.join(payload.get("tracking_numbers") or ())
        found = {
            "carrier": payload.get("carrier"),
            "service": payload.get("service"),
            "trackingNumber": numbers or None,
            "shippedDate": payload.get("shipped_at"),
        }
        return {name: value for name, value in found.items() if value is not None}

    async def _shipments(self, **filters: object) -> list[Row]:
        return await self.shop.rows(self.shop.paths.shipments, **filters)

    def _present(self, shipment: Row, wanted: Row, order: ShopOrder, payload: Mapping[str, Any]) -> Decision:
        native_id = str(shipment["id"])
        if differs := _other_goods(shipment, payload):
            return Hold(f"shipment {payload['key']} of order {order.native_id} is in the shop, and differs: {differs}")
        changed = {
            name: wanted[name] for name in LATER if name in wanted and not _same(shipment.get(name), wanted[name])
        }
        if not changed:
            return Settled("unchanged", f"the shop has shipment {payload['key']}", native_id)

        async def send(window: SendWindow) -> StepResult:
            path = f"{self.shop.paths.shipments}/{native_id}"
            await self.shop.patch(path, changed, int(shipment["version"]), window)
            return Done(native_id, f"shipment {native_id}: {', '.join(sorted(changed))}")

        return Plan([step("tracking", "absolute", send)], native_id=native_id)

    def _post(self, body: Row, event_id: str) -> Step:
        async def find() -> Done | Hold | Retry | None:
            for shipment in await self._shipments(customKey=body["customKey"]):
                native_id = str(shipment["id"])
                if str(shipment.get("salesOrderId")) != str(body["salesOrderId"]):
                    return Hold(
                        f"shipment {native_id} of order {shipment.get('salesOrderId')} has the customKey "
                        f"{body['customKey']}, wanted for order {body['salesOrderId']}: clear it there"
                    )
                if _goods(shipment["items"]) != _goods(body["items"]):
                    return Hold(f"shipment {native_id} has our key {body['customKey']}, and other quantities")
                return Done(native_id, f"shipment {native_id}")
            return None

        async def send(window: SendWindow) -> StepResult:
            made = await self.shop.post(self.shop.paths.shipments, body, event_id, window)
            return Done(str(made["id"]), f"shipment {made['id']}")

        return step("shipment", "keyed", send, find)


def allotted(items: Sequence[Item], payload: Mapping[str, Any]) -> list[Row] | str:
    """Members `items` of the shipment: each shipped line on the order's item of its number, then on others of its SKU.

    Without lines a complete shipment is all that is open. Text: why it does not fit.
    """
    left = {item.native_id: item.open for item in items}
    given: dict[int, Decimal] = {}
    lines = payload.get("lines") or ()
    if not lines:
        if not payload.get("complete"):
            return "the ERP names no lines"
        given = {native_id: quantity for native_id, quantity in left.items() if quantity > 0}
    for line in lines:
        missing: Decimal = line["quantity"]
        for item in _candidates(items, line):
            part = min(missing, left[item.native_id])
            if part > 0:
                given[item.native_id] = given.get(item.native_id, Decimal(0)) + part
                left[item.native_id] -= part
                missing -= part
        if missing > 0:
            return (
                f"{missing.normalize():f} of {line['sku']} more than is open in the shop's order; correct either side"
            )
    if not given:
        return "nothing of the shop's order is open"
    return [
        {
            "salesOrderItemId": item.native_id,
            "sku": item.sku,
            "quantity": f"{given[item.native_id].quantize(_PLACES):f}",
        }
        for item in items
        if item.native_id in given
    ]


def _candidates(items: Sequence[Item], line: Mapping[str, Any]) -> list[Item]:
    """Items of the SKU, the one of the line's number first; of no item has the SKU (an alias), that one alone."""
    number = str(line.get("order_line") or "").lstrip("0")
    of_sku = [item for item in items if item.sku.casefold() == str(line["sku"]).casefold()]
    if not of_sku:
        return [item for item in items if number and item.line_number == number]
    return sorted(of_sku, key=lambda item: item.line_number != number)


def _goods(items: Sequence[Row]) -> dict[str, Decimal]:
    return {str(item["salesOrderItemId"]): Decimal(str(item["quantity"])) for item in items}


def _other_goods(shipment: Row, payload: Mapping[str, Any]) -> str | None:
    """The quantity that was shipped in all, where the ERP names lines: later corrections must not pass unseen."""
    lines = payload.get("lines") or ()
    there = sum((Decimal(str(item["quantity"])) for item in shipment.get("items") or ()), Decimal(0))
    here = sum((line["quantity"] for line in lines), Decimal(0))
    return f"{there.normalize():f} pieces there, {here.normalize():f} in the ERP" if lines and there != here else None


def _same(present: object, wanted: object) -> bool:
    """Times may come back with another form of the same moment (`Z`, fractions)."""
    if present == wanted or present is None:
        return present == wanted
    return str(present).replace(".000", "") == str(wanted).replace(".000", "")
