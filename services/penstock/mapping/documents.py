"""JSON documents as mappings want them: a canonical record written as JSON gets its decimals and times back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from penstock.mapping.errors import BadValue, shown
from penstock.mapping.functions.values import to_decimal
from penstock.mapping.schema import Shape


def from_json(value: Any, shape: Shape) -> Any:
    """`value`, read from JSON, with decimals from text, timestamps from ISO 8601 text or milliseconds, dates from text.

    Raises BadValue for text that is none of these.
    """
    if value is None:
        return None
    if shape.kind == "decimal":
        return to_decimal(value)
    if shape.kind == "timestamp":
        return _timestamp(value)
    if shape.kind == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    if shape.kind == "object" and shape.fields is not None and isinstance(value, dict):
        return {key: from_json(item, shape.fields[key]) if key in shape.fields else item for key, item in value.items()}
    if shape.kind == "list" and shape.item is not None and isinstance(value, list):
        return [from_json(item, shape.item) for item in value]
    return value


def _timestamp(value: Any) -> datetime:
    if isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC)
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadValue(f"{shown(value)} is not a timestamp") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def to_json(value: Any) -> str:
    """For orjson's `default`: decimals without exponent."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)
