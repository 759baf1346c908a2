"""`load`: one SELECT per request, made from the IDO's definition (systems/infor.md 4.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.connectors.infor.sandbox.bookmarks import (
    BookmarkError,
    Edge,
    OrderBy,
    beyond,
    read_bookmark,
    write_bookmark,
)
from penstock.connectors.infor.sandbox.filters import Where, compile_filter
from penstock.connectors.infor.sandbox.itemids import write_item_id
from penstock.connectors.infor.sandbox.model import Ido, Prop
from penstock.connectors.infor.sandbox.site import Site
from penstock.connectors.infor.sandbox.tables import Row
from penstock.connectors.infor.sandbox.values import IdoError, Stored, show

DEFAULT_CAP = 200
_LOAD_TYPES = frozenset({"FIRST", "NEXT", "PREV", "LAST"})
Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """One SELECT. `cap` 0: no limit; `backwards`: from the end."""

    props: Sequence[Prop]
    wheres: Sequence[Where] = ()
    order: Sequence[OrderBy] = ()
    cap: int = 0
    backwards: bool = False
    distinct: bool = False


def load(site: Site, ido: Ido, query: Mapping[str, str]) -> Wire:
    """Answer a load; `query` has lower-case names. Raises IdoError."""
    if query.get("clm") or query.get("pqc"):
        raise IdoError(f"The method [{query.get('clm') or query.get('pqc')}] was not found in {ido.name}.")
    props = _properties(ido, query.get("properties", ""))
    distinct = query.get("distinct", "").lower() == "true"
    order = _order(ido, query.get("orderby", ""), props if distinct else None)
    cap = _cap(query.get("recordcap", ""))
    load_type = query.get("loadtype", "").upper() or "FIRST"
    if load_type not in _LOAD_TYPES:
        raise IdoError(f"The load type [{load_type}] is not valid.")
    wheres = _wheres(site, ido, query, order, load_type)
    backwards = load_type in {"PREV", "LAST"}
    handles = not distinct and query.get("readonly", "").lower() != "true"
    plan = _Plan(_needed(ido, props, order, handles=handles), wheres, order, cap, backwards, distinct)
    found = _select(site, ido, plan)
    more = cap > 0 and len(found) > cap
    rows = found[:cap] if cap else found
    if backwards:
        rows.reverse()
    return {
        "Items": [_wire(ido, props, row, handles=handles) for row in rows],
        "Bookmark": write_bookmark(order, _edge(order, rows[0]), _edge(order, rows[-1])) if rows else None,
        "MoreRowsExist": more,
        "Success": True,
        "Message": None,
    }


def show_all(site: Site, ido: Ido) -> list[Wire]:
    """Every row with every property, as a load would show it, by key."""
    props = tuple(ido.props.values())
    order = _order(ido, "", None)
    rows = _select(site, ido, _Plan(_needed(ido, props, order, handles=False), order=order))
    return [_wire(ido, props, row, handles=False) for row in rows]


def show_row(site: Site, ido: Ido, row_pointer: Stored, names: Sequence[str]) -> Wire:
    """One row by its RowPointer: these properties, and `_ItemId`."""
    props = [ido.props[name] for name in names]
    where = Where(f'{ido.alias}."RowPointer" = ?', [row_pointer])
    rows = _select(site, ido, _Plan(_needed(ido, props, (), handles=True), [where]))
    return _wire(ido, props, rows[0], handles=True)


def _properties(ido: Ido, text: str) -> Sequence[Prop]:
    names = [name.strip() for name in text.split(",")]
    if names in ([""], ["*"]):
        return tuple(ido.props.values())
    return [_property(ido, name) for name in dict.fromkeys(names)]


def _property(ido: Ido, name: str) -> Prop:
    prop = ido.props.get(name)
    if prop is None:
        raise IdoError(f"The property [{name}] was not found in {ido.name}.")
    return prop


def _order(ido: Ido, text: str, distinct: Sequence[Prop] | None) -> list[OrderBy]:
    if not text.strip():
        return [OrderBy(prop, descending=False) for prop in distinct or [ido.props[key] for key in ido.keys]]
    order = []
    for part in text.split(","):
        words = part.split()
        if not 1 <= len(words) <= 2 or (len(words) == 2 and words[1].upper() not in {"ASC", "DESC"}):
            raise IdoError(f"The order [{part}] is not valid.")
        prop = _property(ido, words[0])
        if distinct is not None and prop not in distinct:
            raise IdoError(f"With distinct, [{prop.name}] of orderby must be among the properties.")
        order.append(OrderBy(prop, words[-1].upper() == "DESC" and len(words) == 2))
    return order


def _cap(text: str) -> int:
    """Rows at most; 0 is no limit."""
    try:
        cap = int(text or "-1")
    except ValueError:
        cap = -2
    if cap < -1:
        raise IdoError(f"The record cap [{text}] is not valid.")
    return DEFAULT_CAP if cap == -1 else cap


def _wheres(site: Site, ido: Ido, query: Mapping[str, str], order: Sequence[OrderBy], load_type: str) -> list[Where]:
    wheres = []
    if query.get("filter", "").strip():
        now, bare = site.tables.now(), site.options.bare_numbers
        wheres.append(compile_filter(query["filter"], ido.props, now, bare_numbers=bare))
    if load_type in {"NEXT", "PREV"}:
        if not query.get("bookmark"):
            raise BookmarkError
        first, last = read_bookmark(query["bookmark"], order)
        backwards = load_type == "PREV"
        sql, params = beyond(order, first if backwards else last, backwards=backwards)
        wheres.append(Where(sql, params))
    return wheres


def _needed(ido: Ido, props: Sequence[Prop], order: Sequence[OrderBy], *, handles: bool) -> list[Prop]:
    stamps = [ido.props["RecordDate"], ido.props["RowPointer"]] if handles else []
    wanted = {prop.name: prop for prop in (*props, *(column.prop for column in order), *stamps)}
    return list(wanted.values())


def _select(site: Site, ido: Ido, plan: _Plan) -> list[Row]:
    """Names and expressions come from the IDO's definition, values are parameters. One row more than `cap` is read."""
    used = {prop.join for prop in plan.props} | {column.prop.join for column in plan.order}
    used |= {join for where in plan.wheres for join in where.joins}
    parts = [
        f"SELECT {'DISTINCT ' if plan.distinct else ''}"
        + ", ".join(f'{prop.sql} AS "{prop.name}"' for prop in plan.props),
        f"FROM {ido.table} AS {ido.alias}",
        *(sql for name, sql in ido.joins.items() if name in used),
    ]
    if plan.wheres:
        parts.append("WHERE " + " AND ".join(where.sql for where in plan.wheres))
    if plan.order:
        columns = (f"{column.prop.sql} {_direction(column, plan)}" for column in plan.order)
        parts.append("ORDER BY " + ", ".join(columns))
    if plan.cap:
        parts.append(f"LIMIT {plan.cap + 1}")
    return site.storage.query(" ".join(parts), [value for where in plan.wheres for value in where.params])


def _direction(column: OrderBy, plan: _Plan) -> str:
    return "DESC" if column.descending != plan.backwards else "ASC"


def _edge(order: Sequence[OrderBy], row: Row) -> Edge:
    return tuple(row[column.prop.name] for column in order)


def _wire(ido: Ido, props: Sequence[Prop], row: Row, *, handles: bool) -> Wire:
    item: Wire = {prop.name: show(prop.kind, row[prop.name]) for prop in props}
    if handles:
        item["_ItemId"] = write_item_id(ido, str(row["RowPointer"]), str(row["RecordDate"]))
    return item
