"""The sink of one target instance: consumes what is routed to it and takes each record through the effect protocol."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from penstock.connectors.contract import Handler, Lookup, Sink
from penstock.connectors.http import describe
from penstock.log.dlq import dead_letter
from penstock.log.headers import Headers, Position, texts
from penstock.log.kafka import KafkaSettings
from penstock.log.lanes import LaneConsumer, Record
from penstock.log.pauses import Pauses
from penstock.log.registry_client import RegistryError
from penstock.log.xref import XrefStore
from penstock.sinks.health import Health
from penstock.sinks.journal import LogJournal
from penstock.sinks.lookup import Demand, LogLookup
from penstock.sinks.model import CUSTOMER_REQUEST, Effect, Entry, Item
from penstock.sinks.protocol import PATIENCE, EffectProtocol, Finished, Waiting
from penstock.sinks.state import SinkState, partitions_per_topic

log = structlog.get_logger()

TICK = 0.25
LONGEST_RETRY = 60.0
BULK = frozenset({"stock-level", "customer", "product", "price"})
"""Entities that come by the thousand; an order or its status must not queue behind them."""


class Decoder(Protocol):
    """Avro to record, by schema id."""

    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]: ...


@dataclass(slots=True, eq=False)
class Waiter:
    """A record that waits: in memory until it is parked, then on the log."""

    item: Item
    record: Record | None
    on: str
    reason: str
    since: float
    due: float
    tries: int = 1
    parked: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """Of one sink process. target is `system:instance`; entities are the canonical entities that the target takes."""

    flow: str
    entities: frozenset[str]
    shadow: bool = False
    flow_options: Mapping[str, Any] | None = None
    lanes: Mapping[str, int] = field(default_factory=lambda: {"live": 44, "bulk": 6})
    patience: float = PATIENCE


class _ProtocolState:
    """The protocol's view of the state."""

    def __init__(self, state: SinkState, lookup: Callable[[Item], Lookup]) -> None:
        self._state = state
        self.lookup = lookup

    def effect(self, item: Item) -> Effect | None:
        return self._state.effect(item)

    def newer_entry(self, item: Item) -> bool:
        return self._state.newer_entry(item)

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
        payload_of: Callable[[Item, Handler, Lookup], Mapping[str, Any]],
        answered: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sink = sink
        self._settings = settings
        self._producer = producer
        self._decoder = decoder
        self._store = store
        self._demand = demand
        self._pauses = pauses
        self._options = options
        self._clock = clock
        self._system, self._instance = sink.system, sink.instance
        self.target = f"{sink.system}:{sink.instance}"
        self.state = SinkState(settings, sink.system, sink.instance, clock)
        self.journal = LogJournal(producer, settings, self.state, store, system=sink.system, instance=sink.instance)
        self.health = Health(self.target, self.journal.alert, clock)
        self._protocol = EffectProtocol(
            sink,
            _ProtocolState(self.state, self._lookup),
            self.journal,
            self.health,
            payload_of=payload_of,
            options=options.flow_options or {},
            shadow=options.shadow,
            now=self.journal.now,
            answered=answered,
            clock=clock,
        )
        prefix = settings.topic("")
        self._canonical = {f"{prefix}canonical.{entity}": entity for entity in options.entities}
        self._requests = f"{prefix}{CUSTOMER_REQUEST}.{sink.system}"
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
        )
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiters: dict[str, Waiter] = {}
        self._retries: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self.settled: dict[str, int] = {}

    @property
    def ready(self) -> bool:
        return self._lanes.ready.is_set()

    @property
    def live(self) -> bool:
        """False when work is possible and not done; a pause and an outage of the target are no fault of ours."""
        exempt = self.health.outage_seconds is not None or self._pauses.any_of(self._options.flow, self.target)
        return bool(exempt) or not self._lanes.stuck()

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
        await self.state.open(epochs)
        for entry in self.state.waiting():
            self._adopt(entry)
        log.info("partitions_taken", target=self.target, partitions=sorted(partitions), waiting=len(self._waiters))

    async def _on_revoked(self) -> None:
        for task in self._retries:
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)
        self._retries.clear()
        self._waiters.clear()
        self._locks.clear()
        self.state.release()

    def _adopt(self, entry: Entry) -> None:
        """A parked record of an earlier life is tried again soon."""
        try:
            topic, key, value, headers = entry.item_parts()
            item = self._item(topic, entry.partition, None, key, value, headers)
        except RegistryError:
            raise
        except Exception as error:  # noqa: BLE001 - the flow takes its kind no more, or it is damaged: it stays for a person
            log.warning("entry_unreadable", topic=entry.topic, key=entry.key, error=describe(error))
            return
        if item is None:
            return
        item.entry = entry.key
        now = self._clock()
        waiter = Waiter(item, None, entry.data["on"], entry.data["reason"], now, now + 1.0, parked=True)
        self._waiters[self._waiter_key(item)] = waiter

    # --- records

    def _lane_of(self, record: Record | Item) -> str:
        return f"{record.topic if record.topic == self._requests else 'doc'}/{record.key!r}"

    def _class_of(self, record: Record) -> str:
        return "bulk" if self._canonical.get(record.topic) in BULK else "live"

    async def _handle(self, lane: str, records: list[Record]) -> None:
        for record in records:
            try:
                item = self._item_of(record)
            except RegistryError:
                raise  # it says nothing about the record: the process ends and reads it again
            except Exception as error:  # noqa: BLE001 - a record that breaks us must not stop its partition
                await self._unreadable(record, error)
                item = None
            if item is None:
                record.done()
                continue
            await self._process(lane, item, record)

    async def _unreadable(self, record: Record, error: Exception) -> None:
        """A dead letter of what is no record of ours, and a fate where it says which event it belongs to."""
        log.warning("dead_letter", stage="sinks", topic=record.topic, offset=record.offset, error=type(error).__name__)
        key, value, headers = dead_letter(record, "sinks", error)
        await self._producer.send_and_wait(self._settings.topic("dlq.sinks"), value, key=key, headers=headers)
        if event_id := texts(record.headers).get("ce_id"):
            await self.journal.unreadable(event_id, self._canonical.get(record.topic, ""), f"dlq.sinks: {error}")

    def _item_of(self, record: Record) -> Item | None:
        headers = texts(record.headers)
        if record.topic != self._requests and self.target not in headers.get("targets", "").split(","):
            return None
        return self._item(record.topic, record.partition, record.offset, record.key, record.value, headers)

    def _item(
        self, topic: str, partition: int, offset: int | None, key: bytes, value: bytes, headers: Mapping[str, str]
    ) -> Item | None:
        if topic == self._requests:
            return self._request_item(topic, partition, offset, key, value, headers)
        said = Headers.decode((name, text.encode()) for name, text in headers.items())
        _, record = self._decoder.decode(value)
        entity = self._canonical[topic]
        order_id = record["id"] if entity == "order" else record.get("order_id")
        return Item(
            topic=topic,
            partition=partition,
            offset=offset,
            key=key,
            value=value,
            headers=headers,
            entity=entity,
            record=record,
            canonical_id=record["id"],
            event_id=said.ce_id,
            position=said.raw or Position(topic, partition, offset or 0),
            flow=said.flow or self._options.flow,
            order_id=order_id,
            document=record.get("reference") or record.get("order_reference") or record["source"]["native_id"],
        )

    def _request_item(
        self, topic: str, partition: int, offset: int | None, key: bytes, value: bytes, headers: Mapping[str, str]
    ) -> Item | None:
        request = orjson.loads(value)
        if request["target"] != self.target:
            return None
        body = {**request["body"], "customer_id": request["customer_id"], "cause": request["cause"]}
        return Item(
            topic=topic,
            partition=partition,
            offset=offset,
            key=key,
            value=value,
            headers=headers,
            entity=CUSTOMER_REQUEST,
            record=body,
            canonical_id=request["match_key"],
            event_id=f"{request['cause']}>{request['customer_id']}",
            position=Position(topic, partition, offset or 0),
            flow=request["flow"],
            order_id=request["order_id"],
            document=request["document"],
        )

    async def _process(self, lane: str, item: Item, record: Record | None, retried: Waiter | None = None) -> None:
        lock = self._locks.setdefault(lane, asyncio.Lock())
        async with lock:
            key = self._waiter_key(item)
            waiter = self._waiters.get(key)
            if retried is not None:
                if waiter is not retried:
                    return  # while it stood in line its document was settled, or came again with a record of its own
                record = retried.record
            if waiter is not None and record is not None and waiter.item.event_id != item.event_id:
                await self._replace(waiter)
            await self._pauses.wait_open(item.flow, self.target)
            paused = self._pauses.reason("entity", item.entity)
            ending = Waiting("paused", paused, 2.0) if paused else await self._run(item)
        if not lock._waiters:  # noqa: SLF001 - drop locks that nobody holds or awaits, documents are many
            self._locks.pop(lane, None)
        if isinstance(ending, Finished):
            self._settle(item, record, ending)
        else:
            self._wait(item, record, ending)

    async def _run(self, item: Item) -> Finished | Waiting:
        try:
            return await self._protocol.run(item)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("handler_failed", entity=item.entity, document=item.document)
            text = f"{type(error).__name__} in the connector {self._system}: {error}"
            await self._dead_letter(item, error, text)
            return Finished("parked")

    async def _dead_letter(self, item: Item, error: Exception, text: str) -> None:
        failed = Record(
            item.topic,
            item.partition,
            -1 if item.offset is None else item.offset,
            item.key,
            item.value,
            [(name, value.encode()) for name, value in item.headers.items()],
            0,
            self._lanes.watermark,
        )
        key, value, headers = dead_letter(failed, "sinks", error)
        await self._producer.send_and_wait(self._settings.topic("dlq.sinks"), value, key=key, headers=headers)
        await self.journal.fate(item, "parked", f"dlq.sinks: {text}")

    def _settle(self, item: Item, record: Record | None, ending: Finished) -> None:
        self._let_go(item, record)
        self.settled[ending.state] = self.settled.get(ending.state, 0) + 1
        if record is not None:
            record.done()
        if ending.state in {"applied", "unchanged", "rejected", "held"}:
            self._wake(item)

    # --- waiting

    def _waiter_key(self, item: Item) -> str:
        if item.entity == CUSTOMER_REQUEST:
            return f"{item.entity}/{item.canonical_id}/{item.event_id}"
        return f"{item.entity}/{item.canonical_id}"

    async def _replace(self, waiter: Waiter) -> None:
        """A newer version of a waiting document is here: the older one is done with."""
        self._waiters.pop(self._waiter_key(waiter.item), None)
        if not waiter.parked:
            await self.journal.fate(waiter.item, "superseded", "a newer version of the document took its place")
        if waiter.record is not None:
            waiter.record.done()

    def _wait(self, item: Item, record: Record | None, ending: Waiting) -> None:
        now = self._clock()
        key = self._waiter_key(item)
        known = self._waiters.get(key)
        if known is not None and known.item is item:
            known.tries += 1
            known.on, known.reason = ending.on, ending.reason
            known.due = now + min(ending.after * 1.5 ** min(known.tries, 12), LONGEST_RETRY)
            return
        self._let_go(item, record)
        self._waiters[key] = Waiter(item, record, ending.on, ending.reason, now, now + ending.after)

    def _let_go(self, item: Item, record: Record | None) -> None:
        """Takes the waiter of this document away; one event may be on the log twice, each with an offset to commit."""
        known = self._waiters.pop(self._waiter_key(item), None)
        if known is not None and known.record is not None and known.record is not record:
            known.record.done()

    def _wake(self, item: Item) -> None:
        """What was just settled may be what others wait for: those of its order and customer first."""
        now = self._clock()
        for waiter in self._waiters.values():
            same_order = item.order_id is not None and waiter.item.order_id == item.order_id
            if same_order or (item.entity == CUSTOMER_REQUEST and waiter.on == "customer"):
                waiter.due = min(waiter.due, now)

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
        now = self._clock()
        changed = self._demand.take_changed()
        for waiter in list(self._waiters.values()):
            if changed and waiter.item.record.get("sku") in changed:
                waiter.due = min(waiter.due, now)
            if not waiter.parked and now - waiter.since > self._options.patience:
                await self._park(waiter)
            if waiter.due <= now:
                waiter.due = now + LONGEST_RETRY
                self._spawn(self._retry(waiter))
        for entry in self.state.superseded_holds():
            await self.journal.supersede(entry)
        for key, partition, effect in self.state.take_overwritten():
            await self.journal.write_effect(key, partition, effect)

    async def _park(self, waiter: Waiter) -> None:
        lock = self._locks.setdefault(self._lane_of(waiter.item), asyncio.Lock())
        if lock.locked():
            return  # it is being tried right now, and may not need to be parked: the next tick looks again
        next_try = (datetime.now(UTC) + timedelta(seconds=max(0.0, waiter.due - self._clock()))).isoformat()
        async with lock:
            await self.journal.park(waiter.item, waiter.on, waiter.reason, next_try)
            waiter.parked = True
            if waiter.record is not None:
                waiter.record.done()
                waiter.record = None
        log.info("parked", entity=waiter.item.entity, document=waiter.item.document, on=waiter.on, reason=waiter.reason)

    async def _retry(self, waiter: Waiter) -> None:
        item = waiter.item
        if self._waiters.get(self._waiter_key(item)) is not waiter:
            return
        if waiter.parked and not self.state.own_entries(item):
            # an operator has closed it
            self._waiters.pop(self._waiter_key(item), None)
            return
        await self._process(self._lane_of(item), item, None, retried=waiter)

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
