"""State collections of the admin API: rows of the tables, what is stored beside them included."""

from collections.abc import Callable
from typing import Any

from penstock.connectors.sage100.sandbox.access import Access
from penstock.connectors.sage100.sandbox.company import Company
from penstock.connectors.sage100.sandbox.dictionary import codes
from penstock.connectors.sage100.sandbox.dictionary.columns import Table
from penstock.connectors.sage100.sandbox.dictionary.customers import CONTACTS, CUSTOMERS, SHIP_TOS
from penstock.connectors.sage100.sandbox.dictionary.invoices import (
    HISTORY,
    HISTORY_LINES,
    HISTORY_TRACKING,
    INVOICE_LINES,
    INVOICES,
    TRACKING,
)
from penstock.connectors.sage100.sandbox.dictionary.items import ALIASES, ITEM_WAREHOUSES, ITEMS, PRICE_CODES
from penstock.connectors.sage100.sandbox.dictionary.receivables import OPEN_INVOICES, RECEIPTS
from penstock.connectors.sage100.sandbox.dictionary.sales import ORDER_LINES, ORDERS
from penstock.connectors.sage100.sandbox.store import udf_of

Rows = list[dict[str, Any]]
_TABLES = {
    "sales_orders": ORDERS,
    "sales_order_lines": ORDER_LINES,
    "customers": CUSTOMERS,
    "contacts": CONTACTS,
    "ship_tos": SHIP_TOS,
    "invoices": INVOICES,
    "invoice_lines": INVOICE_LINES,
    "invoice_history": HISTORY,
    "invoice_history_lines": HISTORY_LINES,
    "open_invoices": OPEN_INVOICES,
    "cash_receipts": RECEIPTS,
    "items": ITEMS,
    "item_warehouses": ITEM_WAREHOUSES,
    "aliases": ALIASES,
    "price_codes": PRICE_CODES,
    "terms": codes.TERMS,
    "payment_types": codes.PAYMENT_TYPES,
    "tax_schedules": codes.TAX_SCHEDULES,
    "divisions": codes.DIVISIONS,
    "warehouses": codes.WAREHOUSES,
    "cancel_reasons": codes.CANCEL_REASONS,
    "salespersons": codes.SALESPERSONS,
    "zip_codes": codes.ZIP_CODES,
}


def collections(company: Company, access: Access) -> dict[str, Callable[[], Rows]]:
    """By name. `tracking` holds packages in entry and in history, with `Posted`."""

    def reader(table: Table) -> Callable[[], Rows]:
        return lambda: [_shown(row) for row in company.store.select(table)]

    made = {name: reader(table) for name, table in _TABLES.items()}
    return {
        **made,
        "tracking": lambda: [
            {**_shown(row), "Posted": posted}
            for posted, table in (("N", TRACKING), ("Y", HISTORY_TRACKING))
            for row in company.store.select(table)
        ],
        "locks": lambda: list(company.locks.listed()),
        "tokens": access.listed,
    }


def _shown(row: dict[str, str]) -> dict[str, Any]:
    return {**{name: value for name, value in row.items() if name != "Udf"}, **udf_of(row)}
