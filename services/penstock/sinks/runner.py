"""The sink of one target instance: consumes what is routed to it and takes each record through the effect protocol."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from penstock.checkpoints import reach
from penstock.connectors.budget import backfill
from penstock.connectors.contract import Lookup, Sink
from penstock.connectors.http import describe
from penstock.log.kafka import KafkaSettings
from penstock.log.lanes import LaneConsumer, Record
from penstock.log.loader import LoaderError
from penstock.log.pauses import Pauses
from penstock.log.registry_client import RegistryError
from penstock.log.xref import XrefStore
from penstock.sinks.health import Health
from penstock.sinks.items import Decoder, Items
from penstock.sinks.journal import LogJournal
from penstock.sinks.letters import Letters
from penstock.sinks.lookup import Demand, LogLookup
from penstock.sinks.model import BEHIND, CUSTOMER_REQUEST, Effect, Entry, Item
from penstock.sinks.outage import open_outage
from penstock.sinks.progress import Finished, Waiting
from penstock.sinks.protocol import (
    PATIENCE,
    EffectProtocol,
    NotOursOf,
    PayloadOf,
    PoliciesOf,
    all_ours,
    no_policies,
)
from penstock.sinks.state import OwnershipError, SinkState, partitions_per_topic
from penstock.sinks.waiters import LONGEST_WAIT, Waiter, Waiters

log = structlog.get_logger()

TICK = 0.25
HOLD_TRIES = 4
DECIDED = frozenset({"applied", "unchanged", "rejected", "held"})
"""Endings of a version that make its older ones, dead letters too, a thing of the past."""
BULK = frozenset({"stock-level", "customer", "product", "price"})
"""Entities that come by the thousand; an order or its status must not queue behind them."""
LANES: Mapping[str, int] = {"live": 44, "bulk": 6}


@dataclass(frozen=True, slots=True)
class Options:
    """Of one sink process. target is `system:instance`; entities are the canonical entities that the target takes."""

    flow: str
    entities: frozenset[str]
    shadow: bool = False
    flow_options: Mapping[str, Any] | None = None
    lanes: Mapping[str, int] = field(default_factory=lambda: LANES)
    patience: float = PATIENCE


class _ProtocolState:
    """The protocol's view of what is known."""

    def __init__(self, state: SinkState, waiters: Waiters, lookup: Callable[[Item], Lookup]) -> None:
        self._state = state
        self._waiters = waiters
        self.lookup = lookup

    def effect(self, item: Item) -> Effect | None:
        return self._state.effect(item)

    def newer_entry(self, item: Item) -> bool:
        return self._state.newer_entry(item) or self._waiters.newer_than(item)

    def epoch(self, partition: int) -> int:
        return self._state.epoch(partition)


class SinkRunner:
    """Runs until told to stop. One instance per process and target instance."""

    def __init__(
        self,
        sink: Sink,
        settings: KafkaSettings,
        consumer: AIOKafkaConsumer,
        producer: AIOKafkaProducer,
        decoder: Decoder,
        store: XrefStore,
        demand: Demand,
        pauses: Pauses,
        options: Options,
        payload_of: PayloadOf,
        answered: Callable[[], int] | None = None,
        policies_of: PoliciesOf = no_policies,
        not_ours_of: NotOursOf = all_ours,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sink = sink
        self._settings = settings
        self._store = store
        self._demand = demand
        self._pauses = pauses
        self._options = options
        self._clock = clock
        self._system, self._instance = sink.system, sink.instance
        self.target = f"{sink.system}:{sink.instance}"
        self.state = SinkState(settings, sink.system, sink.instance, clock)
        self.journal = LogJournal(
            producer, settings, self.state, store, system=sink.system, instance=sink.instance, flow=options.flow
        )
        self.health = Health(self.target, self.journal.alert, clock)
        self._letters = Letters(settings, self.target)
        self._waiters = Waiters(clock)
        self._protocol = EffectProtocol(
            sink,
            _ProtocolState(self.state, self._waiters, self._lookup),
            self.journal,
            self.health,
            payload_of=payload_of,
            options=options.flow_options or {},
            shadow=options.shadow,
            now=self.journal.now,
            answered=answered,
            policies_of=policies_of,
            not_ours_of=not_ours_of,
            clock=clock,
        )
        prefix = settings.topic("")
        self._canonical = {f"{prefix}canonical.{entity}": entity for entity in options.entities}
        self._requests = f"{prefix}{CUSTOMER_REQUEST}.{sink.system}"
        self._items = Items(self.target, options.flow, self._canonical, self._requests, decoder)
        topics = [*self._canonical]
        if CUSTOMER_REQUEST in sink.handlers:
            topics.append(self._requests)
        self._lanes = LaneConsumer(
            consumer,
            topics,
            lane_of=self._lane_of,
            handle=self._handle,
            lanes=options.lanes,
            class_of=self._class_of,
            never_pause=[self._requests],
            on_assigned=self._on_assigned,
            on_revoked=self._on_revoked,
            tries=lambda: self._protocol.tries,
            clock=clock,
        )
        self._locks: dict[str, asyncio.Lock] = {}
        self._hold_tries = asyncio.Semaphore(HOLD_TRIES)
        self._retries: set[asyncio.Task[None]] = set()
        self._recalled = False
        self._failure: BaseException | None = None
        self.settled: dict[str, int] = {}

    @property
    def ready(self) -> bool:
        return self._lanes.ready.is_set()

    async def stuck(self) -> bool:
        """Is work possible and not done? A pause and an outage of the target are no fault of ours."""
        paused = self._pauses.any_of(self._options.flow, self.target) is not None
        return await self._lanes.stuck(exempt=paused or self.health.outage_seconds is not None)

    @property
    def under_way(self) -> int:
        return self._lanes.under_way

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    async def run(self, stop: asyncio.Event) -> None:
        ticker = asyncio.create_task(self._tick_forever(stop))
        try:
            await self._lanes.run(stop)
        finally:
            ticker.cancel()
            for task in self._retries:
                task.cancel()
            await asyncio.gather(ticker, *self._retries, return_exceptions=True)
            self.state.close()
            self._letters.close()
            if self._failure is not None:
                raise self._failure

    # --- assignment

    async def _on_assigned(self, assigned: set[TopicPartition]) -> None:
        per_topic = partitions_per_topic(assigned)
        sets = {frozenset(numbers) for numbers in per_topic.values()}
        if len(sets) > 1:
            raise RuntimeError(
                f"{self.target}: the topics of one sink must be assigned alike, got {dict(per_topic)}: "
                "are the partition counts equal (penstock topics diff)?"
            )
        partitions = next(iter(sets), frozenset())
        # the fence first: from its offset on, whatever an earlier owner still writes does not count
        epochs = {number: await self.journal.fence(number) for number in sorted(partitions)}
        reach("sinks.fenced")
        await self.state.open(epochs)
        reach("sinks.state-loaded")
        await self._letters.open()
        await self._recall_outage()
        for entry in self.state.waiting():
            self._adopt(entry)
        reach("sinks.waiting-adopted")
        log.info("partitions_taken", target=self.target, partitions=sorted(partitions), waiting=len(self._waiters))

    async def _recall_outage(self) -> None:
        """Once: an outage during which this process was killed would never be called off."""
        if self._recalled:
            return
        self._recalled = True
        found = await asyncio.to_thread(open_outage, self._settings, self.target)
        if found is not None:
            self.health.recall((datetime.now(UTC) - found.began).total_seconds(), found.alerts)
            log.info("outage_recalled", target=self.target, began=found.began.isoformat())

    async def _on_revoked(self) -> None:
        for task in self._retries:
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)
        self._retries.clear()
        self._waiters.clear()
        self._locks.clear()
        self.state.release()

    def _adopt(self, entry: Entry) -> None:
        """A record that an earlier life left waiting is tried again."""
        try:
            item = self._items.of_entry(entry)
        except RegistryError:
            raise
        except Exception as error:  # noqa: BLE001 - the flow takes its kind no more, or it is damaged: it stays for a person
            log.warning("entry_unreadable", topic=entry.topic, key=entry.key, error=describe(error))
            return
        if item is not None:
            self._waiters.adopt(item, entry)

    # --- records

    def _lane_of(self, record: Record | Item) -> str:
        return f"{record.topic if record.topic == self._requests else 'doc'}/{record.key!r}"

    def _class_of(self, record: Record) -> str:
        behind = self._canonical.get(record.topic) in BULK or any(name in BEHIND for name, _ in record.headers)
        return "bulk" if behind else "live"

    async def _handle(self, lane: str, records: list[Record]) -> None:
        for record in records:
            try:
                item = self._items.of_record(record)
            except RegistryError:
                raise  # it says nothing about the record: the process ends and reads it again
            except Exception as error:  # noqa: BLE001 - a record that breaks us must not stop its partition
                log.warning(
                    "dead_letter", stage="sinks", topic=record.topic, offset=record.offset, error=describe(error)
                )
                await self.journal.unreadable(record, self._canonical.get(record.topic, ""), error)
                item = None
            if item is None:
                record.done()
                continue
            await self._process(lane, item, record)

    async def _process(self, lane: str, item: Item, record: Record | None, retried: Waiter | None = None) -> None:
        lock = self._locks.setdefault(lane, asyncio.Lock())
        async with lock:
            waiter = self._waiters.of(item)
            if retried is not None:
                if waiter is not retried:
                    return  # while it stood in line its document was settled, or came again with a record of its own
                record = retried.record
            elif waiter is not None and waiter.item.event_id != item.event_id and not self._waiters.newer_than(item):
                await self._replace(waiter)
            if item.entity == CUSTOMER_REQUEST:
                reach("sinks.customer-taken")
            else:
                reach("sinks.taken")
            await self._pauses.wait_open(item.flow, self.target)
            paused = self._pauses.reason("entity", item.entity)
            if paused:
                ending: Finished | Waiting = Waiting("paused", paused, 2.0)
            else:
                # whom nobody waits for gives way: what comes by the thousand, and another look at a hold
                with backfill(item.entity in BULK or item.behind or (retried is not None and retried.held)):
                    ending = await self._run(item)
            if isinstance(ending, Finished) and ending.state in DECIDED:
                await self.journal.supersede_letters(item, self._letters.take_older(item))
        if not lock._waiters:  # noqa: SLF001 - drop locks that nobody holds or awaits, documents are many
            self._locks.pop(lane, None)
        if isinstance(ending, Finished):
            reach("sinks.ended")
            self._settle(item, record, ending)
        else:
            self._waiters.wait(item, record, ending)

    async def _run(self, item: Item) -> Finished | Waiting:
        try:
            return await self._protocol.run(item)
        except (asyncio.CancelledError, OwnershipError, KafkaError, LoaderError):
            raise  # the log's trouble says nothing about the record: the process ends, and joins its group anew
        except Exception as error:
            log.exception("handler_failed", entity=item.entity, document=item.document)
            self._letters.writes(item)
            await self.journal.dead_letter(item, error)
            return Finished("parked")

    def _settle(self, item: Item, record: Record | None, ending: Finished) -> None:
        if ending.clears_on is None:
            self._waiters.let_go(item, record)
        else:
            self._waiters.hold(item, record, ending)
        self.settled[ending.state] = self.settled.get(ending.state, 0) + 1
        if record is not None:
            record.done()
        if ending.state in DECIDED:
            self._waiters.wake(item, held=ending.state == "held")

    # --- waiting

    async def _replace(self, waiter: Waiter) -> None:
        """A newer version of a waiting document is here: the older one is done with."""
        self._waiters.let_go(waiter.item, None)
        if not waiter.entry:
            await self.journal.fate(waiter.item, "superseded", "a newer version of the document took its place")

    async def _tick_forever(self, stop: asyncio.Event) -> None:
        try:
            while not stop.is_set():
                await asyncio.sleep(TICK)
                if self.ready:
                    await self._tick()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("sink_tick_failed", target=self.target)
            self._failure = error
            stop.set()

    async def _tick(self) -> None:
        self.state.check()
        self._letters.loader.caught_up()
        self._waiters.wake_skus(self._demand.take_changed())
        for waiter in self._waiters:
            waits = not waiter.held and waiter.entry != "parked"
            if waits and self._clock() - waiter.since > self._options.patience:
                await self._park(waiter)
        for waiter in self._waiters.due():
            waiter.trying = True
            self._spawn(self._retry(waiter))
        await self.health.watch()
        for entry in self.state.superseded_holds():
            await self.journal.supersede(entry)
        for key, partition in self.state.take_overwritten():
            await self.journal.write_again(key, partition)

    async def _park(self, waiter: Waiter) -> None:
        lock = self._locks.setdefault(self._lane_of(waiter.item), asyncio.Lock())
        if lock.locked():
            return  # it is being tried right now, and may not need to be parked: the next tick looks again
        async with lock:
            await self.journal.park(waiter.item, waiter.on, waiter.reason, waiter.due - self._clock())
            reach("sinks.parked")
            waiter.entry = "parked"
            if waiter.record is not None:
                waiter.record.done()
                waiter.record = None
        log.info("parked", entity=waiter.item.entity, document=waiter.item.document, on=waiter.on, reason=waiter.reason)

    async def _retry(self, waiter: Waiter) -> None:
        try:
            if waiter.held:
                # a thousand holds that clear on the same delivery must not queue up before everything else
                async with self._hold_tries:
                    await self._try_again(waiter)
            else:
                await self._try_again(waiter)
        finally:
            waiter.trying = False

    async def _try_again(self, waiter: Waiter) -> None:
        if waiter not in self._waiters:
            return
        if waiter.entry and not self.state.own_entries(waiter.item) and not self.state.is_open(waiter.item):
            self._waiters.let_go(waiter.item, None)  # an operator has closed it
            return
        if waiter.held and self._pauses.reason("entity", waiter.item.entity):
            waiter.due = self._clock() + LONGEST_WAIT
            return
        reach("sinks.waiter-retried")
        await self._process(self._lane_of(waiter.item), waiter.item, None, retried=waiter)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._retries.add(task)
        task.add_done_callback(self._retried)

    def _retried(self, task: asyncio.Task[None]) -> None:
        self._retries.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
            log.error("retry_failed", target=self.target, error=str(task.exception()))

    def _lookup(self, item: Item) -> LogLookup:
        return LogLookup(self._store, self._demand, self._system, self._instance, item)
