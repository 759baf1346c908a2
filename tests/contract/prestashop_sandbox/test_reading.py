"""Lists, filters, sorting, paging (systems/prestashop.md 3)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from .conftest import ShopClient, codes

Open = Callable[..., ShopClient]


async def ids(shop: ShopClient, path: str) -> list[int]:
    answer = await shop.get(path)
    assert answer.status_code == 200, answer.text
    found: Any = answer.json()
    return [row["id"] for row in next(iter(found.values()))] if found else []


async def test_no_match_is_a_bare_array_and_in_xml_an_empty_list(shop: ShopClient) -> None:
    assert (await shop.get("orders?filter[id]=[99]")).content == b"[]"
    assert "<orders>\n</orders>" in (await shop.get("orders?filter[id]=[99]", fmt="XML")).text


@pytest.mark.parametrize("path", ["orders/99", "orders/abc"])
async def test_a_missing_object_is_404_without_body_and_content_type(shop: ShopClient, path: str) -> None:
    answer = await shop.get(path)
    assert (answer.status_code, answer.content) == (404, b"")
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "9" * 5000])
async def test_absurd_ids_find_nothing(shop: ShopClient, number: str) -> None:
    assert (await shop.get(f"orders/{number}")).status_code == 404
    assert await ids(shop, f"orders?filter[id]=[{number}]") == []


async def test_times_are_naive_and_of_the_shops_zone(open_shop: Open) -> None:
    shop = open_shop(time_zone="Pacific/Kiritimati")
    placed = (await shop.act("place-order"))["date_add"]
    apart = datetime.fromisoformat(placed).replace(tzinfo=UTC) - datetime.now(UTC)
    assert 13.9 < apart.total_seconds() / 3600 < 14.1


async def test_more_segments_are_cast_away(shop: ShopClient) -> None:
    assert (await shop.get("taxes/1/2")).json()["tax"]["id"] == 1


async def test_without_sort_the_order_is_not_by_id(shop: ShopClient) -> None:
    found = await ids(shop, "addresses?limit=20")
    assert found != sorted(found)
    assert len(await ids(shop, "addresses")) == len(set(await ids(shop, "addresses")))


async def test_sorting_by_several_fields(shop: ShopClient) -> None:
    rows = await shop.rows("stock_availables", "filter[id_product]=[3]")
    found = await ids(shop, "stock_availables?filter[id_product]=[3]&sort=[quantity_DESC,id_ASC]")
    assert found == [row["id"] for row in sorted(rows, key=lambda row: (-row["quantity"], row["id"]))]
    assert await ids(shop, "taxes?sort=id_DESC") == [4, 3, 2, 1]
    assert await ids(shop, "taxes?sort=[rate_DESC]") == [1, 2, 3, 4]
    assert (await ids(shop, "order_states?sort=[name_ASC]&language=1"))[:3] == [10, 13, 1]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2", [2]),
        ("[2]", [2]),
        ("[1|3]", [1, 3]),
        ("[3,2]", [2, 3]),
        ("[1.0,2]", [1, 2]),
        (">[3]", [4]),
        ("<[2]", [1]),
        ("![1|2]", [3, 4]),
        ("[3,]", [3]),
        ("[a,b]", []),
        ("%25[4]", [4]),
    ],
)
async def test_filter_forms(shop: ShopClient, value: str, found: list[int]) -> None:
    assert await ids(shop, f"taxes?filter[id]={value}&sort=[id_ASC]") == found


async def test_text_filters_ignore_case_and_know_like(shop: ShopClient) -> None:
    order = await shop.act("place-order")
    reference = order["reference"]
    for value in (reference.lower(), f"[{reference.lower()}]", f"%25[{reference[1:]}]", f"[{reference[:4]}]%25"):
        assert await ids(shop, f"orders?filter[reference]={value}") == [order["id"]]
    assert await ids(shop, f"orders?filter[total_paid]=[{order['total_paid']}]") == [order["id"]]


async def test_multilingual_filters_look_in_the_selected_languages(shop: ShopClient) -> None:
    assert await ids(shop, "order_states?filter[name]=[Shipped]") == [4]
    assert await ids(shop, "order_states?filter[name]=[Expédié]&language=1") == []
    assert await ids(shop, "order_states?filter[i18n][name]=[expédié]") == [4]
    fatal = await shop.get("order_states?filter[name]=[Shipped]&filter[template]=[shipped]")
    assert (fatal.status_code, fatal.content) == (500, b"")


async def test_intervals_of_dates_include_both_ends_and_a_bare_date_is_midnight(shop: ShopClient) -> None:
    order = await shop.act("place-order")
    stamp = (await shop.one("orders", order["id"]))["date_upd"]
    day = stamp[:10]
    for value, found in (
        (f"[{stamp},{stamp}]", [order["id"]]),
        (f"[{stamp.replace(' ', '+')},2100-01-01]", [order["id"]]),
        (f"[2100-01-01,{stamp}]", [order["id"]]),
        (f"[{day},{day}]", []),
        (f">[{stamp}]", []),
        (f"[{stamp.replace(' ', 'T')},2100-01-01T00:00:00]", []),
    ):
        assert await ids(shop, f"orders?filter[date_upd]={value}&date=1") == found


async def test_dates_need_date_1_and_tables_without_them_answer_an_empty_list(shop: ShopClient) -> None:
    assert codes(await shop.get("orders?filter[date_upd]=[2020-01-01,2100-01-01]"))[0] == 32
    assert codes(await shop.get("orders?sort=[date_upd_ASC]"))[0] == 38
    for resource in ("stock_availables", "combinations"):
        assert (await shop.get(f"{resource}?filter[date_upd]=>[2000-01-01]&date=1")).content == b"[]"
        assert (await shop.get(f"{resource}?sort=[date_add_ASC]&date=1")).content == b"[]"
    assert (await shop.get("order_histories?filter[date_upd]=>[2000-01-01]&date=1")).content == b"[]"
    assert (await shop.get("orders?filter[invoice_date]=>[2000-01-01]")).status_code == 200


@pytest.mark.parametrize(
    ("limit", "found"), [("2", [1, 2]), ("1,2", [2, 3]), ("0", []), ("abc", []), ("50,5", []), ("3,9", [4])]
)
async def test_limits(shop: ShopClient, limit: str, found: list[int]) -> None:
    assert await ids(shop, f"taxes?sort=[id_ASC]&limit={limit}") == found


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter[nothing]=1", 32),
        ("filter[associations]=1", 32),
        ("filter[id]=", 33),
        ("filter[shipping_number]=x", 34),
        ("display=[nothing]", 35),
        ("display=[id,associations]", 35),
        ("display=[id,order_rows[nothing]]", 35),
        ("display=id", 36),
        ("sort=[id_UP]", 37),
        ("sort=[nothing_ASC]", 38),
        ("limit=1,2,3", 39),
        ("schema=other", 28),
    ],
)
async def test_bad_parameters_of_a_list_by_code(open_shop: Open, query: str, code: int) -> None:
    answer = await open_shop(display_errors="locked").get(f"orders?{query}")
    assert (answer.status_code, codes(answer)) == (400, [code])


async def test_unknown_parameters_are_ignored(shop: ShopClient) -> None:
    assert len(await ids(shop, "taxes?page=3&foo[bar]=1")) == 4


async def test_display_chooses_fields_and_keeps_the_declared_order(shop: ShopClient) -> None:
    await shop.act("place-order", lines=[{"sku": "TRY-GLS-M", "quantity": 2}])
    answer = await shop.get("orders?display=[reference,id,order_rows[product_quantity],id_cart]")
    [row] = answer.json()["orders"]
    assert list(row) == ["id", "id_cart", "reference", "associations"]
    assert row["associations"] == {"order_rows": [{"product_quantity": 2}]}


@pytest.mark.parametrize(("given", "shape"), [("2", "text"), ("[1|2]", "texts"), ("[1,2]", "numbers")])
async def test_language_restricts_multilingual_values(shop: ShopClient, given: str, shape: str) -> None:
    name = (await shop.get(f"order_states/4?language={given}")).json()["order_state"]["name"]
    assert (
        name
        == {
            "text": "Expédié",
            "texts": [{"id": "1", "value": "Shipped"}, {"id": "2", "value": "Expédié"}],
            "numbers": [{"id": 1, "value": "Shipped"}, {"id": 2, "value": "Expédié"}],
        }[shape]
    )
    refused = await shop.get("order_states?language=9")
    assert (refused.status_code, codes(refused)) == (400, [81])


async def test_a_shop_with_one_language_shows_plain_texts(open_shop: Open) -> None:
    answer = await open_shop(languages=1).get("order_states/4")
    assert answer.json()["order_state"]["name"] == "Shipped"


async def test_a_computed_price_is_rounded_to_cents_and_knows_tax_and_reductions(shop: ShopClient) -> None:
    [product] = await shop.rows("products", "filter[reference]=[POT-BRS]")
    path = f"products?filter[id]=[{product['id']}]&display=[id,gross,price]&price[gross][use_tax]=1"
    assert (await shop.get(path)).json() == {
        "products": [{"id": product["id"], "price": "27.300000", "gross": "32.760000"}]
    }
    reduction = {
        "id_product": product["id"],
        "price": "-1",
        "from_quantity": 1,
        "reduction": "0.10",
        "reduction_tax": 1,
    }
    zeros = dict.fromkeys(("id_shop", "id_cart", "id_currency", "id_country", "id_group", "id_customer"), 0)
    open_end = dict.fromkeys(("from", "to"), "0000-00-00 00:00:00")
    fields = {**zeros, **reduction, "reduction_type": "percentage", **open_end}
    body = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    answer = await shop.post("specific_prices", f"<specific_price>{body}</specific_price>")
    assert answer.status_code == 201, answer.text
    answer = await shop.get(path.replace("use_tax]=1", "use_tax]=0"))
    assert answer.json()["products"][0]["gross"] == "24.570000"


async def test_the_schemas_exist_in_xml_only(shop: ShopClient) -> None:
    assert "<quantity/>" in (await shop.get("stock_availables?schema=blank", fmt="XML")).text
    assert 'required="true"' in (await shop.get("stock_availables?schema=synopsis", fmt="XML")).text
    assert (await shop.get("stock_availables?schema=blank")).json() == {"stock_available": []}
