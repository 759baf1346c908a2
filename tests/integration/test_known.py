"""What the log knows of orders, of all processes together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from penstock.connectors.contract import Notification
from penstock.ingress.extract import notify
from penstock.ingress.known import Known
from penstock.ingress.notes import note_bytes
from penstock.ingress.positions import Positions, document_key, mark_key
from penstock.log.kafka import KafkaSettings, async_consumer, async_producer
from penstock.log.topics import Topic
from penstock.records.raw import EntityRef

pytestmark = [pytest.mark.kafka, pytest.mark.topics("raw.prestashop.notification", "position.prestashop")]
ORDERS = [EntityRef("prestashop", "1", "order", str(number)) for number in range(41, 53)]


@pytest.fixture
async def producer(kafka: KafkaSettings, topics: Sequence[Topic]) -> AsyncIterator[AIOKafkaProducer]:
    made = async_producer(kafka, linger_ms=0)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def group(kafka: KafkaSettings) -> str:
    return f"{kafka.topic_prefix}penstock.test.extract.prestashop"


@pytest.fixture
def known(kafka: KafkaSettings, topics: Sequence[Topic], group: str) -> Known:
    return Known(kafka, "prestashop", group, "order")


async def test_what_another_process_extracts_is_known_at_the_next_look(
    kafka: KafkaSettings, producer: AIOKafkaProducer, known: Known
) -> None:
    other = Positions(kafka, "prestashop", producer)
    await known.refresh()
    assert not any(known.has(ref) for ref in ORDERS)
    await other.put(mark_key("1", "orders"), {"mark": {}})
    for number, ref in enumerate(ORDERS):
        await other.put(document_key(ref), {"event_id": "e", "hash": "h"})
        await known.refresh()
        assert [known.has(each) for each in ORDERS] == [each <= number for each in range(len(ORDERS))]
    customer = EntityRef("prestashop", "1", "customer", "41")
    await other.put(document_key(customer), {"event_id": "e", "hash": "h"})
    await known.refresh()
    assert not known.has(customer), "only orders are counted"
    assert not known.has(EntityRef("prestashop", "2", "order", "41")), "another shop's order has the same number"
    known.close()
    assert known.has(ORDERS[0]), "what was on the log once is"
    await known.refresh()
    known.close()


async def test_a_notification_is_unanswered_until_the_group_has_committed_it(
    kafka: KafkaSettings, producer: AIOKafkaProducer, known: Known, group: str
) -> None:
    assert await known.unanswered() == frozenset()
    for ref in ORDERS:
        note = Notification(ref, "webhook")
        await notify(producer, kafka, note, note_bytes(note))
    assert await known.unanswered() == {f"order:1:{ref.native_id}" for ref in ORDERS}
    topic = kafka.topic("raw.prestashop.notification")
    consumer = async_consumer(kafka, group=group)
    await consumer.start()
    places = [TopicPartition(topic, number) for number in (0, 1)]
    consumer.assign(places)
    ends = await consumer.end_offsets(places)
    await consumer.commit({places[0]: ends[places[0]], places[1]: max(ends[places[1]] - 1, 0)})
    await consumer.stop()
    left = await known.unanswered()
    answered = ends[places[0]] + max(ends[places[1]] - 1, 0)
    assert answered > 0
    assert len(left) == len(ORDERS) - answered
