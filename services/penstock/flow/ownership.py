"""Which system is the master of what, and which payload fields of a target are therefore not ours to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from penstock.flow.flow import Flow
from penstock.flow.model import FlowFile, Ownership
from penstock.flow.when import ENTITIES, avro_schema
from penstock.mapping.errors import nearest
from penstock.mapping.origins import WHOLE
from penstock.mapping.schema import PROVIDED


class OwnershipError(ValueError):
    """`ownership:` cannot be used; the message says which entry, and what to do."""


@dataclass(frozen=True, slots=True)
class Owned:
    """One line of the table: who is the master of a canonical field, and what it becomes in each target."""

    entity: str
    field: str
    master: str
    payload: Mapping[str, tuple[str, ...]]


def check_ownership(file: FlowFile) -> None:
    """Raises OwnershipError for an entity, field or system that there is not."""
    for entity, owner in file.ownership.items():
        where = f"ownership.{entity}"
        if entity not in ENTITIES:
            raise OwnershipError(f"{where}: there is no canonical record {entity!r}{nearest(entity, ENTITIES)}")
        fields = canonical_fields(entity)
        for field in owner.fields:
            if field not in fields:
                raise OwnershipError(f"{where}.fields: {entity} has no field {field!r}{nearest(field, fields)}")
        for name in (*([owner.master] if owner.master else []), *owner.fields.values()):
            if name not in file.systems:
                raise OwnershipError(f"{where}: {name!r} is not one of the flow's systems{nearest(name, file.systems)}")


def canonical_fields(entity: str) -> tuple[str, ...]:
    """Fields that a system can be the master of: those that say which document it is belong to nobody."""
    return tuple(field["name"] for field in avro_schema(entity)["fields"] if field["name"] not in PROVIDED)


def not_ours(flow: Flow, entity: str, alias: str) -> frozenset[str]:
    """Payload fields of `entity` in a target whose master is the target itself: written once, then left alone.

    A payload field is the target's when any canonical field that its value comes from is, or when it comes from none
    and the whole entity is. Fields of nested objects by dotted path; the object too, when all of it is the target's.
    """
    owner = flow.file.ownership.get(entity)
    if owner is None:
        return frozenset()
    origins = _payload_origins(flow, entity, alias)
    theirs = {path for path, fields in origins.items() if _is_masters(alias, owner, fields, entity)}
    objects = {path.rpartition(".")[0] for path in origins if "." in path}
    parents = objects | {one.rpartition(".")[0] for one in objects if "." in one}
    whole = {parent for parent in parents if all(path in theirs for path in origins if path.startswith(f"{parent}."))}
    return frozenset(theirs | whole)


def ownership_table(flow: Flow) -> Iterator[Owned]:
    """Every field of every entity that has an owner, in the order of the flow file and the schema."""
    for entity, owner in flow.file.ownership.items():
        targets = [alias for alias in flow.systems if entity in flow.entities_to(alias)]
        origins = {alias: _payload_origins(flow, entity, alias) for alias in targets}
        for field in canonical_fields(entity):
            master = owner.fields.get(field) or owner.master
            if master is None:
                continue
            payload = {
                alias: tuple(path for path, fields in paths.items() if field in fields or WHOLE in fields)
                for alias, paths in origins.items()
            }
            yield Owned(entity, field, master, payload)


def _payload_origins(flow: Flow, entity: str, alias: str) -> Mapping[str, frozenset[str]]:
    """Without a mapping the target takes the record as it is."""
    mapping = flow.mappings.get((alias, "from", entity))
    if mapping is None:
        return {field: frozenset({field}) for field in canonical_fields(entity)}
    return mapping.origins


def _is_masters(alias: str, owner: Ownership, fields: frozenset[str], entity: str) -> bool:
    if not fields:
        return owner.master == alias
    read = set(canonical_fields(entity)) if WHOLE in fields else fields - PROVIDED
    return any((owner.fields.get(field) or owner.master) == alias for field in read)
