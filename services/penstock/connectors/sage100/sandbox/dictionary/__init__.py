"""The data dictionary of the company: one module for each part of systems/sage100.md 2."""

from penstock.connectors.sage100.sandbox.dictionary.codes import CODE_TABLES
from penstock.connectors.sage100.sandbox.dictionary.customers import CONTACTS, CUSTOMERS, SHIP_TOS
from penstock.connectors.sage100.sandbox.dictionary.invoices import (
    HISTORY,
    HISTORY_LINES,
    HISTORY_TRACKING,
    INVOICE_LINES,
    INVOICES,
    SHIPMENTS,
    TRACKING,
)
from penstock.connectors.sage100.sandbox.dictionary.items import ALIASES, ITEM_WAREHOUSES, ITEMS, PRICE_CODES
from penstock.connectors.sage100.sandbox.dictionary.receivables import OPEN_INVOICES, RECEIPTS
from penstock.connectors.sage100.sandbox.dictionary.sales import ORDER_LINES, ORDERS

ALL = (
    *CODE_TABLES,
    ITEMS,
    ITEM_WAREHOUSES,
    ALIASES,
    PRICE_CODES,
    CUSTOMERS,
    CONTACTS,
    SHIP_TOS,
    ORDERS,
    ORDER_LINES,
    INVOICES,
    INVOICE_LINES,
    TRACKING,
    HISTORY,
    HISTORY_LINES,
    HISTORY_TRACKING,
    OPEN_INVOICES,
    RECEIPTS,
    SHIPMENTS,  # a view of two of them
)
