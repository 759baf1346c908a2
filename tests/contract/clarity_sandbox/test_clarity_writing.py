"""Writes: idempotency, versions, content types, what is refused (systems/clarity.md 3.5), PUT by key."""

import asyncio
from typing import Any

import pytest

from .conftest import SKU, Open, ShopClient, error, fields, new_key

NAME = {"name": "Sail cloth"}


@pytest.fixture
async def number(shop: ShopClient) -> int:
    return int((await shop.act("place-order", lines=[{"sku": SKU}]))["id"])


async def test_the_same_request_under_its_key_is_done_once(shop: ShopClient, number: int) -> None:
    path, body, key = f"sales-orders/{number}/status", {"status": "Confirmed"}, new_key()
    first = await shop.post(path, body, key)
    await shop.to_status(number, "Processing")
    again = await shop.post(path, body, key.upper())
    assert (first.status_code, "idempotent-replay" in first.headers) == (200, False)
    assert again.headers["idempotent-replay"] == "true"
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert (await shop.order(number))["status"] == "Processing"


async def test_a_key_is_good_for_one_path_and_one_body(shop: ShopClient, number: int) -> None:
    key = new_key()
    await shop.post(f"sales-orders/{number}/status", {"status": "Confirmed"}, key)
    other_body = await shop.post(f"sales-orders/{number}/status", {"status": "Processing"}, key)
    other_path = await shop.post(f"sales-orders/{number + 1}/status", {"status": "Confirmed"}, key)
    assert [error(answer) for answer in (other_body, other_path)] == [(422, "idempotency_key_reused")] * 2


async def test_a_refused_request_may_be_mended_under_its_key(shop: ShopClient, number: int) -> None:
    key = new_key()
    assert (await shop.post(f"sales-orders/{number}/status", {"status": "Completed"}, key)).status_code == 409
    assert (await shop.post(f"sales-orders/{number}/status", {"status": "Confirmed"}, key)).status_code == 200


async def test_a_key_is_forgotten_after_a_day(shop: ShopClient, number: int) -> None:
    key = new_key()
    await shop.post(f"sales-orders/{number}/status", {"status": "Confirmed"}, key)
    await shop.fault(kind="clock_shift", seconds=86_401, times=None)
    answer = await shop.post(f"sales-orders/{number}/status", {"status": "Processing"}, key)
    assert (answer.status_code, answer.json()["status"]) == (200, "Processing")


@pytest.mark.parametrize("path", ["shipments", "refunds", "webhooks", "sales-orders/5120/status"])
@pytest.mark.parametrize("key", [None, "", "1234", "not-a-uuid-at-all-0000-000000000000"])
async def test_every_post_needs_a_uuid(shared: ShopClient, path: str, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = await shared.http.post(f"/api/v1/{path}", json={}, headers=headers)
    assert error(answer) == (400, "bad_request")


async def test_reads_and_writes_have_the_version_as_etag(shop: ShopClient, number: int) -> None:
    read = await shop.get(f"sales-orders/{number}")
    assert (read.headers["etag"], read.json()["version"]) == ('"1"', 1)
    written = await shop.patch(f"sales-orders/{number}", {"notes": "fragile"}, '"1"')
    assert (written.headers["etag"], written.json()["version"]) == ('"2"', 2)
    by_key = await shop.put("products/by-key/NEW-1", NAME)
    assert by_key.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (None, (428, "precondition_required")),
        ("1", (400, "bad_request")),
        ('W/"1"', (400, "bad_request")),
        ('"one"', (400, "bad_request")),
        ('"7"', (412, "version_mismatch")),
    ],
)
async def test_a_patch_needs_the_version_that_it_changes(
    shop: ShopClient, number: int, match: str | None, expected: tuple[int, str]
) -> None:
    answer = await shop.patch(f"sales-orders/{number}", {"notes": "x"}, match)
    assert error(answer) == expected
    assert (await shop.order(number))["version"] == 1


async def test_a_star_matches_but_a_stale_version_in_the_body_does_not(shop: ShopClient, number: int) -> None:
    assert (await shop.patch(f"sales-orders/{number}", {"notes": "x", "version": 1}, "*")).status_code == 200
    answer = await shop.patch(f"sales-orders/{number}", {"notes": "y", "version": 1}, "*")
    assert error(answer) == (412, "version_mismatch")


async def test_one_of_two_writers_with_the_same_version_loses(shop: ShopClient, number: int) -> None:
    path = f"sales-orders/{number}"
    answers = await asyncio.gather(*(shop.patch(path, {"notes": note}, '"1"') for note in ("a", "b")))
    assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_a_patch_merges_and_null_clears(shop: ShopClient, number: int) -> None:
    path = f"sales-orders/{number}"
    await shop.patch(path, {"customKey": "0012345", "erpStatus": "N", "attributes": {"a": "1", "b": "2"}})
    after = (await shop.patch(path, {"erpStatus": None, "attributes": {"a": None, "c": "3"}})).json()
    assert (after["customKey"], after["erpStatus"]) == ("0012345", None)
    assert after["attributes"] == {"b": "2", "c": "3"}
    assert (await shop.patch(path, {"attributes": None})).json()["attributes"] == {}


async def test_a_write_that_changes_nothing_leaves_the_version(shop: ShopClient, number: int) -> None:
    for _ in range(2):
        answer = await shop.patch(f"sales-orders/{number}", {"notes": "fragile"})
        assert (answer.status_code, answer.json()["version"]) == (200, 2)
    for _ in range(2):
        answer = await shop.put("products/by-key/NEW-1", {**NAME, "price": {"list": "1", "currency": "USD"}})
        assert answer.json()["version"] == 1


@pytest.mark.parametrize(
    ("method", "path", "media"),
    [
        ("PATCH", "sales-orders/5120", "application/json"),
        ("POST", "sales-orders/5120/status", "application/merge-patch+json"),
        ("POST", "shipments", "text/plain"),
        ("PUT", "products/by-key/X", "application/xml"),
        ("PUT", "inventory/bulk", ""),
    ],
)
async def test_content_types_are_exact(shop: ShopClient, number: int, method: str, path: str, media: str) -> None:
    headers = {"Idempotency-Key": new_key(), "If-Match": "*", "Content-Type": media}
    answer = await shop.http.request(method, f"/api/v1/{path}", content=b"{}", headers=headers)
    assert error(answer) == (415, "unsupported_media_type")


async def test_a_charset_beside_the_content_type_is_fine(shop: ShopClient, number: int) -> None:
    media = {"Content-Type": "application/json; charset=utf-8"}
    answer = await shop.post(f"sales-orders/{number}/status", {"status": "Confirmed"}, **media)
    assert answer.status_code == 200


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"text"', b"null"])
async def test_a_body_that_is_no_json_object_is_400(shared: ShopClient, content: bytes) -> None:
    headers = {"Idempotency-Key": new_key(), "Content-Type": "application/json"}
    answer = await shared.http.post("/api/v1/shipments", content=content, headers=headers)
    assert error(answer) == (400, "bad_request")


async def test_a_body_over_a_mebibyte_is_413(shared: ShopClient) -> None:
    answer = await shared.put("products/by-key/NEW-1", {"name": "x" * 1024 * 1024})
    assert error(answer) == (413, "payload_too_large")


async def test_each_fault_of_a_body_has_a_detail(shop: ShopClient, number: int) -> None:
    body = {"customKey": 12, "status": "Shipped", "totals": {}, "attributes": []}
    answer = await shop.patch(f"sales-orders/{number}", body)
    assert error(answer) == (422, "validation_failed")
    assert sorted(fields(answer)) == [
        ("attributes", "type"),
        ("customKey", "type"),
        ("status", "unknown"),
        ("totals", "unknown"),
    ]


async def test_a_custom_key_is_had_by_one(shop: ShopClient, number: int) -> None:
    other = (await shop.act("place-order"))["id"]
    await shop.patch(f"sales-orders/{number}", {"customKey": "0012345"})
    answer = await shop.patch(f"sales-orders/{other}", {"customKey": "0012345"})
    assert error(answer) == (409, "duplicate_key")
    assert answer.json()["error"]["details"][0]["existingId"] == number
    assert (await shop.patch(f"sales-orders/{number}", {"customKey": "0012345"})).status_code == 200
    found = await shop.get("sales-orders/by-key/0012345")
    assert (found.json()["id"], found.headers["etag"]) == (number, '"2"')
    assert (await shop.get("sales-orders/by-key/0099999")).status_code == 404


async def test_put_by_key_creates_then_merges(shop: ShopClient) -> None:
    whole = {
        **NAME,
        "typeKey": "simple",
        "weight": "1.5",
        "price": {"list": "24.9", "sale": "21.00", "currency": "USD"},
        "attributes": {"colour": "white", "width": "2 m"},
        "categories": ["Sails", "Cloth"],
    }
    made = await shop.put("products/by-key/SAIL%2F1", whole)
    product = made.json()
    assert (made.status_code, product["customKey"], product["version"]) == (201, "SAIL/1", 1)
    assert made.headers["location"] == f"http://shop.example/api/v1/products/{product['id']}"
    assert product["price"] == {"list": "24.90", "sale": "21.00", "currency": "USD"}
    assert (product["active"], product["description"], product["uom"]) == (True, None, "EA")
    change: dict[str, Any] = {
        "name": "Sail cloth, heavy",
        "price": {"list": "26.00", "currency": "USD"},
        "attributes": {"width": None, "weight": "heavy"},
        "categories": ["Sails"],
        "weight": None,
    }
    merged = await shop.put("products/by-key/SAIL%2F1", change)
    product = merged.json()
    assert (merged.status_code, product["version"], product["name"]) == (200, 2, "Sail cloth, heavy")
    assert product["price"] == {"list": "26.00", "sale": None, "currency": "USD"}
    assert product["attributes"] == {"colour": "white", "weight": "heavy"}
    assert (product["categories"], product["weight"]) == (["Sails"], None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("name", "required")]),
        ({"name": None}, [("name", "type")]),
        ({"name": ""}, [("name", "min")]),
        ({**NAME, "customKey": "OTHER"}, [("customKey", "choice")]),
        ({**NAME, "price": {"list": "1.00"}}, [("price.currency", "required")]),
        ({**NAME, "price": {"currency": "USD"}}, [("price.list", "required")]),
        ({**NAME, "price": {"list": 1.5, "currency": "USD"}}, [("price.list", "type")]),
        ({**NAME, "price": {"list": "1,50", "currency": "USD"}}, [("price.list", "format")]),
        ({**NAME, "price": {"list": "1.00", "currency": "XYZ"}}, [("price.currency", "choice")]),
        ({**NAME, "typeKey": "thing"}, [("typeKey", "choice")]),
        ({**NAME, "parentKey": "NOBODY"}, [("parentKey", "reference")]),
        ({**NAME, "id": 4}, [("id", "unknown")]),
    ],
)
async def test_a_product_that_does_not_fit_is_422(shared: ShopClient, body: Any, expected: list[Any]) -> None:
    answer = await shared.put("products/by-key/NEW-1", body)
    assert (error(answer), fields(answer)) == ((422, "validation_failed"), expected)
    assert await shared.state("products", customKey="NEW-1") == []


async def test_put_by_key_may_carry_a_version(shop: ShopClient) -> None:
    path = "accounts/by-key/C0042"
    created = await shop.put(path, {"name": "Acme Tools", "creditLimit": "5000"}, **{"If-Match": '"3"'})
    assert (created.status_code, created.json()["creditLimit"]) == (201, "5000.00")
    stale = await shop.put(path, {"name": "Acme"}, **{"If-Match": '"3"'})
    assert error(stale) == (412, "version_mismatch")
    assert error(await shop.put(path, {"name": "Acme", "version": 4})) == (412, "version_mismatch")
    assert error(await shop.put(path, {"name": "Acme"}, **{"If-Match": "3"})) == (400, "bad_request")
    done = await shop.put(path, {"name": "Acme", "customKey": "C0042"}, **{"If-Match": '"1"'})
    assert (done.status_code, done.json()["creditLimit"], done.json()["priceLists"]) == (200, "5000.00", [])


async def test_the_price_of_a_product_is_its_list_price(shop: ShopClient) -> None:
    await shop.put("products/by-key/NEW-1", {**NAME, "price": {"list": "10.00", "currency": "USD"}})
    await shop.put("prices/bulk", {"entries": [{"sku": "NEW-1", "currency": "USD", "list": "12.00"}]})
    [product] = await shop.state("products", customKey="NEW-1")
    [price] = await shop.state("prices", sku="NEW-1")
    assert (product["price"]["list"], price["list"], price["version"]) == ("12.00", "12.00", 2)


async def test_accounts_have_keys_where_an_erp_has_set_them(open_shop: Open, shop: ShopClient) -> None:
    assert {account["customKey"] for account in await shop.state("accounts")} == {None}
    keyed = await open_shop(account_keys=True)
    account = (await keyed.state("accounts"))[0]
    assert account["customKey"] == f"CUST-{account['id']:04d}"
    assert await keyed.state("prices", accountKey=account["customKey"])
