"""Tables of the shop: one per resource, beside what no webservice shows (links, mails, webhooks)."""

from collections.abc import Iterable

from penstock.connectors.prestashop.sandbox.schema import Field, Resource
from penstock.sandbox.storage import Storage

INDEXES = (
    ("order_details", "id_order"),
    ("order_histories", "id_order"),
    ("order_carriers", "id_order"),
    ("order_invoices", "id_order"),
    ("order_cart_rules", "id_order"),
    ("order_slip", "id_order"),
    ("order_payments", "order_reference"),
    ("orders", "date_upd"),
    ("orders", "id_cart"),
    ("orders", "reference"),
    ("addresses", "id_customer"),
    ("combinations", "id_product"),
    ("stock_availables", "id_product"),
    ("customer_threads", "id_order"),
    ("customer_messages", "id_customer_thread"),
    ("tax_rules", "id_country"),
    ("customers", "date_upd"),
    ("products", "date_upd"),
)


def create_tables(storage: Storage, resources: Iterable[Resource]) -> None:
    """Make what is missing. Ids are never used twice, as with MariaDB's AUTO_INCREMENT."""
    for resource in resources:
        columns = ", ".join(_column(field) for field in resource.stored)
        storage.execute(
            f'CREATE TABLE IF NOT EXISTS "{resource.name}" (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns})'
        )
    storage.execute(
        "CREATE TABLE IF NOT EXISTS links (resource TEXT, id INTEGER, name TEXT, rows TEXT,"
        " PRIMARY KEY (resource, id, name)) WITHOUT ROWID"
    )
    storage.execute(
        "CREATE TABLE IF NOT EXISTS mails (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT, template TEXT,"
        " id_order INTEGER, email TEXT)"
    )
    storage.execute(
        "CREATE TABLE IF NOT EXISTS webhooks (id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT, event TEXT,"
        " resource TEXT, resource_id INTEGER, occurred_at TEXT, mode TEXT, status INTEGER, error TEXT, done INTEGER)"
    )
    for table, column in INDEXES:
        storage.execute(f'CREATE INDEX IF NOT EXISTS "{table}_{column}" ON "{table}" ("{column}")')


def _column(field: Field) -> str:
    kind = "INTEGER" if field.integer else "TEXT COLLATE NOCASE"
    default = field.empty if field.integer else f"'{field.empty}'"
    return f'"{field.name}" {kind} NOT NULL DEFAULT {default}'
