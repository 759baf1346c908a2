"""Demand of a shop that its ERP does not know yet: stock sent to the shop must not sell these units again.

Followed on the log: canonical orders of the shop, less those whose order the ERP has booked; and orders that the
processors hold, by the quantities that their hold record names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

import orjson
from confluent_kafka import Message

from penstock.log.kafka import KafkaSettings
from penstock.log.loader import Loader
from penstock.log.xref import XrefStore

CLOSED = {"cancelled", "refunded", "payment-error"}


class Decoder(Protocol):
    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]: ...


class OpenDemand:
    """Quantities per SKU of the shop's orders that `erp` (system, instance) has not booked."""

    def __init__(
        self, store: XrefStore, decoder: Decoder, shop: tuple[str, str], erp: tuple[str, str], since: str
    ) -> None:
        self._store = store
        self._decoder = decoder
        self._shop = shop
        self._erp = erp
        self._since = since
        self._orders: dict[str, Mapping[str, Decimal]] = {}
        self._held: dict[str, tuple[str, Mapping[str, Decimal]]] = {}
        self._by_sku: dict[str, set[str]] = defaultdict(set)
        self._loader: Loader | None = None

    def open(self, settings: KafkaSettings) -> None:
        self._orders_topic = settings.topic("canonical.order")
        self._loader = Loader(settings, self._take, name="demand")
        self._loader.follow(self._orders_topic, settings.topic("hold"))

    @property
    def loader(self) -> Loader:
        if self._loader is None:
            raise RuntimeError("this demand is not fed from a log")
        return self._loader

    def unbooked(self, sku: str) -> Decimal:
        """Booked orders leave the sum as soon as the cross-reference has them."""
        total = Decimal(0)
        for order_id in list(self._by_sku.get(sku, ())):
            lines = self._orders.get(order_id)
            if lines is None:
                continue
            if self._store.lookup("order", order_id, *self._erp) is not None:
                self._forget(order_id)
                continue
            total += lines.get(sku, Decimal(0))
        for order_id, lines in list(self._held.values()):
            if order_id not in self._orders:
                total += lines.get(sku, Decimal(0))
        return total

    def take_order(self, record: Mapping[str, Any]) -> None:
        source = record["source"]
        if (source["system"], source["instance"]) != self._shop:
            return
        self._forget(record["id"])
        if record["status"] in CLOSED or record["deleted_at"] or record["placed_at"].isoformat() < self._since:
            return
        lines: dict[str, Decimal] = defaultdict(Decimal)
        for line in record["lines"]:
            if line["sku"]:
                lines[line["sku"]] += line["quantity"]
        self._orders[record["id"]] = lines
        for sku in lines:
            self._by_sku[sku].add(record["id"])

    def take_hold(self, key: str, value: bytes | None) -> None:
        if value is None:
            self._held.pop(key, None)
            return
        data = orjson.loads(value)
        demand = data.get("demand")
        if data["entity"] == "order" and demand:
            self._held[key] = (data["canonical_id"], {sku: Decimal(text) for sku, text in demand.items()})

    def _forget(self, order_id: str) -> None:
        for sku in self._orders.pop(order_id, {}):
            self._by_sku[sku].discard(order_id)

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            value = message.value()
            if message.topic() == self._orders_topic:
                if value is not None:
                    self.take_order(self._decoder.decode(value)[1])
            else:
                self.take_hold((message.key() or b"").decode(), value)

    def close(self) -> None:
        if self._loader is not None:
            self._loader.close()
