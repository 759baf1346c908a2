"""Shapes of XML and JSON documents, types of values, PHP warnings (systems/prestashop.md 4)."""

from collections.abc import Callable
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from .conftest import ShopClient, codes

Open = Callable[..., ShopClient]
XLINK = "{http://www.w3.org/1999/xlink}href"
NAMELESS = "<product><price>5.00</price></product>"


async def placed(shop: ShopClient, **given: Any) -> int:
    return int((await shop.act("place-order", payment="ps_wirepayment", **given))["id"])


async def test_a_list_shows_ids_only_and_with_display_everything(shop: ShopClient) -> None:
    number = await placed(shop)
    assert (await shop.get("orders")).json() == {"orders": [{"id": number}]}
    full = (await shop.get("orders?display=full")).json()["orders"][0]
    assert (full["gift"], full["id_cart"], full["total_discounts"]) == ("0", 1, "0.000000")
    assert list(full)[-1] == "associations"


@pytest.mark.parametrize("version", ["8", "9"])
async def test_a_single_object_drops_every_falsy_field_from_8_on(open_shop: Open, version: str) -> None:
    shop = open_shop(version=version)
    number = await placed(shop)
    single = (await shop.get(f"orders/{number}")).json()["order"]
    dropped = {"delivery_number", "shipping_number", "note", "recyclable", "gift", "gift_message", "valid"}
    assert not dropped & set(single)
    assert single["total_discounts"] == "0.000000"
    plural = (await shop.get(f"orders/{number}?display=full")).json()["orders"][0]
    assert dropped <= set(plural)


async def test_1_7_drops_nothing_and_shows_texts(open_shop: Open) -> None:
    shop = open_shop(version="1.7")
    number = await placed(shop)
    single = (await shop.get(f"orders/{number}")).json()["order"]
    assert single["id"] == number
    assert (single["gift"], single["delivery_number"], single["id_cart"], single["shipping_number"]) == (
        "0",
        "0",
        "1",
        "",
    )
    assert single["associations"]["order_rows"][0]["product_quantity"].isdigit()
    assert "note" not in single
    assert (await shop.get(f"orders/{number}?display=[id,reference]")).json() == {"orders": [{"id": number}]}


async def test_one_id_with_display_is_a_plural_list_with_the_fields(shop: ShopClient) -> None:
    number = await placed(shop)
    answer = await shop.get(f"orders/{number}?display=[id,module]")
    assert answer.json() == {"orders": [{"id": number, "module": "ps_wirepayment"}]}


async def test_booleans_are_texts_but_for_rows_loaded_before(shop: ShopClient) -> None:
    assert (await shop.one("currencies", 1))["active"] == 1
    assert (await shop.one("currencies", 2))["active"] == "1"
    assert (await shop.one("groups", 1))["show_prices"] == 1
    assert (await shop.one("carriers", 2))["deleted"] == "1"


async def test_odd_values_of_lists(shop: ShopClient) -> None:
    product = await shop.one("products", 50)
    assert (product["new"], product["manufacturer_name"], product["id_default_image"]) == (None, False, "")
    assert product["quantity"] == 0
    await placed(shop)
    assert (await shop.rows("order_histories", "limit=1"))[0]["id_employee"] == ""


async def test_empty_associations_are_left_out(shop: ShopClient) -> None:
    plain = next(row for row in await shop.state("products") if row["product_type"] == "standard")
    associations = (await shop.get(f"products/{plain['id']}")).json()["product"]["associations"]
    assert "combinations" not in associations
    assert associations["stock_availables"][0]["id_product_attribute"] == 0
    thread = await shop.post("carts", "<cart><id_currency>1</id_currency><id_lang>1</id_lang></cart>")
    assert "associations" not in (await shop.get(f"carts/{thread.json()['cart']['id']}")).json()["cart"]


async def test_xml_links_values_and_associations(shop: ShopClient) -> None:
    number = await placed(shop, lines=[{"sku": "TRY-GLS-M", "quantity": 1}])
    text = (await shop.get(f"orders/{number}", fmt="XML")).text
    order = fromstring(text).find("order")
    assert order is not None
    cart = order.find("id_cart")
    assert cart is not None
    assert cart.get(XLINK) == f"http://shop.example/api/carts/{cart.text}"
    assert '<shipping_number notFilterable="true"><![CDATA[]]></shipping_number>' in text
    assert '<order_rows nodeType="order_row" virtualEntity="true">' in text
    assert 'xlink:href="http://shop.example/api/customizations/0"' in text
    assert '<language id="1" xlink:href=' in (await shop.get("order_states/4", fmt="XML")).text
    assert '<combinations nodeType="combination" api="combinations"/>' in (await shop.get("products/1", fmt="XML")).text


async def test_xml_lists_have_links_and_order_slip_is_listed_as_order_slips(shop: ShopClient) -> None:
    number = await placed(shop)
    assert (
        f'<order id="{number}" xlink:href="http://shop.example/api/orders/{number}"/>'
        in (await shop.get("orders", fmt="XML")).text
    )
    await shop.act("refund-order", id=number)
    assert (await shop.get("order_slip")).json() == {"order_slips": [{"id": 1}]}
    assert 'xlink:href="http://shop.example/api/order_slips/1"' in (await shop.get("order_slip", fmt="XML")).text
    assert (await shop.get("order_slips/1")).status_code == 400


async def test_an_empty_text_has_no_cdata_in_1_7(open_shop: Open) -> None:
    assert "<location></location>" in (await open_shop(version="1.7").get("stock_availables/1", fmt="XML")).text
    assert "<location><![CDATA[]]></location>" in (await open_shop().get("stock_availables/1", fmt="XML")).text


async def test_errors_in_xml(shop: ShopClient) -> None:
    text = (await shop.get("ordres", fmt="XML")).text
    assert "<errors>\n<error>\n<code><![CDATA[27]]></code>\n<message><![CDATA[Resource of type" in text


# PHP warnings: the table of systems/prestashop.md 4, row by row, both columns.


@pytest.mark.parametrize("query", ["filter[x]=1", "display=[x]", "sort=[x_ASC]", "limit=1,2,3", "schema=x"])
@pytest.mark.parametrize(("version", "noise"), [("9", 3), ("8", 3), ("1.7", 5)])
async def test_warnings_follow_a_bad_list_parameter(open_shop: Open, version: str, noise: int, query: str) -> None:
    answer = await open_shop(version=version).get(f"orders?{query}")
    assert answer.status_code == 500
    assert codes(answer)[1:] == [noise] * 4
    locked = await open_shop(version=version, display_errors="locked").get(f"orders?{query}")
    assert (locked.status_code, len(codes(locked))) == (400, 1)


@pytest.mark.parametrize("display_errors", ["unlocked", "locked"])
async def test_a_bad_display_on_one_id_is_400_in_both(open_shop: Open, display_errors: str) -> None:
    answer = await open_shop(display_errors=display_errors).get("taxes/1?display=[nothing]")
    assert (answer.status_code, codes(answer)) == (400, [35])


@pytest.mark.parametrize(("display_errors", "noise"), [("unlocked", [3, 3, 3]), ("locked", [])])
async def test_a_body_that_is_not_xml_is_500_127(open_shop: Open, display_errors: str, noise: list[int]) -> None:
    shop = open_shop(display_errors=display_errors)
    for body in ('{"order": 1}', "<prestashop><order>"):
        answer = await shop.call("POST", "orders", content=body)
        assert (answer.status_code, codes(answer)) == (500, [*noise, 127])
    empty = await shop.call("POST", "orders")
    assert (empty.status_code, codes(empty)) == (500, [127])


@pytest.mark.parametrize("body", ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "<a>&undefined;</a>"])
async def test_entities_are_not_expanded(open_shop: Open, body: str) -> None:
    answer = await open_shop(display_errors="locked").call("POST", "orders", content=body)
    assert (answer.status_code, codes(answer)) == (500, [127])


@pytest.mark.parametrize(
    ("version", "display_errors", "status", "created"),
    [("9", "unlocked", 500, 0), ("9", "locked", 201, 1), ("1.7", "unlocked", 500, 1), ("1.7", "locked", 201, 1)],
)
async def test_a_product_without_a_name(
    open_shop: Open, version: str, display_errors: str, status: int, created: int
) -> None:
    shop = open_shop(version=version, display_errors=display_errors)
    before = len(await shop.state("products"))
    answer = await shop.post("products", NAMELESS)
    assert answer.status_code == status
    if status == 500:
        assert codes(answer) == [5 if version == "1.7" else 3]
    after = await shop.state("products")
    assert len(after) - before == created
    if created:
        assert after[-1]["active"] == 0


@pytest.mark.parametrize(("display_errors", "status"), [("unlocked", 500), ("locked", 200)])
async def test_a_patch_of_one_language_is_stored_and_yet_500_in_json(
    open_shop: Open, display_errors: str, status: int
) -> None:
    shop = open_shop(display_errors=display_errors)
    body = '<product><id>3</id><name><language id="1">New</language></name></product>'
    answer = await shop.patch("products/3", body)
    assert answer.status_code == status
    assert answer.json()["product"]["name"] == [{"id": 1, "value": "New"}, {"id": 2, "value": None}]
    assert ([error["code"] for error in answer.json().get("errors", [])] == [3]) == (status == 500)
    stored = (await shop.one("products", 3))["name"]
    assert stored == [{"id": 1, "value": "New"}, {"id": 2, "value": ""}]


async def test_a_patch_of_every_language_is_200_and_xml_does_not_warn(shop: ShopClient) -> None:
    both = '<language id="1">A</language><language id="2">B</language>'
    assert (await shop.patch("products/3", f"<product><id>3</id><name>{both}</name></product>")).status_code == 200
    one = '<product><id>3</id><name><language id="1">C</language></name></product>'
    assert (await shop.patch("products/3", one, fmt="XML")).status_code == 200


@pytest.mark.parametrize(
    ("version", "display_errors", "expected"),
    [("9", "unlocked", [3, 87]), ("9", "locked", [87]), ("1.7", "unlocked", [5, 87])],
)
async def test_delete_of_a_collection_is_404(
    open_shop: Open, version: str, display_errors: str, expected: list[int]
) -> None:
    answer = await open_shop(version=version, display_errors=display_errors).delete("addresses")
    assert (answer.status_code, codes(answer)) == (404, expected)


async def test_1_7_shows_a_product_without_image_beside_an_error(open_shop: Open) -> None:
    answer = await open_shop(version="1.7").get("products/50")
    assert answer.status_code == 500
    assert (answer.json()["product"]["id"], codes(answer)) == (50, [5])
    assert (await open_shop(version="1.7", display_errors="locked").get("products/50")).status_code == 200
    assert (await open_shop().get("products/50")).status_code == 200
