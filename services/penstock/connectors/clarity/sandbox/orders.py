"""Sales orders: amounts, status, payments of the document (systems/clarity.md 5)."""

from decimal import Decimal

from penstock.connectors.clarity.sandbox import lifecycle, stock
from penstock.connectors.clarity.sandbox.answers import ApiError
from penstock.connectors.clarity.sandbox.money import (
    ZERO,
    Charges,
    LineInput,
    Priced,
    amount,
    price,
    quantity,
    rate_text,
)
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import Doc
from penstock.connectors.clarity.sandbox.world import tax_name

RECEIVED = frozenset({"captured", "refunded"})
SUMMARY = ("id", "method", "status", "amount", "currency", "transactionId", "receivedDate", "cardLast4")


def priced(doc: Doc, *, shipping_taxed: bool) -> Priced:
    """The amounts of an order by its lines and charges."""
    lines = [
        LineInput(*(Decimal(item[name]) for name in ("quantity", "unitPrice", "discount", "taxRate")))
        for item in doc["items"]
    ]
    totals = doc["totals"]
    discount, shipping, handling, fees = (
        Decimal(totals[name]) for name in ("discount", "shipping", "handling", "fees")
    )
    charges = Charges(discount, shipping, handling, fees, shipping_taxed)
    return price(lines, charges, doc["currency"], tax_included=doc["taxIncluded"])


def shipping_tax(doc: Doc) -> Decimal:
    """What of totals.tax is not the lines'."""
    return Decimal(doc["totals"]["tax"]) - sum((Decimal(item["taxAmount"]) for item in doc["items"]), ZERO)


def calculate(doc: Doc, *, shipping_taxed: bool) -> None:
    """Set every amount that follows from the lines and charges of an order."""
    found, currency = priced(doc, shipping_taxed=shipping_taxed), doc["currency"]
    for item, total, tax in zip(doc["items"], found.line_totals, found.taxes, strict=True):
        item["lineTotal"] = amount(total, currency)
        item["taxAmount"] = amount(tax, currency)
    sums = {"subTotal": found.sub_total, "tax": found.tax, "total": found.total}
    doc["totals"] |= {name: amount(value, currency) for name, value in sums.items()}
    address = doc["shippingContact"]["address"]
    doc["taxLines"] = [
        {
            "name": tax_name(address["countryCode"], address["regionCode"], rate),
            "rate": rate_text(rate),
            "amount": amount(tax, currency),
        }
        for rate, tax in sorted(found.by_rate.items(), reverse=True)
    ]


def set_payments(shop: Shop, doc: Doc) -> None:
    """Payments summary, paymentStatus and balanceDue by the payments and refunds there are."""
    payments = shop.store.where("payments", salesOrderId=doc["id"])
    received, refunded = received_and_refunded(shop, doc["id"])
    total = Decimal(doc["totals"]["total"])
    if received and refunded >= received:
        status = "refunded"
    elif received and received >= total:
        status = "paid"
    elif received:
        status = "partial"
    else:
        status = "authorized" if any(one["status"] == "authorized" for one in payments) else "unpaid"
    doc["payments"] = [{name: one[name] for name in SUMMARY} for one in payments]
    doc["paymentStatus"] = status
    doc["totals"] = {**doc["totals"], "balanceDue": amount(total - received, doc["currency"])}


def received_and_refunded(shop: Shop, order: int) -> tuple[Decimal, Decimal]:
    payments = shop.store.where("payments", salesOrderId=order)
    received = sum((Decimal(one["amount"]) for one in payments if one["status"] in RECEIVED), ZERO)
    refunded = sum((Decimal(one["amount"]) for one in shop.store.where("refunds", salesOrderId=order)), ZERO)
    return received, refunded


def turn(shop: Shop, doc: Doc, status: str, comment: str | None = None, *, force: bool = False) -> None:
    """Move an order to a status. ApiError 409 where the machine has no such way, unless by `force`."""
    current = doc["status"]
    if not force and not lifecycle.allowed(current, status):
        message = f"order {doc['id']} is {current}; from there it cannot become {status}"
        raise ApiError(409, "invalid_transition", message)
    change = {"from": current, "to": status, "comment": comment, "at": shop.clock.utc_stamp()}
    doc["status"] = status
    doc["statusHistory"] = [*doc["statusHistory"], change]
    doc["state"] = "history" if status in lifecycle.HISTORY else "work"
    if status == lifecycle.CANCELLED:
        _cancel_open(shop, doc)


def save(shop: Shop, doc: Doc, *, quiet: bool = False) -> Doc:
    """Store an order; tells what happened to it, unless another event does (`quiet`)."""
    previous = shop.store.save("sales-orders", doc)
    if previous is None:
        return doc
    if "status" in previous:
        shop.outbox.fire("order.status_changed", "sales-orders", doc, previous)
        if doc["status"] == lifecycle.CANCELLED:
            shop.outbox.fire("order.cancelled", "sales-orders", doc, previous)
    elif not quiet:
        shop.outbox.fire("order.updated", "sales-orders", doc, previous)
    return doc


def open_quantity(item: Doc) -> Decimal:
    return Decimal(item["quantity"]) - Decimal(item["quantityShipped"]) - Decimal(item["quantityCancelled"])


def _cancel_open(shop: Shop, doc: Doc) -> None:
    for item in doc["items"]:
        left = open_quantity(item)
        item["quantityCancelled"] = quantity(Decimal(item["quantityCancelled"]) + left)
        stock.allocate(shop, item["sku"], item["locationKey"], -left)
    for shipment in shop.store.where("shipments", salesOrderId=doc["id"], status="pending"):
        shipment["status"] = "cancelled"
        previous = shop.store.save("shipments", shipment)
        shop.outbox.fire("shipment.updated", "shipments", shipment, previous)
