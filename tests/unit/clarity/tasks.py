"""Tasks as the sink runtime gives them, and a runtime that runs their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from penstock.connectors.clarity.sink import ClaritySink
from penstock.connectors.contract import Decision, Done, Exists, Plan, StepResult, Task
from penstock.connectors.http import NotSentError

OLD = datetime(2025, 3, 5, 6, 0, tzinfo=UTC)
SOURCE = {"system": "sage100", "instance": "ABC", "native_id": "DLV-80012", "observed_at": OLD}


@dataclass
class Log:
    """A cross-reference in memory."""

    orders: dict[str, str] = field(default_factory=dict)
    natives: dict[tuple[str, str], str] = field(default_factory=dict)
    open_quantity: Mapping[str, Decimal] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()

    def xref(self, entity: str, canonical_id: str) -> None:
        return None

    def canonical_of(self, entity: str, native_id: str, *, system: str, instance: str) -> str | None:
        return self.orders.get(f"{system}:{instance}:{entity}:{native_id}")

    def native_in(self, entity: str, canonical_id: str, *, system: str, instance: str) -> str | None:
        return self.natives.get((entity, canonical_id))

    def unbooked(self, sku: str) -> Decimal:
        return self.open_quantity.get(sku, Decimal(0))

    def seen(self, native_id: str) -> bool:
        return native_id not in self.unseen


class Open:
    def check(self) -> None: ...


class Closed:
    def check(self) -> None:
        raise NotSentError("the send window is closed")


def task(entity: str, payload: Mapping[str, Any], *, log: Log | None = None, **more: Any) -> Task:
    """`more`: fields of the record; `mail`, `not_ours`, `event`, `previous` go to the task."""
    options = {"notify_customers": more.pop("mail", False)}
    not_ours, event = frozenset(more.pop("not_ours", ())), more.pop("event", "event-1")
    previous = more.pop("previous", None)
    record = {"id": "e1", "order_reference": "CL1-5120", "order_id": None, "order_native_id": "W0003Y8"}
    record |= {"source": SOURCE, "deleted_at": None} | more
    return Task(entity, record, payload, event, previous, log or Log(), options, not_ours=not_ours)


def status(name: str = "Processing", number: str | None = "W0003Y8", word: str = "O", **more: Any) -> Task:
    return task("order-status", {"status": name, "erp_number": number, "erp_status": word}, **more)


def shipment(*lines: tuple[str | None, str, str], **more: Any) -> Task:
    """Lines are (order line, sku, quantity)."""
    payload: dict[str, Any] = {
        "key": "DLV-80012",
        "carrier": "UPS",
        "service": "Ground",
        "tracking_numbers": ["1Z999AA10123456784"],
        "shipped_at": "2025-03-05T18:20:00Z",
        "complete": False,
        "lines": [{"order_line": n, "sku": sku, "quantity": Decimal(q)} for n, sku, q in lines],
    }
    return task("shipment", payload | more.pop("payload", {}), **more)


def stock(sku: str = "APR-SND", available: str = "12", location: str = "AUS-1", **more: Any) -> Task:
    payload = {"sku": sku, "location": location, "available": Decimal(available)}
    return task("stock-level", payload, warehouse="000", **more)


def price(sku: str = "APR-SND", sale: str | None = None, customer: str | None = None, **more: Any) -> Task:
    payload = {"sku": sku, "currency": "USD", "list": Decimal("24.90"), "customer": customer}
    return task("price", payload | {"sale": Decimal(sale) if sale else None}, **more)


async def plan(sink: ClaritySink, given: Task) -> Decision:
    return await sink.handlers[given.entity].plan(given)


async def run(sink: ClaritySink, given: Task, *, resuming: bool = False) -> list[StepResult]:
    """As the runtime does: find first where the effect is resumed, then send; find what exists."""
    decision = await plan(sink, given)
    assert isinstance(decision, Plan), decision
    results: list[StepResult] = []
    for step in decision.steps:
        found = await step.find() if step.find is not None and resuming else None
        result = found if found is not None else await step.send(Open())
        if isinstance(result, Exists):
            assert step.find is not None
            result = await step.find() or result
        results.append(result)
        if not isinstance(result, Done):
            break
    return results
