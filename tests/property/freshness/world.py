"""The whole way in one process: source, extraction, processors, sink, target; and what can happen to each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import orjson

from penstock.cli import letters as dead_letters
from penstock.cli import waiting
from penstock.log.fates import Fate, FateState, collapse
from penstock.sinks.state import OwnershipError
from tests.property.freshness.source import Processors, Ref, Source
from tests.property.freshness.target import Target, TargetSink
from tests.sim.clock import VirtualLoop, settled
from tests.sim.life import task_factory
from tests.sim.log import MemoryLog, Written
from tests.sim.process import ExtractionProcess, Process, SinkProcess

ENTITIES = frozenset({"order", "order-status", "shipment", "payment", "invoice", "refund", "stock-level"})
SESSION = 9.0
"""Seconds from the freezing of a process to its replacement."""
HOLIDAY = 1200.0
"""Virtual seconds in which everything has to come to rest."""


class World:
    """Virtual time runs in `run` and `finish` only."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.loop.set_task_factory(task_factory)
        self.errors: list[object] = []
        self.loop.set_exception_handler(lambda _, about: self.errors.append(about))
        self.loop.run(self._open())

    async def _open(self) -> None:
        self.log = MemoryLog()
        self.source = Source(self.log)
        self.processors = Processors(self.log)
        self.target = Target()
        self.lives: list[Process] = []
        self.frozen: list[Process] = []
        self.replaced: set[Process] = set()
        self.redriven: set[str] = set()
        self.sink = self._start(self._new_sink())
        self.extraction = self._start(ExtractionProcess(self.log, self.source))

    def _start(self, process: Any) -> Any:
        """The supervisor starts again what has ended because it lost its partitions."""
        which = "sink" if isinstance(process, SinkProcess) else "extraction"
        process.on_failure = lambda: self.loop.call_later(1.0, self._start_again, which, process)
        self.lives.append(process)
        return process

    def _start_again(self, which: str, process: Process) -> None:
        if process is self._now(which):
            self._replace(which)

    def _new_sink(self) -> SinkProcess:
        return SinkProcess(self.log, TargetSink(self.target), ENTITIES, patience=10.0)

    def run(self, seconds: float) -> None:
        self.loop.run(asyncio.sleep(seconds))

    def do(self, work: Any) -> None:
        """Something that needs a running loop, in no time."""

        async def now() -> None:
            work()

        self.loop.run(now())

    # --- what happens to processes

    def crash(self, which: str) -> None:
        """Killed, and started again at once."""
        process = self._now(which)
        process.life.freeze()
        self.frozen = [each for each in self.frozen if each is not process]
        self._replace(which)

    def freeze(self, which: str) -> None:
        """Frozen; should it last, another takes its place."""
        process = self._now(which)
        process.life.freeze()
        self.frozen.append(process)
        self.loop.call_later(SESSION, self._time_out, which, process)

    def _time_out(self, which: str, process: Process) -> None:
        if process.life.frozen and self._now(which) is process:
            self._replace(which)

    def thaw(self) -> None:
        if self.frozen:
            process = self.frozen.pop(0)
            if process in self.replaced:
                process.thaw()
            else:
                process.life.thaw()

    def _replace(self, which: str) -> None:
        self.replaced.add(self._now(which))
        if which == "sink":
            self.sink = self._start(self._new_sink())
        else:
            self.extraction = self._start(ExtractionProcess(self.log, self.source))

    def _now(self, which: str) -> Process:
        return self.sink if which == "sink" else self.extraction

    # --- what a person does

    def letters(self) -> list[Written]:
        """Dead letters that nobody has tried again."""
        every = (record for stage in ("ingress", "processors", "sinks") for record in self.log.of(f"dlq.{stage}"))
        return [record for record in every if dead_letters.name_of(record) not in self.redriven]  # type: ignore[arg-type]

    def redrive(self) -> None:
        """Every dead letter once, whatever has become of its document since."""
        for letter in self.letters():
            self.redriven.add(dead_letters.name_of(letter))  # type: ignore[arg-type]
            self._publish(dead_letters.again(letter))  # type: ignore[arg-type]

    def holds(self) -> dict[str, Written]:
        return self._open_entries("hold")

    def _open_entries(self, topic: str) -> dict[str, Written]:
        out: dict[str, Written] = {}
        for record in self.log.of(topic):
            out.pop(record.key.decode(), None)
            if record.value is not None:
                out[record.key.decode()] = record
        return out

    def retry_holds(self) -> None:
        for key, record in self.holds().items():
            entry = waiting.Entry(record.topic, record.partition, key, orjson.loads(record.value or b""))
            self._publish(waiting.again(entry))

    def _publish(self, outgoing: Any) -> None:
        headers = [(name, text.encode() if isinstance(text, str) else text) for name, text in outgoing.headers.items()]
        self.log.append(outgoing.topic, outgoing.key, outgoing.value, headers)

    def poll(self, refs: Iterable[Ref] | None = None) -> None:
        """What webhooks have not told, a poll finds."""
        for ref in list(self.source.documents if refs is None else refs):
            self.source.notify(ref)

    # --- the end

    def finish(self) -> None:
        """Everything is healed, and everybody comes to rest."""
        self.target.faults.clear()
        self.target.outages.clear()
        self.target.blocked.clear()
        self.processors.poison.clear()
        while self.frozen:
            self.do(self.thaw)
        self.run(SESSION + 3)
        self.do(self.poll)
        deadline = self.loop.time() + HOLIDAY
        while True:
            self.run(2.0)
            assert not self.errors, self.errors
            failed = [each.failure for each in self.lives if each.failure]
            assert all(isinstance(each, OwnershipError) for each in failed), failed
            if self._rests():
                if self.letters() or self.holds():
                    self.do(self.redrive)
                    self.do(self.retry_holds)
                elif self.sink.runner.waiting == 0:
                    return
            assert self.loop.time() < deadline, f"no rest within {HOLIDAY:.0f} s: {self.why_not()}"

    def _rests(self) -> bool:
        consumers = (self.sink.consumer, self.extraction.consumer)
        return (
            self.processors.idle
            and self.sink.idle()
            and self.extraction.idle()
            and not any(consumer.left_behind() for consumer in consumers)
        )

    def why_not(self) -> dict[str, Any]:
        runner = self.sink.runner
        return {
            "lag": [self.sink.consumer.left_behind(), self.extraction.consumer.left_behind()],
            "under way": runner.under_way,
            "waiting": [(each.item.document, each.on, each.reason) for each in runner._waiters],
            "letters": [(each.topic, each.key, dict(each.headers).get("dlq-error")) for each in self.letters()],
            "holds": list(self.holds()),
        }

    def fates(self) -> dict[str, Fate]:
        """Key -> the fate that holds, in the order of their writing."""
        return collapse(Fate.decode(record.key, record.value or b"") for record in self.log.of("fate"))

    def open_fates(self) -> list[str]:
        return [key for key, fate in self.fates().items() if not fate.state.final]

    def applied(self) -> list[Fate]:
        return [fate for fate in self.fates().values() if fate.state is FateState.APPLIED]

    def close(self) -> None:
        async def end() -> None:
            await settled(*(each.life.end() for each in self.lives))

        self.loop.run(end())
        self.loop.close()
