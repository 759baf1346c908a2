"""What the effect protocol writes to the log; every write is acknowledged before it counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from penstock.checkpoints import reach
from penstock.connectors.contract import CustomerRequest, Hold, Link, Notice
from penstock.log import alerts, xref
from penstock.log.dlq import dead_letter
from penstock.log.fates import Fate, FateState
from penstock.log.headers import texts
from penstock.log.kafka import KafkaSettings
from penstock.log.lanes import Record
from penstock.sinks.letters import RECORD, TARGET
from penstock.sinks.model import (
    BEHIND,
    CUSTOMER_REQUEST,
    Effect,
    Entry,
    Item,
    clears_by,
    entry_key,
    republish,
    request_bytes,
)
from penstock.sinks.state import SinkState

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Failed:
    """A record that becomes a dead letter."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Headers


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
        flow: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._producer = producer
        self._settings = settings
        self._state = state
        self._xref = store
        self._system = system
        self._instance = instance
        self._target = f"{system}:{instance}"
        self._flow = flow
        self._clock = clock

    @property
    def _mine(self) -> Headers:
        return [("owner", self._state.owner.encode())]

    def now(self) -> str:
        return self._clock().isoformat(timespec="milliseconds")

    async def effect(self, item: Item, effect: Effect) -> None:
        await self.write_effect(self._state.key(item), item.partition, effect)

    async def intent(self, item: Item, effect: Effect) -> None:
        """An effect that is not only written but read again: nobody has taken the partition over before it."""
        offset = await self.write_effect(self._state.key(item), item.partition, effect)
        await self._state.confirm(item.partition, offset)

    async def write_effect(self, key: str, partition: int, effect: Effect) -> int:
        offset = await self._send(self._state.effect_topic, key.encode(), effect.to_bytes(), partition)
        self._state.put_effect(key, effect)
        return offset

    async def write_again(self, key: str, partition: int) -> None:
        """Our record of a key once more, behind that of an earlier owner; and a newer one that a lane writes meanwhile.

        Under our own epoch: loaders pass over one that is older than the fence, and it would be written for ever.
        """
        while (known := self._state.effect_of(key)) is not None:
            ours = replace(known, epoch=self._state.epoch(partition))
            await self._send(self._state.effect_topic, key.encode(), ours.to_bytes(), partition)
            if self._state.effect_of(key) is known:
                self._state.put_effect(key, ours)
                return

    async def fence(self, partition: int) -> int:
        """Writes the fence of a new owner and returns its offset, the epoch."""
        value = {"type": "fence", "owner": self._state.owner, "at": self.now()}
        key = f"fence:{self._instance}".encode()
        return await self._send(self._state.effect_topic, key, orjson.dumps(value), partition)

    async def links(self, item: Item, links: list[Link]) -> None:
        """What is linked in the target is linked in its source too: what comes back must find where it came from."""
        at = self._clock()
        made = [
            xref.Link(link.entity, link.canonical_id, self._system, self._instance, link.native_id, at)
            for link in links
        ]
        made += [xref.Link(link.entity, link.canonical_id, *own, at) for link in links if (own := item.source_of(link))]
        await self._write_xref([record for link in dict.fromkeys(made) for record in xref.link_records(link)])

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
        topic = self._settings.topic(f"{CUSTOMER_REQUEST}.{self._system}")
        key, value = request.match_key.encode(), request_bytes(item, self._target, request)
        behind = [(name, text.encode()) for name, text in item.headers.items() if name in BEHIND]
        await self._send(topic, key, value, headers=behind)
        reach("sinks.customer-requested")

    async def fate(self, item: Item, state: str, reason: str, native_id: str | None = None) -> None:
        if item.entity == CUSTOMER_REQUEST:
            return  # not an event of a source; its outcome shows as the order's
        await self._fate(item.event_id, item.canonical_id, item.entity, state, reason, item.attempts, native_id)

    async def dead_letter(self, item: Item, error: Exception) -> None:
        """The item's bytes, and what is known of why, for a person; whatever else was open of its event is closed."""
        headers = [(name, value.encode()) for name, value in item.headers.items()]
        failed = Failed(
            item.topic, item.partition, -1 if item.offset is None else item.offset, item.key, item.value, headers
        )
        key, value, said = dead_letter(failed, "sinks", error)
        said += [(TARGET, self._target.encode()), (RECORD, item.canonical_id.encode())]
        await self._send(self._settings.topic("dlq.sinks"), key, value, headers=said)
        text = f"{type(error).__name__} in the connector {self._system}"
        await self.fate(item, "parked", f"dlq.sinks: {text}: {error}")
        # an alert leaves the house: the error's own words may hold what the document holds
        await self.tell(item, Notice("dead-letter", text), type(error).__name__)
        await self.close_entries(item)

    async def unreadable(self, record: Record, entity: str, error: Exception) -> None:
        """A dead letter of what is no record of ours, and a fate where it says which event it belongs to."""
        key, value, headers = dead_letter(record, "sinks", error)
        await self._send(self._settings.topic("dlq.sinks"), key, value, headers=headers)
        reach("sinks.letter-written")
        if event_id := texts(record.headers).get("ce_id"):
            await self._fate(event_id, "", entity, "parked", f"dlq.sinks: {error}")
        text = f"{type(error).__name__}: a record that cannot be read"
        await self._tell("dead-letter", text, self._flow, "", entity, type(error).__name__)

    async def supersede_letters(self, item: Item, event_ids: Sequence[str]) -> None:
        """Fates of dead letters of the document's older versions: nobody needs them any more."""
        for event_id in event_ids:
            reason = "a newer version of the document took the place of the dead letter"
            await self._fate(event_id, item.canonical_id, item.entity, "superseded", reason)

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

    async def hold(self, item: Item, held: Hold) -> str:
        """Enters a hold: `new`, or `changed` when it was held with another sum or reason.

        Nothing is written when the entry says all this already (`same`), or when a person has closed it while the
        record was tried once more (`closed`).
        """
        said = {
            "rule": held.rule,
            "arithmetic": [[label, amount] for label, amount in held.arithmetic],
            "clears_on": held.clears_on,
            "clears_by": clears_by(held.rule, held.clears_on),
        }
        data = self._entry(item, held.rule, held.reason) | said
        own = self._state.own_entries(item)
        if item.entered and not own:
            return "closed"
        known = [entry.data for entry in own if entry.topic == self._state.hold_topic]
        if any(_content(one) == _content(data) for one in known):
            return "same"
        if held.clears_on is not None:
            data["next_try"] = self._in(held.after)
        await self._enter(self._state.hold_topic, item, data)
        return "changed" if any(one.get("rule") == held.rule for one in known) else "new"

    async def park(self, item: Item, on: str, reason: str, seconds: float) -> None:
        """Moves a record that waits from memory to the log; it is tried again in `seconds`."""
        data = self._entry(item, on, reason)
        await self._enter(self._state.parked_topic, item, data | {"next_try": self._in(seconds)})
        reach("sinks.park-entered")
        await self.fate(item, "waiting", f"{on}: {reason}")
        await self.tell(item, Notice("parked", reason), on)

    def _in(self, seconds: float) -> str:
        return (self._clock() + timedelta(seconds=max(0.0, seconds))).isoformat(timespec="milliseconds")

    def _entry(self, item: Item, on: str, reason: str) -> dict[str, Any]:
        return {
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
            "attempts": item.attempts,
            "next_try": None,
            "republish": republish(item.topic, item.key, item.value, item.headers),
        }

    async def _enter(self, topic: str, item: Item, data: dict[str, Any]) -> None:
        """One open entry of an event: what was known of it under another name or on the other topic is closed."""
        own = self._state.own_entries(item)
        since = min([self.now(), *(str(entry.data["since"]) for entry in own)])
        key = entry_key(item.flow, item.entity, item.canonical_id, item.event_id, self._target)
        entry = Entry(topic, key, item.partition, data | {"since": since})
        await self._send(topic, key.encode(), orjson.dumps(entry.data), item.partition, self._mine)
        self._state.put_entry(entry)
        item.entered = True
        for old in own:
            if (old.topic, old.key) != (topic, key):
                await self._close(old)

    async def settle_older(self, item: Item) -> None:
        for entry in self._state.older_entries(item):
            await self.supersede(entry)

    async def supersede(self, entry: Entry) -> None:
        data = entry.data
        reason = "a newer version of the document took its place"
        if data["entity"] != CUSTOMER_REQUEST:
            await self._fate(entry.event_id, data["canonical_id"], data["entity"], "superseded", reason)
        reach("sinks.older-fated")
        await self._close(entry)

    async def close_entries(self, item: Item) -> None:
        for entry in self._state.own_entries(item):
            await self._close(entry)

    async def _close(self, entry: Entry) -> None:
        await self._send(entry.topic, entry.key.encode(), None, entry.partition, self._mine)
        self._state.drop_entry(entry.topic, entry.key)

    async def tell(self, item: Item, notice: Notice, rule: str = "") -> None:
        """An alert about one document. `rule` is what it may be grouped by."""
        await self._tell(notice.kind, notice.reason, item.flow, item.document, item.entity, rule, notice.priority)

    async def alert(self, kind: str, priority: int, reason: str, seconds: float) -> None:
        """An alert about the target; `seconds` is how long it has lasted."""
        record = alerts.of_target(
            kind, reason, flow=self._flow, target=self._target, seconds=seconds, at=self.now(), priority=priority
        )
        await self._send(self._settings.topic(alerts.TOPIC), *record)

    async def _tell(
        self, kind: str, reason: str, flow: str, document: str, entity: str, rule: str, priority: int = 1
    ) -> None:
        record = alerts.of_document(
            kind,
            reason,
            flow=flow,
            target=self._target,
            document=document,
            entity=entity,
            rule=rule,
            at=self.now(),
            priority=priority,
        )
        await self._send(self._settings.topic(alerts.TOPIC), *record)

    async def left(self, item: Item, fields: list[str], why: str) -> None:
        """The audit record of fields that were not written, by name; their values stay out of it."""
        subject = f"{item.entity} {item.document}"
        value = {
            "at": self.now(),
            "who": "penstock",
            "what": "not-written",
            "subject": subject,
            "target": self._target,
            "fields": fields,
            "why": why,
        }
        await self._send(self._settings.topic("audit"), subject.encode(), orjson.dumps(value))

    async def _send(
        self, topic: str, key: bytes, value: bytes | None, partition: int | None = None, headers: Headers = ()
    ) -> int:
        metadata = await self._producer.send_and_wait(topic, value, key=key, partition=partition, headers=list(headers))
        return int(metadata.offset)


def _content(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry says, without when."""
    return {name: value for name, value in data.items() if name not in {"since", "next_try", "attempts"}}
