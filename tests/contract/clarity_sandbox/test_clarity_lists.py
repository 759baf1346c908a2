"""Lists: filters, pages, cursors, drift (systems/clarity.md 3.4)."""

from typing import Any
from urllib.parse import quote

import pytest

from .conftest import SKU, Open, ShopClient, error, new_key


async def follow(shop: ShopClient, path: str) -> list[int]:
    """Ids of all pages, by the Link header."""
    found: list[int] = []
    url: str | None = f"http://shop.example/api/v1/{path}"
    while url:
        answer = await shop.http.get(url)
        assert answer.status_code == 200, answer.text
        found += [row["id"] for row in answer.json()["data"]]
        url = answer.links.get("next", {}).get("url")
    return found


async def by_cursor(shop: ShopClient, path: str) -> list[int]:
    found: list[int] = []
    more = ""
    while True:
        answer = (await shop.get(path + more)).json()
        found += [row["id"] for row in answer["data"]]
        if not answer["pagination"]["hasMore"]:
            return found
        more = f"&cursor={quote(answer['pagination']['nextCursor'])}"


async def ids(shop: ShopClient, path: str) -> list[int]:
    answer = await shop.get(path)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["data"]]


async def test_pages_hold_fifty_rows_unless_told_otherwise(shared: ShopClient) -> None:
    answer = await shared.get("users")
    page = answer.json()["pagination"]
    assert {name: page[name] for name in page if name != "nextCursor"} == {
        "page": 1,
        "pageSize": 50,
        "totalCount": 200,
        "totalPages": 4,
        "hasMore": True,
    }
    assert answer.headers["link"] == '<http://shop.example/api/v1/users?page=2>; rel="next"'
    last = await shared.get("users?page=4")
    assert last.json()["pagination"]["hasMore"] is False
    assert "link" not in last.headers
    assert "nextCursor" not in last.json()["pagination"]


async def test_a_page_past_the_end_and_an_empty_list_are_empty(shared: ShopClient) -> None:
    past = (await shared.get("users?page=9")).json()
    assert (past["data"], past["pagination"]["totalCount"]) == ([], 200)
    empty = (await shared.get("shipments")).json()
    assert empty["data"] == []
    assert (empty["pagination"]["totalPages"], empty["pagination"]["hasMore"]) == (0, False)


async def test_links_and_cursors_lead_through_all_rows_once(shared: ShopClient) -> None:
    for query in ("", "&sort=updatedDate", "&sort=-updatedDate"):
        for walk in (follow, by_cursor):
            found = await walk(shared, f"products?pageSize=200{query}")
            assert len(found) == len(set(found)) == len(await shared.state("products"))


async def test_an_answer_by_cursor_has_a_link_but_no_page(shared: ShopClient) -> None:
    first = (await shared.get("users?pageSize=2")).json()["pagination"]
    second = await shared.get(f"users?pageSize=2&cursor={quote(first['nextCursor'])}")
    assert "page" not in second.json()["pagination"]
    assert "cursor=" in second.headers["link"]


async def changed_later(shop: ShopClient, seconds: float, *numbers: int) -> None:
    """Change orders so many seconds from now, by the shop's clock."""
    await shop.fault(kind="clock_shift", seconds=seconds, times=None)
    for number in numbers:
        await shop.act("update-order", id=number, notes=f"changed {new_key()}")
    await shop.http.delete("/_sandbox/faults")


async def test_updated_since_is_inclusive_and_updated_before_is_not(shop: ShopClient) -> None:
    orders = [order["id"] for order in (await shop.act("place-orders", count=4))["orders"]]
    await changed_later(shop, 100, orders[1])
    await changed_later(shop, 200, orders[0])
    early, late = [(await shop.order(number))["updatedDate"] for number in (orders[1], orders[0])]
    assert await ids(shop, f"sales-orders?updatedSince={early}&sort=updatedDate") == [orders[1], orders[0]]
    assert await ids(shop, f"sales-orders?updatedSince={early}&sort=-updatedDate") == [orders[0], orders[1]]
    assert await ids(shop, f"sales-orders?updatedSince={early}&updatedBefore={late}") == [orders[1]]
    assert await ids(shop, f"sales-orders?updatedBefore={early}") == orders[2:]
    with_zone = quote(early.replace("Z", "+00:00"))
    assert await ids(shop, f"sales-orders?updatedSince={with_zone}") == orders[:2]
    fraction = early.replace("Z", ".5Z")
    assert await ids(shop, f"sales-orders?updatedSince={fraction}") == orders[:1]


async def test_orders_are_filtered_by_status_key_account_and_email(shop: ShopClient) -> None:
    orders = [order["id"] for order in (await shop.act("place-orders", count=3))["orders"]]
    guest = (await shop.act("place-order", email="Guest@Shop.example"))["id"]
    account = (await shop.state("accounts"))[0]["id"]
    company = (await shop.act("place-order", account=account))["id"]
    await shop.to_status(orders[0], "Processing")
    await shop.to_status(orders[1], "On Hold")
    await shop.patch(f"sales-orders/{orders[2]}", {"customKey": "0012345"})
    assert await ids(shop, "sales-orders?status=Processing,On%20Hold") == orders[:2]
    assert await ids(shop, "sales-orders?customKey=0012345") == [orders[2]]
    assert await ids(shop, "sales-orders?email=gUEST@shop.EXAMPLE") == [guest]
    assert company in await ids(shop, f"sales-orders?accountId={account}")
    assert await ids(shop, f"sales-orders?accountId={account}&status=Shipped") == []


async def test_the_other_lists_have_their_filters(shop: ShopClient) -> None:
    stock = (await shop.get(f"inventory?sku={SKU}")).json()["data"]
    assert {row["sku"] for row in stock} == {SKU}
    user = (await shop.state("users"))[3]
    assert await ids(shop, f"users?email={user['email'].upper()}") == [user["id"]]
    account = (await shop.state("accounts"))[0]["id"]
    expected = [one["id"] for one in await shop.state("users", accountId=account)]
    assert await ids(shop, f"users?accountId={account}&active=true") == expected != []
    assert await ids(shop, f"products?customKey={SKU}&active=false") == []
    assert len(await ids(shop, f"products?customKey={SKU}&active=true")) == 1
    assert await ids(shop, "webhooks?active=true") == []
    assert await ids(shop, "accounts?customKey=none") == []
    assert len(await ids(shop, "prices/bulk?pageSize=200")) == 200
    order = (await shop.act("place-order", paid=True))["id"]
    assert len(await ids(shop, f"payments?salesOrderId={order}&status=captured")) == 1
    assert await ids(shop, "payments?salesOrderId=1") == []


BAD = [
    ("sales-orders?page=0", "page"),
    ("sales-orders?page=x", "page"),
    ("sales-orders?pageSize=201", "pageSize"),
    ("sales-orders?pageSize=0", "pageSize"),
    ("sales-orders?sort=createdDate", "sort"),
    ("sales-orders?updatedSince=2025-03-04", "updatedSince"),
    ("sales-orders?updatedSince=2025-03-04T15:05:02", "updatedSince"),
    ("sales-orders?updatedBefore=2025-13-04T15:05:02Z", "updatedBefore"),
    ("sales-orders?status=Pending&status=Shipped", "status"),
    ("sales-orders?status=pending", "status"),
    ("sales-orders?status=Pending,", "status"),
    ("sales-orders?accountId=A1", "accountId"),
    ("sales-orders?userId=1", "userId"),
    ("sales-orders?email=", "email"),
    ("shipments?status=lost", "status"),
    ("payments?customKey=1", "customKey"),
    ("products?active=1", "active"),
    ("products?sku=X", "sku"),
    ("prices/bulk?sku=X", "sku"),
    ("contacts?email=a@b.example", "email"),
    ("users?cursor=nonsense", "cursor"),
    ("users?cursor=W10=", "cursor"),
]


@pytest.mark.parametrize(("path", "field"), BAD)
async def test_what_a_list_does_not_know_is_400_invalid_filter(shared: ShopClient, path: str, field: str) -> None:
    answer = await shared.get(path)
    assert error(answer) == (400, "invalid_filter")
    assert answer.json()["error"]["details"][0]["field"] == field


async def test_a_cursor_stands_alone_and_belongs_to_its_query(shared: ShopClient) -> None:
    cursor = quote((await shared.get("users?pageSize=2")).json()["pagination"]["nextCursor"])
    assert error(await shared.get(f"users?page=1&cursor={cursor}")) == (400, "invalid_filter")
    assert error(await shared.get(f"users?active=true&cursor={cursor}")) == (400, "invalid_filter")
    assert error(await shared.get(f"users?sort=updatedDate&cursor={cursor}")) == (400, "invalid_filter")


@pytest.mark.parametrize(("walk", "missed"), [(follow, 1), (by_cursor, 0)])
async def test_rows_that_move_while_paging_are_missed_by_page_and_not_by_cursor(
    open_shop: Open, walk: Any, missed: int
) -> None:
    shop = await open_shop()
    orders = [order["id"] for order in (await shop.act("place-orders", count=4))["orders"]]
    for back, number in enumerate(reversed(orders), start=1):
        await changed_later(shop, -100 * back, number)
    await shop.act("set-options", page_drift=True)
    found = await walk(shop, "sales-orders?sort=updatedDate&pageSize=2")
    assert len(set(orders) - set(found)) == missed
