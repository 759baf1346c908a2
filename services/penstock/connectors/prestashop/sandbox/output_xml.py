"""XML documents as PrestaShop's WebserviceOutputXML makes them (systems/prestashop.md 4, XML)."""

import json
from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from penstock.connectors.prestashop.sandbox.errors import ApiError
from penstock.connectors.prestashop.sandbox.query import Display
from penstock.connectors.prestashop.sandbox.schema import Association, Field, Resource
from penstock.connectors.prestashop.sandbox.values import Entity, Typing
from penstock.sandbox.storage import Row

CONTENT_TYPE = "text/xml;charset=utf-8"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<prestashop xmlns:xlink="http://www.w3.org/1999/xlink">\n'
TAIL = "</prestashop>\n"


class XmlWriter:
    """Writes documents whose links start with `base` (`https://shop.example/api/`)."""

    def __init__(self, base: str, typing: Typing) -> None:
        self._base = base
        self._typing = typing

    def listing(self, resource: Resource, entities: list[Entity], display: Display) -> bytes:
        name = resource.list_node
        if display.listed:
            inner = "".join(
                f'<{resource.node} id="{entity.row["id"]}" {self._href(name, entity.row["id"])}/>\n'
                for entity in entities
            )
        else:
            inner = "".join(self._object(resource, entity, display) for entity in entities)
        return document(f"<{name}>\n{inner}</{name}>\n")

    def single(self, resource: Resource, entity: Entity, display: Display) -> bytes:
        return document(self._object(resource, entity, display))

    def batch(self, resource: Resource, entities: list[Entity], display: Display) -> bytes:
        return document("".join(self._object(resource, entity, display) for entity in entities))

    def root(self, resources: Iterable[tuple[Resource, frozenset[str]]], shop_name: str) -> bytes:
        """What the key may do: one node per resource, its address and schemas."""
        lines = []
        for resource, methods in resources:
            rights = " ".join(
                f'{method.lower()}="{str(method in methods).lower()}"'
                for method in ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD")
            )
            link = self._href(resource.name)
            schemas = "".join(
                f'<schema {self._href(f"{resource.name}?schema={kind}")} type="{kind}"/>\n'
                for kind in ("blank", "synopsis")
            )
            lines.append(
                f"<{resource.name} {link} {rights}>\n<description {link} {rights}>\n{_cdata(resource.class_name)}"
                f"</description>\n{schemas}</{resource.name}>\n"
            )
        return document(f"<api shopName={quoteattr(shop_name)}>\n{''.join(lines)}</api>\n")

    def schema(self, resource: Resource, kind: str, languages: list[int]) -> bytes:
        """`blank`: empty nodes; `synopsis`: their rules."""
        lines = ["<id/>\n"] if kind == "blank" else []
        for item in resource.fields:
            rules = "" if kind == "blank" else _rules(item)
            if item.i18n:
                texts = "".join(f'<language id="{number}"{rules}/>' for number in languages)
                lines.append(f"<{item.name}>{texts}</{item.name}>\n")
            else:
                lines.append(f"<{item.name}{rules}/>\n")
        for association in resource.associations:
            parts = "".join(f"<{item.name}/>\n" for item in association.fields)
            node = f"<{association.node}>\n{parts}</{association.node}>\n"
            lines.append(f"{_opening(association)}>\n{node}</{association.name}>\n")
        return document(f"<{resource.node}>\n{''.join(lines)}</{resource.node}>\n")

    def _object(self, resource: Resource, entity: Entity, display: Display) -> str:
        parts = [f"<id>{_cdata(entity.row['id'])}</id>\n"] if display.with_id else []
        parts += [self._field(resource, item, entity) for item in display.fields]
        parts += [f"<{name}>{_cdata(value)}</{name}>\n" for name, value in entity.extra.items()]
        if display.associations:
            lists = "".join(
                self._association(association, display.associations[association.name], entity)
                for association in resource.associations
                if association.name in display.associations
            )
            parts.append(f"<associations>\n{lists}</associations>\n")
        return f"<{resource.node}>\n{''.join(parts)}</{resource.node}>\n"

    def _field(self, resource: Resource, item: Field, entity: Entity) -> str:
        mark = ' notFilterable="true"' if item.getter else ""
        if item.i18n:
            stored = json.loads(entity.row[item.name] or "{}")
            texts = "".join(self._text(number, stored.get(str(number), "")) for number in self._typing.languages)
            return f"<{item.name}{mark}>{texts}</{item.name}>\n"
        value = self._typing.value(resource, item, entity)
        if value is False:
            value = ""
        if item.to and value not in (None, "", 0, "0"):
            mark += f" {self._href(item.to, value)}"
        elif item.to and entity.echo and resource.name == "orders" and item.to == "order_states":
            mark += f" {self._href(item.to, '')}"
        text = "" if self._typing.old and value == "" else _cdata(value)
        return f"<{item.name}{mark}>{text}</{item.name}>\n"

    def _text(self, language: int, text: str) -> str:
        return f'<language id="{language}" {self._href("languages", language)}>{_cdata(text)}</language>'

    def _association(self, association: Association, items: tuple[Field, ...], entity: Entity) -> str:
        rows = entity.associations.get(association.name, [])
        opening = _opening(association)
        if not rows:
            return f"{opening}/>\n"
        inner = "".join(self._element(association, items, row) for row in rows)
        return f"{opening}>\n{inner}</{association.name}>\n"

    def _element(self, association: Association, items: tuple[Field, ...], row: Row) -> str:
        link = f" {self._href(association.api, row['id'])}" if association.api and "id" in row else ""
        parts = []
        for item in items:
            value = row.get(item.name, "")
            mark = f" {self._href(item.to, value)}" if item.to else ""
            parts.append(f"<{item.name}{mark}>{_cdata(value)}</{item.name}>\n")
        return f"<{association.node}{link}>\n{''.join(parts)}</{association.node}>\n"

    def _href(self, resource: str, number: object = None) -> str:
        tail = "" if number is None else f"/{number}"
        return f"xlink:href={quoteattr(f'{self._base}{resource}{tail}')}"


def document(inner: str) -> bytes:
    return f"{HEAD}{inner}{TAIL}".encode()


def failure(errors: list[ApiError]) -> bytes:
    inner = "".join(
        f"<error>\n<code>{_cdata(error.code)}</code>\n<message>{_cdata(error.message)}</message>\n</error>\n"
        for error in errors
    )
    return document(f"<errors>\n{inner}</errors>\n")


def _opening(association: Association) -> str:
    virtual = ' virtualEntity="true"' if association.virtual else ""
    api = f' api="{association.api}"' if association.api else ""
    return f'<{association.name} nodeType="{association.node}"{virtual}{api}'


def _rules(item: Field) -> str:
    required = ' required="true"' if item.required else ""
    size = f' maxSize="{item.size}"' if item.size else ""
    readonly = ' read_only="true"' if item.readonly else ""
    return f"{required}{size}{readonly} format={quoteattr(item.kind)}"


def _cdata(value: object) -> str:
    text = "" if value is None else str(value)
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
