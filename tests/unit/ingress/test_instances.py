"""Several instances of a system behind one door and one topic of notifications."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from penstock.connectors.contract import Notification
from penstock.ingress.extract import Extractor
from penstock.ingress.main import instance_of
from penstock.ingress.notes import note_bytes, note_key
from penstock.ingress.webhooks import Webhooks
from penstock.log.kafka import KafkaSettings
from penstock.log.lanes import Record
from penstock.records.raw import EntityRef

SETTINGS = KafkaSettings(bootstrap="nowhere:9092")


class Producer:
    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes | None, bytes]] = []

    async def send_and_wait(self, topic: str, value: bytes | None = None, key: bytes = b"", **_more: Any) -> None:
        self.sent.append((topic, value, key))


class Shop:
    """A source that takes every webhook as one about order 41."""

    system = "prestashop"

    def __init__(self, instance: str) -> None:
        self.instance = instance
        self.read: list[str] = []

    def receive(self, *_webhook: Any) -> list[Notification]:
        return [Notification(EntityRef("prestashop", self.instance, "order", "41"), "webhook")]

    async def extract(self, ref: EntityRef, _carried: Any) -> None:
        self.read.append(str(ref))


@pytest.mark.parametrize(("instance", "status"), [("1", 202), ("2", 202), ("3", 404)])
async def test_a_webhook_reaches_the_instance_in_its_path(instance: str, status: int) -> None:
    producer = Producer()
    webhooks = Webhooks([Shop("1"), Shop("2")], producer, SETTINGS)  # type: ignore[list-item]  # a part of a source
    app = Starlette(routes=webhooks.routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingress") as client:
        answer = await client.post(f"/webhooks/prestashop/{instance}", content=b"{}")
    assert answer.status_code == status
    keys = [key for _, _, key in producer.sent]
    assert keys == ([f"order:{instance}:41".encode()] if status == 202 else [])


@pytest.mark.parametrize(
    ("lane", "instance"),
    [("order:1:41", "1"), ("customer:shop-fr:a:b", "shop-fr"), ("order:1", ""), ("", ""), ("\ufffd", "")],
)
def test_a_notification_is_for_the_instance_in_its_key(lane: str, instance: str) -> None:
    assert instance_of(lane) == instance
    if instance:
        entity, _, native_id = lane.split(":", 2)
        assert note_key(EntityRef("prestashop", instance, entity, native_id)) == lane.encode()


async def test_a_notification_of_a_strange_instance_is_a_dead_letter_and_reads_nothing() -> None:
    producer, shop = Producer(), Shop("1")
    extractor = Extractor(shop, SimpleNamespace(), producer, SETTINGS, "two")  # type: ignore[arg-type]  # parts of them
    note = Notification(EntityRef("prestashop", "7", "order", "41"), "webhook")
    done: list[int] = []
    watermark: Any = SimpleNamespace(done=lambda _place, offset: done.append(offset))
    record = Record("raw.prestashop.notification", 0, 5, note_key(note.ref), note_bytes(note), (), 0, watermark)
    await extractor.handle("order:7:41", [record])
    assert [topic for topic, _, _ in producer.sent] == ["dlq.ingress", "fate", "alert"]
    assert shop.read == []
    assert done == [5]
