"""Demand of a shop that a stock figure of its ERP does not hold yet: these units must not be sold again.

Followed on the log: canonical orders of the shop, their status in the ERP, and held orders by the quantities that
their hold names. An order counts until the ERP has booked it and shows it as more than planned: only then it is
allocated. A figure that was read before that may or may not hold the allocation: the order counts as well, until no
newer figure can be on its way (`settle_seconds`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import orjson
from confluent_kafka import Message

from penstock.log.kafka import KafkaSettings
from penstock.log.loader import Loader
from penstock.log.xref import XrefStore
from penstock.records.ids import canonical_id

CLOSED = {"cancelled", "refunded", "payment-error"}
FORGET_AFTER = timedelta(hours=1)


class Decoder(Protocol):
    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]: ...


class OpenDemand:
    """Quantities per SKU of the orders of `shop` that `erp` has not booked; both are (system, instance)."""

    def __init__(
        self,
        store: XrefStore,
        decoder: Decoder,
        shop: tuple[str, str],
        erp: tuple[str, str],
        *,
        since: datetime,
        settle_seconds: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._decoder = decoder
        self._shop = shop
        self._erp = erp
        self._since = since
        self._settle = timedelta(seconds=settle_seconds)
        self._now = now
        self._orders: dict[str, Mapping[str, Decimal]] = {}
        self._seen: set[str] = set()
        self._added: dict[str, tuple[datetime, Mapping[str, Decimal]]] = {}
        self._changed: set[str] = set()
        self._released_at: dict[str, datetime] = {}
        self._held: dict[str, tuple[str, Mapping[str, Decimal]]] = {}
        self._by_sku: dict[str, set[str]] = defaultdict(set)
        self._orders_topic = self._status_topic = ""
        self._loader: Loader | None = None

    def open(self, settings: KafkaSettings) -> None:
        """Loads and follows orders and holds. Serve nothing before `loader` has caught up."""
        self._orders_topic = settings.topic("canonical.order")
        self._loader = Loader(settings, self._take, name="demand")
        self._status_topic = settings.topic("canonical.order-status")
        self._loader.follow(self._orders_topic, self._status_topic, settings.topic("hold"))

    @property
    def loader(self) -> Loader:
        if self._loader is None:
            raise RuntimeError("this demand is not fed from a log")
        return self._loader

    def unbooked(self, sku: str, observed_at: datetime) -> Decimal:
        """Quantity that a figure read at `observed_at` may not hold."""
        total = Decimal(0)
        for order_id in list(self._by_sku.get(sku, ())):
            total += self._open_quantity(order_id, sku, observed_at)
        for order_id, lines in list(self._held.values()):
            if order_id not in self._orders:
                total += lines.get(sku, Decimal(0))
        return total

    def take_changed(self) -> set[str]:
        """SKUs whose demand has changed since this was asked last: their figures are to be looked at again."""
        changed, self._changed = self._changed, set()
        return changed

    def seen(self, native_id: str) -> bool:
        return canonical_id(*self._shop, "order", native_id) in self._seen

    def _open_quantity(self, order_id: str, sku: str, observed_at: datetime) -> Decimal:
        """What of an order's quantity a figure read at `observed_at` may not hold."""
        whole = self._orders.get(order_id, {}).get(sku, Decimal(0))
        booked_at = self._store.linked_at("order", order_id, *self._erp)
        released_at = self._released_at.get(order_id)
        if booked_at is None or released_at is None:
            return whole
        booked_at = max(booked_at, released_at)
        edited_at, added = self._added.get(order_id, (booked_at, {}))
        if edited_at > booked_at:
            return added.get(sku, Decimal(0))
        age = self._now() - booked_at
        if age > FORGET_AFTER:
            self._forget(order_id)
        return whole if booked_at > observed_at and age < self._settle else Decimal(0)

    def take_order(self, record: Mapping[str, Any]) -> None:
        source = record["source"]
        if (source["system"], source["instance"]) != self._shop:
            return
        self._seen.add(record["id"])
        before = self._orders.get(record["id"], {})
        self._changed.update(before)
        self._forget(record["id"])
        if record["status"] in CLOSED or record["deleted_at"] or record["placed_at"] < self._since:
            return
        lines: dict[str, Decimal] = defaultdict(Decimal)
        for line in record["lines"]:
            if line["sku"]:
                lines[line["sku"]] += line["quantity"]
        grown = {sku: quantity - before.get(sku, Decimal(0)) for sku, quantity in lines.items()}
        if before and (added := {sku: quantity for sku, quantity in grown.items() if quantity > 0}):
            self._added[record["id"]] = (source["observed_at"], added)
        self._orders[record["id"]] = lines
        for sku in lines:
            self._by_sku[sku].add(record["id"])

    def take_status(self, record: Mapping[str, Any]) -> None:
        """A planned order is booked and allocates nothing, until it is released."""
        order_id = record["order_id"]
        if order_id is None:
            return
        self._changed.update(self._orders.get(order_id, ()))
        if record["status"] == "planned" and not record["deleted_at"]:
            self._released_at.pop(order_id, None)
        else:
            self._released_at.setdefault(order_id, record["source"]["observed_at"])

    def take_hold(self, key: str, value: bytes | None) -> None:
        self._changed.update(self._held.get(key, ("", {}))[1])
        if value is None:
            self._held.pop(key, None)
            return
        data = orjson.loads(value)
        if data["entity"] != "order":
            return
        self._seen.add(data["canonical_id"])
        demand = data.get("demand") or {}
        self._held[key] = (data["canonical_id"], {sku: Decimal(text) for sku, text in demand.items()})

    def _forget(self, order_id: str) -> None:
        self._added.pop(order_id, None)
        for sku in self._orders.pop(order_id, {}):
            self._by_sku[sku].discard(order_id)

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            value = message.value()
            topic = message.topic()
            if topic == self._orders_topic and value is not None:
                self.take_order(self._decoder.decode(value)[1])
            elif topic == self._status_topic and value is not None:
                self.take_status(self._decoder.decode(value)[1])
            elif topic not in {self._orders_topic, self._status_topic}:
                self.take_hold((message.key() or b"").decode(), value)

    def close(self) -> None:
        if self._loader is not None:
            self._loader.close()
