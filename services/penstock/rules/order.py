"""Validation of a canonical Order (schemas/avro/order.avsc)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from penstock.rules import checks
from penstock.rules.checks import Record
from penstock.rules.order_amounts import Arithmetic
from penstock.rules.verdict import Findings, shown

STATUSES = frozenset(
    {"awaiting-payment", "paid", "processing", "shipped", "delivered", "cancelled", "refunded", "payment-error"}
    | {"backorder"}
)
PAYMENT_METHODS = frozenset({"card", "bank-transfer", "check", "cash-on-delivery", "wallet", "terms", "other"})

_REFERENCE = re.compile(r"[A-Z0-9]{1,6}-\S{1,73}")  # 80 characters in Infor (systems/infor.md 4.5)
_HEADER_TEXTS = (
    "number", "reference", "customer_po", "shop", "status", "source_status", "currency", "language",
    "customer_id", "payment_method", "payment_module", "terms",
)  # fmt: skip
_BUYER_TEXTS = ("native_id", "email", "first_name", "last_name", "company", "group", "vat_number", "phone")
_LINE_TEXTS = ("native_id", "product_native_id", "variant_native_id", "sku", "name", "category", "unit", "location")
_LINE_QUANTITIES = ("quantity", "quantity_refunded")
_LINE_PRICES = ("unit_price", "unit_price_gross", "net", "tax", "gross")
_CHARGE = ("net", "tax", "gross")
_TOTALS = ("lines_net", "lines_gross", "discounts_net", "discounts_gross", "net", "tax", "gross")
_PARTS = (("totals", _TOTALS), ("shipping", _CHARGE), ("wrapping", _CHARGE), ("fees", _CHARGE))
_OPTIONAL = frozenset({"fees"})


def check_order(found: Findings, order: Record) -> None:
    """Texts first, then who and where, then the figures; figures that are no numbers are told and not added up."""
    _header(found, order)
    _buyer(found, order.get("customer"))
    checks.address(found, order.get("bill_to"), "bill_to.")
    checks.address(found, order.get("ship_to"), "ship_to.")
    _words(found, order)
    currency = order.get("currency") or ""
    checks.currency(found, currency)
    lines = order.get("lines") or ()
    if not lines:
        found.hold(
            "lines", "", "lines", "The order has no lines.", "Add what was sold in the shop, or cancel the order."
        )
    sums = Arithmetic(found, currency)
    sound = [_line(found, line, index, sums) for index, line in enumerate(lines)]
    if _figures(found, order) and all(sound):
        _add_up(order, lines, sums)


def _header(found: Findings, order: Record) -> None:
    checks.texts(found, order, _HEADER_TEXTS)
    checks.required(found, order, ("reference", "customer_id"))
    reference, status, method = order.get("reference"), order.get("status"), order.get("payment_method")
    if reference and isinstance(reference, str) and not _REFERENCE.fullmatch(reference):
        what = f"{shown(reference)!r} is not a reference such as PS1-41."
        found.refuse(
            "reference", reference, "reference", what, "Set the tag of the shop in the flow; correct the mapping."
        )
    if status not in STATUSES:
        what = f"{shown(status)!r} is not a status of an order."
        found.hold("status", status, "status", what, "Add the shop's state to the code table order-status.")
    if method not in PAYMENT_METHODS:
        what = f"{shown(method)!r} is not a payment method."
        found.hold(
            "payment_method", method, "payment-method", what, "Add the module to the code table of payment methods."
        )
    checks.day(found, order.get("placed_at"), "placed_at", order)


def _buyer(found: Findings, buyer: Any) -> None:
    if not isinstance(buyer, dict):
        found.refuse("customer", buyer, "required", "customer is missing.", "Correct the mapping of this field.")
        return
    if checks.texts(found, buyer, _BUYER_TEXTS, "customer."):
        checks.named(found, buyer, "customer.")
        checks.email(found, buyer.get("email"), "customer.email")


def _words(found: Findings, order: Record) -> None:
    long = found.policy.long_text_limit
    if order.get("gift_message"):
        checks.texts(found, order, ("gift_message",), limit=long)
    for number, message in enumerate(order.get("messages") or ()):
        checks.texts(found, message, ("text",), f"messages[{number}].", long)
    carrier = order.get("carrier")
    if carrier:
        checks.texts(found, carrier, ("code", "name"), "carrier.")


def _line(found: Findings, line: Record, index: int, sums: Arithmetic) -> bool:
    """Whether the figures of the line are numbers."""
    where = f"lines[{index}]."
    checks.texts(found, line, _LINE_TEXTS, where)
    sku, number = line.get("sku"), line.get("number")
    if not sku or (isinstance(sku, str) and sku.isspace()):
        what = f"Line {number} ({shown(line.get('name'))}) has no SKU."
        found.hold(where + "sku", sku, "sku", what, "Give the product or combination a reference in the shop.")
    taxes = line.get("taxes") or ()
    good = checks.amounts(found, line, _LINE_QUANTITIES, where)
    good &= checks.amounts(found, line, _LINE_PRICES, where, signed=False)
    if not (_rates(found, taxes, where, number) and good):
        return False
    quantity, refunded = line["quantity"], line["quantity_refunded"]
    if quantity <= 0:
        what = f"Line {number} ({shown(sku)}) has quantity {shown(quantity)}; it must be above zero."
        found.hold(
            where + "quantity", quantity, "quantity", what, "Correct the quantity in the shop, or remove the line."
        )
    elif refunded and not 0 <= refunded <= quantity:
        what = f"Line {number} ({shown(sku)}): {shown(refunded)} refunded of {shown(quantity)} ordered."
        found.hold(where + "quantity_refunded", refunded, "quantity", what, "Correct the refund in the shop.")
    sums.line(line, index)
    return True


def _rates(found: Findings, taxes: Sequence[Record], where: str, number: Any) -> bool:
    good, most = True, found.policy.max_tax_rate
    for index, row in enumerate(taxes):
        rate: Any = row.get("rate")
        amounts = ("rate", "amount") if row.get("base") is None else ("rate", "amount", "base")
        if all(checks.is_amount(row.get(name)) for name in amounts) and 0 <= rate <= most:
            continue
        place = f"{where}taxes[{index}]."
        if not checks.amounts(found, row, amounts, place):
            good = False
            continue
        what = f"Line {number} has a tax rate of {shown(rate)} %; it must lie between 0 and {shown(most)}."
        found.hold(place + "rate", rate, "tax-rate", what, "Correct the tax rule of the product in the shop.")
    return good


def _figures(found: Findings, order: Record) -> bool:
    """Whether all figures outside the lines are numbers; those that must not be below zero are told if they are."""
    good = checks.amounts(found, order, ("paid_total",))
    for name, fields in _PARTS:
        part = order.get(name)
        if part is None and name in _OPTIONAL:
            continue
        if not isinstance(part, dict):
            found.refuse(name, part, "required", f"{name} is missing.", "Correct the mapping of this field.")
            good = False
        else:
            good &= checks.amounts(found, part, fields, f"{name}.", signed=False)
            good &= part.get("rate") is None or checks.amounts(found, part, ("rate",), f"{name}.")
    for index, discount in enumerate(order.get("discounts") or ()):
        place = f"discounts[{index}]."
        checks.texts(found, discount, ("code", "name"), place)
        good &= checks.amounts(found, discount, ("net", "gross"), place, signed=False)
    for index, payment in enumerate(order.get("payments") or ()):
        place = f"payments[{index}]."
        checks.texts(found, payment, ("method", "transaction_id"), place)
        good &= checks.amounts(found, payment, ("amount",), place)
    return good


def _add_up(order: Record, lines: Sequence[Record], sums: Arithmetic) -> None:
    totals = order["totals"]
    charges = {name: order[name] for name in ("shipping", "wrapping", "fees") if order.get(name)}
    discounts = order.get("discounts") or ()
    for side, tax in (("net", "without tax"), ("gross", "with tax")):
        goods, off = totals[f"lines_{side}"], totals[f"discounts_{side}"]
        sums.total("lines", side, tax, [line[side] for line in lines], goods)
        if discounts or off:
            sums.total("discounts", side, tax, [one[side] for one in discounts], off)
        sums.order(side, tax, goods, off, {name: charge[side] for name, charge in charges.items()}, totals[side])
    sums.gross("totals.", "Order", totals)
    for name, charge in charges.items():
        if not charge["gross"] and not charge["net"] and not charge["tax"]:
            continue
        sums.gross(f"{name}.", name.capitalize(), charge)
        if charge.get("rate") is not None:
            sums.rate(f"{name}.", name.capitalize(), charge["net"], charge["rate"], charge["tax"])
