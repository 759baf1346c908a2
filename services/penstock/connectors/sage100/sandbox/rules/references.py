"""Values that must be on file (systems/sage100.md 5.4): codes, customers, zip codes."""

from collections.abc import Mapping

from penstock.connectors.sage100.sandbox.dictionary import codes
from penstock.connectors.sage100.sandbox.dictionary.columns import Table
from penstock.connectors.sage100.sandbox.dictionary.customers import CUSTOMERS
from penstock.connectors.sage100.sandbox.errors import RefusedError, not_on_file
from penstock.connectors.sage100.sandbox.store import Row, Store

HOME = "USA"
# column of a document -> (table, its key)
_CODES: Mapping[str, tuple[Table, str]] = {
    "ARDivisionNo": (codes.DIVISIONS, "ARDivisionNo"),
    "TermsCode": (codes.TERMS, "TermsCode"),
    "TaxSchedule": (codes.TAX_SCHEDULES, "TaxSchedule"),
    "WarehouseCode": (codes.WAREHOUSES, "WarehouseCode"),
    "PaymentType": (codes.PAYMENT_TYPES, "PaymentType"),
    "DefaultPaymentType": (codes.PAYMENT_TYPES, "PaymentType"),
    "CancelReasonCode": (codes.CANCEL_REASONS, "CancelReasonCode"),
    "TaxClass": (codes.TAX_CLASSES, "TaxClass"),
}
_TWO_DIGITS = ("ARDivisionNo", "TermsCode", "SalespersonDivisionNo", "BillToDivisionNo")


def zero_filled(values: Mapping[str, str]) -> dict[str, str]:
    """Numeric divisions and terms codes with their leading zeros."""
    return {
        name: value.zfill(2) if name in _TWO_DIGITS and value.isdigit() else value for name, value in values.items()
    }


def check_codes(store: Store, table: Table, values: Mapping[str, str], line: int | None = None) -> None:
    """Refuse a code that is not on file; empty ones pass."""
    for name, (codes_of, column) in _CODES.items():
        value = values.get(name)
        if value and store.find(codes_of, **{column: value}) is None:
            raise not_on_file(table.business, name, value, line)


def check_salesperson(store: Store, table: Table, row: Mapping[str, str]) -> None:
    """Refuse a pair of salesperson division and number that is not on file."""
    pair = {name: row[name] for name in ("SalespersonDivisionNo", "SalespersonNo")}
    if any(pair.values()) and store.find(codes.SALESPERSONS, **pair) is None:
        raise not_on_file(table.business, "SalespersonNo", "-".join(pair.values()))


def check_zip(store: Store, table: Table, row: Mapping[str, str], prefix: str = "") -> None:
    """In the USA the zip must be on file and the state must be its own. A zip+4 counts by its first five digits."""
    if row[f"{prefix}CountryCode"] != HOME or not row[f"{prefix}ZipCode"]:
        return
    found = store.find(codes.ZIP_CODES, ZipCode=row[f"{prefix}ZipCode"].partition("-")[0])
    if found is None:
        raise not_on_file(table.business, f"{prefix}ZipCode", row[f"{prefix}ZipCode"])
    if found["State"] != row[f"{prefix}State"]:
        raise not_on_file(table.business, f"{prefix}State", row[f"{prefix}State"])


def customer_of(store: Store, table: Table, division: str, number: str) -> Row:
    """The customer that a document names."""
    if store.find(codes.DIVISIONS, ARDivisionNo=division) is None:
        raise not_on_file(table.business, "ARDivisionNo", division)
    found = store.find(CUSTOMERS, ARDivisionNo=division, CustomerNo=number)
    if found is None:
        raise not_on_file(table.business, "CustomerNo", number)
    return found


def no_key(table: Table, key: str) -> RefusedError:
    """The refusal of a record that is addressed and absent."""
    message = f"The {table.name} record {key} does not exist."
    return RefusedError("CI_NoKey", message, business=table.business, column=table.keys[-1], value=key)


def taken(table: Table, column: str, key: str) -> RefusedError:
    """The refusal of a key that is taken."""
    message = f"The {table.name} record {key} already exists."
    return RefusedError("WS_AlreadyExists", message, business=table.business, column=column, value=key)
