"""Listings of an installation, and the walk by change time that polls share with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.clarity.source import ClaritySource
from penstock.connectors.contract import Listed
from tests.unit.clarity.fake_shop import FakeShop
from tests.unit.clarity.rows import ORDER
from tests.unit.clarity.test_source import polled

TEN = "2025-03-04T10:00:00Z"
PLACED = datetime(2025, 3, 4, 15, 5, 2, tzinfo=UTC)


async def listed(
    source: ClaritySource, entity: str, since: datetime | None = None, until: datetime | None = None
) -> list[Listed]:
    return [row async for page in source.listing(entity, since, until) for row in page]


def crowd(shop: FakeShop, count: int) -> None:
    shop.tables["sales-orders"] = [{**ORDER, "id": n, "createdDate": TEN, "updatedDate": TEN} for n in range(count)]


def edits(shop: FakeShop, times: int) -> None:
    """After each of the first answers an order that was in it is edited: it moves to the end, the others move up."""
    left = list(range(times))

    def edit(request: httpx.Request) -> None:
        if left and request.url.params.get("page", "1") != "1":
            shop.row("sales-orders", left.pop(0)).update(
                updatedDate=f"2025-03-04T11:00:{times - len(left):02}Z", version=2
            )

    shop.after.append(edit)


@pytest.fixture
async def paging(shop: FakeShop, settings: Any) -> Any:
    source = ClaritySource(settings(page_size=3), Budget(BudgetSettings()), shop.transport)
    yield source
    await source.close()


async def test_an_order_is_listed_with_its_sums(source: ClaritySource) -> None:
    (row,) = await listed(source, "order")
    assert (row.native_id, row.reference, row.at) == ("5120", None, PLACED)
    assert row.facts == {"currency": "USD", "total": "119.82", "tax": "8.22", "quantity": "4", "state": "Pending"}


async def test_an_old_order_that_was_edited_is_not_in_the_window_of_its_edit(
    source: ClaritySource, shop: FakeShop
) -> None:
    shop.order()["updatedDate"] = "2025-06-01T00:00:00Z"
    assert await listed(source, "order", PLACED + timedelta(days=1), None) == []
    assert len(await listed(source, "order", PLACED, PLACED + timedelta(seconds=1))) == 1


async def test_orders_of_one_instant_that_are_edited_while_it_is_paged_are_all_listed(
    paging: ClaritySource, shop: FakeShop
) -> None:
    crowd(shop, 20)
    edits(shop, 6)
    found = [row.native_id for row in await listed(paging, "order")]
    assert sorted(found, key=int) == [str(n) for n in range(20)]


async def test_polling_does_not_pass_over_them_either(paging: ClaritySource, shop: FakeShop) -> None:
    crowd(shop, 20)
    edits(shop, 6)
    notes, _ = await polled(paging, "orders")
    assert {note.ref.native_id for note in notes} == {str(n) for n in range(20)}


async def test_a_thousand_orders_of_one_second_are_listed(source: ClaritySource, shop: FakeShop) -> None:
    crowd(shop, 1000)
    assert len(await listed(source, "order")) == 1000


async def test_people_of_a_company_are_part_of_it(source: ClaritySource) -> None:
    assert [row.native_id for row in await listed(source, "customer")] == ["account-88", "user-500"]


async def test_stock_is_what_the_shop_offers_by_place(source: ClaritySource, shop: FakeShop) -> None:
    rows = await listed(source, "stock", PLACED, None)
    assert [(row.native_id, dict(row.facts)) for row in rows] == [
        ("APR-SND|AUS-1|A-04", {"sku": "APR-SND", "available": "6"})
    ]
