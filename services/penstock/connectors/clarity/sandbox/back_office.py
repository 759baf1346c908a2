"""What clerks of the shop do to orders: change, pay, cancel, refund, set a status."""

import random
from decimal import Decimal

from penstock.connectors.clarity.sandbox import orders, refunds, stock
from penstock.connectors.clarity.sandbox.bodies import RefundPost
from penstock.connectors.clarity.sandbox.buyers import Buyer
from penstock.connectors.clarity.sandbox.checks import merge
from penstock.connectors.clarity.sandbox.forms import (
    CancelOrder,
    Json,
    LineForm,
    PayOrder,
    RefundLine,
    RefundOrder,
    SetStatus,
    UpdateLine,
    UpdateOrder,
)
from penstock.connectors.clarity.sandbox.lifecycle import CANCELLED
from penstock.connectors.clarity.sandbox.lines import order_item
from penstock.connectors.clarity.sandbox.money import ZERO, amount, quantity
from penstock.connectors.clarity.sandbox.payments import add_payment
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import Doc
from penstock.records.money import to_minor_unit
from penstock.sandbox.engine import ActionError


def update_order(shop: Shop, form: UpdateOrder) -> Json:
    doc = _order(shop, form.id)
    for line in form.lines:
        _set_line(shop, doc, line)
    if not doc["items"]:
        raise ActionError("lines: an order keeps at least one; cancel it instead")
    for name, change in (("shippingContact", form.shipping_contact), ("billingContact", form.billing_contact)):
        doc[name] = changed_contact(doc[name], change)
    given = form.model_dump(by_alias=True, include={"notes", "purchase_order_number"}, exclude_unset=True)
    merge(doc, {**given, "attributes": form.attributes})
    if form.lines:
        taxed = orders.shipping_tax(doc) != ZERO
        discount = min(Decimal(doc["totals"]["discount"]), orders.priced(doc, shipping_taxed=False).sub_total)
        doc["totals"] = {**doc["totals"], "discount": amount(discount, doc["currency"])}
        orders.calculate(doc, shipping_taxed=taxed)
        orders.set_payments(shop, doc)
    return shown(orders.save(shop, doc))


def pay_order(shop: Shop, form: PayOrder) -> Json:
    doc = _order(shop, form.id)
    due = Decimal(doc["totals"]["balanceDue"])
    waiting = shop.store.where("payments", salesOrderId=doc["id"], status="authorized")
    if form.amount is None and waiting:
        payment = waiting[0]
        payment.update(status="captured", receivedDate=shop.clock.utc_stamp())
        shop.store.save("payments", payment)
    else:
        value = due if form.amount is None else form.amount
        if value <= 0 or value != to_minor_unit(value, doc["currency"]):
            raise ActionError(f"amount: {value} {doc['currency']} cannot be paid; {due} is due")
        dice = random.Random(f"{shop.seed}:payment:{shop.store.next_id('payments')}")
        payment = add_payment(shop, doc, form.method, "captured", value, dice, form.transaction_id)
    orders.set_payments(shop, doc)
    orders.save(shop, doc, quiet=True)
    shop.outbox.fire("payment.received", "payments", payment)
    return {**shown(doc), "paymentId": payment["id"]}


def cancel_order(shop: Shop, form: CancelOrder) -> Json:
    doc = _order(shop, form.id)
    orders.turn(shop, doc, CANCELLED, form.comment)
    return shown(orders.save(shop, doc))


def set_status(shop: Shop, form: SetStatus) -> Json:
    doc = _order(shop, form.id)
    if form.status != doc["status"]:
        orders.turn(shop, doc, form.status, form.comment, force=form.force)
        orders.save(shop, doc)
    return shown(doc)


def refund_order(shop: Shop, form: RefundOrder) -> Json:
    doc = _order(shop, form.id)
    received, refunded = orders.received_and_refunded(shop, doc["id"])
    items = _refund_items(shop, doc, form.lines)
    value = form.amount
    if value is None:
        value = sum((Decimal(item["amount"]) for item in items), ZERO) if items else received - refunded
    if value <= 0:
        raise ActionError("nothing is left to refund; was the order paid?")
    body = {
        "salesOrderId": doc["id"],
        "amount": amount(value, doc["currency"]),
        "currency": doc["currency"],
        "reason": form.reason,
        "items": items,
    }
    refund = refunds.create(shop, RefundPost.model_validate(body))
    after = shop.store.need("sales-orders", doc["id"])
    return {"id": refund["id"], "salesOrderId": doc["id"], "amount": refund["amount"], "items": refund["items"]} | {
        "paymentStatus": after["paymentStatus"]
    }


def shown(doc: Doc) -> Json:
    """What an action says about an order."""
    names = ("id", "orderNumber", "version", "status", "paymentStatus", "currency", "items")
    return {**{name: doc[name] for name in names}, "total": doc["totals"]["total"]}


def changed_contact(contact: Doc, change: Json) -> Doc:
    """A contact with these members, those of its address by name. ActionError."""
    changed = {**contact, **change}
    if "address" in change:
        changed["address"] = {**contact["address"], **change["address"]}
    wrong = (changed.keys() - contact.keys()) | (changed["address"].keys() - contact["address"].keys())
    if wrong:
        raise ActionError(f"a contact has no {', '.join(sorted(wrong))}")
    return changed


def _order(shop: Shop, number: int) -> Doc:
    found = shop.store.get("sales-orders", number)
    if found is None:
        raise ActionError(f"id: the shop has no order {number}")
    return found


def _set_line(shop: Shop, doc: Doc, line: UpdateLine) -> None:
    known = next((item for item in doc["items"] if item["sku"] == line.sku), None)
    if known is None:
        account = shop.store.get("accounts", doc["accountId"]) if doc["accountId"] is not None else None
        buyer = Buyer(None, account, doc["email"], doc["billingContact"], doc["shippingContact"])
        number = max((item["lineNumber"] for item in doc["items"]), default=0) + 1
        form = LineForm(sku=line.sku, quantity=line.quantity)
        item = order_item(shop, form, number, buyer, doc["currency"], tax_included=doc["taxIncluded"])
        doc["items"].append(item)
        stock.allocate(shop, line.sku, item["locationKey"], line.quantity)
        return
    if line.quantity < Decimal(known["quantityShipped"]) + Decimal(known["quantityCancelled"]):
        raise ActionError(f"lines: more than {line.quantity} of {line.sku} is shipped or cancelled")
    stock.allocate(shop, line.sku, known["locationKey"], line.quantity - Decimal(known["quantity"]))
    if not line.quantity:
        doc["items"].remove(known)
        doc["discounts"] = [one for one in doc["discounts"] if one.get("itemId") != known["id"]]
        return
    known["quantity"] = quantity(line.quantity)
    full = to_minor_unit(Decimal(known["unitPrice"]) * line.quantity, doc["currency"])
    known["discount"] = amount(min(Decimal(known["discount"]), full), doc["currency"])


def _refund_items(shop: Shop, doc: Doc, lines: list[RefundLine]) -> list[Json]:
    """What comes back of each line: its share of total, discount and tax, exact over several refunds."""
    priced = orders.priced(doc, shipping_taxed=False)
    made = []
    for line in lines:
        index = next((n for n, item in enumerate(doc["items"]) if item["sku"] == line.sku), None)
        if index is None:
            raise ActionError(f"lines: order {doc['id']} has no line of {line.sku!r}")
        item = doc["items"][index]
        net = priced.line_totals[index] - priced.shares[index]
        worth = net if doc["taxIncluded"] else net + priced.taxes[index]
        ordered, before = Decimal(item["quantity"]), _refunded(shop, doc, item["id"])
        wanted = ordered - before if line.quantity is None else line.quantity
        if wanted <= 0 or before + wanted > ordered:
            raise ActionError(f"lines: {ordered - before} of {line.sku} is left to refund, not {wanted}")
        value = to_minor_unit(worth * (before + wanted) / ordered, doc["currency"]) - to_minor_unit(
            worth * before / ordered, doc["currency"]
        )
        entry = {"salesOrderItemId": item["id"], "sku": item["sku"], "quantity": quantity(wanted)}
        made.append({**entry, "amount": amount(value, doc["currency"])})
    return made


def _refunded(shop: Shop, doc: Doc, item: int) -> Decimal:
    back = shop.store.where("refunds", salesOrderId=doc["id"])
    return sum(
        (Decimal(one["quantity"]) for refund in back for one in refund["items"] if one["salesOrderItemId"] == item),
        ZERO,
    )
