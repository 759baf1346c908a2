"""Products and companies, upserted by customKey; the shop's own members stay."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from penstock.connectors.clarity.client import Shop
from penstock.connectors.clarity.handlers.keyed import AccountHandler
from penstock.connectors.clarity.sink import ClaritySink
from penstock.connectors.contract import Done, Hold, Plan, Retry, Settled, Wait
from tests.unit.clarity.conftest import budget
from tests.unit.clarity.fake_shop import FakeShop
from tests.unit.clarity.tasks import SOURCE, Log, Open, plan, price, run, task

LINKED = Log(orders={"sage100:ABC:customer:01-ACME": "c9"}, natives={("customer", "c9"): "account-88"})


def product(sku: str = "APR-SND", **more: Any) -> Any:
    given = {"name": "Linen apron, sand", "description": "From the ERP.", "uom": "EA", "weight": Decimal("0.3")}
    payload = {"customKey": sku, **given, "taxCode": None, "active": True} | more.pop("payload", {})
    return task("product", payload, **more)


def customer(log: Log | None = None, **more: Any) -> Any:
    given = {"name": "Acme Tools", "taxId": "74-1234567", "creditLimit": Decimal(9000), "paymentTerms": "NET30"}
    payload = {"customKey": "01-ACME", **given, "active": True} | more.pop("payload", {})
    return task("customer", payload, log=log, source={**SOURCE, "native_id": "01-ACME"}, **more)


async def test_a_new_product_is_made_with_all_that_the_erp_knows(sink: ClaritySink, shop: FakeShop) -> None:
    [result] = await run(sink, product("MUG/1", not_ours={"description"}))
    assert isinstance(result, Done)
    assert shop.writes() == [("PUT", "products/by-key/MUG/1")]
    assert shop.bodies[0]["description"] == "From the ERP."
    assert "taxCode" not in shop.bodies[0]


async def test_only_what_differs_is_written(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, product(payload={"uom": "PR"}))
    assert shop.bodies == [{"name": "Linen apron, sand", "description": "From the ERP.", "uom": "PR"}]
    assert shop.headers[-1]["If-Match"] == '"1"'
    assert isinstance(await plan(sink, product(payload={"uom": "PR"})), Settled)


async def test_what_the_shop_masters_is_left_and_reported(sink: ClaritySink, shop: FakeShop) -> None:
    decision = await plan(sink, product(not_ours={"description", "name"}))
    assert isinstance(decision, Settled)
    assert decision.kept == ["description"]
    [result] = await run(sink, product(payload={"uom": "PR"}, not_ours={"description"}))
    assert isinstance(result, Done)
    assert result.kept == ["description"]
    assert shop.row("products", 310)["description"] == "Washed linen."


async def test_a_price_within_a_product_keeps_the_shops_sale(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, product(payload={"price": {"list": Decimal("25.00"), "currency": "USD"}}))
    assert shop.row("products", 310)["price"] == {"list": "25.00", "sale": "21.00", "currency": "USD"}


async def test_a_product_that_the_erp_deleted_is_not_sold_any_more(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, product(deleted_at=datetime(2025, 3, 5, tzinfo=UTC)))
    assert shop.row("products", 310)["active"] is False
    gone = await plan(sink, product("MUG", deleted_at=datetime(2025, 3, 5, tzinfo=UTC)))
    assert isinstance(gone, Settled)


async def test_a_product_that_moved_is_read_anew(sink: ClaritySink, shop: FakeShop) -> None:
    decision = await plan(sink, product())
    assert isinstance(decision, Plan)
    shop.row("products", 310)["version"] = 9
    assert isinstance(await decision.steps[0].send(Open()), Retry)


async def test_a_linked_company_is_written_under_its_own_key(sink: ClaritySink, shop: FakeShop) -> None:
    [result] = await run(sink, customer(LINKED))
    assert isinstance(result, Done)
    assert result.native_id == "account-88"
    assert shop.writes() == [("PUT", "accounts/by-key/CUST-0088")]
    assert shop.bodies == [{"name": "Acme Tools", "creditLimit": "9000"}]


async def test_a_company_of_the_erp_is_made_under_its_number(sink: ClaritySink, shop: FakeShop) -> None:
    [result] = await run(sink, customer())
    assert isinstance(result, Done)
    assert result.native_id == f"account-{shop.tables['accounts'][-1]['id']}"
    assert shop.writes() == [("PUT", "accounts/by-key/01-ACME")]
    assert "customKey" not in shop.bodies[0]


async def test_a_new_company_waits_to_be_known_as_a_buyer_of_this_shop(shop: FakeShop, settings: Any) -> None:
    now = 100.0
    client = Shop(settings(new_account_patience=90), budget(), shop.transport)
    handler = AccountHandler(client, lambda: now)
    early = await handler.plan(customer())
    assert isinstance(early, Wait)
    assert (early.on, early.after) == ("link", 90.0)
    now += 60.0
    linked = Log(natives={("customer", "e1"): "user-500"})
    assert isinstance(await handler.plan(customer(linked)), Settled)
    assert isinstance(await handler.plan(customer()), Wait)
    now += 31.0
    assert isinstance(await handler.plan(customer()), Plan)
    assert isinstance(await AccountHandler(client, lambda: now).plan(customer()), Wait), "another life, another wait"
    await client.close()


async def test_a_company_without_a_key_cannot_be_written_and_its_prices_wait(sink: ClaritySink, shop: FakeShop) -> None:
    shop.row("accounts", 88)["customKey"] = None
    decision = await plan(sink, customer(LINKED))
    assert isinstance(decision, Settled)
    assert decision.state == "not-ours"
    assert "enter 01-ACME there" in decision.reason
    held = await plan(sink, price(customer="01-ACME", log=LINKED))
    assert isinstance(held, Hold)
    assert held.clears_on == "custom-key"
    assert shop.writes() == []


async def test_a_person_without_a_company_is_not_ours(sink: ClaritySink) -> None:
    log = Log(natives={("customer", "e1"): "user-500"})
    decision = await plan(sink, customer(log))
    assert isinstance(decision, Settled)
    assert decision.state == "not-ours"
