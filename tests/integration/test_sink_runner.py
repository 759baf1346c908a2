"""The sink runner on a real log: what is on it afterwards, and in the target."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson
import pytest
from tests.integration.sink_world import World, booked_once, until
from tests.unit.sinks.fakes import FakeTarget, OrderHandler

from penstock.cli.status import outages
from penstock.connectors.contract import Decision, Hold, Task, Wait
from penstock.log.alerts import of_target
from penstock.log.kafka import KafkaSettings, producer
from penstock.log.pauses import pause_key
from penstock.log.scan import Record, scan
from penstock.log.topics import Topic
from penstock.sinks.letters import Letters
from penstock.sinks.runner import TICK

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.topics(
        *("canonical.order", "customer-request.infor", "effect.infor", "parked.infor", "hold", "fate", "dlq.*"),
        *("xref.*", "alert", "audit", "control", "route"),
    ),
]
ORDERS = [f"order-{number}" for number in range(20)]


@pytest.fixture
def world(kafka: KafkaSettings, topics: Sequence[Topic]) -> World:
    return World(kafka)


async def test_every_order_is_booked_once_and_has_its_fate(world: World):
    target = FakeTarget(faults=["lost-after", "busy", "lost-before", "", "lost-after"])
    await world.send(ORDERS)
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.settled.get("applied") == len(ORDERS))
    assert booked_once(target, ORDERS)
    assert world.fates() == {f"{order}-v1": "applied" for order in ORDERS}


async def test_a_new_runner_does_not_repeat_what_is_committed_or_applied(world: World):
    target = FakeTarget()
    await world.send(ORDERS)
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.settled.get("applied") == len(ORDERS))
    writes = target.writes
    await world.send(ORDERS)
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.settled.get("applied") == len(ORDERS))
    assert target.writes == writes
    assert booked_once(target, ORDERS)


async def test_a_late_write_of_a_fenced_owner_is_overwritten_once_under_our_own_epoch(world: World):
    target = FakeTarget()
    await world.send(["A"])
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.settled.get("applied") == 1)
    topic = world.settings.topic("effect.infor")

    def written() -> list[Record]:
        return [each for each in scan(world.settings, topic) if each.key == b"1:order:A" and each.value]

    last = written()[-1]
    before = len(written())
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.ready)
        client = producer(world.settings)
        client.produce(topic, last.value, key=last.key, partition=last.partition)
        client.flush(10)
        await until(lambda: len(written()) == before + 2)
        await asyncio.sleep(5 * TICK)
        assert len(written()) == before + 2
        assert orjson.loads(written()[-1].value or b"")["epoch"] == runner.state.epoch(last.partition)


async def test_a_record_that_waits_is_parked_and_applied_by_the_next_runner_when_its_condition_holds(world: World):
    target = FakeTarget()
    waiting = OrderHandler(target)
    waiting.decision = Wait("item", "item APR-SND is not in the shop", 0.1)
    await world.send(["A"])
    async with world.runner(waiting, patience=0.3):
        await until(lambda: len(world.entries("parked.infor")) == 1)
    assert world.fates() == {"A-v1": "waiting"}
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.settled.get("applied") == 1)
    assert world.fates() == {"A-v1": "applied"}
    assert world.entries("parked.infor") == {}


async def test_a_waiting_record_that_is_woken_by_many_is_tried_once_and_comes_to_an_end(
    world: World, kafka: KafkaSettings
):
    waiting = OrderHandler(FakeTarget())
    waiting.decision = Wait("customer", "customer of A is not there", 60)
    await world.send(["A"])
    async with world.runner(waiting) as runner:
        await until(lambda: runner.waiting == 1)
        waiting.decision = None
        waiter = next(iter(runner._waiters))
        await asyncio.gather(*(runner._retry(waiter) for _ in range(5)))
        assert (runner.settled, runner.under_way) == ({"applied": 1}, 0)
    assert len(list(scan(kafka, kafka.topic("fate")))) == 1


async def test_an_event_that_is_on_the_log_twice_and_waits_leaves_nothing_under_way(world: World):
    waiting = OrderHandler(FakeTarget())
    waiting.decision = Wait("item", "item APR-SND is not in the shop", 0.1)
    await world.send(["A", "A"])
    async with world.runner(waiting) as runner:
        await until(lambda: [waiter.item.offset for waiter in runner._waiters] == [1])
        waiting.decision = None
        await until(lambda: bool(runner.settled))
        assert (runner.under_way, runner.waiting) == (0, 0)
    assert world.fates() == {"A-v1": "applied"}


async def test_a_hold_that_clears_by_itself_is_tried_again_also_by_the_next_runner_and_closed(world: World):
    target = FakeTarget(hold=Hold("2 of 5 are there", "stock", (("there", "2"),), clears_on="stock", after=0.2))
    await world.send(["A"])
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.settled.get("held", 0) >= 3)
        assert (runner.under_way, runner.waiting) == (0, 1)
    (entry,) = world.entries("hold").values()
    assert (entry["rule"], entry["arithmetic"], entry["clears_on"]) == ("stock", [["there", "2"]], "stock")
    assert world.fates() == {"A-v1": "held"}
    assert len([each for each in world.fate_records() if each == "A-v1"]) == 1
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.ready)
        target.hold = None
        await until(lambda: runner.settled.get("applied") == 1)
    assert world.fates() == {"A-v1": "applied"}
    assert world.entries("hold") == {}
    assert booked_once(target, ["A"])


async def test_a_hold_that_a_person_has_rejected_is_not_tried_again(world: World):
    target = FakeTarget(hold=Hold("2 of 5 are there", "stock", clears_on="stock", after=0.2))
    await world.send(["A"])
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: len(world.entries("hold")) == 1)
        (record,) = list(scan(world.settings, world.settings.topic("hold")))
        client = producer(world.settings)
        client.produce(world.settings.topic("hold"), key=record.key, value=None, partition=record.partition)
        client.flush()
        await until(lambda: runner.waiting == 0)
        target.hold = None
    assert world.entries("hold") == {}
    assert len(target.orders) == 2


async def test_a_newer_version_closes_the_fate_of_a_dead_letter(world: World):
    target = FakeTarget(faults=["boom"])
    await world.send(["A"])
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.settled.get("parked") == 1)
        await world.send(["A"], version=2)
        await until(lambda: runner.settled.get("applied") == 1)
    assert world.fates() == {"A-v1": "superseded", "A-v2": "applied"}


async def test_a_newer_version_does_not_wait_for_the_log_to_show_the_dead_letter(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Letters, "take", lambda _self, _messages: None)
    await world.send(["A"])
    async with world.runner(OrderHandler(FakeTarget(faults=["boom"]))) as runner:
        await until(lambda: runner.settled.get("parked") == 1)
        await world.send(["A"], version=2)
        await until(lambda: runner.settled.get("applied") == 1)
    assert world.fates() == {"A-v1": "superseded", "A-v2": "applied"}


async def test_a_newer_version_takes_the_place_of_a_held_one(world: World):
    target = FakeTarget(faults=["refuse"])
    await world.send(["A"])
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.settled.get("held") == 1)
        assert len(world.entries("hold")) == 1
        await world.send(["A"], version=2)
        await until(lambda: runner.settled.get("applied") == 1)
    assert world.fates() == {"A-v1": "superseded", "A-v2": "applied"}
    assert world.entries("hold") == {}


async def test_a_connector_that_breaks_leaves_a_dead_letter_and_the_others_go_on(world: World):
    target = FakeTarget(faults=["boom"])
    await world.send(ORDERS)
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: sum(runner.settled.values()) == len(ORDERS))
    states = list(world.fates().values())
    assert states.count("parked") == 1
    assert states.count("applied") == len(ORDERS) - 1


async def test_a_paused_target_is_not_called_until_it_is_resumed(world: World):
    target = FakeTarget()
    client = producer(world.settings)
    key = pause_key("target", "infor:1")
    client.produce(world.settings.topic("control"), key=key, value=orjson.dumps({"paused": True, "why": "inventory"}))
    client.flush()
    await world.send(ORDERS)
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.under_way == len(ORDERS))
        assert target.writes == 0
        client.produce(world.settings.topic("control"), key=key, value=None)
        client.flush()
        await until(lambda: runner.settled.get("applied") == len(ORDERS))


async def test_what_is_not_routed_to_the_target_is_left_alone(world: World):
    target = FakeTarget()
    client = producer(world.settings)
    client.produce(world.settings.topic("canonical.order"), key="B", value=b"{}", headers=[("targets", b"sage100:1")])
    client.flush()
    await world.send(["A"])
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.settled.get("applied") == 1)
    assert booked_once(target, ["A"])


async def test_two_runners_share_the_work_and_double_nothing(world: World):
    target = FakeTarget()
    async with world.runner(OrderHandler(target), member="a") as one:
        await until(lambda: one.ready)
        await world.send(ORDERS)
        async with world.runner(OrderHandler(target), member="b") as two:
            await until(lambda: two.ready)
            await world.send(ORDERS, version=2)
            await until(lambda: len([s for s in world.fates().values() if s == "applied"]) == 2 * len(ORDERS), 60)
    assert booked_once(target, ORDERS)


@pytest.mark.parametrize("junk", [b"", b"\xff\xfe", b"null", b"[]", b'{"id": 1'])
async def test_a_record_that_cannot_be_read_is_a_dead_letter_and_the_others_go_on(world: World, junk: bytes):
    target = FakeTarget()
    headers = [("targets", b"infor:1"), ("ce_id", b"junk"), ("ce_source", b"x"), ("ce_type", b"x")]
    client = producer(world.settings)
    for key in ORDERS[:3]:
        client.produce(world.settings.topic("canonical.order"), key=key, value=junk, headers=headers)
    client.flush()
    await world.send(ORDERS)
    async with world.runner(OrderHandler(target)) as runner:
        await until(lambda: runner.settled.get("applied") == len(ORDERS))
    letters = list(scan(world.settings, world.settings.topic("dlq.sinks")))
    assert [letter.value for letter in letters] == [junk] * 3
    assert {dict(letter.headers)["dlq-topic"].decode() for letter in letters} == {
        world.settings.topic("canonical.order")
    }
    assert world.fates()["junk"] == "parked"
    assert booked_once(target, ORDERS)


async def test_a_sink_that_was_killed_in_an_outage_calls_it_off_when_the_target_answers(world: World):
    def tell(kind: str, target: str, at: str) -> None:
        key, value = of_target(kind, "503", flow="test", target=target, seconds=60.0, at=at, priority=2)
        client = producer(world.settings)
        client.produce(world.settings.topic("alert"), key=key, value=value)
        client.flush()

    def shown() -> list[str]:
        return [said["target"] for said in outages(scan(world.settings, world.settings.topic("alert")))]

    tell("outage", "infor:1", "2026-02-01T10:00:00+00:00")
    tell("outage", "infor:2", "2026-02-01T10:00:00+00:00")
    await world.send(["A"])
    async with world.runner(OrderHandler(FakeTarget())) as runner:
        await until(lambda: runner.settled.get("applied") == 1)
        await until(lambda: shown() == ["infor:2"])
    told = [orjson.loads(r.value or b"") for r in scan(world.settings, world.settings.topic("alert"))]
    (over,) = [each for each in told if each["kind"] == "outage-over"]
    assert over["seconds"] > 3600, "it began a minute before it was told of"
    await world.send(["B"])
    async with world.runner(OrderHandler(FakeTarget())) as runner:
        await until(lambda: runner.settled.get("applied") == 1)
    assert len(list(scan(world.settings, world.settings.topic("alert")))) == len(told), "and only once"


async def test_live_orders_pass_a_replay_that_has_filled_its_lanes(world: World):
    class Slow(OrderHandler):
        """Comes to an end with replayed orders only when the live ones are booked."""

        async def plan(self, task: Task) -> Decision:
            if task.record["id"] in replays:
                await booked.wait()
            return await super().plan(task)

    replays, live = [f"replayed-{number}" for number in range(60)], ["live-1", "live-2"]
    target, booked = FakeTarget(), asyncio.Event()
    await world.send(replays, run="20260304T090600Z0000")
    async with world.runner(Slow(target)) as runner:
        await until(lambda: runner.under_way == len(replays))
        await world.send(live)
        await until(lambda: runner.settled.get("applied") == len(live))
        booked.set()
        await until(lambda: runner.settled.get("applied") == len(live) + len(replays))
