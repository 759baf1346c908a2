"""What the office does: orders, customers, receipts."""

from decimal import Decimal
from typing import Any

from pydantic import Field

from penstock.connectors.sage100.sandbox import documents
from penstock.connectors.sage100.sandbox.actions.inputs import Fields, Input, filled
from penstock.connectors.sage100.sandbox.company import Company
from penstock.connectors.sage100.sandbox.dictionary.customers import CUSTOMERS
from penstock.connectors.sage100.sandbox.dictionary.receivables import OPEN_INVOICES, RECEIPTS
from penstock.connectors.sage100.sandbox.dictionary.sales import ORDERS
from penstock.connectors.sage100.sandbox.errors import not_on_file
from penstock.connectors.sage100.sandbox.rules import orders
from penstock.connectors.sage100.sandbox.rules.receipts import create_receipt
from penstock.connectors.sage100.sandbox.rules.references import customer_of
from penstock.connectors.sage100.sandbox.views import show

Shown = dict[str, Any]


class OneOrder(Input):
    SalesOrderNo: str


class HoldOrder(OneOrder):
    CancelReasonCode: str = ""


class EnterOrder(Fields):
    """The same document as `POST /SO/SalesOrder`."""


class SetCustomer(Fields):
    """Any column of AR_Customer, balances too."""

    ARDivisionNo: str = Field(max_length=2)
    CustomerNo: str


class ReceivePayment(Input):
    """`amount` default: all of the balance."""

    InvoiceNo: str
    amount: Decimal | None = None
    PaymentType: str = "CHECK"
    CheckNo: str = ""


def enter_order(company: Company, given: EnterOrder) -> Shown:
    """An order that a clerk types in, by the same rules."""
    document = documents.order(given.model_extra or {})
    order, warnings = orders.create_order(company, document, orders.number_of(company, document))
    return {**show(company.store, ORDERS, order, lines=True), "Warnings": warnings}


def hold_order(company: Company, given: HoldOrder) -> Shown:
    return _set_status(company, given.SalesOrderNo, "H", given.CancelReasonCode)


def release_order(company: Company, given: OneOrder) -> Shown:
    return _set_status(company, given.SalesOrderNo, "O")


def close_order(company: Company, given: OneOrder) -> Shown:
    """Complete an order of which the rest will not be shipped; its stock is free again."""
    return _set_status(company, given.SalesOrderNo, "C")


def delete_order(company: Company, given: OneOrder) -> Shown:
    """Delete an order. Polling does not show deletes."""
    number = filled(given.SalesOrderNo)
    orders.delete_order(company, number)
    return {"deleted": number}


def set_customer(company: Company, given: SetCustomer) -> Shown:
    """Change a customer."""
    store = company.store
    row = customer_of(store, CUSTOMERS, given.ARDivisionNo, given.CustomerNo)
    return show(store, CUSTOMERS, store.update(CUSTOMERS, row, given.columns(CUSTOMERS)))


def receive_payment(company: Company, given: ReceivePayment) -> Shown:
    """A cash receipt: the invoice's balance and the customer's fall."""
    store = company.store
    number = filled(given.InvoiceNo)
    found = store.find(OPEN_INVOICES, InvoiceNo=number)
    if found is None:
        raise not_on_file(RECEIPTS.business, "InvoiceNo", number)
    amount = Decimal(found["Balance"]) if given.amount is None else given.amount
    document = documents.created(
        RECEIPTS,
        {
            "DepositDate": store.today(),
            "ARDivisionNo": found["ARDivisionNo"],
            "CustomerNo": found["CustomerNo"],
            "InvoiceNo": number,
            "InvoiceType": found["InvoiceType"],
            "CashAmountApplied": f"{amount:f}",
            "PaymentType": given.PaymentType,
            "CheckNo": given.CheckNo,
        },
    )
    return show(store, RECEIPTS, create_receipt(company, document))


def _set_status(company: Company, number: str, status: str, reason: str = "") -> Shown:
    order = orders.set_status(company, filled(number), status, reason)
    return show(company.store, ORDERS, order)
