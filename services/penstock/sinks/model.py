"""What the sink runtime keeps: an item under way, an effect, an entry that waits. JSON on the log."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from penstock.connectors.contract import CustomerRequest, Link
from penstock.log.headers import BACKFILL, Position, waived
from penstock.log.replays import REPLAY, RESYNC, run_of

CUSTOMER_REQUEST = "customer-request"
BEHIND = frozenset({REPLAY, BACKFILL})
"""Headers of records that give way to live ones."""
_COME_BACK = frozenset({"order", "customer"})


def newer(one: Position, other: Position) -> bool:
    """Is the version at `one` newer? A document stays on its partition; after a repartition the new place wins."""
    if (one.topic, one.partition) != (other.topic, other.partition):
        return True
    return one.offset > other.offset


def outranks(one: Position, event_id: str, other: Position, other_event_id: str) -> bool:
    """Is `event_id`, of the version at `one`, the newer word? A replay of a version is newer than what it repeats."""
    return newer(one, other) or (one == other and run_of(event_id) > run_of(other_event_id))


@dataclass(slots=True, eq=False)
class Item:
    """One canonical record (or customer request) on its way through the protocol.

    partition is the one of its effect, parked and hold records; offset is None when it comes from a parked entry.
    entered: it has had an entry in `parked.<target>` or `hold`; if there is none any more, a person has closed it.
    """

    topic: str
    partition: int
    offset: int | None
    key: bytes
    value: bytes
    headers: Mapping[str, str]
    entity: str
    record: Mapping[str, Any]
    canonical_id: str
    event_id: str
    position: Position
    flow: str
    order_id: str | None = None
    document: str = ""
    attempts: int = 0
    entered: bool = False
    requested: bool = False

    @property
    def retry(self) -> int:
        """How many times a person had it tried again."""
        return int(self.headers.get("retry", "0"))

    def source_of(self, link: Link) -> tuple[str, str, str] | None:
        """(system, instance, native id) of a linked document where it comes from.

        None where nothing asks for it: only orders and customers come back. Of a customer that an order asks for, the
        source is the order's.
        """
        if link.entity not in _COME_BACK:
            return None
        of_request = self.entity == CUSTOMER_REQUEST and link.canonical_id == self.record.get("customer_id")
        if not of_request and (link.entity, link.canonical_id) != (self.entity, self.canonical_id):
            return None
        source = self.record.get("source")
        return (source["system"], source["instance"], source["native_id"]) if source else None

    def customer_source(self) -> dict[str, str] | None:
        """`source` of the customer that this record asks for: its own, or the buyer's of an order."""
        source = self.record["source"]
        native_id = self.record["customer"]["native_id"] if self.entity == "order" else source["native_id"]
        return (
            {"system": source["system"], "instance": source["instance"], "native_id": native_id} if native_id else None
        )

    @property
    def cause(self) -> str:
        """Distinguishes the answers to this try from those to an earlier one."""
        return f"{self.event_id}#{self.retry}" if self.retry else self.event_id

    @property
    def released(self) -> frozenset[str]:
        """Rules that a person has waived for this version of the document; `*` for all."""
        return waived(self.headers)

    @property
    def behind(self) -> bool:
        """A replay or a first load has sent it: it gives way to what is live."""
        return not BEHIND.isdisjoint(self.headers)

    @property
    def resync(self) -> bool:
        """It says nothing new: the target is to be compared with it, whatever was applied before."""
        return RESYNC in self.headers

    def yields_to(self, position: Position, event_id: str) -> bool:
        """Does this event, which waits or is held, come before the item? A resync leaves it to wait or be held."""
        if event_id == self.event_id:
            return False
        return outranks(position, event_id, self.position, self.event_id) or (self.resync and position == self.position)

    def replaces(self, position: Position, event_id: str) -> bool:
        """Is this event, which waits or is held, done with now that the item is here?"""
        stays = event_id == self.event_id or (self.resync and position == self.position)
        return not stays and outranks(self.position, self.event_id, position, event_id)

    def waives(self, rule: str) -> bool:
        return rule in self.released or "*" in self.released


@dataclass(slots=True)
class Effect:
    """The newest effect record of one document in one target.

    event_id and position are of the event under way or settled last; applied_* of the one applied last.
    sent: some write of the event under way may have reached the target. notices: kind, reason and priority of what is
    to be told once it is applied. clear_at is monotonic and never on the log: from then on an open intent may be read
    back.
    """

    state: str
    epoch: int
    event_id: str
    position: str
    native_id: str | None = None
    order_id: str | None = None
    flow: str = ""
    opened_at: str = ""
    closed_at: str | None = None
    send_window: float = 0.0
    answer_window: float = 0.0
    attempts: list[dict[str, Any]] = field(default_factory=list)
    links: list[list[str]] = field(default_factory=list)
    reason: str | None = None
    sent: bool = False
    notices: list[list[Any]] = field(default_factory=list)
    fate: str | None = None
    applied_event: str | None = None
    applied_position: str | None = None
    applied_hash: str = ""
    clear_at: float = 0.0

    def to_bytes(self) -> bytes:
        data: dict[str, Any] = {"type": "effect"}
        for name in self.__slots__:
            if name != "clear_at":
                data[name] = getattr(self, name)
        return orjson.dumps(data)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Effect:
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})


@dataclass(slots=True)
class Entry:
    """A record that waits (`parked.<target>`) or is held (`hold`), see docs/records.md."""

    topic: str
    key: str
    partition: int
    data: dict[str, Any]

    @property
    def event_id(self) -> str:
        return str(self.data["event_id"])

    @property
    def clears_on(self) -> str | None:
        """The condition that ends a hold without a person."""
        return self.data.get("clears_on")

    @property
    def position(self) -> Position | None:
        text = self.data["republish"]["headers"].get("raw")
        return Position.parse(text) if text else None

    def item_parts(self) -> tuple[str, bytes, bytes, dict[str, str]]:
        """Topic, key, value and headers of the record that waits."""
        again = self.data["republish"]
        return (
            again["topic"],
            base64.b64decode(again["key_base64"]),
            base64.b64decode(again["value_base64"]),
            dict(again["headers"]),
        )


def entry_key(flow: str, entity: str, canonical_id: str, event_id: str, target: str) -> str:
    """With the target, since `hold` is one topic for all: two may hold the same event."""
    return f"{flow}:{entity}:{canonical_id}:{event_id}:{target}"


_CURES = {
    "target": "a correction, then `retry`: what the target refuses cannot be waived",
    "mapping": "a correction of the mapping or its tables, then `retry`",
    "unknown": "a person who has looked in the target",
}
_CONDITIONS = {"stock": "stock that arrives", "credit": "a balance that drops"}


def clears_by(rule: str, clears_on: str | None) -> str:
    """Who or what can end a hold, in words."""
    if clears_on is None:
        return _CURES.get(rule, "a person who releases it")
    return f"{_CONDITIONS.get(clears_on, clears_on)}, by itself; or a person who releases it"


def republish(topic: str, key: bytes, value: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """How an entry carries the record that it speaks of."""
    return {
        "topic": topic,
        "key_base64": base64.b64encode(key).decode("ascii"),
        "value_base64": base64.b64encode(value).decode("ascii"),
        "headers": dict(headers),
    }


def request_bytes(item: Item, target: str, request: CustomerRequest) -> bytes:
    """Value of the record by which `item` asks for a customer in the target."""
    value = {
        "target": target,
        "flow": item.flow,
        "match_key": request.match_key,
        "customer_id": request.customer_id,
        "order_id": item.order_id,
        "event_id": item.event_id,
        "cause": item.cause,
        "document": item.document,
        "source": item.customer_source(),
        "body": request.body,
    }
    return orjson.dumps(value, default=plain)


def plain(value: object) -> object:
    """JSON form of what a payload or a record may hold."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"no JSON form for {type(value).__name__}")


def payload_hash(payload: Mapping[str, Any]) -> str:
    """Hash of the fields that we own in the target."""
    text = orjson.dumps(payload, default=plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(text).hexdigest()[:32]


def attempt(at: str, step: str, outcome: str, reply: str) -> dict[str, Any]:
    return {"at": at, "step": step, "outcome": outcome, "reply": reply[:500]}


def newest_attempts(attempts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Enough to explain an effect; bounded, since an outage may bring thousands."""
    return list(attempts[:3]) + list(attempts[max(3, len(attempts) - 12) :])
