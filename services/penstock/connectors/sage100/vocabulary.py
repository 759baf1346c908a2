"""What Sage 100 itself calls things: tables, lengths, codes (systems/sage100.md 2); nothing of the HTTP facade."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

ADDRESS = {"Name": 50, "Address1": 40, "Address2": 40, "Address3": 40, "City": 30, "State": 2, "ZipCode": 10,
           "CountryCode": 3}  # fmt: skip

LENGTHS: Mapping[str, Mapping[str, int]] = {
    "SO_SalesOrderHeader": {
        "SalesOrderNo": 7, "ARDivisionNo": 2, "CustomerNo": 20,
        **{f"BillTo{name}": length for name, length in ADDRESS.items()},
        **{f"ShipTo{name}": length for name, length in ADDRESS.items()},
        "ShipToCode": 4, "ShipVia": 15, "ShipZone": 5, "FOB": 15, "CustomerPONo": 30, "WarehouseCode": 3,
        "ConfirmTo": 50, "EmailAddress": 250, "Comment": 30, "TermsCode": 2, "TaxSchedule": 9, "TaxExemptNo": 15,
        "SalespersonDivisionNo": 2, "SalespersonNo": 4, "PaymentType": 5, "OtherPaymentTypeRefNo": 24,
        "CheckNoForDeposit": 10, "CancelReasonCode": 5, "JobNo": 7,
    },
    "SO_SalesOrderDetail": {
        "ItemCode": 30, "ItemCodeDesc": 30, "AliasItemNo": 30, "WarehouseCode": 3, "UnitOfMeasure": 4,
    },
    "AR_Customer": {
        "ARDivisionNo": 2, "CustomerNo": 20, "CustomerName": 50, "AddressLine1": 40, "AddressLine2": 40,
        "AddressLine3": 40, "City": 30, "State": 2, "ZipCode": 10, "CountryCode": 3, "TelephoneNo": 20,
        "EmailAddress": 250, "TaxSchedule": 9, "TaxExemptNo": 15, "TermsCode": 2, "SalespersonDivisionNo": 2,
        "SalespersonNo": 4, "CustomerType": 4, "SortField": 10,
    },
}  # fmt: skip
"""Longest text of each field, by table. A site's own lengths go into the setting `lengths`."""

CLOSED = "C"
HELD = "H"

KIT = "K"
REGULAR_ITEM = "1"
COMMENT = "4"
CHARGE_MARK = "/"
"""Miscellaneous charge items (ItemType 5) begin with it: they are sold, but never stocked or shipped."""

INVOICE = "IN"
PAYMENT = "PY"
OVERRIDE_PRICE = "O"
"""PricingMethod of a customer's own price; the other methods change the list price by an amount or a percentage."""

AUDIT = frozenset({"DateCreated", "TimeCreated", "UserCreatedKey", "DateUpdated", "TimeUpdated", "UserUpdatedKey"})

REFERENCE = "UDF_PENSTOCK_REF"
"""Our reference of an order (`CL1-5120`). The user-defined fields are added to the order header once (README)."""
PART = "UDF_PENSTOCK_PART"
"""`first` or `remainder` where one web order is two sales orders."""
WAITS_FOR = "UDF_PENSTOCK_HOLD"
"""Why we put the order on hold (`stock`, `payment`), blank when we did not."""


def is_charge(item_code: str) -> bool:
    return item_code.startswith(CHARGE_MARK)


def customer_key(division: str, number: str) -> str:
    """The native id of a customer: `01-WEB0001`. A division has no hyphen, a number may."""
    return f"{division}-{number}"


def seconds_of_day(time_updated: str) -> int:
    """`TimeUpdated`, a decimal hour: `14.50694` -> 52225 (systems/sage100.md 5.3)."""
    return int((Decimal(time_updated) * 3600).to_integral_value(ROUND_HALF_UP))


def updated_at(row: Mapping[str, Any]) -> str:
    """The audit stamp of a row as local time, `2026-02-03T14:30:25`; empty without one."""
    return _stamp(row, "Updated")


def created_at(row: Mapping[str, Any]) -> str:
    """When the row was made, as `updated_at`."""
    return _stamp(row, "Created")


def _stamp(row: Mapping[str, Any], which: str) -> str:
    day, hour = row.get(f"Date{which}") or "", row.get(f"Time{which}") or ""
    if not day:
        return ""
    seconds = min(seconds_of_day(hour), 86399) if hour else 0
    return f"{day}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
