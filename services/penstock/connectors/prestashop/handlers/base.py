"""What all handlers share: finding the shop's order, and turning the shop's refusals into typed outcomes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from penstock.connectors.contract import (
    Decision,
    Done,
    Hold,
    Retry,
    SendWindow,
    Settled,
    Step,
    StepKind,
    StepResult,
    Task,
    Untold,
)
from penstock.connectors.prestashop.client import Shop, ShopRefusedError
from penstock.connectors.prestashop.reference import ReferenceData
from penstock.connectors.prestashop.xmlbody import UnwritableTextError

Find = Callable[[], Awaitable[Done | Hold | Retry | None]]
Send = Callable[[SendWindow], Awaitable[StepResult]]
Rehearse = Callable[[SendWindow], Awaitable[StepResult | Untold]]


class ShopHandler(ABC):
    """Applies one canonical entity to a shop."""

    entity: str = ""
    mapping: str | None = None
    fresh: bool = False

    def __init__(self, shop: Shop, reference: ReferenceData) -> None:
        self.shop = shop
        self.reference = reference
        self.settings = shop.settings

    async def plan(self, task: Task) -> Decision:
        try:
            return await self.decide(task)
        except (ShopRefusedError, UnwritableTextError) as error:
            return refused(error)

    @abstractmethod
    async def decide(self, task: Task) -> Decision:
        """As `plan`; a refusal of the shop may be raised."""

    def order_of(self, task: Task) -> str | Settled:
        """The shop's id of the order that an ERP document belongs to: by our reference, then by cross-reference."""
        record, lookup = task.record, task.lookup
        reference = record.get("order_reference")
        if reference:
            tag, _, native_id = str(reference).rpartition("-")
            if tag == self.settings.tag and native_id.isascii() and native_id.isdigit():
                return native_id
            return Settled("not-ours", f"the reference {reference} is not of this shop ({self.settings.tag})")
        order_id = record.get("order_id")
        if order_id is None and record.get("order_native_id"):
            source = record["source"]
            order_id = lookup.canonical_of(
                "order", str(record["order_native_id"]), system=source["system"], instance=source["instance"]
            )
        if order_id is not None:
            found = lookup.native_in("order", order_id, system="prestashop", instance=self.settings.instance)
            if found is not None:
                return found
        return Settled("not-ours", f"order {record.get('order_native_id') or 'unnamed'} did not come from this shop")


def refused(error: Exception) -> Hold:
    """The shop will not take it, and says so only by codes: a person must look."""
    return Hold(f"the shop refuses the write: {error}")


def step(name: str, kind: StepKind, send: Send, find: Find | None = None, rehearse: Rehearse | None = None) -> Step:
    """A step whose refusals by the shop are held; lost replies and closed windows stay the runtime's."""

    async def guarded(window: SendWindow) -> StepResult:
        try:
            return await send(window)
        except (ShopRefusedError, UnwritableTextError) as error:
            return refused(error)

    async def found() -> Done | Hold | Retry | None:
        if find is None:
            return None
        try:
            return await find()
        except ShopRefusedError as error:
            return refused(error)

    return Step(name, kind, guarded, None if find is None else found, rehearse)
