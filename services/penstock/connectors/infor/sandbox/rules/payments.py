"""Customer payments before they are posted, and the invoices they pay (systems/infor.md 4.6)."""

from penstock.connectors.infor.sandbox.idos.finance import INVOICES, PAYMENT_DETAILS, PAYMENTS
from penstock.connectors.infor.sandbox.site import Site, exists_message, whole
from penstock.connectors.infor.sandbox.tables import Row
from penstock.connectors.infor.sandbox.values import IdoError

_TYPES = frozenset("CWDA")  # check, wire, draft, adjustment
_LINK = ("BankCode", "CustNum", "Type", "CheckNum")


def insert(site: Site, values: Row) -> Row:
    """A payment, open until a clerk posts it."""
    site.customer(values["CustNum"])
    _check(values)
    if site.tables.find(PAYMENTS, **{key: values[key] for key in PAYMENTS.keys}):
        raise IdoError(exists_message(PAYMENTS, values))
    values["RecptDate"] = values["RecptDate"] or site.tables.today()
    if values["DomCheckAmt"] is None:
        values["DomCheckAmt"] = values["ForCheckAmt"]
    return site.tables.insert(PAYMENTS, values)


def update(site: Site, row: Row, changes: Row) -> Row:
    wanted = {**row, **changes}
    _check(wanted)
    if _applied(site, row) > whole(wanted["ForCheckAmt"]):
        raise IdoError("The applied amounts exceed the check amount.")
    return site.tables.update(PAYMENTS, row, changes)


def delete(site: Site, row: Row) -> None:
    """Delete a payment with its details."""
    for detail in site.tables.select(PAYMENT_DETAILS, **{key: row[key] for key in _LINK}):
        site.tables.delete(PAYMENT_DETAILS, detail)
    site.tables.delete(PAYMENTS, row)


def insert_detail(site: Site, values: Row) -> Row:
    """What part of a payment pays which invoice."""
    _check_detail(site, values, 0)
    if site.tables.find(PAYMENT_DETAILS, **{key: values[key] for key in PAYMENT_DETAILS.keys}):
        raise IdoError(exists_message(PAYMENT_DETAILS, values))
    return site.tables.insert(PAYMENT_DETAILS, values)


def update_detail(site: Site, row: Row, changes: Row) -> Row:
    _check_detail(site, {**row, **changes}, whole(row["ForAmtApplied"]))
    return site.tables.update(PAYMENT_DETAILS, row, changes)


def _check(values: Row) -> None:
    if values["Type"] not in _TYPES:
        raise IdoError(f"Type [{values['Type']}] is not valid.")
    if whole(values["ForCheckAmt"]) <= 0:
        raise IdoError("ForCheckAmt must be greater than 0.")


def _check_detail(site: Site, values: Row, before: int) -> None:
    payment = site.tables.find(PAYMENTS, **{key: values[key] for key in _LINK})
    if payment is None:
        raise IdoError(f"Customer Payment [{values['CheckNum']}] is not on file.")
    if not site.tables.find(INVOICES, InvNum=values["InvNum"], CustNum=values["CustNum"]):
        raise IdoError(f"Invoice [{values['InvNum']}] of Customer [{values['CustNum']}] is not on file.")
    amount = whole(values["ForAmtApplied"])
    if amount <= 0:
        raise IdoError("ForAmtApplied must be greater than 0.")
    if _applied(site, payment) - before + amount > whole(payment["ForCheckAmt"]):
        raise IdoError("The applied amounts exceed the check amount.")


def _applied(site: Site, payment: Row) -> int:
    details = site.tables.select(PAYMENT_DETAILS, **{key: payment[key] for key in _LINK})
    return sum(whole(detail["ForAmtApplied"]) for detail in details)
