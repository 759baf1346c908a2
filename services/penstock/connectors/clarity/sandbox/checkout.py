"""place-order: a buyer goes through the checkout. What is not given is chosen by seed and order number."""

import random
from decimal import Decimal
from typing import Any

from penstock.connectors.clarity.sandbox import lifecycle, orders, stock, world
from penstock.connectors.clarity.sandbox.buyers import Buyer, buyer_of
from penstock.connectors.clarity.sandbox.forms import DiscountForm, LineForm, MethodForm, PlaceOrder
from penstock.connectors.clarity.sandbox.lines import order_item
from penstock.connectors.clarity.sandbox.money import ZERO, amount
from penstock.connectors.clarity.sandbox.payments import add_payment
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import Doc
from penstock.records.money import is_currency, to_minor_unit
from penstock.sandbox.engine import ActionError

EURO_LANDS = frozenset({"FR", "DE", "ES", "IT", "BE"})
TERMS_METHOD, CARD = "purchase_order", "credit_card"


def place_order(shop: Shop, form: PlaceOrder) -> Doc:
    """Place one order; returns its document. ActionError when the wish cannot be met."""
    number = shop.store.next_id("sales-orders")
    dice = random.Random(f"{shop.seed}:order:{number}")
    buyer = buyer_of(shop, form, dice)
    country = buyer.shipping["address"]["countryCode"]
    currency = form.currency or ("EUR" if country in EURO_LANDS else world.HOME_CURRENCY)
    if currency not in world.PER_EUR or not is_currency(currency):
        raise ActionError(f"currency: the shop sells in {', '.join(world.PER_EUR)}, not in {currency!r}")
    included = form.tax_included if form.tax_included is not None else country in world.VAT_RATES
    lines = _lines(shop, form, dice, currency)
    for line in lines:
        line.tax_rate = form.tax_rate if line.tax_rate is None else line.tax_rate
    items = [
        order_item(shop, line, index, buyer, currency, tax_included=included)
        for index, line in enumerate(lines, start=1)
    ]
    doc = _document(shop, form, dice, buyer, currency, items, included=included)
    shipping_taxed = _shipping_taxed(form, buyer)
    orders.calculate(doc, shipping_taxed=shipping_taxed)
    _order_discount(doc, form, dice)
    orders.calculate(doc, shipping_taxed=shipping_taxed)
    if form.wrong_total:
        wrong = Decimal(doc["totals"]["total"]) + form.wrong_total
        doc["totals"]["total"] = amount(wrong, currency)
    doc = shop.store.add("sales-orders", doc, number=shop.store.number("sales-orders", number))
    for item in doc["items"]:
        stock.allocate(shop, item["sku"], item["locationKey"], Decimal(item["quantity"]))
    _pay(shop, doc, form, dice, buyer)
    shop.outbox.fire("order.created", "sales-orders", doc)
    if form.webhook == "out-of-order":
        _check_fraud(shop, doc)
    return shop.store.need("sales-orders", doc["id"])


def _lines(shop: Shop, form: PlaceOrder, dice: random.Random, currency: str) -> list[LineForm]:
    """The lines of the form, or a basket by the dice."""
    strange = shop.catalogue.unknown_to_erp
    wanted = [line.model_copy() for line in form.lines or []]
    if not wanted:
        known = [item.sku for item in shop.catalogue.items() if item.sku not in strange]
        wanted = [
            LineForm(sku=sku, quantity=Decimal(dice.randint(1, 6))) for sku in dice.sample(known, dice.randint(1, 4))
        ]
        if dice.random() < 0.15:
            wanted[0].discount = world.to_currency(Decimal(dice.choice((1, 2))), currency)
    if form.unknown_sku:
        wanted.append(LineForm(sku=dice.choice(sorted(strange))))
    return wanted


def _document(
    shop: Shop, form: PlaceOrder, dice: random.Random, buyer: Buyer, currency: str, items: list[Doc], *, included: bool
) -> Doc:
    """The order without its id and the amounts that follow from its lines."""
    method = _method(form, dice)
    charges = {
        "shipping": _charge(form.shipping, world.from_home(method.price, currency), currency, "shipping"),
        "handling": _charge(form.handling, _by_chance(form, dice, currency), currency, "handling"),
        "fees": _charge(form.fees, ZERO, currency, "fees"),
    }
    account, user = buyer.account, buyer.user
    terms = form.payment_terms or (account["paymentTerms"] if account else None)
    po_number = form.purchase_order_number
    attributes = dict(form.attributes)
    if account is not None:
        po_number = po_number or f"PO-{dice.randint(1000, 9999)}"
        attributes.setdefault("costCenter", f"CC-{dice.randint(10, 19)}")
    zero = amount(ZERO, currency)
    return {
        "customKey": None,
        "orderNumber": f"{shop.options.order_prefix}{shop.store.next_id('sales-orders')}",
        "status": lifecycle.PENDING,
        "erpStatus": None,
        "statusHistory": [],
        "state": "work",
        "currency": currency,
        "placedDate": shop.clock.utc_stamp(),
        "accountId": account["id"] if account else None,
        "accountKey": account["customKey"] if account else None,
        "userId": user["id"] if user else None,
        "email": buyer.email,
        "purchaseOrderNumber": po_number,
        "paymentTerms": terms,
        "billingContact": buyer.billing,
        "shippingContact": buyer.shipping,
        "shippingMethod": {"code": method.code, "name": method.name, "carrier": method.carrier},
        "items": items,
        "totals": {"subTotal": zero, "discount": zero, **charges, "tax": zero, "total": zero, "balanceDue": zero},
        "taxIncluded": included,
        "taxLines": [],
        "discounts": [
            {"code": "LINE", "amount": item["discount"], "itemId": item["id"]}
            for item in items
            if Decimal(item["discount"])
        ],
        "paymentStatus": "unpaid",
        "payments": [],
        "requestedShipDate": form.requested_ship_date,
        "notes": form.notes,
        "attributes": attributes,
    }


def _method(form: PlaceOrder, dice: random.Random) -> world.Method:
    given = form.shipping_method
    if isinstance(given, MethodForm):
        return world.Method(given.code, given.name or given.code, given.carrier, world.METHODS[0].price)
    if given is None:
        return world.METHODS[0] if form.lines else dice.choice(world.METHODS)
    found = next((method for method in world.METHODS if method.code == given), None)
    if found is None:
        known = ", ".join(method.code for method in world.METHODS)
        raise ActionError(f"shippingMethod: there are {known}, not {given!r}; another is given as an object")
    return found


def _charge(given: Decimal | None, usual: Decimal, currency: str, name: str) -> str:
    value = usual if given is None else given
    if value != to_minor_unit(value, currency):
        raise ActionError(f"{name}: {value} has more places than {currency}")
    return amount(value, currency)


def _by_chance(form: PlaceOrder, dice: random.Random, currency: str) -> Decimal:
    """A random basket has handling now and then."""
    return world.from_home(Decimal("3.50"), currency) if not form.lines and dice.random() < 0.08 else ZERO


def _shipping_taxed(form: PlaceOrder, buyer: Buyer) -> bool:
    if form.shipping_taxed is not None:
        return form.shipping_taxed
    address = buyer.shipping["address"]
    if address["countryCode"] == "US":
        return address["regionCode"] in world.SHIPPING_TAXED_STATES
    return address["countryCode"] in world.VAT_RATES


def _order_discount(doc: Doc, form: PlaceOrder, dice: random.Random) -> None:
    """Put the order's own discount on the document; its amounts are to be calculated again."""
    given = form.order_discount
    if given is None and not form.lines and dice.random() < 0.15:
        given = DiscountForm(code="WELCOME10", percent=Decimal(10))
    if given is None:
        return
    if isinstance(given, Decimal):
        given = DiscountForm(amount=given)
    currency, sub_total = doc["currency"], Decimal(doc["totals"]["subTotal"])
    value = to_minor_unit(sub_total * (given.percent or ZERO) / 100, currency) + (given.amount or ZERO)
    if value > sub_total or value != to_minor_unit(value, currency):
        raise ActionError(f"orderDiscount: {value} {currency} off {sub_total} cannot be")
    doc["totals"]["discount"] = amount(value, currency)
    doc["discounts"] = [*doc["discounts"], {"code": given.code, "amount": amount(value, currency)}]


def _pay(shop: Shop, doc: Doc, form: PlaceOrder, dice: random.Random, buyer: Buyer) -> None:
    on_terms = buyer.account is not None and doc["paymentTerms"] is not None
    method = form.payment_method or (TERMS_METHOD if on_terms else dice.choice((CARD, CARD, "paypal")))
    paid: Any = form.paid if form.paid is not None else method in world.CARD_METHODS
    if paid:
        status = "authorized" if paid == "authorized" else "captured"
        add_payment(shop, doc, method, status, Decimal(doc["totals"]["total"]), dice)
    orders.set_payments(shop, doc)
    shop.store.rewrite("sales-orders", doc)


def _check_fraud(shop: Shop, doc: Doc) -> None:
    """What the shop does to an order right after it was placed, so that a second event overtakes the first."""
    later = shop.store.need("sales-orders", doc["id"])
    later["attributes"] = {**later["attributes"], "fraudCheck": "passed"}
    orders.save(shop, later)
