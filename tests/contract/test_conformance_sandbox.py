"""Conformance of every connector at its sandbox: polls and their marks, documents that are not there, rights."""

from __future__ import annotations

from contextlib import suppress

import orjson
import pytest
from tests.contract.conformance.desk import SEED, Desk, Prepared, Subject, polled
from tests.contract.conftest import OpenDesk

from penstock.connectors.contract import CheckResult, PollSet, Sink, Source, SourceRefusedError
from penstock.records.raw import EntityRef
from penstock.sandbox.serve import load


def test_the_sandbox_starts_and_refuses_options_that_it_does_not_know(subject: Subject) -> None:
    app = load(subject.name, None, SEED, subject.facts.options)
    assert app.sandbox.name == subject.name
    app.sandbox.storage.close()
    with pytest.raises(ValueError, match="no_such_option"):
        load(subject.name, None, SEED, {"no_such_option": 1})


async def test_a_document_that_is_not_there_is_none(reading: Subject, desk: Desk) -> None:
    source = desk.source()
    for entity in reading.spec.reads:
        assert entity in reading.facts.unknown, f"give an id of no {entity} under `unknown`"
        ref = EntityRef(reading.name, source.instance, entity, reading.facts.unknown[entity])
        assert await source.extract(ref, ()) is None, entity
    await source.close()


@pytest.mark.parametrize("odd", ["0", "-1", "a b", "a/b", "a|b", "../../x", "'", "%00", "é", "9" * 400, "1;2", "[1]"])
async def test_an_id_that_no_document_can_have_is_no_crash(reading: Subject, desk: Desk, odd: str) -> None:
    source = desk.source()
    for entity in reading.spec.reads:
        with suppress(SourceRefusedError):
            assert await source.extract(EntityRef(reading.name, source.instance, entity, odd), ()) is None, entity
    await source.close()


async def test_reading_twice_gives_the_same_fingerprint(reading: Subject, found: Prepared, desk: Desk) -> None:
    source = desk.source()
    for entity, (note, first) in found.found.items():
        again = await source.extract(note.ref, note.carried)
        assert again is not None, entity
        assert source.fingerprint(again) == source.fingerprint(first), entity
        assert again.version == first.version, entity
    await source.close()


async def test_a_poll_of_everything_ends_and_leaves_a_mark(reading: Subject, desk: Desk) -> None:
    source = desk.source()
    for poll in source.polls:
        notes, mark = await polled(poll)
        for note in notes:
            assert (note.ref.system, note.ref.instance) == (reading.name, source.instance)
            assert note.ref.entity in reading.spec.reads
            assert note.via == f"poll:{poll.name}"
        assert mark is not None or not notes, f"{poll.name} found something and keeps no mark"
        assert len(orjson.dumps(mark)) < 1_000_000, f"the mark of {poll.name} does not fit on the log"
    await source.close()


async def test_a_second_poll_brings_nothing_but_the_overlap(reading: Subject, desk: Desk) -> None:
    source = desk.source()
    for poll in source.polls:
        first, mark = await polled(poll)
        again, _ = await polled(poll, mark)
        assert {note.ref for note in again} <= {note.ref for note in first}, poll.name
    await source.close()


async def test_a_poll_from_the_mark_finds_what_happened_since(reading: Subject, desk: Desk) -> None:
    assert reading.facts.change, "give an action under `change` that polling finds"
    source = desk.source()
    marks = {poll.name: await polled(poll) for poll in source.polls}
    await desk.act(reading.facts.change)
    new = {
        note.ref
        for poll in source.polls
        for note in (await polled(poll, marks[poll.name][1]))[0]
        if note.ref not in {earlier.ref for earlier in marks[poll.name][0]}
    }
    assert new
    await source.close()


async def test_a_restarted_process_polls_from_the_mark_as_the_first_would(reading: Subject, desk: Desk) -> None:
    first = desk.source()
    marks = {poll.name: (await polled(poll))[1] for poll in first.polls}
    await desk.act(reading.facts.change)
    second = desk.source()
    for poll in first.polls:
        mine = {note.ref for note in (await polled(poll, marks[poll.name]))[0]}
        assert {note.ref for note in (await polled(_named(second, poll), marks[poll.name]))[0]} == mine, poll.name
    await first.close()
    await second.close()


async def test_check_is_all_right_with_full_access(subject: Subject, desk: Desk) -> None:
    for side, implemented in ((desk.source(), subject.spec.reads), (desk.sink(), subject.spec.writes)):
        results = await side.check()
        assert results
        wrong = [f"{result.name}: {result.detail}" for result in results if not result.ok]
        assert not wrong if implemented else all("not implemented" in line for line in wrong) and wrong
        await side.close()


async def test_check_names_the_right_that_is_missing(reading: Subject, open_desk: OpenDesk) -> None:
    lesser = reading.facts.lesser
    assert lesser is not None, "describe access with a right missing under `lesser`"
    desk = open_desk(**lesser.options)
    wanted = [(desk.source(**lesser.settings), lesser.source)]
    if lesser.sink is not None:
        wanted.append((desk.sink(**lesser.settings), lesser.sink))
    for side, name in wanted:
        assert name in "\n".join(_said(result) for result in await side.check() if not result.ok)
        await side.close()


async def test_check_writes_nothing(writing: Subject, desk: Desk) -> None:
    before = _state(desk)
    sink: Sink = desk.sink()
    await sink.check()
    await sink.close()
    assert _state(desk) == before


def _named(source: Source, poll: PollSet) -> PollSet:
    return next(other for other in source.polls if other.name == poll.name)


def _said(result: CheckResult) -> str:
    return f"{result.name}: {result.detail}"


def _state(desk: Desk) -> dict[str, bytes]:
    """All rows of the sandbox but its tokens and its log."""
    kept = {name: read() for name, read in desk.app.sandbox.collections.items() if name != "tokens"}
    return {name: orjson.dumps(rows, default=str) for name, rows in kept.items()}
