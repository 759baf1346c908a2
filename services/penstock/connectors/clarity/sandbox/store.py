"""Documents in SQLite: versions, dates, numbers. What is read is answered as it is stored, byte for byte."""

from datetime import UTC, datetime
from typing import Any

import orjson

from penstock.connectors.clarity.sandbox.tables import EXTRA_TABLES, RESOURCES, Resource, schema
from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.storage import Row, Storage

Doc = dict[str, Any]
STAMPS = frozenset({"version", "updatedDate"})


class Store:
    """`add` and `save` give documents their id, version and dates. Nothing here fires an event."""

    def __init__(self, storage: Storage, clock: SandboxClock) -> None:
        self.storage = storage
        self.clock = clock
        with storage.transaction():
            for resource in RESOURCES.values():
                for statement in schema(resource):
                    storage.execute(statement)
            for statement in filter(None, map(str.strip, EXTRA_TABLES.split(";"))):
                storage.execute(statement)

    def number(self, name: str, first: int) -> int:
        """The next number of a counter that starts at `first`."""
        sql = "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
        [row] = self.storage.query(sql, (name, first))
        return int(row["value"])

    def next_id(self, name: str) -> int:
        """The id that the next document of a resource will have."""
        row = self.storage.one("SELECT value FROM counters WHERE name = ?", (name,))
        return row["value"] + 1 if row else RESOURCES[name].first_id

    def start_at(self, name: str, first: int) -> None:
        """Set the counter of a fresh shop so that the next document of `name` gets the id `first`."""
        self.storage.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, first - 1))

    def raw(self, name: str, number: int) -> tuple[bytes, int] | None:
        """(body, version) of a document."""
        sql = f"SELECT body, version FROM {RESOURCES[name].table} WHERE id = ?"  # noqa: S608 - our own names
        row = self.storage.one(sql, (number,))
        return (row["body"], row["version"]) if row else None

    def get(self, name: str, number: int) -> Doc | None:
        found = self.raw(name, number)
        return orjson.loads(found[0]) if found else None

    def need(self, name: str, number: int) -> Doc:
        """A document that must be there. KeyError."""
        found = self.get(name, number)
        if found is None:
            raise KeyError(f"{name}/{number}")
        return found

    def by_key(self, name: str, key: str) -> Doc | None:
        return next(iter(self.where(name, customKey=key)), None)

    def where(self, name: str, /, **equal: object) -> list[Doc]:
        """Documents whose columns have these values (None included), by id."""
        return [orjson.loads(row["body"]) for row in self.rows(name, "body", **equal)]

    def rows(self, name: str, columns: str, /, **equal: object) -> list[Row]:
        """Columns of the rows where these have these values, by id."""
        tests = " AND ".join(f'"{column}" IS ?' for column in equal) or "1"
        sql = f"SELECT {columns} FROM {RESOURCES[name].table} WHERE {tests} ORDER BY id"  # noqa: S608 - our own names
        return self.storage.query(sql, list(equal.values()))

    def add(self, name: str, fields: Doc, /, *, number: int | None = None, **hidden: object) -> Doc:
        """Store a new document; returns it with its id, version 1 and dates."""
        resource = RESOURCES[name]
        if number is None:
            number = self.number(name, resource.first_id)
        now = self.clock.utc_stamp()
        stamps = {"version": 1, "updatedDate": now}
        if resource.created_date:
            stamps["createdDate"] = now
        doc = {"id": number, **fields, **stamps}
        row = {"id": number, **_columns(resource, doc), **hidden, "body": orjson.dumps(doc)}
        self.storage.insert(resource.table, row)
        return doc

    def save(self, name: str, doc: Doc, /, **hidden: object) -> Doc | None:
        """Store a changed document: version and updatedDate move. Returns the old values of the members that
        changed, None when none did (then nothing is stored but `hidden`)."""
        resource = RESOURCES[name]
        old = self.need(name, doc["id"])
        previous = {key: old.get(key) for key in doc if key not in STAMPS and old.get(key) != doc[key]}
        if previous:
            doc["version"] = old["version"] + 1
            doc["updatedDate"] = self.clock.utc_stamp()
            changes = {**_columns(resource, doc), **hidden, "body": orjson.dumps(doc)}
            self.storage.update(resource.table, "id", doc["id"], changes)
            return previous
        self.storage.update(resource.table, "id", doc["id"], hidden)
        return None

    def rewrite(self, name: str, doc: Doc) -> None:
        """Store a document that was added in the same unit of work, as the version it is."""
        changes = {**_columns(RESOURCES[name], doc), "body": orjson.dumps(doc)}
        self.storage.update(RESOURCES[name].table, "id", doc["id"], changes)

    def touch(self, name: str, number: int) -> Doc:
        """A new version of a document that is otherwise as it was."""
        doc = self.need(name, number)
        doc["version"] += 1
        doc["updatedDate"] = self.clock.utc_stamp()
        self.rewrite(name, doc)
        return doc

    def remove(self, name: str, number: int) -> None:
        self.storage.execute(f"DELETE FROM {RESOURCES[name].table} WHERE id = ?", (number,))  # noqa: S608 - our names

    def sequence(self, name: str, number: int) -> int:
        """The next event number of a document."""
        sql = (
            "INSERT INTO sequences VALUES (?, ?, 1) "
            "ON CONFLICT (resource, id) DO UPDATE SET value = value + 1 RETURNING value"
        )
        [row] = self.storage.query(sql, (name, number))
        return int(row["value"])


def epoch(stamp: str) -> float:
    """Seconds since 1970 of an RFC 3339 time with a zone. ValueError."""
    found = datetime.fromisoformat(stamp)
    if found.tzinfo is None:
        raise ValueError(f"{stamp!r} has no zone")
    return found.astimezone(UTC).timestamp()


def _columns(resource: Resource, doc: Doc) -> Row:
    row = {"version": doc["version"], "updated": epoch(doc["updatedDate"])}
    if resource.keyed:
        row["customKey"] = doc.get("customKey")
    return row | {name: doc.get(name) for name in resource.columns}
