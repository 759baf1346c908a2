"""A loop that does not turn and work that does not move end the process; waiting for work does not."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from aiokafka import TopicPartition

from penstock.liveness import BLOCKED_LOOKS, EXIT_STUCK, LoopGuard, end_when_stuck
from penstock.log.lanes import STUCK_SECONDS, LaneConsumer

PLACE = TopicPartition("canonical.order", 0)


async def test_a_blocked_loop_ends_the_process():
    ended = threading.Event()
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    LoopGuard(asyncio.get_running_loop(), end, look_every=0.005).start()
    deadline = time.monotonic() + 20
    while not ended.is_set() and time.monotonic() < deadline:
        time.sleep(0.005)  # noqa: ASYNC251 - this is the fault: nothing else of the loop runs
    assert codes == [EXIT_STUCK]


async def test_a_loop_that_turns_does_not():
    codes: list[int] = []
    guard = LoopGuard(asyncio.get_running_loop(), codes.append, look_every=0.002)
    guard.start()
    for _ in range(2 * BLOCKED_LOOKS):
        await asyncio.sleep(0.002)
    guard.stop()
    guard.join(5)
    assert codes == []


class Consumer:
    """What the broker has (`end`), what was read of it (`at`) and done (`done`)."""

    def __init__(self) -> None:
        self.end, self.at, self.done = 5, 5, 5

    def subscribe(self, topics: Any, listener: Any) -> None: ...

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def end_offsets(self, places: Any) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, self.end)

    async def position(self, place: TopicPartition) -> int:
        return self.at

    async def committed(self, place: TopicPartition) -> int:
        return self.done


class Lanes:
    """A lane consumer, its clock, and handlers that count their tries."""

    def __init__(self) -> None:
        self.now, self.tries = 0.0, 0
        self.consumer = Consumer()
        self.lanes = LaneConsumer(
            self.consumer,
            ["canonical.order"],
            lane_of=lambda record: "",
            handle=self._handle,
            lanes={"": 1},
            tries=lambda: self.tries,
            clock=lambda: self.now,
        )

    async def _handle(self, lane: str, records: Any) -> None:
        await asyncio.Event().wait()

    async def after(self, seconds: float, *, exempt: bool = False) -> bool:
        self.now += seconds
        return await self.lanes.stuck(exempt=exempt)


async def test_records_that_nobody_reads_are_stuck_and_an_empty_topic_is_not():
    world = Lanes()
    assert not await world.after(STUCK_SECONDS + 1)
    assert not await world.after(STUCK_SECONDS + 1)
    world.consumer.end = 6
    assert not await world.after(1)
    assert await world.after(STUCK_SECONDS + 1)


async def test_records_that_were_read_and_never_done_are_stuck():
    world = Lanes()
    world.consumer.end = world.consumer.at = 6
    assert not await world.after(1)
    assert await world.after(STUCK_SECONDS + 1)


async def test_work_that_comes_to_no_end_is_stuck_unless_it_is_tried_again_and_again():
    world = Lanes()
    await world.after(0)
    world.lanes.watermark.begin(PLACE, 5)
    assert not await world.after(STUCK_SECONDS - 1)
    world.tries += 1
    assert not await world.after(STUCK_SECONDS - 1)
    assert await world.after(STUCK_SECONDS + 1)


async def test_after_an_outage_the_time_begins_anew():
    world = Lanes()
    await world.after(0)
    world.lanes.watermark.begin(PLACE, 5)
    assert not await world.after(20 * STUCK_SECONDS, exempt=True)
    assert not await world.after(10)
    assert await world.after(STUCK_SECONDS + 1)


async def test_what_fails_while_partitions_are_taken_ends_the_process_instead_of_leaving_it_idle():
    async def fails(_: Any) -> None:
        raise RuntimeError("the effects cannot be loaded")

    lanes = LaneConsumer(
        Subscribed(), [], lane_of=lambda record: "", handle=Lanes()._handle, lanes={"": 1}, on_assigned=fails
    )
    with pytest.raises(RuntimeError, match="cannot be loaded"):
        await asyncio.wait_for(lanes.run(asyncio.Event()), 10)


async def test_who_has_ended_takes_nothing_over():
    taken: list[Any] = []

    async def opened(partitions: Any) -> None:
        taken.append(partitions)

    lanes = LaneConsumer(
        Consumer(), [], lane_of=lambda record: "", handle=Lanes()._handle, lanes={"": 1}, on_assigned=opened
    )
    stop = asyncio.Event()
    stop.set()
    await lanes.run(stop)
    await lanes.on_partitions_assigned([PLACE])
    assert taken == []
    assert not lanes.ready.is_set()


class Subscribed(Consumer):
    """Gives its partitions at once, and as aiokafka does, only logs what its listener raises."""

    def subscribe(self, topics: Any, listener: Any) -> None:
        self._joining = asyncio.create_task(self._join(listener))

    async def _join(self, listener: Any) -> None:
        await asyncio.gather(listener.on_partitions_assigned([PLACE]), return_exceptions=True)


async def test_who_is_told_to_stop_asks_no_part_any_more() -> None:
    asked: list[bool] = []

    async def stuck() -> bool:
        asked.append(True)
        return False

    stop = asyncio.Event()
    watch = asyncio.create_task(end_when_stuck({"sink": stuck}, stop))
    await asyncio.sleep(0)
    stop.set()
    await watch
    assert asked == []
