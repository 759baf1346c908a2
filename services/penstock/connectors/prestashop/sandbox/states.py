"""What a change of an order's state does: stock, invoice, payment, delivery (systems/prestashop.md 6, Status)."""

from decimal import Decimal

from penstock.connectors.prestashop.sandbox import stock, world
from penstock.connectors.prestashop.sandbox.money import ZERO, six
from penstock.connectors.prestashop.sandbox.shop import Shop
from penstock.sandbox.storage import Row

STOCK_GIVEN_BACK = frozenset({world.CANCELED, world.PAYMENT_ERROR})


class UnknownStateError(LookupError):
    """The order or the state does not exist; PrestaShop dies of it."""


def change_state(shop: Shop, order: Row, id_state: int, *, first: bool = False) -> None:
    """Bring `order` (the row, changed in place and saved) to a state. `first`: it has just been placed."""
    state = shop.load("order_states", id_state)
    if state is None:
        raise UnknownStateError(f"order state {id_state}")
    if not first:
        _move_stock(shop, order, id_state)
    order["current_state"] = id_state
    order["valid"] = state["logable"]
    if state["invoice"] and not order["invoice_number"]:
        _invoice(shop, order)
    elif state["delivery"] and not order["delivery_number"]:
        _delivery_number(shop, order)
    if state["paid"]:
        _pay_the_rest(shop, order)
    if state["delivery"]:
        _delivery_number(shop, order)
        order["delivery_date"] = shop.clock.stamp()
    shop.save("orders", order)
    if not first:
        shop.hooks.fire("order.status_updated", "orders", order["id"])


def add_history(shop: Shop, id_order: int, id_state: int, *, id_employee: int = 0, mail: bool) -> Row:
    """A history row; the order takes its state once more, unseen by the rules above (so state 0 gets in)."""
    row = shop.add("order_histories", {"id_order": id_order, "id_order_state": id_state, "id_employee": id_employee})
    order = shop.get("orders", id_order)
    order["current_state"] = id_state
    shop.save("orders", order)
    if mail:
        state_mail(shop, order, id_state)
    return row


def state_mail(shop: Shop, order: Row, id_state: int) -> None:
    """The customer's e-mail of a state, if it has one."""
    state = shop.load("order_states", id_state)
    template = next((item.template for item in world.ORDER_STATES if item.number == id_state), "")
    if state is not None and state["send_email"] and template:
        shop.mail(template, order["id"], order["id_customer"])


def add_payment(shop: Shop, order: Row, amount: Decimal, details: Row | None = None) -> Row:
    """A payment of the order (linked by its reference) counted in `total_paid_real`; the caller saves the order."""
    payment = {
        "order_reference": order["reference"],
        "id_currency": order["id_currency"],
        "amount": six(amount),
        "payment_method": order["payment"],
        "conversion_rate": order["conversion_rate"],
    }
    order["total_paid_real"] = six(Decimal(order["total_paid_real"]) + amount)
    return shop.add("order_payments", payment | (details or {}))


def _move_stock(shop: Shop, order: Row, id_state: int) -> None:
    was_back, is_back = order["current_state"] in STOCK_GIVEN_BACK, id_state in STOCK_GIVEN_BACK
    if was_back == is_back:
        return
    for line in shop.rows("order_details", "id_order = ?", (order["id"],)):
        quantity = line["product_quantity"]
        taken = quantity if was_back else -quantity
        stock.take(shop, line["product_id"], line["product_attribute_id"], taken, order["id_shop"])


def _invoice(shop: Shop, order: Row) -> None:
    number = (shop.storage.query("SELECT COALESCE(MAX(number), 0) + 1 AS n FROM order_invoices"))[0]["n"]
    copied = (
        "total_paid_tax_excl",
        "total_paid_tax_incl",
        "total_products",
        "total_products_wt",
        "total_shipping_tax_excl",
        "total_shipping_tax_incl",
        "total_wrapping_tax_excl",
        "total_wrapping_tax_incl",
    )
    invoice = shop.add(
        "order_invoices",
        {
            "id_order": order["id"],
            "number": number,
            "total_discount_tax_excl": order["total_discounts_tax_excl"],
            "total_discount_tax_incl": order["total_discounts_tax_incl"],
            "shop_address": "Maison Penstock - 12 quai de la Gare - 75013 Paris - France",
            **{name: order[name] for name in copied},
        },
    )
    order["invoice_number"] = number
    order["invoice_date"] = shop.clock.stamp()
    for table in ("order_details", "order_carriers", "order_cart_rules"):
        shop.storage.update(table, "id_order", order["id"], {"id_order_invoice": invoice["id"]})


def _pay_the_rest(shop: Shop, order: Row) -> None:
    rest = Decimal(order["total_paid_tax_incl"]) - Decimal(order["total_paid_real"])
    if rest > ZERO and order["invoice_number"]:
        add_payment(shop, order, rest)


def _delivery_number(shop: Shop, order: Row) -> None:
    if not order["delivery_number"]:
        found = shop.storage.query("SELECT COALESCE(MAX(delivery_number), 0) + 1 AS n FROM orders")
        order["delivery_number"] = found[0]["n"]
        shop.storage.update(
            "order_invoices",
            "id_order",
            order["id"],
            {"delivery_number": order["delivery_number"], "delivery_date": shop.clock.stamp()},
        )
