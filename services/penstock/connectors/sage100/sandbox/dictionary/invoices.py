"""Invoices in data entry, their packages, and what posting makes of them (systems/sage100.md 2.7-2.9).

A shipment is no table of its own: it is the invoice with its packages, in entry or in history.
"""

from penstock.connectors.sage100.sandbox.dictionary.columns import Table, amount, code, day, flag, quantity, text
from penstock.connectors.sage100.sandbox.dictionary.sales import address

INVOICES = Table(
    "SO_InvoiceHeader",
    "SO_Invoice_svc",
    ("InvoiceNo",),
    (
        text("InvoiceNo", 7),
        day("InvoiceDate"),
        text("InvoiceType", 2, "IN"),
        text("SalesOrderNo", 7),
        day("OrderDate"),
        text("OrderType", 1),
        text("OrderStatus", 1),
        text("ARDivisionNo", 2),
        text("CustomerNo", 20),
        text("BillToName", 50),
        *address("BillTo"),
        text("ShipToCode", 4),
        text("ShipToName", 50),
        *address("ShipTo"),
        day("ShipDate"),
        text("ShipVia", 15),
        text("CustomerPONo", 30),
        text("TermsCode", 2),
        text("TaxSchedule", 9),
        day("InvoiceDueDate"),
        day("DiscountDueDate"),
        text("BatchNo", 5),
        text("ShipperID", 3),
        code("ShipStatus", "NLSD", "N"),
        text("NumberofPackages", 4, "0000"),
        amount("TaxableAmt", 12, 2, signed=True),
        amount("NonTaxableAmt", 12, 2, signed=True),
        *(amount(name, 11, 2, signed=True) for name in ("SalesTaxAmt", "FreightAmt", "DiscountAmt")),
        amount("DepositAmt", 12, 2, signed=True),
        text("ApplyToInvoiceNo", 7),
        text("PaymentType", 5),
    ),
    indexes=(("SalesOrderNo",),),
)

INVOICE_LINES = Table(
    "SO_InvoiceDetail",
    "SO_Invoice_svc",
    ("InvoiceNo", "LineKey"),
    (
        text("LineKey", 6),
        text("OrderLineKey", 6),
        text("AppliedSalesOrderNo", 7),
        text("ItemCode", 30),
        text("WarehouseCode", 3),
        *(quantity(name) for name in ("QuantityOrdered", "QuantityShipped", "QuantityBackordered", "UnitPrice")),
        amount("ExtensionAmt", 11, 2, signed=True),
    ),
    audit=False,
    kept=("InvoiceNo",),
    indexes=(("AppliedSalesOrderNo",),),
)

_PACKAGE = (
    text("PackageNo", 4),
    text("TrackingID", 30),
    text("Comment", 30),
    text("StarshipShipVia", 15),
    amount("Weight", 12, 2),
    amount("FreightAmt", 11, 2),
    amount("FreightAmtAddedToInv", 11, 2),
    flag("UpdatedFromStarship"),
    flag("SendPackageToStarship"),
)

TRACKING = Table(
    "SO_InvoiceTracking",
    "SO_InvoiceTracking_svc",
    ("InvoiceNo", "PackageNo"),
    _PACKAGE,
    audit=False,
    kept=("InvoiceNo",),
)

HISTORY = Table(
    "AR_InvoiceHistoryHeader",
    "AR_InvoiceHistoryInquiry_svc",
    ("InvoiceNo", "HeaderSeqNo"),
    (
        text("InvoiceNo", 7),
        text("HeaderSeqNo", 6),
        text("ModuleCode", 3, "S/O"),
        text("InvoiceType", 2, "IN"),
        day("InvoiceDate"),
        day("TransactionDate"),
        text("ARDivisionNo", 2),
        text("CustomerNo", 20),
        text("SalesOrderNo", 7),
        text("CustomerPONo", 30),
        text("OrderType", 1),
        day("OrderDate"),
        text("TermsCode", 2),
        day("InvoiceDueDate"),
        day("ShipDate"),
        text("ShipVia", 15),
        text("NumberOfPackages", 4),
        amount("TaxableSalesAmt", 12, 2, signed=True),
        amount("NonTaxableSalesAmt", 12, 2, signed=True),
        *(amount(name, 11, 2, signed=True) for name in ("FreightAmt", "SalesTaxAmt", "DiscountAmt")),
        amount("DepositAmt", 12, 2, signed=True),
        text("SourceJournal", 2, "SO"),
        text("JournalNoGLBatchNo", 6),
    ),
    kept=("ShipStatus",),
    filters=("InvoiceType", "SalesOrderNo", "CustomerPONo", "ARDivisionNo", "CustomerNo"),
    indexes=(("SalesOrderNo",), ("CustomerPONo",)),
)

HISTORY_LINES = Table(
    "AR_InvoiceHistoryDetail",
    "AR_InvoiceHistoryInquiry_svc",
    ("InvoiceNo", "HeaderSeqNo", "DetailSeqNo"),
    (
        text("DetailSeqNo", 6),
        text("ItemCode", 30),
        *(quantity(name) for name in ("QuantityOrdered", "QuantityShipped", "QuantityBackordered", "UnitPrice")),
        amount("ExtensionAmt", 11, 2, signed=True),
    ),
    audit=False,
    kept=("InvoiceNo", "HeaderSeqNo", "OrderLineKey", "AppliedSalesOrderNo"),
    indexes=(("AppliedSalesOrderNo",),),
)

HISTORY_TRACKING = Table(
    "AR_InvoiceHistoryTracking",
    "AR_InvoiceHistoryInquiry_svc",
    ("InvoiceNo", "HeaderSeqNo", "PackageNo"),
    _PACKAGE,
    audit=False,
    kept=("InvoiceNo", "HeaderSeqNo"),
)

_STAMPS = "DateCreated, TimeCreated, UserCreatedKey, DateUpdated, TimeUpdated, UserUpdatedKey, Udf"
_SHIPPED = "InvoiceNo, SalesOrderNo, InvoiceType, ShipStatus, ShipDate, ShipVia, CustomerPONo, ARDivisionNo, CustomerNo"
SHIPMENTS = Table(
    "Shipment",
    "SO_InvoiceTracking_svc",
    ("InvoiceNo",),
    (
        text("InvoiceNo", 7),
        text("SalesOrderNo", 7),
        text("InvoiceType", 2),
        text("ShipStatus", 1),
        day("ShipDate"),
        text("ShipVia", 15),
        text("CustomerPONo", 30),
        text("ARDivisionNo", 2),
        text("CustomerNo", 20),
        flag("Posted"),
        text("HeaderSeqNo", 6),
        text("NumberofPackages", 4),
    ),
    filters=("SalesOrderNo", "InvoiceType", "ShipStatus", "Posted", "ARDivisionNo", "CustomerNo", "CustomerPONo"),
    view=(  # our own names
        f"SELECT {_SHIPPED}, 'N' AS Posted, NULL AS HeaderSeqNo, NumberofPackages, {_STAMPS} FROM SO_InvoiceHeader "  # noqa: S608
        f"UNION ALL SELECT {_SHIPPED}, 'Y', HeaderSeqNo, NumberOfPackages, {_STAMPS} FROM AR_InvoiceHistoryHeader"
    ),
)
