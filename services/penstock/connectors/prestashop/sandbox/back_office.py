"""What a clerk does in the back office: states, payments, edits, refunds, stock, products."""

from decimal import Decimal
from typing import Any

from penstock.connectors.prestashop.sandbox import checkout, orders, states, stock, world
from penstock.connectors.prestashop.sandbox.forms import (
    AddMessage,
    AddProduct,
    ChangeFields,
    ChangeOrder,
    ChangeStock,
    OrderForm,
    PayOrder,
    RefundOrder,
    SetState,
)
from penstock.connectors.prestashop.sandbox.money import NOTHING, ZERO, Amount, order_totals, price_line, six
from penstock.connectors.prestashop.sandbox.seed import HOME, insert_stock, slug
from penstock.connectors.prestashop.sandbox.shop import Shop
from penstock.sandbox.engine import ActionError
from penstock.sandbox.storage import Row

Json = dict[str, Any]


def set_state(shop: Shop, form: SetState) -> Json:
    order = _order(shop, form.id)
    if shop.load("order_states", form.state) is None:
        raise ActionError(f"state: the shop has no order state {form.state}")
    _to_state(shop, order, form.state)
    return _shown(shop, form.id)


def pay_order(shop: Shop, form: PayOrder) -> Json:
    """Book a payment; once nothing is due any more the order is Payment accepted."""
    order = _order(shop, form.id)
    due = Decimal(order["total_paid_tax_incl"]) - Decimal(order["total_paid_real"])
    if due <= ZERO:
        raise ActionError(f"order {form.id} is paid already")
    paid = due if form.amount is None else form.amount
    states.add_payment(shop, order, paid, {"transaction_id": form.transaction_id})
    shop.save("orders", order)
    if paid >= due:
        _to_state(shop, order, world.PAYMENT_ACCEPTED)
    return _shown(shop, form.id)


def cancel_order(shop: Shop, form: OrderForm) -> Json:
    order = _order(shop, form.id)
    _to_state(shop, order, world.CANCELED)
    return _shown(shop, form.id)


def change_order(shop: Shop, form: ChangeOrder) -> Json:
    """Lines of an order that is not shipped: changed, added, removed. Discounts stay as they were granted."""
    order = _order(shop, form.id)
    state = shop.load("order_states", order["current_state"])
    if state is not None and state["shipped"]:
        raise ActionError(f"order {form.id} is shipped; its lines cannot be changed")
    details = shop.rows("order_details", "id_order = ?", (form.id,))
    for wish in form.lines:
        row = next((item for item in details if item["product_reference"] == wish.sku), None)
        if row is not None:
            _change_line(shop, order, row, wish.quantity)
        elif wish.quantity:
            _add_line(shop, order, wish.sku, wish.quantity)
    _recompute(shop, order)
    return _shown(shop, form.id)


def refund_order(shop: Shop, form: RefundOrder) -> Json:
    """A credit slip. Nothing of it moves orders.date_upd."""
    order = _order(shop, form.id)
    details = shop.rows("order_details", "id_order = ?", (form.id,))
    wanted = {line.sku: line.quantity for line in form.lines}
    total, rows = NOTHING, []
    for detail in details:
        left = detail["product_quantity"] - detail["product_quantity_refunded"]
        quantity = left if not wanted else wanted.get(detail["product_reference"], 0)
        if quantity > left:
            raise ActionError(f"{detail['product_reference']}: only {left} left to refund")
        if not quantity:
            continue
        share = Decimal(quantity) / detail["product_quantity"]
        amount = Amount(
            (Decimal(detail["total_price_tax_excl"]) * share).quantize(Decimal("0.01")),
            (Decimal(detail["total_price_tax_incl"]) * share).quantize(Decimal("0.01")),
        )
        total += amount
        rows.append({"id_order_detail": detail["id"], "product_quantity": quantity, "amount": amount})
        refunded = {
            "product_quantity_refunded": detail["product_quantity_refunded"] + quantity,
            "total_refunded_tax_excl": six(Decimal(detail.get("total_refunded_tax_excl") or 0) + amount.net),
            "total_refunded_tax_incl": six(Decimal(detail.get("total_refunded_tax_incl") or 0) + amount.gross),
        }
        shop.storage.update("order_details", "id", detail["id"], refunded)
        if form.restock:
            stock.take(shop, detail["product_id"], detail["product_attribute_id"], -quantity, order["id_shop"])
    if not rows and not form.shipping:
        raise ActionError("lines: nothing is left to refund")
    return _slip(shop, order, total, rows, shipping=form.shipping)


def add_message(shop: Shop, form: AddMessage) -> Json:
    order = _order(shop, form.id)
    row = checkout.add_message(shop, order, form.message, private=form.private)
    shop.hooks.fire("order.updated", "orders", form.id)
    return {"id": row["id"], "id_customer_thread": row["id_customer_thread"]}


def change_address(shop: Shop, form: ChangeFields) -> Json:
    return _change(shop, "addresses", form)


def change_customer(shop: Shop, form: ChangeFields) -> Json:
    return _change(shop, "customers", form)


def change_stock(shop: Shop, form: ChangeStock) -> Json:
    id_product, id_combination = checkout.find_sku(shop, form.sku)
    row = stock.stock_row(shop, id_product, id_combination, form.shop_id or shop.options.shop_id)
    if row is None:
        raise ActionError(f"{form.sku!r} has no stock row that this shop sees")
    row["quantity"] = (row["quantity"] if form.quantity is None else form.quantity) + form.by
    stock.save_stock(shop, row)
    return {"id": row["id"], "quantity": row["quantity"]}


def add_product(shop: Shop, form: AddProduct) -> Json:
    row = {
        "reference": form.sku,
        "price": six(form.price),
        "weight": six(form.weight),
        "id_tax_rules_group": world.TAX_GROUP_OF[form.tax],
        "id_category_default": HOME,
        "id_shop_default": shop.options.shop_id,
        "type": "simple",
        "state": 1,
        "active": 1,
        "available_for_order": 1,
        "minimal_quantity": 1,
        "condition": "new",
        "visibility": "both",
        "show_price": 1,
        "name": shop.i18n(form.name),
        "link_rewrite": shop.i18n(slug(form.name)),
        "product_type": "combinations" if form.combinations else "standard",
    }
    product = shop.add("products", row)
    shop.set_links("products", product["id"], "categories", [{"id": HOME}])
    insert_stock(shop, product["id"], 0, form.stock * max(1, len(form.combinations)))
    values = shop.rows("product_option_values", "id_attribute_group = 1")
    made = []
    for index, sku in enumerate(form.combinations):
        variant = {"id_product": product["id"], "reference": sku, "minimal_quantity": 1, "default_on": int(not index)}
        combination = shop.add("combinations", variant)
        link = [{"id": values[index % len(values)]["id"]}]
        shop.set_links("combinations", combination["id"], "product_option_values", link)
        insert_stock(shop, product["id"], combination["id"], form.stock)
        made.append(combination["id"])
    return {"id": product["id"], "combinations": made}


def _order(shop: Shop, number: int) -> Row:
    found = shop.load("orders", number)
    if found is None:
        raise ActionError(f"id: the shop has no order {number}")
    return found


def _shown(shop: Shop, number: int) -> Json:
    order = shop.get("orders", number)
    names = ("id", "reference", "current_state", "total_paid", "total_paid_real", "date_upd")
    return {name: order[name] for name in names}


def _to_state(shop: Shop, order: Row, id_state: int) -> None:
    states.change_state(shop, order, id_state)
    states.add_history(shop, order["id"], id_state, id_employee=1, mail=True)


def _change(shop: Shop, resource: str, form: ChangeFields) -> Json:
    row = shop.load(resource, form.id)
    if row is None:
        raise ActionError(f"id: no {form.id} in {resource}")
    wrong = [name for name in form.fields if not shop.resources[resource].has(name)]
    if wrong:
        raise ActionError(f"fields: {resource} have no {', '.join(wrong)}")
    row.update(form.fields)
    shop.save(resource, row)
    return {"id": form.id, **form.fields}


def _change_line(shop: Shop, order: Row, detail: Row, quantity: int) -> None:
    more = quantity - detail["product_quantity"]
    stock.take(shop, detail["product_id"], detail["product_attribute_id"], more, order["id_shop"])
    if not quantity:
        shop.storage.execute("DELETE FROM order_details WHERE id = ?", (detail["id"],))
        return
    unit = Decimal(detail["unit_price_tax_excl"])
    rate = _rate_of(shop, detail)
    priced = price_line(unit, rate, quantity)
    detail["product_quantity"] = quantity
    detail["total_price_tax_excl"] = six(priced.total.net)
    detail["total_price_tax_incl"] = six(priced.total.gross)
    shop.save("order_details", detail)


def _rate_of(shop: Shop, detail: Row) -> Decimal:
    taxes = shop.links("order_details", detail["id"], "taxes")
    return Decimal(shop.get("taxes", int(taxes[0]["id"]))["rate"]) if taxes else ZERO


def _add_line(shop: Shop, order: Row, sku: str, quantity: int) -> None:
    id_product, id_combination = checkout.find_sku(shop, sku)
    orders.add_line(shop, order, orders.CartLine(id_product, id_combination, quantity))


def _recompute(shop: Shop, order: Row) -> None:
    """Totals from the rows as they are; an invoice follows."""
    products = NOTHING
    for row in shop.rows("order_details", "id_order = ?", (order["id"],)):
        products += Amount(Decimal(row["total_price_tax_excl"]), Decimal(row["total_price_tax_incl"]))
    shipping, wrapping, discounts = (_total(order, name) for name in ("shipping", "wrapping", "discounts"))
    order.update(order_totals(products, shipping, wrapping, discounts))
    shop.save("orders", order)
    same = ("total_paid_tax_excl", "total_paid_tax_incl", "total_products", "total_products_wt")
    shop.storage.update("order_invoices", "id_order", order["id"], {name: order[name] for name in same})


def _total(order: Row, name: str) -> Amount:
    return Amount(Decimal(order[f"total_{name}_tax_excl"]), Decimal(order[f"total_{name}_tax_incl"]))


def _slip(shop: Shop, order: Row, total: Amount, rows: list[Json], *, shipping: bool) -> Json:
    freight = _total(order, "shipping") if shipping else NOTHING
    slip = shop.add(
        "order_slip",
        {
            "id_customer": order["id_customer"],
            "id_order": order["id"],
            "conversion_rate": order["conversion_rate"],
            "total_products_tax_excl": six(total.net),
            "total_products_tax_incl": six(total.gross),
            "total_shipping_tax_excl": six(freight.net),
            "total_shipping_tax_incl": six(freight.gross),
            "amount": six(total.gross),
            "shipping_cost": int(shipping),
            "shipping_cost_amount": six(freight.gross),
            "partial": 1,
        },
    )
    details = [
        {
            "id": row["id_order_detail"],
            "id_order_detail": row["id_order_detail"],
            "product_quantity": row["product_quantity"],
            "amount_tax_excl": six(row["amount"].net),
            "amount_tax_incl": six(row["amount"].gross),
        }
        for row in rows
    ]
    shop.set_links("order_slip", slip["id"], "order_slip_details", details)
    return {"id": slip["id"], "id_order": order["id"], "amount": six(total.gross + freight.gross)}
