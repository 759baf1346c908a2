"""Calls to a shop that answers oddly."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.http import LostReplyError, NotSentError
from penstock.connectors.prestashop.client import Shop, ShopRefusedError, ShopUnavailableError, any_of
from penstock.connectors.prestashop.xmlbody import entity
from tests.unit.prestashop.fake_shop import FakeShop

BODY = entity("order_history", {"id_order": "41", "id_order_state": 3})


class Open:
    def check(self) -> None: ...


@pytest.fixture
async def client(shop: FakeShop, settings) -> AsyncIterator[Shop]:
    made = Shop(settings(), Budget(BudgetSettings()), shop.transport)
    yield made
    await made.close()


def answers(shop: FakeShop, response: httpx.Response) -> None:
    shop.hooks[:] = [lambda _request: response]


async def write(client: Shop) -> dict[str, object]:
    return await client.write("POST", "order_histories", BODY, window=Open())


async def test_the_key_is_the_user_and_the_password_is_empty(client: Shop, shop: FakeShop) -> None:
    seen: list[str] = []
    shop.hooks.append(lambda request: seen.append(request.headers["authorization"]))
    await client.row("orders", 41)
    assert seen == ["Basic QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY6"]


async def test_one_object_is_read_by_the_list_form(client: Shop, shop: FakeShop) -> None:
    row = await client.row("orders", 41)
    assert row is not None
    assert row["delivery_number"] == 0
    [(_, path, query)] = shop.calls
    assert path == "orders"
    assert query["filter[id]"] == "[41]"
    assert query["sort"] == "[id_ASC]"
    assert query["output_format"] == "JSON"


async def test_nothing_found_is_none(client: Shop) -> None:
    assert await client.row("orders", 999) is None


async def test_an_empty_404_is_nothing_found(client: Shop, shop: FakeShop) -> None:
    answers(shop, httpx.Response(404))
    assert (await client.rows("orders", {})).rows == ()


async def test_rows_beside_php_warnings_count_in_spite_of_500(client: Shop, shop: FakeShop) -> None:
    answers(shop, shop.json({"orders": [{"id": 41}], "errors": [{"code": 5, "message": "…"}]}, 500))
    assert (await client.rows("orders", {})).rows == ({"id": 41},)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500, content=b"", headers={"Content-Type": "text/html"}),
        httpx.Response(200, text="<html>maintenance</html>"),
        httpx.Response(502, text="Bad Gateway"),
        httpx.Response(503, json={"errors": [{"code": 22}]}),
        httpx.Response(401, text="401 Unauthorized"),
        httpx.Response(401, json={"errors": [{"code": 20}, {"code": 21}]}),
        httpx.Response(401, json={"errors": [{"code": 26}]}),
        httpx.Response(403, json={"errors": [{"code": 132}]}),
        httpx.Response(302, headers={"Location": "https://evil.example/"}),
        httpx.Response(500, json={"errors": [{"code": 3}]}),
    ],
)
async def test_a_read_that_may_work_later_is_unavailable(
    client: Shop, shop: FakeShop, response: httpx.Response
) -> None:
    answers(shop, response)
    with pytest.raises(ShopUnavailableError):
        await client.rows("orders", {})
    assert len(shop.calls) == 1


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("code", [28, 32, 35, 39])
async def test_a_call_that_is_wrong_is_refused_with_its_codes(
    client: Shop, shop: FakeShop, status: int, code: int
) -> None:
    answers(shop, shop.error(status, code, 3, 3, 3, 3))
    with pytest.raises(ShopRefusedError) as caught:
        await client.rows("orders", {})
    assert caught.value.codes == (code,)


async def test_a_redirect_names_shop_id(shop: FakeShop, settings) -> None:
    client = Shop(settings(shop_id=7), Budget(BudgetSettings()), shop.transport)
    answers(shop, httpx.Response(302, headers={"Location": "/?url=orders"}))
    with pytest.raises(ShopUnavailableError, match="id_shop 7"):
        await client.rows("orders", {})
    assert shop.calls[0][2]["id_shop"] == "7"


async def test_messages_of_the_shop_are_never_repeated(client: Shop, shop: FakeShop) -> None:
    answers(shop, httpx.Response(400, json={"errors": [{"code": 85, "message": "email zoe@example.com"}]}))
    with pytest.raises(ShopRefusedError) as caught:
        await write(client)
    assert "zoe" not in str(caught.value)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500, content=b""),
        httpx.Response(500, text="Invalid new order status"),
        httpx.Response(500, json={"errors": [{"code": 3}]}),
        httpx.Response(500, json={"errors": [{"code": 46}]}),
        httpx.Response(504, text="gateway"),
        httpx.Response(200, text="<html>"),
        httpx.Response(201, content=b'{"order_history":{"id":'),
        httpx.Response(200, json=[]),
    ],
)
async def test_a_write_with_no_clear_answer_is_lost(client: Shop, shop: FakeShop, response: httpx.Response) -> None:
    answers(shop, response)
    with pytest.raises(LostReplyError):
        await write(client)


async def test_a_write_stored_beside_warnings_is_done(client: Shop, shop: FakeShop) -> None:
    answers(shop, shop.json({"product": {"id": "2"}, "errors": [{"code": 3, "message": "…"}]}, 500))
    assert await write(client) == {"id": "2"}


@pytest.mark.parametrize(("status", "codes"), [(400, (85,)), (404, (92,)), (500, (3, 3, 3, 127)), (405, (101,))])
async def test_a_write_refused_with_codes_is_refused(
    client: Shop, shop: FakeShop, status: int, codes: tuple[int, ...]
) -> None:
    answers(shop, shop.error(status, *codes))
    with pytest.raises(ShopRefusedError):
        await write(client)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(405, json={"errors": [{"code": 25}]}),
        httpx.Response(503, json={"errors": [{"code": 22}]}),
        httpx.Response(401, text="401 Unauthorized"),
        httpx.Response(302),
        httpx.Response(429, headers={"Retry-After": "0"}),
    ],
)
async def test_a_write_that_was_not_let_in_may_be_sent_again(
    client: Shop, shop: FakeShop, response: httpx.Response
) -> None:
    answers(shop, response)
    with pytest.raises(NotSentError):
        await write(client)


async def test_on_1_7_a_change_reads_and_puts_the_whole_object(shop: FakeShop, settings) -> None:
    client = Shop(settings(version="1.7"), Budget(BudgetSettings()), shop.transport)
    await client.change("stock_availables", "stock_available", "58", {"quantity": 3}, window=Open())
    assert [(method, path) for method, path, _ in shop.calls] == [
        ("GET", "stock_availables/58"),
        ("PUT", "stock_availables/58"),
    ]
    assert b"<id_shop>1</id_shop>" in shop.bodies[-1]
    assert shop.row("stock_availables", 58)["quantity"] == "3"


async def test_on_1_7_an_unreadable_object_is_not_put(shop: FakeShop, settings) -> None:
    client = Shop(settings(version="1.7"), Budget(BudgetSettings()), shop.transport)
    answers(shop, httpx.Response(200, text="<html>"))
    with pytest.raises(ShopUnavailableError):
        await client.change("stock_availables", "stock_available", "58", {"quantity": 3}, window=Open())
    assert shop.writes() == []


async def test_from_8_on_a_change_patches_only_its_fields(client: Shop, shop: FakeShop) -> None:
    await client.change("stock_availables", "stock_available", "58", {"quantity": 3}, window=Open())
    assert shop.writes() == [("PATCH", "stock_availables/58")]
    assert b"id_shop" not in shop.bodies[-1]


def test_a_list_of_ids_asks_the_same_question_in_any_order() -> None:
    assert any_of(["10", 9, "9", 2]) == "[2|9|10]"


def test_settings_say_what_is_wrong(settings) -> None:
    for changed, words in (
        ({"base_url": "https://shop.example"}, "ends in /api"),
        ({"time_zone": "Paris"}, "no IANA zone"),
        ({"key": "SECRETSECRETSECRETSECRETSECRETSE"}, "env:NAME"),
    ):
        with pytest.raises(ValueError, match=words):
            settings(**changed)


def test_the_key_never_prints(settings) -> None:
    assert "ABCDEF" not in repr(settings()) + str(settings().model_dump())
