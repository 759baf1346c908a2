"""Reads a topic from a start to the end that it has now: for the command line and for reports."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import OffsetSpec

from penstock.log.headers import Position
from penstock.log.kafka import KafkaSettings, admin, consumer, place
from penstock.log.offsets import EARLIEST, LATEST, NoTopicError, offsets, partitions_of

FETCH_WAIT_MS = 10
"""Half a second, the default, for each topic that is written in transactions makes a trace take ten."""


class ScanError(Exception):
    """The topic is not there or cannot be read."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the log. `value` is None for a tombstone; `at` is the log's own time stamp, UTC."""

    topic: str
    partition: int
    offset: int
    at: datetime
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def scan(
    settings: KafkaSettings,
    topic: str,
    *,
    partitions: Iterable[int] | None = None,
    since: datetime | None = None,
    starts: Mapping[int, int] | None = None,
    timeout: float = 30,
) -> Iterator[Record]:
    """Records of `topic` up to its end offsets at the time of the call, in log order within a partition.

    `since` skips what is older by the log's time stamps; `starts`: partition -> first offset wanted, where that is not
    its beginning. `timeout`: seconds without any record before giving up.

    Raises:
        ScanError: no such topic, no answer, or a stall.
    """
    for messages in batches(settings, topic, partitions=partitions, since=since, starts=starts, timeout=timeout):
        yield from map(_record, messages)


def batches(
    settings: KafkaSettings,
    topic: str,
    *,
    partitions: Iterable[int] | None = None,
    since: datetime | None = None,
    starts: Mapping[int, int] | None = None,
    timeout: float = 30,
) -> Iterator[list[Message]]:
    """As `scan`, for who reads millions: the client's own messages, none of them an error."""
    # behind the last record of a transaction stands its marker: the end shows only in a fetch that brings nothing
    client = consumer(settings, **{"fetch.wait.max.ms": FETCH_WAIT_MS})
    try:
        ends = _begin(client, settings, topic, partitions, since, starts or {})
        while ends:
            first = client.poll(timeout)
            if first is None:
                raise ScanError(f"{topic} on {settings.bootstrap}: nothing came for {timeout} s, short of its end")
            good: list[Message] = []
            for message in [first, *client.consume(2_000, 0)]:
                error = message.error()
                number, offset = message.partition() or 0, message.offset() or 0
                if error is None:
                    end = ends.get(number, 0)
                    if offset < end:
                        good.append(message)
                    if offset + 1 >= end:
                        ends.pop(number, None)
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's own name
                    ends.pop(number, None)
                elif error.fatal() or not error.retriable():
                    raise ScanError(f"{topic}: {error.str()}")
            if good:
                yield good
    except NoTopicError as error:
        raise ScanError(f"{settings.bootstrap}: {error}") from error
    except KafkaException as error:
        raise ScanError(f"{topic} on {settings.bootstrap}: {error.args[0].str()}") from error
    finally:
        client.close()


def watermarks(client: Consumer, topic: str, partition: int, seconds: float = 30) -> tuple[int, int]:
    """(first offset, end offset) of a partition; waits while it has no leader, as after its creation or a restart."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            low, high = client.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
        except KafkaException as error:
            if time.monotonic() > deadline or not error.args[0].retriable():
                raise
            time.sleep(0.1)
        else:
            return low, high


def read_record(settings: KafkaSettings, position: Position, timeout: float = 15) -> Record | None:
    """The record at one place of the log; None when it has expired."""
    client = consumer(settings)
    try:
        at = TopicPartition(position.topic, position.partition, position.offset)
        low, high = watermarks(client, position.topic, position.partition)
        if not low <= position.offset < high:
            return None
        client.assign([at])
        message = client.poll(timeout)
        if message is None or message.error() is not None or message.offset() != position.offset:
            return None
        return _record(message)
    finally:
        client.close()


def _begin(
    client: Consumer,
    settings: KafkaSettings,
    topic: str,
    numbers: Iterable[int] | None,
    since: datetime | None,
    given: Mapping[int, int],
) -> dict[int, int]:
    """Assign where reading starts; gives partition -> end offset for the partitions that hold anything to read."""
    cluster = admin(settings)
    places = [(topic, number) for number in numbers or partitions_of(cluster, topic)]
    starts = offsets(cluster, places, EARLIEST)
    ends = offsets(cluster, places, LATEST)
    if since is not None:
        milliseconds = int(since.timestamp() * 1000)
        starts = offsets(cluster, places, OffsetSpec.for_timestamp(milliseconds))
    starts = {
        place: max(start, given.get(place[1], 0)) for place, start in starts.items() if start >= 0
    }  # -1: none new
    wanted = {place: start for place, start in starts.items() if start < ends[place]}
    if wanted:
        client.list_topics(topic, timeout=15)  # one that does not know the leaders yet looks for them once a second
        client.assign([TopicPartition(*place, start) for place, start in wanted.items()])
    return {place[1]: ends[place] for place in wanted}


def _record(message: Message) -> Record:
    return Record(
        *place(message),
        at=datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
        key=message.key(),
        value=message.value(),
        headers=cast("list[tuple[str, bytes]]", message.headers() or []),
    )
