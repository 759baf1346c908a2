"""SQLite storage of a sandbox: one connection, rows as dicts, transactions that nest."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class Storage:
    """One SQLite file (or memory, when `path` is None).

    WAL with synchronous=OFF: a committed row survives SIGKILL of the process, which is what the tests do; it need not
    survive the machine losing power. Statements outside `transaction()` commit by themselves.
    """

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, cached_statements=512
        )
        self._db.row_factory = _as_dict
        self._depth = 0
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=OFF", "temp_store=MEMORY"):
            self._db.execute(f"PRAGMA {pragma}")

    def execute(self, sql: str, params: Sequence[Any] | Row = ()) -> sqlite3.Cursor:
        return self._db.execute(sql, params)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any] | Row]) -> None:
        self._db.executemany(sql, rows)

    def query(self, sql: str, params: Sequence[Any] | Row = ()) -> list[Row]:
        return self._db.execute(sql, params).fetchall()

    def one(self, sql: str, params: Sequence[Any] | Row = ()) -> Row | None:
        row: Row | None = self._db.execute(sql, params).fetchone()
        return row

    def insert(self, table: str, row: Row) -> int:
        """Insert one row given by column names; returns its rowid. Names come from our code, never from a request."""
        columns = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join(["?"] * len(row))
        sql = f'INSERT INTO "{table}" ({columns}) VALUES ({marks})'  # noqa: S608 - our own names
        return self._db.execute(sql, list(row.values())).lastrowid or 0

    def update(self, table: str, key: str, value: Any, changes: Row) -> int:
        """Set `changes` on the rows where `key` = `value`; returns how many there were."""
        if not changes:
            return 0
        sets = ", ".join(f'"{name}" = ?' for name in changes)
        sql = f'UPDATE "{table}" SET {sets} WHERE "{key}" = ?'  # noqa: S608 - our own names
        return self._db.execute(sql, [*changes.values(), value]).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Nested blocks roll back to their own start. Do not await inside: the connection is shared."""
        name = f"s{self._depth}"
        self._db.execute("BEGIN IMMEDIATE" if self._depth == 0 else f"SAVEPOINT {name}")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("ROLLBACK")
            else:
                self._db.execute(f"ROLLBACK TO {name}")
                self._db.execute(f"RELEASE {name}")
            raise
        self._depth -= 1
        self._db.execute("COMMIT" if self._depth == 0 else f"RELEASE {name}")

    def close(self) -> None:
        self._db.close()


def _as_dict(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
