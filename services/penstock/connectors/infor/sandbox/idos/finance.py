"""Invoices, receivables, customer payments, terms."""

from penstock.connectors.infor.sandbox.model import Writes, dates, decimals, flags, ido, longs, text

INVOICES = ido(
    "SLInvHdrs",
    "inv_hdr",
    "inv",
    ("InvNum", "InvSeq"),
    text(12, "InvNum", upper=True),
    longs("InvSeq"),
    text(10, "CoNum", upper=True),
    text(7, "CustNum", upper=True),
    text(22, "CustPo"),
    dates("InvDate"),
    text(1, "BillType", upper=True),
    dates("ShipDate"),
    text(4, "ShipCode", upper=True),
    text(3, "TermsCode", upper=True),
    decimals("Freight", "Disc", "Price"),
    indexes=(("CoNum",), ("CustNum",)),
)

INVOICE_LINES = ido(
    "SLInvItemAlls",
    "inv_item",
    "ini",
    ("InvNum", "InvSeq", "InvLine"),
    text(12, "InvNum", upper=True),
    longs("InvSeq", "InvLine"),
    text(10, "CoNum", upper=True),
    longs("CoLine", "CoRelease"),
    text(30, "Item"),
    decimals("QtyInvoiced", "Price", "DerExtendedPrice"),
    text(8, "SiteRef", upper=True),
    indexes=(("CoNum", "CoLine"),),
)

UNPOSTED_INVOICES = ido(
    "SLArinvs",
    "arinv",
    "ari",
    ("CustNum", "InvNum", "InvSeq"),
    text(7, "CustNum", upper=True),
    text(12, "InvNum", upper=True),
    longs("InvSeq"),
    text(1, "Type", upper=True),
    dates("InvDate", "DueDate"),
    decimals("Amount", "Freight", "MiscCharges", "SalesTax"),
    text(10, "CoNum", upper=True),
    text(12, "ApplyToInvNum", upper=True),
    text(1, "ApprovalStatus", upper=True),
)

RECEIVABLES = ido(
    "SLArtrans",
    "artran",
    "art",
    ("CustNum", "InvNum", "InvSeq", "CheckSeq"),
    text(7, "CustNum", upper=True),
    text(12, "InvNum", upper=True),
    longs("InvSeq", "CheckSeq"),
    text(1, "Type", upper=True),
    dates("InvDate", "DueDate"),
    decimals("Amount"),
    text(10, "CoNum", upper=True),
    flags("Active"),
    text(1, "PayType", upper=True),
    decimals("DiscAmt"),
    indexes=(("InvNum",), ("CoNum",)),
)

PAYMENTS = ido(
    "SLArpmts",
    "arpmt",
    "arp",
    ("BankCode", "CustNum", "Type", "CheckNum"),
    text(3, "BankCode", upper=True),
    text(7, "CustNum", upper=True),
    text(1, "Type", upper=True),
    text(20, "CheckNum"),
    dates("RecptDate"),
    decimals("ForCheckAmt", "DomCheckAmt", default=None),
    writes=Writes.ALL,
    required=("CustNum", "CheckNum", "ForCheckAmt", "BankCode", "Type"),
)

PAYMENT_DETAILS = ido(
    "SLArpmtds",
    "arpmtd",
    "apd",
    ("BankCode", "CustNum", "Type", "CheckNum", "InvNum"),
    text(3, "BankCode", upper=True),
    text(7, "CustNum", upper=True),
    text(1, "Type", upper=True),
    text(20, "CheckNum"),
    text(12, "InvNum", upper=True),
    decimals("ForAmtApplied", default=None),
    indexes=(("InvNum",),),
    writes=Writes.ALL,
    required=("CustNum", "CheckNum", "BankCode", "Type", "InvNum", "ForAmtApplied"),
)

TERMS = ido(
    "SLTerms",
    "terms",
    "trm",
    ("TermsCode",),
    text(3, "TermsCode", upper=True),
    text(40, "Description"),
    longs("DueDays"),
)

IDOS = (INVOICES, INVOICE_LINES, UNPOSTED_INVOICES, RECEIVABLES, PAYMENTS, PAYMENT_DETAILS, TERMS)
