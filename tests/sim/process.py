"""Sinks and extraction as simulated processes: the real runners on the log in memory."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest.mock import patch

import orjson
import structlog

from penstock.ingress.extract import Extractor
from penstock.ingress.positions import Positions
from penstock.log.lanes import LaneConsumer
from penstock.log.pauses import Pauses
from penstock.log.xref import ENTITIES, XrefStore
from penstock.sinks.lookup import NoDemand
from penstock.sinks.model import Item
from penstock.sinks.runner import Options, SinkRunner
from tests.sim.life import Life
from tests.sim.log import MemoryConsumer, MemoryLoader, MemoryLog, MemoryProducer


@contextlib.contextmanager
def simulated() -> Iterator[None]:
    """The services' loaders read the log in memory; their ticks are seldom, their logs silent."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with contextlib.ExitStack() as stack:
        for module in ("sinks.state", "sinks.letters", "ingress.positions"):
            stack.enter_context(patch(f"penstock.{module}.Loader", MemoryLoader))
        stack.enter_context(patch("penstock.sinks.runner.TICK", 1.0))
        stack.enter_context(patch("penstock.log.lanes.COMMIT_EVERY", 2.0))
        try:
            yield
        finally:
            structlog.configure(**before)


def xref_of(log: MemoryLog) -> XrefStore:
    """A store that follows the log."""
    store = XrefStore()

    def take(messages: Any) -> None:
        for message in messages:
            store.put(message.topic().removeprefix("xref."), message.key(), message.value())

    MemoryLoader(log, take).follow(*(f"xref.{entity}" for entity in ENTITIES))
    return store


class JsonDecoder:
    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]:
        return "", orjson.loads(value)


class Process:
    """One life of a service. `failure`: it ended by an exception of its own, as a service does that ends with 70."""

    consumer: MemoryConsumer

    def __init__(self) -> None:
        self.life = Life()
        self.stop = asyncio.Event()
        self.failure: BaseException | None = None
        self.on_failure: Callable[[], object] = lambda: None
        self._task = self.life.start(self._run())

    async def _run(self) -> None:
        try:
            await self.main()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - told at the end of the example
            if not self.life.over:
                self.failure = error
                self.on_failure()

    async def main(self) -> None:
        raise NotImplementedError

    def thaw(self) -> None:
        """It goes on where it stood; with its next heartbeat it learns that it has been replaced."""
        self.life.thaw()
        self.life.start(self._learn())

    async def _learn(self) -> None:
        await asyncio.sleep(1.5)
        await self.consumer.leave()

    def idle(self) -> bool:
        raise NotImplementedError


class SinkProcess(Process):
    """A sink on its target."""

    runner: SinkRunner

    def __init__(self, log: MemoryLog, sink: Any, entities: frozenset[str], patience: float = 30.0) -> None:
        self._log, self._sink = log, sink
        self._options = Options(flow="test", entities=entities, patience=patience)
        super().__init__()

    async def main(self) -> None:
        self.consumer = MemoryConsumer(self._log, "sink")
        self.runner = SinkRunner(
            self._sink,
            self._log,  # type: ignore[arg-type]  # it names topics, and no more is asked of it
            self.consumer,
            MemoryProducer(self._log),
            JsonDecoder(),
            xref_of(self._log),
            NoDemand(),
            Pauses(),
            self._options,
            _whole_record,
            clock=asyncio.get_running_loop().time,
        )
        self.runner._recalled = True  # there is no topic of alerts to read
        await self.runner.run(self.stop)

    def idle(self) -> bool:
        runner = self.runner
        return runner.ready and not (runner.under_way or runner._retries)


def _whole_record(item: Item, _handler: object, _lookup: object) -> Mapping[str, Any]:
    """The record without where and when it was seen: a mapping has neither."""
    return {name: value for name, value in item.record.items() if name != "source"}


class ExtractionProcess(Process):
    """Extraction of one source."""

    lanes: LaneConsumer

    def __init__(self, log: MemoryLog, source: Any) -> None:
        self._log, self._source = log, source
        super().__init__()

    async def main(self) -> None:
        producer: Any = MemoryProducer(self._log)
        settings: Any = self._log
        positions = Positions(settings, self._source.system, producer)
        clock = asyncio.get_running_loop().time
        extractor = Extractor(self._source, positions, producer, settings, "test", monotonic=clock)
        self.consumer = MemoryConsumer(self._log, "extract")

        async def assigned(_places: Any) -> None:
            await positions.load()

        self.lanes = LaneConsumer(
            self.consumer,
            [f"raw.{self._source.system}.notification"],
            lane_of=lambda record: record.key.decode(),
            handle=extractor.handle,
            lanes={"": 8},
            on_assigned=assigned,
        )
        await self.lanes.run(self.stop)

    def idle(self) -> bool:
        return self.lanes.ready.is_set() and self.lanes.under_way == 0
