"""Repair on a real log: redrives, edits, discards, skips, and what they leave in the target; and previews."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import structlog
from tests.integration.infor_site import Site, serve
from tests.integration.sink_world import World, booked_once, until
from tests.unit.processors.shop_documents import EVENT, incoming, order
from tests.unit.sinks.fakes import FakeTarget, OrderHandler
from typer.testing import CliRunner

from penstock.cli.errors import Exit
from penstock.cli.main import app
from penstock.connectors.contract import Notification, SourceRefusedError, Wait
from penstock.flow.load import load_flow
from penstock.ingress.notes import note_bytes, note_key
from penstock.ingress.positions import document_key
from penstock.log.dlq import dead_letter
from penstock.log.headers import texts
from penstock.log.kafka import KafkaSettings, producer
from penstock.log.scan import scan
from penstock.log.topics import Topic
from penstock.log.wire import Codec
from penstock.mapping import BadValue
from penstock.processors.incoming import Incoming
from penstock.processors.transform import Names, Transform
from penstock.records.raw import EntityRef
from penstock.rules.validate import Policy
from penstock.sinks.model import republish
from penstock.sinks.runner import SinkRunner

TOPICS = (
    *("canonical.order", "customer-request.infor", "effect.infor", "parked.infor", "hold", "fate", "dlq.*", "xref.*"),
    *(
        "alert",
        "audit",
        "control",
        "route",
        "raw.prestashop.order",
        "raw.prestashop.notification",
        "position.prestashop",
    ),
)
pytestmark = [pytest.mark.kafka, pytest.mark.topics(*TOPICS)]
ORDERS = ["A", "B", "C", "D"]
SHOP_KEY = "SANDBOXKEY0SANDBOXKEY0SANDBOXKEY"


@pytest.fixture
def world(kafka: KafkaSettings, topics: Sequence[Topic], monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("PENSTOCK_BOOTSTRAP", kafka.bootstrap)
    monkeypatch.setenv("PENSTOCK_TOPIC_PREFIX", kafka.topic_prefix)
    return World(kafka)


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """A traceback in colours takes the better part of a second, and each dead letter has one."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    yield
    structlog.reset_defaults()


async def run(*words: str) -> Any:
    return await asyncio.to_thread(CliRunner().invoke, app, list(words))


async def letters() -> list[str]:
    return [each["place"] for each in json.loads((await run("dlq", "list", "--json")).output)]


def count(world: World, topic: str) -> int:
    return len(list(scan(world.settings, world.settings.topic(topic))))


def audited(world: World, what: str) -> list[dict[str, Any]]:
    said = (orjson.loads(each.value or b"{}") for each in scan(world.settings, world.settings.topic("audit")))
    return [each for each in said if each["what"] == what]


async def dead(world: World, runner: SinkRunner, target: FakeTarget) -> list[str]:
    """Orders that a fault of the connector has made dead letters of; their places."""
    target.faults = ["boom"] * len(ORDERS)
    await world.send(ORDERS)
    await until(lambda: runner.settled.get("parked") == len(ORDERS))
    found = await letters()
    assert len(found) == len(ORDERS)
    return found


async def test_a_redrive_applies_each_once_and_a_second_one_of_the_same_set_changes_nothing(world: World):
    target = FakeTarget()
    async with world.runner(OrderHandler(target)) as runner:
        places = await dead(world, runner, target)
        first = await run("dlq", "retry", "--where", "stage=sinks", "--why", "connector corrected")
        assert first.exit_code == Exit.OK, first.output
        await until(lambda: runner.settled.get("applied") == len(ORDERS))
        assert booked_once(target, ORDERS)
        assert await letters() == []
        assert [each["why"] for each in audited(world, "dlq retry")] == ["connector corrected"] * len(ORDERS)

        before, writes = count(world, "canonical.order"), target.writes
        second = await run("dlq", "retry", *places, "--why", "again")
        assert second.exit_code == Exit.NO
        assert count(world, "canonical.order") == before

        insisted = await run("dlq", "retry", *places, "--again", "--why", "insisted")
        assert insisted.exit_code == Exit.OK
        await until(lambda: runner.settled.get("applied") == 2 * len(ORDERS))
    assert target.writes == writes
    assert world.fates() == {f"{order}-v1": "applied" for order in ORDERS}


async def test_an_edited_letter_never_looks_newer_than_a_later_version(world: World, tmp_path: Path):
    target = FakeTarget(faults=["boom"])
    async with world.runner(OrderHandler(target)) as runner:
        await world.send(["A"])
        await until(lambda: runner.settled.get("parked") == 1)
        (place,) = await letters()
        await world.send(["A"], version=2)
        await until(lambda: runner.settled.get("applied") == 1)
        writes = target.writes
        shown = await run("dlq", "show", place, "--bytes")
        edited = tmp_path / "edited.json"
        edited.write_bytes(orjson.dumps(orjson.loads(shown.stdout_bytes) | {"v": 99}))
        words = ("dlq", "edit", place, "--file", str(edited), "--as-bytes", "--why", "by hand")
        assert (await run(*words)).exit_code != Exit.OK  # its event has come to its end
        done = await run(*words, "--again")
        assert done.exit_code == Exit.OK, done.output
        await until(lambda: runner.settled.get("superseded") == 1)
    assert target.writes == writes
    assert world.fates() == {"A-v1": "superseded", "A-v2": "applied"}
    (said,) = audited(world, "dlq edit")
    assert said["original_sha256"] != said["edited_sha256"]


async def test_a_discarded_letter_is_done_with_and_later_versions_go_on(world: World):
    target = FakeTarget()
    async with world.runner(OrderHandler(target)) as runner:
        places = await dead(world, runner, target)
        assert (await run("dlq", "discard", *places, "--why", "test orders")).exit_code == Exit.OK
        assert await letters() == []
        assert set(world.fates().values()) == {"discarded"}
        await world.send(["A"], version=2)
        await until(lambda: runner.settled.get("applied") == 1)
    assert world.fates()["A-v2"] == "applied"
    assert world.fates()["A-v1"] == "discarded"


async def test_a_parked_record_is_skipped_while_the_sink_runs_and_its_documents_later_records_go_on(world: World):
    target = FakeTarget()
    waiting = OrderHandler(target)
    waiting.decision = Wait("item", "item APR-SND is not in the shop", 0.2)
    await world.send(["A"])
    async with world.runner(waiting, patience=0.3) as runner:
        await until(lambda: len(world.entries("parked.infor")) == 1)
        listed = await run("parked", "list")
        assert "PS1-A" in listed.output
        assert (await run("parked", "skip", "PS1-A", "--why", "a test order")).exit_code == Exit.OK
        await until(lambda: runner.waiting == 0)
        waiting.decision = None
        await world.send(["A"], version=2)
        await until(lambda: runner.settled.get("applied") == 1)
    assert world.fates() == {"A-v1": "discarded", "A-v2": "applied"}
    (said,) = audited(world, "parked skip")
    assert (said["why"], said["document"]) == ("a test order", "PS1-A")
    assert said["who"]


async def test_a_write_without_a_known_outcome_is_listed_with_its_evidence_and_found_when_it_is_retried(world: World):
    target = FakeTarget(faults=["lost-before"] * 6)
    async with world.runner(OrderHandler(target)) as runner:
        await world.send(["A"])
        await until(lambda: runner.settled.get("held") == 1)
        (listed,) = json.loads((await run("parked", "list", "--json")).output)
        assert listed["rule"] == "unknown"
        assert "Look in the target" in listed["reason"]
        (shown,) = json.loads((await run("parked", "show", "PS1-A", "--json")).output)
        assert [each["outcome"] for each in shown["evidence"]] == ["unknown"] * 6
        target.orders.append({"no": "A", "line": 0})  # one of the six has arrived after all
        assert (await run("parked", "retry", "PS1-A", "--why", "looked, go on")).exit_code == Exit.OK
        await until(lambda: runner.settled.get("applied") == 1)
    assert booked_once(target, ["A"])
    assert (await run("parked", "list")).exit_code == Exit.OK


# --- previews of what is on the log


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with serve(tmp_path) as running:
        access = tmp_path / "site.ionapi"
        access.write_bytes(httpx.get(f"{running.url}/_sandbox/ionapi").content)
        monkeypatch.setenv("PENSTOCK_IONAPI_INFOR", str(access))
        yield running


def written(site: Site) -> list[str]:
    paths = [each["path"] for each in httpx.get(f"{site.url}/_sandbox/requests").json()["items"]]
    assert any("/load/" in path or "/info/" in path for path in paths), "the site was never asked"
    return [path for path in paths if "/update/" in path]


def send(world: World, topic: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
    client = producer(world.settings)
    client.produce(world.settings.topic(topic), value, key=key, headers=headers)
    assert client.flush(10) == 0


def known_items(tables: dict[str, list[dict[str, Any]]]) -> None:
    for row in tables["order_details"]:
        row["product_reference"] = "APR-STR"


@pytest.fixture
def codec(registry_url: str, monkeypatch: pytest.MonkeyPatch) -> Codec:
    monkeypatch.setenv("PENSTOCK_REGISTRY_URL", registry_url)
    return Codec(registry_url, register=True)


async def previewed(*words: str, target: str = "infor:DALS") -> dict[str, Any]:
    result = await run(*words, "--json")
    assert result.exit_code == Exit.OK, f"{result.output} {result.exception!r}"
    (told,) = json.loads(result.stdout)
    assert told["target"] == target
    return dict(told)


def writes(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [write for step in told["steps"] for write in step["writes"]]


async def test_the_same_change_is_previewed_wherever_the_record_waits_and_nothing_is_written(
    world: World, site: Site, codec: Codec
):
    """An order of the shop: as a dead letter of the processors, held by them, and parked at the sink."""
    failed = incoming(order(known_items))
    failed = replace(failed, topic=world.settings.topic(failed.topic))
    key, value, headers = dead_letter(failed, "processors", BadValue("not a number"))
    send(world, "dlq.processors", key, value, headers)
    flow = load_flow("prestashop-infor")
    transform = Transform(flow, codec, Names(world.settings.topic_prefix, 4), Policy())
    output = next(each for each in transform(failed) if "canonical" in each.topic)
    event = {"event_id": EVENT, "canonical_id": output.key.decode(), "entity": "order", "document": "PS1-41"}
    entry = {**event, "flow": flow.name, "target": "infor:DALS", "on": "customer", "reason": "", "since": ""}
    carried = republish(output.topic, output.key, output.value or b"", texts(output.headers))
    send(world, "parked.infor", b"parked", orjson.dumps(entry | {"republish": carried}), [])
    carried = republish(failed.topic, failed.key, failed.value, texts(failed.headers))
    send(world, "hold", b"held", orjson.dumps(entry | {"on": "order-total", "republish": carried}), [])
    (place,) = await letters()
    ends = {name: count(world, name) for name in ("canonical.order", "effect.infor", "fate", "hold", "parked.infor")}

    told = await previewed("dlq", "preview", place)
    assert told["fate"] == "applied", told["reason"]
    names = [(step["entity"], step["step"]) for step in told["steps"]]
    assert names[:2] == [("customer-request", "bill-to"), ("customer-request", "ship-to")]
    assert {("order", "header"), ("order", "release")} <= set(names)
    assert all("authorization" not in write["headers"] for write in writes(told))
    assert writes(await previewed("parked", "preview", "PS1-41")) == writes(told)
    assert writes(await previewed("holds", "preview", "PS1-41", "--release", "*")) == writes(told)
    held = await previewed("dlq", "preview", place, "--set", '/parts/0/body/orders/0/current_state="999"')
    assert (held["fate"], held["rule"], held["steps"]) == ("held", "unknown-code", [])

    assert written(site) == []
    assert {name: count(world, name) for name in ends} == ends


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with serve(tmp_path, "prestashop", {"time_zone": "Europe/Paris", "keys": {SHOP_KEY: "*"}}) as running:
        monkeypatch.setenv("PENSTOCK_URL_PRESTASHOP", f"{running.url}/api")
        yield running


async def test_a_letter_of_ingress_is_previewed_by_what_the_shop_shows_now(
    world: World, site: Site, shop: Site, codec: Codec
):
    lines = [{"sku": "APR-STR", "quantity": 1}]
    wish = {"guest": "ann@mail.example", "country": "FR", "payment": "ps_checkout", "lines": lines}
    placed = EntityRef("prestashop", "1", "order", str(shop.act("place-order", **wish)["id"]))
    topic = world.settings.topic("raw.prestashop.notification")

    async def told(ref: EntityRef, target: str = "") -> dict[str, Any]:
        before = set(await letters())
        given = Incoming(topic, 0, 0, note_key(ref), note_bytes(Notification(ref, "webhook")), [])
        key, value, headers = dead_letter(given, "ingress", SourceRefusedError("the shop said 400"))
        send(world, "dlq.ingress", key, value, headers)
        (place,) = set(await letters()) - before
        return await previewed("dlq", "preview", place, "--flow", "prestashop-infor", target=target)

    change = await told(placed, "infor:DALS")
    assert change["fate"] == "applied", change["reason"]
    assert {("order", "header"), ("order", "release")} <= {(each["entity"], each["step"]) for each in change["steps"]}
    assert written(site) == []
    assert count(world, "raw.prestashop.order") == 0
    assert (await told(replace(placed, native_id="99999")))["fate"] == "gone"
    other = await told(replace(placed, instance="9"))
    assert (other["fate"], other["reason"]) == ("parked", "the flow prestashop-infor has no instance '9' of prestashop")

    system = load_flow("prestashop-infor").systems["prestashop"]
    source = system.spec.source(system.settings, system.budget("tools"))
    document = await source.extract(placed, ())
    await source.close()
    assert document is not None
    known = {"event_id": "e", "hash": source.fingerprint(document), "raw": "", "deleted": False}
    send(world, "position.prestashop", document_key(placed).encode(), orjson.dumps(known), [])
    assert (await told(placed))["fate"] == "unchanged"
