"""Books of a flow in memory: orders through the flow's own transform, what its sinks say, and what the systems list."""

from __future__ import annotations

import asyncio
import copy
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import orjson

from penstock.audit.kafkalog import Log
from penstock.audit.ledger import Place
from penstock.audit.listing import Listing
from penstock.audit.model import Statement, Window
from penstock.audit.run import Audit, Times
from penstock.connectors.contract import Listed
from penstock.flow.flow import Flow, System
from penstock.flow.load import load_flow
from penstock.log.fates import Fate, FateState
from penstock.log.headers import Headers, Position, RawHeaders
from penstock.log.wire import Codec
from penstock.log.xref import Link, link_records
from penstock.processors.stage import Incoming, outputs_of
from penstock.processors.transform import Names, Transform
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef, Part, RawDocument
from penstock.rules.validate import Policy
from tests.unit.clarity.rows import ORDER as CLARITY_ORDER
from tests.unit.log.test_wire import FakeRegistry
from tests.unit.processors.shop_documents import order as prestashop_order

AT = datetime(2026, 3, 4, 9, 6, tzinfo=UTC)
"""When everything of these books happened."""
NOW = AT + timedelta(hours=1)
ALL = Window()
AT_ONCE = Times(grace=0.0, again=(0.0, 0.0))

PART = {"total": "0.01", "tax": "0.00", "quantity": "1"}
"""Of the second of two documents."""

Change = Callable[[dict[str, Any]], object]
"""Of the shop's document: its tables (PrestaShop), its order (Clarity)."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the log, as the client gives it."""

    topic: str
    place: int
    its_key: bytes
    its_value: bytes | None
    its_headers: RawHeaders
    at: datetime

    def key(self) -> bytes:
        return self.its_key

    def value(self) -> bytes | None:
        return self.its_value

    def headers(self) -> RawHeaders:
        return self.its_headers

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.place

    def timestamp(self) -> tuple[int, int]:
        return 1, int(self.at.timestamp() * 1000)


class MemoryLog:
    """A `Log`. `committed`: what `passed` says."""

    prefix = ""

    def __init__(self) -> None:
        self.topics: defaultdict[str, list[Record]] = defaultdict(list)
        self.committed: bool | None = None

    def append(self, topic: str, key: bytes, value: bytes | None, headers: RawHeaders = (), at: datetime = AT) -> None:  # type: ignore[assignment]
        records = self.topics[topic]
        records.append(Record(topic, len(records), key, value, list(headers), at))

    def batches(self, topic: str, since: datetime | None) -> Iterator[Sequence[Record]]:
        yield [each for each in self.topics[topic] if since is None or each.at >= since]

    def passed(self, target: str, place: Place) -> bool | None:
        return self.committed


class Books:
    """One flow, its log, and what its shop (`shop`, `stock`) and its ERP (`erp`) list, by native id."""

    def __init__(self, flow: Flow, codec: Codec) -> None:
        self.flow, self.codec = flow, codec
        self.log = MemoryLog()
        self.shop_system, self.erp_system = flow.shops[0], flow.erps[0]
        self._transform = Transform(flow, codec, Names("", 4), Policy.model_validate(flow.file.validation))
        self.shop: dict[str, Listed] = {}
        self.stock: dict[str, Listed] = {}
        self.erp: dict[str, Listed] = {}
        self.looks = 0
        self.between: Callable[[], object] = lambda: None

    # --- the shop's side

    def ref(self, number: int) -> str:
        return f"{self.shop_system.tag}-{number}"

    def order_id(self, number: int) -> str:
        return canonical_id(self.shop_system.name, self.shop_system.instance, "order", str(number))

    def event(self, number: int, version: int = 1) -> str:
        return f"{self.shop_system.target}:order:{number}:{version}"

    def read(self, number: int, change: Change = lambda _: None, version: int = 1, at: datetime = AT) -> dict[str, Any]:
        """Extraction and processors: the order is on the log, with what the processors make of it. Gives the canonical
        record; an empty dict when there is none."""
        raw = self._raw(number, change)
        made = self._incoming(raw, self.event(number, version), at)
        canonical: dict[str, Any] = {}
        for out in outputs_of(
            made, self._transform, "dlq.processors", "processors", lambda _: None, self._transform.epitaph
        ):
            self.log.append(out.topic, out.key, out.value, list(out.headers), at)
            if out.topic == "canonical.order":
                canonical = self.codec.decode(out.value or b"")[1]
        if canonical:
            self.shop[str(number)] = self.shown_by_shop(number, canonical)
        return canonical

    def shown_by_shop(self, number: int, record: Mapping[str, Any]) -> Listed:
        totals = record["totals"]
        facts = {
            "currency": record["currency"],
            "total": f"{totals['gross']:f}",
            "state": record["source_status"],
        }
        return Listed("order", str(number), None, record["placed_at"], facts)

    def _incoming(self, raw: RawDocument, event: str, at: datetime) -> Incoming:
        topic = f"raw.{raw.ref.system}.{raw.ref.entity}"
        headers = Headers(
            ce_id=event,
            ce_source=f"{raw.ref.system}:{raw.ref.instance}",
            ce_type=f"penstock.{topic}",
            ce_time=at,
            flow=self.flow.name,
        ).encode()
        self.log.append(topic, raw.ref.key.encode(), raw.to_bytes(), headers, at)
        return Incoming(topic, 0, len(self.log.topics[topic]) - 1, raw.ref.key.encode(), raw.to_bytes(), headers)

    def _raw(self, number: int, change: Change) -> RawDocument:
        system = self.shop_system
        ref = EntityRef(system.name, system.instance, "order", str(number))
        if system.name == "prestashop":

            def numbered(tables: dict[str, Any]) -> None:
                change(tables)
                tables["orders"][0]["id"] = number

            return replace(prestashop_order(numbered), ref=ref)
        order = copy.deepcopy(CLARITY_ORDER) | {"id": number, "placedDate": "2026-03-04T09:05:02Z"}
        change(order)
        part = Part("order", "/orders", 200, "application/json", AT.isoformat(), orjson.dumps(order))
        return RawDocument(ref, (part,), "1")

    # --- what the sinks say

    def fate(
        self, event: str, canonical: str, state: str, target: str = "", reason: str = "", native_id: str | None = None,
        at: datetime = AT, entity: str = "order",
    ) -> None:  # fmt: skip
        name = target or self.erp_system.target
        fate = Fate(event, canonical, name, FateState(state), reason, f"sinks/{name}", entity, at, 1, native_id)
        self.log.append("fate", *fate.encode(), at=at)

    def link(self, number: int, native_id: str) -> None:
        erp = self.erp_system
        for each in link_records(Link("order", self.order_id(number), erp.name, erp.instance, native_id, AT)):
            self.log.append(each.topic, each.key, each.value)

    def booked(self, number: int, change: Change = lambda _: None, **facts: str) -> str:
        """An order from the shop to the ERP, once. Gives its number there. `facts` are of the ERP's document."""
        record = self.read(number, change)
        native_id = f"E{number}"
        self.apply(number, native_id)
        self.erp[native_id] = self.document(number, native_id, record, **facts)
        return native_id

    def apply(self, number: int, native_id: str, version: int = 1, state: str = "applied") -> None:
        self.link(number, native_id)
        self.fate(self.event(number, version), self.order_id(number), state, native_id=native_id)

    def cancelled(self, number: int) -> None:
        """Booked, cancelled in the shop, and deleted in the ERP."""
        native_id = self.booked(number)
        self.read(number, self.cancelling(), version=2)
        self.apply(number, native_id, version=2)
        del self.erp[native_id]

    def cancelling(self) -> Change:
        if self.shop_system.name == "prestashop":
            return lambda tables: tables["orders"][0].update(current_state=6)
        return lambda order: order.update(status="Cancelled")

    def in_parts(self, number: int) -> None:
        """Two documents of the ERP, with a cent in the second."""
        record = self.read(number)
        whole = self.document(number, "", record).facts
        less = {name: str(Decimal(whole[name]) - Decimal(off)) for name, off in PART.items()}
        for native_id, facts in ((f"E{number}", less), (f"X{number}", PART)):
            self.apply(number, native_id)
            self.erp[native_id] = self.document(number, native_id, record, **facts)

    def document(self, number: int, native_id: str, record: Mapping[str, Any], **facts: str) -> Listed:
        """As the ERP lists it, with the shop's own amounts unless `facts` say otherwise."""
        shown = {
            "currency": record["currency"],
            "total": f"{record['totals']['gross']:.2f}",
            "tax": f"{record['totals']['tax']:.2f}",
            "quantity": f"{sum(line['quantity'] for line in record['lines']):f}",
            "state": "O",
        }
        return Listed("order", native_id, self.ref(number), AT, shown | facts)

    def erp_says(self, entity: str, native_id: str, fate: str, name: str, at: datetime = AT, **fields: Any) -> None:
        """A canonical record of the ERP, and its fate at the shop."""
        erp = self.erp_system
        raw_entity = next(raw for raw, canonical in erp.spec.reads.items() if canonical == entity)
        event = f"{erp.target}:{raw_entity}:{native_id}:{len(self.log.topics[f'canonical.{entity}'])}"
        own = canonical_id(erp.name, erp.instance, entity, native_id)
        source = {"system": erp.name, "instance": erp.instance, "native_id": native_id, "version": None,
                  "observed_at": at}  # fmt: skip
        record = {"id": own, "source": source, "deleted_at": None, "extras": {}, **fields}
        ref = EntityRef(erp.name, erp.instance, raw_entity, native_id)
        made = self._incoming(RawDocument(ref), event, at)
        targets = (self.shop_system.target,)
        headers = Headers(
            ce_id=event, ce_source=erp.target, ce_type=f"penstock.canonical.{entity}", ce_time=at,
            raw=Position(made.topic, made.partition, made.offset), flow=self.flow.name, targets=targets,
            config_version=self.flow.config_version,
        ).encode()  # fmt: skip
        key = str(fields.get("order_id") or own).encode()
        self.log.append(f"canonical.{entity}", key, self.codec.encode(name, record), headers, at)
        self.fate(
            event,
            own,
            fate,
            self.shop_system.target,
            entity=entity,
            at=at,
            reason="booking: units are unbooked" if fate == "waiting" else "",
        )

    def status(
        self, number: int, status: str, source_status: str = "O", fate: str = "applied", native_id: str = ""
    ) -> None:
        self.erp_says(
            "order-status", native_id or f"E{number}", fate, "OrderStatus", order_id=self.order_id(number),
            order_reference=self.ref(number), order_native_id=f"E{number}", status=status,
            source_status=source_status, on_hold=False, hold_reason=None, changed_at=AT,
        )  # fmt: skip

    def stock_figure(
        self, sku: str, available: str, warehouse: str, *, shown: str | None = None, state: str = "applied"
    ) -> None:
        amounts = dict.fromkeys(("on_hand", "allocated", "reserved"), Decimal(0))
        self.erp_says(
            "stock-level", f"{sku}|{warehouse}", state, "StockLevel", sku=sku, warehouse=warehouse,
            available=Decimal(available), **amounts,
        )  # fmt: skip
        facts = {"sku": sku, "available": shown or available}
        self.stock[sku] = Listed("stock", sku, None, None, facts)

    def invoice(self, number: int, total: str, at: datetime = AT, currency: str = "EUR") -> None:
        self.erp_says(
            "invoice", f"I{number}-{len(self.log.topics['canonical.invoice'])}", "applied", "Invoice",
            order_id=self.order_id(number), order_reference=self.ref(number), order_native_id=f"E{number}",
            number=f"I{number}", invoiced_at=at, due_at=None, currency=currency, total=Decimal(total), tax=None,
            freight=None, lines=[],
        )  # fmt: skip

    def payment(self, number: int, amount: str, at: datetime = AT) -> None:
        self.erp_says(
            "payment", f"P{number}-{len(self.log.topics['canonical.payment'])}", "applied", "Payment",
            order_id=self.order_id(number), order_reference=self.ref(number), order_native_id=f"E{number}",
            currency="EUR", amount=Decimal(amount), method="card", invoice_number=f"I{number}", received_at=at,
            open_after=None,
        )  # fmt: skip

    # --- the audit

    async def lists(self, flow: Flow, window: Window) -> list[Listing]:
        self.looks += 1
        if self.looks > 1:
            self.between()
        return [
            self._listing(self.shop_system, {"order": list(self.shop.values()), "stock": list(self.stock.values())}),
            self._listing(self.erp_system, {"order": list(self.erp.values())}),
        ]

    def _listing(self, system: System, documents: Mapping[str, Sequence[Listed]]) -> Listing:
        return Listing(system, NOW, documents)

    def audit(self, window: Window = ALL, times: Times = AT_ONCE, log: Log | None = None) -> Statement:
        made = Audit(self.flow, log or self.log, self.codec, times=times, lists=self.lists, now=lambda: NOW)
        return asyncio.run(made.run(window))


@cache
def _loaded(flow: str) -> tuple[Flow, Codec]:
    return load_flow(flow), Codec(FakeRegistry(), register=True)


def books_of(flow: str) -> Books:
    return Books(*_loaded(flow))
