"""What the effect protocol writes to the log; every write is acknowledged before it counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from penstock.connectors.contract import CustomerRequest, Link
from penstock.log import xref
from penstock.log.fates import Fate, FateState
from penstock.log.kafka import KafkaSettings
from penstock.sinks.model import CUSTOMER_REQUEST, Effect, Entry, Item, entry_key, plain, republish
from penstock.sinks.state import SinkState

Headers = Sequence[tuple[str, bytes]]


class LogJournal:
    """Writes of one target instance."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        settings: KafkaSettings,
        state: SinkState,
        store: xref.XrefStore,
        *,
        system: str,
        instance: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._producer = producer
        self._settings = settings
        self._state = state
        self._xref = store
        self._system = system
        self._instance = instance
        self._target = f"{system}:{instance}"
        self._clock = clock
        self._mine = [("owner", state.owner.encode())]

    def now(self) -> str:
        return self._clock().isoformat(timespec="milliseconds")

    async def effect(self, item: Item, effect: Effect) -> None:
        await self.write_effect(self._state.key(item), item.partition, effect)

    async def write_effect(self, key: str, partition: int, effect: Effect) -> None:
        await self._send(self._state.effect_topic, key.encode(), effect.to_bytes(), partition)
        self._state.put_effect(key, effect)

    async def fence(self, partition: int) -> int:
        """Writes the fence of a new owner and returns its offset, the epoch."""
        value = {"type": "fence", "owner": self._state.owner, "at": self.now()}
        key = f"fence:{self._instance}".encode()
        return await self._send(self._state.effect_topic, key, orjson.dumps(value), partition)

    async def links(self, links: list[Link]) -> None:
        at = self._clock()
        records = [
            record
            for link in links
            for record in xref.link_records(
                xref.Link(link.entity, link.canonical_id, self._system, self._instance, link.native_id, at)
            )
        ]
        await self._write_xref(records)

    async def refuse_customer(self, item: Item, reason: str) -> None:
        """Tells whoever waits for this customer that it will not come."""
        await self._write_xref(
            [
                xref.refusal_record(
                    item.record["customer_id"],
                    self._system,
                    self._instance,
                    str(item.record["cause"]),
                    reason,
                    self._clock(),
                )
            ]
        )

    async def _write_xref(self, records: list[xref.XrefRecord]) -> None:
        await asyncio.gather(*(self._send(self._settings.topic(r.topic), r.key, r.value) for r in records))
        self._xref.take(records)

    async def request_customer(self, item: Item, request: CustomerRequest) -> None:
        value = {
            "target": self._target,
            "flow": item.flow,
            "match_key": request.match_key,
            "customer_id": request.customer_id,
            "order_id": item.order_id,
            "event_id": item.event_id,
            "cause": item.cause,
            "document": item.document,
            "body": request.body,
        }
        topic = self._settings.topic(f"{CUSTOMER_REQUEST}.{self._system}")
        await self._send(topic, request.match_key.encode(), orjson.dumps(value, default=plain))

    async def fate(self, item: Item, state: str, reason: str, native_id: str | None = None) -> None:
        if item.entity == CUSTOMER_REQUEST:
            return  # not an event of a source; its outcome shows as the order's
        await self._fate(item.event_id, item.canonical_id, item.entity, state, reason, item.attempts, native_id)

    async def unreadable(self, event_id: str, entity: str, reason: str) -> None:
        """The fate of an event whose record cannot be read: nobody knows of which document it is."""
        await self._fate(event_id, "", entity, "parked", reason)

    async def _fate(
        self,
        event_id: str,
        canonical_id: str,
        entity: str,
        state: str,
        reason: str,
        attempts: int = 0,
        native_id: str | None = None,
    ) -> None:
        where = f"sinks/{self._target}"
        fate = Fate(
            event_id,
            canonical_id,
            self._target,
            FateState(state),
            reason,
            where,
            entity,
            self._clock(),
            attempts,
            native_id,
        )
        key, value = fate.encode()
        await self._send(self._settings.topic("fate"), key, value)

    async def hold(self, item: Item, rule: str, reason: str) -> None:
        await self._enter(self._state.hold_topic, item, rule, reason)

    async def park(self, item: Item, on: str, reason: str, next_try: str) -> None:
        """Moves a record that waits from memory to the log."""
        await self._enter(self._state.parked_topic, item, on, reason, next_try)
        await self.fate(item, "waiting", f"{on}: {reason}")

    async def _enter(self, topic: str, item: Item, on: str, reason: str, next_try: str | None = None) -> None:
        key = entry_key(item.flow, item.entity, item.canonical_id, item.event_id)
        data: dict[str, Any] = {
            "flow": item.flow,
            "stage": "sinks",
            "target": self._target,
            "entity": item.entity,
            "canonical_id": item.canonical_id,
            "order_id": item.order_id,
            "event_id": item.event_id,
            "document": item.document,
            "on": on,
            "reason": reason,
            "verdicts": [],
            "since": self.now(),
            "attempts": item.attempts,
            "next_try": next_try,
            "republish": republish(item.topic, item.key, item.value, _kept(item.headers)),
        }
        await self._send(topic, key.encode(), orjson.dumps(data), item.partition, self._mine)
        self._state.put_entry(Entry(topic, key, item.partition, data))

    async def settle_older(self, item: Item) -> None:
        for entry in self._state.older_entries(item):
            await self.supersede(entry)

    async def supersede(self, entry: Entry) -> None:
        data = entry.data
        reason = "a newer version of the document took its place"
        if data["entity"] != CUSTOMER_REQUEST:
            await self._fate(entry.event_id, data["canonical_id"], data["entity"], "superseded", reason)
        await self._close(entry)

    async def close_entries(self, item: Item) -> None:
        for entry in self._state.own_entries(item):
            await self._close(entry)

    async def _close(self, entry: Entry) -> None:
        await self._send(entry.topic, entry.key.encode(), None, entry.partition, self._mine)
        self._state.drop_entry(entry.topic, entry.key)

    async def alert(self, kind: str, priority: int, reason: str, seconds: float) -> None:
        value = {
            "at": self.now(),
            "kind": kind,
            "target": self._target,
            "priority": priority,
            "reason": reason,
            "seconds": round(seconds, 1),
        }
        await self._send(self._settings.topic("alert"), self._target.encode(), orjson.dumps(value))

    async def _send(
        self, topic: str, key: bytes, value: bytes | None, partition: int | None = None, headers: Headers = ()
    ) -> int:
        metadata = await self._producer.send_and_wait(topic, value, key=key, partition=partition, headers=list(headers))
        return int(metadata.offset)


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers that a record published again keeps; the marks of an operator's action are for one time."""
    return {name: value for name, value in headers.items() if name != "released"}
