"""The log as an audit reads it: everything up to the present end, and how far the services have come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from confluent_kafka import Consumer, TopicPartition

from penstock.audit.kafkalog import KafkaLog
from penstock.audit.ledger import Place
from penstock.log.kafka import KafkaSettings, producer

pytestmark = [pytest.mark.kafka, pytest.mark.topics("raw.prestashop.order")]
TOPIC = "raw.prestashop.order"
DAY = 86_400_000


def write(settings: KafkaSettings, count: int) -> None:
    """Record `n` is of day `n` of 2026."""
    client = producer(settings)
    start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
    for number in range(count):
        client.produce(
            settings.topic(TOPIC), str(number), b"1:41", headers={"ce_id": "e"}, timestamp=start + number * DAY
        )
    assert client.flush(30) == 0


def commit(settings: KafkaSettings, group: str, partition: int, offset: int) -> None:
    client = Consumer({**settings.librdkafka(), "group.id": group, "enable.auto.commit": False})
    client.commit(offsets=[TopicPartition(settings.topic(TOPIC), partition, offset)], asynchronous=False)
    client.close()


@pytest.mark.usefixtures("topics")
def test_it_reads_a_topic_whole_or_from_a_moment_on(kafka: KafkaSettings) -> None:
    write(kafka, 10)
    log = KafkaLog(kafka, "prestashop-infor")
    assert [each.value() for messages in log.batches(TOPIC, None) for each in messages] == [
        b"%d" % n for n in range(10)
    ]
    since = datetime(2026, 1, 8, tzinfo=UTC)
    assert [each.value() for messages in log.batches(TOPIC, since) for each in messages] == [b"7", b"8", b"9"]


@pytest.mark.usefixtures("topics")
def test_it_tells_what_is_late_from_what_was_passed_over(kafka: KafkaSettings) -> None:
    write(kafka, 3)
    group = f"{kafka.topic_prefix}penstock.prestashop-infor"
    ((number, _),) = {(each.partition(), each.key()) for m in KafkaLog(kafka, "x").batches(TOPIC, None) for each in m}
    commit(kafka, f"{group}.processors", number or 0, 2)
    commit(kafka, f"{group}.sink.infor.DALS", number or 0, 1)
    log = KafkaLog(kafka, "prestashop-infor")
    places = [Place(TOPIC, number or 0, offset, 0) for offset in range(3)]
    assert [log.passed("", place) for place in places] == [True, True, False]
    assert [log.passed("infor:DALS", place) for place in places] == [True, False, False]
    assert log.passed("prestashop:1", places[0]) is None
