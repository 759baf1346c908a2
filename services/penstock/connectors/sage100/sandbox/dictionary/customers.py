"""Customers, their contacts and ship-to addresses (systems/sage100.md 2.3)."""

from penstock.connectors.sage100.sandbox.dictionary.columns import Column, Table, amount, code, country, day, flag, key
from penstock.connectors.sage100.sandbox.dictionary.columns import text as txt
from penstock.connectors.sage100.sandbox.dictionary.sales import address


def _money(name: str) -> Column:
    return amount(name, 13, 2, computed=True, signed=True)


CUSTOMERS = Table(
    "AR_Customer",
    "AR_Customer_bus",
    ("ARDivisionNo", "CustomerNo"),
    (
        txt("ARDivisionNo", 2, required=True),
        key("CustomerNo", 20),
        txt("CustomerName", 50, required=True),
        *(txt(f"AddressLine{number}", 40) for number in (1, 2, 3)),
        txt("City", 30),
        txt("State", 2),
        txt("ZipCode", 10),
        country("CountryCode"),
        txt("TelephoneNo", 20),
        txt("TelephoneExt", 6),
        txt("FaxNo", 20),
        txt("EmailAddress", 250),
        txt("URLAddress", 50),
        txt("ContactCode", 10),
        txt("ShipMethod", 15),
        txt("PrimaryShipToCode", 4),
        txt("TaxSchedule", 9, "DEFAULT"),
        txt("TaxExemptNo", 15),
        txt("TermsCode", 2, "00"),
        txt("SalespersonDivisionNo", 2, required=True),
        txt("SalespersonNo", 4, required=True),
        txt("SortField", 10),
        txt("CustomerType", 4),
        txt("PriceLevel", 1),
        amount("CustomerDiscountRate", 12, 3),
        txt("DefaultPaymentType", 5, "CHECK"),
        code("CustomerStatus", "AIT", "A"),
        txt("InactiveReasonCode", 5),
        flag("TemporaryCustomer"),
        flag("CreditHold"),
        amount("CreditLimit", 13, 2),
        _money("CurrentBalance"),
        *(_money(f"AgingCategory{number}") for number in (1, 2, 3, 4)),
        _money("OpenOrderAmt"),
        day("DateEstablished"),
        day("DateLastActivity", computed=True),
        day("DateLastPayment", computed=True),
    ),
    filters=("CustomerStatus", "CreditHold", "EmailAddress", "CustomerName", "ZipCode"),
    indexes=(("EmailAddress",), ("CustomerName", "ZipCode"), ("ZipCode",)),
)

CONTACTS = Table(
    "AR_CustomerContact",
    "AR_CustomerContact_bus",
    ("ARDivisionNo", "CustomerNo", "ContactCode"),
    (
        txt("ARDivisionNo", 2, required=True),
        key("CustomerNo", 20),
        key("ContactCode", 10),
        txt("ContactName", 50),
        txt("EmailAddress", 250),
        txt("TelephoneNo1", 20),
    ),
    filters=("EmailAddress",),
    indexes=(("EmailAddress",),),
)

SHIP_TOS = Table(
    "SO_ShipToAddress",
    "SO_ShipToAddress_svc",
    ("ARDivisionNo", "CustomerNo", "ShipToCode"),
    (
        txt("ARDivisionNo", 2, required=True),
        key("CustomerNo", 20),
        key("ShipToCode", 4),
        txt("ShipToName", 50),
        *address("ShipTo"),
        txt("TelephoneNo", 20),
        txt("EmailAddress", 50),
        txt("ShipVia", 15),
        txt("WarehouseCode", 3),
        txt("TaxSchedule", 9),
        flag("ResidentialAddress"),
    ),
)
