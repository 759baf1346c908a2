"""Holds: what they say, what was sent before them, and how they end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.connectors.contract import CustomerRequest, Done, Hold, Link, Notice, Plan, Settled, Step, Wait
from penstock.connectors.http import LostReplyError
from penstock.mapping.errors import MappingError
from penstock.sinks.model import Item
from penstock.sinks.progress import Finished, Waiting
from tests.unit.sinks.fakes import FakeTarget, Memory, order_item, protocol

SHORT = Hold("2 of 5 X-1 are there", "stock", (("ordered", "5"), ("there", "2")), clears_on="stock", after=60.0)
OVER = Hold("over the limit", "credit", (("limit", "100.00"), ("order", "120.00")), clears_on="credit", after=30.0)


async def test_a_hold_that_clears_by_itself_says_on_what_and_when_it_is_tried_again():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    handler.decision = OVER
    assert await run.run(order_item()) == Finished("held", "credit", "over the limit", 30.0)
    assert memory.holds == {"A-0": OVER}
    assert memory.alerts == [(Notice("held", "over the limit"), "credit")]


async def test_a_hold_that_is_tried_again_in_vain_writes_nothing():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    handler.decision = OVER
    item = order_item()
    await run.run(item)
    written = len(memory.log)
    assert (await run.run(item)).state == "held"  # type: ignore[union-attr]
    assert [kind for kind, _ in memory.log[written:]] == []
    assert len(memory.alerts) == 1


async def test_a_hold_whose_sum_has_changed_is_said_anew_and_alerts_nobody_twice():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    handler.decision = OVER
    item = order_item()
    await run.run(item)
    handler.decision = Hold("over the limit", "credit", (("limit", "110.00"), ("order", "120.00")), clears_on="credit")
    await run.run(item)
    assert memory.holds["A-0"] == handler.decision
    assert memory.fates == [("A-0", "held"), ("A-0", "held")]
    assert len(memory.alerts) == 1


async def test_a_hold_for_another_rule_is_another_alert():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    item = order_item()
    for handler.decision in (OVER, SHORT):
        await run.run(item)
    assert [rule for _, rule in memory.alerts] == ["credit", "stock"]


async def test_a_hold_that_clears_is_applied_and_closed():
    target, memory = FakeTarget(), Memory()
    run, handler = protocol(target, memory)
    handler.decision = OVER
    item = order_item()
    await run.run(item)
    handler.decision = None
    assert await run.run(item) == Finished("applied")
    assert memory.holds == {}
    assert memory.fates[-1] == ("A-0", "applied")


async def test_what_was_sent_before_a_hold_has_its_link_at_once_so_that_its_shipments_find_the_order():
    target, memory = FakeTarget(hold=SHORT), Memory()
    run, _ = protocol(target, memory)
    assert (await run.run(order_item())).state == "held"  # type: ignore[union-attr]
    assert ("xref", ["A"]) in memory.log
    effect = memory.effects["A"]
    assert (effect.state, effect.sent, effect.native_id, effect.links) == ("failed", True, "A", [["order", "A", "A"]])


async def test_the_rest_of_a_partial_order_is_sent_later_and_the_first_part_not_again():
    target, memory = FakeTarget(keyed=False, hold=SHORT), Memory()
    run, handler = protocol(target, memory)
    item = order_item()
    await run.run(item)
    assert (await run.run(item)).state == "held"  # type: ignore[union-attr]
    target.hold = None
    assert await run.run(item) == Finished("applied")
    assert handler.tasks[-1].resuming
    assert [row["line"] for row in target.orders] == [0, 1, 2]


async def test_a_hold_that_is_tried_again_in_vain_does_not_renew_the_time_of_its_booking():
    target, memory = FakeTarget(keyed=False, hold=SHORT), Memory()
    run, _ = protocol(target, memory)
    for _ in range(3):
        await run.run(order_item())
    assert [told for kind, told in memory.log if kind == "xref"] == [["A"]]
    await run.run(order_item(offset=1))
    assert [told for kind, told in memory.log if kind == "xref"] == [["A"], ["A"]], "another version says it anew"


async def test_a_hold_in_planning_keeps_what_an_earlier_try_has_sent():
    target, memory = FakeTarget(hold=SHORT), Memory()
    run, handler = protocol(target, memory)
    item = order_item()
    await run.run(item)
    handler.decision = OVER
    await run.run(item)
    effect = memory.effects["A"]
    assert (effect.sent, effect.native_id, effect.links) == (True, "A", [["order", "A", "A"]])


async def test_a_planned_number_is_no_link_as_long_as_nothing_was_written():
    target, memory = FakeTarget(faults=["refuse"]), Memory()
    run, _ = protocol(target, memory)
    await run.run(order_item())
    assert "xref" not in [kind for kind, _ in memory.log]


async def test_an_intent_of_a_try_that_ends_in_the_same_hold_is_closed():
    target, memory = FakeTarget(hold=SHORT), Memory()
    run, _ = protocol(target, memory)
    item = order_item()
    await run.run(item)
    await run.run(item)
    assert memory.effects["A"].state == "failed"
    assert len(memory.alerts) == 1


async def test_a_held_customer_is_refused_to_its_order_and_waits_nowhere():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    run._sink.handlers["customer-request"] = handler  # type: ignore[index]
    handler.decision = OVER
    item = order_item()
    item.entity = "customer-request"
    assert await run.run(item) == Finished("held")
    assert ("refused", "over the limit") in memory.log
    assert memory.holds == {}


async def test_a_handler_sees_policies_waived_rules_and_fields_of_another_master():
    def policies(item: Item) -> Mapping[str, Any]:
        return {"credit": "check" if item.record["id"] == "A" else "ignore"}

    def not_ours(item: Item) -> frozenset[str]:
        return frozenset({"price"}) if item.entity == "order" else frozenset()

    memory = Memory()
    run, handler = protocol(FakeTarget(), memory, policies_of=policies, not_ours_of=not_ours)
    item = order_item()
    item.headers = {"released": "credit,stock"}
    await run.run(item)
    task = handler.tasks[0]
    assert (task.policies, task.not_ours) == ({"credit": "check"}, {"price"})
    assert [task.waives(rule) for rule in ("credit", "stock", "customer-match")] == [True, True, False]


async def test_a_policy_that_cannot_be_computed_is_a_hold_of_the_mapping():
    def policies(_item: Item) -> Mapping[str, Any]:
        raise MappingError("policies.credit: no such name")

    memory = Memory()
    run, _ = protocol(FakeTarget(), memory, policies_of=policies)
    assert await run.run(order_item()) == Finished("held")
    assert memory.holds["A-0"].rule == "mapping"


async def test_fields_that_were_left_as_the_target_has_them_are_named_in_fate_and_audit():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    told: list[str] = []

    async def fate(item: Item, state: str, reason: str, native_id: str | None = None) -> None:
        told.append(f"{state}: {reason}")

    run._journal.fate = fate  # type: ignore[method-assign]
    handler.decision = Settled("unchanged", "nothing of ours differs", kept=("price", "description"))
    await run.run(order_item())
    assert told == ["unchanged: nothing of ours differs; left as the target has them: description, price"]
    assert ("left", ["description", "price"]) in memory.log


SHORT_OF_X = Notice("back-order", "3 X-1 are on back order")


async def test_notices_of_a_write_that_succeeded_become_alerts():
    async def send(window: Any) -> Done:
        return Done("A", kept=("price",))

    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    handler.decision = Plan([Step("header", "absolute", send)], notices=(SHORT_OF_X,))
    assert await run.run(order_item()) == Finished("applied")
    assert memory.alerts == [(SHORT_OF_X, "")]
    assert ("left", ["price"]) in memory.log
    assert memory.effects["A"].reason == "left as the target has them: price"


async def test_a_notice_survives_a_lost_reply_and_a_killed_process():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)

    async def lost(window: Any) -> Done:
        handler.decision = Hold("the process is killed here")
        raise LostReplyError("reset after the target saw it")

    handler.decision = Plan([Step("header", "absolute", lost)], notices=(SHORT_OF_X,))
    await run.run(order_item())
    assert memory.alerts == [(Notice("held", "the process is killed here"), "target")]

    async def there(window: Any) -> Done:
        return Done("A")

    run, handler = protocol(FakeTarget(), memory)
    handler.decision = Plan([Step("header", "absolute", there)])
    assert await run.run(order_item()) == Finished("applied")
    assert memory.alerts[1:] == [(SHORT_OF_X, "")]
    assert memory.effects["A"].notices == []


async def test_links_of_a_step_are_written_with_a_later_hold():
    async def send(window: Any) -> Done:
        return Done("A", links=(Link("shipment", "S", "7"),))

    async def held(window: Any) -> Hold:
        return SHORT

    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    handler.decision = Plan([Step("first part", "absolute", send), Step("remainder", "absolute", held)])
    await run.run(order_item())
    assert ("xref", ["7", "A"]) in memory.log


async def test_a_hold_that_turns_into_a_wait_waits():
    memory = Memory()
    run, handler = protocol(FakeTarget(), memory)
    handler.decision = OVER
    item = order_item()
    await run.run(item)
    handler.decision = Wait("customer", "not there yet", 2.0, CustomerRequest("key", "C", {}))
    assert await run.run(item) == Waiting("customer", "not there yet", 2.0)
