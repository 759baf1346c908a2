"""A consumer that works on many keys at once and on each key in order.

Records of one lane are handled one after another; lanes run side by side. An offset is committed only when every record
before it on its partition is done. Work in memory is bounded per topic: beyond the bound a topic is paused, except one
that others wait for.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata

from penstock.checkpoints import reach
from penstock.log.watermark import Watermark

log = structlog.get_logger()

COMMIT_EVERY = 0.5
QUIESCE_SECONDS = 15.0
STUCK_SECONDS = 300.0
ANSWER_SECONDS = 15.0


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A consumed record; call `done` when everything it caused is acknowledged."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    timestamp: int
    watermark: Watermark[TopicPartition]

    def done(self) -> None:
        self.watermark.done(TopicPartition(self.topic, self.partition), self.offset)


Handle = Callable[[str, list[Record]], Awaitable[None]]
"""(lane, the records that have gathered in it): returns when they are done or taken over by the handler."""


class LaneConsumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed
    """Runs `handle` over the records of `topics`.

    lanes: how many lanes of each class run at once, so that bulk does not crowd out what a buyer waits for;
    class_of names the class of a lane by its first record.
    on_assigned(partitions) is awaited before any record of the new assignment is handled; on_revoked after the lanes
    have come to rest. Any of them that raises ends the process: what it had not done is read again. tries counts what
    handlers have tried without coming to an end, which is a sign of life too.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        topics: Collection[str],
        *,
        lane_of: Callable[[Record], str],
        handle: Handle,
        lanes: Mapping[str, int],
        class_of: Callable[[Record], str] = lambda _: "",
        max_under_way: int = 2000,
        never_pause: Collection[str] = (),
        on_assigned: Callable[[set[TopicPartition]], Awaitable[None]] | None = None,
        on_revoked: Callable[[], Awaitable[None]] | None = None,
        tries: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer = consumer
        self._topics = list(topics)
        self._lane_of = lane_of
        self._handle = handle
        self._slots = {name: asyncio.Semaphore(count) for name, count in lanes.items()}
        self._class_of = class_of
        self._max = max_under_way
        self._never_pause = frozenset(never_pause)
        self._opened = on_assigned
        self._closed = on_revoked
        self._queues: dict[str, deque[Record]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._paused: set[TopicPartition] = set()
        self._assigned = asyncio.Event()
        self._failure: BaseException | None = None
        self._over = False
        self._tries = tries
        self._clock = clock
        self._seen, self._moved = (-1, -1, -1), clock()
        self._read = 0
        self.watermark: Watermark[TopicPartition] = Watermark()
        self.ready = asyncio.Event()

    async def stuck(self, *, exempt: bool = False) -> bool:
        """Is there work, and has for five minutes none of it come to an end, been tried, or been read?

        Ask it every few seconds. `exempt`: there is a good reason to stand still; the five minutes begin when it ends.
        """
        seen = (self.watermark.finished, self._read, self._tries())
        if exempt or seen != self._seen or not (self.under_way or await self._left()):
            self._seen, self._moved = seen, self._clock()
        return self._clock() - self._moved > STUCK_SECONDS

    async def _left(self) -> bool:
        """Does the broker have records that were not read yet? No, as long as it does not answer.

        Or that were read and then lost sight of: nothing is under way, and they are not committed.
        """
        places = self._consumer.assignment()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                ends = await self._consumer.end_offsets(places) if places else {}
                for place, end in ends.items():
                    if await self._consumer.position(place) < end:
                        return True
                    committed = None if self.under_way else await self._consumer.committed(place)
                    if committed is not None and committed < end:
                        return True
                return False
        except (KafkaError, TimeoutError):
            return False

    @property
    def under_way(self) -> int:
        return self.watermark.under_way

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set or a handler fails (then its exception is raised). The consumer must be started."""
        self._consumer.subscribe(self._topics, listener=self)
        committer = asyncio.create_task(self._commit_forever())
        try:
            while not stop.is_set():
                if self._failure is not None:
                    raise self._failure
                if committer.done():
                    committer.result()
                if not self.ready.is_set():
                    # aiokafka hands out records of a new assignment before its listener has returned
                    await asyncio.sleep(0.01)
                    continue
                batches = await self._consumer.getmany(timeout_ms=100, max_records=500)
                if not self.ready.is_set():
                    await self._unread(batches)
                    continue
                for partition, messages in batches.items():
                    for message in messages:
                        self._enqueue(partition, message)
                self._balance()
        finally:
            self._over = True
            await self._rest()
            committer.cancel()
            await self._commit()

    async def _unread(self, batches: Mapping[TopicPartition, Sequence[object]]) -> None:
        """Records that came while partitions changed hands are read again, by whoever owns them next.

        That may be this process: a call that began before the change can bring the first records of the new
        assignment, and the position is behind them then. Of the old one it is not.
        """
        for partition, messages in batches.items():
            first: int = messages[0].offset  # type: ignore[attr-defined]  # aiokafka is not typed
            try:
                if await self._consumer.position(partition) > first:
                    self._consumer.seek(partition, first)
            except IllegalStateError:
                continue  # not ours any more

    def _enqueue(self, partition: TopicPartition, message: object) -> None:
        record = Record(
            message.topic,  # type: ignore[attr-defined]  # aiokafka is not typed
            message.partition,  # type: ignore[attr-defined]
            message.offset,  # type: ignore[attr-defined]
            message.key or b"",  # type: ignore[attr-defined]
            message.value or b"",  # type: ignore[attr-defined]
            message.headers,  # type: ignore[attr-defined]
            message.timestamp,  # type: ignore[attr-defined]
            self.watermark,
        )
        self.watermark.begin(partition, record.offset)
        self._read += 1
        lane = self._lane_of(record)
        queue = self._queues.get(lane)
        if queue is None:
            self._queues[lane] = deque([record])
            self._tasks[lane] = asyncio.create_task(self._work(lane, self._slots[self._class_of(record)]))
        else:
            queue.append(record)

    async def _work(self, lane: str, slots: asyncio.Semaphore) -> None:
        queue = self._queues[lane]
        try:
            while queue:
                async with slots:
                    records = list(queue)
                    queue.clear()
                    await self._handle(lane, records)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("lane_failed", lane=lane)
            self._failure = error
        finally:
            # no await between the last look at the queue and this: a record cannot fall between
            self._queues.pop(lane, None)
            self._tasks.pop(lane, None)

    def _balance(self) -> None:
        """A topic with too much of its own under way is not read further; the others are."""
        assigned = self._consumer.assignment()
        per_topic = self.watermark.under_way_by(lambda tp: tp.topic)
        full = {tp for tp in assigned if per_topic.get(tp.topic, 0) > self._max and tp.topic not in self._never_pause}
        relieved = {tp for tp in self._paused & assigned if per_topic.get(tp.topic, 0) < self._max // 2}
        if new := full - self._paused:
            self._consumer.pause(*new)
        if relieved:
            self._consumer.resume(*relieved)
        self._paused = (self._paused | full) - relieved

    async def _commit_forever(self) -> None:
        while True:
            await asyncio.sleep(COMMIT_EVERY)
            await self._commit()

    async def _commit(self) -> None:
        marks = self.watermark.to_commit()
        assigned = self._consumer.assignment()
        offsets = {tp: OffsetAndMetadata(offset, "") for tp, offset in marks.items() if tp in assigned}
        if not offsets:
            return
        reach("lanes.commit-due")
        try:
            await self._consumer.commit(offsets)
            reach("lanes.committed")
            self.watermark.committed({tp: mark.offset for tp, mark in offsets.items()})
        except (CommitFailedError, IllegalStateError) as error:
            log.info("commit_refused", reason=type(error).__name__)
        except KafkaError as error:
            # a failed commit is a redelivery, never a loss
            log.warning("commit_failed", reason=type(error).__name__)

    async def _rest(self) -> None:
        """Lets what is being handled come to an end, for a bounded time, and forgets what has not begun."""
        for queue in self._queues.values():
            queue.clear()
        tasks = [task for task in self._tasks.values() if task is not asyncio.current_task()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=QUIESCE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._queues.clear()
        self._tasks.clear()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        if not revoked or self._over:
            return
        self.ready.clear()
        await self._rest()
        await self._commit()
        if self._closed is not None and not await self._done(self._closed()):
            return
        self.watermark.clear()
        self._paused = set()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Who has ended takes nothing over, though the consumer is in its group until it is stopped."""
        if self._over:
            return
        self.watermark.clear()
        if self._opened is None or await self._done(self._opened(set(assigned))):
            self.ready.set()

    async def _done(self, work: Awaitable[None]) -> bool:
        """An exception ends the process: aiokafka would log it and go on, with a process that reads nothing."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - raised by `run`
            self._failure = error
            return False
        return True
