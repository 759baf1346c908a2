"""A sink whose view of the log grows old ends itself."""

import asyncio

import pytest

from penstock.log.loader import LoaderError
from penstock.sinks.main import follow


class Stopped:
    def caught_up(self) -> bool:
        raise LoaderError("demand has stopped")


class Following:
    def caught_up(self) -> bool:
        return True


async def test_a_loader_that_has_stopped_ends_the_service():
    with pytest.raises(LoaderError, match="demand"):
        await asyncio.wait_for(follow([Following(), Stopped()], asyncio.Event()), 5)  # type: ignore[list-item]


async def test_nothing_is_followed_after_the_stop():
    stop = asyncio.Event()
    stop.set()
    await asyncio.wait_for(follow([Stopped()], stop), 5)  # type: ignore[list-item]
