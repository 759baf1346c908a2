"""Refunds: by notice of the ERP, and by a clerk of the shop (systems/clarity.md 3.3)."""

from decimal import Decimal

from penstock.connectors.clarity.sandbox import orders
from penstock.connectors.clarity.sandbox.answers import invalid, not_found
from penstock.connectors.clarity.sandbox.bodies import RefundItem, RefundPost
from penstock.connectors.clarity.sandbox.keys import claim_key
from penstock.connectors.clarity.sandbox.money import ZERO, amount, quantity
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import Doc
from penstock.records.money import minor_unit


def create(shop: Shop, body: RefundPost) -> Doc:
    """Book a refund. ApiError: 404 unknown order, 409 customKey taken, 422 on amount, currency, payment or item."""
    order = shop.store.get("sales-orders", body.sales_order_id)
    if order is None:
        raise not_found(f"sales order {body.sales_order_id}")
    claim_key(shop, "refunds", body.custom_key)
    currency = order["currency"]
    if body.currency != currency:
        raise invalid("currency", "choice", f"the order is in {currency}")
    value = Decimal(body.amount)
    if value % minor_unit(currency):
        raise invalid("amount", "format", f"{currency} has no smaller unit than {minor_unit(currency)}")
    received, refunded = orders.received_and_refunded(shop, order["id"])
    if value > received - refunded:
        raise invalid("amount", "max", f"at most {amount(received - refunded, currency)} can be refunded")
    payments = shop.store.where("payments", salesOrderId=order["id"])
    if body.payment_id is not None and all(one["id"] != body.payment_id for one in payments):
        raise invalid("paymentId", "reference", f"the order has no payment {body.payment_id}")
    refund = shop.store.add(
        "refunds",
        {
            "customKey": body.custom_key,
            "salesOrderId": order["id"],
            "paymentId": body.payment_id,
            "amount": amount(value, currency),
            "currency": currency,
            "reason": body.reason,
            "items": [_item(order, index, item) for index, item in enumerate(body.items)],
        },
    )
    _mark_payments(shop, order["id"], payments, refunded + value >= received)
    orders.set_payments(shop, order)
    orders.save(shop, order, quiet=True)
    shop.outbox.fire("refund.created", "refunds", refund)
    return refund


def _item(order: Doc, index: int, item: RefundItem) -> Doc:
    line = next((one for one in order["items"] if one["id"] == item.sales_order_item_id), None)
    if line is None:
        text = f"order {order['id']} has no line {item.sales_order_item_id}"
        raise invalid(f"items[{index}].salesOrderItemId", "reference", text)
    return {
        "salesOrderItemId": line["id"],
        "sku": line["sku"],
        "quantity": quantity(Decimal(item.quantity)),
        "amount": None if item.amount is None else amount(Decimal(item.amount), order["currency"]),
    }


def _mark_payments(shop: Shop, order: int, payments: list[Doc], everything: bool) -> None:
    """A payment is `refunded` once all of it went back."""
    for payment in payments:
        if payment["status"] != "captured":
            continue
        back = shop.store.where("refunds", salesOrderId=order)
        own = sum((Decimal(one["amount"]) for one in back if one["paymentId"] == payment["id"]), ZERO)
        if everything or own >= Decimal(payment["amount"]):
            payment["status"] = "refunded"
            shop.store.save("payments", payment)
