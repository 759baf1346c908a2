"""What an IDO is: a base table, its key, its properties, the tables joined to it (systems/infor.md 4.5, 4.6)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Flag, auto

from penstock.connectors.infor.sandbox.values import Kind


class Writes(Flag):
    """Which actions an IDO takes over the API; look-ups and ledgers take none."""

    NONE = 0
    INSERT = auto()
    UPDATE = auto()
    DELETE = auto()
    ALL = INSERT | UPDATE | DELETE


@dataclass(frozen=True, slots=True)
class Prop:
    """One property. `sql` is its expression in a SELECT; a stored property is a column of the base table."""

    name: str
    kind: Kind
    length: int | None = None
    required: bool = False
    read_only: bool = False
    default: str | None = None
    upper: bool = False
    stored: bool = True
    sql: str = ""
    join: str | None = None

    @property
    def joined(self) -> bool:
        """It belongs to another table: writes are ignored without a word (4.3)."""
        return not self.stored and not self.read_only


@dataclass(frozen=True, slots=True)
class Ido:
    """One IDO. `alias` names the base table in SQL and in `_ItemId`; `joins` maps a join's name to its SQL."""

    name: str
    table: str
    alias: str
    keys: tuple[str, ...]
    props: Mapping[str, Prop]
    joins: Mapping[str, str]
    indexes: tuple[tuple[str, ...], ...] = ()
    writes: Writes = Writes.NONE
    set_by_site: tuple[str, ...] = ()
    view: str | None = None

    @property
    def columns(self) -> tuple[Prop, ...]:
        return tuple(prop for prop in self.props.values() if prop.stored)


def text(length: int, *names: str, upper: bool = False) -> list[Prop]:
    """Text columns of one length."""
    return [Prop(name, Kind.TEXT, length, upper=upper) for name in names]


def longs(*names: str) -> list[Prop]:
    """Whole-number columns."""
    return [Prop(name, Kind.LONG) for name in names]


def flags(*names: str) -> list[Prop]:
    """Columns that hold 0 or 1."""
    return [Prop(name, Kind.FLAG, default="0") for name in names]


def decimals(*names: str, default: str | None = "0") -> list[Prop]:
    """Amounts and quantities with eight places."""
    return [Prop(name, Kind.DECIMAL, default=default) for name in names]


def dates(*names: str) -> list[Prop]:
    """Dates and times in site local time."""
    return [Prop(name, Kind.DATE) for name in names]


def read_only(props: Iterable[Prop]) -> list[Prop]:
    """The same columns, kept by the site alone."""
    return [replace(prop, read_only=True) for prop in props]


def joined(join: str, columns: Mapping[str, str], length: int) -> list[Prop]:
    """Text properties {name: column} of a joined table."""
    return [
        Prop(name, Kind.TEXT, length, stored=False, sql=f'{join}."{column}"', join=join)
        for name, column in columns.items()
    ]


def derived(name: str, sql: str, kind: Kind = Kind.DECIMAL) -> Prop:
    """A property the site computes on every load."""
    return Prop(name, kind, read_only=True, stored=False, sql=sql)


def ido(
    name: str,
    table: str,
    alias: str,
    keys: tuple[str, ...],
    *groups: list[Prop] | Prop,
    joins: Mapping[str, str] | None = None,
    indexes: tuple[tuple[str, ...], ...] = (),
    writes: Writes = Writes.NONE,
    required: tuple[str, ...] = (),
    defaults: Mapping[str, str] | None = None,
    set_by_site: tuple[str, ...] = (),
    view: str | None = None,
) -> Ido:
    """Build an IDO; `RecordDate` and `RowPointer` are added to every one (4.6)."""
    props: dict[str, Prop] = {}
    stamps = [Prop("RecordDate", Kind.DATE, read_only=True), Prop("RowPointer", Kind.GUID, read_only=True)]
    for group in (*groups, stamps):
        for prop in [group] if isinstance(group, Prop) else group:
            props[prop.name] = replace(
                prop,
                sql=prop.sql or f'{alias}."{prop.name}"',
                required=prop.name in required,
                default=(defaults or {}).get(prop.name, prop.default),
            )
    return Ido(name, table, alias, keys, props, joins or {}, indexes, writes, set_by_site, view)
