"""One sink with the effect protocol on: orders a second into a target that takes 20 ms for a call.

    python benchmarks/sink.py [--runs 3]

The real runner on a real log, one call an order, 50 lanes; the target (target.py) is a process of its own and keeps
what it was sent. One order in ten comes in two versions. The clock runs from the target's first call to its last.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

import report
from cluster import Cluster, cluster, served
from documents import AT, RAW_TOPIC, incoming, raw_orders, transform_of
from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import CheckResult, Done, Handler, Link, Lookup, Plan, Step, StepResult, Task
from penstock.connectors.http import Api
from penstock.log.headers import Headers, Position
from penstock.log.kafka import KafkaSettings, async_consumer, async_producer, producer
from penstock.log.pauses import Pauses
from penstock.log.xref import XrefStore
from penstock.records.ids import canonical_id
from penstock.sinks.lookup import NoDemand
from penstock.sinks.model import Item
from penstock.sinks.runner import Options, SinkRunner

ORDERS = 2_000
TWICE = 10
"""Every tenth order is sent in two versions."""
LANES = 50
SYSTEM, INSTANCE = "infor", "1"
DEADLINE = 90.0


class Handler20:
    """One keyed call an order."""

    entity = "order"
    mapping: str | None = None
    fresh = False

    def __init__(self, api: Api) -> None:
        self._api = api

    async def plan(self, task: Task) -> Plan:
        number, version = str(task.record["id"]), str(task.record["source"]["version"])
        path = f"/orders/{number}/{version}"
        links = [Link("order", number, number)]

        async def send(window: Any) -> StepResult:
            reply = await self._api.request("POST", path, content=b"{}", window=window)
            return Done(number, str(reply.status), links)

        async def find() -> Done | None:
            reply = await self._api.request("GET", path)
            return Done(number, str(reply.status), links) if reply.status == 200 else None

        return Plan([Step("order", "keyed", send, find)], native_id=number)


class Sink20:
    """The smallest sink. It goes by a system name that topics.yaml has."""

    system, instance = SYSTEM, INSTANCE
    send_window, answer_window = 5.0, 2.0

    def __init__(self, api: Api) -> None:
        self._api = api
        self.handlers: Mapping[str, Handler] = {"order": Handler20(api)}

    async def check(self) -> Sequence[CheckResult]:
        return []

    async def close(self) -> None:
        await self._api.close()


def payload_of(item: Item, _: Handler, __: Lookup) -> Mapping[str, Any]:
    return item.record


def measure(runs: int) -> list[report.Figure]:
    raw = raw_orders(40)
    with cluster() as log, served([str(Path(__file__).with_name("target.py"))], log.folder, "target") as url:
        found = [run(log, f"run{number}.", url, raw) for number in range(runs)]
    rates, cpu, doubled, disorder = (list(values) for values in zip(*found, strict=True))
    note = f"{ORDERS + ORDERS // TWICE} records of {ORDERS} orders, 1 call an order, 4 acknowledged log writes an order"
    return [
        report.Figure("sink, target of 20 ms, 50 lanes", "orders/s", rates, 1_000, at_least=True, note=note),
        report.Figure("  per CPU second of the process", "orders/CPU-s", cpu),
        report.Figure("  orders doubled", "orders", doubled, 0),
        report.Figure("  orders whose versions came in disorder", "orders", disorder, 0),
    ]


def run(log: Cluster, prefix: str, url: str, raw: Sequence[Any]) -> tuple[float, float, float, float]:
    """(orders a second, orders a CPU second, doubled, out of order)."""
    settings = log.prefixed(prefix)
    count = load(log, settings, raw)
    httpx.delete(f"{url}/log", trust_env=False)
    cpu = asyncio.run(consume(log, settings, url, count))
    posts = httpx.get(f"{url}/log", trust_env=False).json()
    times = [at for at, _, _ in posts]
    calls = Counter((order, version) for _, order, version in posts)
    versions: dict[str, list[str]] = defaultdict(list)
    for _, order, version in posts:
        versions[order].append(version)
    if len(calls) != count:
        raise RuntimeError(f"{len(calls)} of {count} versions reached the target")
    doubled = sum(times - 1 for times in calls.values())
    disorder = sum(1 for seen in versions.values() if seen != sorted(seen))
    return count / (max(times) - min(times)), count / cpu, doubled, disorder


def load(log: Cluster, settings: KafkaSettings, raw: Sequence[Any]) -> int:
    """Puts the canonical orders on the log; gives their number."""
    transform = transform_of(log.codec)
    records = [log.codec.decode(transform(incoming(one, at))[0].value or b"")[1] for at, one in enumerate(raw)]
    client = producer(settings)
    topic = settings.topic("canonical.order")
    sent = 0
    for version in ("1", "2"):
        for number in range(ORDERS if version == "1" else ORDERS // TWICE):
            record = dict(records[number % len(records)])
            record["id"] = canonical_id("bench", "1", "order", str(number))
            record["source"] = {**record["source"], "native_id": str(number), "version": version}
            record["number"] = f"{record['number']}-{version}"
            headers = Headers(
                ce_id=f"bench:1:order:{number}:{version}",
                ce_source="bench:1",
                ce_type="penstock.canonical.order",
                ce_time=AT,
                raw=Position(RAW_TOPIC, 0, sent),
                flow="bench",
                targets=(f"{SYSTEM}:{INSTANCE}",),
            )
            value = log.codec.encode("Order", record)
            client.produce(topic, value, record["id"].encode(), headers=dict(headers.encode()))
            sent += 1
    assert client.flush(60) == 0
    return sent


async def consume(log: Cluster, settings: KafkaSettings, url: str, count: int) -> float:
    """Runs the sink until everything is applied; gives the CPU seconds it took."""
    store, pauses = XrefStore.open(settings), Pauses.open(settings)
    await store.loader.until_caught_up(30)
    await pauses.loader.until_caught_up(30)
    writer = async_producer(settings, linger_ms=0)
    await writer.start()
    reader = async_consumer(settings, group=f"{settings.topic_prefix}bench", instance_id="bench-0")
    await reader.start()
    sink = Sink20(Api(url, Budget(BudgetSettings(concurrency=LANES))))
    options = Options(flow="bench", entities=frozenset({"order"}), lanes={"live": LANES, "bulk": 1})
    runner = SinkRunner(
        sink,
        settings,
        reader,
        writer,
        log.codec,
        store,
        NoDemand(),
        pauses,
        options,
        payload_of,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    try:
        while not runner.ready:  # noqa: ASYNC110 - readiness is a question, not an event
            await asyncio.sleep(0.01)
        began, deadline = time.process_time(), time.monotonic() + DEADLINE
        while runner.settled.get("applied", 0) < count and not task.done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{runner.settled} of {count} after {DEADLINE:.0f} s")
            await asyncio.sleep(0.02)
        cpu = time.process_time() - began
    finally:
        stop.set()
        await asyncio.gather(task)
        await reader.stop()
        await writer.stop()
        await sink.close()
        store.close()
        pauses.close()
    return cpu


if __name__ == "__main__":
    report.script(__doc__, measure)
