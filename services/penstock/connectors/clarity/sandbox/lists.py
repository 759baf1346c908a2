"""Lists: filters, sorting, pages and cursors (systems/clarity.md 3.4)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from penstock.connectors.clarity.sandbox.answers import Answer, ApiError, detail
from penstock.connectors.clarity.sandbox.call import Call
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.shown import shown_body
from penstock.connectors.clarity.sandbox.store import epoch
from penstock.connectors.clarity.sandbox.tables import RESOURCES, Resource

DEFAULT_SIZE, MAX_SIZE = 50, 200
ORDERS = {None: "id", "updatedDate": "updated, id", "-updatedDate": "updated DESC, id"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(slots=True)
class Query:
    """`tests` and `values`: the WHERE clause of the filters. `after`: (sort value, id) of a cursor."""

    page: int = 1
    size: int = DEFAULT_SIZE
    sort: str | None = None
    tests: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    after: tuple[float, int] | None = None
    digest: str = ""

    def where(self) -> str:
        return " AND ".join(self.tests) or "1"


def listed(shop: Shop, call: Call, name: str, at_least: Mapping[str, float] | None = None, **fixed: object) -> Answer:
    """Answer a list. `fixed`, `at_least`: columns whose values the address fixes. ApiError 400 invalid_filter."""
    resource = RESOURCES[name]
    query = parse(call.query, resource)
    for column, value in fixed.items():
        query.tests.append(f'"{column}" IS ?')
        query.values.append(value)
    for column, low in (at_least or {}).items():
        query.tests.append(f'"{column}" >= ?')
        query.values.append(low)
    [counted] = shop.storage.query(
        f"SELECT COUNT(*) AS n FROM {resource.table} WHERE {query.where()}",  # noqa: S608 - our own names
        query.values,
    )
    rows = _page(shop, resource, query)
    more = len(rows) > query.size
    rows = rows[: query.size]
    total = counted["n"]
    pagination: dict[str, Any] = {
        "page": query.page,
        "pageSize": query.size,
        "totalCount": total,
        "totalPages": -(-total // query.size),
        "hasMore": more,
    }
    headers = {}
    if more:
        pagination["nextCursor"] = _cursor(query, rows[-1])
        headers["Link"] = f'<{_next(call, query, pagination["nextCursor"])}>; rel="next"'
    if query.after is not None:
        del pagination["page"]
    if more and shop.options.page_drift:
        shop.store.touch(name, rows[0]["id"])
    data = b",".join(shown_body(shop.options, row["body"]) for row in rows)
    body = b'{"data":[' + data + b'],"pagination":' + orjson.dumps(pagination) + b"}"
    return Answer(200, body, headers)


def parse(text: str, resource: Resource) -> Query:
    """The query of a list. ApiError 400 invalid_filter for whatever the list does not know."""
    pairs = parse_qsl(text, keep_blank_values=True)
    params = dict(pairs)
    if len(params) != len(pairs):
        twice = next(name for name in params if sum(name == one for one, _ in pairs) > 1)
        raise _invalid(twice, "is given twice")
    query = Query()
    for name, value in params.items():
        _take(query, resource, name, value)
    query.digest = hashlib.sha256(orjson.dumps([query.sort, query.tests, query.values])).hexdigest()[:12]
    if "cursor" in params:
        if "page" in params:
            raise _invalid("cursor", "cannot stand together with page")
        query.after = _open_cursor(query, params["cursor"])
    return query


def _take(query: Query, resource: Resource, name: str, value: str) -> None:
    match name:
        case "page":
            query.page = _whole(name, value, 1, 10**9)
        case "pageSize":
            query.size = _whole(name, value, 1, MAX_SIZE)
        case "sort":
            if value not in {"updatedDate", "-updatedDate"}:
                raise _invalid(name, "must be updatedDate or -updatedDate")
            query.sort = value
        case "updatedSince":
            query.tests.append("updated >= ?")
            query.values.append(_time(name, value))
        case "updatedBefore":
            query.tests.append("updated < ?")
            query.values.append(_time(name, value))
        case "cursor":
            pass
        case _ if name in resource.filters:
            _filter(query, resource, name, value)
        case _:
            known = ", ".join(resource.filters) or "none of its own"
            raise _invalid(name, f"is no parameter of this list; filters here: {known}")


def _filter(query: Query, resource: Resource, name: str, value: str) -> None:
    wanted: list[Any]
    match resource.filters[name]:
        case "integer":
            wanted = [_whole(name, value, 0, 2**63 - 1)]
        case "boolean":
            if value not in {"true", "false"}:
                raise _invalid(name, "must be true or false")
            wanted = [int(value == "true")]
        case "text":
            if not value:
                raise _invalid(name, "must not be empty")
            wanted = [value]
        case kind:
            wanted = value.split(",") if kind == "choices" else [value]
            for one in wanted:
                if one not in resource.choices:
                    raise _invalid(name, f"{one!r} is no status; known: {', '.join(resource.choices)}")
    marks = ", ".join("?" * len(wanted))
    query.tests.append(f'"{name}" IN ({marks})')
    query.values += wanted


def _page(shop: Shop, resource: Resource, query: Query) -> list[dict[str, Any]]:
    """One row more than the page has, to see whether there are more."""
    tests, values = [query.where()], list(query.values)
    if query.after is not None:
        value, number = query.after
        if query.sort is None:
            tests.append("id > ?")
            values.append(number)
        else:
            beyond = "updated < ?" if query.sort.startswith("-") else "updated > ?"
            tests.append(f"({beyond} OR (updated = ? AND id > ?))")
            values += [value, value, number]
    offset = 0 if query.after is not None else (query.page - 1) * query.size
    sql = (
        f"SELECT id, updated, body FROM {resource.table} WHERE {' AND '.join(tests)} "  # noqa: S608 - our own names
        f"ORDER BY {ORDERS[query.sort]} LIMIT ? OFFSET ?"
    )
    return shop.storage.query(sql, [*values, query.size + 1, offset])


def _cursor(query: Query, row: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([query.digest, row["updated"], row["id"]])).decode()


def _open_cursor(query: Query, text: str) -> tuple[float, int]:
    try:
        digest, value, number = orjson.loads(base64.b64decode(text, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise _invalid("cursor", "is not one that this list has given") from error
    if digest != query.digest or not isinstance(value, int | float) or not isinstance(number, int):
        raise _invalid("cursor", "belongs to another query; keep filters and sort as they were")
    return float(value), number


def _next(call: Call, query: Query, cursor: str) -> str:
    params = dict(parse_qsl(call.query, keep_blank_values=True))
    if query.after is not None:
        params["cursor"] = cursor
    else:
        params["page"] = str(query.page + 1)
    return f"{call.base}{call.path}?{urlencode(params)}"


def _whole(name: str, value: str, low: int, high: int) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 20 and low <= int(value) <= high):
        raise _invalid(name, f"must be a whole number from {low} to {high}")
    return int(value)


def _time(name: str, value: str) -> float:
    if _TIME.fullmatch(value):
        try:
            return epoch(value)
        except ValueError:
            pass
    raise _invalid(name, "must be a time of RFC 3339 such as 2025-03-04T15:05:02Z (a + is written %2B)")


def _invalid(name: str, message: str) -> ApiError:
    return ApiError(400, "invalid_filter", f"{name} {message}", [detail(name, "invalid", message)])
