"""The cross-reference, as effects, fates and canonical records tell it, and as a target's own listing does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from penstock.connectors.listing import Lister, whole
from penstock.flow.flow import Flow, System
from penstock.log.fates import Fate, FateState
from penstock.log.headers import texts
from penstock.log.kafka import KafkaSettings
from penstock.log.scan import scan
from penstock.log.wire import Codec
from penstock.log.xref import ENTITIES, Link, XrefRecord, XrefStore, link_records
from penstock.records.ids import canonical_id

_COME_BACK = frozenset({"order", "customer"})
"""Entities that are linked in their source too."""


@dataclass(slots=True)
class Rebuilt:
    """present, missing: links by entity. conflicts: sentences; a person decides which side is right."""

    present: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    conflicts: list[str] = field(default_factory=list)
    records: list[XrefRecord] = field(default_factory=list)


def rebuilt(links: Iterable[Link], store: XrefStore) -> Rebuilt:
    """Compares what was learnt (the oldest first) with the cross-reference. Nothing that is there is overwritten."""
    out = Rebuilt()
    newest: dict[tuple[str, str, str, str], Link] = {}
    for link in links:
        place = (link.entity, link.canonical_id, link.system, link.instance)
        known = newest.get(place)
        if known is None or link.at >= known.at:
            newest[place] = link
    owners: dict[tuple[str, str, str, str], str] = {}
    for link in newest.values():
        where = f"{link.entity} {link.native_id} of {link.system}:{link.instance}"
        owner = owners.setdefault((link.entity, link.system, link.instance, link.native_id), link.canonical_id)
        there = _there(store, link)
        back = store.canonical_of(link.entity, link.system, link.instance, link.native_id)
        if link.entity == "order" and owner != link.canonical_id:
            out.conflicts.append(f"{where} is claimed by {owner} and by {link.canonical_id}")
        elif there not in {None, link.native_id}:
            out.conflicts.append(f"{link.entity} {link.canonical_id} is linked to {there}, and was written as {where}")
        elif back is not None and there is not None:
            out.present[link.entity] += 1
        else:
            out.missing[link.entity] += 1
            out.records += link_records(link)
    return out


def _there(store: XrefStore, link: Link) -> str | None:
    if store.linked_at(link.entity, link.canonical_id, link.system, link.instance) is None:
        return None
    return store.lookup(link.entity, link.canonical_id, link.system, link.instance)


def from_effects(settings: KafkaSettings, systems: Iterable[System]) -> Iterator[Link]:
    """What sinks have written, by their effect records. Raises ScanError."""
    instances: dict[str, set[str]] = {}
    for system in systems:
        instances.setdefault(system.name, set()).add(system.instance)
    for name, known in instances.items():
        for record in scan(settings, settings.topic(f"effect.{name}")):
            instance, _, rest = (record.key or b"").decode().partition(":")
            said = orjson.loads(record.value) if record.value else {}
            if instance not in known or said.get("type") != "effect" or said.get("state") != "applied":
                continue
            entity, _, own_id = rest.partition(":")
            at = datetime.fromisoformat(said["closed_at"]) if said.get("closed_at") else record.at
            found = [tuple(each) for each in said.get("links") or ()]
            if said.get("native_id") and entity in ENTITIES:
                found.append((entity, own_id, said["native_id"]))
            for linked, linked_id, native_id in dict.fromkeys(found):
                yield Link(linked, linked_id, name, instance, native_id, at)


def from_fates(settings: KafkaSettings, systems: Iterable[System]) -> Iterator[Link]:
    """What was applied, by its fates. Raises ScanError."""
    targets = {system.target: system for system in systems}
    for record in scan(settings, settings.topic("fate")):
        if not record.key or not record.value:
            continue
        fate = Fate.decode(record.key, record.value)
        system = targets.get(fate.target)
        if system is not None and fate.state is FateState.APPLIED and fate.native_id and fate.entity in ENTITIES:
            yield Link(fate.entity, fate.canonical_id, system.name, system.instance, fate.native_id, fate.at)


def from_canonical(settings: KafkaSettings, flow: Flow, codec: Codec, linked: set[tuple[str, str]]) -> Iterator[Link]:
    """Orders and customers in their source, where they are linked in a target: (entity, canonical id). ScanError."""
    for entity in sorted(_COME_BACK):
        for record in scan(settings, settings.topic(f"canonical.{entity}")):
            if record.value is None or texts(record.headers).get("flow") != flow.name:
                continue
            said = codec.decode(record.value)[1]
            source = said["source"]
            where = source["system"], source["instance"]
            if (entity, said["id"]) in linked:
                yield Link(entity, said["id"], *where, source["native_id"], record.at)
            customer = said.get("customer") if entity == "order" else None
            if customer and customer["native_id"] and ("customer", said["customer_id"]) in linked:
                yield Link("customer", said["customer_id"], *where, customer["native_id"], record.at)


async def listed_orders(flow: Flow, system: System, source: Lister) -> list[Link]:
    """Orders that a target lists under our references. Raises what the source raises when it does not answer."""
    tags = {shop.tag: shop for shop in flow.shops if shop.tag}
    out: list[Link] = []
    for row in await whole(source, "order"):
        tag, dash, native_id = (row.reference or "").partition("-")
        shop = tags.get(tag) if dash else None
        if shop is not None:
            own_id = canonical_id(shop.name, shop.instance, "order", native_id)
            at = row.at or datetime.now(UTC)
            out.append(Link("order", own_id, system.name, system.instance, row.native_id, at))
    return out


def of_nobody(listed: Sequence[Link], known: Iterable[Link], store: XrefStore) -> tuple[list[Link], list[str]]:
    """Listed documents whose order has no link yet, and sentences on orders that have several.

    An order may have more documents than the one it is linked to (the remainder of a partial one).
    """
    linked = {(link.canonical_id, link.system, link.instance) for link in known}
    by_order: dict[tuple[str, str, str], list[Link]] = {}
    for link in listed:
        place = (link.canonical_id, link.system, link.instance)
        if place not in linked and _there(store, link) is None:
            by_order.setdefault(place, []).append(link)
    single = [links[0] for links in by_order.values() if len(links) == 1]
    several = [
        f"order {own_id} stands in several documents of {system}:{instance}: "
        + ", ".join(each.native_id for each in links)
        for (own_id, system, instance), links in by_order.items()
        if len(links) > 1
    ]
    return single, several
