"""A target, a state and a journal in memory, for the protocol's unit tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.connectors.contract import (
    CheckResult,
    CustomerRequest,
    Decision,
    Done,
    Exists,
    Hold,
    Link,
    Notice,
    Plan,
    Step,
    StepKind,
    StepResult,
    Task,
)
from penstock.connectors.http import BusyError, LostReplyError, NotSentError
from penstock.log.headers import Position
from penstock.log.xref import XrefStore
from penstock.sinks.health import Health
from penstock.sinks.lookup import LogLookup, NoDemand
from penstock.sinks.model import Effect, Item
from penstock.sinks.protocol import EffectProtocol


def order_item(order: str = "A", offset: int = 0, event: str | None = None, **record: Any) -> Item:
    return Item(
        topic="canonical.order",
        partition=0,
        offset=offset,
        key=order.encode(),
        value=b"",
        headers={},
        entity="order",
        record={"id": order, **record},
        canonical_id=order,
        event_id=event or f"{order}-{offset}",
        position=Position("raw.shop.order", 0, offset),
        flow="test",
        order_id=order,
        document=f"PS1-{order}",
    )


@dataclass
class FakeTarget:
    """Orders by number with their lines.

    `faults` are taken one per write: lost-before, lost-after, refuse, busy, locked, locked for long, closed,
    later, boom.
    """

    keyed: bool = True
    searchable: bool = True
    orders: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    hold: Hold | None = None
    """What the target says of the last line, as long as it is set."""
    writes: int = 0
    reads: int = 0

    def write(self, row: dict[str, Any]) -> StepResult:
        fault = self.faults.pop(0) if self.faults else ""
        self.writes += 1
        if fault == "busy":
            raise NotSentError("429", 0.0)
        if fault == "lost-before":
            raise LostReplyError("reset before the target saw it")
        if fault == "boom":
            raise ZeroDivisionError("a bug in the connector")
        if fault == "refuse":
            return Hold("Item X is not on file")
        if fault == "closed":
            raise BusyError("503 EXCLUSIVE_MODE", 3600.0, closed=True)
        if fault == "later":
            raise NotSentError("503 EXCLUSIVE_MODE", 3600.0)
        if fault == "locked for long":
            raise BusyError("423 RECORD_LOCKED", 600.0)
        if fault == "locked":
            raise BusyError("423 RECORD_LOCKED", 0.01)
        if self.hold is not None and row["line"] == 2:
            return self.hold
        if self.keyed and any(self.same(row, known) for known in self.orders):
            return Exists()
        self.orders.append(row)
        if fault == "lost-after":
            raise LostReplyError("reply lost")
        return Done(row["no"], "200")

    @staticmethod
    def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
        return (one["no"], one["line"]) == (other["no"], other["line"])


class OrderHandler:
    """Header and two lines."""

    entity = "order"
    mapping = None
    fresh = False

    def __init__(self, target: FakeTarget) -> None:
        self._target = target
        self.decision: Decision | None = None
        self.tasks: list[Task] = []

    async def plan(self, task: Task) -> Decision:
        self.tasks.append(task)
        if self.decision is not None:
            return self.decision
        number = str(task.record["id"])
        return Plan([self._step(number, line) for line in (0, 1, 2)], native_id=number)

    def _step(self, number: str, line: int) -> Step:
        row = {"no": number, "line": line}

        async def send(window: Any) -> StepResult:
            window.check()
            return self._target.write(row)

        async def find() -> Done | None:
            self._target.reads += 1
            return Done(number) if any(self._target.same(row, known) for known in self._target.orders) else None

        kind: StepKind = "keyed" if self._target.keyed else "probe"
        return Step(f"line-{line}", kind, send, find if self._target.searchable else None)


class FakeSink:
    system = "erp"
    instance = "1"
    send_window = 5.0
    answer_window = 0.01

    def __init__(self, handler: OrderHandler) -> None:
        self.handlers = {"order": handler}

    async def check(self) -> list[CheckResult]:
        return []

    async def close(self) -> None:
        return None


class Memory:
    """State and journal in one: what would be on the log."""

    def __init__(self) -> None:
        self.effects: dict[str, Effect] = {}
        self.log: list[tuple[str, Any]] = []
        self.fates: list[tuple[str, str]] = []
        self.holds: dict[str, Hold] = {}
        self.alerts: list[tuple[Notice, str]] = []
        self.store = XrefStore()
        self.newer = False

    def effect_of(self, item: Item) -> Effect | None:
        return self.effects.get(item.canonical_id)

    def newer_entry(self, item: Item) -> bool:
        return self.newer

    def epoch(self, partition: int) -> int:
        return 7

    def lookup(self, item: Item) -> LogLookup:
        return LogLookup(self.store, NoDemand(), "erp", "1", item)


class StateView:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.newer_entry = memory.newer_entry
        self.epoch = memory.epoch
        self.lookup = memory.lookup

    def effect(self, item: Item) -> Effect | None:
        return self._memory.effect_of(item)


class FakeJournal:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def effect(self, item: Item, effect: Effect) -> None:
        self._memory.effects[item.canonical_id] = effect
        self._memory.log.append((f"effect-{effect.state}", item.event_id))

    async def intent(self, item: Item, effect: Effect) -> None:
        await self.effect(item, effect)

    async def links(self, item: Item, links: list[Link]) -> None:
        self._memory.log.append(("xref", [link.native_id for link in links]))

    async def refuse_customer(self, item: Item, reason: str) -> None:
        self._memory.log.append(("refused", reason))

    async def request_customer(self, item: Item, request: CustomerRequest) -> None:
        self._memory.log.append(("request", request.match_key))

    async def fate(self, item: Item, state: str, reason: str, native_id: str | None = None) -> None:
        self._memory.fates.append((item.event_id, state))
        self._memory.log.append((f"fate-{state}", item.event_id))

    async def hold(self, item: Item, held: Hold) -> str:
        known = self._memory.holds.get(item.event_id)
        if known == held:
            return "same"
        self._memory.holds[item.event_id] = held
        self._memory.log.append(("hold", held.reason))
        return "changed" if known is not None and known.rule == held.rule else "new"

    async def tell(self, item: Item, notice: Notice, rule: str = "") -> None:
        self._memory.alerts.append((notice, rule))

    async def left(self, item: Item, fields: list[str], why: str) -> None:
        self._memory.log.append(("left", fields))

    async def settle_older(self, item: Item) -> None:
        return None

    async def close_entries(self, item: Item) -> None:
        self._memory.holds.pop(item.event_id, None)
        self._memory.log.append(("close", item.event_id))


async def no_alert(kind: str, priority: int, reason: str, seconds: float) -> None:
    return None


def protocol(
    target: FakeTarget, memory: Memory, *, shadow: bool = False, health: Health | None = None, **more: Any
) -> tuple[EffectProtocol, OrderHandler]:
    handler = OrderHandler(target)

    def payload(item: Item, _handler: object, _lookup: object) -> Mapping[str, Any]:
        return item.record

    made = EffectProtocol(
        FakeSink(handler),  # type: ignore[arg-type]
        StateView(memory),
        FakeJournal(memory),
        health or Health("erp:1", no_alert),
        payload_of=payload,
        options={},
        shadow=shadow,
        now=lambda: "2026-01-01T00:00:00Z",
        **more,
    )
    return made, handler
