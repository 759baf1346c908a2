"""What a lane consumer makes of records that come while its partitions change hands."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from penstock.log.lanes import LaneConsumer, Record

PLACE = TopicPartition("canonical.order", 2)


def message(offset: int) -> Any:
    return ConsumerRecord(PLACE.topic, PLACE.partition, offset, 0, 0, b"k", b"v", 0, 1, 1, ())


class Rebalanced:
    """As aiokafka: one call that began before a rebalance brings the first record of the new assignment.

    `committed`: where reading begins after it. The partitions come back to this process.
    """

    def __init__(self, committed: int, end: int, *, stale: int | None = None) -> None:
        self._committed, self._end, self._stale = committed, end, stale
        self._at = committed
        self._calls = 0
        self.opened = asyncio.Event()

    def subscribe(self, topics: Any, listener: Any) -> None:
        self._listener = listener
        self._joining = asyncio.create_task(listener.on_partitions_assigned([PLACE]))

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def position(self, place: TopicPartition) -> int:
        return self._at

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._at = offset

    def pause(self, *places: TopicPartition) -> None: ...

    def resume(self, *places: TopicPartition) -> None: ...

    async def commit(self, offsets: Any) -> None: ...

    async def getmany(self, timeout_ms: int = 0, max_records: int = 500) -> Any:
        await asyncio.sleep(0)
        self._calls += 1
        if self._calls == 1:
            self.opened.clear()
            await self._listener.on_partitions_revoked([PLACE])
            self._joining = asyncio.create_task(self._listener.on_partitions_assigned([PLACE]))
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_later(0.05, self.opened.set)
            if self._stale is not None:
                return {PLACE: [message(self._stale)]}
        if self._at >= self._end:
            await asyncio.sleep(0.01)
            return {}
        self._at += 1
        return {PLACE: [message(self._at - 1)]}


async def read_through(consumer: Rebalanced, last: int) -> list[int]:
    """Offsets in the order in which they were handled."""
    handled: list[int] = []
    stop = asyncio.Event()
    first = True

    async def opened(_: Any) -> None:
        nonlocal first
        if not first:
            await consumer.opened.wait()
        first = False

    async def handle(_: str, records: list[Record]) -> None:
        for record in records:
            handled.append(record.offset)
            record.done()
            if record.offset == last:
                stop.set()

    lanes = LaneConsumer(
        consumer, [PLACE.topic], lane_of=lambda _: "", handle=handle, lanes={"": 1}, on_assigned=opened
    )
    await asyncio.wait_for(lanes.run(stop), 10)
    return handled


async def test_the_first_record_of_a_new_assignment_is_not_lost():
    assert await read_through(Rebalanced(44, 47), 46) == [44, 45, 46]


async def test_a_record_of_the_old_assignment_moves_nothing():
    assert await read_through(Rebalanced(44, 47, stale=50), 46) == [44, 45, 46]
