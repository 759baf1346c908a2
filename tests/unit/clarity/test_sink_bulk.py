"""Stock and prices: bulk calls, one result per record."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from penstock.connectors.clarity.batch import Batch
from penstock.connectors.clarity.bulk import Bulk
from penstock.connectors.clarity.client import Shop
from penstock.connectors.clarity.handlers.price import PriceHandler
from penstock.connectors.clarity.sink import ClaritySink
from penstock.connectors.contract import Done, Hold, Plan, Retry, Settled, Wait
from penstock.connectors.http import LostReplyError, NotSentError
from tests.unit.clarity.fake_shop import FakeShop, once
from tests.unit.clarity.rows import PRODUCT, STOCK
from tests.unit.clarity.tasks import Closed, Log, Open, plan, price, run, stock

BULK = ("PUT", "inventory/bulk")


async def test_the_shop_offers_what_the_erp_has_available(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, stock(available="12"))
    [row] = shop.tables["inventory"]
    assert row["quantityOnHand"] == "16.0000"  # of which the shop allocates 4
    assert shop.bodies == [
        {
            "entries": [
                {
                    "sku": "APR-SND", "locationKey": "AUS-1", "sectionKey": "A-04", "quantityOnHand": "16.0000",
                    "asOf": "2025-03-05T06:00:00Z",
                }
            ]
        }
    ]  # fmt: skip


async def test_what_the_erp_has_not_booked_is_taken_off_and_looked_at_again(sink: ClaritySink, shop: FakeShop) -> None:
    log = Log(open_quantity={"APR-SND": Decimal(4)})
    *_, last = await run(sink, stock(available="12", log=log))
    assert isinstance(last, Wait)
    assert last.on == "booking"
    assert shop.tables["inventory"][0]["quantityOnHand"] == "12.0000"
    again = await plan(sink, stock(available="12", log=log))
    assert isinstance(again, Wait)


async def test_never_below_what_the_shop_has_sold(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, stock(available="-3"))
    assert shop.tables["inventory"][0]["quantityOnHand"] == "4.0000"


async def test_an_equal_figure_is_not_written(sink: ClaritySink, shop: FakeShop) -> None:
    decision = await plan(sink, stock(available="6"))
    assert isinstance(decision, Settled)
    assert shop.writes() == []


async def test_an_order_that_is_not_on_the_log_yet_holds_back_a_raise(sink: ClaritySink) -> None:
    log = Log(unseen=frozenset({"5120"}))
    decision = await plan(sink, stock(available="12", log=log))
    assert isinstance(decision, Wait)
    assert decision.on == "orders"
    assert isinstance(await plan(sink, stock(available="1", log=log)), Plan)


async def test_an_order_that_comes_on_the_log_while_the_shop_is_looked_at_is_counted(sink: ClaritySink) -> None:
    class Late(Log):
        """The order is there at the second look."""

        looks = 0

        def unbooked(self, sku: str) -> Decimal:
            self.looks += 1
            return Decimal(0 if self.looks == 1 else 4)

    decision = await plan(sink, stock(available="12", log=Late()))
    assert isinstance(decision, Wait)
    assert decision.on == "orders"


async def test_goods_that_the_shop_ships_between_look_and_write_are_not_offered_twice(
    sink: ClaritySink, shop: FakeShop
) -> None:
    decision = await plan(sink, stock(available="12"))
    assert isinstance(decision, Plan)
    write, look = decision.steps
    assert isinstance(await write.send(Open()), Done)
    assert isinstance(await look.send(Open()), Done)
    row = shop.tables["inventory"][0]
    row["quantityAllocated"] = str(Decimal(row["quantityAllocated"]) - 1)
    assert isinstance(await look.send(Open()), Retry)


async def test_records_that_come_together_share_one_call(sink: ClaritySink, shop: FakeShop) -> None:
    skus = [f"SKU-{number}" for number in range(3)]
    shop.tables["products"] += [{**PRODUCT, "customKey": sku} for sku in skus[:2]]
    results = await asyncio.gather(*(run(sink, stock(sku, event=sku)) for sku in skus))
    assert shop.writes() == [BULK]
    assert [type(result[-1]) for result in results] == [Done, Done, Wait]
    [missing] = results[2]
    assert isinstance(missing, Wait)
    assert missing.on == "item"
    assert "SKU-2" in missing.reason
    assert len(shop.reads("sales-orders")) == 1


async def test_a_figure_older_than_the_shops_is_superseded(sink: ClaritySink, shop: FakeShop) -> None:
    shop.tables["inventory"][0]["asOf"] = "2025-03-06T00:00:00Z"
    await run(sink, stock())
    decision = await plan(sink, stock())
    assert isinstance(decision, Settled)
    assert decision.state == "superseded"


async def test_a_location_of_several_sections_needs_one_named(shop: FakeShop, settings, sink: ClaritySink) -> None:
    shop.tables["inventory"].append({**STOCK, "id": 2, "sectionKey": "B-01"})
    decision = await plan(sink, stock())
    assert isinstance(decision, Hold)
    assert "A-04, B-01" in decision.reason


async def test_a_warehouse_that_the_shop_does_not_sell_from_is_not_routed(sink: ClaritySink) -> None:
    decision = await plan(sink, stock(location="none"))
    assert isinstance(decision, Settled)
    assert decision.state == "not-routed"


async def test_a_deleted_stock_row_sells_nothing_more(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, stock(deleted_at=datetime(2025, 3, 5, tzinfo=UTC)))
    assert shop.tables["inventory"][0]["quantityOnHand"] == "4.0000"


# --- the call that they share


async def test_a_lost_reply_is_unknown_to_every_record(sink: ClaritySink, shop: FakeShop) -> None:
    shop.hooks.append(once(httpx.Response(504), "PUT"))
    plans = [await plan(sink, stock(available=str(n), event=str(n))) for n in (7, 8)]
    calls = (each.steps[0].send(Open()) for each in plans if isinstance(each, Plan))
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [LostReplyError, LostReplyError]


async def test_results_that_do_not_fit_the_entries_are_no_results(shop: FakeShop, client: Shop) -> None:
    shop.hooks.append(once(shop.json({"results": [{"index": 1, "status": 200}]}, 207), "PUT"))
    with pytest.raises(LostReplyError):
        await Bulk(client, "inventory/bulk").put({"sku": "A"}, Open())


async def test_a_closed_window_sends_nothing(shop: FakeShop, client: Shop) -> None:
    with pytest.raises(NotSentError):
        await Bulk(client, "inventory/bulk").put({"sku": "A"}, Closed())
    assert shop.writes() == []


async def test_a_full_batch_does_not_wait() -> None:
    calls: list[int] = []

    async def call(asked):
        calls.append(len(asked))
        return list(asked)

    batch: Batch[int, int] = Batch(call, wait=60.0, most=2)
    async with asyncio.timeout(5):
        assert await asyncio.gather(batch.ask(1), batch.ask(2), batch.ask(3), batch.ask(4)) == [1, 2, 3, 4]
    assert calls == [2, 2]


async def test_a_batch_that_was_full_makes_no_empty_call_later() -> None:
    calls: list[int] = []

    async def call(asked):
        calls.append(len(asked))
        return list(asked)

    batch: Batch[int, int] = Batch(call, wait=0.001, most=2)
    await asyncio.gather(batch.ask(1), batch.ask(2))
    await asyncio.gather(*batch._running)
    assert calls == [2]


# --- prices


async def test_a_list_price_and_a_customers_price(sink: ClaritySink, shop: FakeShop) -> None:
    log = Log(orders={"sage100:ABC:customer:01-ACME": "c9"}, natives={("customer", "c9"): "account-88"})
    await run(sink, price())
    await run(sink, price(customer="01-ACME", log=log))
    assert shop.bodies[0]["entries"] == [{"sku": "APR-SND", "currency": "USD", "list": "24.90", "sale": None}]
    assert shop.bodies[1]["entries"][0]["accountKey"] == "CUST-0088"


@pytest.mark.parametrize(("given", "on"), [({"customer": "01-NONE"}, "customer"), ({"sku": "MUG"}, "item")])
async def test_a_price_waits_for_what_the_shop_does_not_have(sink: ClaritySink, given: dict[str, str], on: str) -> None:
    [result] = await run(sink, price(**given))
    assert isinstance(result, Wait)
    assert result.on == on


async def test_prices_by_quantity_are_not_routed(sink: ClaritySink) -> None:
    decision = await plan(sink, price(from_quantity=Decimal(10)))
    assert isinstance(decision, Settled)
    assert decision.state == "not-routed"


async def test_a_promotion_is_written_when_it_starts_and_taken_back_when_it_ends(shop: FakeShop, client: Shop) -> None:
    day = [datetime(2025, 3, 1, tzinfo=UTC)]
    handler = PriceHandler(client, Bulk(client, "prices/bulk"), now=lambda: day[0])
    start, end = datetime(2025, 3, 5, tzinfo=UTC), datetime(2025, 3, 9, tzinfo=UTC)
    given = price(sale="21.00", valid_from=start, valid_to=end)

    async def go() -> str | None:
        decision = await handler.plan(given)
        if isinstance(decision, Plan):
            results = [await step.send(Open()) for step in decision.steps]
            assert isinstance(results[-1], Wait) == (day[0] < end)
        else:
            assert isinstance(decision, Wait)
        sale: str | None = shop.tables["prices"][0]["sale"]
        return sale

    assert await go() is None
    assert await go() is None
    assert len(shop.writes()) == 1
    day[0] = datetime(2025, 3, 6, tzinfo=UTC)
    assert await go() == "21.00"
    day[0] = datetime(2025, 3, 9, tzinfo=UTC)
    assert await go() is None


async def test_a_price_of_the_future_waits(sink: ClaritySink) -> None:
    decision = await plan(sink, price(valid_from=datetime(2999, 1, 1, tzinfo=UTC)))
    assert isinstance(decision, Wait)
    assert isinstance(await plan(sink, price(valid_to=datetime(2020, 1, 1, tzinfo=UTC))), Settled)
