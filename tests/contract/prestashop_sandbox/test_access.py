"""Keys, rights, methods, headers (systems/prestashop.md 1 and the error table of 4)."""

from collections.abc import Callable

import httpx
import pytest

from penstock.connectors.prestashop.sandbox.options import DEFAULT_KEY

from .conftest import ShopClient, codes

Open = Callable[..., ShopClient]
OTHER_KEY = "B" * 32


async def as_key(shop: ShopClient, key: str, path: str = "orders", password: str = "") -> httpx.Response:
    return await shop.get(path, auth=(key, password))


async def test_no_credentials_get_the_bare_401(shop: ShopClient) -> None:
    for headers in ({}, {"authorization": "Bearer abc"}):
        shop.http.auth = None
        answer = await shop.get("orders", headers=headers)
        assert (answer.status_code, answer.text) == (401, "401 Unauthorized")
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["www-authenticate"].startswith('Basic realm="Welcome to PrestaShop Webservice')
        assert "psws-version" not in answer.headers


@pytest.mark.parametrize(("key", "expected"), [(OTHER_KEY, [20, 21]), ("short", [18]), ("", [17])])
async def test_a_bad_key_gets_an_error_document(shop: ShopClient, key: str, expected: list[int]) -> None:
    answer = await as_key(shop, key)
    assert (answer.status_code, codes(answer)) == (401, expected)
    assert answer.headers["psws-version"] == "0"
    assert "www-authenticate" in answer.headers


async def test_a_key_without_rights_gets_21_alone_and_an_inactive_one_20_and_21(open_shop: Open) -> None:
    shop = open_shop(keys={DEFAULT_KEY: "*", "A" * 32: {}, OTHER_KEY: "*"}, inactive_keys=[OTHER_KEY])
    assert codes(await as_key(shop, "A" * 32)) == [21]
    assert codes(await as_key(shop, OTHER_KEY)) == [20, 21]


async def test_case_and_password_do_not_matter_and_a_bad_basic_key_is_not_rescued(shop: ShopClient) -> None:
    assert (await as_key(shop, DEFAULT_KEY.lower(), password="anything")).status_code == 200
    shop.http.auth = None
    assert (await shop.get(f"orders?ws_key={DEFAULT_KEY}")).status_code == 200
    assert (await shop.get(f"orders?ws_key={DEFAULT_KEY}", auth=(OTHER_KEY, ""))).status_code == 401


async def test_rights_are_per_resource_and_method(open_shop: Open) -> None:
    shop = open_shop(keys={DEFAULT_KEY: {"orders": ["GET"], "stock_availables": "*"}})
    assert (await shop.get("orders")).status_code == 200
    refused = await shop.get("customers")
    assert (refused.status_code, codes(refused)) == (401, [26])
    assert "www-authenticate" not in refused.headers
    refused = await shop.patch("orders/1", "<order><id>1</id></order>")
    assert (refused.status_code, codes(refused)) == (405, [25])
    root = await shop.get("", fmt="XML")
    assert "<orders " in root.text
    assert "<customers " not in root.text


async def test_an_unknown_resource_is_400_27_with_the_full_list(shop: ShopClient) -> None:
    answer = await shop.get("ordres")
    assert (answer.status_code, codes(answer)) == (400, [27])
    assert 'Did you mean: "orders"' in answer.json()["errors"][0]["message"]


async def test_post_of_stock_is_405_101_and_patch_does_not_exist_in_1_7(open_shop: Open) -> None:
    shop, old = open_shop(), open_shop(version="1.7")
    refused = await shop.post("stock_availables", "<stock_available/>")
    assert (refused.status_code, codes(refused)) == (405, [101])
    assert codes(await shop.delete("stock_availables/1")) == [101]
    refused = await old.patch("orders/1", "<order><id>1</id></order>")
    assert (refused.status_code, codes(refused)) == (405, [23])
    assert "Method PATCH is not valid" in refused.text


async def test_options_is_refused_with_a_key_and_200_without_one_in_9(shop: ShopClient) -> None:
    refused = await shop.call("OPTIONS", "orders")
    assert (refused.status_code, codes(refused)) == (405, [23])
    shop.http.auth = None
    answer = await shop.call("OPTIONS", "orders")
    assert (answer.status_code, answer.text) == (200, "200 OK")


async def test_a_disabled_webservice_is_503_22_and_maintenance_has_no_effect(open_shop: Open) -> None:
    off, tended = open_shop(webservice_enabled=False), open_shop(maintenance=True)
    refused = await off.get("orders")
    assert (refused.status_code, codes(refused)) == (503, [22])
    assert (await tended.get("orders")).status_code == 200


async def test_supply_orders_are_gone_in_9_and_order_returns_are_new(open_shop: Open) -> None:
    for version, expected in (("9", [400, 200]), ("8", [200, 400])):
        shop = open_shop(version=version)
        assert [(await shop.get(name)).status_code for name in ("supply_orders", "order_returns")] == expected


async def test_the_headers_of_a_good_answer(shop: ShopClient) -> None:
    answer = await shop.get("orders")
    assert answer.headers["x-powered-by"] == "PrestaShop Webservice"
    assert answer.headers["psws-version"] == "9.1.4"
    assert {"access-time", "execution-time", "content-sha1", "set-cookie"} <= set(answer.headers)
    assert answer.headers["content-type"] == "application/json"
    assert (await shop.get("orders", fmt="XML")).headers["content-type"] == "text/xml;charset=utf-8"


async def test_the_method_can_be_overridden(shop: ShopClient) -> None:
    address = (await shop.rows("addresses", "limit=1"))[0]["id"]
    answer = await shop.get(f"addresses/{address}?ps_method=DELETE")
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await shop.get(f"addresses/{address}")).status_code == 404


async def test_the_format_header_beats_the_query_and_only_the_exact_word_counts(shop: ShopClient) -> None:
    for headers, query, is_json in (
        ({"Io-Format": "JSON"}, "output_format=XML", True),
        ({"Output-Format": "XML"}, "output_format=JSON", False),
        ({}, "output_format=json", False),
        ({}, "io_format=JSON", True),
        ({"Accept": "application/json"}, "", False),
    ):
        answer = await shop.get(f"taxes?{query}", fmt="XML", headers=headers)
        assert answer.headers["content-type"].startswith("application/json") == is_json


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/orders/", "/api//orders"])
async def test_slashes_do_not_matter(shop: ShopClient, path: str) -> None:
    assert (await shop.http.get(path)).status_code == 200


@pytest.mark.parametrize(("version", "page"), [("9", "/?url=orders&"), ("1.7", "/index.php?url=orders&")])
async def test_a_bad_shop_redirects_to_the_front_page(open_shop: Open, version: str, page: str) -> None:
    shop = open_shop(version=version)
    for value in ("99", "abc", ""):
        answer = await shop.get(f"orders?id_shop={value}")
        assert (answer.status_code, answer.headers["location"].startswith(page)) == (302, True)
    assert (await shop.get("orders?id_shop=all")).status_code == 200


async def test_a_group_without_shops_is_500_999(open_shop: Open) -> None:
    shop, old = open_shop(), open_shop(version="1.7")
    refused = await shop.get("orders?id_shop_group=7")
    assert (refused.status_code, codes(refused)) == (500, [999])
    assert codes(await old.get("orders?id_group_shop=7")) == [999]
    assert (await old.get("orders?id_shop_group=7")).status_code == 200


async def test_a_key_bound_to_another_shop_is_403_132(open_shop: Open) -> None:
    shop = open_shop(multistore="separate", key_shops={DEFAULT_KEY: [2]})
    refused = await shop.get("orders?id_shop=1")
    assert (refused.status_code, codes(refused)) == (403, [132])
    assert (await shop.get("orders?id_shop=2")).status_code == 200


async def test_the_root_in_json_is_an_array_in_1_7_and_kills_8_and_9(open_shop: Open) -> None:
    old = (await open_shop(version="1.7").get("")).json()
    assert {"orders", "stock_availables"} <= set(old)
    for version in ("8", "9"):
        answer = await open_shop(version=version).get("")
        assert (answer.status_code, answer.content) == (500, b"")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "psws-version" not in answer.headers


async def test_the_same_content_is_304_from_8_on_and_never_in_1_7(open_shop: Open) -> None:
    for version, status in (("9", 304), ("8", 304), ("1.7", 200)):
        shop = open_shop(version=version)
        first = await shop.get("taxes?display=full")
        again = await shop.get("taxes?display=full", headers={"Local-Content-Sha1": first.headers["content-sha1"]})
        assert again.status_code == status
        assert (again.content == b"") == (status == 304)
        assert ("content-type" in again.headers) == (status == 200)


async def test_head_gives_headers_only(shop: ShopClient) -> None:
    answer = await shop.call("HEAD", "orders")
    assert (answer.status_code, answer.content) == (200, b"")
