"""Stock rows (systems/prestashop.md 6, Stock)."""

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ShopClient, codes

Open = Callable[..., ShopClient]
PRODUCT = 3  # TRY-GLS, with two combinations


async def rows(shop: ShopClient) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The product's own row and those of its combinations."""
    found = await shop.rows("stock_availables", f"filter[id_product]=[{PRODUCT}]")
    return next(row for row in found if not row["id_product_attribute"]), [
        row for row in found if row["id_product_attribute"]
    ]


async def write(shop: ShopClient, number: int, quantity: object, method: str = "PATCH", more: str = "") -> Any:
    body = f"<stock_available><id>{number}</id><quantity>{quantity}</quantity>{more}</stock_available>"
    return await shop.call(method, f"stock_availables/{number}", body=body)


async def test_a_write_of_a_combination_makes_the_product_the_sum_and_moves_no_date(shop: ShopClient) -> None:
    _, (first, second) = await rows(shop)
    before = await shop.one("products", PRODUCT)
    assert (await write(shop, first["id"], 7)).status_code == 200
    own, _ = await rows(shop)
    assert own["quantity"] == 7 + second["quantity"]
    assert await shop.one("products", PRODUCT) == before


async def test_a_write_of_the_products_own_row_contradicts_the_sum_until_the_next_write(shop: ShopClient) -> None:
    own, (first, second) = await rows(shop)
    await write(shop, own["id"], 1)
    assert (await rows(shop))[0]["quantity"] == 1
    await write(shop, first["id"], 2)
    assert (await rows(shop))[0]["quantity"] == 2 + second["quantity"]


async def test_the_echo_of_quantity_0_has_no_quantity(shop: ShopClient) -> None:
    _, (first, _) = await rows(shop)
    assert (await write(shop, first["id"], 0)).json() == {
        "stock_available": {
            "id": str(first["id"]),
            "id_product": PRODUCT,
            "id_product_attribute": first["id_product_attribute"],
            "id_shop": 1,
            "out_of_stock": 2,
        }
    }
    assert (await shop.one("stock_availables", first["id"]))["quantity"] == 0


@pytest.mark.parametrize("quantity", ["12.5", "many", "", "99999999999", " 5", "5\n"])
async def test_a_quantity_that_is_no_integer_is_85(shop: ShopClient, quantity: str) -> None:
    answer = await write(shop, 1, quantity)
    assert (answer.status_code, codes(answer)) == (400, [85])


async def test_a_negative_quantity_is_accepted(shop: ShopClient) -> None:
    assert (await write(shop, 1, -5)).status_code == 200
    assert (await shop.one("stock_availables", 1))["quantity"] == -5


async def test_another_products_id_is_500_46_and_an_unknown_row_404_92(shop: ShopClient) -> None:
    answer = await write(shop, 1, 5, more="<id_product>2</id_product>")
    assert (answer.status_code, codes(answer)) == (500, [46])
    answer = await write(shop, 99999, 5)
    assert (answer.status_code, codes(answer)) == (404, [92])


@pytest.mark.parametrize("version", ["9", "1.7"])
async def test_a_put_without_the_shop_loses_the_row_until_it_is_put_back(open_shop: Open, version: str) -> None:
    shop = open_shop(version=version)
    more = "<id_product>1</id_product><id_product_attribute>0</id_product_attribute>"
    more += "<depends_on_stock>0</depends_on_stock><out_of_stock>2</out_of_stock>"
    assert (await write(shop, 1, 9, "PUT", more)).status_code == 200
    listed = await shop.one("stock_availables", 1)
    assert int(listed["id_shop"]) == 0
    lost = await shop.get("stock_availables/1")
    assert (lost.status_code, codes(lost)) == (404, [131])
    assert (await write(shop, 1, 9, "PUT", f"{more}<id_shop>1</id_shop>")).status_code == 200
    assert (await shop.get("stock_availables/1")).status_code == 200


async def test_shared_stock_belongs_to_the_group(open_shop: Open) -> None:
    shop = open_shop(multistore="shared")
    found = await shop.one("stock_availables", 1)
    assert (found["id_shop"], found["id_shop_group"]) == (0, 1)
    assert (await shop.get("stock_availables/1")).status_code == 200
    _, (first, second) = await rows(shop)
    await write(shop, first["id"], 3)
    assert (await rows(shop))[0]["quantity"] == 3 + second["quantity"]
    await shop.act("place-order", shop_id=2, lines=[{"sku": "POT-BRS", "quantity": 1}])
    assert (await shop.one("stock_availables", found["id"]))["quantity"] == found["quantity"] - 1


async def test_separate_shops_have_rows_and_orders_of_their_own(open_shop: Open) -> None:
    shop = open_shop(multistore="separate")
    path = f"filter[id_product]=[{PRODUCT}]"
    assert {row["id_shop"] for row in await shop.rows("stock_availables", path)} == {1}
    assert {row["id_shop"] for row in await shop.rows("stock_availables", f"{path}&id_shop=2")} == {2}
    assert {row["id_shop"] for row in await shop.rows("stock_availables", f"{path}&id_shop=all")} == {1, 2}
    number = (await shop.act("place-order", shop_id=2))["id"]
    assert await shop.rows("orders", "filter[id]=>[0]") == []
    assert [row["id"] for row in await shop.rows("orders", "filter[id]=>[0]&id_shop=2")] == [number]


async def test_stock_that_depends_on_warehouses_does_not_keep_what_is_written(open_shop: Open) -> None:
    shop = open_shop(version="8")
    before = (await shop.one("stock_availables", 1))["quantity"]
    await shop.patch("stock_availables/1", "<s><id>1</id><depends_on_stock>1</depends_on_stock></s>")
    assert (await write(shop, 1, 77)).status_code == 200
    assert (await shop.one("stock_availables", 1))["quantity"] == before


async def test_new_products_and_combinations_get_rows_with_0(shop: ShopClient) -> None:
    both = '<language id="1">A</language><language id="2">B</language>'
    product = (await shop.post("products", f"<product><price>5</price><name>{both}</name></product>")).json()["product"]
    body = f"<combination><id_product>{product['id']}</id_product><minimal_quantity>1</minimal_quantity></combination>"
    await shop.post("combinations", body)
    found = await shop.rows("stock_availables", f"filter[id_product]=[{product['id']}]")
    assert [(row["id_product_attribute"] > 0, row["quantity"]) for row in found] == [(False, 0), (True, 0)]
