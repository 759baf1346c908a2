"""Lists: filters, polling, paging (systems/sage100.md 5.3). Everything that is not in the table there is refused."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from penstock.connectors.sage100.sandbox.dictionary.columns import Table
from penstock.connectors.sage100.sandbox.errors import RefusedError, bad_request
from penstock.connectors.sage100.sandbox.store import Row, Store, show_ticks, shown_time, ticks
from penstock.connectors.sage100.sandbox.views import ADDED, WITH_LINES, Shown, show

MAX_LIMIT = 500
_DEFAULT_LIMIT = 100
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)
_STAMP = ("DateUpdated", "TimeUpdated")


@dataclass(frozen=True, slots=True)
class Query:
    """A checked query. `since` is a stamp as the tables have it; `after` the sort values of the last row seen."""

    filters: Mapping[str, str]
    limit: int
    since: tuple[str, str] | None
    after: tuple[str, ...] | None
    fields: frozenset[str] | None
    lines: bool | None
    digest: str


def read_query(table: Table, pairs: Iterable[tuple[str, str]], *, keyed: bool = False) -> Query:
    """Check the parameters of a list, or of one record (`keyed`: only `fields` and `includeLines`)."""
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise bad_request(f"The parameter {name} is given twice.", name, value)
        given[name] = value
    filters = {name: given[name] for name in (*table.keys, *table.filters) if name in given and not keyed}
    known = {"fields", "includeLines"} if keyed else {"fields", "includeLines", "updatedSince", "limit", "cursor"}
    for name, value in given.items():
        if name not in filters and name not in known:
            raise bad_request(f"The parameter {name} is not known here.", name, value)
    same = sorted((name, value) for name, value in given.items() if name not in {"cursor", "limit"})
    digest = hashlib.sha256(orjson.dumps([table.name, same])).hexdigest()[:16]
    fields = _fields(table, given.get("fields"))
    lines = _lines(given.get("includeLines"))
    return Query(
        filters,
        _limit(given.get("limit")),
        _since(table, given.get("updatedSince")),
        _after(table, given.get("cursor"), digest),
        fields,
        True if fields is not None and "Lines" in fields else lines,
        digest,
    )


def answer(store: Store, table: Table, query: Query) -> dict[str, object]:
    """A page, with the cursor of the next one."""
    rows = _rows(store, table, query)
    page = rows[: query.limit]
    data: list[Shown] = [show(store, table, row, lines=query.lines is True, fields=query.fields) for row in page]
    more = None
    if len(rows) > query.limit:
        last = [page[-1][name] for name in _order(table)]
        more = base64.urlsafe_b64encode(orjson.dumps([query.digest, *last])).decode().rstrip("=")
    return {"data": data, "next_cursor": more, "server_time": shown_time(store.now())}


def _rows(store: Store, table: Table, query: Query) -> list[Row]:
    where = [f'"{name}" = ?' for name in query.filters]
    values: list[str | int] = list(query.filters.values())
    if query.since is not None:
        where.append("(DateUpdated, TimeUpdated) >= (?, ?)")
        values += query.since
    order = _order(table)
    listed = ", ".join(f'"{name}"' for name in order)
    if query.after is not None:
        where.append(f"({listed}) > ({', '.join('?' * len(order))})")
        values += query.after
    condition = " AND ".join(where) or "1"
    sql = f"SELECT * FROM {table.name} WHERE {condition} ORDER BY {listed} LIMIT ?"  # noqa: S608 - our own names
    return store.storage.query(sql, [*values, query.limit + 1])


def _order(table: Table) -> tuple[str, ...]:
    return (*_STAMP, *table.keys) if table.audit else table.keys


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_LIMIT):
        raise bad_request(f"limit must be a number from 1 to {MAX_LIMIT}.", "limit", text)
    return int(text)


def _since(table: Table, text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    if not table.audit:
        raise bad_request(f"{table.name} has no audit fields: updatedSince cannot be used.", "updatedSince", text)
    try:
        if _TIME.fullmatch(text):
            return show_ticks(ticks(datetime.fromisoformat(text)))
    except ValueError as error:
        raise _bad_time(text) from error
    raise _bad_time(text)


def _bad_time(text: str) -> RefusedError:
    return bad_request(
        "updatedSince must be server local time without a zone, as 2026-02-03T14:30:00.", "updatedSince", text
    )


def _after(table: Table, cursor: str | None, digest: str) -> tuple[str, ...] | None:
    if cursor is None:
        return None
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise bad_request("The cursor is not one of this facade.", "cursor", cursor) from error
    if not isinstance(found, list) or not all(isinstance(value, str) for value in found):
        raise bad_request("The cursor is not one of this facade.", "cursor", cursor)
    if found[:1] != [digest] or len(found) != 1 + len(_order(table)):
        raise bad_request("The cursor belongs to a list with other parameters.", "cursor", cursor)
    return tuple(found[1:])


def _fields(table: Table, text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    asked = frozenset(name.strip() for name in text.split(","))
    known = {*table.shown, ADDED.get(table.name, ""), *(["Lines"] if table.name in WITH_LINES else [])} - {""}
    for name in sorted(asked):
        if name not in known and not name.startswith("UDF_"):
            raise bad_request(f"{name or 'An empty name'} is not a field of {table.name}.", "fields", text)
    return asked


def _lines(text: str | None) -> bool | None:
    if text not in {None, "true", "false"}:
        raise bad_request("includeLines must be true or false.", "includeLines", text)
    return None if text is None else text == "true"
