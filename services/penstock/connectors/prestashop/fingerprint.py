"""The hash that says whether anything that matters changed in a raw document.

Left out are row stamps (a PUT that changes nothing moves date_upd), and the parts that a document only refers to:
conversion rates, countries, carriers, taxes, order states, products. A new exchange rate or a renamed carrier is no
change of an old order; what the order itself took from them (its amounts, its rate) is in its own rows.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from penstock.connectors.prestashop import wire
from penstock.records.raw import RawDocument

OWN_PARTS = {
    "order": frozenset(
        {"order", "customer", "addresses", "order_details", "order_cart_rules", "order_payments", "order_carriers"}
        | {"customer_messages"}
    ),
    "customer": frozenset({"customer", "addresses"}),
    "product": frozenset({"product", "combinations", "stock_availables"}),
    "refund": frozenset({"order_slip"}),
}

_STAMPS = frozenset({"date_upd"})


def fingerprint(document: RawDocument) -> str:
    """Hex SHA-256; equal for the same content read from 1.7 (strings) and 9 (numbers)."""
    own = OWN_PARTS.get(document.ref.entity, frozenset())
    content: dict[str, list[Any]] = {}
    for part in document.parts:
        if part.role in own:
            content.setdefault(part.role, []).extend(_normal(row) for row in wire.rows_of(part.body))
    for rows in content.values():
        rows.sort(key=orjson.dumps)
    return _hash([document.deleted, dict(sorted(content.items()))])


def row_hash(row: wire.Row) -> str:
    """Short hash of one row's content with its stamps, for the marks of the polls."""
    return _hash(row)[:16]


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        inner = {name: _normal(entry) for name, entry in sorted(value.items()) if name not in _STAMPS}
        return {name: entry for name, entry in inner.items() if entry not in ("", [], {})}
    if isinstance(value, list):
        return [_normal(entry) for entry in value]
    return wire.text(value)


def _hash(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
