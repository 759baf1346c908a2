"""`penstock run sinks`: the sinks of one flow, one per target system."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from penstock.connectors.contract import Handler, Lookup
from penstock.flow.load import Flow, System, load_flow
from penstock.flow.ownership import not_ours
from penstock.flow.policies import policies_for
from penstock.liveness import end_when_stuck
from penstock.log.kafka import KafkaSettings, async_consumer, async_producer
from penstock.log.loader import Loader
from penstock.log.pauses import Pauses
from penstock.log.registry_client import RegistryClient
from penstock.log.wire import Codec
from penstock.log.xref import XrefStore
from penstock.service import announce, first_failure, health_routes, http_server, run_service, stop_on_signals
from penstock.sinks.demand import OpenDemand
from penstock.sinks.lookup import NoDemand
from penstock.sinks.model import Item
from penstock.sinks.protocol import PATIENCE
from penstock.sinks.runner import LANES, Options, SinkRunner

log = structlog.get_logger()

BULK_LANES = 100
"""Where the target takes many records in one call, as many are under way at once; live ones go first in its budget."""


FOLLOW_CHECK = 1.0
"""Seconds between two looks at whether the log is still followed."""


def run(flow_name: str, env: str, host: str, port: int, ready_file: Path | None) -> None:
    """Runs until SIGTERM."""
    flow = load_flow(flow_name, env)
    run_service("sinks", lambda: _main(flow, host, port, ready_file))


class Payloads:
    """From-canonical mappings of one target."""

    def __init__(self, flow: Flow, system: System) -> None:
        self._flow = flow
        self._alias = system.alias
        self._env = flow.mapping_env(system.alias)

    def __call__(self, item: Item, handler: Handler, lookup: Lookup) -> Mapping[str, Any]:
        if handler.mapping is None:
            return item.record
        mapping = self._flow.mappings[self._alias, "from", handler.mapping.partition(".")[0]]
        env = replace(self._env, xref=lambda entity, canonical_id: native_of(lookup, entity, canonical_id))
        if mapping.policies:
            env = replace(env, policies=policies_for(self._flow, item.entity, item.record))
        payload: Mapping[str, Any] = mapping({item.entity.replace("-", "_"): item.record}, env)
        return payload


def native_of(lookup: Lookup, entity: str, canonical_id: str) -> str | None:
    crossing = lookup.xref(entity, canonical_id)
    return crossing.native_id if crossing else None


def open_demand(flow: Flow, store: XrefStore, codec: Codec) -> OpenDemand:
    """What the flow's shops have sold and its ERPs do not show yet."""
    return OpenDemand(
        store,
        codec,
        [(shop.name, shop.instance) for shop in flow.shops],
        {(erp.name, erp.instance): 2 * erp.settings.interval("stock") + 5 for erp in flow.erps},
        since=flow.file.start.orders_from,
    )


async def follow(loaders: Sequence[Loader], stop: asyncio.Event) -> None:
    """Until `stop`. Raises LoaderError once one of them has ended: what it knew would only grow old."""
    while not stop.is_set():
        for loader in loaders:
            loader.caught_up()
        await asyncio.sleep(FOLLOW_CHECK)


class OwnedElsewhere:
    """Payload fields whose master is the target, by entity."""

    def __init__(self, flow: Flow, system: System) -> None:
        self._fields = {entity: not_ours(flow, entity, system.alias) for entity in flow.entities_to(system.alias)}

    def __call__(self, item: Item) -> frozenset[str]:
        return self._fields.get(item.entity, frozenset())


async def _main(flow: Flow, host: str, port: int, ready_file: Path | None) -> None:
    stop = stop_on_signals()
    settings = KafkaSettings.from_env(bootstrap=flow.env.kafka.bootstrap)
    codec = Codec(RegistryClient.from_env(url=flow.env.registry.url))
    member = os.environ.get("PENSTOCK_MEMBER", "0")
    store, pauses = XrefStore.open(settings), Pauses.open(settings)
    producer = async_producer(settings, linger_ms=0)
    await producer.start()
    demand = open_demand(flow, store, codec)
    views = {shop.alias: demand.of((shop.name, shop.instance)) for shop in flow.shops}
    demand.open(settings)
    await store.loader.until_caught_up(300)
    await pauses.loader.until_caught_up(60)
    await demand.loader.until_caught_up(300)
    runners: dict[str, SinkRunner] = {}
    consumers = []
    sinks = []
    for system in flow.systems.values():
        entities = flow.entities_to(system.alias)
        if not entities:
            continue
        budget = system.budget("sinks")
        sink = system.spec.sink(system.settings, budget)
        consumer = async_consumer(
            settings,
            group=f"{settings.topic_prefix}penstock.{flow.name}.sink.{system.name}.{system.instance}",
            instance_id=f"sink-{system.alias}-{member}",
        )
        sinks.append(sink)
        consumers.append(consumer)
        runners[system.target] = SinkRunner(
            sink,
            settings,
            consumer,
            producer,
            codec,
            store,
            views.get(system.alias, NoDemand()),
            pauses,
            Options(
                flow=flow.name,
                entities=entities,
                patience=float(os.environ.get("PENSTOCK_PATIENCE_SECONDS", PATIENCE)),
                shadow=flow.file.mode == "shadow",
                flow_options=flow.sink_options,
                lanes={**LANES, **({"bulk": BULK_LANES} if system.spec.capabilities.bulk else {})},
            ),
            Payloads(flow, system),
            answered=lambda budget=budget: budget.answered,  # type: ignore[misc]  # bound to this round's budget
            policies_of=lambda item: policies_for(flow, item.entity, item.record),
            not_ours_of=OwnedElsewhere(flow, system),
        )

    def ready() -> bool:
        return all(runner.ready for runner in runners.values())

    def gauges() -> dict[str, float]:
        out: dict[str, float] = {}
        for target, runner in runners.items():
            name = target.replace(":", "_").lower().replace("-", "_").replace(".", "_")
            out |= {f"sink_{name}_{state.replace('-', '_')}_total": float(n) for state, n in runner.settled.items()}
            out[f"sink_{name}_under_way"] = runner.under_way
            out[f"sink_{name}_waiting"] = runner.waiting
            out[f"sink_{name}_open_intents"] = runner.state.open_intents()
            out[f"sink_{name}_outage_seconds"] = runner.health.outage_seconds or 0.0
        return out

    try:
        async with http_server(health_routes(lambda: True, ready, gauges), host, port) as bound:
            for consumer in consumers:
                await consumer.start()
            runs = [asyncio.create_task(runner.run(stop)) for runner in runners.values()]
            runs.append(asyncio.create_task(announce(ready, ready_file, f"{host}:{bound}", stop)))
            loaders = [store.loader, pauses.loader, demand.loader]
            runs.append(asyncio.create_task(follow(loaders, stop)))
            parts = {target: runner.stuck for target, runner in runners.items()}
            runs.append(asyncio.create_task(end_when_stuck(parts, stop)))
            log.info("sinks_run", flow=flow.name, targets=sorted(runners), port=bound, mode=flow.file.mode)
            await first_failure(runs, stop)
    finally:
        for consumer in consumers:
            await consumer.stop()
        await producer.stop()
        for sink in sinks:
            await sink.close()
        for each in (store, pauses, demand):
            each.close()
