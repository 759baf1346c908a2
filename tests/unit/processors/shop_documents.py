"""Raw documents of the shop in systems/prestashop.md 11, as extraction puts them on the log."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from penstock.log.headers import Headers
from penstock.processors.incoming import Incoming
from penstock.records.raw import EntityRef, Part, RawDocument
from tests.unit.prestashop.shop_tables import TABLES

Tables = dict[str, list[dict[str, Any]]]
Change = Callable[[Tables], object]

READ_AT = "2026-03-04T09:06:00.000Z"
EVENT = "prestashop:1:order:41:0f3a"
ROLES = {
    "order": "orders",
    "order_details": "order_details",
    "order_payments": "order_payments",
    "order_carriers": "order_carriers",
    "customer": "customers",
    "addresses": "addresses",
    "products": "products",
    "currencies": "currencies",
    "languages": "languages",
    "carriers": "carriers",
    "order_states": "order_states",
    "countries": "countries",
    "taxes": "taxes",
    "categories": "categories",
}


def order(change: Change = lambda _: None, **more: Any) -> RawDocument:
    """Order 41, placed on 2026-03-04; `change` gets the shop's tables first. `more`: fields of RawDocument."""
    tables = deepcopy(TABLES)
    tables["orders"][0]["date_add"] = "2026-03-04 10:05:02"
    change(tables)
    parts = tuple(
        Part(role, f"/api/{resource}", 200, "application/json", READ_AT, orjson.dumps({resource: tables[resource]}))
        for role, resource in ROLES.items()
    )
    return RawDocument(EntityRef("prestashop", "1", "order", "41"), parts, **more)


def with_body(document: RawDocument, role: str, body: bytes) -> RawDocument:
    """The document with other bytes in one part."""
    parts = tuple(
        Part(part.role, part.url, part.status, part.content_type, part.fetched_at, body) if part.role == role else part
        for part in document.parts
    )
    return RawDocument(document.ref, parts, document.version, document.deleted)


def incoming(value: RawDocument | bytes, *, offset: int = 7, **headers: str) -> Incoming:
    """A record of raw.prestashop.order as the stage consumes it; `headers` come on top of extraction's own."""
    own = Headers(
        ce_id=EVENT,
        ce_source="prestashop:1",
        ce_type="penstock.raw.prestashop.order",
        ce_time=datetime.fromisoformat(READ_AT),
        cause="raw.prestashop.notification-0-3 webhook",
        flow="prestashop-infor",
    ).encode()
    given = [(name, text.encode()) for name, text in headers.items()]
    data = value if isinstance(value, bytes) else value.to_bytes()
    return Incoming("raw.prestashop.order", 2, offset, b"1:41", data, [*own, *given])


def cheap(tables: Tables) -> None:
    """Everything of order 41 at a fifth of its amounts."""
    for name in ("orders", "order_details", "order_payments", "order_carriers"):
        for row in tables[name]:
            row |= {key: _fifth(value) for key, value in row.items()}


def _fifth(value: Any) -> Any:
    if isinstance(value, str) and value.count(".") == 1 and value.replace(".", "").isdigit() and len(value) > 6:
        return f"{float(value) / 5:.6f}"
    return value


def refund(**headers: str) -> Incoming:
    """A credit slip of order 41."""
    slip = {
        "id": 9, "id_order": 41, "date_add": "2026-03-05 10:00:00", "conversion_rate": "1",
        "total_products_tax_excl": "10.000000", "total_products_tax_incl": "12.000000",
        "total_shipping_tax_excl": "0.000000", "total_shipping_tax_incl": "0.000000",
    }  # fmt: skip
    parts = (
        _part("order_slip", {"order_slips": [slip]}),
        _part("order_slip_details", {"order_slip_details": []}),
        _part("orders", {"orders": [{"id": 41, "id_currency": 1}]}),
        _part("currencies", {"currencies": [{"id": 1, "iso_code": "EUR"}]}),
    )
    document = RawDocument(EntityRef("prestashop", "1", "refund", "9"), parts)
    made = incoming(document.to_bytes(), **headers)
    event = [(n, b"prestashop:1:refund:9:aa" if n == "ce_id" else v) for n, v in made.headers]
    return replace(made, topic="raw.prestashop.refund", key=b"1:9", headers=event)


def _part(role: str, body: dict[str, Any]) -> Part:
    return Part(role, f"/api/{role}", 200, "application/json", READ_AT, orjson.dumps(body))


def event(record: Incoming, number: int) -> Incoming:
    """The record as another event of its document."""
    headers = [(name, f"e{number}".encode() if name == "ce_id" else value) for name, value in record.headers]
    return replace(record, headers=headers, offset=record.offset + number)
