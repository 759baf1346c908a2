"""Conformance of every connector: what it makes of answers that go wrong while it reads."""

from __future__ import annotations

import email.utils
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from tests.contract.conformance.desk import Desk, Prepared, Subject
from tests.contract.conformance.wire import HTML, answer, never_arrives, truncated

from penstock.connectors.contract import Source, SourceRefusedError, SourceUnavailableError
from penstock.connectors.http import Api
from penstock.records.raw import EntityRef, RawDocument

Extract = Callable[[], Awaitable[RawDocument | None]]


@pytest.fixture
async def source(reading: Subject, desk: Desk) -> AsyncIterator[Source]:
    made = desk.source()
    yield made
    await made.close()


@pytest.fixture
def extract(reading: Subject, found: Prepared, source: Source) -> Extract:
    """Reads one document anew, with nothing carried along."""
    ref = found.found[next(iter(reading.spec.reads))][0].ref
    return lambda: source.extract(ref, ())


async def unavailable(extract: Extract) -> SourceUnavailableError:
    with pytest.raises(SourceUnavailableError) as raised:
        await extract()
    assert str(raised.value)
    return raised.value


async def test_a_document_is_read_when_all_is_well(desk: Desk, extract: Extract) -> None:
    assert await extract() is not None
    assert not desk.wire.astray


async def test_a_401_renews_the_token_and_repeats_the_call_once(desk: Desk, extract: Extract) -> None:
    desk.wire.fault(answer(401), times=1)
    try:
        document = await extract()
    except SourceUnavailableError as error:
        pytest.fail(f"the call was not repeated: {error}")
    assert document is not None
    assert desk.wire.tokens == 2


async def test_a_401_that_stays_is_an_outage_and_no_loop(desk: Desk, extract: Extract) -> None:
    desk.wire.fault(answer(401))
    await unavailable(extract)
    assert len(desk.wire.asked) - desk.wire.tokens <= 2
    assert desk.wire.tokens <= 2


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_seconds_is_the_wait(desk: Desk, extract: Extract, status: int) -> None:
    desk.wire.fault(answer(status, retry_after="17"))
    assert (await unavailable(extract)).retry_after == 17


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_as_a_date_is_the_wait(desk: Desk, extract: Extract, status: int) -> None:
    desk.wire.fault(answer(status, retry_after=email.utils.formatdate(time.time() + 90, usegmt=True)))
    wait = (await unavailable(extract)).retry_after
    assert wait is not None
    assert 60 < wait <= 90


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_5xx_is_an_outage(desk: Desk, extract: Extract, status: int) -> None:
    desk.wire.fault(answer(status, b"Service Unavailable", content_type="text/plain"))
    await unavailable(extract)


async def test_a_page_of_html_in_place_of_the_answer_is_an_outage(desk: Desk, extract: Extract) -> None:
    desk.wire.fault(HTML)
    await unavailable(extract)


@pytest.mark.parametrize("body", [b"", b"[]]", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"a": 1e999999999}'])
async def test_an_answer_that_nobody_can_read_is_never_a_crash(desk: Desk, extract: Extract, body: bytes) -> None:
    desk.wire.fault(answer(200, body, content_type="application/json"))
    with pytest.raises((SourceUnavailableError, SourceRefusedError)):
        await extract()


async def test_half_an_answer_is_an_outage(desk: Desk, extract: Extract) -> None:
    desk.wire.fault(truncated)
    await unavailable(extract)


async def test_a_connection_that_breaks_is_an_outage(desk: Desk, extract: Extract) -> None:
    desk.wire.fault(never_arrives)
    await unavailable(extract)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_to_another_host_is_not_followed(desk: Desk, extract: Extract, status: int) -> None:
    desk.wire.fault(answer(status, location="http://elsewhere.example/login"))
    await unavailable(extract)
    assert not desk.wire.astray


async def test_after_an_outage_reading_goes_on(desk: Desk, extract: Extract) -> None:
    desk.wire.fault(answer(503))
    await unavailable(extract)
    desk.wire.heal()
    assert await extract() is not None


async def test_an_entity_that_it_does_not_read_is_refused(subject: Subject, desk: Desk) -> None:
    source = desk.source()
    ref = EntityRef(subject.name, source.instance, "no-such-entity", "1")
    with pytest.raises(SourceRefusedError, match="no-such-entity"):
        await source.extract(ref, ())
    assert not desk.wire.asked


async def test_close_closes_every_connection(subject: Subject, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Api] = []
    opened = Api.__init__

    def spy(self: Api, *given: Any, **named: Any) -> None:
        made.append(self)
        opened(self, *given, **named)

    monkeypatch.setattr(Api, "__init__", spy)
    for side in (desk.source(), desk.sink()):
        await side.close()
    assert made
    assert desk.wire.closed == len(made)
