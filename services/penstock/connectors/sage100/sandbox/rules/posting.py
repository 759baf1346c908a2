"""Posting: rows of an invoice move to history under their number, stock and order follow (systems/sage100.md 2.9)."""

from decimal import Decimal

from penstock.connectors.sage100.sandbox.company import Company
from penstock.connectors.sage100.sandbox.dictionary.customers import CUSTOMERS
from penstock.connectors.sage100.sandbox.dictionary.invoices import (
    HISTORY,
    HISTORY_LINES,
    HISTORY_TRACKING,
    INVOICE_LINES,
    INVOICES,
    TRACKING,
)
from penstock.connectors.sage100.sandbox.dictionary.receivables import OPEN_INVOICES
from penstock.connectors.sage100.sandbox.dictionary.sales import ORDER_LINES
from penstock.connectors.sage100.sandbox.rules import orders
from penstock.connectors.sage100.sandbox.rules.amounts import total
from penstock.connectors.sage100.sandbox.rules.invoices import find_invoice
from penstock.connectors.sage100.sandbox.rules.references import customer_of
from penstock.connectors.sage100.sandbox.rules.stock import move
from penstock.connectors.sage100.sandbox.store import Row, Store

_SEQUENCE = "000001"
_FIRST_JOURNAL = 512
_SAME = (
    "InvoiceNo",
    "InvoiceType",
    "InvoiceDate",
    "ARDivisionNo",
    "CustomerNo",
    "SalesOrderNo",
    "CustomerPONo",
    "OrderType",
    "OrderDate",
    "TermsCode",
    "InvoiceDueDate",
    "ShipDate",
    "ShipVia",
    "FreightAmt",
    "SalesTaxAmt",
    "DiscountAmt",
    "DepositAmt",
    "ShipStatus",
)


def post_invoice(company: Company, number: str) -> Row:
    """Post an invoice in entry; its row of the history."""
    store = company.store
    invoice = find_invoice(store, number)
    lines = store.select(INVOICE_LINES, InvoiceNo=number)
    written = _to_history(store, invoice, lines)
    balance = total(invoice) - Decimal(invoice["DepositAmt"])
    store.insert(
        OPEN_INVOICES,
        {
            **{name: invoice[name] for name in OPEN_INVOICES.shown if name in invoice},
            "Balance": OPEN_INVOICES.amount("Balance", balance),
        },
    )
    _settle_order(company, invoice, lines)
    customer = customer_of(store, CUSTOMERS, invoice["ARDivisionNo"], invoice["CustomerNo"])
    owed = CUSTOMERS.amount("CurrentBalance", Decimal(customer["CurrentBalance"]) + balance)
    store.update(CUSTOMERS, customer, {"CurrentBalance": owed, "DateLastActivity": store.today()})
    return written


def _to_history(store: Store, invoice: Row, lines: list[Row]) -> Row:
    number = invoice["InvoiceNo"]
    packages = store.select(TRACKING, InvoiceNo=number)
    for table in (INVOICE_LINES, TRACKING, INVOICES):
        store.delete(table, InvoiceNo=number)
    for line in lines:
        kept = {name: line[name] for name in (*HISTORY_LINES.shown, *HISTORY_LINES.kept) if name in line}
        store.insert(HISTORY_LINES, {**kept, "HeaderSeqNo": _SEQUENCE, "DetailSeqNo": line["LineKey"]})
    for package in packages:
        store.insert(HISTORY_TRACKING, {**package, "HeaderSeqNo": _SEQUENCE})
    return store.insert(
        HISTORY,
        {
            **{name: invoice[name] for name in _SAME},
            "HeaderSeqNo": _SEQUENCE,
            "TransactionDate": store.today(),
            "NumberOfPackages": invoice["NumberofPackages"],
            "TaxableSalesAmt": invoice["TaxableAmt"],
            "NonTaxableSalesAmt": invoice["NonTaxableAmt"],
            "JournalNoGLBatchNo": f"{store.next_number('JournalNo', _FIRST_JOURNAL):06d}",
        },
        moved=invoice,
    )


def _settle_order(company: Company, invoice: Row, invoiced: list[Row]) -> None:
    """Shipped quantities, stock and status of the order: `C` when all is shipped, else a back order."""
    store = company.store
    order = orders.find_order(store, invoice["SalesOrderNo"])
    old = orders.lines_of(store, invoice["SalesOrderNo"])
    quantities = {line["OrderLineKey"]: Decimal(line["QuantityShipped"]) for line in invoiced}
    new = []
    for line in old:
        quantity = quantities.get(line["LineKey"], Decimal(0))
        shipped = Decimal(line["QuantityShipped"]) + quantity
        changes = {
            "QuantityShipped": ORDER_LINES.amount("QuantityShipped", shipped),
            "QuantityBackordered": ORDER_LINES.amount(
                "QuantityBackordered", Decimal(line["QuantityOrdered"]) - shipped
            ),
            "InEntry": f"{Decimal(line['InEntry']) - quantity:f}",
        }
        new.append(store.update(ORDER_LINES, line, changes))
        if quantity and line["Stocked"] == "Y":
            moved = {"QuantityOnHand": -quantity, "QuantityInShipping": -quantity}
            move(store, line["ItemCode"], line["WarehouseCode"], **moved)
    complete = all(not Decimal(line["QuantityBackordered"]) for line in new)
    in_entry = store.select(INVOICES, SalesOrderNo=order["SalesOrderNo"])
    changed = {
        "OrderStatus": "C" if complete else order["OrderStatus"],
        "OrderType": order["OrderType"] if complete else "B",
        "CurrentInvoiceNo": in_entry[-1]["InvoiceNo"] if in_entry else "",
        "LastInvoiceOrderNo": invoice["InvoiceNo"],
        "LastInvoiceOrderDate": invoice["InvoiceDate"],
        "InvoicedAmt": f"{Decimal(order['InvoicedAmt']) + total(invoice):f}",
    }
    orders.rewrite(store, order, {**order, **changed}, old, new)
