"""A raw document as the nested dict that mappings look into, and the hash that tells a change. Pure.

Parts are the shop's own answers. Field names stay the shop's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from penstock.records.raw import Part, RawDocument

SECRET_FIELDS = frozenset({"cardLast4", "cardNumber", "password", "passwordHash", "secret"})
STAMPS = frozenset({"updatedDate", "version"})
MAIN = {"order": "order", "product": "product", "refund": "refund"}
"""Documents whose main part has the shop's own rising counter; a customer is made of several resources."""


def open_document(raw: RawDocument, _settings: Any = None) -> dict[str, Any]:
    """Top names: see the README of the connector. Raises ValueError naming the part that cannot be read."""
    parts: dict[str, list[dict[str, Any]]] = {}
    for part in raw.parts:
        parts.setdefault(part.role, []).extend(rows_of(part))
    entity = raw.ref.entity

    def one(role: str) -> dict[str, Any] | None:
        return next(iter(parts.get(role, ())), None)

    if entity in MAIN and not parts.get(MAIN[entity]):
        raise ValueError(f"the document has no {MAIN[entity]}: its main part is missing or empty")
    match entity:
        case "order":
            return {
                "order": one("order"),
                "account": one("account"),
                "user": one("user"),
                "payments": parts.get("payments", one_list(one("order"), "payments")),
                "billing": _contact(one("order"), "billingContact", parts),
                "shipping": _contact(one("order"), "shippingContact", parts),
            }
        case "customer":
            users = parts.get("user", [])
            if (account := one("account")) is None and not users:
                raise ValueError("the document has neither an account nor a user")
            return {"account": account, "users": users, "contacts": parts.get("contact", [])}
        case "product":
            return {"product": one("product")}
        case "refund":
            return {"refund": one("refund"), "order": one("order")}
    raise ValueError(f"a {entity} document is not known; known: order, customer, product, refund")


def _contact(
    order: Mapping[str, Any] | None, name: str, parts: Mapping[str, list[dict[str, Any]]]
) -> dict[str, Any] | None:
    """The contact as the order holds it; read by id where the order only names it."""
    found = (order or {}).get(name)
    if isinstance(found, dict) and found.get("address"):
        return found
    wanted = contact_id(order or {}, name)
    return next((row for row in parts.get("contact", ()) if row.get("id") == wanted), found)


def contact_id(order: Mapping[str, Any], name: str) -> Any:
    """Id of a contact that the order names without its address, None when there is nothing to read."""
    found = order.get(name)
    if isinstance(found, dict):
        return None if found.get("address") else found.get("id")
    return order.get(f"{name}Id")


def one_list(row: Mapping[str, Any] | None, name: str) -> list[dict[str, Any]]:
    found = (row or {}).get(name)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def rows_of(part: Part) -> list[dict[str, Any]]:
    """The resource, or the resources of a list answer. Raises ValueError."""
    try:
        said = orjson.loads(part.body)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"part {part.role}: no JSON: {error.msg}") from error
    listed = said.get("data") if isinstance(said, dict) else None
    rows = listed if isinstance(listed, list) else [said]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"part {part.role}: not an object, nor a list of objects")
    return rows


def version_of(entity: str, row: Mapping[str, Any]) -> str | None:
    """The shop's own counter, strictly rising with every change of the resource; customers have none as a whole."""
    found = row.get("version")
    return str(found) if entity in MAIN and isinstance(found, int) else None


def fingerprint(document: RawDocument) -> str:
    """Of a document with a counter: the counter. What it refers to is no change of it: a renamed company changes no
    old order. Of others: the content without row stamps.
    """
    if document.version is not None:
        return f"version {document.version}"
    content = [[part.role, [_normal(row) for row in rows_of(part)]] for part in document.parts]
    return hashlib.sha256(orjson.dumps([document.deleted, content])).hexdigest()[:32]


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _normal(entry) for name, entry in sorted(value.items()) if name not in STAMPS}
    return [_normal(entry) for entry in value] if isinstance(value, list) else value


def clean(value: Any) -> Any:
    """Without the fields that never reach the log."""
    if isinstance(value, dict):
        return {name: clean(entry) for name, entry in value.items() if name not in SECRET_FIELDS}
    return [clean(entry) for entry in value] if isinstance(value, list) else value
