"""Sets that look for what the others leave out begin once those have been through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any

from penstock.connectors.contract import PollPage
from penstock.ingress.polling import Pollers
from penstock.ingress.positions import mark_key
from penstock.log.kafka import KafkaSettings
from penstock.log.partition import partition_for


class Set:
    interval = 3600.0

    def __init__(self, name: str, polled: list[str], gate: asyncio.Event | None = None) -> None:
        self.name = name
        self._polled = polled
        self._gate = gate

    async def poll(self, _mark: Mapping[str, Any] | None) -> AsyncIterator[PollPage]:
        if self._gate is not None:
            await self._gate.wait()
        self._polled.append(self.name)
        yield PollPage((), None)


def pollers(polled: list[str], gate: asyncio.Event) -> Pollers:
    source: Any = SimpleNamespace(system="prestashop", instance="1", polls=[Set("orders", polled, gate)])
    positions: Any = SimpleNamespace(get=lambda _key: None)
    producer: Any = SimpleNamespace()
    settings = KafkaSettings(bootstrap="nowhere:9092")
    after = [Set("census", polled), Set("census-behind", polled)]
    return Pollers(source, positions, producer, settings, after)


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_they_wait_for_the_first_set() -> None:
    polled: list[str] = []
    gate = asyncio.Event()
    made = pollers(polled, gate)
    made.own({0}, 1)
    await turns()
    assert polled == []
    gate.set()
    async with asyncio.timeout(10):
        while len(polled) < 3:
            await turns()
    assert polled[0] == "orders"
    assert sorted(polled[1:]) == ["census", "census-behind"]
    await made.release()


async def test_they_run_where_the_first_set_runs_and_nowhere_else() -> None:
    polled: list[str] = []
    gate = asyncio.Event()
    gate.set()
    made = pollers(polled, gate)
    home = partition_for(mark_key("1", "orders").encode(), 4)
    made.own({0, 1, 2, 3} - {home}, 4)
    await turns()
    assert polled == []
    made.own({0, 1, 2, 3}, 4)
    async with asyncio.timeout(10):
        while len(polled) < 3:
            await turns()
    await made.release()
