"""`penstock run processors`: the Faust worker of one flow."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import faust
import structlog
from aiokafka.errors import KafkaError

from penstock.flow.load import load_flow
from penstock.liveness import LoopGuard
from penstock.log.kafka import KafkaSettings, quiet_aiokafka
from penstock.log.loader import LoaderError
from penstock.log.registry_client import RegistryClient
from penstock.log.topics import partitions_of
from penstock.log.wire import Codec
from penstock.processors.deliver import EXIT_UNDELIVERABLE
from penstock.processors.order_waiters import OrderWaiters
from penstock.processors.routing import RouteStore
from penstock.processors.stage import add_stage, nothing_first, producer_send
from penstock.processors.stall import StallWatch
from penstock.processors.transform import Names, Transform
from penstock.rules.validate import Policy
from penstock.service import announce, configure_logs, health_routes, http_server

log = structlog.get_logger()

STALL_CHECK = 5.0
ANSWER_SECONDS = 15.0
LOAD_TIMEOUT = 300.0
SETTINGS: dict[str, Any] = {
    "key_serializer": "raw",
    "value_serializer": "raw",
    "topic_allow_declare": False,
    "topic_disable_leader": True,
    "table_standby_replicas": 0,
    "stream_wait_empty": True,
    "consumer_auto_offset_reset": "earliest",
    "producer_acks": -1,
    "producer_linger": 0.0,
    "producer_max_batch_size": 131_072,
    "producer_max_request_size": 12 * 1024 * 1024,
    "stream_buffer_maxsize": 16_384,
    "broker_commit_interval": 1.0,
    "broker_rebalance_timeout": 60.0,
    "broker_max_poll_interval": 300.0,
    "worker_redirect_stdouts": False,
    "web_enabled": False,
}
"""Faust accepts unknown settings silently: a test looks each of these up (tests/unit/processors)."""


def credentials(settings: KafkaSettings) -> Any:
    """What Faust needs to be let in; None for a plain cluster."""
    known = settings.aiokafka()
    context = known.get("ssl_context")
    if settings.sasl_mechanism:
        return faust.SASLCredentials(
            username=known["sasl_plain_username"],
            password=known["sasl_plain_password"],
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context is not None else None


def build_app(flow_name: str, settings: KafkaSettings, member: str) -> faust.App:
    """The Faust app, without agents."""
    return faust.App(
        f"{settings.topic_prefix}penstock.{flow_name}.processors",
        broker=[f"kafka://{address}" for address in settings.bootstrap.split(",")],
        consumer_group_instance_id=f"processors-{member}",
        broker_credentials=credentials(settings),
        broker_session_timeout=settings.session_seconds,
        broker_heartbeat_interval=min(3.0, settings.session_seconds / 3),
        datadir=tempfile.mkdtemp(prefix="penstock-faust-"),
        **SETTINGS,
    )


def run(flow_name: str, env: str, host: str, port: int, ready_file: Path | None) -> None:
    """Runs until SIGTERM. Exit code 70 when outputs could not be delivered."""
    configure_logs("processors")
    quiet_aiokafka()
    flow = load_flow(flow_name, env)
    settings = KafkaSettings.from_env(bootstrap=flow.env.kafka.bootstrap)
    codec = Codec(RegistryClient.from_env(url=flow.env.registry.url))
    names = Names(settings.topic_prefix, partitions_of("canonical.order"))
    routes = RouteStore(flow.name)
    transform = Transform(flow, codec, names, Policy.model_validate(flow.file.validation), routes)
    app = build_app(flow_name, settings, os.environ.get("PENSTOCK_MEMBER", "0"))
    orders: OrderWaiters | None = None
    if transform.remembers:
        routes.open(settings).wait_caught_up(LOAD_TIMEOUT)
        orders = OrderWaiters(flow.name, routes, settings)
    counts: Counter[str] = Counter()

    def count(what: str) -> None:
        counts[what] += 1

    add_stage(
        app,
        transform.topics,
        transform,
        name="processors",
        dlq_topic=settings.topic("dlq.processors"),
        count=count,
        epitaph=transform.epitaph,
        before=KnownRoutes(app, routes) if transform.remembers else nothing_first,
    )

    @app.task  # type: ignore[untyped-decorator]  # Faust is not typed
    async def retry_after_orders() -> None:
        if orders is None:
            return
        try:
            await orders.run(producer_send(app))
        except LoaderError as error:
            log.critical("routes_lost", reason=str(error))
            os._exit(EXIT_UNDELIVERABLE)

    @app.task  # type: ignore[untyped-decorator]  # Faust is not typed
    async def serve() -> None:
        def ready() -> bool:
            return bool(app.consumer.assignment())

        def gauges() -> dict[str, float]:
            return {f"processors_{name}s_total": value for name, value in counts.items()}

        stop = asyncio.Event()
        async with http_server(health_routes(lambda: True, ready, gauges), host, port) as bound:
            await announce(ready, ready_file, f"{host}:{bound}", stop)
            log.info("processors_ready", flow=flow_name, topics=len(transform.topics), port=bound)
            await watch_for_stalls(app)

    worker: Any = faust.Worker(app, loglevel="INFO", redirect_stdouts=False)
    worker.execute_from_commandline()
    sys.exit(0)


class KnownRoutes:
    """Lets a batch pass once everything is known that other workers have routed of what is ours now."""

    def __init__(self, app: faust.App, routes: RouteStore) -> None:
        self._app = app
        self._routes = routes
        self._known: frozenset[Any] | None = None
        receiver: Any = self._forget  # Faust's type of a handler fits no function
        app.on_partitions_revoked.connect(receiver)

    async def __call__(self) -> None:
        assigned = frozenset(self._app.consumer.assignment())
        if assigned != self._known:
            await asyncio.to_thread(self._routes.catch_up, LOAD_TIMEOUT)
            self._known = assigned

    def _forget(self, _app: Any, *_revoked: Any, **_more: Any) -> None:
        self._known = None


async def watch_for_stalls(app: faust.App) -> None:
    """Ends the process with 70 when the consumer stands still with records before it.

    The broker is asked where the partitions end: a consumer that fetches nothing any more does not know it itself.
    """
    watch = StallWatch()
    LoopGuard(asyncio.get_running_loop()).start()
    while True:
        await asyncio.sleep(STALL_CHECK)
        consumer: Any = app.consumer
        places = consumer.assignment()
        committed = {tp: consumer._committed_offset[tp] or 0 for tp in places}  # noqa: SLF001 - Faust offers no reading
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                ends = await consumer.highwaters(*places) if places else {}
                begins = await consumer.earliest_offsets(*places) if places else {}
            committed = {tp: max(mark, begins[tp]) for tp, mark in committed.items()}  # the rest went with its time
        except (KafkaError, TimeoutError):
            ends = {tp: consumer.highwater(tp) or 0 for tp in places}  # what was known before the broker fell silent
        if stalled := watch.stalled(committed, ends):
            log.critical("stuck", parts=[f"{tp.topic}-{tp.partition}" for tp in stalled])
            os._exit(EXIT_UNDELIVERABLE)
