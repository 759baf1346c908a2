"""The site's database: tables made from the IDO definitions, rows that are stamped on every write."""

import random
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from penstock.connectors.infor.sandbox.idos import ALL
from penstock.connectors.infor.sandbox.model import Ido
from penstock.connectors.infor.sandbox.values import Kind, Stored, read_moment, show_moment
from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.storage import Storage

Row = dict[str, Stored]

_TYPES = {
    Kind.TEXT: "TEXT COLLATE RTRIM",  # trailing spaces do not count, case does
    Kind.LONG: "INTEGER",
    Kind.FLAG: "INTEGER",
    Kind.DECIMAL: "INTEGER",
    Kind.DATE: "TEXT",
    Kind.GUID: "TEXT",
}
# Codes that the site checks but that no IDO of ours shows.
_CODE_TABLES = """
CREATE TABLE IF NOT EXISTS shipcode (ShipCode TEXT COLLATE RTRIM PRIMARY KEY, Description TEXT);
CREATE TABLE IF NOT EXISTS taxcode (TaxCode TEXT COLLATE RTRIM PRIMARY KEY, Description TEXT);
CREATE TABLE IF NOT EXISTS currency (CurrCode TEXT COLLATE RTRIM PRIMARY KEY, Description TEXT, MinorUnits INTEGER);
CREATE TABLE IF NOT EXISTS invoice_tax (InvNum TEXT PRIMARY KEY, CoNum TEXT, SalesTax INTEGER, Discount INTEGER);
CREATE TABLE IF NOT EXISTS counter (Name TEXT PRIMARY KEY, Value INTEGER);
CREATE TABLE IF NOT EXISTS token (Digest TEXT PRIMARY KEY, Kind TEXT, Tenant TEXT, Client TEXT, Grouped TEXT,
 Issued REAL, Expires REAL, Revoked INTEGER);
"""
_CLOCK_SET_BACK = timedelta(seconds=60)


class Tables:
    """Rows by IDO. Values are in stored form (`values.py`); every write moves `RecordDate`."""

    def __init__(self, storage: Storage, clock: SandboxClock) -> None:
        self.storage = storage
        self._clock = clock
        self._last = datetime.min  # noqa: DTZ901 site local time has no zone

    def create(self) -> None:
        """Make what is missing of the schema."""
        for statement in _CODE_TABLES.split(";"):
            self.storage.execute(statement)
        for ido in ALL:
            self.create_ido(ido)

    def create_ido(self, ido: Ido) -> None:
        """The table of one IDO with its indexes, or its view."""
        if ido.view:
            self.storage.execute(f"CREATE VIEW IF NOT EXISTS {ido.table} AS {ido.view}")
            return
        columns = ", ".join(f'"{prop.name}" {_TYPES[prop.kind]}' for prop in ido.columns)
        self.storage.execute(f"CREATE TABLE IF NOT EXISTS {ido.table} ({columns})")
        self._index(ido, ido.keys, unique=True)
        self._index(ido, ("RowPointer",), unique=True)
        for fields in (("RecordDate", "RowPointer"), *ido.indexes):
            self._index(ido, fields, unique=False)

    def _index(self, ido: Ido, fields: tuple[str, ...], *, unique: bool) -> None:
        name = "_".join([ido.table, *fields])
        columns = ", ".join(f'"{field}"' for field in fields)
        kind = "UNIQUE INDEX" if unique else "INDEX"
        self.storage.execute(f"CREATE {kind} IF NOT EXISTS {name} ON {ido.table} ({columns})")

    def now(self) -> datetime:
        """Site local time, naive, to the millisecond."""
        local = self._clock.utc().astimezone(self._clock.zone).replace(tzinfo=None)
        return local.replace(microsecond=local.microsecond // 1000 * 1000)

    def today(self) -> str:
        """Midnight of the site's day, as dates without time are stored."""
        return f"{self.now():%Y%m%d} 00:00:00.000"

    def stamp(self) -> str:
        """The `RecordDate` of a write: rises with every one. Only a clock that is set back (each autumn) lowers it."""
        now = self.now()
        if now <= self._last < now + _CLOCK_SET_BACK:
            now = self._last + timedelta(milliseconds=1)
        self._last = now
        return show_moment(now)

    def find(self, ido: Ido, **equals: Stored) -> Row | None:
        """The first row with these stored values."""
        where = " AND ".join(f'"{name}" = ?' for name in equals)
        return self.storage.one(f"SELECT * FROM {ido.table} WHERE {where}", list(equals.values()))  # noqa: S608 - our own names

    def select(self, ido: Ido, **equals: Stored) -> list[Row]:
        """All rows with these stored values, by key."""
        where = " AND ".join(f'"{name}" = ?' for name in equals) or "1"
        order = ", ".join(f'"{name}"' for name in ido.keys)
        sql = f"SELECT * FROM {ido.table} WHERE {where} ORDER BY {order}"  # noqa: S608 - our own names
        return self.storage.query(sql, list(equals.values()))

    def insert(self, ido: Ido, values: Mapping[str, Stored]) -> Row:
        """Write a new row; columns not named are null."""
        row: Row = {prop.name: values.get(prop.name) for prop in ido.columns}
        row["RowPointer"] = str(uuid.uuid4())
        row["RecordDate"] = self.stamp()
        self.storage.insert(ido.table, row)
        return row

    def load(self, ido: Ido, rows: Iterable[Mapping[str, Stored]], before: datetime, dice: random.Random) -> None:
        """Write many rows as if they had been entered, a millisecond apart, until `before`."""
        listed = list(rows)
        names = [prop.name for prop in ido.columns]
        moment = before - timedelta(milliseconds=len(listed))
        filled = []
        for given in listed:
            moment += timedelta(milliseconds=1)
            pointer = uuid.UUID(int=dice.getrandbits(128), version=4)
            stamps: Row = {"RowPointer": str(pointer), "RecordDate": show_moment(moment)}
            filled.append([{**given, **stamps}.get(name) for name in names])
        columns = ", ".join(f'"{name}"' for name in names)
        marks = ", ".join("?" * len(names))
        self.storage.executemany(f"INSERT INTO {ido.table} ({columns}) VALUES ({marks})", filled)  # noqa: S608 - our own names

    def update(self, ido: Ido, row: Row, changes: Mapping[str, Stored]) -> Row:
        """Write changed columns; the row as it is afterwards."""
        written = {**changes, "RecordDate": self.stamp()}
        self.storage.update(ido.table, "RowPointer", row["RowPointer"], written)
        return {**row, **written}

    def delete(self, ido: Ido, row: Row) -> None:
        self.storage.execute(f'DELETE FROM {ido.table} WHERE "RowPointer" = ?', [row["RowPointer"]])  # noqa: S608

    def next_number(self, name: str, start: int) -> int:
        """Count on from `start`; survives a restart."""
        row = self.storage.one(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (Name) DO UPDATE SET Value = Value + 1 RETURNING Value",
            [name, start],
        )
        return int(row["Value"]) if row else start


def moment_of(row: Row, name: str) -> datetime:
    """A stored date of a row as a moment."""
    return read_moment(str(row[name]))
