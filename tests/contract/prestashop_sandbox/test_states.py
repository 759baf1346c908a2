"""States, tracking and payments of an order (systems/prestashop.md 6)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .conftest import ShopClient, codes, order_history

Open = Callable[..., ShopClient]


async def placed(shop: ShopClient, **given: Any) -> int:
    return int((await shop.act("place-order", **{"payment": "ps_wirepayment", **given}))["id"])


async def to_state(shop: ShopClient, number: int, state: int | str, query: str = "") -> httpx.Response:
    return await shop.post(f"order_histories{query}", order_history(number, state))


async def backdate(shop: ShopClient, number: int) -> str:
    """Put date_upd into the past, so that a move is seen whatever the clock says."""
    shop.app.sandbox.storage.update("orders", "id", number, {"date_upd": "2020-01-01 00:00:00"})
    return "2020-01-01 00:00:00"


async def moved(shop: ShopClient, number: int) -> bool:
    return bool((await shop.one("orders", number))["date_upd"] != "2020-01-01 00:00:00")


async def test_paying_makes_invoice_and_payment_and_shipping_a_delivery(shop: ShopClient) -> None:
    number = await placed(shop)
    before = await shop.one("orders", number)
    assert (before["current_state"], before["valid"], before["invoice_number"], before["total_paid_real"]) == (
        10,
        "0",
        0,
        "0.000000",
    )
    assert (await to_state(shop, number, 2)).status_code == 201
    paid = await shop.one("orders", number)
    assert (paid["current_state"], paid["valid"], paid["invoice_number"], paid["delivery_number"]) == (2, "1", 1, 0)
    assert paid["total_paid_real"] == paid["total_paid"]
    assert (await shop.rows("order_payments", f"filter[order_reference]=[{paid['reference']}]"))[0]["amount"] == paid[
        "total_paid"
    ]
    [invoice] = await shop.rows("order_invoices", f"filter[id_order]=[{number}]")
    assert (invoice["number"], invoice["total_paid_tax_incl"]) == (1, paid["total_paid"])
    assert (await shop.rows("order_carriers", f"filter[id_order]=[{number}]"))[0]["id_order_invoice"] == invoice["id"]
    await to_state(shop, number, 4)
    shipped = await shop.one("orders", number)
    assert (shipped["delivery_number"], shipped["invoice_number"]) == (1, 1)
    assert shipped["delivery_date"] != "0000-00-00 00:00:00"


async def test_shipping_at_once_makes_all_of_it(shop: ShopClient) -> None:
    number = await placed(shop)
    await to_state(shop, number, 4)
    row = await shop.one("orders", number)
    assert (row["invoice_number"], row["delivery_number"], row["total_paid_real"]) == (1, 1, row["total_paid"])


async def test_cancelling_puts_stock_back_and_keeps_invoice_and_payment(shop: ShopClient) -> None:
    stock = {row["id"]: row["quantity"] for row in await shop.state("stock_availables")}
    number = await placed(shop, paid=True)
    assert {row["id"]: row["quantity"] for row in await shop.state("stock_availables")} != stock
    await to_state(shop, number, 6)
    assert {row["id"]: row["quantity"] for row in await shop.state("stock_availables")} == stock
    row = await shop.one("orders", number)
    assert (row["valid"], row["invoice_number"], row["total_paid_real"]) == ("0", 1, row["total_paid"])
    await to_state(shop, number, 8)
    assert {row["id"]: row["quantity"] for row in await shop.state("stock_availables")} == stock
    await to_state(shop, number, 2)
    assert {row["id"]: row["quantity"] for row in await shop.state("stock_availables")} != stock


async def test_the_same_state_again_adds_a_row_and_nothing_else(shop: ShopClient) -> None:
    number = await placed(shop, paid=True)
    before = await shop.one("orders", number)
    assert (await to_state(shop, number, 2)).status_code == 201
    after = await shop.one("orders", number)
    assert {**after, "date_upd": ""} == {**before, "date_upd": ""}
    assert [row["id_order_state"] for row in await shop.rows("order_histories", f"filter[id_order]=[{number}]")] == [
        10,
        2,
        2,
    ]
    assert len(await shop.state("order_payments")) == 1


async def test_state_0_is_accepted_and_valid_stays(shop: ShopClient) -> None:
    number = await placed(shop, paid=True)
    await backdate(shop, number)
    assert (await to_state(shop, number, 0)).status_code == 201
    row = await shop.one("orders", number)
    assert (row["current_state"], row["valid"]) == (0, "1")
    assert await moved(shop, number)


@pytest.mark.parametrize(("version", "text"), [("9", ""), ("8", ""), ("1.7", "Invalid new order status")])
async def test_an_unknown_order_or_state_is_500_and_nothing_is_stored(open_shop: Open, version: str, text: str) -> None:
    shop = open_shop(version=version)
    number = await placed(shop)
    rows = await shop.state("order_histories")
    answers = [await to_state(shop, number, 99), await to_state(shop, 4711, 2)]
    if version != "1.7":
        answers.append(
            await shop.patch(f"orders/{number}", f"<o><id>{number}</id><current_state>99</current_state></o>")
        )
    for answer in answers:
        assert (answer.status_code, answer.text) == (500, text)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert await shop.state("order_histories") == rows
    assert (await shop.one("orders", number))["current_state"] in {10, "10"}


async def test_a_missing_state_is_41_and_a_text_85(shop: ShopClient) -> None:
    number = await placed(shop)
    missing = await shop.post("order_histories", f"<order_history><id_order>{number}</id_order></order_history>")
    assert codes(missing) == [41]
    assert codes(await to_state(shop, number, "shipped")) == [85]


async def test_a_date_sent_with_a_history_is_replaced_and_the_employee_kept(shop: ShopClient) -> None:
    number = await placed(shop)
    body = order_history(number, 2).replace(
        "</order_history>", "<date_add>2001-01-01 00:00:00</date_add><id_employee>3</id_employee></order_history>"
    )
    echo = (await shop.post("order_histories", body)).json()["order_history"]
    assert echo["id_order_state"] == 2
    row = await shop.one("order_histories", int(echo["id"]))
    assert row["date_add"] > "2001-01-02"
    assert row["id_employee"] == 3


async def test_patch_of_current_state_runs_the_change_once(shop: ShopClient) -> None:
    number = await placed(shop)
    body = f"<order><id>{number}</id><current_state>2</current_state></order>"
    assert (await shop.patch(f"orders/{number}", body)).status_code == 200
    row = await shop.one("orders", number)
    assert (row["current_state"], row["invoice_number"], row["valid"]) == (2, 1, "1")
    assert (await shop.patch(f"orders/{number}", body)).status_code == 200
    assert len(await shop.rows("order_histories", f"filter[id_order]=[{number}]")) == 2


async def test_put_with_a_state_wrecks_the_order(shop: ShopClient) -> None:
    number = await placed(shop)
    stale = (await shop.get(f"orders/{number}", fmt="XML")).text
    body = stale.split('<prestashop xmlns:xlink="http://www.w3.org/1999/xlink">')[1].rsplit("</prestashop>", 1)[0]
    body = body.replace('/api/order_states/10"><![CDATA[10]]>', '/api/order_states/4"><![CDATA[4]]>')
    wrapped = f'<prestashop xmlns:xlink="http://www.w3.org/1999/xlink">{body}</prestashop>'
    assert (await shop.call("PUT", f"orders/{number}", content=wrapped)).status_code == 200
    row = await shop.one("orders", number)
    assert row["current_state"] == 4
    assert (row["invoice_number"], row["valid"], row["total_paid_real"], row["delivery_number"]) == (
        0,
        "0",
        "0.000000",
        0,
    )
    assert len(await shop.state("order_invoices")) == 1
    assert len(await shop.state("order_payments")) == 1
    assert len(await shop.rows("order_histories", f"filter[id_order]=[{number}]")) == 2


async def test_mails_of_states(shop: ShopClient) -> None:
    number = await placed(shop)
    sent = len(await shop.state("mails"))

    async def new() -> list[str]:
        nonlocal sent
        mails = await shop.state("mails")
        fresh, sent = [mail["template"] for mail in mails[sent:]], len(mails)
        return fresh

    await to_state(shop, number, 2)
    assert await new() == []
    await to_state(shop, number, 3, "?sendmail=1")
    assert await new() == []
    await to_state(shop, number, 4, "?sendemail=1")
    assert await new() == ["shipped"]
    await to_state(shop, number, 5, "?sendemail=1")
    assert await new() == []
    await shop.patch(f"orders/{number}", f"<order><id>{number}</id><current_state>6</current_state></order>")
    assert await new() == ["order_canceled"]
    await shop.patch("order_carriers/1?sendemail=1", "<o><id>1</id><tracking_number>1Z9</tracking_number></o>")
    assert await new() == ["in_transit"]


async def test_tracking_and_payments_leave_the_order_alone(shop: ShopClient) -> None:
    number = await placed(shop)
    order = await shop.one("orders", number)
    await backdate(shop, number)
    await shop.patch(
        "order_carriers/1", "<order_carrier><id>1</id><tracking_number>1Z9</tracking_number></order_carrier>"
    )
    payment = f"<order_reference>{order['reference']}</order_reference><id_currency>1</id_currency><amount>5</amount>"
    assert (await shop.post("order_payments", f"<order_payment>{payment}</order_payment>")).status_code == 201
    [history] = await shop.rows("order_histories", f"filter[id_order]=[{number}]")
    await shop.delete(f"order_histories/{history['id']}")
    assert not await moved(shop, number)
    after = await shop.one("orders", number)
    assert (after["total_paid_real"], after["shipping_number"]) == ("0.000000", "1Z9")


async def test_a_shipping_number_and_any_empty_patch_move_the_order(shop: ShopClient) -> None:
    number = await placed(shop)
    for body in ("<shipping_number>1Z8</shipping_number>", "", "<date_upd>2001-01-01 00:00:00</date_upd>"):
        await backdate(shop, number)
        assert (await shop.patch(f"orders/{number}", f"<order><id>{number}</id>{body}</order>")).status_code == 200
        assert await moved(shop, number)
    assert (await shop.rows("order_carriers", f"filter[id_order]=[{number}]"))[0]["tracking_number"] == "1Z8"


async def test_state_and_number_in_one_patch_both_land(shop: ShopClient) -> None:
    number = await placed(shop)
    both = "<current_state>4</current_state><shipping_number>1Z7</shipping_number>"
    await shop.patch(f"orders/{number}", f"<order><id>{number}</id>{both}</order>")
    row = await shop.one("orders", number)
    assert (row["current_state"], row["shipping_number"]) == (4, "1Z7")


async def test_a_put_of_a_carrier_with_the_required_fields_clears_the_rest(shop: ShopClient) -> None:
    number = await placed(shop, paid=True)
    body = f"<order_carrier><id>1</id><id_order>{number}</id_order><id_carrier>4</id_carrier></order_carrier>"
    shop.app.sandbox.storage.update("order_carriers", "id", 1, {"date_add": "2020-01-01 00:00:00"})
    assert (await shop.put("order_carriers/1", body)).status_code == 200
    row = await shop.one("order_carriers", 1)
    assert (row["id_order_invoice"], row["shipping_cost_tax_incl"], row["weight"]) == (0, "0.000000", "0.000000")
    assert row["date_add"] > "2020-01-02"


@pytest.mark.parametrize(("number", "status"), [("&lt;b&gt;", 400), ("{x}", 400), ("", 200), ("X" * 65, 400)])
async def test_tracking_numbers_are_checked(shop: ShopClient, number: str, status: int) -> None:
    await placed(shop)
    body = f"<order_carrier><id>1</id><tracking_number>{number}</tracking_number></order_carrier>"
    assert (await shop.patch("order_carriers/1", body)).status_code == status
