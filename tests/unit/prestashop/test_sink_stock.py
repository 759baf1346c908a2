"""Stock, customers, and refusals of the shop."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Hold, Plan, Settled, Wait
from penstock.connectors.http import NotSentError
from penstock.connectors.prestashop.handlers.stock import sellable
from penstock.connectors.prestashop.sink import PrestashopSink
from tests.unit.prestashop.fake_shop import FakeShop
from tests.unit.prestashop.tasks import (
    Log,
    Open,
    customer,
    payment,
    plan,
    run,
    shipment,
    status,
    stock,
)


async def test_stock_is_what_is_available_less_what_is_not_booked(sink: PrestashopSink, shop: FakeShop) -> None:
    await run(sink, stock(log=Log(open_quantity={"APR-SND": Decimal(5)})))
    assert shop.row("stock_availables", 58)["quantity"] == "7"
    assert shop.writes() == [("PATCH", "stock_availables/58")]


@pytest.mark.parametrize(
    ("available", "unbooked", "left"),
    [("3.9", "0", 3), ("3", "5", 0), ("-2", "0", 0), ("0.5", "0.6", 0), ("1E+12", "0", 2**31 - 1)],
)
def test_sellable_is_whole_and_never_negative(available: str, unbooked: str, left: int) -> None:
    assert sellable(Decimal(available), Decimal(unbooked)) == left


async def test_the_same_quantity_is_not_written(sink: PrestashopSink, shop: FakeShop) -> None:
    decision = await plan(sink, stock(available="140"))
    assert isinstance(decision, Settled)
    assert decision.state == "unchanged"


async def test_each_write_is_decided_on_a_fresh_row(sink: PrestashopSink, shop: FakeShop) -> None:
    assert sink.handlers["stock-level"].fresh
    await run(sink, stock())
    shop.row("stock_availables", 58)["quantity"] = 11
    await run(sink, stock())
    assert shop.row("stock_availables", 58)["quantity"] == "12"


async def test_a_simple_product_is_written_on_its_own_row(sink: PrestashopSink, shop: FakeShop) -> None:
    await run(sink, stock("MUG"))
    assert shop.writes() == [("PATCH", "stock_availables/59")]


async def test_another_warehouse_is_not_routed(sink: PrestashopSink, shop: FakeShop) -> None:
    decision = await plan(sink, stock(warehouse="DIST"))
    assert isinstance(decision, Settled)
    assert decision.state == "not-routed"
    assert shop.calls == []


async def test_an_unknown_sku_waits_by_name_until_it_exists(sink: PrestashopSink, shop: FakeShop) -> None:
    decision = await plan(sink, stock("NEW"))
    assert isinstance(decision, Wait)
    assert decision.on == "item"
    assert "NEW" in decision.reason
    shop.row("products", 9)["reference"] = "NEW"
    await run(sink, stock("NEW"))
    assert shop.row("stock_availables", 59)["quantity"] == "12"


async def test_the_row_of_a_product_with_combinations_is_never_written(sink: PrestashopSink, shop: FakeShop) -> None:
    assert isinstance(await plan(sink, stock("APR")), Hold)
    assert shop.writes() == []


async def test_a_product_may_share_the_reference_of_its_combination(sink: PrestashopSink, shop: FakeShop) -> None:
    shop.row("products", 8)["reference"] = "APR-SND"
    await run(sink, stock())
    assert shop.writes() == [("PATCH", "stock_availables/58")]


async def test_a_reference_used_twice_is_held(sink: PrestashopSink, shop: FakeShop) -> None:
    shop.row("products", 9)["reference"] = "APR-SND"
    decision = await plan(sink, stock())
    assert isinstance(decision, Hold)
    assert "combination 31, product 9" in decision.reason


@pytest.mark.parametrize("sku", ["A|MUG", "MUG]", "["])
async def test_a_sku_that_is_a_filter_is_never_searched(sink: PrestashopSink, shop: FakeShop, sku: str) -> None:
    assert isinstance(await plan(sink, stock(sku)), Hold)
    assert shop.calls == []


async def test_advanced_stock_management_is_held(sink: PrestashopSink, shop: FakeShop) -> None:
    shop.row("stock_availables", 58)["depends_on_stock"] = "1"
    assert isinstance(await plan(sink, stock()), Hold)


async def test_a_row_per_shop_needs_the_shop_named(shop: FakeShop, settings) -> None:
    other = shop.row("stock_availables", 58) | {"id": 60, "id_shop": 2}
    shop.tables["stock_availables"].append(other)
    sink = PrestashopSink(settings(), Budget(BudgetSettings()), shop.transport)
    assert isinstance(await plan(sink, stock()), Hold)
    sink = PrestashopSink(settings(shop_id=2), Budget(BudgetSettings()), shop.transport)
    await run(sink, stock())
    assert shop.writes() == [("PATCH", "stock_availables/60")]


async def test_on_1_7_the_row_is_put_with_its_shop(shop: FakeShop, settings) -> None:
    sink = PrestashopSink(settings(version="1.7"), Budget(BudgetSettings()), shop.transport)
    await run(sink, stock())
    assert b"<id_shop>1</id_shop>" in shop.bodies[-1]


async def test_a_linked_customer_gets_only_what_changed(sink: PrestashopSink, shop: FakeShop) -> None:
    await run(sink, customer(company="Dupont & Fils", outstanding_allow_amount=Decimal(0)))
    assert shop.writes() == [("PATCH", "customers/12")]
    assert b"<company>Dupont &amp; Fils</company>" in shop.bodies[-1]
    assert b"outstanding" not in shop.bodies[-1]
    assert isinstance(await plan(sink, customer(company="Dupont & Fils")), Settled)


async def test_a_customer_that_nobody_linked_is_not_ours(sink: PrestashopSink, shop: FakeShop) -> None:
    decision = await plan(sink, customer(log=Log(), company="X"))
    assert isinstance(decision, Settled)
    assert decision.state == "not-ours"
    assert shop.calls == []


async def test_a_text_that_xml_cannot_carry_is_held(sink: PrestashopSink, shop: FakeShop) -> None:
    decision = await plan(sink, customer(company="a\x00b"))
    assert isinstance(decision, Plan)
    result = await decision.steps[0].send(Open())
    assert isinstance(result, Hold)
    assert "company" in result.reason
    assert shop.writes() == []


async def test_on_1_7_a_customer_is_not_put(shop: FakeShop, settings) -> None:
    sink = PrestashopSink(settings(version="1.7"), Budget(BudgetSettings()), shop.transport)
    decision = await plan(sink, customer(company="X"))
    assert isinstance(decision, Hold)
    assert "secure_key" in decision.reason


async def test_a_refusal_by_codes_is_held_with_its_codes(sink: PrestashopSink, shop: FakeShop) -> None:
    shop.hooks.append(lambda request: shop.error(400, 85) if request.method == "PATCH" else None)
    [result] = await run(sink, stock())
    assert isinstance(result, Hold)
    assert "85" in result.reason


async def test_a_read_that_fails_is_left_to_the_runtime(sink: PrestashopSink, shop: FakeShop) -> None:
    shop.hooks.append(lambda _request: httpx.Response(500, content=b""))
    for given in (status(), shipment("1Z9"), payment(), stock(), customer(company="X")):
        with pytest.raises(NotSentError):
            await plan(sink, given)


async def test_a_figure_of_a_sku_that_is_being_booked_is_written_and_looked_at_again(
    sink: PrestashopSink, shop: FakeShop
) -> None:
    log = Log(open_quantity={"APR-SND": Decimal(5)})
    decision = await plan(sink, stock(log=log))
    assert isinstance(decision, Plan)
    assert [each.name for each in decision.steps] == ["quantity", "settle"]
    assert isinstance(await decision.steps[1].send(Open()), Wait)
    shop.row("stock_availables", 58)["quantity"] = 7
    assert isinstance(await plan(sink, stock(log=log)), Wait)


async def test_a_quantity_is_not_raised_over_an_order_that_is_not_on_the_log(
    sink: PrestashopSink, shop: FakeShop
) -> None:
    shop.row("stock_availables", 58)["quantity"] = 3
    newest = shop.tables["orders"][-1]["id"]
    decision = await plan(sink, stock(log=Log(unseen=frozenset({str(newest)}))))
    assert isinstance(decision, Wait)
    assert decision.on == "orders"
    shop.row("stock_availables", 58)["quantity"] = 200
    assert isinstance(await plan(sink, stock(log=Log(unseen=frozenset({str(newest)})))), Plan)


async def test_an_order_that_comes_on_the_log_while_the_shop_is_looked_at_is_counted(
    sink: PrestashopSink, shop: FakeShop
) -> None:
    class Late(Log):
        """The order is there at the second look."""

        looks = 0

        def unbooked(self, sku: str) -> Decimal:
            self.looks += 1
            return Decimal(0 if self.looks == 1 else 4)

    shop.row("stock_availables", 58)["quantity"] = 3
    decision = await plan(sink, stock(log=Late()))
    assert isinstance(decision, Wait)
    assert decision.on == "orders"
