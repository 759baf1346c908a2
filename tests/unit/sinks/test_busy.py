"""A target that has no time: a wait of the document, an outage where it is closed to everybody, never a failure."""

from __future__ import annotations

import asyncio

import pytest

from penstock.sinks.health import Health
from penstock.sinks.progress import Finished, Waiting
from tests.unit.sinks.fakes import FakeTarget, Memory, order_item, protocol


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Alerts:
    def __init__(self) -> None:
        self.sent: list[tuple[str, int, str]] = []

    async def __call__(self, kind: str, priority: int, reason: str, seconds: float) -> None:
        self.sent.append((kind, priority, reason))


async def test_an_exclusive_mode_is_an_outage_at_once_with_its_reason_and_an_alert_that_grows():
    clock, alerts = Clock(), Alerts()
    health = Health("sage100:ABC", alerts, clock)
    await health.closed("503 EXCLUSIVE_MODE", 3600)
    assert (health.outage_seconds, health.reason) == (0.0, "503 EXCLUSIVE_MODE")
    clock.now += 61
    await health.watch()
    await health.watch()
    clock.now += 240
    await health.watch()
    assert alerts.sent == [("outage", n, "503 EXCLUSIVE_MODE") for n in (1, 2, 3)]
    await health.succeeded()
    assert health.outage_seconds is None
    assert alerts.sent[-1][0] == "outage-over"


async def test_nobody_asks_a_closed_target_before_the_time_that_it_has_named(monkeypatch: pytest.MonkeyPatch):
    clock, waits = Clock(), []

    async def wait_for(awaitable: object, seconds: float) -> None:
        waits.append(seconds)
        awaitable.close()  # type: ignore[attr-defined]
        clock.now += seconds
        raise TimeoutError

    monkeypatch.setattr("penstock.sinks.health.asyncio.wait_for", wait_for)
    health = Health("sage100:ABC", Alerts(), clock)
    await health.closed("503 EXCLUSIVE_MODE", 3600)
    await health.turn()
    await health.turn()
    assert waits == [3600.0, 2.0]


async def test_an_hour_of_exclusive_mode_is_no_attempt_of_the_document_and_rejects_nothing(
    monkeypatch: pytest.MonkeyPatch,
):
    clock, alerts = Clock(), Alerts()
    health = Health("erp:1", alerts, clock)

    async def turn() -> None:
        if health.outage_seconds is not None:
            clock.now += 60  # the mode lasts through sixty questions

    monkeypatch.setattr(health, "turn", turn)
    target, memory = FakeTarget(faults=["closed"] * 60), Memory()
    run, _ = protocol(target, memory, health=health, clock=clock)
    item = order_item()
    assert await run.run(item) == Finished("applied")
    assert item.attempts == 1
    assert [state for _, state in memory.fates] == ["applied"]
    assert len([each for each in memory.effects["A"].attempts if each["outcome"] == "retry"]) == 1
    assert [kind for kind, _, _ in alerts.sent] == ["outage"] * 4 + ["outage-over"]


async def test_a_target_that_asks_for_an_hour_without_saying_why_is_closed_too():
    told = asyncio.Event()

    async def alert(kind: str, _priority: int, reason: str, _seconds: float) -> None:
        assert (kind, reason) == ("outage", "503 EXCLUSIVE_MODE")
        told.set()

    run, _ = protocol(FakeTarget(faults=["later"]), Memory(), health=Health("erp:1", alert))
    task = asyncio.create_task(run.run(order_item()))
    await asyncio.wait_for(told.wait(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_record_that_is_locked_for_long_does_not_keep_a_lane():
    run, _ = protocol(FakeTarget(faults=["locked for long"]), Memory())
    ending = await asyncio.wait_for(run.run(order_item()), 5)
    assert ending == Waiting("target", "line-0: 423 RECORD_LOCKED", 600.0)


async def test_a_locked_record_is_neither_an_outage_nor_an_attempt_and_is_written_when_it_is_free():
    alerts = Alerts()
    health = Health("erp:1", alerts)
    target, memory = FakeTarget(faults=["locked"] * 8), Memory()
    run, _ = protocol(target, memory, health=health)
    item = order_item()
    assert await run.run(item) == Finished("applied")
    assert (item.attempts, alerts.sent, health.outage_seconds) == (1, [], None)


async def test_a_record_that_stays_locked_waits_apart_and_holds_nobody_up():
    clock = Clock()
    target, memory = FakeTarget(faults=["locked"] * 10), Memory()
    run, _ = protocol(target, memory, clock=clock)
    task = asyncio.create_task(run.run(order_item()))
    while target.writes < 2:
        await asyncio.sleep(0)
        await asyncio.sleep(0.005)
    clock.now += 31
    ending = await asyncio.wait_for(task, 5)
    assert isinstance(ending, Waiting)
    assert ending.on == "target"
    assert memory.effects["A"].state == "failed"


async def test_a_target_that_cannot_be_reached_is_an_outage_after_some_failures():
    clock, alerts = Clock(), Alerts()
    health = Health("erp:1", alerts, clock)
    for _ in range(4):
        await health.failed("cannot connect")
        clock.now += 1
    assert health.outage_seconds is None
    await health.failed("cannot connect")
    assert health.outage_seconds == 4.0
    assert alerts.sent == [("outage", 1, "cannot connect")]


async def test_an_outage_that_an_earlier_life_has_told_of_is_called_off_by_the_first_success():
    clock, alerts = Clock(), Alerts()
    health = Health("erp:1", alerts, clock)
    health.recall(600.0, 3)
    assert health.outage_seconds is None, "nobody is held up by what may be over"
    await health.watch()
    assert alerts.sent == []
    await health.succeeded()
    await health.succeeded()
    assert [kind for kind, _, _ in alerts.sent] == ["outage-over"]


async def test_an_outage_that_outlives_the_sink_goes_on_where_it_was_and_ends_once():
    clock, alerts = Clock(), Alerts()
    health = Health("erp:1", alerts, clock)
    health.recall(600.0, 2)
    await health.closed("503 EXCLUSIVE_MODE", 60)
    assert health.outage_seconds == 600.0
    clock.now += 5000
    await health.watch()
    assert [(kind, priority) for kind, priority, _ in alerts.sent] == [("outage", 3), ("outage", 5)]
    await health.succeeded()
    await health.succeeded()
    assert [kind for kind, _, _ in alerts.sent[2:]] == ["outage-over"]
    await health.closed("503 EXCLUSIVE_MODE", 60)
    assert health.outage_seconds == 0.0, "another outage is a new one"
