"""One row as the API shows it: values typed as the shop's version types them (systems/prestashop.md 4)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.connectors.prestashop.sandbox.schema import Field, Resource
from penstock.sandbox.storage import Row

# Values that are not what their type says when there is nothing to show.
ODD_EMPTY: Mapping[tuple[str, str], Any] = {
    ("products", "new"): None,
    ("products", "manufacturer_name"): False,
    ("products", "id_default_image"): "",
    ("order_histories", "id_employee"): "",
}
# Rows that PHP has loaded before as objects: their booleans are numbers.
PRELOADED = frozenset({("shops", 1), ("languages", 1), ("currencies", 1), ("groups", 1)})


@dataclass(slots=True)
class Entity:
    """What is shown of one object. `echo`: the answer to a write, with the texts just `sent` and the fields `unset`."""

    row: Row
    associations: dict[str, list[Row]] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    echo: bool = False
    sent: dict[str, Any] = field(default_factory=dict)
    unset: frozenset[str] = frozenset()
    blank_languages: dict[str, set[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Typing:
    """How values are typed: `old` = 1.7, where everything but a read id is a text."""

    old: bool
    languages: list[int]
    language_text: bool

    def value(self, resource: Resource, item: Field, entity: Entity) -> Any:
        """The JSON value of one field."""
        if item.i18n:
            return self.texts(item, entity)
        if item.name in entity.sent:
            return entity.sent[item.name]
        if item.name in entity.unset:
            return ODD_EMPTY.get((resource.name, item.name)) if self.old else None
        raw = entity.row[item.name]
        if not raw or raw == "0":
            key = (resource.name, item.name)
            if key in ODD_EMPTY:
                return ODD_EMPTY[key]
        if item.kind == "bool" and not self.old and (resource.name, entity.row["id"]) in PRELOADED:
            return int(raw)
        return str(raw) if self.old or item.kind == "bool" else raw

    def plain(self, item: Field, raw: object) -> object:
        """A value inside an association."""
        if item.integer and not self.old:
            return int(raw) if isinstance(raw, int | str) and raw != "" else raw
        return str(raw)

    def texts(self, item: Field, entity: Entity) -> Any:
        """A plain text with one language, else a list of id and value."""
        stored = json.loads(entity.row[item.name] or "{}")
        if len(self.languages) == 1:
            return stored.get(str(self.languages[0]), "")
        blank = entity.blank_languages.get(item.name, set())
        as_text = self.old or self.language_text
        return [
            {
                "id": str(number) if as_text else number,
                "value": None if number in blank else stored.get(str(number), ""),
            }
            for number in self.languages
        ]


def falsy(value: object) -> bool:
    """PHP's empty(): 0, "0", "", null, false and the empty array, but not "0.000000"."""
    return value in (None, "", "0", False, 0) or value == []
