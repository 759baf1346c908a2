"""What no system should ever send, on the topics and at the door: kept with its reason; the orders behind it go on."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from tests.e2e.world import World, number_of

from penstock.log.headers import texts
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef, Part, RawDocument

pytestmark = [
    pytest.mark.xdist_group("stack"),
    pytest.mark.kafka,
    pytest.mark.timeout(180),
    pytest.mark.usefixtures("nobody_dies"),
]

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + b"".join(b'<!ENTITY lol%d "%s">' % (n, b"&lol%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><prestashop><order>&lol9;</order></prestashop>"
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><prestashop><order><id>&e;</id></order></prestashop>'

PARTS = {
    "XML": b"<prestashop><order><id>41</id></order></prestashop>",
    "an XML bomb": BOMB,
    "an external entity": OUTSIDE,
    "cut JSON": b'{"orders":[{"id":41,"refere',
    "HTML": b"<html><body>We'll be back soon</body></html>",
    "bytes": bytes(range(256)),
    "depth": b'{"orders":' + b"[" * 100_000,
}


@pytest.mark.parametrize("what", PARTS)
def test_a_source_document_that_cannot_be_read_is_a_dead_letter(world: World, what: str) -> None:
    event = f"prestashop:1:order:800000:{what}"
    part = Part("order", "/api/orders", 200, "application/json", "2026-03-04T09:06:00.000Z", PARTS[what])
    value = RawDocument(EntityRef("prestashop", "1", "order", "800000"), (part,)).to_bytes()
    world.publish("raw.prestashop.order", "1:800000", value, headers_of(event))
    letter = world.dead_letter("processors", lambda letter: texts(letter.headers).get("ce_id") == event)
    assert (letter.key, letter.value) == (b"1:800000", value)
    said = texts(letter.headers)
    assert said["dlq-topic"] == "raw.prestashop.order"
    assert "part order of prestashop:1:order:800000: no JSON" in said["dlq-error"]


JUNK = {"nothing": b"", "bytes": b"\xff\xfe\x00", "cut JSON": b'{"system":"presta', "NUL": b"\x00" * 100}
TOPICS = {
    "raw.prestashop.notification": "ingress",
    "raw.infor.notification": "ingress",
    "raw.prestashop.order": "processors",
    "raw.infor.stock": "processors",
    "canonical.order": "sinks",
    "canonical.stock-level": "sinks",
    "customer-request.infor": "sinks",
}


def test_junk_on_every_topic_is_a_dead_letter_byte_for_byte_and_the_next_orders_go_on(world: World) -> None:
    refs = [world.place()]
    marks = {(topic, what): f"junk:{topic}:{what}" for topic in TOPICS for what in JUNK}
    for (topic, what), mark in marks.items():
        for target in ("infor:DALS", "prestashop:1"):
            world.publish(topic, "junk", JUNK[what], headers_of(mark) | {"targets": target})
    refs.append(world.place(guest=world.guest()))
    for ref in refs:
        world.booked(ref)

    def missing() -> list[str]:
        letters = {
            (mark_of(each.headers), each.value) for stage in set(TOPICS.values()) for each in world.letters(stage)
        }
        return [mark for (_, what), mark in marks.items() if (mark, JUNK[what]) not in letters]

    world.until(lambda: not missing(), "a dead letter of everything")


def test_an_order_that_was_never_there_is_gone(world: World) -> None:
    body = webhook(resource_id=4_000_000)
    assert world.webhook(body).status_code == 202
    own_id = canonical_id("prestashop", "1", "order", "4000000")
    world.until(lambda: [f.state for f in world.all_fates() if f.canonical_id == own_id] == ["gone"], "its fate")


# --- at the door


def test_a_forged_stale_or_endless_webhook_is_refused_and_polling_finds_the_order(world: World) -> None:
    ref = world.place(webhook="lost")
    number = int(number_of(ref))
    right = webhook(resource_id=number)
    answers = [
        world.webhook(right, sign=""),
        world.webhook(right, sign="sha256=" + "0" * 64),
        world.webhook(webhook(resource_id=number, occurred_at="2026-01-01T00:00:00Z")),
        world.webhook(webhook(resource_id=f"{number}\0")),
        world.webhook(b"{"),
        world.webhook(BOMB),
        world.webhook(webhook(resource_id=number, note="x" * 64 * 1024)),
        world.webhook(webhook(resource_id=number, note="x" * 3_000_000)),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 400, 400, 400, 413, 413]
    assert all(answer.json()["error"] for answer in answers)
    world.booked(ref)


def test_the_same_webhook_many_times_is_one_event(world: World) -> None:
    ref = world.place(webhook="lost")
    body = webhook(resource_id=int(number_of(ref)))
    assert {world.webhook(body).status_code for _ in range(20)} == {202}
    world.booked(ref)
    events = [
        texts(record.headers)["ce_id"]
        for record in world.log.of_key("raw.prestashop.order", f"1:{number_of(ref)}")
        if RawDocument.from_bytes(record.value or b"").parts
    ]
    assert len(events) == len(set(events))


# --- what the tests share


def webhook(**changed: object) -> bytes:
    sent: dict[str, object] = {
        "event": "order.created",
        "id": "1",
        "occurred_at": datetime.now(UTC).isoformat(),
        "shop_id": 1,
        "resource": "orders",
    }
    return orjson.dumps(sent | changed)


def headers_of(event: str) -> dict[str, str]:
    return {
        "ce_specversion": "1.0",
        "ce_id": event,
        "ce_source": "prestashop:1",
        "ce_type": "penstock.raw.prestashop.order",
        "ce_time": "2026-03-04T09:06:00.000+00:00",
        "flow": "prestashop-infor",
    }


def mark_of(headers: list[tuple[str, bytes]]) -> str:
    """The event id that a record came with; the dead letter of a notification has one of its own behind it."""
    return next((value.decode() for name, value in headers if name == "ce_id"), "")
