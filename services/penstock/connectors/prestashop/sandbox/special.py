"""Where a class of PrestaShop saves in its own way: orders, histories, stock, customers, products, addresses."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from penstock.connectors.prestashop.sandbox import new_order, states, stock
from penstock.connectors.prestashop.sandbox.bodies import SentEntity
from penstock.connectors.prestashop.sandbox.call import Call, php_int
from penstock.connectors.prestashop.sandbox.errors import ApiError, PhpFatal, Refused, php_warning, refuse
from penstock.connectors.prestashop.sandbox.schema import Field, Resource
from penstock.connectors.prestashop.sandbox.seed import insert_stock
from penstock.connectors.prestashop.sandbox.shop import Shop
from penstock.connectors.prestashop.sandbox.validate import problem
from penstock.sandbox.storage import Row


@dataclass(slots=True)
class Draft:
    """One entity on its way in. `stored`: the row before; `row`: the row to be; `texts`: fields still as sent."""

    shop: Shop
    call: Call
    resource: Resource
    sent: SentEntity
    stored: Row | None
    row: Row
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def created(self) -> bool:
        return self.stored is None


def assign(draft: Draft, item: Field, text: str) -> bool:
    """Fields with a setter that acts at once. False: an ordinary field."""
    match draft.resource.name, item.name:
        case "orders", "current_state" if not draft.created:
            _set_current_state(draft, text)
            return True
        case "orders", "shipping_number" if not draft.created:
            _set_shipping_number(draft, item, text)
            return True
        case "customers", "passwd" if text:
            if draft.created or draft.row["passwd"] != text:
                draft.row["passwd"] = password_hash(text)
            return True
    return item.sql is not None


def check(draft: Draft) -> None:
    """Rules of a class beyond its fields."""
    match draft.resource.name:
        case "stock_availables":
            _check_stock(draft)
        case "customers":
            _check_email(draft)


def store(draft: Draft) -> Row:
    """Save the row in the way of its class; returns it as stored."""
    saver = SAVERS.get(draft.resource.name, _store_plain)
    return saver(draft)


def linked(draft: Draft, name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of an association as they are kept: unknown customer groups vanish, cart rows lose their address in 9."""
    if (draft.resource.name, name) == ("customers", "groups"):
        return [row for row in rows if draft.shop.load("groups", int(row.get("id") or 0))]
    if name == "cart_rows" and draft.shop.options.version == "9":
        return [{**row, "id_address_delivery": 0} for row in rows]
    return rows


def decimal_text(text: str, places: int) -> str:
    try:
        value = Decimal(text or 0)
    except InvalidOperation:
        value = Decimal(0)
    return str(value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def password_hash(text: str) -> str:
    """Shaped as bcrypt's; one way, the same for the same text."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"$2y$10${digest}"[:60]


def _store_plain(draft: Draft) -> Row:
    shop, resource = draft.shop, draft.resource.name
    if draft.created:
        return shop.add(resource, draft.row)
    shop.save(resource, draft.row)
    return shop.get(resource, draft.row["id"])


def _store_order(draft: Draft) -> Row:
    return new_order.from_cart(draft.shop, draft.row) if draft.created else _store_plain(draft)


def _set_current_state(draft: Draft, text: str) -> None:
    """Order::setCurrentState acts on the object at once; what the body says after it overwrites what it did."""
    id_state = php_int(text)
    order, shop = draft.row, draft.shop
    if not id_state or id_state == order["current_state"]:
        return
    try:
        states.change_state(shop, order, id_state)
    except states.UnknownStateError as error:
        raise PhpFatal("" if shop.options.modern else "Invalid new order status") from error
    states.add_history(shop, order["id"], id_state, mail=True)
    order.update(shop.get("orders", order["id"]))


def _set_shipping_number(draft: Draft, item: Field, text: str) -> None:
    wrong = problem(draft.resource.class_name, item, text)
    if wrong is not None:
        raise refuse(400, 85, f'Validation error: "{wrong}"')
    found = draft.shop.rows("order_carriers", "id_order = ?", (draft.row["id"],))
    if found:
        found[0]["tracking_number"] = text
        draft.shop.save("order_carriers", found[0])


def _store_history(draft: Draft) -> Row:
    """POST order_histories changes the order's state; PUT changes the row only."""
    if not draft.created:
        return _store_plain(draft)
    shop, id_state = draft.shop, draft.row["id_order_state"]
    order = shop.load("orders", draft.row["id_order"])
    fatal = PhpFatal("" if shop.options.modern else "Invalid new order status")
    if order is None:
        raise fatal
    if id_state and id_state != order["current_state"]:
        try:
            states.change_state(shop, order, id_state)
        except states.UnknownStateError as error:
            raise fatal from error
    mail = draft.call.flag("sendemail")
    return states.add_history(shop, order["id"], id_state, id_employee=draft.row["id_employee"], mail=mail)


def _store_order_carrier(draft: Draft) -> Row:
    saved = _store_plain(draft)
    if not draft.created and draft.call.flag("sendemail"):
        order = draft.shop.load("orders", saved["id_order"])
        if order is not None:
            draft.shop.mail("in_transit", order["id"], order["id_customer"])
    return saved


def _check_stock(draft: Draft) -> None:
    keys = ("id_product", "id_product_attribute")
    if draft.stored is not None and any(draft.row[key] != draft.stored[key] for key in keys):
        raise refuse(500, 46, "Unable to save resource")


def _store_stock(draft: Draft) -> Row:
    if draft.stored is not None and draft.stored["depends_on_stock"]:
        # Quantities come from the warehouses: what is written does not last.
        draft.row["quantity"] = draft.stored["quantity"]
    stock.save_stock(draft.shop, draft.row)
    return draft.shop.get("stock_availables", draft.row["id"])


def _check_email(draft: Draft) -> None:
    """8 and 9 refuse a second account with the same e-mail; guests may share it. 1.7 makes a second customer."""
    if not draft.created or not draft.shop.options.modern or draft.row["is_guest"]:
        return
    taken = draft.shop.storage.one(
        "SELECT id FROM customers WHERE email = ? AND is_guest = 0 AND deleted = 0", (draft.row["email"],)
    )
    if taken is not None:
        used = ApiError(500, 140, "The email is already used, please choose another one")
        raise Refused(used, ApiError(500, 46, "Unable to save resource"))


def _store_customer(draft: Draft) -> Row:
    """A new customer gets a secure key; a PUT that had to strip it stores it empty."""
    shop = draft.shop
    if not draft.created:
        return _store_plain(draft)
    row = draft.row
    secret = hashlib.md5(f"{shop.seed}:{row['email']}:{shop.clock.stamp()}".encode(), usedforsecurity=False)
    row["secure_key"] = secret.hexdigest()
    row["last_passwd_gen"] = shop.clock.stamp()
    row["id_shop"] = row["id_shop"] or shop.options.shop_id
    row["id_shop_group"] = row["id_shop_group"] or 1
    row["id_lang"] = row["id_lang"] or 1
    row["id_default_group"] = row["id_default_group"] or 3
    saved = shop.add("customers", row)
    shop.set_links("customers", saved["id"], "groups", [{"id": row["id_default_group"]}])
    return saved


def _store_product(draft: Draft) -> Row:
    """A new product gets a stock row. Without a name PHP warns: 9 stops at it, 1.7 has created the product."""
    shop, created = draft.shop, draft.created
    nameless = created and not any(json.loads(draft.row["name"] or "{}").values())
    if nameless and shop.options.warnings_shown and shop.options.modern:
        raise Refused(php_warning(old=False))
    row = draft.row
    if created:
        row["id_shop_default"] = row["id_shop_default"] or shop.options.shop_id
        row["type"] = "simple"
        row["minimal_quantity"] = row["minimal_quantity"] or 1
        if "product_type" in row:
            row["product_type"] = row["product_type"] or "standard"
    saved = _store_plain(draft)
    if created:
        insert_stock(shop, saved["id"], 0, 0)
    if nameless and shop.options.warnings_shown:
        draft.call.warnings += 1
    return saved


def _store_combination(draft: Draft) -> Row:
    created = draft.created
    saved = _store_plain(draft)
    if created:
        insert_stock(draft.shop, saved["id_product"], saved["id"], 0)
    return saved


def _store_cart(draft: Draft) -> Row:
    row = draft.row
    if draft.created:
        row["id_shop"] = row["id_shop"] or draft.shop.options.shop_id
        row["id_shop_group"] = row["id_shop_group"] or 1
    return _store_plain(draft)


SAVERS: dict[str, Callable[[Draft], Row]] = {
    "carts": _store_cart,
    "combinations": _store_combination,
    "customers": _store_customer,
    "order_carriers": _store_order_carrier,
    "order_histories": _store_history,
    "orders": _store_order,
    "products": _store_product,
    "stock_availables": _store_stock,
}
