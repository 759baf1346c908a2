"""Who is tried again, when, and who wakes whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from penstock.log.headers import Position
from penstock.sinks.model import Entry, Item
from penstock.sinks.progress import Finished, Waiting
from penstock.sinks.waiters import LONGEST_HOLD, LONGEST_WAIT, Waiter, Waiters
from tests.unit.sinks.fakes import order_item

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HELD = Finished("held", "stock", "2 of 5 are there", 60.0)
WAITS = Waiting("customer", "not there yet", 5.0)


class World:
    def __init__(self) -> None:
        self.time = 1000.0
        self.waiters = Waiters(lambda: self.time, lambda: NOW, lambda low, high: (low + high) / 2)

    def seconds(self, item: Item) -> float:
        """Until the item is tried again."""
        waiter = self.waiters.of(item)
        assert waiter is not None
        return waiter.due - self.time


def payment(customer: str) -> Item:
    item = order_item("P", customer_id=customer)
    item.entity, item.order_id = "payment", "another"
    return item


def test_a_hold_is_tried_again_at_growing_intervals_of_at_most_ten_minutes():
    world, item = World(), order_item()
    seen = []
    for _ in range(8):
        world.waiters.hold(item, None, HELD)
        seen.append(world.seconds(item))
    assert seen[:3] == [60.0, 90.0, 135.0]
    assert seen[-1] == LONGEST_HOLD


def test_a_wait_is_tried_again_at_growing_intervals_of_at_most_a_minute():
    world, item = World(), order_item()
    for _ in range(12):
        world.waiters.wait(item, None, WAITS)
    assert world.seconds(item) == LONGEST_WAIT


def test_a_version_that_comes_anew_begins_with_the_shortest_interval():
    world = World()
    for _ in range(5):
        world.waiters.hold(order_item(), None, HELD)
    assert world.seconds(order_item()) == 60.0


def test_a_payment_wakes_the_holds_of_its_customer_and_no_others():
    world = World()
    mine, other = order_item("A", customer_id="C1"), order_item("B", customer_id="C2")
    for item in (mine, other):
        world.waiters.hold(item, None, HELD)
    world.waiters.wake(payment("C1"))
    assert (world.seconds(mine), world.seconds(other)) == (0.0, 60.0)


def test_a_held_order_wakes_neither_itself_nor_another_held_order_of_its_customer():
    world = World()
    one, two = order_item("A", customer_id="C1"), order_item("B", customer_id="C1")
    for item in (one, two):
        world.waiters.hold(item, None, HELD)
    world.waiters.wake(one, held=True)
    assert (world.seconds(one), world.seconds(two)) == (60.0, 60.0)
    world.waiters.wake(one)
    assert world.seconds(two) == 60.0


def test_a_hold_still_wakes_what_waits_for_its_order():
    world, shipment = World(), order_item("S")
    shipment.entity, shipment.order_id = "shipment", "A"
    world.waiters.wait(shipment, None, WAITS)
    world.waiters.wake(order_item("A"), held=True)
    assert world.seconds(shipment) == 0.0


def entry(clears_on: str | None, next_try: datetime | None) -> Entry:
    data = {
        "event_id": "A-0",
        "on": "stock" if clears_on else "customer",
        "reason": "2 of 5 are there",
        "clears_on": clears_on,
        "next_try": next_try.isoformat() if next_try else None,
    }
    return Entry("hold" if clears_on else "parked.erp", "k", 0, data)


@pytest.mark.parametrize(
    ("clears_on", "next_try", "seconds"),
    [
        ("stock", NOW + timedelta(seconds=90), 90.0),
        ("stock", NOW - timedelta(hours=1), 3.0),
        ("stock", NOW + timedelta(days=1), LONGEST_HOLD),
        (None, NOW + timedelta(seconds=90), 3.0),
    ],
)
def test_after_a_restart_a_hold_is_tried_when_it_said_and_a_parked_record_soon(
    clears_on: str | None, next_try: datetime, seconds: float
):
    world, item = World(), order_item()
    world.waiters.adopt(item, entry(clears_on, next_try))
    assert world.seconds(item) == seconds
    waiter = world.waiters.of(item)
    assert waiter is not None
    assert (waiter.held, waiter.entry) == ((True, "hold") if clears_on else (False, "parked"))


def test_a_hold_that_turns_into_a_wait_keeps_its_entry_until_it_is_parked():
    world, item = World(), order_item()
    world.waiters.hold(item, None, HELD)
    world.waiters.wait(item, None, WAITS)
    waiter = world.waiters.of(item)
    assert waiter is not None
    assert (waiter.held, waiter.entry, waiter.on) == (False, "hold", "customer")


def test_an_older_version_that_comes_late_does_not_take_the_place_of_one_that_waits():
    world, new, old = World(), order_item(offset=7), order_item(offset=3)
    world.waiters.wait(new, None, WAITS)
    assert world.waiters.newer_than(old)
    assert not world.waiters.newer_than(order_item(offset=9))
    world.waiters.let_go(old, None)
    assert world.waiters.of(new) is not None


def test_places_that_cannot_be_compared_are_no_reason_to_call_a_version_old():
    world, item = World(), order_item(offset=7)
    world.waiters.wait(item, None, WAITS)
    moved = order_item(offset=3)
    moved.position = Position("raw.shop.order", 9, 3)
    assert not world.waiters.newer_than(moved)


def test_what_is_being_tried_is_not_due():
    world, item = World(), order_item()
    world.waiters.wait(item, None, WAITS)
    world.time += 10
    (waiter,) = world.waiters.due()
    assert isinstance(waiter, Waiter)
    waiter.trying = True
    assert world.waiters.due() == []


def test_what_waits_for_an_item_wakes_when_its_product_is_written():
    world, item = World(), order_item("stock", sku="X-1")
    world.waiters.wait(item, None, Waiting("item", "the shop has no product X-1", 30.0))
    for sku, due in (("X-2", []), ("X-1", [item])):
        product = order_item("product", sku=sku)
        product.entity, product.order_id = "product", None
        world.waiters.wake(product)
        assert [waiter.item for waiter in world.waiters.due()] == due


def test_a_stock_figure_wakes_by_its_sku():
    world, item = World(), order_item(sku="X-1")
    world.waiters.wait(item, None, WAITS)
    world.waiters.wake_skus({"X-2"})
    assert world.seconds(item) == 5.0
    world.waiters.wake_skus({"X-1"})
    assert world.seconds(item) == 0.0
