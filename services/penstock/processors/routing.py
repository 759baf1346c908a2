"""Where a document goes: decided once by the flow's conditions, remembered on the log, and never again changed.

Topic `route`, compacted, key `flow:canonical id`, value `{"targets": [...] or null, "open": [event ids]}`. Written only
for documents whose route has conditions, and those that follow such an order. `targets` is null while the document
could not be mapped, and so not be routed: `open` are its events that wait until then with every possible target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from confluent_kafka import Message

from penstock.flow.flow import Flow, System
from penstock.flow.routes import ORDER_BOUND, Route
from penstock.log.kafka import KafkaSettings, admin
from penstock.log.loader import Loader
from penstock.log.offsets import LATEST, offsets, partitions_of

TOPIC = "route"
OPEN_KEPT = 50
"""Events of one document that wait unrouted; of more, the oldest are left to a person."""


@dataclass(frozen=True, slots=True)
class Routed:
    """What is remembered of one document."""

    targets: tuple[str, ...] | None
    open: tuple[str, ...] = ()

    def encode(self) -> bytes:
        targets = None if self.targets is None else list(self.targets)
        return orjson.dumps({"targets": targets, "open": list(self.open)})

    @classmethod
    def decode(cls, value: bytes) -> Routed:
        data = orjson.loads(value)
        targets = data["targets"]
        return cls(None if targets is None else tuple(targets), tuple(data["open"]))


class RouteStore:
    """The routes of one flow's documents in memory; own writes count at once."""

    def __init__(self, flow: str) -> None:
        self._prefix = f"{flow}:"
        self._known: dict[str, Routed] = {}
        self._loader: Loader | None = None
        self._settings: KafkaSettings | None = None

    def open(self, settings: KafkaSettings) -> Loader:
        """Loads and follows the topic. Route nothing before the loader has caught up."""
        self._settings = settings
        self._loader = Loader(settings, self._take, name=TOPIC)
        self._loader.follow(settings.topic(TOPIC))
        return self._loader

    def check(self) -> None:
        """Raises LoaderError when the topic is followed no more: then nothing here is to be trusted."""
        if self._loader is not None:
            self._loader.caught_up()

    def catch_up(self, timeout: float) -> None:
        """Blocks until everything is read that is on the topic now. Raises TimeoutError."""
        if self._loader is None or self._settings is None:
            raise RuntimeError("this store is not fed from a log")
        client = admin(self._settings)
        topic = self._settings.topic(TOPIC)
        places = [(topic, number) for number in partitions_of(client, topic)]
        for place, end in offsets(client, places, LATEST).items():
            if end > 0:
                self._loader.wait_position(place, end - 1, timeout)

    def get(self, canonical_id: str) -> Routed | None:
        return self._known.get(canonical_id)

    def put(self, canonical_id: str, routed: Routed) -> tuple[bytes, bytes]:
        """Remembers a route; gives the key and value to be written to the log."""
        self._known[canonical_id] = routed
        return f"{self._prefix}{canonical_id}".encode(), routed.encode()

    def take(self, key: bytes, value: bytes | None) -> None:
        """A record of the log. What has been decided here stays: the first of two that raced is on the log anyway."""
        name = key.decode()
        if value is None or not name.startswith(self._prefix):
            return
        canonical_id = name.removeprefix(self._prefix)
        known, said = self._known.get(canonical_id), Routed.decode(value)
        if known is None or (known.targets is None and said.targets is not None):
            self._known[canonical_id] = said
        elif known.targets is None:
            self._known[canonical_id] = Routed(None, tuple(dict.fromkeys((*said.open, *known.open))))

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.take(message.key() or b"", message.value())

    def close(self) -> None:
        if self._loader is not None:
            self._loader.close()


class OrderNotRoutedError(Exception):
    """The record goes where its order goes, and the order has not been routed yet."""


class Router:
    """Decides for one flow. Pure but for the store, which it reads; who calls it writes what is new."""

    def __init__(self, flow: Flow, store: RouteStore) -> None:
        self._flow = flow
        self._store = store
        self._tags = {system.tag: system.target for system in flow.shops if system.tag}

    @staticmethod
    def remembers(route: Route) -> bool:
        """Is the route of such a document kept on the log?"""
        return route.conditional or route.follows_order

    def decide(self, system: System, entity: str, route: Route, record: Mapping[str, Any]) -> tuple[str, ...]:
        """The targets of a document.

        Raises MappingError when a condition cannot work with the record, OrderNotRoutedError.
        """
        known = self._store.get(record["id"]) if self.remembers(route) else None
        if known is not None and known.targets is not None:
            # a target that the flow has given up takes nothing any more
            return tuple(target for target in known.targets if target in route.possible)
        if entity == "order" and record["placed_at"] < self._flow.file.start.orders_from:
            return ()
        if route.follows_order and record["order_id"]:
            order = self._store.get(record["order_id"])
            if order is None or order.targets is None:
                raise OrderNotRoutedError(f"the order {record.get('order_reference') or record['order_id']}")
            return tuple(target for target in route.possible if target in order.targets)
        targets = route.targets(entity, record, self._flow.condition_env)
        return self._own_shop(record, targets) if system.role == "erp" and entity in ORDER_BOUND else targets

    def _own_shop(self, record: Mapping[str, Any], targets: tuple[str, ...]) -> tuple[str, ...]:
        """What an ERP says of an order is for the shop of that order alone; our reference begins with its tag."""
        tag, dash, _ = (record.get("order_reference") or "").partition("-")
        shop = self._tags.get(tag) if dash else None
        return tuple(target for target in targets if target == shop) if shop in targets else targets

    def why_nowhere(self, entity: str, route: Route, record: Mapping[str, Any]) -> str:
        """Why a document has no target, for its fate."""
        if route.possible and entity == "order" and record["placed_at"] < self._flow.file.start.orders_from:
            return "older than start.orders_from"
        return "its order goes nowhere that takes it" if route.follows_order else "the flow routes it nowhere"
