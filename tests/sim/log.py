"""A Kafka log in memory, with the clients that the services use: producer, group consumer, loader."""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, UnknownTopicOrPartitionError

from tests.sim.life import current

Place = tuple[str, int]
ACK = 0.004
"""Seconds from sending to the broker, and as many back."""


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A record as aiokafka shows it."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int = 0


class Message:
    """A record as librdkafka's client shows it."""

    def __init__(self, record: Written) -> None:
        self._record = record

    def topic(self) -> str:
        return self._record.topic

    def partition(self) -> int:
        return self._record.partition

    def offset(self) -> int:
        return self._record.offset

    def key(self) -> bytes:
        return self._record.key

    def value(self) -> bytes | None:
        return self._record.value

    def headers(self) -> list[tuple[str, bytes]]:
        return list(self._record.headers)


class MemoryLog:
    """All topics have the same number of partitions. `lag`: seconds until a loader sees a record.

    It stands where the services expect settings of Kafka: names of topics have no prefix.
    """

    topic_prefix = ""
    session_seconds = 10.0

    def __init__(self, partitions: int = 2, lag: float = 0.05) -> None:
        self.partitions = partitions
        self.lag = lag
        self.records: dict[Place, list[Written]] = defaultdict(list)
        self.followers: list[MemoryLoader] = []
        self.groups: dict[str, Group] = defaultdict(Group)
        self.on_append: list[Callable[[Written], None]] = []
        self.refused: set[str] = set()
        """Topics that the broker does not know for now, as one that has just been started again."""
        self._arrivals: list[asyncio.Future[None]] = []

    def topic(self, name: str) -> str:
        return name

    def place_of(self, key: bytes) -> int:
        return zlib.crc32(key) % self.partitions

    def append(
        self,
        topic: str,
        key: bytes,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes]] = (),
        partition: int | None = None,
    ) -> Written:
        number = self.place_of(key) if partition is None else partition
        records = self.records[topic, number]
        record = Written(topic, number, len(records), key, value, list(headers))
        records.append(record)
        for follower in list(self.followers):
            follower.see(record)
        for hook in self.on_append:
            hook(record)
        arrivals, self._arrivals = self._arrivals, []
        for future in arrivals:
            if not future.done():
                future.set_result(None)
        return record

    def of(self, topic: str) -> list[Written]:
        return [record for number in range(self.partitions) for record in self.records.get((topic, number), ())]

    def end(self, topic: str, number: int) -> int:
        return len(self.records.get((topic, number), ()))

    async def arrival(self, seconds: float) -> None:
        """Returns when something was appended, or after so many seconds."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._arrivals.append(future)
        timer = loop.call_later(seconds, lambda: None if future.done() else future.set_result(None))
        try:
            await future
        finally:
            timer.cancel()


class MemoryProducer:
    """Of one process. A record is on the log before its sender knows."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._life = current()

    async def send_and_wait(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        partition: int | None = None,
        headers: Iterable[tuple[str, bytes]] | None = None,
    ) -> Any:
        await asyncio.sleep(ACK)
        if self._life is not None and self._life.over:
            raise ConnectionError("the simulation is over")
        if topic in self._log.refused:
            raise UnknownTopicOrPartitionError
        record = self._log.append(topic, key or b"", value, headers or (), partition)
        await asyncio.sleep(ACK)
        return SimpleNamespace(topic=record.topic, partition=record.partition, offset=record.offset)


class MemoryLoader:
    """Stands for penstock.log.loader.Loader: what is there at once, what comes after a moment, in order."""

    def __init__(self, settings: Any, apply: Callable[[Sequence[Any]], None], name: str = "") -> None:
        self._log: MemoryLog = settings
        self._apply = apply
        self._life = current()
        self._followed: set[Place] = set()
        self._late: deque[Written] = deque()
        self._log.followers.append(self)

    def follow(self, *topics: str) -> None:
        self.add((topic, number) for topic in topics for number in range(self._log.partitions))

    def add(self, places: Iterable[Place]) -> None:
        for place in places:
            if place not in self._followed:
                self._followed.add(place)
                if there := self._log.records.get(place):
                    self._apply([Message(record) for record in there])

    def remove(self, places: Iterable[Place]) -> None:
        self._followed -= set(places)

    def see(self, record: Written) -> None:
        if (record.topic, record.partition) in self._followed:
            if not self._late:
                asyncio.get_running_loop().call_later(self._log.lag, self._catch_up)
            self._late.append(record)

    def _catch_up(self) -> None:
        if self._life is not None and self._life.frozen:
            asyncio.get_running_loop().call_later(1.0, self._catch_up)
            return
        while self._late:
            record = self._late.popleft()
            if (record.topic, record.partition) in self._followed:
                self._apply([Message(record)])

    def caught_up(self, partitions: Any = None) -> bool:
        return not self._late

    async def until_caught_up(self, timeout: float, partitions: Any = None) -> None:
        await asyncio.sleep(ACK)

    def close(self) -> None:
        if self in self._log.followers:
            self._log.followers.remove(self)


class Group:
    """A consumer group with one member at a time: who came last."""

    def __init__(self) -> None:
        self.committed: dict[TopicPartition, int] = {}
        self.owner: MemoryConsumer | None = None


class MemoryConsumer:
    """What LaneConsumer asks of an AIOKafkaConsumer."""

    def __init__(self, log: MemoryLog, group: str) -> None:
        self._log = log
        self._group = log.groups[group]
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._listener: Any = None

    def subscribe(self, topics: Collection[str], listener: Any) -> None:
        """It gets everything, and whoever had it is out of the group."""
        self._listener = listener
        self._group.owner = self
        places = [TopicPartition(topic, number) for topic in topics for number in range(self._log.partitions)]
        self._positions = {place: self._group.committed.get(place, 0) for place in places}
        self._joining = asyncio.ensure_future(listener.on_partitions_assigned(places))

    def assignment(self) -> set[TopicPartition]:
        return set(self._positions)

    async def getmany(self, timeout_ms: int = 0, max_records: int = 500) -> Mapping[TopicPartition, list[Written]]:
        if self._joining.done():
            self._joining.result()
        found = self._take(max_records)
        if not found:
            await self._log.arrival(max(timeout_ms / 1000, 2.0))
            found = self._take(max_records)
        return found

    def _take(self, most: int) -> dict[TopicPartition, list[Written]]:
        out = {}
        for place, position in self._positions.items():
            there = self._log.records.get((place.topic, place.partition))
            if place not in self._paused and there is not None and position < len(there):
                out[place] = there[position : position + most]
                self._positions[place] = position + len(out[place])
        return out

    async def position(self, place: TopicPartition) -> int:
        if place not in self._positions:
            raise IllegalStateError(f"{place} is not assigned")
        return self._positions[place]

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._positions[place] = offset

    def pause(self, *places: TopicPartition) -> None:
        self._paused |= set(places)

    def resume(self, *places: TopicPartition) -> None:
        self._paused -= set(places)

    async def commit(self, offsets: Mapping[TopicPartition, Any]) -> None:
        await asyncio.sleep(ACK)
        if self._group.owner is not self:
            raise CommitFailedError
        self._group.committed |= {place: mark.offset for place, mark in offsets.items()}

    async def leave(self) -> None:
        """The broker has told it that the partitions are another's now."""
        places, self._positions = list(self._positions), {}
        await self._listener.on_partitions_revoked(places)

    def left_behind(self) -> int:
        """Records that are not committed yet."""
        return sum(
            self._log.end(place.topic, place.partition) - self._group.committed.get(place, 0)
            for place in self._positions
        )
