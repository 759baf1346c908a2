"""The final state of the target is that of the in-order history, whatever happens on the way.

`PENSTOCK_FRESHNESS_EXAMPLES=20000 pytest tests/property/test_freshness.py` runs the long version (docs/delivery.md).
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.property.freshness.target import SHIPPED
from tests.property.freshness.world import World
from tests.sim.process import simulated

EXAMPLES = int(os.environ.get("PENSTOCK_FRESHNESS_EXAMPLES", "50"))
numbers = st.sampled_from(["1", "2"])
skus = st.sampled_from(["APR", "BAG"])
told = st.sampled_from(["now", "now", "twice", "later", "by the poll"])
faults = st.lists(st.sampled_from(["lost-after", "lost-before", "late", "busy", "boom", ""]), min_size=1, max_size=4)
services = st.sampled_from(["sink", "extraction"])


class Histories(RuleBasedStateMachine):
    """`model` is what the source would say of every document: plain dicts, changed in the order of the history."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(simulated())
        self.world = World()
        self.model: dict[tuple[str, str], dict[str, Any]] = {}

    def _change(self, entity: str, native_id: str, how: str, **content: Any) -> None:
        ref = (entity, native_id)
        self.model[ref] = {**self.model.get(ref, {}), **content}
        self.world.source.change(ref, **content)
        match how:
            case "now":
                self.world.do(lambda: self.world.source.notify(ref))
            case "twice":
                self.world.do(lambda: [self.world.source.notify(ref) for _ in range(2)])
            case "later":
                self.world.loop.call_later(15.0, self.world.source.notify, ref)

    def _order(self, number: str) -> dict[str, Any] | None:
        return self.model.get(("order", number))

    # --- the history, as shop and ERP write it

    @rule(number=numbers, quantity=st.integers(1, 9), how=told)
    def place(self, number: str, quantity: int, how: str) -> None:
        if self._order(number) is None:
            buyer = {"customer_id": f"customer-{number}", "customer": {"native_id": number}}
            self._change("order", number, how, quantity=quantity, note=0, state="open", **buyer)

    @rule(number=numbers, quantity=st.integers(1, 9), note=st.integers(0, 2), how=told)
    def edit(self, number: str, quantity: int, note: int, how: str) -> None:
        if (order := self._order(number)) and order["state"] != "cancelled":
            self._change("order", number, how, quantity=quantity, note=note)

    @rule(number=numbers, how=told)
    def pay(self, number: str, how: str) -> None:
        if (order := self._order(number)) and order["state"] == "open":
            self._change("order", number, how, state="paid")
            self._change("payment", number, how, order_id=f"order-{number}", amount=order["quantity"])

    @rule(number=numbers, how=told)
    def cancel(self, number: str, how: str) -> None:
        if (order := self._order(number)) and order["state"] != "cancelled" and not self._shipments(number):
            self._change("order", number, how, state="cancelled")

    @rule(number=numbers, tracking=st.integers(0, 3), how=told)
    def part_ship(self, number: str, tracking: int, how: str) -> None:
        """Or another tracking number for what was shipped."""
        self._ship(number, f"{number}-a", tracking, how, complete=False)

    @rule(number=numbers, tracking=st.integers(0, 3), how=told)
    def ship(self, number: str, tracking: int, how: str) -> None:
        self._ship(number, f"{number}-b", tracking, how, complete=True)

    def _ship(self, number: str, key: str, tracking: int, how: str, *, complete: bool) -> None:
        if (order := self._order(number)) and order["state"] != "cancelled":
            self._change("shipment", key, how, order_id=f"order-{number}", tracking=tracking, complete=complete)

    def _shipments(self, number: str) -> list[dict[str, Any]]:
        found = (self.model.get(("shipment", f"{number}-{part}")) for part in "ab")
        return [each for each in found if each is not None]

    @rule(number=numbers, how=told)
    def advance(self, number: str, how: str) -> None:
        """The ERP's status of an order goes up, and never down."""
        if self._order(number):
            rank = self.model.get(("order-status", number), {"rank": 0})["rank"]
            self._change("order-status", number, how, order_id=f"order-{number}", rank=min(rank + 1, SHIPPED + 1))

    @rule(number=numbers, total=st.integers(1, 9), how=told)
    def invoice(self, number: str, total: int, how: str) -> None:
        if self._order(number):
            self._change("invoice", number, how, order_id=f"order-{number}", total=total)

    @rule(number=numbers, amount=st.integers(1, 9), how=told)
    def refund(self, number: str, amount: int, how: str) -> None:
        if self._order(number):
            self._change("refund", number, how, order_id=f"order-{number}", amount=amount)

    @rule(sku=skus, available=st.integers(0, 5), how=told)
    def restock(self, sku: str, available: int, how: str) -> None:
        self._change("stock-level", sku, how, available=available)

    # --- what happens on the way

    @rule(seconds=st.sampled_from([0.03, 0.06, 0.12, 0.25, 1.0, 4.0, 11.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.world.run(seconds)

    @rule()
    def poll(self) -> None:
        self.world.do(self.world.poll)

    @rule(what=faults)
    def write_fails(self, what: list[str]) -> None:
        self.world.target.faults += what

    @rule(what=st.lists(st.sampled_from(["down", "boom", ""]), min_size=1, max_size=3))
    def read_fails(self, what: list[str]) -> None:
        self.world.target.outages += what

    @rule(number=numbers, blocked=st.booleans())
    def stock_is_short(self, number: str, blocked: bool) -> None:
        (self.world.target.blocked.add if blocked else self.world.target.blocked.discard)(f"order-{number}")

    @rule(entity=st.sampled_from(["order", "shipment", "stock-level"]), number=st.sampled_from(["1", "1-a", "APR"]))
    def mapping_breaks(self, entity: str, number: str) -> None:
        self.world.processors.poison.add((entity, number))

    @rule()
    def redrive(self) -> None:
        self.world.do(self.world.redrive)

    @rule()
    def retry_holds(self) -> None:
        self.world.do(self.world.retry_holds)

    @rule(count=st.integers(1, 4))
    def processors_repeat(self, count: int) -> None:
        self.world.do(lambda: self.world.processors.repeat(count))

    @rule(which=services)
    def crash(self, which: str) -> None:
        self.world.do(lambda: self.world.crash(which))

    @precondition(lambda self: len(self.world.frozen) < 2)
    @rule(which=services)
    def freeze(self, which: str) -> None:
        self.world.do(lambda: self.world.freeze(which))

    @precondition(lambda self: self.world.frozen)
    @rule()
    def thaw(self) -> None:
        self.world.do(self.world.thaw)

    # --- the verdict

    def teardown(self) -> None:
        try:
            self.world.finish()
            self._compare()
        finally:
            self.world.close()
            self.stack.close()

    def _compare(self) -> None:
        target, shop = self.world.target, {}
        for (entity, native_id), content in self.model.items():
            key = f"{entity}-{native_id}"
            match entity:
                case "order":
                    row = target.orders.get(key)
                    assert _order_as_wanted(row, content), (key, content, row)
                    if row is not None and content["state"] != "cancelled":
                        assert target.lines[f"{key}/1"] == {"quantity": content["quantity"]}, (key, content)
                case "shipment":
                    assert target.shipments.get(key) == {"tracking": content["tracking"]}, (key, content)
                    shop[content["order_id"]] = max(
                        shop.get(content["order_id"], 0), SHIPPED if content["complete"] else 0
                    )
                case "order-status":
                    shop[content["order_id"]] = max(shop.get(content["order_id"], 0), content["rank"])
                case "payment":
                    assert target.payments.count((key, content["amount"])) == 1, (key, target.payments)
                case "invoice" | "refund" | "stock-level":
                    field = {"invoice": "total", "refund": "amount", "stock-level": "available"}[entity]
                    assert target.fields.get(key) == content[field], (key, content, target.fields.get(key))
        for number, rank in shop.items():
            assert target.rank(number) == rank, (number, rank, target.states.get(number))
        for number, entered in target.states.items():
            assert entered == sorted(set(entered)), f"order {number} entered a state twice or went back: {entered}"
        assert len(target.payments) == len(set(target.payments)), target.payments
        assert not (unsettled := self.world.open_fates()), unsettled
        assert not (intents := self.world.sink.runner.state.open_intents()), f"{intents} open intents"


def _order_as_wanted(row: dict[str, Any] | None, content: dict[str, Any]) -> bool:
    if content["state"] == "cancelled":
        return row is None or row.get("stopped", False)
    wanted = {name: content[name] for name in ("quantity", "note", "state")} | {"released": True}
    return row == wanted


def test_a_held_order_that_a_fenced_owner_has_booked_has_no_open_intent() -> None:
    """Found by the machine: who had the partition closed the hold, and its effect came behind the next one's fence."""
    state = Histories()
    state.place(how="now", number="2", quantity=3)
    state.write_fails(what=["lost-after"])
    state.mapping_breaks(entity="order", number="1")
    state.ship(how="now", number="2", tracking=0)
    state.place(how="now", number="1", quantity=9)
    state.stock_is_short(blocked=True, number="2")
    state.cancel(how="now", number="1")
    state.freeze(which="sink")
    state.poll()
    state.advance(how="by the poll", number="2")
    state.wait(seconds=11.0)
    state.read_fails(what=["", "boom", ""])
    state.poll()
    state.redrive()
    state.thaw()
    state.teardown()


TestFreshness = Histories.TestCase
TestFreshness.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
pytestmark = [pytest.mark.timeout(120 if EXAMPLES <= 200 else 0)]
