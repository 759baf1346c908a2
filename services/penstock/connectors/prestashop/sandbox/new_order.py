"""POST /orders: the order is made from the cart, the body only names it (systems/prestashop.md 5, Creating)."""

import json
from decimal import Decimal

from penstock.connectors.prestashop.sandbox import orders, states, world
from penstock.connectors.prestashop.sandbox.call import php_int
from penstock.connectors.prestashop.sandbox.errors import PhpFatal
from penstock.connectors.prestashop.sandbox.money import ZERO, cents
from penstock.connectors.prestashop.sandbox.shop import Shop
from penstock.sandbox.storage import Row

INSTALLED = frozenset(world.MODULES)


def from_cart(shop: Shop, sent: Row) -> Row:
    """Place the order of a cart. The total sent must be the computed one, else the order is in payment error.

    PhpFatal: cart used before or unknown, module not installed, product or address gone. The row returned repeats
    what was sent, as the echo does.
    """
    cart = shop.load("carts", sent["id_cart"])
    if cart is None or sent["module"] not in INSTALLED:
        raise _fatal(shop)
    if shop.storage.one("SELECT id FROM orders WHERE id_cart = ?", (cart["id"],)):
        raise _fatal(shop)
    draft = orders.Draft(
        id_customer=cart["id_customer"] or sent["id_customer"],
        id_address_delivery=cart["id_address_delivery"] or sent["id_address_delivery"],
        id_address_invoice=cart["id_address_invoice"] or sent["id_address_invoice"],
        id_currency=cart["id_currency"],
        id_lang=cart["id_lang"],
        id_cart=cart["id"],
        id_carrier=_carrier(cart),
        lines=[
            orders.CartLine(
                int(row.get("id_product") or 0),
                int(row.get("id_product_attribute") or 0),
                int(row.get("quantity") or 0),
            )
            for row in shop.links("carts", cart["id"], "cart_rows")
        ],
        module=sent["module"],
        payment=sent["payment"],
        id_shop=cart["id_shop"] or shop.options.shop_id,
        wrapped=bool(cart["gift"]),
        gift_message=cart["gift_message"],
        recyclable=cart["recyclable"],
    )
    try:
        due = orders.price(shop, draft).due
        right = cents(Decimal(sent["total_paid"])) == due
        state = world.REMOTE_PAYMENT if right else world.PAYMENT_ERROR
        order = orders.place(shop, draft, state, mail=True)
    except LookupError as error:
        raise _fatal(shop) from error
    paid = Decimal(sent["total_paid_real"])
    if not right and paid > ZERO:
        states.add_payment(shop, order, paid)
        shop.save("orders", order)
    return {**sent, "id": order["id"]}


def _carrier(cart: Row) -> int:
    """Only the cart's delivery_option chooses: `{"17":"3,"}`; otherwise the shop's default carrier."""
    try:
        options = json.loads(cart["delivery_option"] or "{}")
    except ValueError:
        return world.DEFAULT_CARRIER
    chosen = php_int(str(next(iter(options.values()), ""))) if isinstance(options, dict) else 0
    return chosen or world.DEFAULT_CARRIER


def _fatal(shop: Shop) -> PhpFatal:
    return PhpFatal(
        "" if shop.options.modern else "Cart cannot be loaded or an order has already been placed using this cart"
    )
