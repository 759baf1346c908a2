"""Customers, contacts, ship-to addresses: create and change (systems/sage100.md 2.3, 5.4)."""

import json

from penstock.connectors.sage100.sandbox.company import Company
from penstock.connectors.sage100.sandbox.dictionary.columns import Table
from penstock.connectors.sage100.sandbox.dictionary.customers import CUSTOMERS, SHIP_TOS
from penstock.connectors.sage100.sandbox.documents import Document
from penstock.connectors.sage100.sandbox.errors import RefusedError
from penstock.connectors.sage100.sandbox.rules.references import (
    check_codes,
    check_salesperson,
    check_zip,
    customer_of,
    no_key,
    taken,
    zero_filled,
)
from penstock.connectors.sage100.sandbox.store import Row, udf_of


def create_party(company: Company, table: Table, document: Document) -> Row:
    """Write a new customer, contact or ship-to address."""
    store = company.store
    sent = zero_filled(document.values)
    row = {**table.defaults(), **sent, "Udf": json.dumps(document.udf) if document.udf else ""}
    key = {name: row[name] for name in table.keys}
    _check_code(table, row)
    if store.find(table, **key) is not None:
        raise taken(table, table.keys[-1], "-".join(key.values()))
    if table is CUSTOMERS:
        row["DateEstablished"] = row["DateEstablished"] or store.today()
    else:
        customer_of(store, table, row["ARDivisionNo"], row["CustomerNo"])
    _check(company, table, row)
    return store.insert(table, row)


def change_party(company: Company, table: Table, key: dict[str, str], document: Document) -> Row:
    """Write changed fields. Raises 404 for a record that is absent."""
    store = company.store
    before = store.find(table, **key)
    if before is None:
        raise no_key(table, "-".join(key.values()))
    row = {**before, **zero_filled(document.values)}
    row["Udf"] = json.dumps({**udf_of(before), **document.udf})
    _check(company, table, row)
    return store.update(table, before, row)


def _check(company: Company, table: Table, row: Row) -> None:
    store = company.store
    company.check_customer_free(row["ARDivisionNo"], row["CustomerNo"])
    check_codes(store, table, row)
    if table is CUSTOMERS:
        check_salesperson(store, table, row)
        check_zip(store, table, row)
    elif table is SHIP_TOS:
        check_zip(store, table, row, "ShipTo")


def _check_code(table: Table, row: Row) -> None:
    """The last part of a key begins after the last hyphen (5.2), so it can hold none."""
    last = table.keys[-1]
    if table is not CUSTOMERS and "-" in row[last]:
        raise RefusedError(
            "BAD_REQUEST", f"{last} must hold no hyphen.", business=table.business, column=last, value=row[last]
        )
