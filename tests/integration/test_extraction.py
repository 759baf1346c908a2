"""Extraction on a real log: one event per change, whatever is notified, and whenever the process dies."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence

import orjson
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from penstock.connectors.contract import Notification, SourceRefusedError, SourceUnavailableError
from penstock.ingress.extract import Extractor
from penstock.ingress.notes import note_bytes, note_key
from penstock.ingress.positions import Positions
from penstock.log.fates import Fate
from penstock.log.headers import texts
from penstock.log.kafka import KafkaSettings, async_producer
from penstock.log.lanes import Record
from penstock.log.scan import scan
from penstock.log.topics import Topic
from penstock.log.watermark import Watermark
from penstock.records.raw import EntityRef, Part, RawDocument

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.topics("raw.prestashop.*", "position.prestashop", "fate", "dlq.ingress", "alert", "control"),
]
REF = EntityRef("prestashop", "1", "order", "41")


class FakeSource:
    """Serves `content`; None: not there. `failures` are raised first."""

    system, instance = "prestashop", "1"
    polls = ()

    def __init__(self) -> None:
        self.content: str | None = "A"
        self.failures: list[Exception] = []
        self.reads = 0

    async def extract(self, ref: EntityRef, carried: Sequence[Part]) -> RawDocument | None:
        self.reads += 1
        if self.failures:
            raise self.failures.pop(0)
        if self.content is None:
            return None
        part = Part("order", "/orders", 200, "application/json", "2026-02-01T00:00:00Z", self.content.encode())
        return RawDocument(ref, (part,))

    def fingerprint(self, document: RawDocument) -> str:
        return hashlib.sha256(document.parts[0].body).hexdigest()


class World:
    def __init__(self, settings: KafkaSettings, producer: AIOKafkaProducer) -> None:
        self.settings, self.producer = settings, producer
        self.source = FakeSource()
        self.offset = 0

    async def extractor(self) -> Extractor:
        """As a process has it that has just started."""
        positions = Positions(self.settings, "prestashop", self.producer)
        await positions.load()
        return Extractor(self.source, positions, self.producer, self.settings, "test")  # type: ignore[arg-type]

    def notified(self, times: int = 1, value: bytes | None = None) -> list[Record]:
        note = Notification(REF, "webhook", "order.updated")
        watermark: Watermark[TopicPartition] = Watermark()
        records = []
        for _ in range(times):
            self.offset += 1
            records.append(
                Record(
                    "raw.prestashop.notification",
                    0,
                    self.offset,
                    note_key(REF),
                    value or note_bytes(note),
                    (),
                    0,
                    watermark,
                )
            )
        return records

    def raw(self) -> list[tuple[str, RawDocument]]:
        """(event id, document) of every raw record."""
        found = scan(self.settings, self.settings.topic("raw.prestashop.order"))
        return [(texts(r.headers)["ce_id"], RawDocument.from_bytes(r.value or b"")) for r in found]

    def fates(self) -> list[Fate]:
        return [Fate.decode(r.key or b"", r.value or b"") for r in scan(self.settings, self.settings.topic("fate"))]


@pytest.fixture
async def world(kafka: KafkaSettings, topics: Sequence[Topic]) -> AsyncIterator[World]:
    producer = async_producer(kafka, linger_ms=0)
    await producer.start()
    yield World(kafka, producer)
    await producer.stop()


async def test_the_same_webhook_twice_is_one_event(world: World):
    extractor = await world.extractor()
    await extractor.handle("", world.notified())
    await extractor.handle("", world.notified())
    assert len(world.raw()) == 1


async def test_many_notifications_of_one_key_are_answered_by_one_read(world: World):
    await (await world.extractor()).handle("", world.notified(10))
    assert world.source.reads == 1
    assert len(world.raw()) == 1


async def test_a_change_and_back_again_is_three_events(world: World):
    extractor = await world.extractor()
    for content in ("A", "B", "A"):
        world.source.content = content
        await extractor.handle("", world.notified())
    events = [event for event, _ in world.raw()]
    assert len(set(events)) == 3


async def test_a_new_process_knows_what_was_published(world: World):
    await (await world.extractor()).handle("", world.notified())
    await (await world.extractor()).handle("", world.notified())
    assert len(world.raw()) == 1


async def test_a_crash_before_the_position_is_written_gives_the_same_event_id_again(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    async def crash(*_: object) -> None:
        raise RuntimeError("killed")

    first = await world.extractor()
    monkeypatch.setattr(first._positions, "put", crash)
    with pytest.raises(RuntimeError):
        await first.handle("", world.notified())
    await (await world.extractor()).handle("", world.notified())
    events = [event for event, _ in world.raw()]
    assert len(events) == 2
    assert len(set(events)) == 1


async def test_a_deletion_is_an_event_that_carries_the_last_content(world: World):
    extractor = await world.extractor()
    await extractor.handle("", world.notified())
    world.source.content = None
    await extractor.handle("", world.notified())
    await extractor.handle("", world.notified())
    documents = [document for _, document in world.raw()]
    assert [document.deleted for document in documents] == [False, True]
    assert documents[1].parts == documents[0].parts


async def test_what_the_source_does_not_have_and_never_had_is_gone(world: World):
    world.source.content = None
    await (await world.extractor()).handle("", world.notified())
    assert [fate.state.value for fate in world.fates()] == ["gone"]
    assert world.raw() == []


async def test_a_source_that_fails_for_a_while_is_asked_again(world: World):
    world.source.failures = [SourceUnavailableError("502"), SourceUnavailableError("html instead of JSON", 0.01)]
    await (await world.extractor()).handle("", world.notified())
    assert len(world.raw()) == 1


async def test_what_the_source_refuses_for_good_is_a_dead_letter_with_its_fate(world: World):
    world.source.failures = [SourceRefusedError("401/26: the key may not read orders")]
    records = world.notified()
    await (await world.extractor()).handle("", records)
    (letter,) = scan(world.settings, world.settings.topic("dlq.ingress"))
    about = texts(letter.headers)
    assert letter.value == records[0].value
    assert about["dlq-error"] == "401/26: the key may not read orders"
    assert about["dlq-topic"] == "raw.prestashop.notification"
    assert [fate.state.value for fate in world.fates()] == ["parked"]
    (alert,) = [orjson.loads(r.value or b"") for r in scan(world.settings, world.settings.topic("alert"))]
    assert (alert["kind"], alert["target"], alert["flow"]) == ("dead-letter", "prestashop:1", "test")
    assert (alert["document"], alert["entity"], alert["rule"]) == ("41", "order", "SourceRefusedError")


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"{", b"[]", b'{"system": "prestashop"}', b"null", b"\x00" * 100])
async def test_an_undecodable_notification_is_a_dead_letter_byte_for_byte(world: World, junk: bytes):
    await (await world.extractor()).handle("", world.notified(value=junk))
    (letter,) = scan(world.settings, world.settings.topic("dlq.ingress"))
    assert letter.value == junk


async def test_a_document_too_large_for_the_log_is_a_dead_letter_that_says_so(world: World):
    extractor = await world.extractor()
    world.source.content = "x" * 13_000_000
    await extractor.handle("", world.notified())
    world.source.content = "shorter"
    await extractor.handle("", world.notified())
    (letter,) = scan(world.settings, world.settings.topic("dlq.ingress"))
    assert "prestashop:1:order:41 has 13,000," in texts(letter.headers)["dlq-error"]
    assert [fate.state.value for fate in world.fates()] == ["parked"]
    assert [document.parts[0].body for _, document in world.raw()] == [b"shorter"]


async def test_a_document_of_ten_megabytes_is_on_the_log_whole(world: World):
    world.source.content = "x" * 10_000_000
    await (await world.extractor()).handle("", world.notified())
    ((_, document),) = world.raw()
    assert len(document.parts[0].body) == 10_000_000
