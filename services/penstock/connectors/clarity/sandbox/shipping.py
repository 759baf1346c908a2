"""Shipments, and what they do to their order (systems/clarity.md 5)."""

from collections.abc import Sequence
from decimal import Decimal

from penstock.connectors.clarity.sandbox import lifecycle, orders, stock
from penstock.connectors.clarity.sandbox.answers import ApiError, invalid
from penstock.connectors.clarity.sandbox.bodies import ShipmentItem, ShipmentPost
from penstock.connectors.clarity.sandbox.keys import claim_key
from penstock.connectors.clarity.sandbox.money import ZERO, quantity
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import Doc

MOVES = {"pending": ("shipped", "cancelled"), "shipped": ("delivered",), "delivered": (), "cancelled": ()}
COUNTED = frozenset({"pending", "shipped", "delivered"})


def create(shop: Shop, body: ShipmentPost) -> Doc:
    """A shipment by the ERP. ApiError: 409 duplicate_key or invalid_transition, 422 unknown order, line, too much."""
    claim_key(shop, "shipments", body.custom_key)
    order = shop.store.get("sales-orders", body.sales_order_id)
    if order is None:
        raise invalid("salesOrderId", "reference", f"there is no sales order {body.sales_order_id}")
    _must_be_shippable(order)
    items = _items(shop, order, body.items)
    shipped = body.status == "shipped"
    shipment = shop.store.add(
        "shipments",
        {
            "customKey": body.custom_key,
            "salesOrderId": order["id"],
            "status": body.status,
            "carrier": body.carrier,
            "service": body.service,
            "trackingNumber": body.tracking_number,
            "trackingUrl": body.tracking_url,
            "shippedDate": body.shipped_date or (shop.clock.utc_stamp() if shipped else None),
            "items": items,
            "packages": body.packages,
        },
    )
    shop.outbox.fire("shipment.created", "shipments", shipment)
    if shipped:
        _leave(shop, order, shipment)
    return shipment


def move(shop: Shop, shipment: Doc, status: str) -> None:
    """Set another status on the document; the caller saves it. ApiError 409."""
    current = shipment["status"]
    if status == current:
        return
    if status not in MOVES[current]:
        message = f"shipment {shipment['id']} is {current}; from there it cannot become {status}"
        raise ApiError(409, "invalid_transition", message)
    shipment["status"] = status
    if status == "shipped":
        order = shop.store.need("sales-orders", shipment["salesOrderId"])
        _must_be_shippable(order)
        shipment["shippedDate"] = shipment["shippedDate"] or shop.clock.utc_stamp()
        _leave(shop, order, shipment)


def _must_be_shippable(order: Doc) -> None:
    if order["status"] not in lifecycle.SHIPPABLE:
        message = f"order {order['id']} is {order['status']}; it must be Processing or Partially Shipped to be shipped"
        raise ApiError(409, "invalid_transition", message)


def _items(shop: Shop, order: Doc, wanted: Sequence[ShipmentItem]) -> list[Doc]:
    lines = {item["id"]: item for item in order["items"]}
    left = {number: Decimal(item["quantity"]) - Decimal(item["quantityCancelled"]) for number, item in lines.items()}
    for shipment in shop.store.where("shipments", salesOrderId=order["id"]):
        if shipment["status"] in COUNTED:
            for item in shipment["items"]:
                if item["salesOrderItemId"] in left:
                    left[item["salesOrderItemId"]] -= Decimal(item["quantity"])
    made = []
    for index, item in enumerate(wanted):
        line = lines.get(item.sales_order_item_id)
        if line is None:
            text = f"order {order['id']} has no line {item.sales_order_item_id}"
            raise invalid(f"items[{index}].salesOrderItemId", "reference", text)
        if item.sku is not None and item.sku != line["sku"]:
            raise invalid(f"items[{index}].sku", "reference", f"the line is of {line['sku']}")
        left[line["id"]] -= Decimal(item.quantity)
        if left[line["id"]] < ZERO:
            text = f"only {quantity(left[line['id']] + Decimal(item.quantity))} of the line is left to ship"
            raise invalid(f"items[{index}].quantity", "max", text)
        sent = quantity(Decimal(item.quantity))
        made.append({"salesOrderItemId": line["id"], "sku": line["sku"], "quantity": sent})
    return made


def _leave(shop: Shop, order: Doc, shipment: Doc) -> None:
    """The goods of a shipment leave: quantities, status of the order, a mail to the customer."""
    lines = {item["id"]: item for item in order["items"]}
    for item in shipment["items"]:
        line, sent = lines[item["salesOrderItemId"]], Decimal(item["quantity"])
        line["quantityShipped"] = quantity(Decimal(line["quantityShipped"]) + sent)
        stock.ship(shop, line["sku"], line["locationKey"], sent)
    done = all(orders.open_quantity(item) <= ZERO for item in order["items"])
    status = lifecycle.SHIPPED if done else lifecycle.PARTIALLY_SHIPPED
    if status != order["status"]:
        orders.turn(shop, order, status)
    orders.save(shop, order)
    shop.notify("shipment", order, order["status"], shipment["id"])
