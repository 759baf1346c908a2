"""Reads the log into a ledger. Keys and headers of everything; values only where amounts or states are asked for."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import cast

import orjson

from penstock.audit.kafkalog import Log, Message
from penstock.audit.ledger import OPEN, Ledger, Made, Place, Said, Version
from penstock.audit.model import Window
from penstock.flow.flow import Flow
from penstock.log.headers import HeadersError, Position
from penstock.log.replays import RESYNC
from penstock.log.wire import Codec
from penstock.log.xref import XrefStore

EARLIER = timedelta(days=1)
"""What is judged may have come to the log this long before the window: an order is older than its first fate."""
_KEPT = frozenset({"order", "order-status", "stock-level", "invoice", "payment"})


class Reader:
    """One reading of the log for one flow. `store` gets the links of orders on the way."""

    def __init__(self, flow: Flow, log: Log, codec: Codec, window: Window, store: XrefStore) -> None:
        self._flow = flow
        self._log = log
        self._codec = codec
        self._since = window.since - EARLIER if window.since else None
        self._store = store
        self._shops = {(shop.name, shop.instance) for shop in flow.shops}
        self._own = flow.name.encode()
        self.ledger = Ledger()

    def read(self) -> Ledger:
        """Raises ScanError. Events first and fates last: what was just written has its fate or is young."""
        for topic in raw_topics(self._flow):
            keys = self.ledger.keys.setdefault(topic, set())
            self._each(topic, partial(self.take_raw, topic, keys))
        self._each("xref.order", self.take_links, whole=True)
        for entity in canonical_entities(self._flow):
            self._each(f"canonical.{entity}", partial(self.take_made, entity))
        self._each("hold", self.take_holds, whole=True)
        self._each("fate", self.take_fates)
        return self.ledger

    def _each(self, topic: str, take: Callable[[Sequence[Message]], None], *, whole: bool = False) -> None:
        since = None if whole else self._since
        for messages in self._log.batches(topic, since):
            take(messages)
            self.ledger.records += len(messages)

    def take_raw(self, topic: str, keys: set[str], messages: Sequence[Message]) -> None:
        events = self.ledger.events
        for message in messages:
            event = None
            for name, value in _headers(message):
                if name == "ce_id":
                    event = value.decode()
                    break
            place = _place(topic, message)
            # what does not name its event is a dead letter by its place
            events.setdefault(event or f"{self._log.prefix}{topic}-{place.partition}-{place.offset}", place)
            keys.add(_key(message).decode("utf-8", "replace"))

    def take_made(self, entity: str, messages: Sequence[Message]) -> None:
        made, topic, kept = self.ledger.made, f"canonical.{entity}", entity in _KEPT
        for message in messages:
            headers = dict(_headers(message))
            if headers.get("flow") != self._own or "ce_id" not in headers:
                continue
            event = headers["ce_id"].decode()
            targets = tuple(filter(None, headers.get("targets", b"").decode().split(",")))
            key = _key(message).decode("utf-8", "replace")
            config = headers.get("config-version", b"").decode()
            one = Made(event, entity, _place(topic, message), key, targets, config)
            made.setdefault(event, one)
            if kept and RESYNC not in headers:  # it says nothing new, and names one of its targets
                self._keep(one, headers.get("raw", b"").decode(), _value(message) or b"")

    def _keep(self, made: Made, raw: str, value: bytes) -> None:
        ledger = self.ledger
        named = made.event.rpartition(":")[0].split(":", 3)
        try:
            position = Position.parse(raw)
        except HeadersError:
            position = None
        if len(named) < 4 or position is None:
            ledger.unreadable.add(made.place)
            return
        version = Version(made, position, value, self._codec)
        system, instance, _, native_id = named
        if made.entity == "order":
            if (system, instance) in self._shops:
                versions = ledger.orders.setdefault(made.key, [])
                versions.insert(sum(version.outranks(each) for each in versions), version)
            return
        newest = {
            "order-status": ledger.statuses,
            "stock-level": ledger.stock,
            "invoice": ledger.invoices,
            "payment": ledger.payments,
        }
        known = newest[made.entity].get(own := f"{system}:{instance}:{native_id}")
        if known is None or version.outranks(known):
            newest[made.entity][own] = version

    def take_fates(self, messages: Sequence[Message]) -> None:
        """As `log.fates.collapse`: the first final one, else the last open one."""
        fates = self.ledger.fates
        for message in messages:
            key, value = _key(message), _value(message)
            if value is None:
                continue
            event, canonical_id, target = key.decode().rsplit("|", 2)
            known = fates.get((event, target))
            if known is not None and known.state not in OPEN:
                continue
            said = orjson.loads(value)
            fates[event, target] = Said(
                said["state"], said["reason"], said["at"], said["where"], said.get("native_id"), canonical_id,
                said["entity"],
            )  # fmt: skip

    def take_links(self, messages: Sequence[Message]) -> None:
        links = self.ledger.links
        for message in messages:
            key, value = _key(message), _value(message)
            self._store.put("order", key, value)
            if key.startswith((b"canonical:", b"same-as:", b"refused:")):
                continue
            if value is None:
                links.pop(key.decode(), None)
            else:
                links[key.decode()] = orjson.loads(value)["canonical_id"]

    def take_holds(self, messages: Sequence[Message]) -> None:
        for message in messages:
            key, value = _key(message).decode(), _value(message)
            if value is None:
                self.ledger.holds.pop(key, None)
            elif key.startswith(f"{self._flow.name}:"):
                self.ledger.holds[key] = value


@contextmanager
def without_collector() -> Iterator[None]:
    """The cyclic collector looks through all that stays, again and again: it took four fifths of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def raw_topics(flow: Flow) -> list[str]:
    """Topics of which every record ends in a fate: those that the flow's processors read."""
    names = {
        f"raw.{system.name}.{raw}"
        for alias, system in flow.systems.items()
        for raw, canonical in system.spec.reads.items()
        if canonical is not None and (alias, "to", raw) in flow.mappings
    }
    return sorted(names)


def canonical_entities(flow: Flow) -> list[str]:
    """Canonical entities that the flow makes; orders before their statuses."""
    made = {
        canonical
        for alias, system in flow.systems.items()
        for raw, canonical in system.spec.reads.items()
        if canonical is not None and (alias, "to", raw) in flow.mappings
    }
    return sorted(made)


def _headers(message: Message) -> list[tuple[str, bytes]]:
    return cast("list[tuple[str, bytes]]", message.headers() or [])


def _key(message: Message) -> bytes:
    return cast("bytes", message.key() or b"")


def _value(message: Message) -> bytes | None:
    return cast("bytes | None", message.value())


def _place(topic: str, message: Message) -> Place:
    return Place(topic, message.partition() or 0, message.offset() or 0, message.timestamp()[1])
