"""Stock sent to the shop never counts a unit that an order already took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from penstock.log.xref import Link, XrefStore, link_records
from penstock.records.ids import canonical_id
from penstock.sinks.demand import OpenDemand

SHOP, OTHER_SHOP = ("prestashop", "1"), ("prestashop", "2")
ERP, OTHER_ERP = ("infor", "DALS"), ("infor", "PARI")
NOON = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ORDER = canonical_id(*SHOP, "order", "41")


class World:
    def __init__(self) -> None:
        self.store = XrefStore()
        self.now = NOON
        self.demand = OpenDemand(
            self.store,
            None,  # type: ignore[arg-type]  # nothing is read from the log here
            [SHOP, OTHER_SHOP],
            {ERP: 10, OTHER_ERP: 10},
            since=datetime(2026, 1, 1, tzinfo=UTC),
            now=lambda: self.now,
        )
        self.shop, self.other_shop = self.demand.of(SHOP), self.demand.of(OTHER_SHOP)

    def order(
        self,
        number: str,
        quantity: int,
        status: str = "paid",
        shop: tuple[str, str] = SHOP,
        targets: Sequence[str] = ("infor:DALS",),
        **more: Any,
    ) -> str:
        own_id = canonical_id(*shop, "order", number)
        record = {
            "id": own_id,
            "source": {"system": shop[0], "instance": shop[1], "observed_at": self.now},
            "status": status,
            "deleted_at": None,
            "placed_at": NOON,
            "lines": [{"sku": "APR-SND", "quantity": Decimal(quantity)}],
        }
        self.demand.take_order(record | more, targets)
        return own_id

    def book(self, order_id: str, at: datetime, state: str = "processing") -> None:
        self.store.take(link_records(Link("order", order_id, *ERP, "EC0000000041", at)))
        self.demand.take_status(status(order_id, state, at))


@pytest.fixture
def world() -> World:
    return World()


def test_an_order_counts_until_the_erp_has_booked_it(world: World):
    order = world.order("41", 3)
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 3
    world.book(order, NOON)
    assert world.shop.unbooked("APR-SND", NOON + SECOND, ERP) == 0


def test_a_figure_read_before_the_booking_counts_the_order_until_no_newer_figure_can_come(world: World):
    order = world.order("41", 3)
    world.book(order, NOON + SECOND)
    world.now = NOON + 2 * SECOND
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 3
    world.now = NOON + 12 * SECOND
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 0


def test_a_cancelled_order_takes_nothing(world: World):
    world.order("41", 3)
    world.order("41", 3, status="cancelled")
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 0


def test_an_older_order_than_the_flow_routes_takes_nothing(world: World):
    world.order("40", 2, placed_at=datetime(2025, 12, 31, tzinfo=UTC))
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 0


def test_a_held_order_counts_until_its_hold_is_closed(world: World):
    own_id = canonical_id(*SHOP, "order", "42")
    hold = {"entity": "order", "canonical_id": own_id, "target": "infor:DALS", "demand": {"APR-SND": "2"}}
    world.demand.take_hold("h", orjson.dumps(hold))
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 2
    world.demand.take_hold("h", None)
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 0


class Message:
    """A record of the log, as the loader gives it."""

    def __init__(self, topic: str, key: bytes, value: bytes) -> None:
        self.topic, self.key, self.value = (lambda: topic), (lambda: key), (lambda: value)
        self.partition = self.offset = lambda: 0


def test_a_hold_that_cannot_be_read_does_not_keep_the_next_one_from_counting(world: World):
    own_id = canonical_id(*SHOP, "order", "44")
    hold = {"entity": "order", "canonical_id": own_id, "target": "infor:DALS", "demand": {"APR-SND": "2"}}
    records = [Message("hold", b"junk", b"junk"), Message("hold", b"h", orjson.dumps(hold))]
    world.demand.take(records)  # type: ignore[arg-type]  # as much of a message as is asked for
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 2


def test_an_order_held_at_the_target_counts_once(world: World):
    own_id = world.order("43", 4)
    world.demand.take_hold("h", orjson.dumps({"entity": "order", "canonical_id": own_id, "target": "infor:DALS"}))
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 4


def test_the_shop_can_ask_whether_an_order_is_on_the_log(world: World):
    assert not world.shop.seen("41")
    world.order("41", 1, status="cancelled")
    assert world.shop.seen("41")


def test_an_order_that_is_held_before_it_is_on_the_log_is_on_the_log_for_the_shop(world: World):
    world.demand.take_hold("h", orjson.dumps({"entity": "order", "canonical_id": ORDER, "target": "infor:DALS"}))
    world.demand.take_hold("h", None)
    assert world.shop.seen("41")


def status(order: str, word: str, at: datetime) -> dict[str, Any]:
    return {"order_id": order, "status": word, "deleted_at": None, "source": {"observed_at": at}}


def test_an_order_that_is_planned_in_the_erp_counts_until_it_is_released(world: World):
    order = world.order("41", 3)
    world.book(order, NOON, "planned")
    world.now = NOON + timedelta(hours=5)
    assert world.shop.unbooked("APR-SND", world.now, ERP) == 3
    world.demand.take_status(status(order, "processing", world.now))
    assert world.shop.unbooked("APR-SND", world.now - SECOND, ERP) == 3
    assert world.shop.unbooked("APR-SND", world.now + SECOND, ERP) == 0


def test_what_an_edit_adds_counts_until_the_erp_has_the_edit(world: World):
    order = world.order("41", 3)
    world.book(order, NOON)
    world.now = NOON + timedelta(minutes=5)
    world.order("41", 5)
    assert world.shop.unbooked("APR-SND", world.now, ERP) == 2
    world.book(order, world.now + SECOND)
    assert world.shop.unbooked("APR-SND", world.now + 2 * SECOND, ERP) == 0


def test_a_booked_order_counts_until_the_erp_shows_it(world: World):
    order = world.order("41", 3)
    world.store.take(link_records(Link("order", order, *ERP, "EC0000000041", NOON)))
    world.now = NOON + timedelta(hours=5)
    assert world.shop.unbooked("APR-SND", world.now, ERP) == 3


def test_a_new_version_of_a_booked_order_does_not_make_it_unbooked(world: World):
    order = world.order("41", 3)
    world.book(order, NOON)
    world.now = NOON + timedelta(minutes=5)
    world.order("41", 3, status="shipped")
    assert world.shop.unbooked("APR-SND", world.now, ERP) == 0


def test_skus_whose_demand_changed_are_named_once(world: World):
    order = world.order("41", 3)
    world.shop.take_changed()
    world.order("41", 3, status="cancelled")
    assert world.shop.take_changed() == {"APR-SND"}
    assert world.shop.take_changed() == set()
    order = world.order("42", 1)
    world.demand.take_status(status(order, "processing", NOON))
    assert world.shop.take_changed() == {"APR-SND"}


# --- a partial order: its first part is open in the ERP, its remainder there on hold, both are allocated


def test_a_partial_order_is_not_counted_again_while_its_remainder_waits_nor_when_it_is_released(world: World):
    order = world.order("41", 5)
    world.book(order, NOON)
    world.demand.take_hold("h", orjson.dumps({"entity": "order", "canonical_id": order, "target": "infor:DALS"}))
    figure = NOON + SECOND
    assert world.shop.unbooked("APR-SND", figure, ERP) == 0
    world.now = NOON + timedelta(hours=3)
    world.book(order, world.now)  # the remainder goes on: the link is told anew
    world.demand.take_hold("h", None)
    assert world.shop.unbooked("APR-SND", figure, ERP) == 0
    assert world.shop.unbooked("APR-SND", world.now + SECOND, ERP) == 0


def test_a_partial_order_counts_whole_for_a_figure_read_before_its_parts_were_booked(world: World):
    order = world.order("41", 5)
    world.book(order, NOON + SECOND)
    world.now = NOON + 2 * SECOND
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 5, "the first part too: the figure holds neither"


def test_what_is_added_to_a_partial_order_counts_once_until_both_parts_have_it(world: World):
    order = world.order("41", 5)
    world.book(order, NOON)
    assert world.shop.unbooked("APR-SND", NOON + SECOND, ERP) == 0
    world.now = NOON + timedelta(minutes=5)
    world.order("41", 7)
    assert world.shop.unbooked("APR-SND", world.now, ERP) == 2
    world.now += SECOND
    world.book(order, world.now)
    assert world.shop.unbooked("APR-SND", world.now - SECOND, ERP) == 2
    assert world.shop.unbooked("APR-SND", world.now + SECOND, ERP) == 0


# --- several shops and ERPs


def test_what_another_shop_sold_from_the_same_erp_is_not_sold_again(world: World):
    world.order("41", 3)
    world.order("41", 2, shop=OTHER_SHOP)
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 5
    assert world.other_shop.unbooked("APR-SND", NOON, ERP) == 5


def test_an_order_takes_nothing_from_an_erp_that_it_is_not_routed_to(world: World):
    world.order("41", 3, targets=["infor:PARI"])
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 0
    assert world.shop.unbooked("APR-SND", NOON, OTHER_ERP) == 3


def test_an_order_that_is_routed_nowhere_takes_nothing(world: World):
    world.order("41", 3, targets=[])
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 0
    assert world.shop.seen("41")


def test_an_order_for_two_erps_counts_at_each_until_it_is_booked_there(world: World):
    order = world.order("41", 3, targets=["infor:DALS", "infor:PARI"])
    world.book(order, NOON)
    assert world.shop.unbooked("APR-SND", NOON + SECOND, ERP) == 0
    assert world.shop.unbooked("APR-SND", NOON + SECOND, OTHER_ERP) == 3


def test_a_held_order_counts_at_the_erp_that_it_is_held_for(world: World):
    own_id = canonical_id(*SHOP, "order", "42")
    hold = {"entity": "order", "canonical_id": own_id, "target": "infor:PARI", "demand": {"APR-SND": "2"}}
    world.demand.take_hold("h", orjson.dumps(hold))
    assert world.shop.unbooked("APR-SND", NOON, ERP) == 0
    assert world.shop.unbooked("APR-SND", NOON, OTHER_ERP) == 2


def test_each_shop_is_told_of_changed_demand_once(world: World):
    world.order("41", 3)
    world.shop.take_changed(), world.other_shop.take_changed()
    world.order("41", 3, status="cancelled")
    assert world.shop.take_changed() == {"APR-SND"}
    assert world.other_shop.take_changed() == {"APR-SND"}


def test_an_order_of_one_shop_is_unknown_to_the_other(world: World):
    world.order("41", 3)
    assert not world.other_shop.seen("41")


def message(order_id: str, quantity: int, offset: int, **headers: str) -> Any:
    """A record of canonical.order, as the loader hands it over; the fake decoder reads JSON."""
    record = {
        "id": order_id,
        "source": {"system": SHOP[0], "instance": SHOP[1], "observed_at": NOON},
        "status": "paid",
        "deleted_at": None,
        "placed_at": NOON,
        "lines": [{"sku": "APR-SND", "quantity": Decimal(quantity)}],
    }
    given = {"targets": ":".join(ERP), "raw": f"raw.prestashop.order-0-{offset}"} | headers
    encoded = [(name, text.encode()) for name, text in given.items()]
    return SimpleNamespace(topic=lambda: "", key=lambda: b"", value=lambda: record, headers=lambda: encoded)


class AsItIs:
    def decode(self, value: Any) -> tuple[str, dict[str, Any]]:
        return "Order", value


@pytest.fixture
def followed(world: World) -> World:
    world.demand._decoder = AsItIs()
    return world


def test_an_older_version_that_is_written_again_does_not_change_the_demand(followed: World):
    followed.demand.take([message(ORDER, 5, 9), message(ORDER, 2, 7)])
    assert followed.shop.unbooked("APR-SND", NOON, ERP) == 5


def test_a_corrected_record_of_the_same_version_does(followed: World):
    followed.demand.take([message(ORDER, 5, 9), message(ORDER, 2, 9)])
    assert followed.shop.unbooked("APR-SND", NOON, ERP) == 2


def test_a_record_that_one_target_is_compared_with_says_nothing_of_demand(followed: World):
    followed.demand.take([message(ORDER, 5, 9), message(ORDER, 5, 9, resync="run", targets="infor:PARI")])
    assert followed.shop.unbooked("APR-SND", NOON, ERP) == 5
