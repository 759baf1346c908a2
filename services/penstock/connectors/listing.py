"""What the listings of all connectors share: a window of time on a system's own clock, and each document once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Protocol

from penstock.connectors.budget import backfill
from penstock.connectors.contract import Listed, SourceUnavailableError

PATIENCE = 120.0
"""Seconds for which a system that has no time is asked again: who is listed is also at work."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
NEAR = timedelta(hours=3)
"""No zone puts its clock back further than this at once."""


@dataclass(frozen=True, slots=True)
class Window:
    """[since, until), both aware; None is open."""

    since: datetime | None
    until: datetime | None

    def holds(self, moment: datetime) -> bool:
        return (self.since is None or self.since <= moment) and (self.until is None or moment < self.until)

    def local(self, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
        """Naive local times that no moment of the window lies outside of, also where the clock is put back in it."""
        since = self.since and _naive(self.since, zone) - _put_back(self.since, self.since + NEAR, zone)
        until = self.until and _naive(self.until, zone) + _put_back(self.until - NEAR, self.until, zone)
        return since, until

    def moment(self, local: datetime, zone: tzinfo) -> datetime | None:
        """The moment of a naive local time that lies in the window, the earlier one where both of an hour that comes
        twice do; None when it lies outside.
        """
        readings = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        return next((reading for reading in readings if self.holds(reading)), None)


def _naive(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _put_back(before: datetime, after: datetime, zone: tzinfo) -> timedelta:
    """How far the clock is put back between two moments; zero when it is not."""
    then, now = (moment.astimezone(zone).utcoffset() or timedelta() for moment in (before, after))
    return max(then - now, timedelta())


async def once(pages: AsyncIterator[Sequence[Listed]]) -> AsyncIterator[Sequence[Listed]]:
    """The pages, read as backfill, without what an earlier one held: a row that moves between pages shows twice.

    A row that cannot be read raises SourceUnavailableError: a listing is whole, or it is none.
    """
    seen: set[str] = set()
    while True:
        with backfill():  # around the read alone: what the caller does between pages is its own
            try:
                page = await anext(pages)
            except StopAsyncIteration:
                return
            except (KeyError, TypeError, ValueError, ArithmeticError) as error:
                raise SourceUnavailableError(f"a listed row cannot be read: {type(error).__name__} {error}") from error
        fresh = list({row.native_id: row for row in page if row.native_id not in seen}.values())
        seen.update(row.native_id for row in fresh)
        if fresh:
            yield fresh


class Lister(Protocol):
    """The part of a source that is asked."""

    def listing(
        self, entity: str, since: datetime | None, until: datetime | None
    ) -> AsyncIterator[Sequence[Listed]]: ...


async def whole(
    source: Lister, entity: str, since: datetime | None = None, until: datetime | None = None
) -> list[Listed]:
    """All that a source lists, begun anew when the system breaks it off.

    Raises SourceRefusedError, and SourceUnavailableError after PATIENCE seconds.
    """
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + PATIENCE, _FIRST_PAUSE
    while True:
        try:
            return [each async for page in source.listing(entity, since, until) for each in page]
        except SourceUnavailableError as error:
            after = pause if error.retry_after is None else error.retry_after
            if loop.time() + after > deadline:
                raise
        await asyncio.sleep(after)
        pause = min(2 * pause, _LONGEST_PAUSE)


def facts(**shown: str | Decimal) -> dict[str, str]:
    """`Listed.facts`: numbers without exponent and trailing zeros.

    >>> facts(currency="EUR", total=Decimal("120.50"))
    {'currency': 'EUR', 'total': '120.5'}
    """
    return {name: f"{value.normalize():f}" if isinstance(value, Decimal) else value for name, value in shown.items()}
