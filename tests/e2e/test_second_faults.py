"""Calls that go wrong between Clarity and Sage 100: every order is booked once, and no document is rejected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from tests.e2e.second_world import SETTLED, SecondWorld
from tests.e2e.stack_world import number_of, order_number

from penstock.cli.logview import header

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

POSTED = "/SO/SalesOrder$"
KNOWN_BUYER = "robert.baker57@inbox.example"


def assert_booked_and_nothing_rejected(world: SecondWorld, ref: str) -> None:
    """Once, with the shop's total; no hold and no dead letter of it, now or before."""
    world.booked(ref)
    world.until(lambda: world.status(ref) == "Processing", f"{ref} is worked on in the shop")
    assert {fate.state for fate in world.settled(ref)} <= SETTLED
    held = [record.key for record in world.log.records("hold") if f":{number_of(ref)}:".encode() in (record.key or b"")]
    assert held == []
    letters = [letter for stage in ("ingress", "processors", "sinks") for letter in world.letters(stage)]
    assert number_of(ref) not in {order_number(header(letter, "ce_id")) for letter in letters}


@pytest.mark.parametrize("kind", ["reply_lost", "error_after", "error_before", "truncated", "hang", "html"])
def test_an_order_is_booked_once_when_the_post_of_it_ends_in(second: SecondWorld, kind: str) -> None:
    buyer = second.guest()
    fault = {"id": kind, "kind": kind, "method": "POST", "path": POSTED, "body": buyer}
    second.trouble(second.erp, fault)
    ref = second.place(email=buyer)
    assert_booked_and_nothing_rejected(second, ref)
    assert second.fired(second.erp)[kind] == 1, "the fault must have hit"


def test_a_locked_record_is_waited_for(second: SecondWorld) -> None:
    (customer,) = second.erp.state("customers", EmailAddress=KNOWN_BUYER)
    record = f"AR/Customer/{customer['ARDivisionNo']}-{customer['CustomerNo']}"
    before = second.answered(423, "/SO/SalesOrder")
    second.erp.act("lock", {"record": record, "seconds": 60})
    ref = second.place(userId=second.user(KNOWN_BUYER)["id"], contact=second.contact())
    second.until(lambda: second.answered(423, "/SO/SalesOrder") > before, "the order met the lock")
    assert second.sales_orders(ref) == []
    second.erp.act("unlock", {"record": record})
    assert_booked_and_nothing_rejected(second, ref)


def test_the_exclusive_mode_of_the_company_is_waited_for(second: SecondWorld) -> None:
    before = second.answered(503, "/sage100")
    second.erp.act("exclusive-mode", {"seconds": 60})
    ref = second.place()
    second.until(lambda: second.answered(503, "/sage100") > before, "a call met the exclusive mode")
    second.erp.act("exclusive-mode", {"seconds": 0})
    assert_booked_and_nothing_rejected(second, ref)


def test_a_429_of_the_erp_is_obeyed_until_the_date_that_it_names(second: SecondWorld) -> None:
    buyer = second.guest()
    again = (datetime.now(UTC) + timedelta(seconds=4)).replace(microsecond=0)
    limit = {"kind": "rate_limit", "retry_after": format_datetime(again, usegmt=True)}
    second.trouble(second.erp, {**limit, "id": "429", "method": "POST", "path": POSTED, "body": buyer})
    ref = second.place(email=buyer)
    second.until(lambda: second.fired(second.erp)["429"], "the order met the limit")
    assert_booked_and_nothing_rejected(second, ref)
    assert datetime.now(UTC) >= again


@pytest.mark.usefixtures("loaded")
def test_429s_of_the_shop_with_a_date_hold_up_no_order_for_good(second: SecondWorld) -> None:
    try:
        second.shop.act("set-options", {"retry_after": "date", "fail_every": {"429": 7}})
        ref = second.place()
        assert_booked_and_nothing_rejected(second, ref)
    finally:
        second.shop.act("set-options", {"retry_after": "seconds", "fail_every": {}})


def test_a_shipment_whose_reply_is_lost_is_in_the_shop_once(second: SecondWorld) -> None:
    ref = second.place()
    order = second.booked(ref)
    call = {"method": "POST", "path": "/shipments$", "body": f'"salesOrderId":{number_of(ref)}'}
    second.trouble(second.shop, {"id": "lost", "kind": "reply_lost", **call})
    second.ship(order, TrackingID=f"1Z{order['SalesOrderNo']}")
    second.until(lambda: second.status(ref) == "Completed", f"{ref} is completed in the shop")
    assert second.fired(second.shop)["lost"] == 1, "the fault must have hit"
    assert [row["trackingNumber"] for row in second.shipments(ref)] == [f"1Z{order['SalesOrderNo']}"]
    told = second.shop.state("notifications_sent", salesOrderId=number_of(ref), kind="shipment")
    assert len(told) == 1
