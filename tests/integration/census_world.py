"""A shop's sandbox, ingress before it, and the log behind: what lost webhooks and odd clocks do to orders."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from penstock.flow.load import load_flow, variable
from penstock.ingress.census import Census
from penstock.ingress.extract import notify
from penstock.ingress.main import _SystemIngress
from penstock.ingress.notes import note_bytes, read_note
from penstock.ingress.webhooks import Webhooks
from penstock.log.kafka import KafkaSettings, async_producer
from penstock.log.scan import scan
from penstock.records.raw import RawDocument
from penstock.service import http_server

NEVER = 1e6
CROWD = int(os.environ.get("PENSTOCK_CENSUS_ORDERS", "60"))
PATIENCE = 60 + CROWD / 2
Json = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A shop: the flow that it is in, its name there, and an edit of one of its orders."""

    name: str
    flow: str
    edit: tuple[str, Json]


KINDS = {
    "prestashop": Kind("prestashop", "prestashop-infor", ("add-message", {"message": "gift wrap"})),
    "clarity": Kind("clarity", "clarity-sage100", ("update-order", {"notes": "gift wrap"})),
}


async def until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """`true` reads the log, so it is asked beside the event loop, in which ingress works."""
    async with asyncio.timeout(seconds):
        while True:
            if await asyncio.to_thread(true):
                return
            await asyncio.sleep(0.1)


class World:
    def __init__(self, kind: Kind, url: str, settings: KafkaSettings, ingress: _SystemIngress) -> None:
        self.kind = kind
        self.settings = settings
        self._shop = httpx.AsyncClient(base_url=url, timeout=PATIENCE, trust_env=False)
        self._producer = ingress_producer(ingress)
        self._mark: Any = None
        (self.instance,) = ingress.instances.values()

    @property
    def census(self) -> Census:
        return self.instance.censuses[0]

    async def act(self, action: str, **given: Any) -> Json:
        answer = await self._shop.post(f"/_sandbox/actions/{action}", json=given)
        assert answer.status_code == 200, answer.text
        made: Json = answer.json()
        return made

    async def faults(self, *faults: Json) -> None:
        answer = await self._shop.put("/_sandbox/faults", json={"faults": list(faults)})
        assert answer.status_code == 200, answer.text

    async def at(self, moment: datetime) -> None:
        """From now on it is `moment`, for the shop and for the census."""
        shift = moment - datetime.now(UTC)
        await self.faults({"kind": "clock_shift", "seconds": shift.total_seconds(), "times": None})
        self.census._now = lambda: datetime.now(UTC) + shift

    async def place(self, count: int, webhook: str = "normal") -> set[str]:
        """Native ids of new orders."""
        placed = await self.act("place-orders", count=count, webhook=webhook)
        return {str(order["id"]) for order in placed["orders"]}

    async def edit(self, native_id: str) -> None:
        action, given = self.kind.edit
        await self.act(action, id=int(native_id), webhook="lost", **given)

    async def poll(self) -> set[str]:
        """One round of the census: what it puts on the log."""
        found: set[str] = set()
        async for page in self.census.poll(self._mark):
            for note in page.notifications:
                await notify(self._producer, self.settings, note, note_bytes(note))
            found |= {note.ref.native_id for note in page.notifications}
            self._mark = page.mark
        return found

    async def on_the_log(self, native_ids: Iterable[str]) -> None:
        """Until every one of these orders is."""
        wanted = set(native_ids)
        await until(lambda: wanted <= self.orders())

    async def quiet(self) -> None:
        """Until every webhook that was sent has been taken, and every notification is answered."""
        told = -1
        async with asyncio.timeout(PATIENCE):
            while True:
                before, told = told, len(await asyncio.to_thread(self.notes))
                if before == told and not await self.census._log.unanswered():
                    return
                await asyncio.sleep(0.7)

    def orders(self) -> set[str]:
        """Native ids of the orders on the log."""
        records = scan(self.settings, self.settings.topic(f"raw.{self.kind.name}.order"))
        return {RawDocument.from_bytes(record.value or b"").ref.native_id for record in records}

    def notes(self) -> list[tuple[str, str]]:
        """(via, native id) of the notifications about orders."""
        records = scan(self.settings, self.settings.topic(f"raw.{self.kind.name}.notification"))
        notes = [read_note(record.value or b"") for record in records]
        return [(note.via, note.ref.native_id) for note in notes if note.ref.entity == "order"]

    def told(self, via: str) -> set[str]:
        return {native_id for each, native_id in self.notes() if each == via}

    def audit(self, what: str) -> list[str]:
        """Ids of the audit records of one kind; the shop and a window are in each of them."""
        ids: list[str] = []
        for record in scan(self.settings, self.settings.topic("audit")):
            said = orjson.loads(record.value or b"")
            if said["what"] == what:
                assert said["subject"] == f"{self.kind.name}:{self.instance.source.instance}"
                assert said["since"]
                assert said["why"]
                ids += said["ids"]
        return ids

    def alerted(self) -> list[str]:
        records = scan(self.settings, self.settings.topic("alert"))
        said = [orjson.loads(record.value or b"") for record in records]
        return [each["document"] for each in said if each["kind"] == "gap"]

    async def close(self) -> None:
        await self._shop.aclose()


def ingress_producer(ingress: _SystemIngress) -> Any:
    (instance,) = ingress.instances.values()
    return instance.positions._producer


@asynccontextmanager
async def world_of(
    kind: Kind, settings: KafkaSettings, folder: Path, patch: pytest.MonkeyPatch, **census: float
) -> AsyncIterator[World]:
    """Polling is done once, at the start: what is found afterwards came by webhook or census."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    loaded = load_flow(kind.flow)
    options = dict(loaded.systems[kind.name].env.sandbox.options)  # type: ignore[union-attr]  # the env has sandboxes
    options["webhook_url"] = f"http://127.0.0.1:{port}{options['webhook_url'].partition('}')[2]}"
    with sandbox(kind.name, folder, options) as url:
        patch.setenv(variable("URL", kind.name), f"{url}/api" if kind.name == "prestashop" else url)
        flow = load_flow(kind.flow)
        slow = {"interval": NEVER, "behind_interval": NEVER, **census}
        env = flow.env.ingress.model_copy(update={"census": flow.env.ingress.census.model_copy(update=slow)})
        flow = replace(flow, env=flow.env.model_copy(update={"ingress": env}))
        given = flow.systems[kind.name]
        system = replace(given, settings=given.settings.model_copy(update={"poll_interval": NEVER, "page_size": 20}))
        producer = async_producer(settings, linger_ms=0)
        await producer.start()
        stop = asyncio.Event()
        try:
            ingress = _SystemIngress(flow, [system], settings, producer, "0")
            (instance,) = ingress.instances.values()
            instance.source.polls = instance.source.polls[:1]  # orders: the first load of a catalogue takes its time
            webhooks = Webhooks([instance.source], producer, settings)
            async with http_server(webhooks.routes(), "127.0.0.1", port):
                run = asyncio.create_task(ingress.run(stop))
                world = World(kind, url, settings, ingress)
                await until(lambda: run.done() or "orders" in instance.pollers.rounds)
                assert not run.done(), run.exception()
                yield world
                stop.set()
                await run
                await world.close()
        finally:
            stop.set()
            await producer.stop()


class sandbox:  # noqa: N801 - reads as a statement: `with sandbox(…)`
    """A sandbox in a process of its own; its address."""

    def __init__(self, name: str, folder: Path, options: Json) -> None:
        self._ready = folder / "ready.json"
        self._command = [sys.executable, "-m", "penstock.sandbox.serve", name, "--port", "0", "--seed", "7"]
        self._command += ["--options", json.dumps(options), "--ready-file", str(self._ready)]

    def __enter__(self) -> str:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not self._ready.exists():
            assert self._process.poll() is None, "the sandbox ended"
            assert time.monotonic() < deadline, "the sandbox does not answer"
            time.sleep(0.05)
        return str(json.loads(self._ready.read_text())["url"])

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
