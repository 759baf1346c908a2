"""Notifications of several poll sets about one document."""

import asyncio

import pytest

from penstock.connectors.contract import Notification
from penstock.ingress.gathering import LARGE, Gathering
from penstock.records.raw import EntityRef, Part

CARRIED = (Part("price", "/prices", 200, "application/json", "2026-02-01T00:00:00Z", b"{}"),)


def note(native_id: str, via: str = "poll:orders", carried: tuple[Part, ...] = ()) -> Notification:
    return Notification(EntityRef("prestashop", "1", "order", native_id), via, carried=carried)


class Log:
    """Keeps what was sent, or refuses it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[str] = []
        self._error = error

    async def send(self, note: Notification) -> None:
        if self._error is not None:
            raise self._error
        self.sent.append(note.ref.native_id)


async def test_a_document_that_shows_in_several_sets_is_sent_once_and_all_sets_wait_for_it() -> None:
    log = Log()
    gathering = Gathering(log.send, seconds=0.01)
    sets = [
        gathering.send([note("41"), note("42")]),
        gathering.send([note("41", "poll:order_payments")]),
        gathering.send([note("41", "poll:order_carriers"), note("43")]),
    ]
    await asyncio.gather(*sets)
    assert sorted(log.sent) == ["41", "42", "43"]


async def test_a_document_that_changes_again_later_is_sent_again() -> None:
    log = Log()
    gathering = Gathering(log.send, seconds=0)
    await gathering.send([note("41")])
    await gathering.send([note("41")])
    assert log.sent == ["41", "41"]


async def test_a_notification_that_carries_a_part_is_sent_for_itself() -> None:
    log = Log()
    gathering = Gathering(log.send, seconds=0.01)
    await asyncio.gather(gathering.send([note("41", carried=CARRIED), note("41")]), gathering.send([note("41")]))
    assert log.sent == ["41", "41"]


async def test_a_page_full_of_documents_does_not_wait() -> None:
    log = Log()
    await asyncio.wait_for(Gathering(log.send, seconds=3600).send([note(str(n)) for n in range(LARGE + 1)]), 5)
    assert len(log.sent) == LARGE + 1


async def test_every_set_hears_that_the_log_refused() -> None:
    gathering = Gathering(Log(OSError("broker gone")).send, seconds=0)
    results = await asyncio.gather(gathering.send([note("41")]), gathering.send([note("42")]), return_exceptions=True)
    assert [type(result) for result in results] == [OSError, OSError]


async def test_a_set_that_is_stopped_does_not_take_the_others_with_it() -> None:
    log = Log()
    gathering = Gathering(log.send, seconds=0.01)
    stopped = asyncio.create_task(gathering.send([note("41")]))
    other = asyncio.create_task(gathering.send([note("42")]))
    await asyncio.sleep(0)
    stopped.cancel()
    await other
    assert sorted(log.sent) == ["41", "42"]
    with pytest.raises(asyncio.CancelledError):
        await stopped


async def test_what_is_dropped_is_not_sent() -> None:
    log = Log()
    gathering = Gathering(log.send, seconds=0.01)
    stopped = asyncio.create_task(gathering.send([note("41")]))
    await asyncio.sleep(0)
    stopped.cancel()
    gathering.drop()
    await gathering.send([note("42")])
    assert log.sent == ["42"]
