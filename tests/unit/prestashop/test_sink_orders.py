"""States and tracking numbers: what the sink writes to an order, and what it never writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Done, Hold, Plan, Settled, Wait
from penstock.connectors.http import LostReplyError, NotSentError
from penstock.connectors.prestashop.sink import PrestashopSink
from tests.unit.prestashop.fake_shop import FakeShop
from tests.unit.prestashop.tasks import (
    Closed,
    Log,
    plan,
    run,
    shipment,
    status,
    unpaid,
)


async def test_a_status_becomes_one_history_row(sink: PrestashopSink, shop: FakeShop) -> None:
    assert [type(result) for result in await run(sink, status())] == [Done]
    assert shop.row("orders", 41)["current_state"] == 3
    assert shop.writes() == [("POST", "order_histories")]
    decision = await plan(sink, status())
    assert isinstance(decision, Settled)
    assert (decision.state, decision.native_id) == ("unchanged", "41")


async def test_mail_is_sent_only_when_the_flow_says_so(sink: PrestashopSink, shop: FakeShop) -> None:
    await run(sink, status())
    assert "sendemail" not in shop.calls[-1][2]
    await run(sink, status("4", "shipped", mail=True))
    assert shop.calls[-1][2]["sendemail"] == "1"


@pytest.mark.parametrize(("current", "target"), [(4, "3"), (5, "4"), (3, "2"), (11, "2"), (6, "3"), (7, "6"), (6, "2")])
async def test_an_order_never_goes_back(sink: PrestashopSink, shop: FakeShop, current: int, target: str) -> None:
    shop.row("orders", 41)["current_state"] = current
    decision = await plan(sink, status(target))
    assert isinstance(decision, Settled)
    assert decision.state == "superseded"


async def test_a_state_that_would_book_a_payment_waits_until_the_order_is_paid(
    sink: PrestashopSink, shop: FakeShop
) -> None:
    unpaid(shop)
    decision = await plan(sink, status())
    assert isinstance(decision, Wait)
    assert decision.on == "paid"
    assert shop.writes() == []


async def test_a_cancel_needs_no_payment_and_ends_before_shipping(sink: PrestashopSink, shop: FakeShop) -> None:
    unpaid(shop)
    await run(sink, status("6", "cancelled"))
    assert shop.row("orders", 41)["current_state"] == 6


@pytest.mark.parametrize("current", [4, 5])
async def test_a_cancel_after_shipping_is_held(sink: PrestashopSink, shop: FakeShop, current: int) -> None:
    shop.row("orders", 41)["current_state"] = current
    decision = await plan(sink, status("6", "cancelled"))
    assert isinstance(decision, Hold)
    assert "have left" in decision.reason


async def test_a_shipment_of_a_cancelled_order_is_held(sink: PrestashopSink, shop: FakeShop) -> None:
    shop.row("orders", 41)["current_state"] = 6
    assert isinstance(await plan(sink, status("4", "shipped")), Hold)


async def test_a_merchants_own_state_is_ranked_by_its_flags(sink: PrestashopSink, shop: FakeShop) -> None:
    shop.tables["order_states"].append({"id": 33, "shipped": "1", "delivery": "1", "paid": "1"})
    shop.row("orders", 41)["current_state"] = 33
    decision = await plan(sink, status("3"))
    assert isinstance(decision, Settled)
    assert decision.state == "superseded"


async def test_a_rank_can_be_set(shop: FakeShop, settings) -> None:
    sink = PrestashopSink(settings(state_ranks={2: 35}), Budget(BudgetSettings()), shop.transport)
    assert isinstance(await plan(sink, status("3")), Settled)


async def test_a_status_that_means_nothing_to_the_shop_is_unchanged(sink: PrestashopSink, shop: FakeShop) -> None:
    decision = await plan(sink, status("none", "planned"))
    assert isinstance(decision, Settled)
    assert decision.state == "unchanged"
    assert shop.calls == []


@pytest.mark.parametrize("state", ["0", "77", "shipped", "-1"])
async def test_a_table_that_names_no_state_of_the_shop_is_held(
    sink: PrestashopSink, shop: FakeShop, state: str
) -> None:
    decision = await plan(sink, status(state))
    assert isinstance(decision, Hold)
    assert "prestashop-state" in decision.reason
    assert shop.writes() == []


async def test_a_lost_reply_is_found_again_and_not_sent_twice(sink: PrestashopSink, shop: FakeShop) -> None:
    def lose(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(500, content=b"") if request.method == "POST" else None

    shop.after.append(lose)
    with pytest.raises(LostReplyError):
        await run(sink, status())
    decision = await plan(sink, status(resuming=True))
    assert isinstance(decision, Settled)
    assert shop.writes() == [("POST", "order_histories")]


async def test_the_state_is_read_again_right_before_it_is_written(sink: PrestashopSink, shop: FakeShop) -> None:
    decision = await plan(sink, status())
    assert isinstance(decision, Plan)
    shop.row("orders", 41)["current_state"] = 4
    [step] = decision.steps
    assert step.find is not None
    assert isinstance(await step.find(), Done)


async def test_nothing_leaves_after_the_send_window(sink: PrestashopSink, shop: FakeShop) -> None:
    decision = await plan(sink, status())
    assert isinstance(decision, Plan)
    with pytest.raises(NotSentError):
        await decision.steps[0].send(Closed())
    assert shop.writes() == []


async def test_an_order_is_found_by_reference_then_by_cross_reference(sink: PrestashopSink) -> None:
    log = Log(orders={"infor:DALS:order:SO1": "c1"}, natives={("order", "c1"): "41"})
    for given in (
        status("none"),
        status("none", order_reference=None, order_id="c1", log=log),
        status("none", order_reference=None, log=log),
    ):
        decision = await plan(sink, given)
        assert isinstance(decision, Settled)
        assert decision.native_id == "41"


@pytest.mark.parametrize("reference", ["PS2-41", "by phone", "PS1-", "PS1-٤١", None])
async def test_an_order_of_nobody_is_not_ours(sink: PrestashopSink, shop: FakeShop, reference: str | None) -> None:
    decision = await plan(sink, status(order_reference=reference))
    assert isinstance(decision, Settled)
    assert decision.state == "not-ours"
    assert shop.calls == []


async def test_an_order_that_the_shop_deleted_is_gone(sink: PrestashopSink) -> None:
    for given in (status(order_reference="PS1-999"), shipment("1Z", order_reference="PS1-999")):
        decision = await plan(sink, given)
        assert isinstance(decision, Settled)
        assert decision.state == "gone"


async def test_tracking_goes_before_the_state(sink: PrestashopSink, shop: FakeShop) -> None:
    assert len(await run(sink, shipment("1Z9", complete=True, mail=True))) == 2
    assert shop.writes() == [("PATCH", "order_carriers/41"), ("POST", "order_histories")]
    assert shop.row("order_carriers", 41)["tracking_number"] == "1Z9"
    assert shop.row("orders", 41)["current_state"] == 4
    mails = [query.get("sendemail") for method, _, query in shop.calls if method != "GET"]
    assert mails == [None, "1"]
    assert isinstance(await plan(sink, shipment("1Z9", complete=True)), Settled)


async def test_a_part_shipment_shows_its_number_and_leaves_the_state(sink: PrestashopSink, shop: FakeShop) -> None:
    await run(sink, shipment("1Z9", mail=True))
    assert shop.row("orders", 41)["current_state"] == 2
    assert shop.calls[-1][2]["sendemail"] == "1"


async def test_numbers_of_several_shipments_are_joined_once_each(sink: PrestashopSink, shop: FakeShop) -> None:
    await run(sink, shipment("1Z9"))
    await run(sink, shipment("1Z9", "1Z8", "1Z8"))
    assert shop.row("order_carriers", 41)["tracking_number"] == "1Z9, 1Z8"


async def test_an_unpaid_order_gets_its_number_and_waits_with_the_state(sink: PrestashopSink, shop: FakeShop) -> None:
    unpaid(shop)
    results = await run(sink, shipment("1Z9", complete=True))
    assert isinstance(results[0], Done)
    assert isinstance(results[1], Wait)
    assert shop.row("order_carriers", 41)["tracking_number"] == "1Z9"
    assert shop.row("orders", 41)["current_state"] == 10


@pytest.mark.parametrize("number", ["X" * 65, "1Z<9>"])
async def test_a_number_that_the_shop_cannot_take_is_held(sink: PrestashopSink, shop: FakeShop, number: str) -> None:
    assert isinstance(await plan(sink, shipment(number)), Hold)
    assert shop.writes() == []


async def test_an_order_without_carrier_row_is_held(sink: PrestashopSink, shop: FakeShop) -> None:
    shop.tables["order_carriers"] = []
    assert isinstance(await plan(sink, shipment("1Z9")), Hold)


async def test_on_1_7_tracking_is_put_with_the_whole_row(shop: FakeShop, settings) -> None:
    sink = PrestashopSink(settings(version="1.7"), Budget(BudgetSettings()), shop.transport)
    await run(sink, shipment("1Z9"))
    assert shop.writes() == [("PUT", "order_carriers/41")]
    assert shop.row("order_carriers", 41)["shipping_cost_tax_incl"] == "6.000000"


async def test_a_shipped_status_waits_for_the_shipment_that_brings_the_tracking_number(
    sink: PrestashopSink, shop: FakeShop
) -> None:
    source = {"system": "infor", "instance": "DALS", "native_id": "SO1", "observed_at": datetime.now(UTC)}
    shop.row("order_carriers", 41)["tracking_number"] = ""
    decision = await plan(sink, status("4", "shipped", source=source))
    assert isinstance(decision, Wait)
    assert decision.on == "shipment"
    shop.row("order_carriers", 41)["tracking_number"] = "1Z999AA10123456784"
    assert isinstance(await plan(sink, status("4", "shipped", source=source)), Plan)


async def test_a_shipped_status_without_any_shipment_is_shown_after_five_minutes(
    sink: PrestashopSink, shop: FakeShop
) -> None:
    source = {"system": "infor", "observed_at": datetime.now(UTC) - timedelta(minutes=6)}
    shop.row("order_carriers", 41)["tracking_number"] = ""
    assert isinstance(await plan(sink, status("4", "shipped", source=source)), Plan)
