"""The Faust stage on a real log: poison, SIGTERM and SIGKILL lose nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from tests.unit.flow.world import Flows
from tests.unit.processors.shop_documents import cheap, event, incoming, order, refund

from penstock.log.headers import texts
from penstock.log.kafka import KafkaSettings, producer
from penstock.log.scan import Record, scan
from penstock.log.wire import Codec
from penstock.processors.deliver import EXIT_UNDELIVERABLE
from penstock.processors.incoming import Incoming

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


class Stage:
    """Topics of one test and the worker process on them."""

    def __init__(self, settings: KafkaSettings, make_topic: Callable[..., str]) -> None:
        self.settings = settings
        self.inbox, self.outbox, self.dlq = (make_topic(name) for name in ("in", "out", "dlq"))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **more: str) -> None:
        env = {
            **os.environ,
            **more,
            "PENSTOCK_BOOTSTRAP": self.settings.bootstrap,
            "PENSTOCK_TOPIC_PREFIX": self.settings.topic_prefix,
            "STAGE_IN": self.inbox,
            "STAGE_OUT": self.outbox,
            "STAGE_DLQ": self.dlq,
        }
        argv = [sys.executable, "-m", "tests.integration.stage_worker"]
        self.process = subprocess.Popen(argv, env=env, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)

    def send(self, values: list[bytes]) -> None:
        client = producer(self.settings)
        for index, value in enumerate(values):
            client.produce(self.inbox, key=f"k{index % 40}", value=value, headers=[("ce_id", f"e{index}".encode())])
        client.flush()

    def read(self, topic: str) -> list[Record]:
        return list(scan(self.settings, topic))

    def numbers(self) -> Counter[int]:
        return Counter(orjson.loads(record.value or b"")["from"] for record in self.read(self.outbox))

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.1)


@pytest.fixture
def stage(kafka: KafkaSettings, make_topic: Callable[..., str]) -> Iterator[Stage]:
    made = Stage(kafka, make_topic)
    yield made
    made.stop(signal.SIGKILL)


def numbers(first: int, last: int) -> list[bytes]:
    return [orjson.dumps({"n": n}) for n in range(first, last)]


def test_poison_goes_to_the_dead_letters_untouched_and_the_rest_goes_on(stage: Stage):
    poison = [b"\xff\xfe", b'{"n": null}', b"<html>", b'{"n": 1', b"", b"\x00" * 10]
    stage.send([*numbers(0, 50), *poison, *numbers(50, 100)])
    stage.start()
    stage.until(lambda: len(stage.numbers()) == 100 and len(stage.read(stage.dlq)) == len(poison))
    letters = stage.read(stage.dlq)
    assert sorted(letter.value or b"" for letter in letters) == sorted(poison)
    about = texts(letters[0].headers)
    assert about["dlq-topic"] == stage.inbox
    assert about["dlq-stage"] == "stage-test"
    assert about["dlq-error-class"]
    assert about["ce_id"].startswith("e")
    assert about["dlq-attempts"] == "1"


def test_a_worker_that_is_stopped_and_started_again_loses_and_repeats_nothing(stage: Stage):
    stage.send(numbers(0, 500))
    stage.start()
    stage.until(lambda: len(stage.numbers()) == 500)
    stage.stop(signal.SIGTERM)
    stage.send(numbers(500, 1000))
    stage.start()
    stage.until(lambda: len(stage.numbers()) == 1000)
    assert set(stage.numbers().values()) == {1}


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(stage: Stage):
    stage.start()
    for batch in range(5):
        stage.send(numbers(batch * 400, batch * 400 + 400))
        if batch in {1, 3}:
            seen = batch * 400 + 50
            stage.until(lambda seen=seen: len(stage.numbers()) > seen)
            stage.stop(signal.SIGKILL)
            stage.start()
    stage.until(lambda: len(stage.numbers()) == 2000)
    keys = {}
    for record in stage.read(stage.outbox):
        number = orjson.loads(record.value or b"")["from"]
        first_seen = keys.setdefault(record.key, {})
        first_seen.setdefault(number, len(first_seen))
    for seen_at in keys.values():
        assert sorted(seen_at, key=seen_at.__getitem__) == sorted(seen_at), "order within a key is kept"


def test_an_exception_outside_of_the_transform_ends_the_worker_and_loses_nothing(stage: Stage):
    stage.send(numbers(0, 100))
    stage.start(PENSTOCK_CHECKPOINT="processors.consumed:1:raise")
    assert stage.process is not None
    assert stage.process.wait(60) == EXIT_UNDELIVERABLE
    stage.start()
    stage.until(lambda: len(stage.numbers()) == 100)


class Routed:
    """The processors of a flow that sends orders over 50 to Paris and the others to Dallas."""

    def __init__(self, settings: KafkaSettings, registry_url: str, folder: Path) -> None:
        self.settings, self._registry, self._folder = settings, registry_url, folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        env = {
            **os.environ,
            "PENSTOCK_BOOTSTRAP": self.settings.bootstrap,
            "PENSTOCK_TOPIC_PREFIX": self.settings.topic_prefix,
            "PENSTOCK_REGISTRY_URL": self._registry,
        }
        argv = [sys.executable, "-m", "tests.integration.flow_worker", "processors", str(self._folder), "two"]
        self._process = subprocess.Popen(argv, env=env, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def send(self, record: Incoming) -> None:
        client = producer(self.settings)
        topic = self.settings.topic(record.topic)
        client.produce(topic, key=record.key, value=record.value, headers=list(record.headers))
        client.flush()

    def targets(self, entity: str, count: int) -> list[str]:
        """Of `count` events of this kind, by their canonical records; a killed worker may have published one again."""
        deadline = time.monotonic() + 60
        while len(found := self._by_event(entity)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} {entity} within 60 s"
            time.sleep(0.1)
        assert all(len(said) == 1 for said in found.values()), f"published again to others: {found}"
        return [target for said in found.values() for target in said]

    def _by_event(self, entity: str) -> dict[str, set[str]]:
        """Event id -> its targets, in the order of the log."""
        found: dict[str, set[str]] = {}
        for record in scan(self.settings, self.settings.topic(f"canonical.{entity}")):
            about = texts(record.headers)
            found.setdefault(about["ce_id"], set()).add(about["targets"])
        return found

    def holds(self) -> int:
        return len(list(scan(self.settings, self.settings.topic("hold"))))


@pytest.fixture
def routed(kafka: KafkaSettings, topics: object, registry_url: str, tmp_path: Path) -> Iterator[Routed]:
    rows = [{"when": "order.totals.gross > 50", "to": ["paris"]}, {"to": ["dallas"]}]
    Flows(tmp_path).write(routes={"shop-fr": {"order": rows, "refund": ["dallas", "paris"]}})
    Codec(registry_url, register=True)
    made = Routed(kafka, registry_url, tmp_path)
    yield made
    made.kill()


def test_a_route_outlives_the_worker_and_a_refund_that_came_first_follows_it(routed: Routed):
    routed.start()
    routed.send(refund())
    deadline = time.monotonic() + 60
    while routed.holds() < 2:
        assert time.monotonic() < deadline, "the refund is not held for both companies"
        time.sleep(0.1)
    routed.kill()
    routed.start()
    routed.send(incoming(order()))
    assert routed.targets("order", 1) == ["infor:PARI"]
    assert routed.targets("refund", 1) == ["infor:PARI"]
    routed.kill()
    routed.start()
    routed.send(event(incoming(order(cheap)), 2))
    assert routed.targets("order", 2) == ["infor:PARI", "infor:PARI"], "though it would go to Dallas now"
