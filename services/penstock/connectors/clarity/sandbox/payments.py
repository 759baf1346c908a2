"""Payments: what a gateway leaves on an order."""

import random
from decimal import Decimal

from penstock.connectors.clarity.sandbox.money import amount
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import Doc


def add_payment(
    shop: Shop,
    order: Doc,
    method: str,
    status: str,
    value: Decimal,
    dice: random.Random,
    transaction: str | None = None,
) -> Doc:
    """Store a payment; the order's summary is to be set after it."""
    card = method == "credit_card"
    fields = {
        "salesOrderId": order["id"],
        "method": method,
        "status": status,
        "amount": amount(value, order["currency"]),
        "currency": order["currency"],
        "transactionId": transaction or f"txn_{dice.getrandbits(64):016x}",
        "receivedDate": shop.clock.utc_stamp() if status == "captured" else None,
        "cardLast4": f"{dice.randint(0, 9999):04d}" if card else None,
    }
    return shop.store.add("payments", fields)
