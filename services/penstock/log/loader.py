"""Reads compacted topics to their end and then follows them: the way xref, effects, parked and position are kept.

The state itself belongs to the caller: the loader hands over batches of records in log order from its own thread.
Nothing may be served from that state before `caught_up`.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from penstock.log.kafka import KafkaSettings, admin, consumer, place
from penstock.log.offsets import EARLIEST, LATEST, NoTopicError, Partition, offsets, partitions_of

Apply = Callable[[Sequence[Message]], None]

_log = structlog.get_logger()


class LoaderError(Exception):
    """The topic could not be read, or the callback failed. The state behind the loader is not to be trusted."""


class Loader:
    """Follows partitions of compacted topics.

    `apply` gets every record (`key()`, `value()`, `partition()`, `offset()`, `headers()` of confluent's Message;
    tombstones too), called from the loader's thread, never concurrently. When it raises, the loader stops for good.
    """

    def __init__(self, settings: KafkaSettings, apply: Apply, *, name: str = "loader") -> None:
        self._settings = settings
        self._admin = admin(settings)
        self._apply = apply
        self._name = name
        self._lock = threading.Condition()
        self._wanted: set[Partition] = set()
        self._ends: dict[Partition, int] = {}  # where a partition ended when it was added
        self._next: dict[Partition, int] = {}  # offset that is read next
        self._error: Exception | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    def follow(self, *topics: str) -> None:
        """Add all partitions of these topics. Raises LoaderError when a topic is not there."""
        found: list[Partition] = []
        for topic in topics:
            try:
                found.extend((topic, number) for number in partitions_of(self._admin, topic))
            except NoTopicError as error:
                raise LoaderError(f"{self._settings.bootstrap}: {error}") from error
            except KafkaException as error:
                raise LoaderError(f"{self._settings.bootstrap} does not answer: {error.args[0].str()}") from error
        self.add(found)

    def add(self, partitions: Iterable[Partition]) -> None:
        """Read these partitions from their beginning; those already followed are left as they are."""
        with self._lock:
            self._wanted.update(partitions)
            if self._thread is None and self._wanted and not self._stopping:
                self._thread = threading.Thread(target=self._run, name=f"penstock-{self._name}", daemon=True)
                self._thread.start()

    def remove(self, partitions: Iterable[Partition]) -> None:
        """Stop reading these partitions. Blocks shortly: when it returns `apply` gets no more of their records.

        Never call it from `apply`.
        """
        gone = set(partitions)
        with self._lock:
            self._wanted -= gone
            self._lock.wait_for(lambda: not gone & self._next.keys() or self._error or self._stopping, timeout=30)

    def caught_up(self, partitions: Iterable[Partition] | None = None) -> bool:
        """Have these partitions (default: all followed) been read to the end they had when they were added?

        Raises:
            LoaderError: the loader has stopped, or was closed.
        """
        with self._lock:
            return self._is_caught_up(None if partitions is None else set(partitions))

    def wait_caught_up(self, timeout: float, partitions: Iterable[Partition] | None = None) -> None:
        """Block until caught up.

        Raises:
            LoaderError: the loader has stopped, or was closed.
            TimeoutError: not within `timeout` seconds.
        """
        asked = None if partitions is None else set(partitions)
        with self._lock:
            if not self._lock.wait_for(lambda: self._is_caught_up(asked), timeout):
                raise TimeoutError(f"{self._name} has not caught up within {timeout} s")

    async def until_caught_up(self, timeout: float, partitions: Iterable[Partition] | None = None) -> None:
        """`wait_caught_up` for asyncio."""
        await asyncio.to_thread(self.wait_caught_up, timeout, partitions)

    def wait_position(self, partition: Partition, offset: int, timeout: float) -> None:
        """Block until the record at `offset` has been applied: read your own write."""
        with self._lock:
            if not self._lock.wait_for(lambda: self._position(partition) > offset, timeout):
                raise TimeoutError(f"{self._name} has not read {partition} up to {offset} within {timeout} s")

    def position(self, partition: Partition) -> int:
        """The offset that is read next; 0 before the first record."""
        with self._lock:
            return self._position(partition)

    def close(self) -> None:
        with self._lock:
            self._stopping = True
            self._lock.notify_all()
        if self._thread is not None:
            self._thread.join(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _position(self, partition: Partition) -> int:
        self._raise_if_stopped()
        return self._next.get(partition, 0)

    def _is_caught_up(self, asked: set[Partition] | None) -> bool:
        self._raise_if_stopped()
        return self._is_read(asked)

    def _is_read(self, asked: set[Partition] | None) -> bool:
        wanted = self._wanted if asked is None else asked
        return all(each in self._ends and self._next[each] >= self._ends[each] for each in wanted)

    def _raise_if_stopped(self) -> None:
        if self._error is not None:
            raise LoaderError(f"{self._name} has stopped: {self._error}") from self._error
        if self._stopping:
            raise LoaderError(f"{self._name} was closed")

    def _run(self) -> None:
        client = consumer(self._settings)
        started = time.monotonic()
        read = 0
        announced = False
        try:
            while not self._stopping:
                self._adjust(client)
                first = client.poll(0.05)  # returns at once with a record; consume() alone waits to fill its batch
                if first is not None:
                    read += self._take([first, *client.consume(10_000, 0)])
                if not announced:
                    with self._lock:
                        announced = self._is_read(None)
                    if announced:
                        _log.info("loaded", name=self._name, records=read, seconds=round(time.monotonic() - started, 3))
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the state
            _log.error("loader-stopped", name=self._name, error=str(error))
            with self._lock:
                self._error = error
                self._lock.notify_all()
        finally:
            client.close()

    def _adjust(self, client: Consumer) -> None:
        """Make the assignment match what is wanted."""
        with self._lock:
            wanted = set(self._wanted)
        if wanted == self._next.keys():
            return
        new = wanted - self._next.keys()
        starts, ends = offsets(self._admin, new, EARLIEST), offsets(self._admin, new, LATEST)
        with self._lock:
            for gone in self._next.keys() - wanted:
                del self._next[gone]
                self._ends.pop(gone, None)
            self._next.update(starts)
            self._ends.update(ends)
            assignment = [TopicPartition(*each, self._next[each]) for each in wanted]
            self._lock.notify_all()
        client.assign(assignment)

    def _take(self, messages: list[Message]) -> int:
        good: list[Message] = []
        last: dict[Partition, int] = {}
        for message in messages:
            error = message.error()
            topic, number, offset = place(message)
            if error is None:
                good.append(message)
                last[topic, number] = offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's own name
                last[topic, number] = offset
            elif error.fatal() or not error.retriable():
                raise KafkaException(error)
        if good:
            self._apply(good)
        with self._lock:
            for each, following in last.items():
                if each in self._next:
                    self._next[each] = following
            self._lock.notify_all()
        return len(good)
