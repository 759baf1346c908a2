"""What the listings of all connectors share: a window of time on a system's own clock, and each document once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from penstock.connectors.budget import backfill
from penstock.connectors.contract import Listed, SourceUnavailableError

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


def facts(**shown: str | Decimal) -> dict[str, str]:
    """`Listed.facts`: numbers without exponent and trailing zeros.

    >>> facts(currency="EUR", total=Decimal("120.50"))
    {'currency': 'EUR', 'total': '120.5'}
    """
    return {name: f"{value.normalize():f}" if isinstance(value, Decimal) else value for name, value in shown.items()}
