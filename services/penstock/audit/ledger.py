"""What the log says, as the audit keeps it: events, canonical records, fates, links. Filled by `reading`.

Plain tuples on purpose: a log has millions of records, and most of them are only counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from penstock.log.headers import Position
from penstock.log.wire import WireError
from penstock.sinks.model import outranks

OPEN = frozenset({"waiting", "held", "parked", "unknown"})
WRITTEN = frozenset({"applied", "unchanged"})
"""After these the target has what the record says."""


class Place(NamedTuple):
    """Where a record stands on the log; `topic` without the cluster's prefix, `at` in ms since 1970 by the log."""

    topic: str
    partition: int
    offset: int
    at: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"


class Made(NamedTuple):
    """A canonical record. `key`: id of the order that it belongs to, else its own."""

    event: str
    entity: str
    place: Place
    key: str
    targets: tuple[str, ...]
    config: str


class Said(NamedTuple):
    """The fate that holds for one event at one target; `reason` is kept where somebody may ask for it."""

    state: str
    reason: str
    at: str
    where: str
    native_id: str | None
    canonical_id: str
    entity: str


class Decoder(Protocol):
    def decode(self, data: bytes) -> tuple[str, dict[str, Any]]: ...


class Version:
    """One version of a document on the log. Its record is decoded when it is asked for: of most nobody asks.

    position: of its raw record. Versions are in its order, not in that of their places: the key of a record of an
    order is another, and so may be its partition, once the order is known; what was held comes behind its followers.
    """

    __slots__ = ("_decoder", "_record", "_value", "made", "position")

    def __init__(self, made: Made, position: Position, value: bytes, decoder: Decoder) -> None:
        self.made = made
        self.position = position
        self._value = value
        self._decoder = decoder
        self._record: Mapping[str, Any] | None = None

    def outranks(self, other: Version) -> bool:
        return outranks(self.position, self.made.event, other.position, other.made.event)

    @property
    def record(self) -> Mapping[str, Any]:
        """Raises WireError."""
        if self._record is None:
            self._record = self._decoder.decode(self._value)[1]
        return self._record


@dataclass(slots=True)
class Ledger:
    """Of one flow, between two moments.

    Attributes:
        events: event id -> where its raw record stands first.
        keys: raw topic -> `instance:native id` of everything that is on it.
        made: event id -> canonical record.
        fates: (event id, target) -> what holds. The target is empty for what was never routed.
        orders: canonical id -> the versions of a shop's order, the oldest first.
        statuses, stock, invoices, payments: `system:instance:native id` in the ERP -> the newest record.
        holds: open entries of the topic `hold`, of this flow.
        links: `system:instance:native id` -> canonical id of the order that is this document.
        unreadable: records of orders and what belongs to them that cannot be decoded.
        records: how many records were read.
    """

    events: dict[str, Place] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    fates: dict[tuple[str, str], Said] = field(default_factory=dict)
    orders: dict[str, list[Version]] = field(default_factory=dict)
    statuses: dict[str, Version] = field(default_factory=dict)
    stock: dict[str, Version] = field(default_factory=dict)
    invoices: dict[str, Version] = field(default_factory=dict)
    payments: dict[str, Version] = field(default_factory=dict)
    holds: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    unreadable: set[Place] = field(default_factory=set)
    records: int = 0

    def fate(self, event: str, target: str) -> Said | None:
        return self.fates.get((event, target))

    def open_fates(self) -> Iterator[tuple[str, str, Said]]:
        """(event, target, fate) of what is open. One of no target is over when its event became a record later."""
        for (event, target), said in self.fates.items():
            if said.state in OPEN and (target or event not in self.made):
                yield event, target, said

    def read_newest(self) -> None:
        """Decodes the newest version of everything, and takes out what cannot be: it is told by its place."""
        for canonical_id, versions in list(self.orders.items()):
            while versions and not self.reads(versions[-1]):
                versions.pop()
            if not versions:
                del self.orders[canonical_id]
        for documents in (self.statuses, self.stock, self.invoices, self.payments):
            for name in [name for name, version in documents.items() if not self.reads(version)]:
                del documents[name]

    def reads(self, version: Version) -> bool:
        """Can it be decoded?"""
        try:
            return bool(version.record)
        except WireError:
            self.unreadable.add(version.made.place)
            return False
