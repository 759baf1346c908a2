"""An order from a cart: rows, tax by line, shipping, wrapping, discounts, stock (systems/prestashop.md 5, Creating)."""

import random
import string
from dataclasses import dataclass, field
from decimal import Decimal

from penstock.connectors.prestashop.sandbox import states, stock, world
from penstock.connectors.prestashop.sandbox.money import (
    NOTHING,
    ZERO,
    Amount,
    PricedLine,
    amount_off,
    cents,
    flat,
    micro,
    order_totals,
    percent_off,
    price_line,
    six,
)
from penstock.connectors.prestashop.sandbox.seed import names
from penstock.connectors.prestashop.sandbox.shop import Shop
from penstock.sandbox.storage import Row


@dataclass(frozen=True, slots=True)
class Discount:
    """A cart rule: per cent of the goods, a gross amount, or free shipping."""

    name: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    free_shipping: bool = False


@dataclass(slots=True)
class CartLine:
    id_product: int
    id_combination: int
    quantity: int


@dataclass(slots=True)
class Draft:
    """What the checkout knows when an order is placed. `extra` spoils the total due."""

    id_customer: int
    id_address_delivery: int
    id_address_invoice: int
    id_currency: int
    id_lang: int
    id_cart: int
    id_carrier: int
    lines: list[CartLine]
    module: str
    payment: str
    id_shop: int
    discount: Discount | None = None
    wrapped: bool = False
    gift_message: str = ""
    extra: Decimal = ZERO
    recyclable: int = 0


@dataclass(slots=True)
class Priced:
    """A draft with its prices."""

    lines: list[tuple[CartLine, PricedLine, Row]] = field(default_factory=list)
    products: Amount = NOTHING
    shipping: Amount = NOTHING
    shipping_rate: Decimal = ZERO
    wrapping: Amount = NOTHING
    discount: Amount = NOTHING

    @property
    def due(self) -> Decimal:
        return cents((self.products + self.shipping + self.wrapping - self.discount).gross)


def price(shop: Shop, draft: Draft) -> Priced:
    """Price a draft. LookupError when a product, combination or address is not there."""
    id_country = shop.get("addresses", draft.id_address_delivery)["id_country"]
    exchange = Decimal(shop.get("currencies", draft.id_currency)["conversion_rate"])
    found = Priced()
    for line in draft.lines:
        detail = _detail(shop, line, id_country, exchange)
        priced = price_line(
            Decimal(detail["unit_price_tax_excl"]),
            tax_rate(shop, detail["id_tax_rules_group"], id_country),
            line.quantity,
        )
        found.lines.append((line, priced, detail))
        found.products += priced.total
    found.shipping_rate = tax_rate(shop, world.STANDARD_TAX_GROUP, id_country)
    carrier = next((item for item in world.CARRIERS if item.number == draft.id_carrier), None)
    found.shipping = flat((carrier.price if carrier else ZERO) * exchange, found.shipping_rate)
    if draft.wrapped:
        found.wrapping = flat(world.WRAPPING_PRICE * exchange, found.shipping_rate)
    found.discount = _discount(draft.discount, found, exchange)
    return found


def place(shop: Shop, draft: Draft, id_state: int, *, mail: bool, reference: str | None = None) -> Row:
    """Store the order with its rows, take its stock and bring it to its first state; returns the order's row."""
    priced = price(shop, draft)
    customer = shop.get("customers", draft.id_customer)
    order = shop.add(
        "orders",
        {
            "id_address_delivery": draft.id_address_delivery,
            "id_address_invoice": draft.id_address_invoice,
            "id_cart": draft.id_cart,
            "id_currency": draft.id_currency,
            "id_lang": draft.id_lang,
            "id_customer": draft.id_customer,
            "id_carrier": draft.id_carrier,
            "current_state": id_state,
            "module": draft.module,
            "id_shop_group": 1,
            "id_shop": draft.id_shop,
            "secure_key": customer["secure_key"],
            "payment": draft.payment,
            "recyclable": draft.recyclable,
            "gift": int(draft.wrapped),
            "gift_message": draft.gift_message,
            "carrier_tax_rate": f"{priced.shipping_rate:.3f}",
            "round_mode": 2,
            "round_type": 2,
            "conversion_rate": shop.get("currencies", draft.id_currency)["conversion_rate"],
            "reference": reference or _reference(shop),
            **order_totals(priced.products, priced.shipping, priced.wrapping, priced.discount, draft.extra),
        },
    )
    for line, row, detail in priced.lines:
        _add_detail(shop, order, detail, row)
        if id_state not in states.STOCK_GIVEN_BACK:
            stock.take(shop, line.id_product, line.id_combination, line.quantity, draft.id_shop)
    _add_carrier(shop, order, priced)
    if draft.discount is not None:
        _add_cart_rule(shop, order, draft.discount, priced.discount)
    states.change_state(shop, order, id_state, first=True)
    states.add_history(shop, order["id"], id_state, mail=mail)
    if mail:
        shop.mail("order_conf", order["id"], order["id_customer"])
    return shop.get("orders", order["id"])


def add_line(shop: Shop, order: Row, line: CartLine) -> None:
    """A further row of an order, its stock taken; the totals are left to the caller."""
    id_country = shop.get("addresses", order["id_address_delivery"])["id_country"]
    detail = _detail(shop, line, id_country, Decimal(order["conversion_rate"]))
    rate = tax_rate(shop, detail["id_tax_rules_group"], id_country)
    _add_detail(shop, order, detail, price_line(Decimal(detail["unit_price_tax_excl"]), rate, line.quantity))
    stock.take(shop, line.id_product, line.id_combination, line.quantity, order["id_shop"])


def tax_rate(shop: Shop, id_tax_rules_group: int, id_country: int) -> Decimal:
    """Per cent that the tax rules charge there; 0 where no rule says so."""
    found = _tax(shop, id_tax_rules_group, id_country)
    return Decimal(found["rate"]) if found else ZERO


def _tax(shop: Shop, id_tax_rules_group: int, id_country: int) -> Row | None:
    return shop.storage.one(
        "SELECT taxes.id, taxes.rate FROM tax_rules JOIN taxes ON taxes.id = tax_rules.id_tax"
        " WHERE tax_rules.id_tax_rules_group = ? AND tax_rules.id_country = ? AND taxes.active = 1",
        (id_tax_rules_group, id_country),
    )


def line_name(shop: Shop, product: Row, id_combination: int) -> str:
    """`Name (Group: value - Group: value)`."""
    name = names(product["name"]).get("1", "")
    if not id_combination:
        return name
    options = []
    for link in shop.links("combinations", id_combination, "product_option_values"):
        value = shop.get("product_option_values", int(link["id"]))
        group = shop.get("product_options", value["id_attribute_group"])
        options.append(f"{names(group['public_name'])['1']}: {names(value['name'])['1']}")
    return f"{name} ({' - '.join(options)})"


def _detail(shop: Shop, line: CartLine, id_country: int, exchange: Decimal) -> Row:
    """An order_details row, but for quantity and totals. LookupError when the product is not there."""
    product = shop.get("products", line.id_product)
    variant = shop.get("combinations", line.id_combination) if line.id_combination else None
    list_price = Decimal(product["price"]) + (Decimal(variant["price"]) if variant else ZERO)
    unit = six(micro(list_price * exchange))
    rated = variant or product
    tax = _tax(shop, product["id_tax_rules_group"], id_country)
    weight = Decimal(product["weight"]) + (Decimal(variant["weight"]) if variant else ZERO)
    return {
        "product_id": line.id_product,
        "product_attribute_id": line.id_combination,
        "product_name": line_name(shop, product, line.id_combination),
        "product_price": unit,
        "unit_price_tax_excl": unit,
        "original_product_price": unit,
        "product_reference": rated["reference"] or product["reference"],
        "product_ean13": rated["ean13"],
        "product_weight": six(weight),
        "id_tax_rules_group": product["id_tax_rules_group"],
        "taxes": [{"id": tax["id"]}] if tax else [],
    }


def _add_detail(shop: Shop, order: Row, detail: Row, priced: PricedLine) -> None:
    taxes = detail.pop("taxes")
    in_stock = stock.stock_row(shop, detail["product_id"], detail["product_attribute_id"], order["id_shop"])
    row = shop.add(
        "order_details",
        {
            **detail,
            "id_order": order["id"],
            "id_shop": order["id_shop"],
            "product_quantity": priced.quantity,
            "product_quantity_in_stock": max(0, min(priced.quantity, in_stock["quantity"])) if in_stock else 0,
            "unit_price_tax_incl": six(priced.unit.gross),
            "total_price_tax_excl": six(priced.total.net),
            "total_price_tax_incl": six(priced.total.gross),
        },
    )
    shop.set_links("order_details", row["id"], "taxes", taxes)


def _add_carrier(shop: Shop, order: Row, priced: Priced) -> None:
    weight = sum((Decimal(detail["product_weight"]) * row.quantity for _, row, detail in priced.lines), ZERO)
    shop.add(
        "order_carriers",
        {
            "id_order": order["id"],
            "id_carrier": order["id_carrier"],
            "weight": six(weight),
            "shipping_cost_tax_excl": six(priced.shipping.net),
            "shipping_cost_tax_incl": six(priced.shipping.gross),
        },
    )


def _add_cart_rule(shop: Shop, order: Row, discount: Discount, amount: Amount) -> None:
    rule = shop.add(
        "cart_rules",
        {
            "name": shop.i18n(discount.name),
            "reduction_percent": six(discount.percent or ZERO),
            "reduction_amount": six(discount.amount or ZERO),
            "reduction_tax": 1,
            "reduction_currency": order["id_currency"] if discount.amount else 0,
            "free_shipping": int(discount.free_shipping),
            "quantity": 0,
            "active": 1,
        },
    )
    shop.add(
        "order_cart_rules",
        {
            "id_order": order["id"],
            "id_cart_rule": rule["id"],
            "name": discount.name,
            "value": six(amount.gross),
            "value_tax_excl": six(amount.net),
            "free_shipping": int(discount.free_shipping),
        },
    )


def _discount(discount: Discount | None, priced: Priced, exchange: Decimal) -> Amount:
    if discount is None:
        return NOTHING
    found = NOTHING
    if discount.percent is not None:
        found += percent_off(discount.percent, priced.products)
    if discount.amount is not None:
        found += amount_off(discount.amount * exchange, priced.products)
    if discount.free_shipping:
        found += priced.shipping
    return found


def _reference(shop: Shop) -> str:
    """Nine capital letters, the same for the same seed and place in the sequence."""
    last = shop.storage.one("SELECT seq FROM sqlite_sequence WHERE name = 'orders'")
    dice = random.Random(f"{shop.seed}:reference:{last['seq'] if last else 0}")
    return "".join(dice.choices(string.ascii_uppercase, k=9))
