"""Stock sent to the shop never counts a unit that an order already took."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from penstock.log.xref import Link, XrefStore, link_records
from penstock.records.ids import canonical_id
from penstock.sinks.demand import OpenDemand

SHOP, ERP = ("prestashop", "1"), ("infor", "DALS")
NOON = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class World:
    def __init__(self) -> None:
        self.store = XrefStore()
        self.now = NOON
        self.demand = OpenDemand(
            self.store,
            None,  # type: ignore[arg-type]  # nothing is read from the log here
            SHOP,
            ERP,
            since=datetime(2026, 1, 1, tzinfo=UTC),
            settle_seconds=10,
            now=lambda: self.now,
        )

    def order(self, number: str, quantity: int, status: str = "paid", **more: Any) -> str:
        own_id = canonical_id(*SHOP, "order", number)
        record = {
            "id": own_id,
            "source": {"system": SHOP[0], "instance": SHOP[1], "observed_at": self.now},
            "status": status,
            "deleted_at": None,
            "placed_at": NOON,
            "lines": [{"sku": "APR-SND", "quantity": Decimal(quantity)}],
        }
        self.demand.take_order(record | more)
        return own_id

    def book(self, order_id: str, at: datetime, state: str = "processing") -> None:
        self.store.take(link_records(Link("order", order_id, *ERP, "EC0000000041", at)))
        self.demand.take_status(status(order_id, state, at))


@pytest.fixture
def world() -> World:
    return World()


def test_an_order_counts_until_the_erp_has_booked_it(world: World):
    order = world.order("41", 3)
    assert world.demand.unbooked("APR-SND", NOON) == 3
    world.book(order, NOON)
    assert world.demand.unbooked("APR-SND", NOON + SECOND) == 0


def test_a_figure_read_before_the_booking_counts_the_order_until_no_newer_figure_can_come(world: World):
    order = world.order("41", 3)
    world.book(order, NOON + SECOND)
    world.now = NOON + 2 * SECOND
    assert world.demand.unbooked("APR-SND", NOON) == 3
    world.now = NOON + 12 * SECOND
    assert world.demand.unbooked("APR-SND", NOON) == 0


def test_a_cancelled_order_takes_nothing(world: World):
    world.order("41", 3)
    world.order("41", 3, status="cancelled")
    assert world.demand.unbooked("APR-SND", NOON) == 0


def test_an_older_order_than_the_flow_routes_takes_nothing(world: World):
    world.order("40", 2, placed_at=datetime(2025, 12, 31, tzinfo=UTC))
    assert world.demand.unbooked("APR-SND", NOON) == 0


def test_a_held_order_counts_until_its_hold_is_closed(world: World):
    own_id = canonical_id(*SHOP, "order", "42")
    hold = {"entity": "order", "canonical_id": own_id, "demand": {"APR-SND": "2"}}
    world.demand.take_hold("h", orjson.dumps(hold))
    assert world.demand.unbooked("APR-SND", NOON) == 2
    world.demand.take_hold("h", None)
    assert world.demand.unbooked("APR-SND", NOON) == 0


def test_an_order_held_at_the_target_counts_once(world: World):
    own_id = world.order("43", 4)
    world.demand.take_hold("h", orjson.dumps({"entity": "order", "canonical_id": own_id}))
    assert world.demand.unbooked("APR-SND", NOON) == 4


def test_the_shop_can_ask_whether_an_order_is_on_the_log(world: World):
    assert not world.demand.seen("41")
    world.order("41", 1, status="cancelled")
    assert world.demand.seen("41")


def status(order: str, word: str, at: datetime) -> dict[str, Any]:
    return {"order_id": order, "status": word, "deleted_at": None, "source": {"observed_at": at}}


def test_an_order_that_is_planned_in_the_erp_counts_until_it_is_released(world: World):
    order = world.order("41", 3)
    world.book(order, NOON, "planned")
    world.now = NOON + timedelta(hours=5)
    assert world.demand.unbooked("APR-SND", world.now) == 3
    world.demand.take_status(status(order, "processing", world.now))
    assert world.demand.unbooked("APR-SND", world.now - SECOND) == 3
    assert world.demand.unbooked("APR-SND", world.now + SECOND) == 0


def test_what_an_edit_adds_counts_until_the_erp_has_the_edit(world: World):
    order = world.order("41", 3)
    world.book(order, NOON)
    world.now = NOON + timedelta(minutes=5)
    world.order("41", 5)
    assert world.demand.unbooked("APR-SND", world.now) == 2
    world.book(order, world.now + SECOND)
    assert world.demand.unbooked("APR-SND", world.now + 2 * SECOND) == 0


def test_a_booked_order_counts_until_the_erp_shows_it(world: World):
    order = world.order("41", 3)
    world.store.take(link_records(Link("order", order, *ERP, "EC0000000041", NOON)))
    world.now = NOON + timedelta(hours=5)
    assert world.demand.unbooked("APR-SND", world.now) == 3


def test_a_new_version_of_a_booked_order_does_not_make_it_unbooked(world: World):
    order = world.order("41", 3)
    world.book(order, NOON)
    world.now = NOON + timedelta(minutes=5)
    world.order("41", 3, status="shipped")
    assert world.demand.unbooked("APR-SND", world.now) == 0


def test_skus_whose_demand_changed_are_named_once(world: World):
    order = world.order("41", 3)
    world.demand.take_changed()
    world.order("41", 3, status="cancelled")
    assert world.demand.take_changed() == {"APR-SND"}
    assert world.demand.take_changed() == set()
    order = world.order("42", 1)
    world.demand.take_status(status(order, "processing", NOON))
    assert world.demand.take_changed() == {"APR-SND"}
