"""Events: the envelope, who gets it, and the row that is there before anything is sent (systems/clarity.md 4)."""

import uuid
from dataclasses import dataclass, field
from typing import Literal

import orjson

from penstock.connectors.clarity.sandbox.options import Options
from penstock.connectors.clarity.sandbox.shown import shown
from penstock.connectors.clarity.sandbox.store import Doc, Store
from penstock.connectors.clarity.sandbox.tables import RESOURCES
from penstock.sandbox.faults import FaultBox

Mode = Literal["normal", "lost", "late", "duplicate", "out-of-order", "wrong-signature"]
_BY_FAULT: dict[str, Mode] = {
    "webhook_lost": "lost",
    "webhook_late": "late",
    "webhook_duplicate": "duplicate",
    "webhook_out_of_order": "out-of-order",
    "webhook_wrong_signature": "wrong-signature",
}
FAULT_KINDS = frozenset(_BY_FAULT)
_EVER = 1_000_000


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of the deliveries of what happened. `seconds`: how late a late one is, and how long at most one
    that is out of order waits to be overtaken."""

    mode: Mode = "normal"
    seconds: float = 5.0


NORMAL = Fate()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a document. The rest is for events that are not what they should be: `sequence` and
    `version` in place of the true ones, `forged` (signed with a wrong secret), `age` of the timestamp in seconds."""

    type: str
    resource: str
    doc: Doc
    previous: Doc | None = None
    sequence: int | None = None
    version: int | None = None
    forged: bool = False
    age: float = 0


@dataclass(frozen=True, slots=True)
class Planned:
    """A delivery that is stored and now to be sent."""

    id: int
    fate: Fate


@dataclass(slots=True)
class Outbox:
    """Collects events while a request or action works."""

    store: Store
    options: Options
    faults: FaultBox
    pending: list[Event] = field(default_factory=list)
    _told: int = 0

    def fire(self, kind: str, resource: str, doc: Doc, previous: Doc | None = None) -> None:
        self.pending.append(Event(kind, resource, doc, previous))

    def discard(self) -> None:
        self.pending = []

    def record(self, fate: Fate, now: float) -> list[Planned]:
        """Store a delivery for each subscriber of what has happened. Call it inside the transaction that did it."""
        events, self.pending = self.pending, []
        if not events:
            return []
        subscribed = [(webhook["id"], webhook["events"]) for webhook in self.store.where("webhooks", active=1)]
        planned: list[Planned] = []
        for event in events:
            sequence = event.sequence or self.store.sequence(event.resource, event.doc["id"])
            to = [number for number, patterns in subscribed if matches(patterns, event.type)]
            if not to:
                continue
            key = str(uuid.uuid4())
            payload = self._payload(event, key, sequence)
            own = self._fate(event, payload, fate)
            if own.mode == "out-of-order" and fate.mode == "out-of-order" and planned:
                own = NORMAL  # the first event of an action is overtaken by the others
            for number in to:
                for _ in range(2 if own.mode == "duplicate" else 1):
                    planned += self._store(event, key, payload, number, own, now)
        return planned

    def _payload(self, event: Event, key: str, sequence: int) -> bytes:
        doc = event.doc
        data: Doc = {
            "resource": event.resource,
            "id": doc["id"],
            "customKey": doc.get("customKey"),
            "version": event.version or doc["version"],
        }
        if self.options.event_form == "full" or not RESOURCES[event.resource].readable:
            data["object"] = doc
            if event.previous is not None:
                data["previous"] = event.previous
        envelope = {
            "id": key,
            "type": event.type,
            "apiVersion": "v1",
            "createdAt": self.store.clock.utc_stamp(),
            "tenant": self.options.tenant,
            "sequence": sequence,
            "data": shown(self.options, data),
        }
        return orjson.dumps(envelope)

    def _fate(self, event: Event, payload: bytes, wanted: Fate) -> Fate:
        self._told += 1
        target = f"{event.type}/{event.resource}/{event.doc['id']}"
        fault = self.faults.take(FAULT_KINDS, "POST", target, payload.decode())
        if fault is not None:
            return Fate(_BY_FAULT[fault.kind], fault.seconds)
        if wanted.mode != "normal":
            return wanted
        for every, mode in self._switched():
            if every and self._told % every == 0:
                return Fate(mode)
        return NORMAL

    def _switched(self) -> tuple[tuple[int, Mode], ...]:
        options = self.options
        return (
            (options.duplicate_every, "duplicate"),
            (options.out_of_order_every, "out-of-order"),
            (options.wrong_signature_every, "wrong-signature"),
        )

    def _store(self, event: Event, key: str, payload: bytes, webhook: int, fate: Fate, now: float) -> list[Planned]:
        lost = fate.mode == "lost"
        fields = {
            "webhookId": webhook,
            "eventId": key,
            "type": event.type,
            "resource": event.resource,
            "resourceId": event.doc["id"],
            "status": "lost" if lost else "pending",
            "attempts": [],
        }
        doc = self.store.add(
            "deliveries",
            fields,
            payload=payload,
            next_at=now + (fate.seconds if fate.mode in {"late", "out-of-order"} else 0),
            wrong=_EVER if event.forged else int(fate.mode == "wrong-signature"),
            once=int(event.forged),
            age=event.age,
        )
        return [] if lost else [Planned(doc["id"], fate)]


def matches(patterns: list[str], kind: str) -> bool:
    """Whether a subscription to `order.created` or `order.*` wants an event."""
    return kind in patterns or f"{kind.partition('.')[0]}.*" in patterns
