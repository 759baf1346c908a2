"""Sales orders: create, change, delete, hold, release, close (systems/sage100.md 2.1, 2.5, 2.12, 5.4)."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from penstock.connectors.sage100.sandbox.company import Company
from penstock.connectors.sage100.sandbox.dictionary.codes import CANCEL_REASONS, TAX_SCHEDULES
from penstock.connectors.sage100.sandbox.dictionary.customers import CUSTOMERS, SHIP_TOS
from penstock.connectors.sage100.sandbox.dictionary.sales import ORDER_LINES, ORDERS
from penstock.connectors.sage100.sandbox.documents import Document
from penstock.connectors.sage100.sandbox.errors import RefusedError, not_on_file
from penstock.connectors.sage100.sandbox.rules.amounts import open_amount, order_amounts, total
from penstock.connectors.sage100.sandbox.rules.credit import HOLD_REASON, Warnings, check_credit
from penstock.connectors.sage100.sandbox.rules.lines import changed_line, new_line
from penstock.connectors.sage100.sandbox.rules.references import (
    check_codes,
    check_salesperson,
    check_zip,
    customer_of,
    no_key,
    taken,
    zero_filled,
)
from penstock.connectors.sage100.sandbox.rules.stock import demand, reserve
from penstock.connectors.sage100.sandbox.store import Row, Store, udf_of

_FIRST_ORDER = 12345
_PLACE = ("City", "State", "ZipCode", "CountryCode")
_ADDRESS = ("Name", "Address1", "Address2", "Address3", *_PLACE)


def number_of(company: Company, document: Document) -> str:
    """The order's number: as sent, or the next one. What is taken from the counter is not given back."""
    sent = document.values.get("SalesOrderNo")
    if sent is None:
        store = company.store
        while True:
            number = f"{store.next_number('SalesOrderNo', _FIRST_ORDER):07d}"
            if store.find(ORDERS, SalesOrderNo=number) is None:
                return number
    number = sent.zfill(7) if sent.isdigit() else sent
    if len(number) != 7 or not (number.isascii() and number.isalnum()):
        raise RefusedError(
            "BAD_REQUEST",
            "SalesOrderNo must be 7 letters and digits.",
            business=ORDERS.business,
            column="SalesOrderNo",
            value=sent,
        )
    return number


def create_order(company: Company, document: Document, number: str) -> tuple[Row, Warnings]:
    """Write a new order with its lines; the header and the warnings of the credit check."""
    store = company.store
    if store.find(ORDERS, SalesOrderNo=number) is not None:
        raise taken(ORDERS, "SalesOrderNo", number)
    sent = zero_filled(document.values)
    customer = customer_of(store, ORDERS, sent["ARDivisionNo"], sent["CustomerNo"])
    if customer["CustomerStatus"] == "I":
        name = f"{customer['ARDivisionNo']}-{customer['CustomerNo']}"
        raise RefusedError(
            "AR_InactiveCustomer",
            f"Customer {name} is inactive.",
            business=ORDERS.business,
            column="CustomerNo",
            value=customer["CustomerNo"],
        )
    header: Row = {**ORDERS.defaults(), **_from_customer(customer, sent), **_ship_to(store, customer, sent), **sent}
    header |= {
        "SalesOrderNo": number,
        "TaxSent": "Y" if "SalesTaxAmt" in sent else "",
        "DiscountSent": "Y" if "DiscountAmt" in sent else "",
        "InvoicedAmt": "0",
        "Udf": json.dumps(document.udf) if document.udf else "",
    }
    company.check_order_free(header)
    _check_header(store, header)
    rate = _tax_rate(store, header)
    lines = [new_line(store, header, line, at, rate) for at, line in enumerate(document.lines or (), start=1)]
    header |= order_amounts(header, lines, rate)
    warnings = _credit(company, header, customer, Decimal(0))
    if warnings:
        header |= {"OrderStatus": "H", "CancelReasonCode": HOLD_REASON}
    for line in lines:
        store.insert(ORDER_LINES, line)
    written = store.insert(ORDERS, header)
    reserve(store, {}, demand(written, lines))
    _move_open_amount(store, written, open_amount(written))
    return written, warnings


def change_order(company: Company, number: str, document: Document) -> tuple[Row, Warnings]:
    """Write header fields and changes of lines that are there; totals follow."""
    store = company.store
    before = open_order(company, number)
    sent = zero_filled(document.values)
    header = {**before, **sent, "Udf": json.dumps({**udf_of(before), **document.udf})}
    header |= {
        "TaxSent": "Y" if "SalesTaxAmt" in sent else before["TaxSent"],
        "DiscountSent": "Y" if "DiscountAmt" in sent else before["DiscountSent"],
    }
    customer = customer_of(store, ORDERS, header["ARDivisionNo"], header["CustomerNo"])
    if sent.get("ShipToCode"):
        header |= {**_ship_to(store, customer, sent), **sent}
    _check_header(store, header)
    rate = _tax_rate(store, header)
    old = lines_of(store, number)
    lines = _changed_lines(old, document.lines or (), rate)
    header |= order_amounts(header, lines, rate)
    warnings: Warnings = []
    if open_amount(header) > open_amount(before):
        warnings = _credit(company, header, customer, open_amount(before))
        if warnings:
            header |= {"OrderStatus": "H", "CancelReasonCode": HOLD_REASON}
    for was, line in zip(old, lines, strict=True):
        if line != was:
            store.update(ORDER_LINES, was, line)
    return rewrite(store, before, header, old, lines), warnings


def delete_order(company: Company, number: str) -> None:
    """Delete an order of which nothing was shipped or is being invoiced."""
    store = company.store
    order = open_order(company, number)
    lines = lines_of(store, number)
    if order["CurrentInvoiceNo"] or any(Decimal(line["QuantityShipped"]) for line in lines):
        raise closed(order, f"Sales order {number} is shipped or being invoiced and cannot be deleted.")
    reserve(store, demand(order, lines), {})
    _move_open_amount(store, order, -open_amount(order))
    store.delete(ORDER_LINES, SalesOrderNo=number)
    store.delete(ORDERS, SalesOrderNo=number)


def set_status(company: Company, number: str, status: str, reason: str = "") -> Row:
    """Hold (`H`, with a reason code), release (`O`) or close (`C`) an order."""
    store = company.store
    order = open_order(company, number)
    if reason and store.find(CANCEL_REASONS, CancelReasonCode=reason) is None:
        raise not_on_file(ORDERS.business, "CancelReasonCode", reason)
    if status == "C" and order["CurrentInvoiceNo"]:
        raise closed(order, f"Sales order {number} is being invoiced.")
    kept = order["CancelReasonCode"] if status == "H" and not reason else reason
    lines = lines_of(store, number)
    return rewrite(store, order, {**order, "OrderStatus": status, "CancelReasonCode": kept}, lines, lines)


def rewrite(store: Store, before: Row, after: Row, old: Sequence[Row], new: Sequence[Row]) -> Row:
    """Write a changed header and let stock and the customer's open amount follow."""
    written = store.update(ORDERS, before, after)
    reserve(store, demand(before, old), demand(written, new))
    _move_open_amount(store, written, open_amount(written) - open_amount(before))
    return written


def find_order(store: Store, number: str) -> Row:
    """An order by its number, completed ones too. Raises 404."""
    order = store.find(ORDERS, SalesOrderNo=number)
    if order is None:
        raise no_key(ORDERS, number)
    return order


def open_order(company: Company, number: str) -> Row:
    """An order that may be written: it exists, is not completed, and nobody has it open."""
    order = find_order(company.store, number)
    if order["OrderStatus"] == "C":
        raise closed(order, f"Sales order {number} is completed.")
    company.check_order_free(order)
    return order


def lines_of(store: Store, number: str) -> list[Row]:
    return store.select(ORDER_LINES, SalesOrderNo=number)


def closed(order: Mapping[str, str], message: str) -> RefusedError:
    """The refusal of a write that comes too late."""
    number = order["SalesOrderNo"]
    return RefusedError("SO_OrderClosed", message, business=ORDERS.business, column="SalesOrderNo", value=number)


def _changed_lines(old: Sequence[Row], changes: Sequence[Document], rate: Decimal) -> list[Row]:
    asked: dict[str, tuple[int, Document]] = {}
    known = {line["LineKey"] for line in old}
    for number, change in enumerate(changes, start=1):
        key = change.values["LineKey"]
        if key not in known:
            raise not_on_file(ORDER_LINES.business, "LineKey", key, number)
        if key in asked:
            raise RefusedError(
                "BAD_REQUEST",
                f"The line {key} is named twice.",
                business=ORDER_LINES.business,
                column="LineKey",
                value=key,
                line=number,
            )
        asked[key] = number, change
    nothing = (0, Document({}, {}))
    return [
        changed_line(line, change, rate, number)
        for line in old
        for number, change in [asked.get(line["LineKey"], nothing)]
    ]


def _credit(company: Company, header: Row, customer: Row, already: Decimal) -> Warnings:
    if header["OrderType"] not in {"S", "B"}:
        return []
    others = Decimal(customer["OpenOrderAmt"]) - already
    return check_credit(company.options.credit, customer, total(header), others)


def _move_open_amount(store: Store, order: Row, change: Decimal) -> None:
    customer = store.find(CUSTOMERS, ARDivisionNo=order["ARDivisionNo"], CustomerNo=order["CustomerNo"])
    if customer is not None and change:
        amount = CUSTOMERS.amount("OpenOrderAmt", Decimal(customer["OpenOrderAmt"]) + change)
        store.update(CUSTOMERS, customer, {"OpenOrderAmt": amount})


def _check_header(store: Store, header: Row) -> None:
    check_codes(store, ORDERS, header)
    check_salesperson(store, ORDERS, header)
    for prefix in ("BillTo", "ShipTo"):
        check_zip(store, ORDERS, header, prefix)


def _tax_rate(store: Store, header: Row) -> Decimal:
    schedule = store.find(TAX_SCHEDULES, TaxSchedule=header["TaxSchedule"])
    return Decimal(schedule["Rate"]) if schedule else Decimal(0)


def _ship_to(store: Store, customer: Row, sent: Mapping[str, str]) -> Row:
    """The address that a ShipToCode names; the customer's own where no part of one was sent."""
    code = sent.get("ShipToCode")
    if code:
        key = {name: customer[name] for name in ("ARDivisionNo", "CustomerNo")}
        found = store.find(SHIP_TOS, **key, ShipToCode=code)
        if found is None:
            raise not_on_file(ORDERS.business, "ShipToCode", code)
        loaded = {f"ShipTo{part}": found[f"ShipTo{part}"] for part in _ADDRESS}
        return {**loaded, **({"ShipVia": found["ShipVia"]} if found["ShipVia"] else {})}
    return _address("ShipTo", customer, sent)


def _from_customer(customer: Row, sent: Mapping[str, str]) -> Row:
    return {
        **_address("BillTo", customer, sent),
        "ShipVia": customer["ShipMethod"],
        "EmailAddress": customer["EmailAddress"],
        "TaxExemptNo": customer["TaxExemptNo"],
        "SalespersonDivisionNo": customer["SalespersonDivisionNo"],
        "SalespersonNo": customer["SalespersonNo"],
    }


def _address(prefix: str, customer: Row, sent: Mapping[str, str]) -> Row:
    """The customer's own address, unless a part of one was sent."""
    if any(f"{prefix}{part}" in sent for part in _ADDRESS):
        return {}
    return {
        f"{prefix}Name": customer["CustomerName"],
        **{f"{prefix}Address{number}": customer[f"AddressLine{number}"] for number in (1, 2, 3)},
        **{f"{prefix}{part}": customer[part] for part in _PLACE},
    }
