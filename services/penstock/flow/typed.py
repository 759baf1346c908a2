"""Texts of a golden case as the types that a canonical record has, by its Avro schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Schema = Any


def typed(record: Any, schema: Schema) -> Any:
    """`record` with decimals, times and whole numbers in their types, and with the schema's defaults.

    Only what fits is converted: a text that is no number stays a text, for the rule to judge. Fields that the schema
    does not have stay.
    """
    return _typed(record, schema, dict(_records(schema)))


def _records(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Every record that is defined anywhere in the schema, by its name."""
    if isinstance(schema, list):
        for one in schema:
            yield from _records(one)
    elif isinstance(schema, dict) and schema["type"] == "record":
        yield schema["name"], schema
        for field in schema["fields"]:
            yield from _records(field["type"])
    elif isinstance(schema, dict) and schema["type"] == "array":
        yield from _records(schema["items"])


def _typed(value: Any, schema: Schema, records: Mapping[str, Schema]) -> Any:
    if value is None:
        return None
    if isinstance(schema, list):
        return _typed(value, next(one for one in schema if one != "null"), records)
    if isinstance(schema, str):
        schema = records.get(schema, {"type": schema})
    kind = schema["type"]
    if kind == "record":
        return _record(value, schema, records) if isinstance(value, Mapping) else value
    if kind == "array" and isinstance(value, list):
        return [_typed(item, schema["items"], records) for item in value]
    return _scalar(value, schema.get("logicalType", kind))


def _record(value: Mapping[str, Any], schema: Schema, records: Mapping[str, Schema]) -> dict[str, Any]:
    record = dict(value)
    for field in schema["fields"]:
        if field["name"] in record:
            record[field["name"]] = _typed(record[field["name"]], field["type"], records)
        elif "default" in field:
            record[field["name"]] = deepcopy(field["default"])
    return record


def _scalar(value: Any, kind: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if kind == "decimal":
            return Decimal(value)
        if kind == "timestamp-millis":
            return datetime.fromisoformat(value)
        if kind in {"int", "long"}:
            return int(value)
    except (ValueError, InvalidOperation):
        return value
    return value
