"""A raw document as the nested dict that mappings look into. Pure: no call, no clock.

Parts are list answers, one per resource; here their rows are joined by id (an order's address with its country) and
multilingual texts become one text. Field names stay the shop's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from penstock.connectors.prestashop import wire
from penstock.connectors.prestashop.settings import PrestashopSettings
from penstock.connectors.prestashop.wire import Row, UnreadableError, text
from penstock.records.raw import RawDocument

MULTILINGUAL = frozenset(
    {"name", "names", "symbol", "pattern", "delay", "template", "description", "description_short", "link_rewrite"}
    | {"meta_title", "meta_description", "meta_keywords", "available_now", "available_later"}
    | {"delivery_in_stock", "delivery_out_stock", "public_name"}
)


SHARED = frozenset(
    {"currencies", "languages", "carriers", "order_states", "countries", "states", "taxes", "categories"}
)
"""Parts that say the same in most documents: those of up to SHARED_BYTES are read once."""
SHARED_BYTES = 16 * 1024


def open_document(raw: RawDocument, settings: PrestashopSettings) -> dict[str, Any]:
    """Top names: see the README of the connector. Raises ValueError naming the part that cannot be read."""
    tables = _Tables(raw, settings.language)
    opened: dict[str, Any] = {
        "shop": {"tag": settings.tag, "time_zone": settings.time_zone, "instance": settings.instance}
    }
    match raw.ref.entity:
        case "order":
            opened |= _order(tables)
        case "customer":
            opened |= _customer(tables)
        case "product":
            opened |= _product(tables)
        case "refund":
            opened |= _refund(tables)
        case other:
            raise ValueError(f"a {other} document is not known; known: order, customer, product, refund")
    return opened


def _rows(body: bytes, language: int) -> tuple[Row, ...]:
    return tuple(plain(row, language) for row in wire.rows_of(body))


_shared_rows = lru_cache(maxsize=256)(_rows)
"""Rows that nobody may change: the next document with the same part gets the same ones."""


class _Tables:
    """The rows of every part, by role and id. Those of SHARED parts are other documents' too: never change them."""

    def __init__(self, raw: RawDocument, language: int) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._by_id: dict[str, dict[str, Row]] = {}
        for part in raw.parts:
            read = _shared_rows if part.role in SHARED and len(part.body) <= SHARED_BYTES else _rows
            try:
                rows = read(part.body, language)
            except UnreadableError as error:
                raise ValueError(f"part {part.role} of {raw.ref}: {error}") from error
            self._rows.setdefault(part.role, []).extend(rows)

    def rows(self, role: str) -> list[Row]:
        found = self._rows.get(role, [])
        return sorted(found, key=lambda row: number(row.get("id"))) if len(found) > 1 else found

    def main(self, role: str) -> Row:
        rows = self._rows.get(role)
        if not rows:
            raise ValueError(f"the document has no {role}: its main part is missing or empty")
        return rows[0]

    def by_id(self, role: str, native_id: Any) -> Row | None:
        known = self._by_id.get(role)
        if known is None:
            # of two rows with one id the first counts
            known = {text(row.get("id")): row for row in reversed(self._rows.get(role, ()))}
            self._by_id[role] = known
        return known.get(text(native_id))


def _order(tables: _Tables) -> dict[str, Any]:
    order = tables.main("order")
    # The rows of the association repeat order_details, without their tax (systems/prestashop.md 5).
    order.pop("associations", None)
    carriers = tables.rows("order_carriers")
    return {
        "order": order,
        "customer": tables.by_id("customer", order.get("id_customer")),
        "currency": tables.by_id("currencies", order.get("id_currency")),
        "language": tables.by_id("languages", order.get("id_lang")),
        "carrier": tables.by_id("carriers", order.get("id_carrier")),
        "state": tables.by_id("order_states", order.get("current_state")),
        **_address(tables, order.get("id_address_delivery"), "delivery"),
        **_address(tables, order.get("id_address_invoice"), "invoice"),
        "order_details": [_detail(tables, row, at) for at, row in enumerate(tables.rows("order_details"), start=1)],
        "cart_rules": [_cart_rule(tables, row) for row in tables.rows("order_cart_rules")],
        "payments": tables.rows("order_payments"),
        "order_carriers": carriers,
        "messages": tables.rows("customer_messages"),
    }


def _address(tables: _Tables, native_id: Any, kind: str) -> dict[str, Any]:
    address = tables.by_id("addresses", native_id)
    return {
        f"{kind}_address": address,
        f"{kind}_country": None if address is None else tables.by_id("countries", address.get("id_country")),
        f"{kind}_state": None if address is None else tables.by_id("states", address.get("id_state")),
    }


def _detail(tables: _Tables, row: Row, line_number: int) -> Row:
    taxes = [tables.by_id("taxes", tax.get("id")) for tax in associated(row, "taxes")]
    product = tables.by_id("products", row.get("product_id"))
    row.pop("associations", None)
    row["line_number"] = line_number
    row["taxes"] = [tax for tax in taxes if tax is not None]
    row["product"] = product
    row["category"] = None if product is None else tables.by_id("categories", product.get("id_category_default"))
    row["combination"] = tables.by_id("combinations", row.get("product_attribute_id"))
    return row


def _cart_rule(tables: _Tables, row: Row) -> Row:
    return {**row, "cart_rule": tables.by_id("cart_rules", row.get("id_cart_rule"))}


def _customer(tables: _Tables) -> dict[str, Any]:
    customer = tables.main("customer")
    addresses = [
        {
            **row,
            "country": tables.by_id("countries", row.get("id_country")),
            "state": tables.by_id("states", row.get("id_state")),
        }
        for row in tables.rows("addresses")
        if not wire.flag(row.get("deleted"))
    ]
    return {
        "customer": customer,
        "language": tables.by_id("languages", customer.get("id_lang")),
        "addresses": addresses,
    }


def _product(tables: _Tables) -> dict[str, Any]:
    product = tables.main("product")
    stock = tables.rows("stock_availables")
    rows_of = {text(row.get("id_product_attribute")) or "0": row for row in stock}
    combinations = [{**row, "stock": rows_of.get(text(row.get("id")))} for row in tables.rows("combinations")]
    return {
        "product": {name: value for name, value in product.items() if name != "associations"},
        "category": tables.by_id("categories", product.get("id_category_default")),
        "combinations": combinations,
        "stock": rows_of.get("0"),
    }


def _refund(tables: _Tables) -> dict[str, Any]:
    slip = tables.main("order_slip")
    details = associated(slip, "order_slip_details")
    order = tables.by_id("orders", slip.get("id_order"))
    return {
        "slip": {name: value for name, value in slip.items() if name != "associations"},
        "details": details,
        "order": order,
        "currency": None if order is None else tables.by_id("currencies", order.get("id_currency")),
    }


def associated(row: Row, name: str) -> list[Row]:
    """Rows of an association: 8 and 9 leave an empty one out, and shops were seen with one row as an object or with a
    list nested under the name once more (systems/prestashop.md 4, 10).
    """
    found: Any = row.get("associations")
    for _ in range(2):
        found = found.get(name) if isinstance(found, dict) and name in found else found
    if isinstance(found, dict):
        found = [found] if "id" in found else next((inner for inner in found.values() if isinstance(inner, list)), [])
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def plain(row: Row, language: int) -> Row:
    """The row itself, its multilingual fields one text each: in the given language, else in the first that has one."""
    for name in row.keys() & MULTILINGUAL:
        row[name] = _one_text(row[name], language)
    return row


def _one_text(value: Any, language: int) -> Any:
    if type(value) is str:
        return value
    if isinstance(value, dict) and isinstance(value.get("language"), (list, dict)):
        value = value["language"]
    entries = [value] if isinstance(value, dict) else value
    if not isinstance(entries, list):
        return value
    texts = {text(entry.get("id")): text(entry.get("value")) for entry in entries if isinstance(entry, dict)}
    return texts.get(str(language)) or next((found for found in texts.values() if found), "")


def number(value: Any) -> int:
    """An id for sorting; anything that is none sorts first."""
    found = text(value)
    return int(found) if found.isdecimal() else 0


def ids(rows: Iterable[Row], field: str) -> list[str]:
    """The ids that rows name in a field, without `0` and repeats, in order."""
    found = (text(row.get(field)) for row in rows)
    return sorted({value for value in found if value not in {"", "0"}}, key=number)
