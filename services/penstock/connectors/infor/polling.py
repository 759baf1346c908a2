"""Polls one IDO by `RecordDate` (systems/infor.md 4.8).

The mark is `{"at": RecordDate, "seen": [...]}`: the newest row seen, and short hashes of the rows within the overlap
behind it, so that a row is notified once per `RecordDate`. `RecordDate` is the site's local time, which goes back an
hour each autumn: the look-back grows by what the zone's offset lost since the mark.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from penstock.connectors.contract import Notification, PollPage, SourceUnavailableError
from penstock.connectors.http import NotSentError
from penstock.connectors.infor.client import InforClient, Page, Row
from penstock.connectors.infor.errors import IdoRefusedError
from penstock.connectors.infor.idos import READS
from penstock.connectors.infor.literals import parse_site_time, quoted, site_time

MAX_SEEN = 5000
"""Rows remembered behind the mark. Beyond it a row may be notified again, and extraction finds it unchanged."""

Notify = Callable[[Sequence[Row], Page], Awaitable[Sequence[Notification]]]


@dataclass(frozen=True, slots=True)
class PollSpec:
    """One IDO to poll. `where` narrows the rows; `dated` sets start at the site's `poll_from` the first time."""

    name: str
    ido: str
    notify: Notify
    properties: tuple[str, ...] = ()
    where: str = ""
    dated: bool = False


class IdoPoll:
    """A `PollSet` over one IDO. `now` gives the present as an aware datetime."""

    def __init__(
        self,
        spec: PollSpec,
        client: InforClient,
        *,
        interval: float,
        overlap: float,
        page_size: int,
        zone: ZoneInfo,
        start: datetime | None,
        now: Callable[[], datetime],
    ) -> None:
        self.name = spec.name
        self.interval = interval
        self._spec = spec
        self._client = client
        self._overlap = timedelta(seconds=overlap)
        self._page_size = page_size
        self._zone = zone
        self._start = start.astimezone(zone).replace(tzinfo=None) if start and spec.dated else None
        self._now = now

    async def poll(self, mark: Mapping[str, Any] | None) -> AsyncIterator[PollPage]:
        """Pages of rows changed since `mark`. Raises SourceUnavailableError."""
        newest = parse_site_time(mark["at"]) if mark else None
        seen = dict.fromkeys(mark["seen"], newest) if mark and newest else {}
        try:
            names = await self._client.known(self._spec.ido, self._spec.properties or READS[self._spec.ido])
            pages = self._client.pages(
                self._spec.ido, names, self._filter(newest), "RecordDate,RowPointer", self._page_size
            )
            async for page in pages:
                fresh = []
                for row in page.rows:
                    stamp, at = _stamp(row), parse_site_time(row["RecordDate"] or "")
                    if stamp not in seen:
                        seen[stamp] = at
                        fresh.append(row)
                        newest = max(newest or at, at)
                if fresh and newest is not None:
                    yield PollPage(await self._spec.notify(fresh, page), self._mark(newest, seen))
        except IdoRefusedError as error:
            raise SourceUnavailableError(f"polling {self._spec.ido}: {error}", 30.0) from error
        except NotSentError as error:
            raise SourceUnavailableError(f"polling {self._spec.ido}: {error}", error.retry_after) from error
        except (KeyError, ValueError) as error:
            raise SourceUnavailableError(f"polling {self._spec.ido}: unreadable RecordDate: {error}", 30.0) from error

    def _filter(self, newest: datetime | None) -> str:
        parts = [self._spec.where] if self._spec.where else []
        if newest is not None:
            parts.append(f"RecordDate >= {quoted(site_time(newest - self._look_back(newest)))}")
        elif self._start is not None:
            parts.append(f"RecordDate >= {quoted(site_time(self._start))}")
        return " AND ".join(parts)

    def _look_back(self, newest: datetime) -> timedelta:
        """The overlap, and how far the site's clock was put back since the mark (zero outside the autumn change)."""
        then = newest.replace(tzinfo=self._zone, fold=0).utcoffset() or timedelta()
        today = self._now().astimezone(self._zone).utcoffset() or timedelta()
        return self._overlap + max(then - today, timedelta())

    def _mark(self, newest: datetime, seen: Mapping[str, datetime]) -> dict[str, Any]:
        since = newest - self._look_back(newest)
        return {"at": site_time(newest), "seen": [stamp for stamp, at in seen.items() if at >= since][-MAX_SEEN:]}


def _stamp(row: Row) -> str:
    text = f"{row.get('RowPointer')}|{row.get('RecordDate')}".encode()
    return base64.b64encode(hashlib.blake2b(text, digest_size=9).digest()).decode("ascii")
