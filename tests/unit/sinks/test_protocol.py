"""The effect protocol against a target in memory: whatever happens to a call, the order is there once."""

from __future__ import annotations

import time

import pytest

from penstock.connectors.contract import CustomerRequest, Hold, Reject, Settled, Wait
from penstock.sinks.model import Effect
from penstock.sinks.progress import Finished, Waiting
from penstock.sinks.protocol import UNKNOWNS_BEFORE_A_PERSON
from tests.unit.sinks.fakes import FakeTarget, Memory, order_item, protocol


def booked(target: FakeTarget, number: str = "A") -> list[int]:
    return [row["line"] for row in target.orders if row["no"] == number]


async def test_an_order_is_booked_and_its_records_are_written_in_the_order_that_a_crash_needs():
    target, memory = FakeTarget(), Memory()
    run, _ = protocol(target, memory)
    assert await run.run(order_item()) == Finished("applied")
    assert booked(target) == [0, 1, 2]
    kinds = [kind for kind, _ in memory.log]
    assert kinds == ["effect-intent", "xref", "fate-applied", "effect-applied", "close"]


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("fault", ["lost-after", "lost-before", "busy"])
async def test_a_fault_at_any_write_books_the_order_once(fault: str, at: int, keyed: bool):
    target, memory = FakeTarget(keyed=keyed, faults=[""] * at + [fault]), Memory()
    run, _ = protocol(target, memory)
    assert await run.run(order_item()) == Finished("applied")
    assert booked(target) == [0, 1, 2]
    assert memory.fates[-1] == ("A-0", "applied")


async def test_every_reply_lost_after_commit_still_books_the_order_once():
    target, memory = FakeTarget(faults=["lost-after"] * 3), Memory()
    run, _ = protocol(target, memory)
    assert await run.run(order_item()) == Finished("applied")
    assert booked(target) == [0, 1, 2]


async def test_the_same_event_again_writes_nothing_and_repeats_its_fate():
    target, memory = FakeTarget(), Memory()
    run, _ = protocol(target, memory)
    await run.run(order_item())
    writes = target.writes
    assert await run.run(order_item()) == Finished("applied")
    assert target.writes == writes
    assert memory.fates == [("A-0", "applied"), ("A-0", "applied")]


async def test_an_older_version_that_comes_late_is_superseded():
    target, memory = FakeTarget(), Memory()
    run, _ = protocol(target, memory)
    await run.run(order_item(offset=5))
    writes = target.writes
    assert await run.run(order_item(offset=3, note="older")) == Finished("superseded")
    assert target.writes == writes


async def test_a_version_with_the_same_content_is_unchanged_and_becomes_the_newest():
    target, memory = FakeTarget(), Memory()
    run, _ = protocol(target, memory)
    await run.run(order_item(offset=1))
    writes = target.writes
    assert await run.run(order_item(offset=4)) == Finished("unchanged")
    assert target.writes == writes
    assert memory.effects["A"].applied_position == "raw.shop.order-0-4"


async def test_a_changed_version_is_applied():
    target, memory = FakeTarget(), Memory()
    run, handler = protocol(target, memory)
    await run.run(order_item(offset=1))
    assert await run.run(order_item(offset=4, note="changed")) == Finished("applied")
    assert handler.tasks[-1].previous is not None


async def test_a_released_record_is_planned_again_although_its_content_is_the_same():
    target, memory = FakeTarget(), Memory()
    run, handler = protocol(target, memory)
    await run.run(order_item(offset=1))
    again = order_item(offset=4)
    again.headers = {"released": "*"}
    await run.run(again)
    assert len(handler.tasks) == 2


async def test_an_open_intent_of_an_earlier_owner_is_waited_for_and_read_back_before_anything_is_sent():
    target, memory = FakeTarget(), Memory()
    target.orders = [{"no": "A", "line": 0}]
    clear = time.monotonic() + 0.15
    memory.effects["A"] = Effect(state="intent", epoch=1, event_id="A-0", position="raw.shop.order-0-0", clear_at=clear)
    run, handler = protocol(target, memory)
    assert await run.run(order_item()) == Finished("applied")
    assert time.monotonic() >= clear
    assert handler.tasks[0].resuming
    assert booked(target) == [0, 1, 2]
    assert target.reads == 3


async def test_a_hold_names_the_reason_and_closes_the_intent():
    target, memory = FakeTarget(faults=["", "refuse"]), Memory()
    run, _ = protocol(target, memory)
    assert await run.run(order_item()) == Finished("held")
    assert ("hold", "Item X is not on file") in memory.log
    assert memory.effects["A"].state == "failed"
    assert memory.effects["A"].sent


async def test_after_a_hold_with_half_an_order_written_the_next_version_resumes_and_does_not_repeat():
    target, memory = FakeTarget(faults=["", "refuse"]), Memory()
    run, handler = protocol(target, memory)
    await run.run(order_item())
    assert await run.run(order_item(offset=2)) == Finished("applied")
    assert handler.tasks[-1].resuming
    assert booked(target) == [0, 1, 2]


async def test_a_wait_leaves_the_record_waiting_and_asks_for_the_customer_once():
    target, memory = FakeTarget(), Memory()
    run, handler = protocol(target, memory)
    handler.decision = Wait("customer", "not there yet", 2.0, CustomerRequest("key", "C", {}))
    item = order_item()
    assert await run.run(item) == Waiting("customer", "not there yet", 2.0)
    await run.run(item)
    assert [entry for entry in memory.log if entry[0] == "request"] == [("request", "key")]
    assert memory.fates == []


async def test_a_reject_is_final():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    handler.decision = Reject("the customer is blocked")
    assert await run.run(order_item()) == Finished("rejected")
    assert memory.fates == [("A-0", "rejected")]


async def test_a_settled_record_has_its_fate_without_an_intent():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    handler.decision = Settled("not-ours", "a phone order")
    assert await run.run(order_item()) == Finished("not-ours")
    assert "effect-intent" not in [kind for kind, _ in memory.log]


async def test_a_hold_from_planning_is_held():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    handler.decision = Hold("ambiguous")
    assert await run.run(order_item()) == Finished("held")


async def test_a_target_that_never_answers_ends_with_a_person_and_the_evidence():
    target, memory = FakeTarget(faults=["lost-before"] * 50), Memory()
    run, _ = protocol(target, memory)
    assert await run.run(order_item()) == Finished("held")
    assert target.writes == UNKNOWNS_BEFORE_A_PERSON
    assert ("A-0", "unknown") in memory.fates
    assert memory.fates[-1] == ("A-0", "held")


async def test_shadow_mode_sends_nothing():
    target, memory = FakeTarget(), Memory()
    run, _ = protocol(target, memory, shadow=True)
    assert await run.run(order_item()) == Finished("not-routed")
    assert target.writes == 0


async def test_a_version_older_than_one_that_waits_is_superseded():
    memory = Memory()
    memory.newer = True
    run, _ = protocol(FakeTarget(), memory)
    assert await run.run(order_item()) == Finished("superseded")


async def test_a_shadowed_order_of_a_new_customer_is_shown_and_asks_for_nothing():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory, shadow=True)
    handler.decision = Wait("customer", "not there yet", 2.0, CustomerRequest("key", "C", {}))
    assert await run.run(order_item()) == Finished("not-routed")
    assert "request" not in [kind for kind, _ in memory.log]


async def test_a_decision_made_without_a_call_does_not_end_an_outage():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    calls = 0
    ended: list[str] = []

    async def succeeded() -> None:
        ended.append("over")

    run._answered = lambda: calls
    run._health.succeeded = succeeded  # type: ignore[method-assign]
    handler.decision = Settled("not-ours", "a phone order")
    await run.run(order_item())
    assert ended == []


async def test_a_write_that_cannot_be_searched_for_is_sent_once_and_listed_for_a_person_with_the_evidence():
    target, memory = FakeTarget(keyed=False, searchable=False, faults=["lost-after"]), Memory()
    run, _ = protocol(target, memory)
    assert await run.run(order_item()) == Finished("held")
    assert booked(target) == [0]
    (held,) = memory.holds.values()
    assert held.rule == "unknown"
    assert "reply lost" in held.reason


async def test_an_open_intent_of_a_write_that_cannot_be_searched_for_is_listed_and_sent_again_only_on_a_release():
    target, memory = FakeTarget(keyed=False, searchable=False), Memory()
    memory.effects["A"] = Effect(state="intent", epoch=1, event_id="A-0", position="raw.shop.order-0-0")
    run, _ = protocol(target, memory)
    assert await run.run(order_item()) == Finished("held")
    assert target.writes == 0
    released = order_item()
    released.headers = {"released": "unknown"}
    assert await run.run(released) == Finished("applied")
    assert booked(target) == [0, 1, 2]
