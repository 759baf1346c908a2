"""A request body, checked against the dictionary: names, types, lengths (systems/sage100.md 5.4, 5.5).

What refers to other records is checked later, by the rules.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import orjson

from penstock.connectors.sage100.sandbox.dictionary.columns import FieldError, Table
from penstock.connectors.sage100.sandbox.dictionary.sales import LINE_PATCHED, ORDER_LINES, ORDERS
from penstock.connectors.sage100.sandbox.errors import RefusedError, bad_request

MAX_BODY = 1024 * 1024
MAX_LINES = 500
_UDF = re.compile(r"UDF_[A-Z0-9_]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Document:
    """Checked values in stored form, user-defined fields, and the lines of an order."""

    values: dict[str, str]
    udf: dict[str, str]
    lines: tuple["Document", ...] | None = None


def parse(body: bytes, content_type: str, *, optional: bool = False) -> dict[str, object]:
    """The JSON object of a request; {} for an `optional` body that is empty."""
    if optional and not body.strip():
        return {}
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise bad_request(f"The content type must be application/json, not {content_type or 'absent'}.")
    if len(body) > MAX_BODY:
        raise bad_request(f"The body has {len(body)} bytes, the limit is {MAX_BODY}.")
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"The body is not JSON: {error}.") from error
    if not isinstance(given, dict):
        raise bad_request("The body must be a JSON object.")
    return given


def created(table: Table, given: Mapping[str, object], line: int | None = None) -> Document:
    """A new record: required fields present, nothing unknown or computed."""
    made = _checked(table, given, line, refused=())
    for column in table.columns:
        if column.required and not column.computed and column.name not in made.values:
            raise _refused(table, f"The field {column.name} is required.", column.name, None, line)
    return made


def patched(table: Table, given: Mapping[str, object]) -> Document:
    """Changes of a record: neither its key nor a column that PATCH must leave alone."""
    return _checked(table, given, None, refused={*table.keys, *table.unpatched})


def order(given: Mapping[str, object]) -> Document:
    """A new order with its lines."""
    head = {name: value for name, value in given.items() if name != "Lines"}
    document = created(ORDERS, head)
    lines = [created(ORDER_LINES, line, number) for number, line in enumerate(_lines(given.get("Lines")), start=1)]
    return Document(document.values, document.udf, tuple(lines))


def order_changes(given: Mapping[str, object]) -> Document:
    """Changes of an order; lines are named by LineKey."""
    head = {name: value for name, value in given.items() if name != "Lines"}
    document = patched(ORDERS, head)
    if "Lines" not in given:
        return document
    lines = [_line_changes(line, number) for number, line in enumerate(_lines(given["Lines"]), start=1)]
    return Document(document.values, document.udf, tuple(lines))


def _line_changes(given: Mapping[str, object], number: int) -> Document:
    key = given.get("LineKey")
    if not isinstance(key, str) or not key:
        raise _refused(ORDER_LINES, "A line is named by its LineKey.", "LineKey", key, number)
    changes = {name: value for name, value in given.items() if name != "LineKey"}
    for name, value in changes.items():
        if name in ORDER_LINES.by_name and name not in LINE_PATCHED:
            raise _refused(ORDER_LINES, f"{name} of a line cannot be changed.", name, value, number)
    made = _checked(ORDER_LINES, changes, number, refused=())
    return Document({"LineKey": key, **made.values}, made.udf)


def _lines(given: object) -> list[dict[str, object]]:
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_LINES:
        raise bad_request(f"Lines must be a list of 1 to {MAX_LINES} lines.", "Lines")
    for number, line in enumerate(given, start=1):
        if not isinstance(line, dict):
            raise _refused(ORDER_LINES, "A line must be a JSON object.", "Lines", None, number)
    return given


def _checked(table: Table, given: Mapping[str, object], line: int | None, refused: Collection[str]) -> Document:
    values: dict[str, str] = {}
    udf: dict[str, str] = {}
    for name, value in given.items():
        column = table.by_name.get(name)
        if column is None:
            udf[name] = _user_defined(table, name, value, line)
            continue
        if column.computed:
            raise _refused(table, f"{name} is computed and cannot be set.", name, value, line)
        if name in refused:
            raise _refused(table, f"{name} cannot be changed.", name, value, line)
        try:
            values[name] = column.read(value)
        except FieldError as error:
            raise _refused(table, str(error), name, value, line, error.code) from error
    return Document(values, udf)


def _user_defined(table: Table, name: str, value: object, line: int | None) -> str:
    if not _UDF.fullmatch(name):
        raise _refused(table, f"{name} is not a field of {table.name}.", name, value, line)
    if not isinstance(value, str):
        raise _refused(table, f"{name} must be a JSON string.", name, value, line)
    return value.encode("cp1252", "replace").decode("cp1252")


def _refused(
    table: Table, message: str, column: str, value: object, line: int | None, code: str = "BAD_REQUEST"
) -> RefusedError:
    shown = value if isinstance(value, str) else None
    return RefusedError(code, message, business=table.business, column=column, value=shown, line=line)
