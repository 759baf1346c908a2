"""What a preview says of endings other than a plain write, on a target that is asked through the real `Api`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import (
    UNTOLD,
    CheckResult,
    CustomerRequest,
    Decision,
    Done,
    Handler,
    Hold,
    Link,
    Plan,
    Reject,
    Retry,
    SendWindow,
    Step,
    StepResult,
    Task,
    Untold,
    Wait,
)
from penstock.connectors.http import Api
from penstock.sinks.model import CUSTOMER_REQUEST, Effect, Item, payload_hash
from penstock.sinks.preview import Preview, Surroundings, preview
from penstock.sinks.rehearsal import PreviewError, Rehearsal
from tests.unit.sinks.fakes import Memory, order_item


class Wire(httpx.AsyncBaseTransport):
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if self.down:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, json={})


class Orders:
    """Plans `decision`, or a header whose answer the line needs."""

    entity, mapping, fresh = "order", None, False

    def __init__(self, api: Api, decision: Decision | None = None, needs: str = "") -> None:
        self._api = api
        self._decision = decision
        self._needs = needs

    async def plan(self, task: Task) -> Decision:
        await self._api.request("GET", "orders/1")
        if self._needs:
            found = task.lookup.xref("customer", self._needs)
            if found is not None and found.refused:
                return Hold(f"its customer cannot be booked: {found.refused}")
            if found is None or found.native_id is None:
                return Wait("customer", "not there", request=CustomerRequest("match", self._needs, {}))
            return Plan([self._step("header", f"orders?customer={found.native_id}")])
        if self._decision is not None:
            return self._decision
        return Plan([self._step("header", "orders"), self._line()], native_id="O1")

    def _step(self, name: str, path: str) -> Step:
        async def send(window: SendWindow) -> StepResult:
            await self._api.request("POST", path, content=b"{}", window=window)
            return Done("O1")

        return Step(name, "keyed", send)

    def _line(self) -> Step:
        async def send(window: SendWindow) -> StepResult:
            raise AssertionError("the header was never written")

        async def rehearse(window: SendWindow) -> StepResult | Untold:
            await self._api.request("POST", f"orders/{UNTOLD}/lines", content=b"{}", window=window)
            raise AssertionError("kept back")

        return Step("line", "keyed", send, rehearse=rehearse)


class Customers(Orders):
    entity, fresh = CUSTOMER_REQUEST, True


class Target:
    system, instance, send_window, answer_window = "erp", "1", 5.0, 0.01

    def __init__(self, api: Api, *handlers: Handler) -> None:
        self._api = api
        self.handlers: Mapping[str, Handler] = {handler.entity: handler for handler in handlers}

    async def check(self) -> Sequence[CheckResult]:
        return []

    async def close(self) -> None:
        await self._api.close()


class World:
    def __init__(self) -> None:
        self.wire = Wire()
        self.memory = Memory()

    async def preview(self, item: Item, orders: dict[str, Any], customers: dict[str, Any] | None = None) -> Preview:
        def make(transport: httpx.AsyncBaseTransport) -> Target:
            api = Api("http://erp.test", Budget(BudgetSettings()), transport=transport)
            lane = [] if customers is None else [Customers(api, **customers)]
            return Target(api, Orders(api, **orders), *lane)

        around = Surroundings(
            effect_of=self.memory.effect_of,
            lookup_of=self.memory.lookup,
            payload_of=lambda one, _handler, _lookup: one.record,
            request_item=lambda one, request: replace(
                one,
                entity=CUSTOMER_REQUEST,
                canonical_id=request.match_key,
                record={"customer_id": request.customer_id},
                event_id="request",
            ),
            newer=self.memory.newer_entry,
        )
        return await preview(item, Rehearsal(make, self.wire), around)


@pytest.fixture
def world() -> World:
    return World()


def requests(told: Preview) -> list[str]:
    return [f"{write.method} {write.path}" for step in told.steps for write in step.writes]


async def test_a_step_that_needs_an_answer_is_told_with_a_gap_and_nothing_leaves_but_reads(world: World) -> None:
    told = await world.preview(order_item(), {})
    assert told.fate == "applied"
    assert requests(told) == ["POST /orders", f"POST /orders/{UNTOLD}/lines"]
    assert world.wire.asked == ["GET /orders/1"]
    assert world.memory.log == []


@pytest.mark.parametrize(
    ("decision", "fate"),
    [
        (Hold("the sum is off", "amounts", [("total", "3")]), "held"),
        (Reject("never"), "rejected"),
        (Wait("item", "not there"), "waiting"),
    ],
)
async def test_what_is_not_written_is_told_with_its_reason(world: World, decision: Decision, fate: str) -> None:
    told = await world.preview(order_item(), {"decision": decision})
    assert (told.fate, told.steps) == (fate, ())
    assert told.reason == decision.reason  # type: ignore[union-attr]


async def test_a_version_older_than_the_applied_one_is_superseded_without_a_call(world: World) -> None:
    item = order_item(offset=3)
    world.memory.effects["A"] = Effect(
        "applied", 7, "A-9", "raw.shop.order-0-9", applied_event="A-9", applied_position="raw.shop.order-0-9"
    )
    assert (await world.preview(item, {})).fate == "superseded"
    world.memory.effects["A"].applied_position = "raw.shop.order-0-1"
    world.memory.effects["A"].applied_hash = payload_hash(item.record)
    assert (await world.preview(item, {})).fate == "unchanged"
    assert world.wire.asked == []


async def test_a_new_customer_goes_first_and_stands_in_the_order_as_a_gap(world: World) -> None:
    told = await world.preview(order_item(), {"needs": "c1"}, {})
    assert [step.entity for step in told.steps] == [CUSTOMER_REQUEST, CUSTOMER_REQUEST, "order"]
    assert UNTOLD in str(told.steps[-1].writes[0].shown()["path"])
    assert told.fate == "applied"


async def test_a_customer_who_is_found_stands_in_the_order_by_number(world: World) -> None:
    async def found() -> Done:
        return Done("C7", "found", (Link("customer", "c1", "C7"),))

    async def send(_window: SendWindow) -> StepResult:
        raise AssertionError("the customer is there")

    plan = Plan([Step("bill-to", "probe", send, found)])
    told = await world.preview(order_item(), {"needs": "c1"}, {"decision": plan})
    assert told.steps[0].note == "nothing to do: found"
    assert told.steps[-1].writes[0].query == "customer=C7"


async def test_a_refused_customer_shows_as_the_orders_hold(world: World) -> None:
    told = await world.preview(order_item(), {"needs": "c1"}, {"decision": Hold("two fit", "customer-match")})
    assert (told.fate, told.reason) == ("held", "its customer cannot be booked: two fit")


async def test_a_preview_leaves_the_item_as_it_was(world: World) -> None:
    item = order_item()
    before = replace(item)
    await world.preview(item, {"needs": "c1"}, {})
    assert (item.requested, item.attempts) == (before.requested, before.attempts)


@pytest.mark.parametrize("decision", [None, Retry("busy")])
async def test_a_target_that_does_not_answer_is_said_and_not_waited_for(
    world: World, decision: Decision | None
) -> None:
    world.wire.down = decision is None
    with pytest.raises(PreviewError, match="does not answer as it should"):
        await world.preview(order_item(), {"decision": decision})
