"""JSON documents as PrestaShop's WebserviceOutputJSON makes them (systems/prestashop.md 4, JSON)."""

from typing import Any

import orjson

from penstock.connectors.prestashop.sandbox.errors import ApiError
from penstock.connectors.prestashop.sandbox.query import Display
from penstock.connectors.prestashop.sandbox.schema import Resource
from penstock.connectors.prestashop.sandbox.values import Entity, Typing, falsy

CONTENT_TYPE = "application/json"


def listing(resource: Resource, entities: list[Entity], display: Display, typing: Typing) -> bytes:
    """`{"orders":[…]}`; no match is a bare `[]`."""
    if not entities:
        return b"[]"
    if display.listed:
        return dump({resource.list_node: [{"id": entity.row["id"]} for entity in entities]})
    shown = [_object(resource, entity, display, typing, drop=False) for entity in entities]
    return dump({resource.list_node: shown})


def single(
    resource: Resource, entity: Entity, display: Display, typing: Typing, errors: list[ApiError] | None = None
) -> bytes:
    """`{"order":{…}}`, possibly with errors beside it; 8.0 and later drop every falsy field."""
    document: dict[str, Any] = {resource.node: _object(resource, entity, display, typing, drop=not typing.old)}
    if errors:
        document["errors"] = [_error(error) for error in errors]
    return dump(document)


def failure(errors: list[ApiError]) -> bytes:
    return dump({"errors": [_error(error) for error in errors]})


def dump(document: object) -> bytes:
    return orjson.dumps(document)


def _object(resource: Resource, entity: Entity, display: Display, typing: Typing, *, drop: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": _id(resource, entity)} if display.with_id else {}
    for item in display.fields:
        shown[item.name] = typing.value(resource, item, entity)
    shown |= entity.extra
    if drop:
        shown = {name: value for name, value in shown.items() if not falsy(value)}
    associations = {
        name: [{item.name: typing.plain(item, row.get(item.name, "")) for item in items} for row in rows]
        for name, items in display.associations.items()
        if (rows := entity.associations.get(name))
    }
    if associations:
        shown["associations"] = associations
    return shown


def _id(resource: Resource, entity: Entity) -> object:
    """A number on reads; in the echo of a write a text, but for orders."""
    number = entity.row["id"]
    return str(number) if entity.echo and resource.name != "orders" else number


def _error(error: ApiError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message}
