"""A target with the semantics of the real ones: enforced keys, a ladder of states without a key, absolute writes.

What a handler reads and writes, it does as the connectors of Infor, Sage 100, Clarity and PrestaShop do; see there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from penstock.connectors.contract import (
    CheckResult,
    CustomerRequest,
    Decision,
    Done,
    Exists,
    Hold,
    Link,
    Plan,
    Retry,
    SendWindow,
    Settled,
    Step,
    StepKind,
    StepResult,
    Task,
    Wait,
)
from penstock.connectors.http import BusyError, LostReplyError, NotSentError

CALL = 0.02
"""Seconds that a call takes each way."""
LATE = 2.0
"""Seconds after which a target may still do what nobody waits for any more; the answer window is longer."""
Row = dict[str, Any]


class Target:
    """What stands in it. `faults` are taken one per write, `outages` one per read."""

    def __init__(self) -> None:
        self.customers: dict[str, str] = {}
        self.orders: dict[str, Row] = {}
        self.lines: dict[str, Row] = {}
        self.shipments: dict[str, Row] = {}
        self.payments: list[tuple[str, int]] = []
        self.states: dict[str, list[int]] = {}
        self.fields: dict[str, Any] = {}
        self.blocked: set[str] = set()
        self.faults: list[str] = []
        self.outages: list[str] = []

    async def read(self) -> None:
        await asyncio.sleep(CALL)
        fault = self.outages.pop(0) if self.outages else ""
        if fault == "down":
            raise NotSentError("503")
        if fault == "boom":
            raise ZeroDivisionError("a bug in the connector")
        await asyncio.sleep(CALL)

    async def write(self, window: SendWindow, commit: Callable[[], StepResult]) -> StepResult:
        """The look at the window and the leaving of the request are one moment; docs/delivery.md has the other case."""
        await asyncio.sleep(CALL)
        window.check()
        fault = self.faults.pop(0) if self.faults else ""
        match fault:
            case "busy":
                raise BusyError("429", 0.5)
            case "boom":
                raise ZeroDivisionError("a bug in the connector")
            case "lost-before":
                await asyncio.sleep(CALL)
                raise LostReplyError("reset before the target saw it")
            case "late":
                asyncio.get_running_loop().call_later(LATE, commit)
                await asyncio.sleep(CALL)
                raise LostReplyError("timed out, and done later")
        result = commit()
        await asyncio.sleep(CALL)
        if fault == "lost-after":
            raise LostReplyError("done, and the reply was lost")
        return result

    def step(
        self, name: str, kind: StepKind, commit: Callable[[], StepResult], there: Callable[[], bool | Retry] | None
    ) -> Step:
        async def send(window: SendWindow) -> StepResult:
            return await self.write(window, commit)

        async def find() -> Done | Hold | Retry | None:
            await self.read()
            found = there() if there is not None else False
            if isinstance(found, Retry):
                return found
            return Done(reply=f"{name} is there") if found else None

        return Step(name, kind, send, find if there is not None else None)

    def keyed(self, name: str, table: dict[str, Row], key: str, row: Row, *, whole: bool = False) -> Step:
        """An insert under a key that the target enforces. `whole`: a row with other content is no hit."""

        def commit() -> StepResult:
            if key in table:
                return Exists()
            table[key] = dict(row)
            return Done(key, f"{name} added")

        def there() -> bool | Retry:
            if key not in table:
                return False
            return Retry(f"{name} is there with other content", 0.1) if whole and table[key] != row else True

        return self.step(name, "keyed", commit, there)

    def change(self, name: str, commit: Callable[[], object]) -> Step:
        def done() -> StepResult:
            commit()
            return Done(reply=name)

        return self.step(name, "absolute", done, None)

    def enter(self, order: str, rank: int) -> Step:
        """One more row of the order's history of states: without a key, looked for before and after."""

        def commit() -> StepResult:
            self.states.setdefault(order, []).append(rank)
            return Done(reply=f"state {rank}")

        return self.step("state", "probe", commit, lambda: self.rank(order) >= rank)

    def rank(self, order: str) -> int:
        return max(self.states.get(order, ()), default=0)


class TargetHandler:
    """Plans of one entity. `plan` reads the target first, as the connectors do."""

    mapping: str | None = None
    fresh = False

    def __init__(self, entity: str, target: Target, decide: Callable[[Target, Task], Decision]) -> None:
        self.entity = entity
        self._target = target
        self._decide = decide

    async def plan(self, task: Task) -> Decision:
        await self._target.read()
        return self._decide(self._target, task)


def order(target: Target, task: Task) -> Decision:
    record, number = task.record, str(task.record["id"])
    if number in target.blocked:
        return Hold("2 of 5 are there", "stock", clears_on="stock", after=5.0)
    row = target.orders.get(number) if task.previous is not None or task.resuming else None
    if record["state"] == "cancelled":
        if row is None or row.get("stopped"):
            return Settled("unchanged", "cancelled, and nothing is open", number)
        return Plan([target.change("stop", lambda: target.orders[number].update(stopped=True))], number)
    if row is None and task.previous is not None and not task.resuming:
        return Hold("it was booked and is no longer there")
    customer = task.lookup.xref("customer", record["customer_id"])
    if customer is None or customer.native_id is None:
        request = CustomerRequest(record["customer_id"], record["customer_id"], {})
        return Wait("customer", "not there yet", 2.0, request)
    content = {name: record[name] for name in ("quantity", "note", "state")}
    line = {"quantity": record["quantity"]}
    release = target.change("release", lambda: target.orders[number].update(content, released=True))
    if row is None:
        return Plan(
            [target.keyed("header", target.orders, number, content), _line(target, number, line), release], number
        )
    written = target.lines.get(f"{number}/1")
    if written is None:
        return Plan([_line(target, number, line), release], number)
    return Plan([target.change("line", lambda: written.update(line)), release], number)


def _line(target: Target, number: str, line: Row) -> Step:
    return target.keyed("line", target.lines, f"{number}/1", line, whole=True)


def customer_request(target: Target, task: Task) -> Decision:
    key = str(task.record["customer_id"])

    def commit() -> StepResult:
        if key in target.customers:
            return Exists()
        target.customers[key] = f"C-{key}"
        return linked()

    def linked() -> Done:
        return Done(f"C-{key}", "customer", (Link("customer", key, f"C-{key}"),))

    async def find() -> Done | Hold | Retry | None:
        await target.read()
        return linked() if key in target.customers else None

    step = target.step("bill-to", "keyed", commit, None)
    return Plan([Step(step.name, step.kind, step.send, find)])


def order_status(target: Target, task: Task) -> Decision:
    number, rank = str(task.record["order_id"]), int(task.record["rank"])
    here = target.rank(number)
    if here == rank:
        return Settled("unchanged", "the shop is there", number)
    if here > rank:
        return Settled("superseded", "the shop is past it", number)
    return Plan([target.enter(number, rank)], number)


def shipment(target: Target, task: Task) -> Decision:
    record, key = task.record, str(task.record["id"])
    number = str(record["order_id"])
    if number not in target.orders:
        return Wait("order-booked", "its order is not there yet", 2.0)
    present = target.shipments.get(key)
    steps = [target.keyed("shipment", target.shipments, key, {"tracking": record["tracking"]})] if not present else []
    if present is None or present["tracking"] != record["tracking"]:
        steps.append(target.change("tracking", lambda: target.shipments[key].update(tracking=record["tracking"])))
    if record["complete"] and target.rank(number) < SHIPPED:
        steps.append(target.enter(number, SHIPPED))
    return Plan(steps, key) if steps else Settled("unchanged", "the shop shows it", key)


SHIPPED = 4


def payment(target: Target, task: Task) -> Decision:
    row = (str(task.record["id"]), int(task.record["amount"]))
    if row in target.payments:
        return Settled("unchanged", "the shop has it")

    def commit() -> StepResult:
        target.payments.append(row)
        return Done(reply="payment")

    return Plan([target.step("part", "probe", commit, lambda: row in target.payments)])


def attribute(name: str) -> Callable[[Target, Task], Decision]:
    """An absolute field under the document's id."""

    def decide(target: Target, task: Task) -> Decision:
        key, value = str(task.record["id"]), task.record[name]
        if target.fields.get(key) == value:
            return Settled("unchanged", "it agrees", key)
        return Plan([target.change(name, lambda: target.fields.update({key: value}))], key)

    return decide


class TargetSink:
    """A `Sink` of the target."""

    system = "erp"
    instance = "1"
    send_window = 4.0
    answer_window = 3.0

    def __init__(self, target: Target) -> None:
        decisions: dict[str, Callable[[Target, Task], Decision]] = {
            "order": order,
            "customer-request": customer_request,
            "order-status": order_status,
            "shipment": shipment,
            "payment": payment,
            "invoice": attribute("total"),
            "refund": attribute("amount"),
            "stock-level": attribute("available"),
        }
        self.handlers = {entity: TargetHandler(entity, target, decide) for entity, decide in decisions.items()}
        self.handlers["stock-level"].fresh = True

    async def check(self) -> Sequence[CheckResult]:
        return []

    async def close(self) -> None:
        return None
