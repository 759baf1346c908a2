"""Customers (bill-to and ship-to rows) and their names for our items."""

from penstock.connectors.infor.sandbox.model import Writes, decimals, derived, flags, ido, longs, text

# What is ordered and not yet in the books as an invoice, and what the books say is open.
_ORDERED = (
    "(SELECT COALESCE(SUM(o.Price), 0) FROM co AS o WHERE o.CustNum = cus.CustNum AND o.Type = 'R'"
    " AND o.Stat IN ('O', 'S')) - (SELECT COALESCE(SUM(h.Price), 0) FROM inv_hdr AS h JOIN co AS o ON o.CoNum = h.CoNum"
    " WHERE o.CustNum = cus.CustNum AND o.Type = 'R' AND o.Stat IN ('O', 'S'))"
)
_POSTED = (
    "(SELECT COALESCE(SUM(CASE a.Type WHEN 'I' THEN a.Amount ELSE -a.Amount END), 0) FROM artran AS a"
    " WHERE a.CustNum = cus.CustNum)"
)

CUSTOMERS = ido(
    "SLCustomers",
    "customer",
    "cus",
    ("CustNum", "CustSeq"),
    text(7, "CustNum", upper=True),
    longs("CustSeq"),
    text(60, "Name"),
    text(50, "Addr_1", "Addr_2", "Addr_3", "Addr_4"),
    text(30, "City"),
    text(5, "State"),
    text(10, "Zip"),
    text(30, "Country"),
    text(30, "Contact_1", "Contact_2", "Contact_3"),
    text(25, "Phone_1", "Phone_2", "Phone_3"),
    text(60, "CustomerEmailAddr", "BillToEmail", "ShipToEmail"),
    text(3, "CurrCode", "TermsCode", upper=True),
    text(4, "ShipCode", upper=True),
    text(6, "TaxCode1", upper=True),
    text(25, "TaxRegNum1"),
    text(6, "CustType", upper=True),
    text(4, "Whse", upper=True),
    flags("CreditHold"),
    text(2, "CreditHoldReason"),
    decimals("CreditLimit"),
    derived("DerOrderBal", _ORDERED),
    derived("DerPostedBal", _POSTED),
    indexes=(("CustomerEmailAddr",), ("Name",)),
    writes=Writes.ALL,
    required=("Name",),
    defaults={"CustSeq": "0"},
    set_by_site=("CustNum", "CustSeq"),
)

CUSTOMER_ITEMS = ido(
    "SLItemCusts",
    "itemcust",
    "itc",
    ("CustNum", "Item", "CustItem"),
    text(30, "Item"),
    text(7, "CustNum", upper=True),
    text(30, "CustItem"),
    indexes=(("CustItem",), ("Item",)),
    writes=Writes.ALL,
    required=("Item", "CustNum", "CustItem"),
)

IDOS = (CUSTOMERS, CUSTOMER_ITEMS)
