"""A raw document of the company as mappings see it, and the hash that tells a change from a repeat. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from penstock.connectors.sage100.orders import reference_of
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.vocabulary import AUDIT, REFERENCE, updated_at
from penstock.records.raw import Part, RawDocument

LISTS = frozenset({"shipments"})
"""Roles whose part is the answer of a list; any other role is one row."""


def open_document(document: RawDocument, settings: Sage100Settings | None = None) -> dict[str, Any]:
    """`{"order": {"SalesOrderNo": …, "Lines": [{…}]}, "meta": {…}}`: a row per role, with the names of Sage 100.

    meta: `reference` (ours, of the order that it belongs to; null: none of ours), `order_no` (its SalesOrderNo) and
    `updated_at` (the row's audit stamp, local time). Raises ValueError naming the part that cannot be read.
    """
    opened: dict[str, Any] = {part.role: content(part) for part in document.parts}
    main = opened.get(document.ref.entity) or opened.get("item") or {}
    order = opened.get("order") or {}
    number = str(main.get("SalesOrderNo") or order.get("SalesOrderNo") or _invoiced(opened) or "").strip()
    reference = str(order.get(REFERENCE) or "").strip() or (reference_of(number, settings) if settings else None)
    opened["meta"] = {
        "reference": reference or None,
        "order_no": number or None,
        "updated_at": updated_at(main) or None,
    }
    return opened


def _invoiced(opened: dict[str, Any]) -> str:
    return str((opened.get("invoice") or {}).get("SalesOrderNo") or "")


def content(part: Part) -> Any:
    """The row, or the rows, of a part."""
    try:
        data = orjson.loads(part.body)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"part {part.role}: no JSON: {error.msg}") from error
    expected = list if part.role in LISTS else dict
    if not isinstance(data, expected):
        raise ValueError(f"part {part.role}: no JSON {'list' if expected is list else 'object'}")  # noqa: TRY004
    return data


def fingerprint(document: RawDocument) -> str:
    """Hash of what the rows say; audit stamps, which move with every write, and fetch times do not count.

    Of stock the stamps count: a figure that has moved and come back between two polls is news to a shop, whose own
    sales have moved the one that it shows.
    """
    stock = document.ref.entity == "stock"
    parts = [[part.role, content(part) if stock else _bare(content(part))] for part in document.parts]
    text = orjson.dumps([document.deleted, parts], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()[:32]


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(each) for each in value]
    if isinstance(value, dict):
        return {name: _bare(each) for name, each in value.items() if name not in AUDIT}
    return value
