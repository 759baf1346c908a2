"""Alerts from a real log to receivers that come, go, refuse and die."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from aiokafka import TopicPartition
from pytest_httpserver import HTTPServer
from tests.smtp_server import smtp_server
from typer.testing import CliRunner
from werkzeug import Request, Response

from penstock.alerts.channel import Channel
from penstock.alerts.courier import Courier
from penstock.alerts.desk import Desk
from penstock.alerts.smtp import Mail
from penstock.alerts.webhook import Webhook
from penstock.cli.main import app
from penstock.flow.model import SmtpEnv
from penstock.log.kafka import KafkaSettings, async_consumer, producer
from penstock.log.topics import Topic

pytestmark = [pytest.mark.kafka, pytest.mark.topics("alert", "audit", "control")]


class Receiver:
    """A webhook's receiver. `answer` decides on each body; what it takes is in `taken`."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("/alerts")
        self.taken: list[dict[str, Any]] = []
        self.asked = 0
        self.answer: Callable[[dict[str, Any]], int] = lambda _: 200
        server.expect_request("/alerts").respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        body = orjson.loads(request.data)
        self.asked += 1
        status = self.answer(body)
        if status == 200:
            self.taken.append(body)
        return Response("", status)

    @property
    def documents(self) -> list[str]:
        return [document for body in self.taken for document in body["documents"]]


class Site:
    """The log of one test, and couriers on it."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings

    def send(self, *values: bytes, at: datetime | None = None) -> None:
        client = producer(self.settings)
        for value in values:
            stamp = {} if at is None else {"timestamp": int(at.timestamp() * 1000)}
            client.produce(self.settings.topic("alert"), value=value, key=b"infor:DALS", **stamp)
        assert client.flush(20) == 0

    async def committed(self, channel: str) -> int:
        """How far the group of a channel has come; the topic has one partition."""
        consumer = async_consumer(self.settings, group=self._group(channel))
        await consumer.start()
        try:
            return int(await consumer.committed(TopicPartition(self.settings.topic("alert"), 0)) or 0)
        finally:
            await consumer.stop()

    def _group(self, channel: str) -> str:
        return f"{self.settings.topic_prefix}penstock.t.alerts.{channel}"

    @asynccontextmanager
    async def courier(self, channel: Channel, group_seconds: float = 0.3) -> AsyncIterator[Courier]:
        consumer = async_consumer(self.settings, group=self._group(channel.name))
        desk = Desk("t", group_seconds, 1, time.monotonic)
        courier = Courier(channel, desk, consumer, self.settings, backoff=(0.05, 0.1))
        stop = asyncio.Event()
        await consumer.start()
        tasks = [asyncio.create_task(work(stop)) for work in (courier.read, courier.deliver)]
        try:
            await until(lambda: courier.ready)
            yield courier
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await consumer.stop()
            await channel.close()


@pytest.fixture
def site(kafka: KafkaSettings, topics: Sequence[Topic]) -> Site:
    return Site(kafka)


@pytest.fixture
def receiver(httpserver: HTTPServer) -> Receiver:
    return Receiver(httpserver)


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is about another process
            await asyncio.sleep(0.02)


def alert(kind: str = "held", **more: Any) -> bytes:
    return orjson.dumps({"at": datetime.now(UTC), "kind": kind, "target": "infor:DALS", "priority": 1} | more)


def held(number: int) -> bytes:
    return alert(document=f"PS1-{number}", rule="credit", reason=f"PS1-{number} is over the limit")


async def test_a_receiver_that_is_down_gets_all_when_it_is_up_and_mails_do_not_wait_for_it(
    site: Site, receiver: Receiver
):
    receiver.answer = lambda _: 503
    async with smtp_server() as server:
        sender = {"host": "127.0.0.1", "port": server.port, "starttls": False, "from": "p@s.example", "to": ["a@b.c"]}
        mail = Mail(SmtpEnv.model_validate(sender), None)
        async with site.courier(Webhook(receiver.url, None)) as slow, site.courier(mail):
            site.send(alert("outage", seconds=3.0, reason="answered 503"))
            await until(lambda: receiver.asked >= 3 and len(server.mails) == 1)
            site.send(alert("outage", seconds=61.0, priority=2, reason="answered 503"), held(1), held(2))
            await until(lambda: len(server.mails) >= 3)
            asked = receiver.asked
            await until(lambda: receiver.asked >= asked + 10)  # longer than commits are apart
            assert (receiver.taken, await site.committed("webhook")) == ([], 0)
            receiver.answer = lambda _: 200
            await until(lambda: slow.desk.pending == 0)
        assert await site.committed("smtp") == 4
    assert await site.committed("webhook") == 4
    assert server.subjects[:2] == [
        "[penstock] P1 outage infor:DALS for 3 s",
        "[penstock] P2 outage infor:DALS for 1 min",
    ]
    outage = next(body for body in receiver.taken if body["kind"] == "outage")
    assert (outage["priority"], outage["count"], outage["seconds"]) == (2, 2, 61.0)
    assert sorted(receiver.documents) == ["PS1-1", "PS1-2"]


async def test_what_was_delivered_is_not_delivered_to_a_successor_which_knows_the_outage(
    site: Site, receiver: Receiver
):
    async with site.courier(Webhook(receiver.url, None)) as courier:
        site.send(alert("outage", seconds=301.0, priority=3), held(1))
        await until(lambda: courier.counts["delivered"] == 2)
    async with site.courier(Webhook(receiver.url, None)) as courier:
        assert courier.desk.open_outages == 1
        site.send(alert("outage-over", seconds=400.0))
        await until(lambda: courier.counts["delivered"] == 1)
    first, last = (body for body in receiver.taken if body["kind"].startswith("outage"))
    assert len(receiver.taken) == 3
    assert (last["closed"], last["priority"], last["group"]) == (True, 3, first["group"])


async def test_a_poison_alert_is_passed_over_and_so_is_one_that_the_receiver_refuses(site: Site, receiver: Receiver):
    receiver.answer = lambda body: 422 if body["kind"] == "odd" else 200
    async with site.courier(Webhook(receiver.url, None)) as courier:
        site.send(b"\xff\x00", b"[]", alert("odd"), held(1))
        await until(lambda: courier.counts["refused"] == 1 and courier.counts["delivered"] == 1)
        assert courier.counts["unreadable"] == 2
    assert receiver.documents == ["PS1-1"]
    async with site.courier(Webhook(receiver.url, None)) as courier:
        site.send(held(2))
        await until(lambda: courier.counts["delivered"] == 1)
        assert courier.counts["unreadable"] == 0


async def test_a_service_that_is_new_on_an_old_log_tells_of_the_last_hour(site: Site, receiver: Receiver):
    site.send(held(1), at=datetime.now(UTC) - timedelta(hours=3))
    site.send(held(2), at=datetime.now(UTC) - timedelta(minutes=30))
    async with site.courier(Webhook(receiver.url, None)) as courier:
        await until(lambda: courier.counts["delivered"] == 1)
    assert receiver.documents == ["PS1-2"]


@pytest.mark.crash
async def test_a_kill_between_delivery_and_commit_loses_nothing(site: Site, receiver: Receiver, tmp_path: Path):
    given = orjson.dumps({"webhook": {"url": receiver.url, "secret": "plain:key"}, "group_seconds": 0.5})
    ready = tmp_path / "ready"

    def start() -> subprocess.Popen[bytes]:
        ready.unlink(missing_ok=True)
        env = {
            **os.environ,
            "PENSTOCK_BOOTSTRAP": site.settings.bootstrap,
            "PENSTOCK_TOPIC_PREFIX": site.settings.topic_prefix,
            "ALERTS": given.decode(),
            "ALERTS_READY": str(ready),
        }
        argv = [sys.executable, "-m", "tests.integration.alerts_worker"]
        return subprocess.Popen(argv, env=env, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL)

    def take_and_kill(_: dict[str, Any]) -> int:
        process.send_signal(signal.SIGKILL)
        return 200

    receiver.answer = take_and_kill
    process = start()
    try:
        await until(ready.exists)
        site.send(*(held(number) for number in range(5)))
        assert await asyncio.to_thread(process.wait, 30) == -signal.SIGKILL
        assert len(receiver.taken) == 1
        receiver.taken.clear()  # delivered, but not committed: it has to come again
        receiver.answer = lambda _: 200
        process = start()
        await until(lambda: {f"PS1-{number}" for number in range(5)} == set(receiver.documents))
        await until(ready.exists)
        async with httpx.AsyncClient(base_url=f"http://{ready.read_text()}") as client:
            assert (await client.get("/readyz")).status_code == 200
            assert "penstock_alerts_webhook_delivered_total" in (await client.get("/metrics")).text
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 0
    finally:
        process.kill()
        process.wait()


def test_a_test_alert_is_listed_beside_the_others(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PENSTOCK_BOOTSTRAP", site.settings.bootstrap)
    monkeypatch.setenv("PENSTOCK_TOPIC_PREFIX", site.settings.topic_prefix)
    site.send(held(1), held(2), b"poison", alert("outage", seconds=3.0))
    runner = CliRunner()
    assert runner.invoke(app, ["alerts", "test"]).exit_code == 0
    rows = orjson.loads(runner.invoke(app, ["alerts", "list", "--since", "1h", "--json"]).stdout)
    assert [(row["kind"], row["count"]) for row in rows] == [("held", 2), ("outage", 1), ("test", 1)]
    only = runner.invoke(app, ["alerts", "list", "--target", "infor", "--kind", "held"]).stdout
    assert "PS1-2 is over the limit" in only
    assert "outage" not in only
