"""Orders made by POST from a cart (systems/prestashop.md 5, Creating an order)."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from .conftest import ShopClient

Open = Callable[..., ShopClient]

SKU = "POT-BRS"


async def product_id(shop: ShopClient) -> int:
    return int((await shop.state("products", reference=SKU))[0]["id"])


async def cart(shop: ShopClient, quantity: int = 2, delivery_option: str = "") -> int:
    home = (await shop.state("addresses", id_customer=1))[0]["id"]
    row = f"<cart_row><id_product>{await product_id(shop)}</id_product><quantity>{quantity}</quantity>"
    row += f"<id_address_delivery>{home}</id_address_delivery></cart_row>"
    answer = await shop.post(
        "carts",
        f"<cart><id_currency>1</id_currency><id_lang>1</id_lang><id_customer>1</id_customer>"
        f"<id_address_delivery>{home}</id_address_delivery><id_address_invoice>{home}</id_address_invoice>"
        f"<delivery_option>{delivery_option}</delivery_option>"
        f"<associations><cart_rows>{row}</cart_rows></associations></cart>",
    )
    assert answer.status_code == 201, answer.text
    return int(answer.json()["cart"]["id"])


def order(id_cart: int, total: str, **values: object) -> str:
    given = {
        "id_address_delivery": 1,
        "id_address_invoice": 1,
        "id_cart": id_cart,
        "id_currency": 1,
        "id_lang": 1,
        "id_customer": 1,
        "id_carrier": 1,
        "module": "ps_wirepayment",
        "payment": "Bank transfer",
        "total_paid": total,
        "total_paid_real": "0",
        "total_products": "0",
        "total_products_wt": "0",
        "conversion_rate": "1",
        **values,
    }
    return f"<order>{''.join(f'<{name}>{value}</{name}>' for name, value in given.items())}</order>"


RIGHT = "71.520000"  # 2 x 27.30 net at 20 % = 65.52, and 6.00 for the default carrier


async def test_the_right_total_makes_a_paid_order_in_state_11(shop: ShopClient) -> None:
    before = (await shop.state("stock_availables", id_product=await product_id(shop)))[0]["quantity"]
    answer = await shop.post("orders", order(await cart(shop), RIGHT, current_state=4))
    assert answer.status_code == 201
    row = await shop.one("orders", answer.json()["order"]["id"])
    assert (row["current_state"], row["valid"], row["invoice_number"]) == (11, "1", 1)
    assert (row["total_paid"], row["total_paid_real"]) == (RIGHT, RIGHT)
    assert [row["amount"] for row in await shop.state("order_payments")] == [RIGHT]
    assert [row["id_order_state"] for row in await shop.state("order_histories")] == [11]
    assert (await shop.state("stock_availables", id_product=await product_id(shop)))[0]["quantity"] == before - 2


async def test_any_other_total_is_a_payment_error_and_still_201(shop: ShopClient) -> None:
    stock = await shop.state("stock_availables")
    answer = await shop.post("orders", order(await cart(shop), "71.53", total_paid_real="71.53"))
    assert await shop.state("stock_availables") == stock
    assert answer.status_code == 201
    row = await shop.one("orders", answer.json()["order"]["id"])
    assert (row["current_state"], row["valid"], row["invoice_number"], row["total_paid"]) == (8, "0", 0, RIGHT)
    assert [row["amount"] for row in await shop.state("order_payments")] == ["71.530000"]


@pytest.mark.parametrize(("version", "text"), [("9", ""), ("1.7", "Cart cannot be loaded")])
async def test_a_used_or_unknown_cart_or_module_kills_php(open_shop: Open, version: str, text: str) -> None:
    shop = open_shop(version=version)
    used = await cart(shop)
    assert (await shop.post("orders", order(used, RIGHT))).status_code == 201
    fresh = await cart(shop)
    for body in (order(used, RIGHT), order(999, RIGHT), order(fresh, RIGHT, module="ps_gold")):
        answer = await shop.post("orders", body)
        assert (answer.status_code, answer.text.startswith(text), bool(answer.text)) == (500, True, bool(text))
    assert len(await shop.state("orders")) == 1
    assert len(await shop.rows("orders", f"filter[id_cart]=[{used}]")) == 1


async def test_an_unknown_product_in_the_cart_is_accepted_until_the_order(shop: ShopClient) -> None:
    row = "<cart_row><id_product>9999</id_product><quantity>1</quantity></cart_row>"
    rows = f"<associations><cart_rows>{row}</cart_rows></associations>"
    body = f"<cart><id_currency>1</id_currency><id_lang>1</id_lang>{rows}</cart>"
    number = int((await shop.post("carts", body)).json()["cart"]["id"])
    assert (await shop.post("orders", order(number, RIGHT))).status_code == 500
    assert await shop.state("orders") == []


async def test_the_delivery_option_of_the_cart_chooses_the_carrier(shop: ShopClient) -> None:
    by_default = (await shop.post("orders", order(await cart(shop), RIGHT))).json()["order"]["id"]
    assert (await shop.one("orders", by_default))["id_carrier"] == 4
    chosen = await cart(shop, delivery_option='{"1":"3,"}')
    number = (await shop.post("orders", order(chosen, "81.00"))).json()["order"]["id"]
    row = await shop.one("orders", number)
    assert (row["id_carrier"], row["current_state"], row["total_shipping"]) == (3, 11, "15.480000")


async def test_stock_goes_below_zero(shop: ShopClient) -> None:
    await shop.act("change-stock", sku=SKU, quantity=1)
    total = Decimal("27.30") * 5 * Decimal("1.2") + 6
    assert (await shop.post("orders", order(await cart(shop, 5), str(total)))).status_code == 201
    assert (await shop.state("stock_availables", id_product=await product_id(shop)))[0]["quantity"] == -4


async def test_the_echo_repeats_what_was_sent_and_holds_the_real_rows(shop: ShopClient) -> None:
    answer = await shop.post("orders", order(await cart(shop), RIGHT))
    echo = answer.json()["order"]
    assert isinstance(echo["id"], int)
    assert (echo["total_paid"], echo["id_carrier"]) == (RIGHT, "1")
    assert "reference" not in echo
    assert "current_state" not in echo
    assert echo["associations"]["order_rows"][0]["product_reference"] == SKU
    text = (await shop.post("orders", order(await cart(shop), RIGHT), fmt="XML")).text
    assert 'xlink:href="http://shop.example/api/order_states/"' in text


async def test_cart_rows_lose_their_address_in_9(open_shop: Open) -> None:
    for version in ("9", "8"):
        shop = open_shop(version=version)
        number = await cart(shop)
        rows = (await shop.one("carts", number))["associations"]["cart_rows"]
        assert rows[0]["quantity"] == 2
        assert (rows[0]["id_address_delivery"] == 0) == (version == "9")


async def test_orders_can_be_deleted(shop: ShopClient) -> None:
    number = (await shop.act("place-order"))["id"]
    assert (await shop.delete(f"orders/{number}")).status_code == 200
    assert (await shop.get(f"orders/{number}")).status_code == 404


async def test_rows_sent_with_an_order_are_ignored(shop: ShopClient) -> None:
    number = (await shop.act("place-order"))["id"]
    rows = (await shop.one("orders", number))["associations"]
    row = "<order_row><id>1</id><product_quantity>99</product_quantity></order_row>"
    sent = f"<associations><order_rows>{row}</order_rows></associations>"
    assert (await shop.patch(f"orders/{number}", f"<order><id>{number}</id>{sent}</order>")).status_code == 200
    assert (await shop.one("orders", number))["associations"] == rows
