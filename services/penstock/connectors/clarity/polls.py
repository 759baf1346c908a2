"""Polling for changes with `updatedSince` (systems/clarity.md 3.4), behind the events."""

from __future__ import annotations

import email.utils
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from penstock.connectors.clarity.client import Listing, Row, Shop
from penstock.connectors.clarity.errors import RefusedError
from penstock.connectors.clarity.pages import changed, parsed, written
from penstock.connectors.contract import Notification, PollPage, SourceUnavailableError
from penstock.connectors.http import NotSentError, Reply
from penstock.records.raw import EntityRef

MOST_REMEMBERED = 5000
REFUSED_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Changes:
    """One list, and the document that a changed row speaks of (None: none of ours)."""

    path: Callable[[Shop], str]
    document: Callable[[Row], tuple[str, str] | None]
    dated: bool = False
    """First run from the flow's start (orders) instead of the beginning."""


def _own(entity: str, prefix: str = "") -> Callable[[Row], tuple[str, str]]:
    return lambda row: (entity, f"{prefix}{row['id']}")


def person(user: Row) -> tuple[str, str]:
    """A user of a company is part of its account's document."""
    account = user.get("accountId")
    return "customer", f"account-{account}" if account is not None else f"user-{user['id']}"


SETS: Mapping[str, Changes] = {
    "orders": Changes(lambda shop: shop.paths.orders, _own("order"), dated=True),
    "accounts": Changes(lambda shop: shop.paths.accounts, _own("customer", "account-")),
    "users": Changes(lambda shop: shop.paths.users, person),
    "products": Changes(lambda shop: shop.paths.products, _own("product")),
}
"""By the name of the poll set, which is its key among the stored positions: never rename one."""


class ClarityPoll:
    """A `PollSet`. The mark is `{"at": newest change time, "seen": {id: [change time, version]}}`, of the shop's own
    times only; what changed within the overlap before it is read again, and notified once per version.
    """

    def __init__(self, name: str, shop: Shop, changes: Changes) -> None:
        settings = shop.settings
        self.name = name
        self.interval = settings.interval(name)
        self._shop = shop
        self._changes = changes
        self._overlap = timedelta(seconds=settings.poll_overlap)
        self._start = _moment(settings.start) if changes.dated else None

    async def poll(self, mark: Mapping[str, Any] | None) -> AsyncIterator[PollPage]:
        """Raises SourceUnavailableError."""
        at = parsed(mark["at"]) if mark else None
        seen: dict[str, list[str]] = dict(mark["seen"]) if mark else {}
        try:
            async for page in changed(
                self._shop, self._changes.path(self._shop), at - self._overlap if at else self._start
            ):
                fresh = []
                for row in page.rows:
                    native_id, stamp = str(row["id"]), [str(row["updatedDate"]), str(row.get("version"))]
                    if seen.get(native_id) != stamp:
                        seen[native_id] = stamp
                        fresh.append(row)
                if not fresh:
                    continue
                at = max(filter(None, (at, _newest(page))))
                seen = _within(seen, at - self._overlap)
                yield PollPage(self._notes(fresh), {"at": written(at), "seen": seen})
        except RefusedError as error:
            raise SourceUnavailableError(str(error), REFUSED_PAUSE) from error
        except NotSentError as error:
            raise SourceUnavailableError(str(error), error.retry_after) from error
        except (KeyError, TypeError, ValueError) as error:
            raise SourceUnavailableError(f"polling {self.name}: a row without readable id and updatedDate") from error

    def _notes(self, rows: list[Row]) -> list[Notification]:
        instance = self._shop.settings.instance
        named = dict.fromkeys(found for row in rows if (found := self._changes.document(row)) is not None)
        return [Notification(EntityRef("clarity", instance, *found), f"poll:{self.name}") for found in named]


def _newest(page: Listing) -> datetime:
    """The newest change, but not past the shop's present: a row dated in the future would hide all until then."""
    newest = max(parsed(row["updatedDate"]) for row in page.rows)
    present = _present(page.reply)
    return min(newest, present) if present is not None else newest


def _present(reply: Reply) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(reply.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return None


def _within(seen: Mapping[str, list[str]], horizon: datetime) -> dict[str, list[str]]:
    """The rows that the next poll reads again; of too many, the newest."""
    kept = [(native_id, stamp) for native_id, stamp in seen.items() if parsed(stamp[0]) >= horizon]
    kept.sort(key=lambda entry: parsed(entry[1][0]))
    return dict(kept[-MOST_REMEMBERED:])


def _moment(value: date | datetime | None) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return None if value is None else datetime(value.year, value.month, value.day, tzinfo=UTC)
