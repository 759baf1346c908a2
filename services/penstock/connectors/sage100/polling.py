"""Polls lists of the facade: those with `updatedSince` by their audit stamps, the others by comparing (5.3).

The mark of a stamped list is `{"at": local time, "seen": […]}`: the server's time when the last poll began, and short
hashes of (key, DateUpdated, TimeUpdated) within the overlap behind it. It is the server's own clock: when that is put
back an hour in autumn, the mark goes back with it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from penstock.connectors.contract import Notification, PollPage, SourceUnavailableError
from penstock.connectors.http import NotSentError
from penstock.connectors.sage100.client import Page, Row, SageClient
from penstock.connectors.sage100.errors import RefusedError
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.vocabulary import updated_at

MAX_SEEN = 5000
"""Rows remembered behind the mark. Beyond it a row may be notified again, and extraction finds it unchanged."""

Notify = Callable[[Sequence[Row], Page], Sequence[Notification]]


@dataclass(frozen=True, slots=True)
class PollSpec:
    """One list to poll. `key` names its key fields; `dated` sets start at the setting `poll_from` the first time."""

    name: str
    path: str
    key: tuple[str, ...]
    notify: Notify
    filters: Mapping[str, str] = field(default_factory=dict)
    dated: bool = False


class StampPoll:
    """A `PollSet` over a list with audit fields. `interval` is short while it brings rows, and doubles while not."""

    def __init__(self, spec: PollSpec, client: SageClient, settings: Sage100Settings) -> None:
        self.name = spec.name
        self.interval = settings.busy_interval(spec.name)
        self._spec = spec
        self._client = client
        self._settings = settings

    async def poll(self, mark: Mapping[str, Any] | None) -> AsyncIterator[PollPage]:
        """Pages of rows changed since `mark`. Raises SourceUnavailableError."""
        at = str(mark["at"]) if mark else self._start()
        seen: dict[str, str] = dict.fromkeys(mark["seen"], at) if mark else {}
        began, found = "", False
        with unavailable(f"polling {self._spec.path}"):
            async for page in self._client.pages(self._spec.path, self._filters(at), self._settings.page_size):
                began = began or page.server_time
                fresh = []
                for row in page.rows:
                    stamp, moment = _stamp(row, self._spec.key), updated_at(row)
                    if stamp not in seen:
                        fresh.append(row)
                    seen[stamp] = moment
                if fresh:
                    found = True
                    # rows come in the order of their stamps: what follows is not older than this page's last row
                    yield PollPage(self._spec.notify(fresh, page), self._mark(updated_at(page.rows[-1]) or at, seen))
            if began:
                yield PollPage((), self._mark(began, seen))
        self._adapt(found=found)

    def _start(self) -> str:
        start = self._settings.poll_from if self._spec.dated else None
        return start.astimezone(self._settings.zone).strftime("%Y-%m-%dT%H:%M:%S") if start else ""

    def _filters(self, at: str) -> dict[str, str]:
        since = {"updatedSince": self._behind(at)} if at else {}
        return {**self._spec.filters, **since}

    def _behind(self, at: str) -> str:
        moment = datetime.fromisoformat(at) - timedelta(seconds=self._settings.overlap_seconds)
        return moment.strftime("%Y-%m-%dT%H:%M:%S")

    def _mark(self, at: str, seen: Mapping[str, str]) -> dict[str, Any]:
        since = self._behind(at) if at else ""
        return {"at": at, "seen": [stamp for stamp, moment in seen.items() if moment >= since][-MAX_SEEN:]}

    def _adapt(self, *, found: bool) -> None:
        busy = self._settings.busy_interval(self.name)
        self.interval = busy if found else min(self.interval * 2, self._settings.interval(self.name))


class KeysPoll:
    """A `PollSet` that reads a list in full and tells which keys went and, where `content` counts, which changed.

    The mark is `{"keys": {native id: hash of the row, or ""}}`. The first time it only takes stock of keys.
    """

    def __init__(
        self,
        name: str,
        settings: Sage100Settings,
        read: Callable[[], Awaitable[Mapping[str, Row]]],
        note: Callable[[str, Row | None], Notification],
        *,
        content: bool,
    ) -> None:
        self.name = name
        self.interval = settings.interval(name)
        self._read = read
        self._note = note
        self._content = content

    async def poll(self, mark: Mapping[str, Any] | None) -> AsyncIterator[PollPage]:
        before: Mapping[str, str] = mark["keys"] if mark else {}
        with unavailable(f"polling {self.name}"):
            rows = await self._read()
        now = {key: _digest(row) if self._content else "" for key, row in rows.items()}
        changed = [key for key, digest in now.items() if self._content and before.get(key) != digest]
        gone = [key for key in before if key not in now]
        notes = [self._note(key, rows[key]) for key in changed] + [self._note(key, None) for key in gone]
        yield PollPage(notes, {"keys": now})


class unavailable:  # noqa: N801 - reads as a statement: `with unavailable(…)`
    """Turns what a read may raise into SourceUnavailableError."""

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, NotSentError):
            raise SourceUnavailableError(f"{self._doing}: {error}", error.retry_after) from error
        if isinstance(error, RefusedError):
            raise SourceUnavailableError(f"{self._doing}: {error}", 30.0) from error


def _stamp(row: Row, key: Sequence[str]) -> str:
    names = (*key, "DateUpdated", "TimeUpdated")
    return _short("|".join(str(row.get(name) or "") for name in names).encode())


def _digest(row: Row) -> str:
    return _short(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))


def _short(text: bytes) -> str:
    return base64.b64encode(hashlib.blake2b(text, digest_size=9).digest()).decode("ascii")
