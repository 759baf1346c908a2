import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from confluent_kafka import Message, TopicPartition

from penstock.log.broker import LocalBroker
from penstock.log.kafka import KafkaSettings, admin, consumer, place, producer
from penstock.log.loader import Loader, LoaderError
from penstock.log.partition import partition_for
from penstock.log.topics import Topic, apply, plan

pytestmark = pytest.mark.kafka

MakeTopic = Callable[..., str]


class Table:
    """The last value of each key, and every place that was read."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.places: list[tuple[str, int, int]] = []

    def __call__(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.places.append(place(message))
            key, value = message.key() or b"", message.value()
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value


def write(settings: KafkaSettings, topic: str, values: dict[bytes, bytes | None]) -> list[tuple[str, int, int]]:
    """Write and wait for the broker; gives the places."""
    places: list[tuple[str, int, int]] = []

    def delivered(error: object, message: Message) -> None:
        assert error is None
        places.append(place(message))

    client = producer(settings)
    for key, value in values.items():
        client.produce(topic, key=key, value=value, on_delivery=delivered)
        client.poll(0)
    assert client.flush(20) == 0
    return places


def numbered(count: int, value: bytes = b"v") -> dict[bytes, bytes | None]:
    return {b"%d" % number: value for number in range(count)}


def test_everything_is_there_when_it_has_caught_up(kafka: KafkaSettings, make_topic: MakeTopic) -> None:
    topic = make_topic(cleanup_policy="compact")
    write(kafka, topic, numbered(20_000))
    write(kafka, topic, {b"7": b"new", b"8": None})
    table = Table()
    with Loader(kafka, table) as loader:
        loader.follow(topic)
        loader.wait_caught_up(20)
        assert len(table.values) == 19_999
        assert table.values[b"7"] == b"new"
        assert len(table.places) == len(set(table.places)) == 20_002


def test_an_empty_topic_is_caught_up(kafka: KafkaSettings, make_topic: MakeTopic) -> None:
    with Loader(kafka, Table()) as loader:
        loader.follow(make_topic())
        loader.wait_caught_up(20)


def test_a_topic_emptied_by_retention_is_caught_up(kafka: KafkaSettings, make_topic: MakeTopic) -> None:
    topic = make_topic(partitions=1)
    write(kafka, topic, numbered(10))
    client = admin(kafka)
    for future in client.delete_records([TopicPartition(topic, 0, 10)]).values():
        future.result()
    with Loader(kafka, Table()) as loader:
        loader.follow(topic)
        loader.wait_caught_up(20)
        assert loader.position((topic, 0)) == 10


def test_it_is_not_caught_up_before_the_last_record_has_been_applied(
    kafka: KafkaSettings, make_topic: MakeTopic
) -> None:
    topic = make_topic(partitions=1)
    write(kafka, topic, numbered(10))
    may_go_on, reached = threading.Event(), threading.Event()

    def slow(_: Sequence[Message]) -> None:
        reached.set()
        may_go_on.wait(20)

    with Loader(kafka, slow) as loader:
        loader.follow(topic)
        assert reached.wait(20)
        assert not loader.caught_up()
        may_go_on.set()
        loader.wait_caught_up(20)


async def test_it_follows_what_is_written_later(kafka: KafkaSettings, make_topic: MakeTopic) -> None:
    topic, table = make_topic(), Table()
    with Loader(kafka, table) as loader:
        loader.follow(topic)
        await loader.until_caught_up(20)
        ((_, number, offset),) = write(kafka, topic, {b"k": b"v"})
        loader.wait_position((topic, number), offset, 20)
        assert table.values == {b"k": b"v"}


def test_partitions_come_and_go(kafka: KafkaSettings, make_topic: MakeTopic) -> None:
    topic, table = make_topic(), Table()
    write(kafka, topic, numbered(200))
    with Loader(kafka, table) as loader:
        loader.add([(topic, 0)])
        loader.wait_caught_up(20)
        loader.add([(topic, 1), (topic, 2)])
        loader.wait_caught_up(20)
        assert {partition_for(key, 4) for key in table.values} == {0, 1, 2}
        loader.remove([(topic, 1)])
        before = len(table.places)
        places = write(kafka, topic, numbered(200, b"new"))
        for number in (0, 2):
            loader.wait_position((topic, number), max(offset for _, n, offset in places if n == number), 20)
        later = table.places[before:]
        assert {number for _, number, _ in later} == {0, 2}
        assert len(later) == len(set(later)), "a partition that stayed was read twice"
        loader.add([(topic, 1)])
        loader.wait_caught_up(20, [(topic, 1)])
        assert all(table.values[key] == b"new" for key in numbered(200) if partition_for(key, 4) == 1)


def test_many_topics_added_while_it_reads_all_arrive(kafka: KafkaSettings, make_topic: MakeTopic) -> None:
    names = [make_topic(f"n{number}") for number in range(6)]
    for name in names:
        write(kafka, name, numbered(3_000, name.encode()))
    table = Table()
    with Loader(kafka, table) as loader:
        for name in names:
            loader.follow(name)
        loader.wait_caught_up(30)
    assert len(table.places) == len(set(table.places)) == 18_000


def test_a_callback_that_fails_stops_the_loader_for_good(kafka: KafkaSettings, make_topic: MakeTopic) -> None:
    def broken(_: Sequence[Message]) -> None:
        raise ValueError("odd record")

    topic = make_topic()
    write(kafka, topic, numbered(1))
    with Loader(kafka, broken, name="odd") as loader:
        loader.follow(topic)
        with pytest.raises(LoaderError, match="odd has stopped: odd record"):
            loader.wait_caught_up(20)
        with pytest.raises(LoaderError):
            loader.caught_up()


async def test_who_waits_for_a_loader_that_is_closed_hears_of_it_at_once(
    kafka: KafkaSettings, make_topic: MakeTopic
) -> None:
    loader = Loader(kafka, lambda _: None)
    never = (make_topic("never"), 99)
    waiting = asyncio.create_task(loader.until_caught_up(60, [never]))
    await asyncio.sleep(0.1)
    loader.close()
    with pytest.raises(LoaderError, match="was closed"):
        await asyncio.wait_for(waiting, 10)


def test_a_missing_topic_is_named(kafka: KafkaSettings) -> None:
    with Loader(kafka, Table()) as loader, pytest.raises(LoaderError, match=r"no topic nowhere.*topics apply"):
        loader.follow("nowhere")


def test_confluent_places_keys_where_we_compute(kafka: KafkaSettings, make_topic: MakeTopic) -> None:
    topic = make_topic(partitions=7)
    keys = {f"prestashop:shop-{n}:é{n * 7}".encode(): b"" for n in range(300)}
    client: Any = consumer(kafka)
    write(kafka, topic, dict(keys))
    client.assign([TopicPartition(topic, number, 0) for number in range(7)])
    seen = {}
    while len(seen) < len(keys):
        message = client.poll(10)
        if message.error() is None:
            seen[message.key()] = message.partition()
    client.close()
    assert seen == {key: partition_for(key, 7) for key in keys}


@pytest.mark.crash
def test_it_goes_on_after_the_broker_was_killed(own_broker: LocalBroker) -> None:
    settings = KafkaSettings(bootstrap=own_broker.bootstrap)
    client = admin(settings)
    apply(client, plan(client, [Topic("t", 4, 1, {"cleanup.policy": "compact"}, "", "", has_schema=False)]))
    write(settings, "t", numbered(1_000))
    table = Table()
    with Loader(settings, table) as loader:
        loader.follow("t")
        loader.wait_caught_up(20)
        own_broker.kill()
        own_broker.start()
        for topic, number, offset in write(settings, "t", numbered(100, b"after")):
            loader.wait_position((topic, number), offset, 30)
        assert sum(value == b"after" for value in table.values.values()) == 100
        assert len(table.places) == len(set(table.places)) == 1_100
