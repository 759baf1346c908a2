"""What the sinks write to `hold`, `parked`, `alert` and `audit`, against a producer in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from penstock.connectors.contract import CustomerRequest, Hold, Link, Notice
from penstock.log.fates import Fate
from penstock.log.kafka import KafkaSettings
from penstock.log.xref import XrefStore
from penstock.sinks.journal import LogJournal
from penstock.sinks.letters import Letters
from penstock.sinks.model import Effect, Entry, Item, republish
from penstock.sinks.state import SinkState
from tests.unit.sinks.fakes import order_item

CREDIT = Hold("over the limit", "credit", (("limit", "100.00"), ("order", "120.00")), clears_on="credit", after=30.0)


class World:
    def __init__(self, state: SinkState) -> None:
        self.sent: list[tuple[str, str, Any]] = []
        self.headers: list[dict[str, bytes]] = []
        self.time = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        self.state = state
        self.journal = LogJournal(
            self,  # type: ignore[arg-type]  # it sends, and no more is asked of it
            KafkaSettings(bootstrap="127.0.0.1:1"),
            state,
            XrefStore(),
            system="sage100",
            instance="ABC",
            flow="clarity-sage100",
            clock=lambda: self.time,
        )

    async def send_and_wait(self, topic: str, value: bytes | None, *, key: bytes, headers: Any, **_: Any) -> Any:
        self.headers.append(dict(headers))
        body = None if value is None else orjson.loads(value) if value[:1] == b"{" else value
        self.sent.append((topic, key.decode(), body))
        return SimpleNamespace(offset=0)

    def on(self, topic: str) -> list[Any]:
        return [value for name, _, value in self.sent if name == topic]


@pytest.fixture
def world() -> Iterator[World]:
    state = SinkState(KafkaSettings(bootstrap="127.0.0.1:1"), "sage100", "ABC")
    yield World(state)
    state.close()


def routed(event: str = "A-0", **headers: str) -> Item:
    item = order_item(event=event)
    item.headers = {"ce_id": event, "raw": "raw.shop.order-0-0", **headers}
    return item


async def test_what_is_written_again_never_hides_what_a_lane_writes_meanwhile(world: World):
    intent = Effect("intent", 7, "A-1", "raw.shop.order-0-1")
    applied = Effect("applied", 9, "A-1", "raw.shop.order-0-1")
    world.state._epochs[0] = 9
    world.state.put_effect("ABC:order:A", intent)
    inner = world.send_and_wait

    async def send(topic: str, value: Any, **more: Any) -> Any:
        answer = await inner(topic, value, **more)
        if len(world.sent) == 1:
            world.state.put_effect("ABC:order:A", applied)
        return answer

    world.send_and_wait = send  # type: ignore[method-assign]
    await world.journal.write_again("ABC:order:A", 0)
    assert [(each["state"], each["epoch"]) for each in world.on("effect.sage100")] == [("intent", 9), ("applied", 9)]
    known = world.state.effect_of("ABC:order:A")
    assert known is not None
    assert known.state == "applied"


async def test_what_is_linked_in_the_target_is_linked_in_its_source_too(world: World):
    item = routed()
    item.record = {**item.record, "source": {"system": "clarity", "instance": "acme", "native_id": "5120"}}
    await world.journal.links(item, [Link("order", "A", "W0003Y8"), Link("order", "another", "W0003Y9")])
    assert {key for name, key, _ in world.sent if name == "xref.order"} == {
        "canonical:A:sage100:ABC",
        "sage100:ABC:W0003Y8",
        "canonical:A:clarity:acme",
        "clarity:acme:5120",
        "canonical:another:sage100:ABC",
        "sage100:ABC:W0003Y9",
    }


async def test_a_customer_that_an_order_asks_for_is_linked_in_the_shop_that_the_order_is_of(world: World):
    order = routed()
    source = {"system": "clarity", "instance": "acme", "native_id": "5120"}
    order.record = {**order.record, "source": source, "customer": {"native_id": "account-88"}}
    await world.journal.request_customer(order, CustomerRequest("match", "C", {}))
    (asked,) = world.on("customer-request.sage100")
    request = routed()
    request.entity, request.record = "customer-request", {"customer_id": "C", "source": asked["source"]}
    await world.journal.links(request, [Link("customer", "C", "00-W1")])
    assert ("xref.customer", "clarity:acme:account-88") in [(name, key) for name, key, _ in world.sent]


async def test_a_hold_says_rule_sum_and_who_or_what_can_end_it(world: World):
    assert await world.journal.hold(routed(), CREDIT) == "new"
    (entry,) = world.on("hold")
    assert (entry["on"], entry["rule"], entry["clears_on"]) == ("credit", "credit", "credit")
    assert entry["arithmetic"] == [["limit", "100.00"], ["order", "120.00"]]
    assert entry["clears_by"] == "a balance that drops, by itself; or a person who releases it"
    assert entry["next_try"] == "2026-03-01T12:00:30.000+00:00"


@pytest.mark.parametrize(
    ("rule", "who"),
    [("customer-match", "a person who releases it"), ("target", "a correction"), ("unknown", "looked in the target")],
)
async def test_a_hold_for_a_person_is_tried_by_nobody_and_says_what_helps(world: World, rule: str, who: str):
    await world.journal.hold(routed(), Hold("two candidates", rule))
    (entry,) = world.on("hold")
    assert (entry["clears_on"], entry["next_try"]) == (None, None)
    assert who in entry["clears_by"]
    assert world.state.waiting() == []


async def test_the_same_hold_again_writes_nothing_and_another_sum_rewrites_the_entry(world: World):
    await world.journal.hold(routed(), CREDIT)
    world.time += timedelta(hours=1)
    assert await world.journal.hold(routed(), CREDIT) == "same"
    changed = Hold("over the limit", "credit", (("limit", "110.00"),), clears_on="credit")
    assert await world.journal.hold(routed(), changed) == "changed"
    first, second = world.on("hold")
    assert (first["since"], second["since"]) == ("2026-03-01T12:00:00.000+00:00",) * 2
    assert len({key for topic, key, _ in world.sent if topic == "hold"}) == 1
    assert [entry.clears_on for entry in world.state.waiting()] == ["credit"]


async def test_a_hold_keeps_what_a_person_has_waived_so_that_the_next_rule_does_not_undo_it(world: World):
    await world.journal.hold(routed(), CREDIT)
    stock = Hold("nothing there", "stock", clears_on="stock")
    assert await world.journal.hold(routed(released="credit"), stock) == "new"
    assert world.on("hold")[-1]["republish"]["headers"]["released"] == "credit"


async def test_a_parked_record_that_becomes_a_hold_is_open_once(world: World):
    item = routed()
    await world.journal.park(item, "customer", "not there", 10.0)
    assert await world.journal.hold(item, CREDIT) == "new"
    assert world.on("parked.sage100")[-1] is None
    assert [entry.topic for entry in world.state.own_entries(item)] == ["hold"]
    await world.journal.park(item, "customer", "not there", 10.0)
    assert world.on("hold")[-1] is None
    assert [entry.topic for entry in world.state.own_entries(item)] == ["parked.sage100"]


async def test_a_hold_that_a_person_closes_while_it_is_tried_again_is_not_opened_anew(world: World):
    item = routed()
    await world.journal.hold(item, CREDIT)
    (entry,) = world.state.own_entries(item)
    world.state.drop_entry(entry.topic, entry.key)
    written = len(world.sent)
    assert await world.journal.hold(item, CREDIT) == "closed"
    assert len(world.sent) == written
    assert await world.journal.hold(routed(retry="1"), CREDIT) == "new"


async def test_an_entry_of_the_processors_for_the_same_event_is_taken_over(world: World):
    item = routed()
    data = {
        "target": "sage100:ABC",
        "entity": "order",
        "canonical_id": "A",
        "event_id": "A-0",
        "since": "2026-02-27T00:00:00.000+00:00",
        "republish": republish("raw.shop.order", b"k", b"v", {}),
    }
    world.state.put_entry(Entry("hold", "key of the processors", 0, data))
    await world.journal.hold(item, CREDIT)
    assert ("hold", "key of the processors", None) in world.sent
    assert world.on("hold")[0]["since"] == "2026-02-27T00:00:00.000+00:00"


async def test_two_targets_may_hold_the_same_event(world: World):
    await world.journal.hold(routed(), CREDIT)
    assert world.sent[0][1] == "test:order:A:A-0:sage100:ABC"


async def test_alerts_name_kind_target_document_and_rule(world: World):
    await world.journal.park(routed(), "item", "X-1 is not there", 10.0)
    await world.journal.tell(routed(), Notice("back-order", "3 X-1", 2))
    await world.journal.alert("outage", 3, "503", 61.04)
    about = {"at": "2026-03-01T12:00:00.000+00:00", "target": "sage100:ABC"}
    order = {"flow": "test", "document": "PS1-A", "entity": "order", "count": 1}
    assert world.on("alert") == [
        about | order | {"kind": "parked", "priority": 1, "reason": "X-1 is not there", "rule": "item"},
        about | order | {"kind": "back-order", "priority": 2, "reason": "3 X-1", "rule": ""},
        about | {"flow": "clarity-sage100", "kind": "outage", "priority": 3, "reason": "503", "seconds": 61.0},
    ]


async def test_what_was_not_written_is_audited_by_name_and_without_values(world: World):
    await world.journal.left(routed(), ["description", "price"], "the target is the master")
    assert world.on("audit") == [
        {
            "at": "2026-03-01T12:00:00.000+00:00",
            "who": "penstock",
            "what": "not-written",
            "subject": "order PS1-A",
            "target": "sage100:ABC",
            "fields": ["description", "price"],
            "why": "the target is the master",
        }
    ]


async def test_a_dead_letter_closes_its_entries_and_the_alert_does_not_repeat_the_error(world: World):
    item = routed()
    await world.journal.hold(item, CREDIT)
    await world.journal.dead_letter(item, ValueError("jane@example.com"))
    assert world.state.own_entries(item) == []
    (alert,) = world.on("alert")
    assert (alert["kind"], alert["rule"]) == ("dead-letter", "ValueError")
    assert "jane" not in alert["reason"]


def message(headers: dict[str, bytes], key: bytes = b"shop:41") -> Any:
    return SimpleNamespace(headers=lambda: list(headers.items()), key=lambda: key)


def letter_of_processors(event: str, offset: int, **more: bytes) -> Any:
    said = {"ce_id": event.encode(), "dlq-stage": b"processors", "dlq-topic": b"raw.shop.order"}
    return message(said | {"dlq-partition": b"0", "dlq-offset": str(offset).encode()} | more)


def version(offset: int, event: str) -> Item:
    item = order_item(offset=offset, event=event)
    item.record = {"id": "A", "source": {"instance": "shop", "native_id": "41"}}
    return item


@pytest.fixture
def letters() -> Iterator[Letters]:
    made = Letters(KafkaSettings(bootstrap="127.0.0.1:1"), "sage100:ABC")
    yield made
    made.close()


def test_a_newer_version_finds_the_dead_letters_of_older_ones_once(letters: Letters):
    letters.take([letter_of_processors("v1", 1), letter_of_processors("v9", 9), message({"ce_id": b"junk"})])
    assert letters.take_older(version(5, "v5")) == ["v1"]
    assert letters.take_older(version(5, "v5")) == []
    assert letters.take_older(version(12, "v12")) == ["v9"]


def test_a_letter_that_was_retried_counts_by_the_place_at_which_it_came_first(letters: Letters):
    letters.take([letter_of_processors("v1", 8, raw=b"raw.shop.order-0-1")])
    assert letters.take_older(version(5, "v5")) == ["v1"]


def test_the_version_that_is_the_letter_is_not_older_than_itself(letters: Letters):
    letters.take([letter_of_processors("v1", 1)])
    assert letters.take_older(version(1, "v1")) == []


async def test_a_dead_letter_of_a_sink_is_closed_by_a_newer_version_at_this_target(world: World, letters: Letters):
    await world.journal.dead_letter(routed("v1"), ValueError("x"))
    letters.take([message(world.headers[0], b"A")])
    assert letters.take_older(version(5, "v5")) == ["v1"]
    other = Letters(KafkaSettings(bootstrap="127.0.0.1:1"), "sage100:DEF")
    other.take([message(world.headers[0], b"A")])
    assert other.take_older(version(5, "v5")) == []
    other.close()


async def test_a_letter_of_this_process_is_known_before_the_log_shows_it(world: World, letters: Letters):
    letters.writes(routed("v1"))
    await world.journal.dead_letter(routed("v1"), ValueError("x"))
    assert letters.take_older(version(5, "v5")) == ["v1"]
    letters.take([message(world.headers[0], b"A")])
    assert letters.take_older(version(5, "v5")) == []


async def test_the_fate_of_a_dead_letter_that_nobody_needs_any_more_is_superseded(world: World):
    await world.journal.supersede_letters(version(5, "v5"), ["v1"])
    ((topic, key, value),) = world.sent
    told = Fate.decode(key.encode(), orjson.dumps(value))
    assert (topic, told.key, told.state) == ("fate", "v1|A|sage100:ABC", "superseded")
