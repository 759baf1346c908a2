"""Records as the facade shows them: dictionary fields, user-defined fields, lines and packages."""

from collections.abc import Collection
from decimal import Decimal

from penstock.connectors.sage100.sandbox.dictionary.columns import Table
from penstock.connectors.sage100.sandbox.dictionary.invoices import (
    HISTORY,
    HISTORY_LINES,
    INVOICE_LINES,
    INVOICES,
    SHIPMENTS,
    TRACKING,
)
from penstock.connectors.sage100.sandbox.dictionary.items import ITEM_WAREHOUSES, ITEMS
from penstock.connectors.sage100.sandbox.dictionary.receivables import OPEN_INVOICES
from penstock.connectors.sage100.sandbox.dictionary.sales import ORDER_LINES, ORDERS
from penstock.connectors.sage100.sandbox.rules.packages import packages_of
from penstock.connectors.sage100.sandbox.store import Row, Store, udf_of

Shown = dict[str, object]
# Fields that are no column of the table: read when they are asked for.
ADDED = {ITEMS.name: "TotalQuantityOnHand", HISTORY.name: "Balance", SHIPMENTS.name: "Packages"}
WITH_LINES = frozenset({ORDERS.name, INVOICES.name, HISTORY.name, SHIPMENTS.name})
_SHIPMENT_LINE = (
    "LineKey",
    "OrderLineKey",
    "ItemCode",
    "QuantityOrdered",
    "QuantityShipped",
    "QuantityBackordered",
)
_PACKAGE = tuple(column.name for column in TRACKING.columns)


def show(store: Store, table: Table, row: Row, *, lines: bool = False, fields: Collection[str] | None = None) -> Shown:
    """A row; with `fields` only these of it, with `lines` also its lines."""
    made: Shown = {name: row[name] for name in table.shown if fields is None or name in fields}
    made |= {name: value for name, value in udf_of(row).items() if fields is None or name in fields}
    added = ADDED.get(table.name)
    if added is not None and (fields is None or added in fields):
        made[added] = _added(store, table, row)
    if lines and table.name in WITH_LINES:
        made["Lines"] = _lines(store, table, row)
    return made


def show_lines(rows: list[Row]) -> list[Shown]:
    """Lines of an order."""
    return [{**{name: line[name] for name in ORDER_LINES.shown}, **udf_of(line)} for line in rows]


def _added(store: Store, table: Table, row: Row) -> object:
    if table is ITEMS:
        stock = store.select(ITEM_WAREHOUSES, ItemCode=row["ItemCode"])
        total = sum((Decimal(place["QuantityOnHand"]) for place in stock), Decimal(0))
        return ITEM_WAREHOUSES.amount("QuantityOnHand", total)
    if table is HISTORY:
        key = {name: row[name] for name in OPEN_INVOICES.keys}
        found = store.find(OPEN_INVOICES, **key)
        return found["Balance"] if found else "0.00"
    packages = packages_of(store, row["InvoiceNo"], posted=row["Posted"] == "Y")
    return [{name: package[name] for name in _PACKAGE} for package in packages]


def _lines(store: Store, table: Table, row: Row) -> list[Shown]:
    if table is ORDERS:
        return show_lines(store.select(ORDER_LINES, SalesOrderNo=row["SalesOrderNo"]))
    posted = table is HISTORY or row.get("Posted") == "Y"
    details = HISTORY_LINES if posted else INVOICE_LINES
    rows = store.select(details, InvoiceNo=row["InvoiceNo"])
    if table is not SHIPMENTS:
        return [{name: line[name] for name in details.shown} for line in rows]
    if posted:
        rows = [{**line, "LineKey": line["DetailSeqNo"]} for line in rows]
    return [{name: line[name] for name in _SHIPMENT_LINE} for line in rows]
