"""One process that applies one record by the real effect protocol, journal and state, on a log of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from penstock.connectors.contract import Link, Sink
from penstock.log import xref
from penstock.log.fates import Fate, collapse
from penstock.log.headers import Position
from penstock.sinks.health import Health
from penstock.sinks.journal import LogJournal
from penstock.sinks.lookup import LogLookup, NoDemand
from penstock.sinks.model import Effect, Item
from penstock.sinks.progress import Finished
from penstock.sinks.protocol import EffectProtocol
from penstock.sinks.state import OwnershipError, SinkState
from tests.sim.life import Life
from tests.sim.log import MemoryLog, MemoryProducer
from tests.sim.process import xref_of

AT = datetime(2026, 2, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Write:
    """One record to apply. `key` names its document in the target, for the count."""

    entity: str
    key: str
    record: Mapping[str, Any]
    payload: Mapping[str, Any]
    links: tuple[Link, ...] = ()
    policies: Mapping[str, Any] = field(default_factory=dict)

    def item(self) -> Item:
        return Item(
            topic=f"canonical.{self.entity}",
            partition=0,
            offset=0,
            key=self.key.encode(),
            value=b"{}",
            headers={"raw": "raw.x-0-0", "ce_id": f"event-{self.key}"},
            entity=self.entity,
            record={**self.record, "cause": self.key},
            canonical_id=str(self.record.get("id") or self.key),
            event_id=f"event-{self.key}",
            position=Position("raw.x", 0, 0),
            flow="test",
            document=self.key,
        )


class View:
    """What the protocol asks of the state."""

    def __init__(self, state: SinkState, store: xref.XrefStore, sink: Sink) -> None:
        self._state, self._store, self._sink = state, store, sink
        self.epoch = state.epoch
        self.newer_entry = state.newer_entry

    def effect(self, item: Item) -> Effect | None:
        return self._state.effect(item)

    def lookup(self, item: Item) -> LogLookup:
        return LogLookup(self._store, NoDemand(), self._sink.system, self._sink.instance, item)


class Worker:
    """Takes the partition over (a fence, then the state) and applies the record until it has an ending."""

    def __init__(self, log: MemoryLog, sink: Sink, write: Write, freeze_at: int | None = None) -> None:
        self.life = Life(freeze_at)
        self.ending: Finished | None = None
        self.fenced = False
        self._log, self._sink, self._write = log, sink, write
        self.task = self.life.start(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        log: Any = self._log
        sink = self._sink
        state = SinkState(log, sink.system, sink.instance, loop.time)
        store = xref_of(log)
        for link in self._write.links:
            known = xref.Link(link.entity, link.canonical_id, sink.system, sink.instance, link.native_id, AT)
            store.take(xref.link_records(known))
        producer: Any = MemoryProducer(log)
        journal = LogJournal(producer, log, state, store, system=sink.system, instance=sink.instance, flow="test")
        await state.open({0: await journal.fence(0)})
        health = Health("target", journal.alert, loop.time)
        protocol = EffectProtocol(
            sink,
            View(state, store, sink),
            journal,
            health,
            payload_of=lambda *_: self._write.payload,
            policies_of=lambda _: self._write.policies,
            options={},
            shadow=False,
            now=journal.now,
            clock=loop.time,
        )
        item = self._write.item()
        try:
            while True:
                ending = await protocol.run(item)
                if isinstance(ending, Finished):
                    self.ending = ending
                    return
                await asyncio.sleep(ending.after)
        except OwnershipError:
            self.fenced = True  # the process ends


def fate_of(log: MemoryLog) -> Fate | None:
    """The one that holds."""
    found = collapse(Fate.decode(record.key, record.value or b"") for record in log.of("fate"))
    return next(iter(found.values()), None)
