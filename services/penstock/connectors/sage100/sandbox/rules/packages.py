"""Packages of a shipment: tracking rows of an invoice, in entry or in history (systems/sage100.md 2.8, 2.9)."""

from penstock.connectors.sage100.sandbox.dictionary.invoices import HISTORY, HISTORY_TRACKING, INVOICES, TRACKING
from penstock.connectors.sage100.sandbox.errors import not_on_file
from penstock.connectors.sage100.sandbox.store import Row, Store


def add_package(store: Store, number: str, values: Row) -> Row:
    """Add a package or, where the PackageNo is there, change it. The table has no stamp: the header's moves."""
    entered = store.find(INVOICES, InvoiceNo=number)
    header = entered or _posted(store, number)
    head, table = (INVOICES, TRACKING) if entered else (HISTORY, HISTORY_TRACKING)
    key = {name: header[name] for name in head.keys}
    packages = store.select(table, **key)
    package_no = values.get("PackageNo") or f"{len(packages) + 1:04d}"
    there = next((package for package in packages if package["PackageNo"] == package_no), None)
    row = {**values, **key, "PackageNo": package_no}
    written = store.insert(table, row) if there is None else store.update(table, there, row)
    count = len(packages) + (there is None)
    store.update(head, header, {"NumberofPackages" if entered else "NumberOfPackages": f"{count:04d}"})
    return written


def packages_of(store: Store, number: str, *, posted: bool) -> list[Row]:
    return store.select(HISTORY_TRACKING if posted else TRACKING, InvoiceNo=number)


def _posted(store: Store, number: str) -> Row:
    found = store.find(HISTORY, InvoiceNo=number)
    if found is None:
        raise not_on_file(INVOICES.business, "InvoiceNo", number)
    return found
