"""Cash receipts: money applied to an open invoice (systems/sage100.md 2.10, 5.4)."""

import json
from decimal import Decimal

from penstock.connectors.sage100.sandbox.company import Company
from penstock.connectors.sage100.sandbox.dictionary.customers import CUSTOMERS
from penstock.connectors.sage100.sandbox.dictionary.receivables import OPEN_INVOICES, RECEIPTS
from penstock.connectors.sage100.sandbox.documents import Document
from penstock.connectors.sage100.sandbox.errors import RefusedError, not_on_file
from penstock.connectors.sage100.sandbox.rules.references import check_codes, customer_of, zero_filled
from penstock.connectors.sage100.sandbox.store import Row

_FIRST_DEPOSIT = 87


def create_receipt(company: Company, document: Document) -> Row:
    """Write a receipt; the invoice's balance and the customer's fall by cash and discount."""
    store = company.store
    sent = zero_filled(document.values)
    sent["InvoiceNo"] = sent["InvoiceNo"].zfill(7) if sent["InvoiceNo"].isdigit() else sent["InvoiceNo"]
    row = {**RECEIPTS.defaults(), **sent, "Udf": json.dumps(document.udf) if document.udf else ""}
    customer = customer_of(store, RECEIPTS, row["ARDivisionNo"], row["CustomerNo"])
    company.check_customer_free(row["ARDivisionNo"], row["CustomerNo"])
    check_codes(store, RECEIPTS, row)
    key = {name: row[name] for name in OPEN_INVOICES.keys}
    invoice = store.find(OPEN_INVOICES, **key)
    if invoice is None:
        raise not_on_file(RECEIPTS.business, "InvoiceNo", row["InvoiceNo"])
    cash = Decimal(row["CashAmountApplied"])
    applied = cash + Decimal(row["DiscountAmountApplied"])
    balance = Decimal(invoice["Balance"])
    if not 0 < applied <= balance:
        raise RefusedError(
            "BAD_REQUEST",
            f"Cash and discount must be above zero and at most the balance of {balance:.2f}.",
            business=RECEIPTS.business,
            column="CashAmountApplied",
            value=row["CashAmountApplied"],
        )
    left = OPEN_INVOICES.amount("Balance", balance - applied)
    paid = OPEN_INVOICES.amount("PaymentsToday", Decimal(invoice["PaymentsToday"]) + cash)
    store.update(OPEN_INVOICES, invoice, {"Balance": left, "PaymentsToday": paid})
    today = store.today()
    owed = CUSTOMERS.amount("CurrentBalance", Decimal(customer["CurrentBalance"]) - applied)
    dates = {"DateLastPayment": today, "DateLastActivity": today}
    store.update(CUSTOMERS, customer, {"CurrentBalance": owed, **dates})
    row["DepositNo"] = row["DepositNo"] or f"{store.next_number('DepositNo', _FIRST_DEPOSIT):05d}"
    row["PostingDate"] = row["PostingDate"] or row["DepositDate"]
    deposit = {name: row[name] for name in RECEIPTS.keys if name != "SequenceNo"}
    sequence = 1 + len(store.select(RECEIPTS, **deposit))
    return store.insert(RECEIPTS, {**row, "SequenceNo": f"{sequence:06d}", "InvoiceBalance": left})
