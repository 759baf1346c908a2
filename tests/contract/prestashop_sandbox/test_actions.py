"""The admin actions: orders placed and changed, exact to the cent."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from penstock.connectors.prestashop.sandbox import create
from penstock.sandbox.catalogue import catalogue

from .conftest import ShopClient

Open = Callable[..., ShopClient]
CENT = Decimal("0.01")


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def adds_up(order: dict[str, Any]) -> bool:
    """Gross and net totals are the sums of their parts."""
    total = {name: Decimal(value) for name, value in order.items() if name.startswith("total_")}
    gross = total["total_products_wt"] + total["total_shipping_tax_incl"] + total["total_wrapping_tax_incl"]
    net = total["total_products"] + total["total_shipping_tax_excl"] + total["total_wrapping_tax_excl"]
    return (
        gross - total["total_discounts_tax_incl"] == total["total_paid_tax_incl"] == total["total_paid"]
        and net - total["total_discounts_tax_excl"] == total["total_paid_tax_excl"]
    )


async def test_random_orders_add_up_by_line_and_in_total(shop: ShopClient) -> None:
    await shop.act("place-orders", count=40)
    await shop.act("place-orders", count=10, discount={"percent": "7.5"}, gift=True)
    await shop.act("place-orders", count=10, discount={"amount": "5"}, country="US")
    details = await shop.state("order_details")
    rates = {row["id"]: Decimal(row["rate"]) for row in await shop.rows("taxes", "filter[id]=>[0]")}
    shown = {row["id"]: row for row in await shop.rows("order_details", "filter[id]=>[0]")}
    for row in details:
        taxes = shown[row["id"]].get("associations", {}).get("taxes", [])
        rate = sum((rates[tax["id"]] for tax in taxes), Decimal(0))
        unit = Decimal(row["unit_price_tax_excl"])
        assert Decimal(row["total_price_tax_excl"]) == cents(unit * row["product_quantity"])
        assert abs(Decimal(row["unit_price_tax_incl"]) - unit * (100 + rate) / 100) < Decimal("0.000001")
        assert Decimal(row["total_price_tax_incl"]) == cents(
            Decimal(row["unit_price_tax_incl"]) * row["product_quantity"]
        )
    assert len(rates) == 4
    assert {tax["id"] for row in shown.values() for tax in row.get("associations", {}).get("taxes", [])} >= {1, 3}
    for order in await shop.state("orders"):
        lines = [row for row in details if row["id_order"] == order["id"]]
        assert sum(Decimal(row["total_price_tax_excl"]) for row in lines) == Decimal(order["total_products"])
        assert sum(Decimal(row["total_price_tax_incl"]) for row in lines) == Decimal(order["total_products_wt"])
        assert adds_up(order)
    assert {order["id_currency"] for order in await shop.state("orders")} == {1, 2}
    assert {order["module"] for order in await shop.state("orders")} >= {"ps_checkout", "ps_wirepayment"}


async def test_the_same_seed_places_the_same_orders(open_shop: Open) -> None:
    placed = []
    for _ in range(2):
        orders = (await open_shop().act("place-orders", count=5))["orders"]
        placed.append([(order["reference"], order["total_paid"], order["id_customer"]) for order in orders])
    assert placed[0] == placed[1]


async def test_an_order_with_everything(shop: ShopClient) -> None:
    wish = {
        "customer_id": 1,
        "currency": "USD",
        "lines": [{"sku": "POT-BRS", "quantity": 3}],
        "payment": "ps_checkout",
        "discount": {"name": "Spring", "percent": "10"},
        "gift": "For you",
        "message": "Ring twice",
    }
    placed = await shop.act("place-order", **wish)
    assert (placed["currency"], placed["current_state"]) == ("USD", 2)
    order = await shop.one("orders", placed["id"])
    assert (order["gift"], order["gift_message"], order["conversion_rate"]) == ("1", "For you", "1.085000")
    # 27.30 x 1.085 = 29.6205; x 3 = 88.8615 net, 106.6338 gross
    assert (order["total_products"], order["total_products_wt"]) == ("88.860000", "106.630000")
    assert order["total_discounts_tax_incl"] == "10.660000"
    assert adds_up(order)
    [rule] = await shop.rows("order_cart_rules", f"filter[id_order]=[{placed['id']}]")
    assert (rule["name"], rule["value"], rule["value_tax_excl"]) == ("Spring", "10.660000", "8.890000")
    [payment] = await shop.state("order_payments")
    assert payment["card_number"].startswith("XXXX")
    assert payment["amount"] == placed["total_paid"]
    [thread] = await shop.rows("customer_threads", f"filter[id_order]=[{placed['id']}]")
    message = thread["associations"]["customer_messages"][0]["id"]
    assert (await shop.one("customer_messages", message))["message"] == "Ring twice"
    assert [mail["template"] for mail in await shop.state("mails")] == ["payment", "order_conf"]


async def test_free_shipping_is_a_discount(shop: ShopClient) -> None:
    placed = await shop.act("place-order", country="FR", discount={"name": "Free", "free_shipping": True})
    order = await shop.one("orders", placed["id"])
    assert order["total_discounts"] == order["total_shipping"] != "0.000000"
    assert (await shop.state("order_cart_rules"))[0]["free_shipping"] == 1


async def test_a_combination_is_named_with_its_options(shop: ShopClient) -> None:
    placed = await shop.act("place-order", lines=[{"sku": "TRY-GLS-M", "quantity": 1}])
    [row] = (await shop.one("orders", placed["id"]))["associations"]["order_rows"]
    assert (row["product_name"], row["product_reference"]) == ("Glass serving tray (Size: M)", "TRY-GLS-M")
    assert row["product_attribute_id"] > 0


async def test_wrong_totals_do_not_add_up_and_a_sku_is_unknown_to_the_erp(shop: ShopClient) -> None:
    wrong = await shop.act("place-order", wrong_totals=True)
    assert not adds_up(await shop.one("orders", wrong["id"]))
    strange = await shop.act("place-order", unknown_sku=True)
    rows = (await shop.one("orders", strange["id"]))["associations"]["order_rows"]
    assert rows[-1]["product_reference"] in catalogue(7).unknown_to_erp
    assert not {row["product_reference"] for row in rows[:-1]} & catalogue(7).unknown_to_erp


async def test_guests_and_new_customers(shop: ShopClient) -> None:
    for _ in range(2):
        await shop.act("place-order", guest="guest@mail.example")
    guests = await shop.state("customers", email="guest@mail.example")
    assert [row["is_guest"] for row in guests] == [1, 1]
    new = await shop.act("place-order", new_customer={"email": "new@mail.example", "country": "IT", "state": "MI"})
    order = await shop.one("orders", new["id"])
    address = await shop.one("addresses", order["id_address_delivery"])
    assert (await shop.one("states", address["id_state"]))["iso_code"] == "MI"
    assert (await shop.one("customers", order["id_customer"]))["email"] == "new@mail.example"


@pytest.mark.parametrize(
    "wish",
    [
        {"lines": [{"sku": "NO-SUCH"}]},
        {"lines": [{"sku": "TRY-GLS"}]},
        {"lines": []},
        {"currency": "CHF"},
        {"customer_id": 9999},
        {"country": "JP"},
        {"colour": "red"},
    ],
)
async def test_a_wish_that_cannot_be_met_is_400_and_leaves_nothing(shop: ShopClient, wish: dict[str, Any]) -> None:
    answer = await shop.http.post("/_sandbox/actions/place-order", json=wish)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert await shop.state("orders") == []


async def test_paying_in_parts(shop: ShopClient) -> None:
    order = await shop.act("place-order", payment="ps_wirepayment")
    part = await shop.act("pay-order", id=order["id"], amount="1.00")
    assert (part["current_state"], part["total_paid_real"]) == (10, "1.000000")
    rest = await shop.act("pay-order", id=order["id"], transaction_id="T1")
    assert (rest["current_state"], rest["total_paid_real"]) == (2, order["total_paid"])
    assert len(await shop.state("order_payments")) == 2
    again = await shop.http.post("/_sandbox/actions/pay-order", json={"id": order["id"]})
    assert again.status_code == 400


async def test_lines_of_an_unshipped_order_change_with_stock_and_totals(shop: ShopClient) -> None:
    lines = [{"sku": "POT-BRS", "quantity": 2}, {"sku": "TRY-GLS-M", "quantity": 1}]
    placed = await shop.act("place-order", lines=lines, paid=True)
    stock = {row["id"]: row["quantity"] for row in await shop.state("stock_availables")}
    wish = [
        {"sku": "POT-BRS", "quantity": 5},
        {"sku": "TRY-GLS-M", "quantity": 0},
        {"sku": "TRY-GLS-XL", "quantity": 1},
    ]
    await shop.act("change-order", id=placed["id"], lines=wish)
    order = await shop.one("orders", placed["id"])
    rows = {row["product_reference"]: row["product_quantity"] for row in order["associations"]["order_rows"]}
    assert rows == {"POT-BRS": 5, "TRY-GLS-XL": 1}
    assert adds_up(order)
    assert (await shop.state("order_invoices"))[0]["total_paid_tax_incl"] == order["total_paid"]
    after = {row["id"]: row["quantity"] for row in await shop.state("stock_availables")}
    assert sorted(after[key] - stock[key] for key in after if after[key] != stock[key]) == [-3, -1, 1]
    await shop.act("set-state", id=placed["id"], state=4)
    refused = await shop.http.post("/_sandbox/actions/change-order", json={"id": placed["id"], "lines": wish})
    assert refused.status_code == 400


async def test_a_refund_is_a_slip_and_leaves_the_order_alone(shop: ShopClient) -> None:
    placed = await shop.act("place-order", lines=[{"sku": "POT-BRS", "quantity": 3}], paid=True, country="FR")
    before = await shop.one("orders", placed["id"])
    slip = await shop.act("refund-order", id=placed["id"], lines=[{"sku": "POT-BRS", "quantity": 1}])
    assert slip["amount"] == "32.760000"
    row = await shop.one("order_slip", slip["id"])
    [detail] = row["associations"]["order_slip_details"]
    assert (detail["product_quantity"], detail["amount_tax_excl"], row["total_products_tax_incl"]) == (
        1,
        "27.300000",
        "32.760000",
    )
    assert await shop.one("orders", placed["id"]) == before
    assert (await shop.state("order_details"))[0]["product_quantity_refunded"] == 1
    assert (await shop.act("refund-order", id=placed["id"], shipping=True))["amount"] == "71.520000"
    answer = await shop.http.post("/_sandbox/actions/refund-order", json={"id": placed["id"]})
    assert answer.status_code == 400


async def test_products_added_can_be_ordered(shop: ShopClient) -> None:
    made = await shop.act("add-product", sku="NEW", price="10.00", combinations=["NEW-A", "NEW-B"], tax="reduced")
    assert len(made["combinations"]) == 2
    placed = await shop.act("place-order", country="FR", lines=[{"sku": "NEW-B", "quantity": 2}])
    order = await shop.one("orders", placed["id"])
    assert (order["total_products"], order["total_products_wt"]) == ("20.000000", "21.100000")
    stock = await shop.state("stock_availables", id_product=made["id"])
    assert [row["quantity"] for row in stock] == [98, 50, 48]


async def test_orders_start_where_they_are_told_to(open_shop: Open) -> None:
    assert (await open_shop(place_order_start_id=5000).act("place-order"))["id"] == 5000


async def test_what_was_stored_is_there_after_a_new_start(tmp_path: Path, open_shop: Open) -> None:
    first = create(tmp_path, 7, {})
    placed = await first.sandbox.actions["place-order"]({})
    again = create(tmp_path, 7, {})
    assert [row["id"] for row in again.sandbox.collections["orders"]()] == [placed["id"]]
    assert len(again.sandbox.collections["products"]()) == 300
    assert (await again.sandbox.actions["place-order"]({}))["id"] == placed["id"] + 1
    await first.sandbox.close()
    await again.sandbox.close()
