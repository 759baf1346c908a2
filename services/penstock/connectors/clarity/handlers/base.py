"""What all handlers share: finding the shop's order, and turning the shop's refusals into typed outcomes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from penstock.connectors.clarity.client import Shop
from penstock.connectors.clarity.errors import RefusedError
from penstock.connectors.clarity.handlers.order import ShopOrder
from penstock.connectors.contract import (
    Decision,
    Done,
    Exists,
    Hold,
    Retry,
    SendWindow,
    Settled,
    Step,
    StepKind,
    StepResult,
    Task,
    Untold,
    Wait,
)

Find = Callable[[], Awaitable[Done | Hold | Retry | None]]
Send = Callable[[SendWindow], Awaitable[StepResult]]
Rehearse = Callable[[SendWindow], Awaitable[StepResult | Untold]]


class ShopHandler(ABC):
    """Applies one canonical entity."""

    entity: str = ""
    mapping: str | None = None
    fresh: bool = False

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.settings = shop.settings

    async def plan(self, task: Task) -> Decision:
        try:
            return await (self.remove(task) if task.record.get("deleted_at") else self.decide(task))
        except RefusedError as error:
            return Hold(f"the shop refuses to be read: {error}")

    @abstractmethod
    async def decide(self, task: Task) -> Decision:
        """As `plan`; a refusal of the shop may be raised."""

    async def remove(self, task: Task) -> Decision:
        """The ERP has deleted the document."""
        if task.previous is None:
            return Settled("gone", "the ERP deleted it before it was written to the shop")
        return Hold(
            f"the ERP deleted {self.entity} {task.record['source']['native_id']}, which the shop shows: correct the "
            f"shop by hand (its document is {task.previous.native_id}), then reject this hold as done"
        )

    async def order(self, task: Task) -> ShopOrder | Settled | Hold:
        """The shop's order that an ERP document belongs to, as it is now."""
        native_id = self._order_id(task)
        if isinstance(native_id, Settled):
            return native_id
        found = await self.shop.one(self.shop.paths.orders, native_id)
        if found is None:
            return Settled("gone", f"the shop has no order {native_id}")
        return ShopOrder.of(found[0], self.settings.profile.statuses)

    def _order_id(self, task: Task) -> str | Settled:
        """By our reference, then by cross-reference."""
        record, lookup = task.record, task.lookup
        if reference := record.get("order_reference"):
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
            found = lookup.native_in("order", order_id, system="clarity", instance=self.settings.instance)
            if found is not None:
                return found
        return Settled("not-ours", f"order {record.get('order_native_id') or 'unnamed'} did not come from this shop")

    def patch_order(self, name: str, order: ShopOrder, body: dict[str, object]) -> Step:
        """An absolute step on what was read; should the order move meanwhile, it is read and decided anew."""

        async def send(window: SendWindow) -> StepResult:
            try:
                await self.shop.patch(f"{self.shop.paths.orders}/{order.native_id}", body, order.version, window)
            except RefusedError as error:
                if error.code != "duplicate_key":
                    raise
                return Hold(
                    f"another order of the shop has the customKey {body.get('customKey')}: clear it there, or correct "
                    f"the reference in the ERP; this is order {order.native_id}"
                )
            return Done(reply=f"order {order.native_id}: {', '.join(sorted(body))}")

        return step(name, "absolute", send)


def refused(error: RefusedError) -> Retry | Exists | Hold:
    """412: what was read is no longer so. 409 invalid_transition likewise: the order has moved."""
    if error.status == 412 or error.code == "invalid_transition":
        return Retry(f"{error}: it moved meanwhile, read anew", 0.5)
    if error.code == "duplicate_key":
        return Exists()
    return Hold(f"the shop refuses the write: {error}")


def step(name: str, kind: StepKind, send: Send, find: Find | None = None, rehearse: Rehearse | None = None) -> Step:
    """A step whose refusals by the shop are outcomes; lost replies and closed windows stay the runtime's."""

    async def guarded(window: SendWindow) -> StepResult:
        try:
            return await send(window)
        except RefusedError as error:
            return refused(error)

    async def found() -> Done | Hold | Retry | None:
        if find is None:
            return None
        try:
            return await find()
        except RefusedError as error:
            return Hold(f"the shop refuses to be read: {error}")

    return Step(name, kind, guarded, None if find is None else found, rehearse)


def waiting(wait: Wait) -> Step:
    """The last step of a write that will have to be looked at again."""

    async def send(_window: SendWindow) -> StepResult:
        return wait

    return Step("settle", "absolute", send)
