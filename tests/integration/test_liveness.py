"""A service that stands still with work before it ends itself; its supervisor starts it again, and the work is done."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson
import pytest
from tests.integration.sink_world import World
from tests.integration.test_extraction import REF

from penstock.cli.child import ChildSpec
from penstock.cli.supervise import Supervisor
from penstock.connectors.contract import Notification
from penstock.ingress.notes import note_bytes, note_key
from penstock.log.kafka import KafkaSettings, producer
from penstock.log.scan import scan
from penstock.log.topics import Topic

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.timeout(180),
    pytest.mark.topics(
        *("canonical.order", "customer-request.infor", "effect.infor", "parked.infor", "hold", "fate", "dlq.*"),
        *("xref.*", "alert", "audit", "control", "route", "raw.prestashop.*", "position.prestashop"),
    ),
]
ROOT = Path(__file__).parents[2]
SERVICES = ("sink", "extraction", "stage")


async def test_a_frozen_processor_sink_and_extraction_end_themselves_and_are_started_again(
    kafka: KafkaSettings, topics: Sequence[Topic], make_topic: Callable[..., str], tmp_path: Path
) -> None:
    inbox, outbox, dlq = (make_topic(name) for name in ("in", "out", "dlq"))
    world = World(kafka)
    await world.send(["A", "B"])
    client = producer(kafka)
    note = Notification(REF, "webhook", "order.updated")
    client.produce(kafka.topic("raw.prestashop.notification"), key=note_key(REF), value=note_bytes(note))
    client.produce(inbox, key="k", value=orjson.dumps({"n": 1}))
    client.flush()
    env = {
        "PENSTOCK_BOOTSTRAP": kafka.bootstrap,
        "PENSTOCK_TOPIC_PREFIX": kafka.topic_prefix,
        "PYTHONPATH": f"{ROOT}/services:{ROOT}",
        "STAGE_IN": inbox,
        "STAGE_OUT": outbox,
        "STAGE_DLQ": dlq,
    }
    argv = (sys.executable, "-m", "tests.integration.stuck_worker")
    specs = [ChildSpec(name, (*argv, name, str(tmp_path)), stage=1, env=env) for name in SERVICES]
    told: list[str] = []

    def done() -> bool:
        return (
            world.fates() == {"A-v1": "applied", "B-v1": "applied"}
            and len(list(scan(kafka, kafka.topic("raw.prestashop.order")))) == 1
            and len(list(scan(kafka, outbox))) == 1
        )

    with Supervisor(specs, tmp_path / "logs", on_event=told.append) as supervisor:
        deadline = asyncio.get_running_loop().time() + 120
        while not done():
            assert asyncio.get_running_loop().time() < deadline, told
            await asyncio.sleep(0.5)
        for name in SERVICES:
            assert supervisor.children[name].starts == 2, told
            assert any(line.startswith(name) and "70" in line for line in told), told
            assert "stuck" in (tmp_path / "logs" / f"{name}.log").read_text()
