"""A service that stands still in its first life: `python -m tests.integration.stuck_worker SERVICE FOLDER`.

Its patience is three seconds. What it does in its next life, test_liveness.py looks at.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import faust
from tests.integration.sink_world import World
from tests.integration.stage_worker import transform
from tests.integration.test_extraction import FakeSource
from tests.unit.sinks.fakes import FakeTarget, OrderHandler

from penstock.ingress.extract import Extractor
from penstock.ingress.positions import Positions
from penstock.liveness import end_when_stuck
from penstock.log.kafka import KafkaSettings, async_consumer, async_producer
from penstock.log.lanes import LaneConsumer
from penstock.processors.deliver import Output
from penstock.processors.main import build_app, watch_for_stalls
from penstock.processors.stage import add_stage, producer_send
from penstock.records.raw import EntityRef, Part, RawDocument
from penstock.service import run_service, stop_on_signals

HANGS = False


async def for_ever() -> None:
    await asyncio.Event().wait()


class HangingHandler(OrderHandler):
    async def plan(self, task: Any) -> Any:
        if HANGS:
            await for_ever()
        return await super().plan(task)


class HangingSource(FakeSource):
    async def extract(self, ref: EntityRef, carried: Sequence[Part] = ()) -> RawDocument | None:
        if HANGS:
            await for_ever()
        return await super().extract(ref, carried)


async def sink(settings: KafkaSettings) -> None:
    stop = stop_on_signals()
    async with World(settings).runner(HangingHandler(FakeTarget())) as runner:
        await end_when_stuck({"infor:1": runner.stuck}, stop)


async def extraction(settings: KafkaSettings) -> None:
    stop = stop_on_signals()
    producer = async_producer(settings)
    await producer.start()
    positions = Positions(settings, "prestashop", producer)
    await positions.load()
    consumer = async_consumer(settings, group=f"{settings.topic_prefix}extract", instance_id="extract-0")
    await consumer.start()
    extractor = Extractor(HangingSource(), positions, producer, settings, "test")  # type: ignore[arg-type]
    lanes = LaneConsumer(
        consumer,
        [settings.topic("raw.prestashop.notification")],
        lane_of=lambda record: record.key.decode(),
        handle=extractor.handle,
        lanes={"": 2},
    )
    try:
        await asyncio.gather(lanes.run(stop), end_when_stuck({"extraction": lanes.stuck}, stop))
    finally:
        await consumer.stop()
        await producer.stop()


def stage(settings: KafkaSettings) -> None:
    app = build_app("stuck-test", settings, "0")

    async def send(output: Output) -> Awaitable[object]:
        if HANGS:
            await for_ever()
        return await producer_send(app)(output)

    inbox, dlq = os.environ["STAGE_IN"], os.environ["STAGE_DLQ"]
    add_stage(app, [inbox], transform, name="stuck-test", dlq_topic=dlq, count=lambda _: None, send=send)

    @app.task  # type: ignore[untyped-decorator]  # Faust is not typed
    async def watch() -> None:
        await watch_for_stalls(app)

    sys.argv = sys.argv[:1]  # Faust reads them too
    faust.Worker(app, loglevel="WARNING", redirect_stdouts=False).execute_from_commandline()


def main(service: str, folder: Path) -> None:
    global HANGS  # noqa: PLW0603 - it is the fault of this whole process
    mark = folder / f"{service}.lived"
    HANGS = not mark.exists()
    mark.touch()
    settings = KafkaSettings.from_env()
    with (
        patch("penstock.log.lanes.STUCK_SECONDS", 3.0),
        patch("penstock.liveness.LOOK_SECONDS", 0.5),
        patch("penstock.processors.stall.STALLED_AFTER", 3.0),
        patch("penstock.processors.main.STALL_CHECK", 0.5),
    ):
        if service == "stage":
            stage(settings)
        else:
            run_service(service, lambda: {"sink": sink, "extraction": extraction}[service](settings))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
