"""The Avro schemas of the canonical topics: one file per entity in `schemas/avro`, from which a registry is filled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import avro.compatibility
import avro.errors
import avro.schema

from penstock.resources import resource

COMPATIBILITY = "FULL_TRANSITIVE"


class SchemaError(Exception):
    """A schema is not fit to be registered; the message names the file."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema file. `entity` is the file's stem: topic `canonical.<entity>`, subject `canonical.<entity>-value`."""

    entity: str
    definition: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the record, e.g. `Order`."""
        name: str = self.definition["name"]
        return name

    @property
    def subject(self) -> str:
        return f"canonical.{self.entity}-value"

    @property
    def text(self) -> str:
        """Compact JSON, as it is registered."""
        return json.dumps(self.definition, separators=(",", ":"), ensure_ascii=False)


def load_schemas(folder: Path | None = None) -> dict[str, Schema]:
    """Schemas by record name.

    Raises:
        SchemaError: a file is no JSON or no Avro record.
    """
    out: dict[str, Schema] = {}
    for path in sorted((folder or resource("schemas") / "avro").glob("*.avsc")):
        try:
            definition = json.loads(path.read_text())
            avro.schema.make_avsc_object(definition)
        except (ValueError, avro.errors.AvroException) as error:
            raise SchemaError(f"{path}: {error}") from error
        schema = Schema(path.stem, definition)
        out[schema.name] = schema
    return out


def check(folder: Path | None = None, baseline: Path | None = None) -> list[str]:
    """Problems of the schemas in `folder`, in words; empty when they may be released.

    Every record and field needs a doc, and each schema must read and be read by every version of it in `baseline`
    (files `<entity>.<n>.avsc`, what has been released), because old readers are other people.
    """
    schemas = load_schemas(folder).values()
    baseline = baseline or resource("schemas") / "baseline"
    problems = [
        f"{schema.entity}.avsc: {place} has no doc" for schema in schemas for place in _undocumented(schema.definition)
    ]
    known = {schema.entity: schema for schema in schemas}
    for path in sorted(baseline.glob("*.avsc")):
        entity = path.name.split(".")[0]
        if entity not in known:
            problems.append(f"{entity}.avsc: it was released and is gone; released schemas are never removed")
            continue
        old = path.read_text()
        problems += [
            f"{entity}.avsc: not compatible with {path.name}, which has been released: {why}"
            for why in incompatibilities(known[entity].text, old, COMPATIBILITY)
        ]
    return problems


def release(folder: Path | None = None, baseline: Path | None = None) -> list[Path]:
    """Write the schemas that differ from their newest released version to `baseline`; gives the files written."""
    baseline = baseline or resource("schemas") / "baseline"
    baseline.mkdir(exist_ok=True)
    written = []
    for schema in load_schemas(folder).values():
        versions = sorted(int(path.name.split(".")[1]) for path in baseline.glob(f"{schema.entity}.*.avsc"))
        newest = baseline / f"{schema.entity}.{versions[-1]}.avsc" if versions else None
        if newest is None or json.loads(newest.read_text()) != schema.definition:
            path = baseline / f"{schema.entity}.{(versions[-1] if versions else 0) + 1}.avsc"
            path.write_text(json.dumps(schema.definition, indent=2, ensure_ascii=False) + "\n")
            written.append(path)
    return written


def incompatibilities(new: str, old: str, level: str) -> list[str]:
    """Why schema `new` may not follow `old` at this level of a registry (BACKWARD, FORWARD, FULL, ..., NONE).

    BACKWARD: a reader with the new schema reads old records. FORWARD: a reader with the old one reads new records.
    """
    level = level.removesuffix("_TRANSITIVE")
    newer, older = avro.schema.parse(new), avro.schema.parse(old)
    reasons = []
    if level in {"BACKWARD", "FULL"}:
        reasons += [f"the new schema cannot read old records: {why}" for why in _unreadable(newer, older)]
    if level in {"FORWARD", "FULL"}:
        reasons += [f"the old schema cannot read new records: {why}" for why in _unreadable(older, newer)]
    return reasons


def _unreadable(reader: avro.schema.Schema, writer: avro.schema.Schema) -> Iterator[str]:
    checker = avro.compatibility.ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    result = checker.get_compatibility(reader=reader, writer=writer)
    if result.compatibility is not avro.compatibility.SchemaCompatibilityType.compatible:
        yield (
            "; ".join(f"{place}: {message}" for place, message in zip(result.locations, result.messages, strict=False))
            or "different types"
        )


def _undocumented(definition: Any, place: str = "") -> Iterator[str]:
    if isinstance(definition, list):
        for each in definition:
            yield from _undocumented(each, place)
    if not isinstance(definition, dict):
        return
    if definition.get("type") == "record":
        place = f"{place}/{definition['name']}"
        if not definition.get("doc"):
            yield place
        for field in definition["fields"]:
            if not field.get("doc"):
                yield f"{place}/{field['name']}"
            yield from _undocumented(field["type"], place)
    for inner in ("type", "items", "values"):
        if isinstance(definition.get(inner), dict | list):
            yield from _undocumented(definition[inner], place)
