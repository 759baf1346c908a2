"""Open invoices and cash receipts (systems/sage100.md 2.10)."""

from penstock.connectors.sage100.sandbox.dictionary.columns import Table, amount, code, day, text

OPEN_INVOICES = Table(
    "AR_OpenInvoice",
    "AR_OpenInvoice_svc",
    ("ARDivisionNo", "CustomerNo", "InvoiceNo", "InvoiceType"),
    (
        text("ARDivisionNo", 2),
        text("CustomerNo", 20),
        text("InvoiceNo", 7),
        text("InvoiceType", 2),
        day("InvoiceDate"),
        day("InvoiceDueDate"),
        amount("Balance", 13, 2, signed=True),
        amount("TaxableAmt", 12, 2, signed=True),
        amount("NonTaxableAmt", 12, 2, signed=True),
        amount("FreightAmt", 11, 2, signed=True),
        amount("SalesTaxAmt", 11, 2, signed=True),
        amount("PaymentsToday", 13, 2, signed=True),
    ),
    indexes=(("InvoiceNo",),),
)

RECEIPTS = Table(
    "AR_CashReceiptsHistory",
    "AR_CashReceiptsEntry_bus",
    (
        "BankCode",
        "DepositDate",
        "DepositNo",
        "DepositType",
        "ARDivisionNo",
        "CustomerNo",
        "CreditCardEntryNo",
        "CheckNo",
        "SequenceNo",
    ),
    (
        text("BankCode", 1, "A"),
        day("DepositDate", required=True),
        text("DepositNo", 5),
        code("DepositType", "CR", "C"),
        text("ARDivisionNo", 2, required=True),
        text("CustomerNo", 20, required=True),
        text("CreditCardEntryNo", 6),
        text("CheckNo", 10),
        text("SequenceNo", 6, computed=True),
        day("PostingDate"),
        text("InvoiceNo", 7, required=True),
        text("InvoiceType", 2, "IN"),
        text("TransactionType", 2, "PY"),
        amount("CashAmountApplied", 12, 2, required=True),
        amount("DiscountAmountApplied", 12, 2),
        amount("InvoiceBalance", 13, 2, computed=True, signed=True),
        text("PaymentType", 5, required=True),
        text("BatchNo", 5),
        text("DepositDesc", 30),
    ),
    filters=("InvoiceNo", "InvoiceType", "TransactionType", "PaymentType"),
    indexes=(("InvoiceNo",),),
)
