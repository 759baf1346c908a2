"""POST, PUT and PATCH: WebserviceRequest::saveEntityFromXml, with its odd sides (systems/prestashop.md 2, 6)."""

import json
from typing import Any

from penstock.connectors.prestashop.sandbox import special
from penstock.connectors.prestashop.sandbox.bodies import SentEntity, parse_entities
from penstock.connectors.prestashop.sandbox.call import Call, php_int
from penstock.connectors.prestashop.sandbox.errors import ApiError, PhpFatal, Refused, php_warning, refuse
from penstock.connectors.prestashop.sandbox.schema import DECIMAL_SCALES, Field, Resource
from penstock.connectors.prestashop.sandbox.shop import Shop
from penstock.connectors.prestashop.sandbox.validate import problem
from penstock.connectors.prestashop.sandbox.values import Entity
from penstock.sandbox.storage import Row


class Writer:
    """Saves the entities of one request, one after the other: what was saved before an error stays saved."""

    def __init__(self, shop: Shop, call: Call, resource: Resource) -> None:
        self._shop = shop
        self._call = call
        self._resource = resource
        self._old = not shop.options.modern

    def run(self) -> list[Entity]:
        """The saved entities, as they are to be echoed. Refused or PhpFatal otherwise."""
        shop = self._shop
        sent = parse_entities(self._call, warnings_shown=shop.options.warnings_shown, old=self._old)
        self._check_ids(sent)
        done = []
        for one in sent:
            fired = dict(shop.hooks.pending)
            try:
                with shop.storage.transaction():
                    done.append(self._save(one))
            except (Refused, PhpFatal):
                shop.hooks.pending = fired
                raise
        return done

    def _check_ids(self, sent: list[SentEntity]) -> None:
        ids = [php_int(one.values["id"]) for one in sent if one.values.get("id", "") != ""]
        if self._call.method == "POST":
            if ids:
                raise refuse(400, 91, "id is forbidden when adding a new resource")
            return
        if len(set(ids)) != len(ids):
            raise refuse(400, 89, "id is duplicate in request")
        if len(ids) != len(sent):
            raise refuse(400, 90, "id is required when modifying a resource")

    def _save(self, sent: SentEntity) -> Entity:
        stored = self._stored(sent)
        row = dict(stored) if stored else {item.name: item.empty for item in self._resource.fields}
        draft = special.Draft(self._shop, self._call, self._resource, sent, stored, row)
        unset, blank = self._assign(draft)
        self._validate(draft)
        saved = special.store(draft)
        self._associate(draft, saved["id"])
        return Entity(
            row=saved,
            associations={
                item.name: self._shop.associated(self._resource.name, item, [saved["id"]]).get(saved["id"], [])
                for item in self._resource.associations
            },
            echo=True,
            sent=_echoed(self._resource, sent, draft),
            unset=frozenset(name for name in unset if saved[name] == self._resource.by_name[name].empty),
            blank_languages=blank,
        )

    def _stored(self, sent: SentEntity) -> Row | None:
        """The row to change: the id in the body decides, whatever the address says."""
        if self._call.method == "POST":
            return None
        stored = self._shop.load(self._resource.name, php_int(sent.values["id"]))
        if stored is None:
            raise refuse(404, 92, "Invalid ID")
        return stored

    def _assign(self, draft: special.Draft) -> tuple[frozenset[str], dict[str, set[int]]]:
        """Put what was sent into the row, field by field in declared order. PUT empties what was not sent."""
        patch = self._call.method == "PATCH"
        unset: set[str] = set()
        blank: dict[str, set[int]] = {}
        for item in self._resource.fields:
            if item.i18n:
                self._assign_texts(draft, item, blank)
            elif draft.sent.has(item.name):
                if item.readonly:
                    text = f'parameter "{item.name}" not writable. Please remove this attribute of this XML'
                    raise refuse(400, 93, text)
                if not special.assign(draft, item, draft.sent.values[item.name]):
                    draft.texts[item.name] = draft.sent.values[item.name]
            elif patch:
                continue
            elif item.required:
                raise refuse(400, 41, f'parameter "{item.name}" required')
            elif item.sql is None:
                draft.row[item.name] = item.empty
                unset.add(item.name)
        return frozenset(unset), blank

    def _assign_texts(self, draft: special.Draft, item: Field, blank: dict[str, set[int]]) -> None:
        """A multilingual value. One `<language>` loses the others; a bare text goes into every language."""
        sent = draft.sent
        if not sent.has(item.name):
            if self._call.method == "PATCH":
                return
            if item.required:
                raise refuse(400, 84, f'Validation error: "{self._resource.class_name}->{item.name} is empty"')
            draft.row[item.name] = "{}"
            return
        languages = self._shop.languages
        texts = sent.texts[item.name] or dict.fromkeys(languages, sent.values[item.name])
        lost = {number for number in languages if number not in texts}
        if lost and draft.stored is not None:
            blank[item.name] = lost
        for text in texts.values():
            if item.size is not None and len(text) > item.size:
                raise refuse(400, 84, f'Validation error: "The field {item.name} is too long ({item.size} chars max)."')
        draft.row[item.name] = json.dumps({str(number): texts.get(number, "") for number in languages})

    def _validate(self, draft: special.Draft) -> None:
        """The whole object is checked, then the texts become values."""
        for item in self._resource.fields:
            if item.name not in draft.texts:
                continue
            wrong = problem(self._resource.class_name, item, draft.texts[item.name])
            if wrong is not None:
                raise refuse(400, 85, f'Validation error: "{wrong}"')
            draft.row[item.name] = _value(item, draft.texts[item.name])
        special.check(draft)

    def _associate(self, draft: special.Draft, number: int) -> None:
        """Replace the associations that were sent; an absent block leaves them. Computed ones ignore what is sent."""
        for name, rows in (draft.sent.associations or {}).items():
            association = self._resource.association(name)
            if association is None:
                raise refuse(400, 86, f'The association "{name}" does not exists')
            if association.sql is None:
                kept = [
                    {item.name: _value(item, row.get(item.name, "")) for item in association.fields} for row in rows
                ]
                kept = special.linked(draft, name, kept)
                self._shop.set_links(self._resource.name, number, name, kept)


def warn_of_lost_languages(shop: Shop, entities: list[Entity]) -> list[ApiError]:
    """The JSON writer stumbles over a language that was just lost: 500, although all is stored."""
    if shop.options.warnings_shown and any(entity.blank_languages for entity in entities):
        return [php_warning(old=not shop.options.modern)]
    return []


def _echoed(resource: Resource, sent: SentEntity, draft: special.Draft) -> dict[str, Any]:
    """What was just sent comes back as it was sent; a state of an order comes back as a number."""
    shown: dict[str, Any] = {}
    for name in draft.texts:
        text = sent.values[name]
        shown[name] = php_int(text) if name == "id_order_state" else text
    if resource.name == "customers" and "passwd" in shown:
        shown["passwd"] = draft.row["passwd"]
    for name in ("date_add", "date_upd"):
        shown.pop(name, None)
    return shown


def _value(item: Field, text: str) -> object:
    """The text as the column holds it."""
    if item.integer:
        return {"true": 1, "false": 0}.get(text, php_int(text))
    if item.kind in DECIMAL_SCALES:
        return special.decimal_text(text, DECIMAL_SCALES[item.kind])
    return text or item.empty
