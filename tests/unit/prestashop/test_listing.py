"""Listings of a shop: by id, in windows of a clock that repeats an hour each autumn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Listed, SourceRefusedError
from penstock.connectors.prestashop.source import PrestashopSource
from tests.unit.prestashop.fake_shop import FakeShop
from tests.unit.prestashop.shop_tables import ORDER

CLOCK_BACK = datetime(2025, 10, 26, 1, tzinfo=UTC)  # 03:00 summer time becomes 02:00
HOUR = timedelta(hours=1)


def make(settings: Any, shop: FakeShop, **changed: Any) -> PrestashopSource:
    return PrestashopSource(settings(**changed), Budget(BudgetSettings()), shop.transport)


async def listed(
    source: PrestashopSource, entity: str, since: datetime | None = None, until: datetime | None = None
) -> list[Listed]:
    return [row async for page in source.listing(entity, since, until) for row in page]


def orders(shop: FakeShop, stamps: dict[int, str]) -> None:
    shop.tables["orders"] = [{**ORDER, "id": native_id, "date_add": stamp} for native_id, stamp in stamps.items()]


async def test_an_order_is_listed_with_its_sums(source: PrestashopSource) -> None:
    (row,) = await listed(source, "order")
    assert (row.native_id, row.reference) == ("41", None)
    assert row.at == datetime(2025, 3, 4, 9, 5, 2, tzinfo=UTC)
    assert row.facts == {"currency": "EUR", "total": "65.76", "tax": "10.96", "quantity": "2", "state": "2"}


async def test_pages_move_by_id_whatever_comes_and_goes(settings: Any, shop: FakeShop) -> None:
    orders(shop, dict.fromkeys(range(5, 40, 5), "2025-03-04 10:05:02"))
    source = make(settings, shop, page_size=2)

    def drift(request: httpx.Request) -> None:
        """After each page an order of it is deleted, and a new one is placed."""
        if "orders" in request.url.path and len(shop.tables["orders"]) < 20:
            shop.tables["orders"].pop(0)
            newest = shop.tables["orders"][-1]
            shop.tables["orders"].append({**newest, "id": newest["id"] + 5})
            if newest["id"] > 60:
                shop.after.clear()

    shop.after.append(drift)
    found = [row.native_id for row in await listed(source, "order")]
    assert found[:7] == [str(number) for number in range(5, 40, 5)]
    assert len(set(found)) == len(found)
    assert all("filter[id]" in query for query in shop.reads("orders"))
    await source.close()


async def test_a_second_that_holds_many_pages_is_listed_whole(settings: Any, shop: FakeShop) -> None:
    orders(shop, dict.fromkeys(range(1, 1001), "2025-03-04 10:05:02"))
    source = make(settings, shop, page_size=100)
    at = datetime(2025, 3, 4, 9, 5, 2, tzinfo=UTC)
    assert len(await listed(source, "order", at, at + timedelta(seconds=1))) == 1000
    assert await listed(source, "order", at + timedelta(seconds=1), None) == []
    await source.close()


async def test_an_hour_that_comes_twice_is_listed_in_both_of_its_windows(settings: Any, shop: FakeShop) -> None:
    stamps = ["2025-10-26 01:59:59", "2025-10-26 02:00:00", "2025-10-26 02:59:59", "2025-10-26 03:00:00"]
    orders(shop, dict(enumerate(stamps, 1)))
    source = make(settings, shop, time_zone="Europe/Paris")
    windows = [(CLOCK_BACK - 2 * HOUR, -HOUR), (CLOCK_BACK - HOUR, HOUR), (CLOCK_BACK, HOUR), (CLOCK_BACK + HOUR, HOUR)]
    found = []
    for since, length in windows:
        rows = await listed(source, "order", since, since + abs(length))
        assert all(row.at is not None and since <= row.at < since + abs(length) for row in rows)
        found.append([row.native_id for row in rows])
    assert found == [["1"], ["2", "3"], ["2", "3"], ["4"]]
    await source.close()


async def test_stock_is_that_of_combinations_and_of_products_without_any(
    source: PrestashopSource, shop: FakeShop
) -> None:
    shop.tables["products"] = [{"id": 8, "reference": "APR"}, {"id": 9, "reference": "BEE"}]
    shop.tables["combinations"] = [{"id": 31, "id_product": 8, "reference": "APR-SND"}]
    shop.tables["stock_availables"] = [
        {"id": native_id, "id_product": product, "id_product_attribute": attribute, "id_shop": 1, "quantity": quantity}
        for native_id, product, attribute, quantity in (
            (50, 8, 0, 140),
            (51, 8, 31, 140),
            (52, 9, 0, -3),
            (53, 99, 0, 1),
        )
    ]
    rows = await listed(source, "stock")
    assert [(row.native_id, dict(row.facts)) for row in rows] == [
        ("51", {"sku": "APR-SND", "available": "140"}),
        ("52", {"sku": "BEE", "available": "-3"}),
    ]


async def test_a_refused_list_is_no_empty_one(source: PrestashopSource, shop: FakeShop) -> None:
    shop.hooks.append(lambda _: shop.error(500, 35, 3))
    with pytest.raises(SourceRefusedError, match="35"):
        await listed(source, "order")
