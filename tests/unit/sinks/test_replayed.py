"""What a sink does with what a replay sends: compared for real, never instead of a newer word, never doubled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from penstock.connectors.contract import Hold, Settled
from penstock.log.headers import Position
from penstock.log.kafka import KafkaSettings
from penstock.log.replays import REPLAY, RESYNC, replayed
from penstock.sinks.model import Entry, Item, outranks
from penstock.sinks.progress import Finished
from penstock.sinks.state import SinkState
from tests.unit.sinks.fakes import FakeTarget, Memory, order_item, protocol

FIRST, SECOND = "20260304T090600Z0000", "20260304T090601Z0000"


def again(item: Item, run: str, *, resync: bool, **record: Any) -> Item:
    """The same version of a document, sent once more by a run."""
    made = order_item(offset=item.position.offset, event=replayed(item.event_id, run), **record)
    return replace(made, headers={REPLAY: run} | ({RESYNC: run} if resync else {}))


def lines(target: FakeTarget) -> list[int]:
    return sorted(row["line"] for row in target.orders)


async def test_a_resync_writes_what_the_target_has_lost_and_nothing_else():
    target, memory = FakeTarget(), Memory()
    run, handler = protocol(target, memory)
    await run.run(item := order_item())
    target.orders = [row for row in target.orders if row["line"] != 1]
    writes = target.writes
    assert await run.run(again(item, FIRST, resync=True)) == Finished("applied")
    assert handler.tasks[-1].resync
    assert (lines(target), target.writes - writes) == ([0, 1, 2], 1)


async def test_a_resync_of_what_the_target_has_writes_nothing_and_is_unchanged():
    target, memory = FakeTarget(), Memory()
    run, _ = protocol(target, memory)
    await run.run(item := order_item())
    writes = target.writes
    for name in (FIRST, SECOND):
        assert await run.run(again(item, name, resync=True)) == Finished("unchanged")
    assert target.writes == writes
    assert memory.fates == [
        (item.event_id, "applied"),
        (replayed(item.event_id, FIRST), "unchanged"),
        (replayed(item.event_id, SECOND), "unchanged"),
    ]


async def test_the_links_of_a_document_outlive_a_resync_that_finds_it_as_it_was():
    target, memory = FakeTarget(), Memory()
    run, _ = protocol(target, memory)
    await run.run(item := order_item())
    links = memory.effects["A"].links
    await run.run(again(item, FIRST, resync=True))
    assert memory.effects["A"].links == links != []


async def test_a_resync_that_is_delivered_twice_is_done_once():
    target, memory = FakeTarget(), Memory()
    run, handler = protocol(target, memory)
    await run.run(item := order_item())
    target.orders.clear()
    await run.run(again(item, FIRST, resync=True))
    planned = len(handler.tasks)
    assert await run.run(again(item, FIRST, resync=True)) == Finished("applied")
    assert len(handler.tasks) == planned


@pytest.mark.parametrize("resync", [True, False])
async def test_a_replay_of_an_older_version_never_overwrites_a_newer_one(resync: bool):
    target, memory = FakeTarget(), Memory()
    run, handler = protocol(target, memory)
    await run.run(old := order_item(offset=1))
    await run.run(order_item(offset=2, v=2))
    planned = len(handler.tasks)
    assert await run.run(again(old, FIRST, resync=resync)) == Finished("superseded")
    assert len(handler.tasks) == planned


async def test_a_record_that_is_mapped_anew_is_applied_over_the_same_version():
    target, memory = FakeTarget(), Memory()
    run, handler = protocol(target, memory)
    await run.run(item := order_item())
    await run.run(again(item, SECOND, resync=False, tax="corrected"))
    assert handler.tasks[-1].record["tax"] == "corrected"
    assert not handler.tasks[-1].resync


async def test_what_an_earlier_run_has_mapped_does_not_come_back_after_a_later_one():
    target, memory = FakeTarget(), Memory()
    run, _ = protocol(target, memory)
    await run.run(item := order_item())
    await run.run(again(item, SECOND, resync=False, tax="corrected"))
    assert await run.run(again(item, FIRST, resync=False, tax="wrong")) == Finished("superseded")
    assert await run.run(item) == Finished("superseded")


async def test_a_resync_yields_to_what_waits_or_is_held():
    target, memory = FakeTarget(), Memory()
    run, handler = protocol(target, memory)
    await run.run(item := order_item())
    memory.newer = True
    planned = len(handler.tasks)
    assert await run.run(again(item, FIRST, resync=True)) == Finished("superseded")
    assert len(handler.tasks) == planned


async def test_what_differs_and_must_not_be_written_is_held_by_a_resync_too():
    target, memory = FakeTarget(), Memory()
    run, handler = protocol(target, memory)
    await run.run(item := order_item())
    handler.decision = Hold("a clerk has shipped more")
    assert await run.run(again(item, FIRST, resync=True)) == Finished("held")
    handler.decision = Settled("unchanged", "it agrees")


async def test_a_resync_whose_reply_is_lost_looks_before_it_sends_again():
    target, memory = FakeTarget(keyed=False), Memory()
    run, _ = protocol(target, memory)
    await run.run(item := order_item())
    target.orders.clear()
    target.faults = ["lost-after"]
    assert await run.run(again(item, FIRST, resync=True)) == Finished("applied")
    assert lines(target) == [0, 1, 2]


def test_a_resync_leaves_an_entry_of_its_version_and_a_corrected_record_takes_its_place():
    item = order_item(offset=5)
    corrected, compared = again(item, FIRST, resync=False), again(item, FIRST, resync=True)
    assert corrected.replaces(item.position, item.event_id)
    assert not corrected.yields_to(item.position, item.event_id)
    assert compared.yields_to(item.position, item.event_id)
    assert not compared.replaces(item.position, item.event_id)
    older = Position("raw.shop.order", 0, 4)
    assert compared.replaces(older, "A-4")
    assert not compared.yields_to(compared.position, compared.event_id), "its own entry"


def test_places_that_cannot_be_compared_are_no_reason_to_call_either_old():
    one, other = Position("raw.shop.order", 0, 9), Position("raw.shop.order", 3, 1)
    assert outranks(one, "a", other, "b")
    assert outranks(other, "b", one, "a")


def test_of_two_holds_of_one_version_that_of_the_later_run_stays():
    state = SinkState(KafkaSettings(), "infor", "DALS")
    for event in ("A-5", replayed("A-5", FIRST)):
        again_of = {"headers": {"raw": "raw.shop.order-0-5"}}
        data = {"entity": "order", "canonical_id": "A", "event_id": event, "republish": again_of}
        state.put_entry(Entry("hold", event, 0, data))
    assert [entry.event_id for entry in state.superseded_holds()] == ["A-5"]
