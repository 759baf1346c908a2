"""`penstock run ingress`: webhooks, pollers and extraction of one flow."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition

from penstock.checkpoints import reach
from penstock.connectors.contract import Source
from penstock.flow.load import Flow, System, load_flow
from penstock.flow.model import CensusEnv
from penstock.ingress.census import ENTITY, Census
from penstock.ingress.extract import Extractor
from penstock.ingress.gaps import Gaps
from penstock.ingress.known import Known, extracting_group
from penstock.ingress.polling import Pollers
from penstock.ingress.positions import Positions
from penstock.ingress.webhooks import Webhooks
from penstock.liveness import end_when_stuck
from penstock.log.headers import BACKFILL
from penstock.log.kafka import KafkaSettings, async_consumer, async_producer
from penstock.log.lanes import LaneConsumer, Record
from penstock.log.topics import partitions_of
from penstock.service import announce, first_failure, health_routes, http_server, run_service, stop_on_signals

log = structlog.get_logger()

LANES = {"live": 24, "bulk": 12}
IN_MEMORY = 20_000
"""Notifications are small, and an order must not wait on the log behind the bulk of a first poll."""
BULK = frozenset({"customer", "product", "item", "stock"})
"""Documents that come by the thousand at the first poll; an order must not queue behind them."""


def run(flow_name: str, env: str, host: str, port: int, ready_file: Path | None) -> None:
    """Runs until SIGTERM."""
    flow = load_flow(flow_name, env)
    run_service("ingress", lambda: _main(flow, host, port, ready_file))


class _SystemIngress:
    """Extraction and polling of all instances of one system: they share its topic of notifications."""

    def __init__(
        self, flow: Flow, systems: Sequence[System], settings: KafkaSettings, producer: AIOKafkaProducer, member: str
    ) -> None:
        name = systems[0].name
        topic = f"raw.{name}.notification"
        group = extracting_group(settings, flow.name, name)
        self._known = Known(settings, name, group, ENTITY)
        self.instances = {
            system.instance: _InstanceIngress(flow, system, settings, producer, self._known) for system in systems
        }
        self._consumer = async_consumer(
            settings,
            group=group,
            instance_id=f"extract-{name}-{member}",
        )
        self._count = partitions_of(topic)
        self.lanes = LaneConsumer(
            self._consumer,
            [settings.topic(topic)],
            lane_of=lane_of,
            handle=self._handle,
            lanes=LANES,
            class_of=class_of,
            max_under_way=IN_MEMORY,
            on_assigned=self._assigned,
            on_revoked=self._release,
            tries=lambda: sum(each.extractor.counts["failed_reads"] for each in self.instances.values()),
        )

    async def _handle(self, lane: str, records: list[Record]) -> None:
        """By the instance in the key. What is of no instance of ours becomes a dead letter in any extractor."""
        found = self.instances.get(instance_of(lane)) or next(iter(self.instances.values()))
        await found.extractor.handle(lane, records)

    async def _assigned(self, partitions: set[TopicPartition]) -> None:
        for each in self.instances.values():
            # the last events may have been written by another process until now
            await each.positions.load()
            reach("ingress.positions-loaded")
            each.pollers.own({place.partition for place in partitions}, self._count)

    async def stuck(self) -> bool:
        """Is work possible and not done? A source that asks to be left alone is no fault of ours."""
        return await self.lanes.stuck(exempt=any(each.budget.blocked for each in self.instances.values()))

    async def _release(self) -> None:
        await asyncio.gather(*(each.pollers.release() for each in self.instances.values()))

    async def run(self, stop: asyncio.Event) -> None:
        await self._consumer.start()
        try:
            watch = asyncio.create_task(self._watch(stop))
            await self.lanes.run(stop)
            await watch
        finally:
            await self._release()
            await self._consumer.stop()
            self._known.close()
            for each in self.instances.values():
                await each.source.close()

    async def _watch(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            for each in self.instances.values():
                if (error := each.pollers.failure()) is not None:
                    stop.set()
                    raise error
            await asyncio.sleep(0.5)


class _InstanceIngress:
    """What one instance needs of its own."""

    def __init__(
        self, flow: Flow, system: System, settings: KafkaSettings, producer: AIOKafkaProducer, known: Known
    ) -> None:
        self.alias = system.alias
        self.budget = system.budget("ingress")
        self.source: Source = system.spec.source(system.settings, self.budget)
        self.positions = Positions(settings, system.name, producer)
        self.extractor = Extractor(self.source, self.positions, producer, settings, flow.name)
        self.censuses: list[Census] = []
        if system.spec.capabilities.webhooks and ENTITY in system.spec.lists:
            clerk = Gaps(producer, settings, flow.name, f"{system.name}:{system.instance}")
            env, start = census_env(flow, system), flow.file.start.reads_from
            self.censuses = [Census(self.source, known, clerk, env, start, behind=behind) for behind in (False, True)]
        self.pollers = Pollers(self.source, self.positions, producer, settings, self.censuses)

    def gauges(self) -> dict[str, float]:
        name = self.alias.replace("-", "_")
        out = {f"extraction_{name}_{what}_total": float(n) for what, n in self.extractor.counts.items()}
        for what in self.censuses[0].counts if self.censuses else ():
            out[f"census_{name}_{what}_total"] = float(sum(each.counts[what] for each in self.censuses))
        return out


def census_env(flow: Flow, system: System) -> CensusEnv:
    """Where no webhooks are set up, polls bring every order: the census gives them their turn before it names a gap."""
    env = flow.env.ingress.census
    if getattr(system.settings, "webhook_secret", None) is not None:
        return env
    return env.model_copy(update={"interval": max(env.interval, 2 * system.settings.interval("orders"))})


def lane_of(record: Record) -> str:
    return record.key.decode("utf-8", "replace")


def instance_of(lane: str) -> str:
    """A notification's key is `entity:instance:native id`; the ids of instances hold no colon."""
    return lane.split(":", 2)[1] if lane.count(":") >= 2 else ""


def class_of(record: Record) -> str:
    if any(name == BACKFILL for name, _ in record.headers):
        return "bulk"
    return "bulk" if record.key.partition(b":")[0].decode("utf-8", "replace") in BULK else "live"


async def _main(flow: Flow, host: str, port: int, ready_file: Path | None) -> None:
    stop = stop_on_signals()
    settings = KafkaSettings.from_env(bootstrap=flow.env.kafka.bootstrap)
    producer = async_producer(settings, linger_ms=0)
    await producer.start()
    member = os.environ.get("PENSTOCK_MEMBER", "0")
    by_name: dict[str, list[System]] = defaultdict(list)
    for system in flow.systems.values():
        by_name[system.name].append(system)
    systems = {name: _SystemIngress(flow, of, settings, producer, member) for name, of in by_name.items()}
    instances = [instance for each in systems.values() for instance in each.instances.values()]
    webhooks = Webhooks([each.source for each in instances], producer, settings)

    def ready() -> bool:
        return all(each.lanes.ready.is_set() for each in systems.values())

    def gauges() -> dict[str, float]:
        out = {f"webhooks_{name}_total": float(value) for name, value in webhooks.counts.items()}
        for each in instances:
            out |= each.gauges()
        return out | {f"extraction_{name}_under_way": each.lanes.under_way for name, each in systems.items()}

    routes = [*webhooks.routes(), *health_routes(lambda: True, ready, gauges)]
    try:
        async with http_server(routes, host, port) as bound:
            runs = [asyncio.create_task(each.run(stop)) for each in systems.values()]
            runs.append(asyncio.create_task(announce(ready, ready_file, f"{host}:{bound}", stop)))
            parts = {f"extraction of {name}": each.stuck for name, each in systems.items()}
            runs.append(asyncio.create_task(end_when_stuck(parts, stop)))
            log.info("ingress_listens", flow=flow.name, host=host, port=bound)
            await first_failure(runs, stop)
    finally:
        await producer.stop()
