"""Bulk writes of prices and stock: 207 with one result per entry (systems/clarity.md 3.3, 3.5, 6)."""

from typing import Any

import pytest

from .conftest import FOOD, SKU, Json, Open, ShopClient, error, fields

ROW = {"sku": SKU, "locationKey": "AUS-1", "quantityOnHand": "140.0000"}
PRICE = {"sku": SKU, "currency": "USD", "list": "24.90"}


async def stock(shop: ShopClient, *entries: Any) -> list[Json]:
    answer = await shop.put("inventory/bulk", {"entries": list(entries)})
    assert answer.status_code == 207, answer.text
    return list(answer.json()["results"])


async def prices(shop: ShopClient, *entries: Any) -> list[Json]:
    answer = await shop.put("prices/bulk", {"entries": list(entries)})
    assert answer.status_code == 207, answer.text
    return list(answer.json()["results"])


async def test_each_entry_has_its_own_result(shop: ShopClient) -> None:
    results = await stock(shop, ROW, {**ROW, "sku": "X"}, {**ROW, "lot": 1}, "no object", {**ROW, "sku": FOOD})
    assert results[0] == {"index": 0, "key": SKU, "status": 200}
    assert [(one["index"], one["key"], one["status"]) for one in results] == [
        (0, SKU, 200),
        (1, "X", 404),
        (2, SKU, 422),
        (3, None, 422),
        (4, FOOD, 200),
    ]
    assert results[1]["error"]["code"] == "not_found"
    assert results[2]["error"]["details"][0]["field"] == "lot"
    assert results[1]["error"]["requestId"] == results[2]["error"]["requestId"]
    row = next(one for one in await shop.state("inventory", sku=FOOD) if one["locationKey"] == "AUS-1")
    assert (row["quantityOnHand"], row["quantityAvailable"], row["version"]) == ("140.0000", "140.0000", 2)


@pytest.mark.parametrize("path", ["inventory/bulk", "prices/bulk"])
@pytest.mark.parametrize("body", [{}, {"entries": []}, {"entries": {}}, {"entries": [ROW] * 501}, {"rows": [ROW]}])
async def test_a_body_without_1_to_500_entries_is_422_as_a_whole(shared: ShopClient, path: str, body: Any) -> None:
    answer = await shared.put(path, body)
    assert error(answer) == (422, "validation_failed")


async def test_five_hundred_entries_are_fine_and_need_no_key(shop: ShopClient) -> None:
    assert {one["status"] for one in await stock(shop, *([ROW] * 500))} == {200}


async def test_a_row_is_made_by_the_first_write(shop: ShopClient) -> None:
    place = {"locationKey": "LAX-1", "sectionKey": "A-04"}
    assert [one["status"] for one in await stock(shop, {**ROW, **place}, {**ROW, **place})] == [201, 200]
    [row] = [one for one in await shop.state("inventory", sku=SKU) if one["locationKey"] == "LAX-1"]
    assert (row["sectionKey"], row["quantityAllocated"], row["version"]) == ("A-04", "0.0000", 1)
    assert "createdDate" not in row
    await stock(shop, {**ROW, "locationKey": "LAX-1"})
    assert len([one for one in await shop.state("inventory", sku=SKU) if one["locationKey"] == "LAX-1"]) == 2


async def test_stock_that_is_older_than_what_is_known_is_stale(shop: ShopClient) -> None:
    async def write(on_hand: str, as_of: str | None) -> int:
        entry = {**ROW, "quantityOnHand": on_hand, **({"asOf": as_of} if as_of else {})}
        [result] = await stock(shop, entry)
        if result["status"] == 409:
            assert result["error"]["code"] == "stale"
        return int(result["status"])

    assert await write("10", "2025-03-05T06:00:00Z") == 200
    assert await write("11", "2025-03-05T05:59:59Z") == 409
    assert await write("12", "2025-03-05T06:00:00Z") == 200
    assert await write("13", None) == 200
    assert await write("14", "2025-03-05T05:00:00Z") == 409, "a write without asOf leaves the stored one"
    assert await write("13", "2025-03-05T08:00:00Z") == 200
    assert await write("15", "2025-03-05T07:00:00Z") == 409, "the same quantity moves asOf"
    row = next(one for one in await shop.state("inventory", sku=SKU) if one["locationKey"] == "AUS-1")
    assert row["quantityOnHand"] == "13.0000"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"quantityOnHand": 140}, ("quantityOnHand", "type")),
        ({"quantityOnHand": "1.23456"}, ("quantityOnHand", "format")),
        ({"asOf": "yesterday"}, ("asOf", "format")),
        ({"locationKey": None}, ("locationKey", "type")),
    ],
)
async def test_what_a_stock_entry_gets_wrong_is_named(
    shared: ShopClient, change: Json, expected: tuple[str, str]
) -> None:
    [result] = await stock(shared, {**ROW, **change})
    detail = result["error"]["details"][0]
    assert (result["status"], (detail["field"], detail["code"])) == (422, expected)


async def test_stock_on_hand_may_be_below_zero(shop: ShopClient) -> None:
    [result] = await stock(shop, {**ROW, "quantityOnHand": "-3"})
    assert result["status"] == 200


async def test_prices_are_one_per_sku_currency_and_account(open_shop: Open) -> None:
    shop = await open_shop(account_keys=True)
    account = (await shop.state("accounts"))[0]["customKey"]
    own = {**PRICE, "currency": "CAD", "accountKey": account}
    results = await prices(shop, PRICE, own, {**own, "list": "20", "sale": "18.5"}, {**PRICE, "currency": "CAD"})
    assert [one["status"] for one in results] == [200, 201, 200, 201]
    found = [one for one in await shop.state("prices", sku=SKU) if one["currency"] == "CAD"]
    assert [(one["accountKey"], one["list"], one["sale"]) for one in found] == [
        (account, "20.00", "18.50"),
        (None, "24.90", None),
    ]


async def test_what_a_price_entry_gets_wrong_is_named(shared: ShopClient) -> None:
    entries = [{**PRICE, "sku": "X"}, {**PRICE, "accountKey": "X"}, {"sku": SKU}, {**PRICE, "list": "1.00001"}]
    results = await prices(shared, *entries)
    assert [one["status"] for one in results] == [404, 404, 422, 422]
    details = results[2]["error"]["details"]
    assert sorted((one["field"], one["code"]) for one in details) == [("currency", "required"), ("list", "required")]


async def test_prices_are_listed(shared: ShopClient) -> None:
    answer = await shared.get("prices/bulk?pageSize=1")
    [row] = answer.json()["data"]
    assert {"id", "sku", "currency", "accountKey", "list", "sale", "version", "updatedDate"} == set(row)
    assert fields(await shared.get("prices/bulk?currency=USD")) == [("currency", "invalid")]
