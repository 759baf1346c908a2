"""Lists of systems that are at work while they are listed."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import pytest

from penstock.connectors.contract import Listed, SourceUnavailableError
from penstock.connectors.listing import PATIENCE, whole

FIRST, SECOND = (Listed("order", number, None, None, {}) for number in ("1", "2"))


class Busy:
    """Breaks its lists off after the first page, each time with the next of `pauses`, then gives them whole."""

    def __init__(self, *pauses: float) -> None:
        self._pauses = list(pauses)

    async def listing(
        self, _entity: str, _since: datetime | None, _until: datetime | None
    ) -> AsyncIterator[Sequence[Listed]]:
        yield [FIRST]
        if self._pauses:
            raise SourceUnavailableError("429 too many requests", self._pauses.pop(0))
        yield [SECOND]


async def test_a_list_that_the_system_breaks_off_is_begun_anew_and_whole() -> None:
    assert await whole(Busy(0.0, 0.0), "order") == [FIRST, SECOND]


async def test_a_system_that_asks_for_more_time_than_there_is_is_not_listed() -> None:
    with pytest.raises(SourceUnavailableError, match="429"):
        await whole(Busy(PATIENCE + 1), "order")
