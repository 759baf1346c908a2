"""The company's database: tables made from the dictionary, audit stamps in decimal hours on every write."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from penstock.connectors.sage100.sandbox.dictionary import ALL
from penstock.connectors.sage100.sandbox.dictionary.columns import Table
from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.storage import Storage

Row = dict[str, str]

FACADE_USER = "0000000017"
CLERK = "0000000003"

_TICKS = 100_000  # of an hour: TimeUpdated has five decimals
_DAY = 24 * _TICKS
_AHEAD = 5 * _TICKS // 3600  # five seconds
_OWN_TABLES = """
CREATE TABLE IF NOT EXISTS counter (Name TEXT PRIMARY KEY, Value INTEGER);
CREATE TABLE IF NOT EXISTS token (Digest TEXT PRIMARY KEY, Issued REAL, Expires REAL);
CREATE TABLE IF NOT EXISTS idempotency (Key TEXT PRIMARY KEY, Digest TEXT, Status INTEGER, Location TEXT, Body BLOB,
 Kept REAL);
"""


class Store:
    """Rows by table, all values text in wire form. Everything here is synchronous."""

    def __init__(self, storage: Storage, clock: SandboxClock) -> None:
        self.storage = storage
        self._clock = clock
        self._user = FACADE_USER
        for statement in _OWN_TABLES.split(";"):
            storage.execute(statement)
        for table in ALL:
            self._create(table)

    @contextmanager
    def acting(self, user: str) -> Iterator[None]:
        """What is written inside carries this user's key."""
        before, self._user = self._user, user
        try:
            yield
        finally:
            self._user = before

    def now(self) -> datetime:
        """Company local time, naive."""
        return self._clock.utc().astimezone(self._clock.zone).replace(tzinfo=None)

    def today(self) -> str:
        return f"{self.now():%Y-%m-%d}"

    def find(self, table: Table, **equals: str) -> Row | None:
        """The row with these values."""
        where = " AND ".join(f'"{name}" = ?' for name in equals)
        return self.storage.one(f"SELECT * FROM {table.name} WHERE {where}", list(equals.values()))  # noqa: S608 - our own names

    def select(self, table: Table, **equals: str) -> list[Row]:
        """All rows with these values, by key."""
        where = " AND ".join(f'"{name}" = ?' for name in equals) or "1"
        order = ", ".join(f'"{name}"' for name in table.keys)
        sql = f"SELECT * FROM {table.name} WHERE {where} ORDER BY {order}"  # noqa: S608 - our own names
        return self.storage.query(sql, list(equals.values()))

    def insert(self, table: Table, values: Mapping[str, str], moved: Row | None = None) -> Row:
        """Write a new row; columns not named take their defaults. The key must be free.

        `moved`: the row of another table that this one takes the place of; the new stamp is later than its own.
        """
        row = {**table.defaults(), **values}
        if table.audit:
            row |= self._stamped("Updated", moved) | self._stamped("Created", None)
        self.storage.insert(table.name, row)
        return row

    def load(self, table: Table, rows: Iterable[Mapping[str, str]]) -> None:
        """Write many new rows with one stamp."""
        stamps = self._stamped("Updated", None) | self._stamped("Created", None) if table.audit else {}
        listed = [{**table.defaults(), **values, **stamps} for values in rows]
        if listed:
            names = ", ".join(f'"{name}"' for name in listed[0])
            marks = ", ".join(f":{name}" for name in listed[0])
            self.storage.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", listed)  # noqa: S608

    def update(self, table: Table, row: Row, changes: Mapping[str, str]) -> Row:
        """Write changed columns and move the stamp; the row as it is afterwards."""
        written = {**changes, **(self._stamped("Updated", row) if table.audit else {})}
        sets = ", ".join(f'"{name}" = ?' for name in written)
        where = " AND ".join(f'"{name}" = ?' for name in table.keys)
        values = [*written.values(), *(row[name] for name in table.keys)]
        self.storage.execute(f"UPDATE {table.name} SET {sets} WHERE {where}", values)  # noqa: S608 - our own names
        return {**row, **written}

    def delete(self, table: Table, **equals: str) -> None:
        where = " AND ".join(f'"{name}" = ?' for name in equals)
        self.storage.execute(f"DELETE FROM {table.name} WHERE {where}", list(equals.values()))  # noqa: S608

    def next_number(self, name: str, start: int) -> int:
        """Count on from `start`. A number that is taken is gone, whatever becomes of its document: hence the gaps."""
        row = self.storage.one(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (Name) DO UPDATE SET Value = Value + 1 RETURNING Value",
            [name, start],
        )
        return int(row["Value"]) if row else start

    def _stamped(self, what: str, before: Row | None) -> Row:
        moment = ticks(self.now())
        if before is not None:
            last = _ticks_of(before["DateUpdated"], before["TimeUpdated"])
            # Two writes of one record never share a stamp: no user is that fast. A clock set back stays set back.
            if moment <= last < moment + _AHEAD:
                moment = last + 1
        day, hour = show_ticks(moment)
        return {f"Date{what}": day, f"Time{what}": hour, f"User{what}Key": self._user}

    def _create(self, table: Table) -> None:
        if table.view:
            self.storage.execute(f"CREATE VIEW IF NOT EXISTS {table.name} AS {table.view}")
            return
        names = [*table.shown, *table.kept, "Udf"]
        columns = ", ".join(f'"{name}" TEXT NOT NULL' for name in names)
        keys = ", ".join(f'"{name}"' for name in table.keys)
        self.storage.execute(f"CREATE TABLE IF NOT EXISTS {table.name} ({columns}, PRIMARY KEY ({keys}))")
        stamped = (("DateUpdated", "TimeUpdated", *table.keys),) if table.audit else ()
        for fields in (*stamped, *table.indexes):
            listed = ", ".join(f'"{name}"' for name in fields)
            name = "_".join((table.name, *fields))
            self.storage.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table.name} ({listed})")


def ticks(moment: datetime) -> int:
    """A local time as a count of 1/100000 hours, cut off."""
    since = timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)
    return moment.toordinal() * _DAY + since // timedelta(microseconds=1) * _TICKS // 3_600_000_000


def show_ticks(moment: int) -> tuple[str, str]:
    """Date and decimal hour as the tables have them: `2026-02-03`, `14.50694`."""
    day, rest = divmod(moment, _DAY)
    hour, part = divmod(rest, _TICKS)
    return date.fromordinal(day).isoformat(), f"{hour:02d}.{part:05d}"


def shown_time(moment: datetime) -> str:
    """A local time as the facade writes it: `2026-02-03T14:41:07`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def udf_of(row: Mapping[str, str]) -> dict[str, str]:
    """User-defined fields of a row."""
    found: dict[str, str] = json.loads(row["Udf"]) if row["Udf"] else {}
    return found


def _ticks_of(day: str, hour: str) -> int:
    return date.fromisoformat(day).toordinal() * _DAY + int(hour.replace(".", ""))
