"""The resources of the API as tables: a whole document per row, and columns for what lists filter by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from penstock.connectors.clarity.sandbox.lifecycle import STATUSES

SHIPMENT_STATUSES = ("pending", "shipped", "delivered", "cancelled")
PAYMENT_STATUSES = ("authorized", "captured", "voided", "refunded", "failed")


@dataclass(frozen=True, slots=True)
class Resource:
    """`columns`: members of the document that are copied into columns, with their SQL type. `hidden`: columns that no
    document shows. `filters`: query parameters of the list and how they are read. `choices`: values of its status.
    `noun`: what a message calls one. `readable`: whether it can be
    read back by its id, as a reader of thin events does.
    """

    name: str
    noun: str
    table: str
    first_id: int
    columns: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    keyed: bool = True
    created_date: bool = True
    readable: bool = True


RESOURCES: dict[str, Resource] = {
    resource.name: resource
    for resource in (
        Resource(
            "sales-orders",
            "sales order",
            "orders",
            5120,
            columns={"status": "TEXT", "accountId": "INTEGER", "email": "TEXT COLLATE NOCASE"},
            filters={"status": "choices", "customKey": "text", "accountId": "integer", "email": "text"},
            choices=STATUSES,
        ),
        Resource(
            "shipments",
            "shipment",
            "shipments",
            7001,
            columns={"status": "TEXT", "salesOrderId": "INTEGER"},
            filters={"status": "choice", "customKey": "text", "salesOrderId": "integer"},
            choices=SHIPMENT_STATUSES,
        ),
        Resource(
            "payments",
            "payment",
            "payments",
            600,
            columns={"status": "TEXT", "salesOrderId": "INTEGER"},
            filters={"status": "choice", "salesOrderId": "integer"},
            choices=PAYMENT_STATUSES,
            keyed=False,
            readable=False,
        ),
        Resource("refunds", "refund", "refunds", 301, columns={"salesOrderId": "INTEGER"}, readable=False),
        Resource(
            "products",
            "product",
            "products",
            101,
            columns={"active": "INTEGER"},
            filters={"customKey": "text", "active": "boolean"},
        ),
        Resource(
            "inventory",
            "stock row",
            "inventory",
            1,
            columns={"sku": "TEXT", "locationKey": "TEXT", "sectionKey": "TEXT"},
            hidden={"as_of": "TEXT"},
            filters={"sku": "text"},
            keyed=False,
            created_date=False,
            readable=False,
        ),
        Resource(
            "prices",
            "price",
            "prices",
            1,
            columns={"sku": "TEXT", "currency": "TEXT", "accountKey": "TEXT"},
            keyed=False,
            created_date=False,
            readable=False,
        ),
        Resource(
            "accounts",
            "account",
            "accounts",
            11,
            columns={"active": "INTEGER", "name": "TEXT"},
            filters={"customKey": "text", "active": "boolean"},
        ),
        Resource(
            "users",
            "user",
            "users",
            401,
            columns={"accountId": "INTEGER", "email": "TEXT COLLATE NOCASE", "active": "INTEGER"},
            filters={"accountId": "integer", "email": "text", "active": "boolean"},
            keyed=False,
        ),
        Resource("contacts", "contact", "contacts", 901, hidden={"owner": "INTEGER"}, filters={"customKey": "text"}),
        Resource(
            "webhooks",
            "webhook",
            "webhooks",
            1,
            columns={"active": "INTEGER"},
            hidden={"secrets": "TEXT", "failing_since": "REAL"},
            filters={"active": "boolean"},
            keyed=False,
        ),
        Resource(
            "deliveries",
            "delivery",
            "deliveries",
            1,
            columns={"webhookId": "INTEGER", "status": "TEXT"},
            hidden={
                "payload": "BLOB",
                "tries": "INTEGER DEFAULT 0",
                "next_at": "REAL",
                "wrong": "INTEGER DEFAULT 0",
                "once": "INTEGER DEFAULT 0",
                "age": "REAL DEFAULT 0",
            },
            keyed=False,
        ),
    )
}

EXTRA_TABLES = """
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequences (
  resource TEXT, id INTEGER, value INTEGER NOT NULL, PRIMARY KEY (resource, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tokens (digest TEXT PRIMARY KEY, scopes TEXT, expires REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS idempotency (
  client TEXT, key TEXT, path TEXT, digest TEXT, at REAL, status INTEGER, headers TEXT, body BLOB,
  PRIMARY KEY (client, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notifications (
  id INTEGER PRIMARY KEY, kind TEXT, salesOrderId INTEGER, shipmentId INTEGER, status TEXT, email TEXT, at TEXT);
CREATE INDEX IF NOT EXISTS stock_row ON inventory (sku, locationKey, sectionKey);
CREATE INDEX IF NOT EXISTS price_row ON prices (sku, currency, accountKey);
CREATE INDEX IF NOT EXISTS shipments_of ON shipments (salesOrderId);
CREATE INDEX IF NOT EXISTS payments_of ON payments (salesOrderId);
CREATE INDEX IF NOT EXISTS refunds_of ON refunds (salesOrderId);
CREATE INDEX IF NOT EXISTS users_mail ON users (email);
CREATE INDEX IF NOT EXISTS contacts_of ON contacts (owner);
CREATE INDEX IF NOT EXISTS deliveries_of ON deliveries (webhookId);
CREATE INDEX IF NOT EXISTS deliveries_open ON deliveries (status);
"""


def schema(resource: Resource) -> list[str]:
    """Statements that create the table of a resource."""
    kinds = {**resource.columns, **resource.hidden}
    more = "".join(f', "{name}" {kind}' for name, kind in kinds.items())
    table = resource.table
    columns = f'id INTEGER PRIMARY KEY, "customKey" TEXT, version INTEGER NOT NULL, updated REAL NOT NULL{more}'
    return [
        f"CREATE TABLE IF NOT EXISTS {table} ({columns}, body BLOB NOT NULL)",
        f'CREATE UNIQUE INDEX IF NOT EXISTS {table}_key ON {table} ("customKey")',
        f"CREATE INDEX IF NOT EXISTS {table}_updated ON {table} (updated, id)",
    ]
