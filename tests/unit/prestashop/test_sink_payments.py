"""Payments that the ERP received."""

from __future__ import annotations

from decimal import Decimal

import pytest

from penstock.connectors.contract import Done, Hold, Plan, Settled, Task
from penstock.connectors.prestashop.sink import PrestashopSink
from tests.unit.prestashop.fake_shop import FakeShop
from tests.unit.prestashop.tasks import (
    Open,
    payment,
    plan,
    run,
    unpaid,
)


async def test_a_payment_that_covers_the_order_makes_it_paid_and_is_labelled(
    sink: PrestashopSink, shop: FakeShop
) -> None:
    unpaid(shop)
    await run(sink, payment())
    assert shop.row("orders", 41)["current_state"] == 2
    [booked] = shop.tables["order_payments"]
    assert (booked["transaction_id"], booked["amount"]) == ("DALS:INV1/2", "65.760000")
    decision = await plan(sink, payment())
    assert isinstance(decision, Settled)
    assert decision.state == "unchanged"


async def test_a_payment_cut_between_booking_and_label_is_finished(sink: PrestashopSink, shop: FakeShop) -> None:
    unpaid(shop)
    decision = await plan(sink, payment())
    assert isinstance(decision, Plan)
    await decision.steps[0].send(Open())
    await run(sink, payment(resuming=True))
    [booked] = shop.tables["order_payments"]
    assert booked["transaction_id"] == "DALS:INV1/2"
    assert shop.writes().count(("POST", "order_histories")) == 1


async def test_a_part_payment_is_one_row_and_no_state(sink: PrestashopSink, shop: FakeShop) -> None:
    unpaid(shop)
    await run(sink, payment("20"))
    [booked] = shop.tables["order_payments"]
    assert (booked["amount"], booked["order_reference"]) == ("20.000000", "QWLRTKZPA")
    assert shop.row("orders", 41)["current_state"] == 10
    assert isinstance(await plan(sink, payment("20")), Settled)


async def test_the_last_part_makes_the_order_paid_and_the_sum_right(sink: PrestashopSink, shop: FakeShop) -> None:
    unpaid(shop)
    await run(sink, payment("20"))
    await run(sink, payment("45.76", payload={"transaction_id": "DALS:INV1/3"}))
    amounts = [Decimal(row["amount"]) for row in shop.tables["order_payments"]]
    assert sum(amounts) == Decimal("65.76")
    assert shop.row("orders", 41)["current_state"] == 2


async def test_payments_of_orders_split_from_one_cart_are_not_taken_for_this_orders(
    sink: PrestashopSink, shop: FakeShop
) -> None:
    unpaid(shop)
    shop.tables["orders"].append({"id": 42, "reference": "QWLRTKZPA"})
    shop.tables["order_payments"] = [
        {"id": 5, "order_reference": "QWLRTKZPA", "amount": "50.000000", "transaction_id": "other"}
    ]
    await run(sink, payment("20"))
    assert shop.row("orders", 41)["current_state"] == 10


async def test_a_lost_part_payment_is_found_by_its_transaction(sink: PrestashopSink, shop: FakeShop) -> None:
    unpaid(shop)
    decision = await plan(sink, payment("20"))
    assert isinstance(decision, Plan)
    [step] = decision.steps
    assert step.find is not None
    assert await step.find() is None
    await step.send(Open())
    assert isinstance(await step.find(), Done)


async def test_an_order_paid_in_the_shop_is_unchanged(sink: PrestashopSink, shop: FakeShop) -> None:
    decision = await plan(sink, payment())
    assert isinstance(decision, Settled)
    assert decision.state == "unchanged"
    assert shop.writes() == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (payment("70"), "refund"),
        (payment(payload={"currency": "USD"}), "USD"),
        (payment("-5"), "not positive"),
    ],
)
async def test_a_payment_that_does_not_fit_is_held(
    sink: PrestashopSink, shop: FakeShop, given: Task, words: str
) -> None:
    decision = await plan(sink, given)
    assert isinstance(decision, Hold)
    assert words in decision.reason


async def test_a_payment_of_a_cancelled_order_is_held(sink: PrestashopSink, shop: FakeShop) -> None:
    unpaid(shop, state=6)
    assert isinstance(await plan(sink, payment()), Hold)
