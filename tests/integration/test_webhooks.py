"""Webhooks over HTTP: accepted when, and only when, the broker has them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.prestashop.settings import PrestashopSettings
from penstock.connectors.prestashop.source import PrestashopSource
from penstock.ingress import webhooks
from penstock.ingress.notes import read_note
from penstock.ingress.webhooks import Webhooks
from penstock.log.broker import LocalBroker
from penstock.log.kafka import KafkaSettings, admin, async_producer
from penstock.log.scan import Record, scan
from penstock.log.topics import apply, load_topics, plan
from penstock.service import http_server

pytestmark = pytest.mark.kafka

KEY, OLD_KEY = "new key", "old key"
PATH = "/webhooks/prestashop/1"


def message(**changed: Any) -> bytes:
    sent = {
        "event": "order.created",
        "id": "1",
        "occurred_at": datetime.now(UTC).isoformat(),
        "shop_id": 1,
        "resource": "orders",
        "resource_id": 41,
    }
    return orjson.dumps(sent | changed)


def signed(body: bytes, key: str = KEY) -> dict[str, str]:
    return {"X-PrestaShop-Signature": f"sha256={hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}"}


class Door:
    """Ingress's HTTP side, and the log behind it."""

    def __init__(self, client: httpx.AsyncClient, settings: KafkaSettings, webhooks: Webhooks) -> None:
        self._client, self._settings = client, settings
        self.counts = webhooks.counts

    async def post(self, body: bytes, headers: dict[str, str] | None = None, path: str = PATH) -> httpx.Response:
        return await self._client.post(path, content=body, headers=signed(body) if headers is None else headers)

    def logged(self) -> list[Record]:
        return list(scan(self._settings, self._settings.topic("raw.prestashop.notification")))


@asynccontextmanager
async def door_to(settings: KafkaSettings) -> AsyncIterator[Door]:
    shop = PrestashopSettings(
        base_url="https://shop.example/api",
        key="plain:ABCDEFGHIJKLMNOPQRSTUVWXYZ123456",
        webhook_secret=f"plain:{KEY}",
        webhook_secret_previous=f"plain:{OLD_KEY}",
    )  # type: ignore[arg-type]  # pydantic resolves the secrets
    source = PrestashopSource(shop, Budget(BudgetSettings()))
    producer = async_producer(settings, linger_ms=0)
    await producer.start()
    made = Webhooks([source], producer, settings)
    try:
        async with (
            http_server(made.routes(), "127.0.0.1", 0) as port,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client,
        ):
            yield Door(client, settings, made)
    finally:
        await producer.stop()
        await source.close()


def make_topic(settings: KafkaSettings) -> None:
    client = admin(settings)
    wanted = load_topics(prefix=settings.topic_prefix)
    apply(client, plan(client, [each for each in wanted if each.name.endswith("prestashop.notification")]))


@pytest.fixture
async def door(kafka: KafkaSettings) -> AsyncIterator[Door]:
    make_topic(kafka)
    async with door_to(kafka) as made:
        yield made


async def test_what_is_accepted_is_on_the_log(door: Door):
    answer = await door.post(message())
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    (record,) = door.logged()
    assert record.key == b"order:1:41"
    note = read_note(record.value or b"")
    assert (str(note.ref), note.via, note.event) == ("prestashop:1:order:41", "webhook", "order.created")


async def test_the_key_of_before_a_rotation_still_counts(door: Door):
    body = message()
    assert (await door.post(body, signed(body, OLD_KEY))).status_code == 202


async def test_a_resource_that_nobody_reads_is_accepted_and_forgotten(door: Door):
    assert (await door.post(message(resource="carts"))).json() == {"accepted": 0}
    assert door.logged() == []


def at(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


UNSIGNED = {
    "no signature": (lambda _: {}, "no X-PrestaShop-Signature header"),
    "of another body": (lambda body: signed(body + b" "), "does not fit the body"),
    "with another key": (lambda body: signed(body, "another key"), "does not fit the body"),
    "cut": (lambda _: {"X-PrestaShop-Signature": "sha256="}, "does not fit the body"),
    "of another kind": (lambda _: {"X-PrestaShop-Signature": "md5=1"}, "does not fit the body"),
    "not even text": (lambda _: {"X-PrestaShop-Signature": b"sha256=\xff\xfe"}, "does not fit the body"),
}


@pytest.mark.parametrize("case", UNSIGNED)
async def test_a_message_without_its_signature_is_not_accepted(door: Door, case: str):
    make, said = UNSIGNED[case]
    body = message()
    answer = await door.post(body, make(body))
    assert (answer.status_code, door.counts["refused"]) == (401, 1)
    assert said in answer.text
    assert door.logged() == []


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        (lambda: message(occurred_at=at(-400)), 401, "300 s off"),
        (lambda: message(occurred_at=at(3600)), 401, "300 s off"),
        (lambda: message(occurred_at="yesterday"), 400, "no ISO 8601 time"),
        (lambda: message(occurred_at=1741080000), 400, "occurred_at"),
        (lambda: b"", 400, "no JSON"),
        (lambda: b"{", 400, "no JSON"),
        (lambda: b"\x00\xff", 400, "no JSON"),
        (lambda: b"<order><id>41</id></order>", 400, "no JSON"),
        (lambda: b"[" * 30_000, 400, "no JSON"),
        (lambda: b"[]", 400, "no JSON object"),
        (lambda: message(resource_id="41\x00"), 400, "resource_id"),
        (lambda: message(resource_id=-41), 400, "resource_id"),
        (lambda: message(resource_id=1e300), 400, "resource_id"),
        (lambda: message(resource_id=True), 400, "resource_id"),
        (lambda: message(event="x" * 201), 400, "event"),
        (lambda: message(note="x" * 64 * 1024), 413, "at most 65536"),
        (lambda: message(note="x" * 2_000_000), 413, "over 1048576 bytes"),
    ],
)
async def test_a_signed_message_that_cannot_be_used_is_refused_with_the_reason(
    door: Door, sent: Callable[[], bytes], status: int, said: str
):
    answer = await door.post(sent())
    assert (answer.status_code, door.counts["refused"]) == (status, 1)
    assert said in answer.text
    assert "xxxx" not in answer.text, "what was sent is not said back"
    assert door.logged() == []


@pytest.mark.parametrize("changed", [{"resource_id": "41"}, {"event": "🎁"}, {"note": "x\0" * 1000}])
async def test_what_does_not_matter_may_be_odd(door: Door, changed: dict[str, Any]):
    assert (await door.post(message(**changed))).json() == {"accepted": 1}


@pytest.mark.parametrize("path", ["/webhooks/prestashop/2", "/webhooks/infor/DALS", "/webhooks/x/1"])
async def test_what_the_flow_does_not_have_is_not_found(door: Door, path: str):
    assert (await door.post(message(), path=path)).status_code == 404


async def test_a_body_that_breaks_off_is_not_accepted(door: Door):
    address = door._client.base_url
    reader, writer = await asyncio.open_connection(address.host, address.port)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n"
    writer.write(head.encode() + b'{"event":')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    await reader.read()
    assert (await door.post(message())).status_code == 202
    assert len(door.logged()) == 1


@pytest.fixture
async def own_door(own_broker: LocalBroker) -> AsyncIterator[tuple[Door, LocalBroker]]:
    settings = KafkaSettings(bootstrap=own_broker.bootstrap)
    make_topic(settings)
    async with door_to(settings) as made:
        yield made, own_broker


@pytest.mark.timeout(180)
async def test_nothing_is_answered_before_the_broker_has_acknowledged(own_door: tuple[Door, LocalBroker]):
    door, broker = own_door
    assert (await door.post(message())).status_code == 202
    broker.pause()
    posted = asyncio.create_task(door.post(message(resource_id=42)))
    done, _ = await asyncio.wait([posted], timeout=1.0)
    assert not done, "answered while the broker could not have it"
    broker.resume()
    assert (await posted).status_code == 202
    assert {record.key for record in door.logged()} == {b"order:1:41", b"order:1:42"}


@pytest.mark.timeout(180)
async def test_while_the_broker_is_down_the_shop_is_told_to_come_again(
    own_door: tuple[Door, LocalBroker], monkeypatch: pytest.MonkeyPatch
):
    door, broker = own_door
    assert (await door.post(message())).status_code == 202
    monkeypatch.setattr(webhooks, "LOG_TIMEOUT", 1.0)
    await asyncio.to_thread(broker.kill)
    for number in (42, 43):
        answer = await door.post(message(resource_id=number))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    await asyncio.to_thread(broker.start)
    monkeypatch.setattr(webhooks, "LOG_TIMEOUT", 60.0)
    for number in (42, 43):
        assert (await door.post(message(resource_id=number))).status_code == 202
    assert {record.key for record in door.logged()} == {b"order:1:41", b"order:1:42", b"order:1:43"}
    assert door.counts["unavailable"] == 2
