"""What all listings share: windows on a system's own clock, and each document once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from penstock.connectors import budget
from penstock.connectors.contract import Listed, SourceUnavailableError
from penstock.connectors.listing import Window, once

PARIS = ZoneInfo("Europe/Paris")
HOUR = timedelta(hours=1)
CLOCK_BACK = datetime(2025, 10, 26, 1, tzinfo=UTC)  # 03:00 summer time becomes 02:00
HALF_PAST_TWO = datetime(2025, 10, 26, 2, 30)  # noqa: DTZ001 - the shop names no zone


def local(moment: datetime) -> datetime:
    return moment.astimezone(PARIS).replace(tzinfo=None, fold=0)


@pytest.mark.parametrize("length", [timedelta(minutes=20), HOUR, 5 * HOUR])
@pytest.mark.parametrize("start", [CLOCK_BACK + minutes * timedelta(minutes=1) for minutes in range(-150, 150, 7)])
def test_no_moment_of_a_window_lies_outside_of_its_local_times(start: datetime, length: timedelta) -> None:
    window = Window(start, start + length)
    low, high = window.local(PARIS)
    assert low is not None
    assert high is not None
    for seconds in range(0, int(length.total_seconds()), 97):
        moment = start + timedelta(seconds=seconds)
        assert low <= local(moment) <= high
        assert window.moment(local(moment), PARIS) is not None, "a document of the window is listed in it"


def test_a_time_of_the_repeated_hour_is_in_both_windows_that_it_may_belong_to() -> None:
    first, second = CLOCK_BACK - HOUR / 2, CLOCK_BACK + HOUR / 2
    assert Window(CLOCK_BACK - HOUR, CLOCK_BACK).moment(HALF_PAST_TWO, PARIS) == first
    assert Window(CLOCK_BACK, CLOCK_BACK + HOUR).moment(HALF_PAST_TWO, PARIS) == second
    assert Window(None, None).moment(HALF_PAST_TWO, PARIS) == first
    assert Window(CLOCK_BACK + HOUR, None).moment(HALF_PAST_TWO, PARIS) is None


def test_the_end_of_a_window_is_not_in_it() -> None:
    noon = datetime(2025, 3, 4, 12, tzinfo=UTC)
    assert Window(noon, noon + HOUR).holds(noon)
    assert not Window(noon, noon + HOUR).holds(noon + HOUR)
    assert Window(noon, None).local(PARIS) == (datetime(2025, 3, 4, 13), None)  # noqa: DTZ001


async def pages(*shown: Sequence[str]) -> AsyncIterator[Sequence[Listed]]:
    for page in shown:
        backfilling.append(budget._backfilling.get())
        yield [Listed("order", native_id) for native_id in page]


backfilling: list[bool] = []


async def test_a_document_that_shows_twice_is_listed_once() -> None:
    found = [[row.native_id for row in page] async for page in once(pages("ab", "bc", "ab", "", "dd"))]
    assert found == [["a", "b"], ["c"], ["d"]]


async def test_pages_are_read_as_backfill_and_what_the_caller_does_between_them_is_not() -> None:
    backfilling.clear()
    async for _ in once(pages("a", "b")):
        assert budget._backfilling.get() is False
    assert backfilling == [True, True]


async def test_a_row_that_cannot_be_read_is_an_outage_and_no_gap() -> None:
    async def broken() -> AsyncIterator[Sequence[Listed]]:
        yield [Listed("order", "41")]
        raise KeyError("id")

    listing = once(broken())
    await anext(listing)
    with pytest.raises(SourceUnavailableError, match="KeyError 'id'"):
        await anext(listing)
