"""Tasks as the sink runtime gives them, and a runtime that runs their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from penstock.connectors.contract import Decision, Done, Plan, StepResult, Task
from penstock.connectors.http import NotSentError
from penstock.connectors.prestashop.sink import PrestashopSink
from tests.unit.prestashop.fake_shop import FakeShop

SOURCE = {"system": "infor", "instance": "DALS", "native_id": "INV1/2"}


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


def task(
    entity: str,
    payload: Mapping[str, Any],
    *,
    log: Log | None = None,
    resuming: bool = False,
    mail: bool = False,
    **record: Any,
) -> Task:
    whole = {"id": "e1", "order_reference": "PS1-41", "order_id": None, "order_native_id": "SO1", "source": SOURCE}
    options = {"notify_customers": mail}
    return Task(entity, whole | record, payload, "event", None, log or Log(), options, resuming)


def status(state: str = "3", name: str = "processing", **more: Any) -> Task:
    return task("order-status", {"status": name, "state": state}, **more)


def shipment(*numbers: str, complete: bool = False, **more: Any) -> Task:
    return task("shipment", {"tracking_numbers": list(numbers), "complete": complete, "state": "4"}, **more)


def payment(amount: str = "65.76", **more: Any) -> Task:
    payload = {
        "amount": Decimal(amount), "currency": "EUR", "transaction_id": "DALS:INV1/2", "method": "ERP", "state": "2",
    }  # fmt: skip
    return task("payment", payload | more.pop("payload", {}), **more)


def stock(sku: str = "APR-SND", available: str = "12", warehouse: str = "MAIN", **more: Any) -> Task:
    return task("stock-level", {"sku": sku, "warehouse": warehouse, "available": Decimal(available)}, **more)


async def plan(sink: PrestashopSink, given: Task) -> Decision:
    return await sink.handlers[given.entity].plan(given)


async def run(sink: PrestashopSink, given: Task) -> list[StepResult]:
    """As the runtime does: find first where a step is a probe or the effect is resumed, then send."""
    decision = await plan(sink, given)
    assert isinstance(decision, Plan), decision
    results: list[StepResult] = []
    for step in decision.steps:
        found = await step.find() if step.find is not None else None
        results.append(found if found is not None else await step.send(Open()))
        if not isinstance(results[-1], Done):
            break
    return results


def unpaid(shop: FakeShop, state: int = 10) -> None:
    shop.row("orders", 41).update(current_state=state, total_paid_real="0.000000")
    shop.tables["order_payments"] = []


LINKED = Log(orders={"infor:DALS:customer:C1": "c9"}, natives={("customer", "c9"): "12"})


def customer(log: Log = LINKED, **payload: Any) -> Task:
    return task("customer", payload, log=log, source=SOURCE | {"native_id": "C1"})
