"""Validation of the canonical records besides Order: lighter, for their figures are the source's to answer for."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.rules import checks
from penstock.rules.checks import Record
from penstock.rules.verdict import Findings, shown

ORDER_STATUSES = frozenset({"planned", "processing", "part-shipped", "shipped", "stopped", "complete", "cancelled"})
_ORDER_LINK = ("order_id", "order_reference", "order_native_id")


def check_customer(found: Findings, record: Record) -> None:
    names = ("first_name", "last_name", "company", "name")
    if checks.texts(found, record, (*names, "email", "group", "language", "vat_number", "phone", "terms", "currency")):
        checks.named(found, record, "customer.")
        checks.email(found, record.get("email"), "email")
    if record.get("currency"):
        checks.currency(found, record["currency"])
    checks.amounts(found, record, ("credit_limit",), optional=True)
    for index, address in enumerate(record.get("addresses") or ()):
        checks.address(found, address, f"addresses[{index}].")


def check_product(found: Findings, record: Record) -> None:
    checks.texts(found, record, ("sku", "name", "unit", "category", "tax_code", "barcode", "currency"))
    checks.required(found, record, ("name",))
    _price(found, record, "")
    if record.get("currency"):
        checks.currency(found, record["currency"])
    for index, variant in enumerate(record.get("variants") or ()):
        checks.texts(found, variant, ("native_id", "sku", "name", "barcode"), f"variants[{index}].")
        _price(found, variant, f"variants[{index}].")


def _price(found: Findings, record: Record, where: str) -> None:
    checks.amounts(found, record, ("price", "weight"), where, optional=True, signed=False)


def check_price(found: Findings, record: Record) -> None:
    checks.texts(found, record, ("sku", "currency", "customer_native_id"))
    checks.required(found, record, ("sku",))
    checks.currency(found, record.get("currency"))
    checks.amounts(found, record, ("from_quantity",), optional=True)
    checks.amounts(found, record, ("amount",), signed=False)


def check_order_status(found: Findings, record: Record) -> None:
    checks.texts(found, record, (*_ORDER_LINK, "status", "source_status", "hold_reason"))
    status = record.get("status")
    if status not in ORDER_STATUSES:
        what = f"{shown(status)!r} is not a status that an ERP gives an order."
        found.hold("status", status, "status", what, "Add the ERP's status to the code table.")
    checks.day(found, record.get("changed_at"), "changed_at", record, optional=True)


def check_payment(found: Findings, record: Record) -> None:
    checks.texts(found, record, (*_ORDER_LINK, "currency", "method", "invoice_number"))
    checks.currency(found, record.get("currency"))
    checks.amounts(found, record, ("open_after",), optional=True)
    if checks.amounts(found, record, ("amount",)):
        _above_zero(found, record, "amount", "", "price", "A payment")
    checks.day(found, record.get("received_at"), "received_at", record, optional=True)


def check_invoice(found: Findings, record: Record) -> None:
    checks.texts(found, record, (*_ORDER_LINK, "currency", "number"))
    checks.required(found, record, ("number",))
    checks.currency(found, record.get("currency"))
    checks.amounts(found, record, ("total",))
    checks.amounts(found, record, ("tax", "freight"), optional=True)
    checks.day(found, record.get("invoiced_at"), "invoiced_at", record)
    _goods(found, record.get("lines"), ("quantity", "amount"))


def check_shipment(found: Findings, record: Record) -> None:
    checks.texts(found, record, (*_ORDER_LINK, "carrier_code", "carrier_name"))
    checks.day(found, record.get("shipped_at"), "shipped_at", record, optional=True)
    for index, number in enumerate(record.get("tracking_numbers") or ()):
        checks.texts(found, {"number": number}, ("number",), f"tracking_numbers[{index}].")
    if _goods(found, record.get("lines"), ("quantity",)):
        for index, line in enumerate(record.get("lines") or ()):
            _above_zero(found, line, "quantity", f"lines[{index}].", "quantity", "A shipped line")


def check_stock_level(found: Findings, record: Record) -> None:
    checks.texts(found, record, ("sku", "warehouse"))
    checks.required(found, record, ("sku", "warehouse"))
    checks.amounts(found, record, ("on_hand", "allocated", "reserved", "available"))


def check_refund(found: Findings, record: Record) -> None:
    checks.texts(found, record, (*_ORDER_LINK, "currency"))
    checks.currency(found, record.get("currency"))
    checks.amounts(found, record, ("net", "gross", "shipping_net"), signed=False)
    for index, line in enumerate(record.get("lines") or ()):
        where = f"lines[{index}]."
        checks.texts(found, line, ("order_line_native_id",), where)
        checks.amounts(found, line, ("quantity", "net", "gross"), where, signed=False)
    checks.day(found, record.get("refunded_at"), "refunded_at", record, optional=True)


def _goods(found: Findings, lines: Sequence[Record] | None, figures: Sequence[str]) -> bool:
    """Whether the figures of all lines are numbers; a line without an item is told."""
    good = True
    for index, line in enumerate(lines or ()):
        where = f"lines[{index}]."
        checks.texts(found, line, ("order_line", "sku"), where)
        checks.required(found, line, ("sku",), where)
        good &= checks.amounts(found, line, figures, where)
    return good


def _above_zero(found: Findings, record: Record, name: str, where: str, rule: str, what: str) -> None:
    value = record[name]
    if value <= 0:
        told = f"{what} has {name} {shown(value)}; it must be above zero."
        found.hold(where + name, value, rule, told, "Decide by hand: a reversal is not taken over by itself.")
