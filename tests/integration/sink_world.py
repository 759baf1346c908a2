"""A sink runner on a real log with a target in memory, for integration tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from tests.unit.sinks.fakes import FakeSink, FakeTarget, OrderHandler

from penstock.log.fates import Fate, collapse
from penstock.log.headers import Headers, Position
from penstock.log.kafka import KafkaSettings, async_consumer, async_producer
from penstock.log.partition import partition_for
from penstock.log.pauses import Pauses
from penstock.log.replays import REPLAY
from penstock.log.scan import scan
from penstock.log.xref import XrefStore
from penstock.sinks.lookup import NoDemand
from penstock.sinks.model import Item
from penstock.sinks.runner import Options, SinkRunner

AT = datetime(2026, 2, 1, tzinfo=UTC)


class JsonDecoder:
    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]:
        return "Order", orjson.loads(value)


class InforLike(FakeSink):
    """The fake under a system name that topics.yaml knows."""

    system = "infor"


class World:
    """Topics of one test, and what is on them."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self.offsets: dict[int, int] = {}

    async def send(self, orders: list[str], version: int = 1, run: str = "", **record: Any) -> None:
        """`run`: a replay that sends them."""
        producer = async_producer(self.settings)
        await producer.start()
        try:
            for order in orders:
                value = {
                    "id": order,
                    "reference": f"PS1-{order}",
                    "source": {"system": "prestashop", "instance": "1", "native_id": order},
                    "v": version,
                } | record
                headers = Headers(
                    ce_id=f"{order}-v{version}~{run}" if run else f"{order}-v{version}",
                    ce_source="prestashop:1",
                    ce_type="penstock.canonical.order",
                    ce_time=AT,
                    raw=Position("raw.prestashop.order", 0, version),
                    flow="test",
                    targets=("infor:1",),
                )
                await producer.send(
                    self.settings.topic("canonical.order"),
                    orjson.dumps(value),
                    key=order.encode(),
                    headers=headers.encode() + ([(REPLAY, run.encode())] if run else []),
                )
            await producer.flush()
        finally:
            await producer.stop()

    def fates(self) -> dict[str, str]:
        """event id -> state that holds."""
        records = scan(self.settings, self.settings.topic("fate"))
        found = collapse(Fate.decode(r.key or b"", r.value or b"") for r in records)
        return {fate.event_id: fate.state.value for fate in found.values()}

    def fate_records(self) -> list[str]:
        """The event id of every record of a fate."""
        records = scan(self.settings, self.settings.topic("fate"))
        return [Fate.decode(r.key or b"", r.value or b"").event_id for r in records]

    def entries(self, topic: str) -> dict[str, dict[str, Any]]:
        """Open entries of `hold` or `parked.infor`."""
        out: dict[str, dict[str, Any]] = {}
        for record in scan(self.settings, self.settings.topic(topic)):
            key = (record.key or b"").decode()
            if record.value is None:
                out.pop(key, None)
            else:
                out[key] = orjson.loads(record.value)
        return out

    @contextlib.asynccontextmanager
    async def runner(
        self, handler: OrderHandler, *, member: str = "0", patience: float = 30.0
    ) -> AsyncIterator[SinkRunner]:
        """A running sink; leaves as a process does that is stopped. Abandon it with `crash`."""
        settings = self.settings
        store, pauses = XrefStore.open(settings), Pauses.open(settings)
        await store.loader.until_caught_up(30)
        await pauses.loader.until_caught_up(30)
        producer = async_producer(settings, linger_ms=0)
        await producer.start()
        consumer = async_consumer(settings, group=f"{settings.topic_prefix}sink", instance_id=f"m-{member}")
        await consumer.start()

        def payload(item: Item, _handler: object, _lookup: object) -> Mapping[str, Any]:
            return item.record

        runner = SinkRunner(
            InforLike(handler),  # type: ignore[arg-type]
            settings,
            consumer,
            producer,
            JsonDecoder(),
            store,
            NoDemand(),
            pauses,
            Options(flow="test", entities=frozenset({"order"}), patience=patience),
            payload,
        )
        stop = asyncio.Event()
        task = asyncio.create_task(runner.run(stop))
        try:
            yield runner
        finally:
            stop.set()
            await asyncio.gather(task, return_exceptions=True)
            await consumer.stop()
            await producer.stop()
            store.close()
            pauses.close()


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits for a condition, never for a time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {seconds} s")
        await asyncio.sleep(0.05)


def booked_once(target: FakeTarget, orders: list[str]) -> bool:
    found = [(row["no"], row["line"]) for row in target.orders]
    return sorted(found) == sorted((order, line) for order in orders for line in (0, 1, 2))


def same_partition(orders: list[str], partitions: int = 4) -> list[str]:
    """Those of `orders` that share the first one's partition."""
    wanted = partition_for(orders[0].encode(), partitions)
    return [order for order in orders if partition_for(order.encode(), partitions) == wanted]
