"""Customers: bill-to rows that the site numbers, ship-to rows that the caller numbers (systems/infor.md 4.6)."""

import re

from penstock.connectors.infor.sandbox.idos.finance import RECEIVABLES
from penstock.connectors.infor.sandbox.idos.parties import CUSTOMER_ITEMS, CUSTOMERS
from penstock.connectors.infor.sandbox.idos.sales import ORDERS
from penstock.connectors.infor.sandbox.idos.stock import ITEMS
from penstock.connectors.infor.sandbox.site import Site, blank, exists_message, whole
from penstock.connectors.infor.sandbox.tables import Row
from penstock.connectors.infor.sandbox.values import IdoError

_PADDED = re.compile(r"[A-Z][A-Z0-9]{5}[0-9]| {0,6}[0-9]{1,7}")


def insert(site: Site, values: Row) -> Row:
    """A bill-to (CustSeq 0) or ship-to row."""
    seq = values["CustSeq"] = whole(values["CustSeq"])
    if seq < 0:
        raise IdoError("CustSeq must not be negative.")
    if seq:
        if blank(values["CustNum"]):
            raise IdoError("Property [CustNum] is required.")
        bill_to = site.customer(values["CustNum"])
        values["CurrCode"] = bill_to["CurrCode"]
        values["TermsCode"] = bill_to["TermsCode"]
    else:
        _number(site, values)
        values["CurrCode"] = values["CurrCode"] if not blank(values["CurrCode"]) else site.options.base_currency
        values["TermsCode"] = values["TermsCode"] if not blank(values["TermsCode"]) else "N30"
    if site.tables.find(CUSTOMERS, CustNum=values["CustNum"], CustSeq=seq):
        raise IdoError(exists_message(CUSTOMERS, values))
    site.check_codes(values)
    return site.tables.insert(CUSTOMERS, values)


def update(site: Site, row: Row, changes: Row) -> Row:
    """Change a row; a customer's currency stays once there are receivables."""
    if changes.get("CurrCode", row["CurrCode"]) != row["CurrCode"] and site.tables.find(
        RECEIVABLES, CustNum=row["CustNum"]
    ):
        raise IdoError(f"Currency Code of Customer [{row['CustNum']}] cannot be changed. Transactions exist.")
    site.check_codes(changes)
    return site.tables.update(CUSTOMERS, row, changes)


def delete(site: Site, row: Row) -> None:
    """Delete a row that no order uses; a bill-to takes its ship-to rows with it."""
    used = {"CustNum": row["CustNum"]} | ({"CustSeq": row["CustSeq"]} if row["CustSeq"] else {})
    if site.tables.find(ORDERS, **used) or site.tables.find(RECEIVABLES, CustNum=row["CustNum"]):
        raise IdoError("Orders exist.")
    rows = [row] if row["CustSeq"] else site.tables.select(CUSTOMERS, CustNum=row["CustNum"])
    for one in rows:
        site.tables.delete(CUSTOMERS, one)


def insert_alias(site: Site, values: Row) -> Row:
    """A customer's name for an item of ours."""
    site.customer(values["CustNum"])
    if not site.tables.find(ITEMS, Item=values["Item"]):
        raise IdoError(f"Item [{values['Item']}] is not on file.")
    if site.tables.find(CUSTOMER_ITEMS, **{key: values[key] for key in CUSTOMER_ITEMS.keys}):
        raise IdoError(exists_message(CUSTOMER_ITEMS, values))
    return site.tables.insert(CUSTOMER_ITEMS, values)


def _number(site: Site, values: Row) -> None:
    given = values["CustNum"]
    if blank(given):
        if site.options.numbering == "caller":
            raise IdoError("Property [CustNum] is required.")
        while blank(values["CustNum"]) or site.tables.find(CUSTOMERS, CustNum=values["CustNum"]):
            values["CustNum"] = f"{site.tables.next_number('customer', 2001):>7d}"
        return
    if site.options.numbering == "site":
        raise IdoError("CustNum is given by the site and must be blank.")
    if len(str(given)) != 7 or not _PADDED.fullmatch(str(given)):
        raise IdoError(f"CustNum [{given}] is not a valid key: spaces fill it to 7 characters from the left.")
