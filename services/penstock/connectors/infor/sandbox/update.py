"""`update`: one Change in one transaction; refusals are IdoError and leave nothing behind (systems/infor.md 4.3)."""

from collections.abc import Mapping
from typing import Any

from penstock.connectors.infor.sandbox.changes import Change, Sent, first_change
from penstock.connectors.infor.sandbox.itemids import read_item_id
from penstock.connectors.infor.sandbox.load import Wire, show_row
from penstock.connectors.infor.sandbox.model import Ido, Writes
from penstock.connectors.infor.sandbox.rules import RULES
from penstock.connectors.infor.sandbox.site import Site, blank
from penstock.connectors.infor.sandbox.tables import Row
from penstock.connectors.infor.sandbox.values import IdoError, Kind, parse, show

_INSERT, _UPDATE, _NOTHING, _DELETE = 1, 2, 3, 4
_WRITES = {_INSERT: (Writes.INSERT, "Insert"), _UPDATE: (Writes.UPDATE, "Update"), _DELETE: (Writes.DELETE, "Delete")}


def update(site: Site, ido: Ido, body: Any, *, refresh: bool) -> Wire:
    """Answer an update. Raises IdoError."""
    change = first_change(body)
    refreshed: list[Wire] | None = None
    if change is not None and change.action != _NOTHING:
        needed, word = _WRITES[change.action]
        if needed not in ido.writes:
            raise IdoError(f"{word} is not allowed on {ido.name}.")
        if not site.options.may(ido.name, write=True):
            raise IdoError(f"User requires [{word}] privilege for {ido.name}")
        with site.storage.transaction():
            shown = _apply(site, ido, change)
        refreshed = [shown]
    return {"Message": None, "Success": True, "RefreshItems": refreshed if refresh else None}


def insert(site: Site, ido: Ido, values: Mapping[str, str]) -> Row:
    """Insert as the site's own people do: wire values, the same rules. Raises IdoError."""
    return _insert(site, ido, _by_hand(values))


def change(site: Site, ido: Ido, row: Row, values: Mapping[str, str]) -> Row:
    """Update as the site's own people do: wire values, the same rules. Raises IdoError."""
    return RULES[ido.name].update(site, row, _values(ido, _by_hand(values)))


def _by_hand(values: Mapping[str, str]) -> tuple[Sent, ...]:
    return tuple(Sent(name, value, original=None, modified=True) for name, value in values.items())


def _apply(site: Site, ido: Ido, change: Change) -> Wire:
    if change.action == _INSERT:
        if change.item_id not in {"", f"PBT=[{ido.table}]"}:
            raise IdoError(f"The ItemId [{change.item_id[:120]}] is not valid for an insert into {ido.name}.")
        row = _insert(site, ido, change.sent)
        return _refreshed(site, ido, change, row)
    row = _locate(site, ido, change)
    if change.action == _DELETE:
        shown = _refreshed(site, ido, change, row)
        RULES[ido.name].delete(site, row)
        return shown
    changes = _values(ido, change.sent)
    for key in ido.keys:
        if key in changes and changes.pop(key) != row[key]:
            raise IdoError(f"The key property [{key}] cannot be changed.")
    if changes:
        row = RULES[ido.name].update(site, row, changes)
    return _refreshed(site, ido, change, row)


def _insert(site: Site, ido: Ido, sent: tuple[Sent, ...]) -> Row:
    values: Row = {}
    given = _values(ido, sent)
    for prop in ido.columns:
        value = given.get(prop.name)
        values[prop.name] = parse(prop.kind, prop.default) if blank(value) and prop.default is not None else value
    for prop in ido.columns:
        if prop.required and blank(values[prop.name]):
            raise IdoError(f"Property [{prop.name}] is required.")
    return RULES[ido.name].insert(site, values)


def _values(ido: Ido, sent: tuple[Sent, ...]) -> Row:
    """Stored values of the modified properties. Those of joined tables are dropped without a word."""
    values: Row = {}
    for item in sent:
        prop = ido.props.get(item.name)
        if prop is None:
            raise IdoError(f"The property [{item.name}] was not found in {ido.name}.")
        if not item.modified or prop.joined:
            continue
        if prop.read_only:
            raise IdoError(f"The property [{item.name}] is read-only.")
        value = None if item.value is None else parse(prop.kind, item.value)
        if prop.length is not None and value is not None and len(str(value).rstrip(" ")) > prop.length:
            raise IdoError(f"The value of property [{item.name}] exceeds its length of {prop.length}.")
        if prop.required and blank(value):
            raise IdoError(f"Property [{item.name}] is required.")
        if prop.kind is Kind.FLAG and value is None:
            raise IdoError(f"Property [{item.name}] must be 0 or 1.")
        values[item.name] = value
    return values


def _locate(site: Site, ido: Ido, change: Change) -> Row:
    """The row of an update or delete, its lock checked; without an ItemId the key finds it and nothing is locked."""
    if not change.item_id:
        if change.action == _DELETE:
            raise IdoError(f"The ItemId is missing: {ido.name} needs it for this Action.")
        given = {item.name: item.value for item in change.sent}
        if any(given.get(key) is None for key in ido.keys):
            raise IdoError(f"Without an ItemId, the key properties [{', '.join(ido.keys)}] are required.")
        row = site.tables.find(ido, **{key: parse(ido.props[key].kind, given[key] or "") for key in ido.keys})
        if row is None:
            raise IdoError(f"The {ido.name} entry [{', '.join(str(given[key]) for key in ido.keys)}] does not exist.")
        return row
    handle = read_item_id(ido, change.item_id)
    row = site.tables.find(ido, RowPointer=handle.row_pointer)
    if row is None:
        raise IdoError("The row was deleted by another user.")
    if handle.stamp != row["RecordDate"] and not (change.by_property and _unmoved(ido, row, change)):
        raise IdoError("Row changed by another user.")
    return row


def _unmoved(ido: Ido, row: Row, change: Change) -> bool:
    """Property locking: what is written still has the value that the caller saw."""
    return all(
        item.original is not None
        and item.name in row
        and item.original == (show(ido.props[item.name].kind, row[item.name]) or "")
        for item in change.sent
        if item.modified
    )


def _refreshed(site: Site, ido: Ido, change: Change, row: Row) -> Wire:
    """Keys, what the site set, and what was sent, as the row has it now."""
    names = list(dict.fromkeys((*ido.keys, *ido.set_by_site, *(item.name for item in change.sent))))
    for name in names:
        if name not in ido.props:
            raise IdoError(f"The property [{name}] was not found in {ido.name}.")
    shown = show_row(site, ido, row["RowPointer"], names)
    return {
        "Action": change.action,
        "ItemId": shown.pop("_ItemId"),
        "ItemNo": change.item_no,
        "Properties": [{"Name": name, "Value": shown[name]} for name in names],
        "UpdateLocking": 1 if change.by_property else 0,
    }
