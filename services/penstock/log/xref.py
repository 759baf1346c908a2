"""The cross-reference store: which document of a system is which canonical record, in both directions.

Topic `xref.<entity>`, compacted, JSON values:

| key | value |
|---|---|
| `canonical:<canonical id>:<system>:<instance>` | `{"native_id": ..., "at": ...}` |
| `<system>:<instance>:<native id>` | `{"canonical_id": ..., "at": ...}` |
| `same-as:<canonical id>:<canonical id>` | `{"at": ...}` |
| `refused:<canonical id>:<system>:<instance>` | `{"cause": ..., "reason": ..., "at": ...}`: it would not take it |

A link is written once per direction, so one look-up is one get. Canonical ids are never merged: two ids that turn out
to be one thing get a `same-as` link.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

import orjson
from confluent_kafka import Message

from penstock.log.kafka import KafkaSettings
from penstock.log.loader import Loader

ENTITIES = (
    "order",
    "customer",
    "product",
    "shipment",
    "invoice",
    "payment",
    "refund",
    "stock-level",
    "order-status",
)
_RESERVED = {"canonical", "same-as", "refused"}


@dataclass(frozen=True, slots=True)
class Link:
    """`canonical_id` is `native_id` in that system; `at` is when it was learnt (with a zone)."""

    entity: str
    canonical_id: str
    system: str
    instance: str
    native_id: str
    at: datetime

    def __post_init__(self) -> None:
        if self.system in _RESERVED or ":" in self.system + self.instance:
            raise ValueError(f"system {self.system!r} or instance {self.instance!r} cannot be used in a key")


@dataclass(frozen=True, slots=True)
class XrefRecord:
    """A record to write; `topic` without prefix. `value` None removes the key."""

    topic: str
    key: bytes
    value: bytes | None


def link_records(link: Link) -> list[XrefRecord]:
    """Both directions of a link, to be written and acknowledged together."""
    at = link.at.isoformat()
    return [
        _record(
            link.entity,
            _canonical_key(link.canonical_id, link.system, link.instance),
            {"native_id": link.native_id, "at": at},
        ),
        _record(
            link.entity,
            _native_key(link.system, link.instance, link.native_id),
            {"canonical_id": link.canonical_id, "at": at},
        ),
    ]


def unlink_records(link: Link) -> list[XrefRecord]:
    """Tombstones for both directions."""
    return [XrefRecord(record.topic, record.key, None) for record in link_records(link)]


def same_as_records(entity: str, one: str, other: str, at: datetime) -> list[XrefRecord]:
    """`one` and `other` are the same thing under two canonical ids."""
    value = {"at": at.isoformat()}
    return [_record(entity, f"same-as:{a}:{b}", value) for a, b in ((one, other), (other, one))]


def refusal_record(
    canonical_id: str, system: str, instance: str, cause: str, reason: str, at: datetime, entity: str = "customer"
) -> XrefRecord:
    """The system would not take this document; `cause` names the try that this answers."""
    value = {"cause": cause, "reason": reason, "at": at.isoformat()}
    return _record(entity, _refused_key(canonical_id, system, instance), value)


class XrefStore:
    """The cross-reference in memory. Feed it by `open()` from the log, or by `put()` in tests and after own writes."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[bytes, bytes]] = {entity: {} for entity in ENTITIES}
        self._same: dict[tuple[str, str], set[str]] = {}
        self._loader: Loader | None = None

    @classmethod
    def open(cls, settings: KafkaSettings, entities: Iterable[str] = ENTITIES) -> Self:
        """A store that loads and follows the topics of `entities`. Serve nothing before `loader` has caught up."""
        store = cls()
        wanted = list(entities)
        by_topic = {settings.topic(f"xref.{entity}"): entity for entity in wanted}

        def apply(messages: Sequence[Message]) -> None:
            for message in messages:
                store.put(by_topic[message.topic() or ""], message.key() or b"", message.value())

        store._loader = Loader(settings, apply, name="xref")
        store._loader.follow(*by_topic)
        return store

    @property
    def loader(self) -> Loader:
        """The loader behind `open()`: its barrier and its health."""
        if self._loader is None:
            raise RuntimeError("this store is not fed from a log")
        return self._loader

    def put(self, entity: str, key: bytes, value: bytes | None) -> None:
        """Take one record of `xref.<entity>` in; None removes."""
        entries = self._entries[entity]
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = value
        if key.startswith(b"same-as:"):
            one, _, other = key.decode().removeprefix("same-as:").partition(":")
            others = self._same.setdefault((entity, one), set())
            (others.discard if value is None else others.add)(other)

    def take(self, records: Iterable[XrefRecord]) -> None:
        """Take own records in at once, after the broker has acknowledged them."""
        for record in records:
            self.put(record.topic.removeprefix("xref."), record.key, record.value)

    def lookup(self, entity: str, canonical_id: str, system: str, instance: str) -> str | None:
        """The native id of a canonical record in a system; through its `same-as` links where it has none itself."""
        for each in (canonical_id, *sorted(self._same.get((entity, canonical_id), ()))):
            if value := self._entries[entity].get(_canonical_key(each, system, instance)):
                native: str = orjson.loads(value)["native_id"]
                return native
        return None

    def linked_at(self, entity: str, canonical_id: str, system: str, instance: str) -> datetime | None:
        """When this link was learnt; None when there is none."""
        value = self._entries[entity].get(_canonical_key(canonical_id, system, instance))
        return None if value is None else datetime.fromisoformat(orjson.loads(value)["at"])

    def refusal(self, entity: str, canonical_id: str, system: str, instance: str) -> tuple[str, str] | None:
        """(cause, reason) of the last refusal of this document."""
        value = self._entries[entity].get(_refused_key(canonical_id, system, instance))
        if value is None:
            return None
        said = orjson.loads(value)
        return said["cause"], said["reason"]

    def canonical_of(self, entity: str, system: str, instance: str, native_id: str) -> str | None:
        """The canonical id of a system's document."""
        value = self._entries[entity].get(_native_key(system, instance, native_id))
        if value is None:
            return None
        canonical: str = orjson.loads(value)["canonical_id"]
        return canonical

    def same_as(self, entity: str, canonical_id: str) -> frozenset[str]:
        """The other canonical ids of the same thing."""
        return frozenset(self._same.get((entity, canonical_id), ()))

    def __len__(self) -> int:
        return sum(map(len, self._entries.values()))

    def close(self) -> None:
        if self._loader is not None:
            self._loader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _record(entity: str, key: str | bytes, value: dict[str, str]) -> XrefRecord:
    return XrefRecord(f"xref.{entity}", key if isinstance(key, bytes) else key.encode(), orjson.dumps(value))


def _canonical_key(canonical_id: str, system: str, instance: str) -> bytes:
    return f"canonical:{canonical_id}:{system}:{instance}".encode()


def _native_key(system: str, instance: str, native_id: str) -> bytes:
    return f"{system}:{instance}:{native_id}".encode()


def _refused_key(canonical_id: str, system: str, instance: str) -> bytes:
    return f"refused:{canonical_id}:{system}:{instance}".encode()
