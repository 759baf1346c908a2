"""Demand of the shops that a stock figure of an ERP does not hold yet: these units must not be sold again.

Followed on the log: canonical orders of the flow's shops, their status in the ERP, and held orders by the quantities
that their hold names. An order counts at every ERP that it is routed to, for every shop that sells from this ERP's
stock, until the ERP has booked it and shows it as more than planned: only then it is allocated. A figure that was read
before that may or may not hold the allocation: the order counts as well, until no newer figure can be on its way
(`settle_seconds`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, cast

import orjson
import structlog
from confluent_kafka import Message

from penstock.log.headers import Position, texts
from penstock.log.kafka import KafkaSettings
from penstock.log.loader import Loader
from penstock.log.replays import RESYNC
from penstock.log.xref import XrefStore
from penstock.records.ids import canonical_id
from penstock.sinks.known_orders import KnownOrders, number_of

log = structlog.get_logger()

CLOSED = {"cancelled", "refunded", "payment-error"}
FORGET_AFTER = timedelta(hours=1)

Instance = tuple[str, str]
"""(system, instance)"""


class Decoder(Protocol):
    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]: ...


@dataclass(slots=True)
class _Order:
    """What an order takes, and from which ERPs. added: what its last edit took more, and when.

    booked_at: when an ERP had it first. The link itself is told anew by an edit, and when a part that waited goes on.
    """

    lines: Mapping[str, Decimal]
    erps: frozenset[Instance]
    booked_at: dict[Instance, datetime] = field(default_factory=dict)
    edited_at: datetime | None = None
    added: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Held:
    order_id: str
    erp: Instance
    lines: Mapping[str, Decimal]


class OpenDemand:
    """Quantities per SKU of the orders of `shops` that an ERP has not booked.

    erps: how long after a booking a figure of this ERP may still be without it, in seconds.
    """

    def __init__(
        self,
        store: XrefStore,
        decoder: Decoder,
        shops: Collection[Instance],
        erps: Mapping[Instance, float],
        *,
        since: datetime,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._decoder = decoder
        self._shops = frozenset(shops)
        self._settle = {erp: timedelta(seconds=seconds) for erp, seconds in erps.items()}
        self._since = since
        self._now = now
        self._orders: dict[str, _Order] = {}
        self._known = KnownOrders()
        self._released_at: dict[int, datetime] = {}
        self._held: dict[str, _Held] = {}
        self._by_sku: dict[str, set[str]] = defaultdict(set)
        self._views: list[ShopDemand] = []
        self._orders_topic = self._status_topic = ""
        self._loader: Loader | None = None

    def of(self, shop: Instance) -> ShopDemand:
        """The demand as one shop's sink asks for it."""
        view = ShopDemand(self, shop)
        self._views.append(view)
        return view

    def open(self, settings: KafkaSettings) -> None:
        """Loads and follows orders and holds. Serve nothing before `loader` has caught up."""
        self._orders_topic = settings.topic("canonical.order")
        self._loader = Loader(settings, self.take, name="demand")
        self._status_topic = settings.topic("canonical.order-status")
        self._loader.follow(self._orders_topic, self._status_topic, settings.topic("hold"))

    @property
    def loader(self) -> Loader:
        if self._loader is None:
            raise RuntimeError("this demand is not fed from a log")
        return self._loader

    def unbooked(self, sku: str, observed_at: datetime, erp: Instance) -> Decimal:
        """Quantity that a figure of `erp`, read at `observed_at`, may not hold."""
        total = Decimal(0)
        for order_id in list(self._by_sku.get(sku, ())):
            total += self._open_quantity(order_id, sku, observed_at, erp)
        for held in list(self._held.values()):
            if held.order_id not in self._orders and held.erp == erp:
                total += held.lines.get(sku, Decimal(0))
        return total

    def seen(self, order_id: str) -> bool:
        """Is the order on the log, or held before it?"""
        return order_id in self._known

    def _open_quantity(self, order_id: str, sku: str, observed_at: datetime, erp: Instance) -> Decimal:
        """What of an order's quantity a figure read at `observed_at` may not hold."""
        order = self._orders.get(order_id)
        if order is None or erp not in order.erps:
            return Decimal(0)
        whole = order.lines.get(sku, Decimal(0))
        linked_at = self._store.linked_at("order", order_id, *erp)
        released_at = self._released_at.get(number_of(order_id))
        if linked_at is None or released_at is None:
            return whole
        booked_at = max(order.booked_at.setdefault(erp, linked_at), released_at)
        if order.edited_at is not None and order.edited_at > booked_at:
            open_quantity, booked_at = order.added.get(sku, Decimal(0)), linked_at
            if order.edited_at > linked_at:
                return open_quantity
        else:
            open_quantity = whole
        age = self._now() - booked_at
        if age > FORGET_AFTER and len(order.erps) == 1:
            self._forget(order_id)
        return open_quantity if booked_at > observed_at and age < self._settle[erp] else Decimal(0)

    def take_order(self, record: Mapping[str, Any], targets: Collection[str]) -> None:
        """`targets`: where the order is routed, each `system:instance`."""
        if not self._is_ours(record):
            return
        self._known.add(record["id"])
        known = self._forget(record["id"])
        before = known.lines if known is not None else {}
        self._change(before)
        erps = frozenset(erp for erp in self._settle if ":".join(erp) in targets)
        if record["status"] in CLOSED or record["deleted_at"] or record["placed_at"] < self._since or not erps:
            return
        lines: dict[str, Decimal] = defaultdict(Decimal)
        for line in record["lines"]:
            if line["sku"]:
                lines[line["sku"]] += line["quantity"]
        order = _Order(lines, erps, known.booked_at if known is not None else {})
        grown = {sku: quantity - before.get(sku, Decimal(0)) for sku, quantity in lines.items()}
        if before and (added := {sku: quantity for sku, quantity in grown.items() if quantity > 0}):
            order.edited_at, order.added = record["source"]["observed_at"], added
        self._orders[record["id"]] = order
        for sku in lines:
            self._by_sku[sku].add(record["id"])

    def _is_ours(self, record: Mapping[str, Any]) -> bool:
        return (record["source"]["system"], record["source"]["instance"]) in self._shops

    def _is_newest(self, order_id: str, raw: str | None) -> bool:
        """A replay, or a record that was held, may come behind a newer version of its order."""
        return raw is None or self._known.advance(order_id, Position.parse(raw))

    def take_status(self, record: Mapping[str, Any]) -> None:
        """A planned order is booked and allocates nothing, until it is released."""
        order_id = record["order_id"]
        if order_id is None:
            return
        if (order := self._orders.get(order_id)) is not None:
            self._change(order.lines)
        if record["status"] == "planned" and not record["deleted_at"]:
            self._released_at.pop(number_of(order_id), None)
        else:
            self._released_at.setdefault(number_of(order_id), record["source"]["observed_at"])

    def take_hold(self, key: str, value: bytes | None) -> None:
        if (held := self._held.pop(key, None)) is not None:
            self._change(held.lines)
        if value is None:
            return
        data = orjson.loads(value)
        if data["entity"] != "order":
            return
        self._known.add(data["canonical_id"])
        system, _, instance = data["target"].partition(":")
        lines = {sku: Decimal(text) for sku, text in (data.get("demand") or {}).items()}
        self._held[key] = _Held(data["canonical_id"], (system, instance), lines)

    def _change(self, skus: Collection[str]) -> None:
        for view in self._views:
            view.changed.update(skus)

    def _forget(self, order_id: str) -> _Order | None:
        order = self._orders.pop(order_id, None)
        for sku in order.lines if order is not None else ():
            self._by_sku[sku].discard(order_id)
        return order

    def take(self, messages: Sequence[Message]) -> None:
        """Records of the log. One that cannot be read is a dead letter elsewhere; the next one counts all the same."""
        for message in messages:
            try:
                self._take_one(message.topic() or "", message)
            except (ValueError, KeyError, TypeError) as error:
                log.warning(
                    "unreadable",
                    topic=message.topic(),
                    partition=message.partition(),
                    offset=message.offset(),
                    error=type(error).__name__,
                )

    def _take_one(self, topic: str, message: Message) -> None:
        value = message.value()
        if topic == self._orders_topic and value is not None:
            headers = texts(cast("list[tuple[str, bytes]]", message.headers() or []))
            if RESYNC not in headers:  # it goes to one target, and says nothing of the others
                record = self._decoder.decode(value)[1]
                if self._is_ours(record) and self._is_newest(record["id"], headers.get("raw")):
                    self.take_order(record, headers.get("targets", "").split(","))
        elif topic == self._status_topic and value is not None:
            self.take_status(self._decoder.decode(value)[1])
        elif topic not in {self._orders_topic, self._status_topic}:
            self.take_hold((message.key() or b"").decode("utf-8", "replace"), value)

    def close(self) -> None:
        if self._loader is not None:
            self._loader.close()


class ShopDemand:
    """The demand as one shop's sink asks for it (`lookup.Demand`)."""

    def __init__(self, demand: OpenDemand, shop: Instance) -> None:
        self._demand = demand
        self._shop = shop
        self.changed: set[str] = set()

    def unbooked(self, sku: str, observed_at: datetime, erp: Instance) -> Decimal:
        return self._demand.unbooked(sku, observed_at, erp)

    def seen(self, native_id: str) -> bool:
        return self._demand.seen(canonical_id(*self._shop, "order", native_id))

    def take_changed(self) -> set[str]:
        """SKUs whose demand has changed since this was asked last: their figures are to be looked at again."""
        changed, self.changed = self.changed, set()
        return changed
