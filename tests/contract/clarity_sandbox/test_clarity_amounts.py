"""Orders as placed: every amount to the smallest unit (systems/clarity.md 5 and the example of 6)."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from .conftest import FOOD, SKU, Json, Open, ShopClient

PLACES = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
TEXAS = {"address": {"countryCode": "US", "regionCode": "TX"}}


def rounded(value: Decimal, currency: str) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-PLACES[currency]), ROUND_HALF_UP)


def tax(base: Decimal, rate: Decimal, order: Json) -> Decimal:
    contained = base - base / (1 + rate) if order["taxIncluded"] else base * rate
    return rounded(contained, order["currency"])


def check(order: Json) -> None:
    """Section 5, written a second time."""
    currency = order["currency"]
    totals = {name: Decimal(value) for name, value in order["totals"].items()}
    items = order["items"]
    line_totals = [Decimal(item["lineTotal"]) for item in items]
    for item, line_total in zip(items, line_totals, strict=True):
        full = rounded(Decimal(item["unitPrice"]) * Decimal(item["quantity"]), currency)
        assert line_total == full - Decimal(item["discount"])
    assert totals["subTotal"] == sum(line_totals)
    shares = [rounded(totals["discount"] * one / totals["subTotal"], currency) for one in line_totals[:-1]]
    shares.append(totals["discount"] - sum(shares))
    by_rate: dict[Decimal, Decimal] = {}
    for item, line_total, part in zip(items, line_totals, shares, strict=True):
        rate = Decimal(item["taxRate"])
        assert Decimal(item["taxAmount"]) == tax(line_total - part, rate, order)
        by_rate[rate] = by_rate.get(rate, Decimal(0)) + Decimal(item["taxAmount"])
    shipping_tax = totals["tax"] - sum(by_rate.values())
    assert shipping_tax in {Decimal(0), tax(totals["shipping"], max(by_rate), order)}
    by_rate[max(by_rate)] += shipping_tax
    assert {Decimal(one["rate"]): Decimal(one["amount"]) for one in order["taxLines"]} == by_rate
    own = sum(Decimal(one["amount"]) for one in order["discounts"] if "itemId" not in one)
    assert own == totals["discount"]
    on_top = Decimal(0) if order["taxIncluded"] else totals["tax"]
    charges = totals["shipping"] + totals["handling"] + totals["fees"]
    assert totals["total"] == totals["subTotal"] - totals["discount"] + charges + on_top
    received = sum(Decimal(one["amount"]) for one in order["payments"] if one["status"] == "captured")
    assert totals["balanceDue"] == totals["total"] - received
    for text in (*order["totals"].values(), *(item["lineTotal"] for item in items)):
        assert len(text.partition(".")[2]) == PLACES[currency]


async def test_random_orders_add_up(shop: ShopClient) -> None:
    await shop.act("place-orders", count=60)
    for currency in ("JPY", "KWD", "EUR"):
        await shop.act(
            "place-orders", count=15, currency=currency, orderDiscount={"percent": "7.5"}, shippingTaxed=True
        )
        await shop.act("place-orders", count=15, currency=currency, taxIncluded=True, country="FR", fees="3")
    orders = await shop.state("orders")
    for order in orders:
        check(order)
    assert {order["currency"] for order in orders} == set(PLACES)
    plain = orders[:60]
    assert sum(order["currency"] == "USD" for order in plain) > 30
    assert {order["taxIncluded"] for order in plain} == {True, False}
    assert any(Decimal(item["discount"]) for order in plain for item in order["items"])
    assert any(Decimal(order["totals"]["discount"]) for order in plain)
    assert {len(order["taxLines"]) for order in plain} >= {1, 2}
    assert {order["accountId"] is None for order in plain} == {True, False}


async def test_the_example_of_the_text(shop: ShopClient) -> None:
    await shop.act("add-product", sku="APR-SND", name="Linen apron, sand", price="24.90")
    account = (await shop.act("add-customer", email="b@acme.example", contact={"company": "Acme Tools"}, account=True))[
        "accountId"
    ]
    await shop.act("change-customer", accountId=account, fields={"customKey": "CUST-0088"})
    placed = await shop.act(
        "place-order",
        lines=[{"sku": "APR-SND", "quantity": 4}],
        account="CUST-0088",
        contact=TEXAS,
        paymentTerms="NET30",
        purchaseOrderNumber="PO-7781",
        attributes={"costCenter": "CC-12"},
    )
    order = await shop.order(placed["id"])
    assert order["totals"] == {
        "subTotal": "99.60",
        "discount": "0.00",
        "shipping": "12.00",
        "handling": "0.00",
        "fees": "0.00",
        "tax": "8.22",
        "total": "119.82",
        "balanceDue": "119.82",
    }
    item = order["items"][0]
    shown = {"quantity": "4.0000", "uom": "EA", "unitPrice": "24.90", "taxAmount": "8.22", "taxRate": "0.0825"}
    assert {name: item[name] for name in shown} == shown
    assert order["taxLines"] == [{"name": "TX 8.25%", "rate": "0.0825", "amount": "8.22"}]
    assert (order["id"], order["orderNumber"], order["version"], order["status"]) == (5120, "WEB-5120", 1, "Pending")
    assert (order["accountKey"], order["purchaseOrderNumber"], order["paymentTerms"]) == (
        "CUST-0088",
        "PO-7781",
        "NET30",
    )
    assert (order["paymentStatus"], order["payments"], order["discounts"]) == ("unpaid", [], [])
    assert order["shippingMethod"] == {"code": "UPS_GROUND", "name": "UPS Ground", "carrier": "UPS"}
    assert (order["customKey"], order["erpStatus"], order["state"]) == (None, None, "work")


CASES: list[tuple[Json, dict[str, str]]] = [
    (
        {"lines": [{"sku": SKU, "quantity": 3, "unitPrice": "0.3333"}], "shipping": "0"},
        {"subTotal": "1.00", "tax": "0.08", "total": "1.08"},
    ),
    (
        {
            "lines": [{"sku": SKU, "quantity": 2, "unitPrice": "50", "discount": "10"}],
            "orderDiscount": "9",
            "shipping": "5",
        },
        {"subTotal": "90.00", "discount": "9.00", "tax": "6.68", "total": "92.68"},
    ),
    (
        {
            "lines": [{"sku": SKU, "quantity": 1, "unitPrice": "120"}],
            "taxRate": "0.2",
            "taxIncluded": True,
            "shipping": "12",
            "shippingTaxed": True,
        },
        {"subTotal": "120.00", "shipping": "12.00", "tax": "22.00", "total": "132.00"},
    ),
    (
        {"lines": [{"sku": SKU, "unitPrice": "1234.5"}], "currency": "JPY", "shipping": "0"},
        {"subTotal": "1235", "tax": "102", "total": "1337", "balanceDue": "0"},
    ),
    (
        {"lines": [{"sku": SKU, "quantity": "1.5", "unitPrice": "3.1415"}], "currency": "KWD", "shipping": "0"},
        {"subTotal": "4.712", "tax": "0.389", "total": "5.101"},
    ),
    (
        {"lines": [{"sku": SKU, "unitPrice": "10"}], "handling": "3.50", "fees": "1.25", "shipping": "2"},
        {"handling": "3.50", "fees": "1.25", "tax": "0.83", "total": "17.58"},
    ),
]


@pytest.mark.parametrize(("wish", "expected"), CASES)
async def test_amounts_by_hand(shop: ShopClient, wish: Json, expected: dict[str, str]) -> None:
    placed = await shop.act("place-order", **{"contact": TEXAS, "paid": True, "paymentMethod": "credit_card", **wish})
    order = await shop.order(placed["id"])
    check(order)
    assert {name: order["totals"][name] for name in expected} == expected
    assert placed["total"] == order["totals"]["total"]


async def test_the_remainder_of_a_shared_discount_is_on_the_last_line(shop: ShopClient) -> None:
    lines = [{"sku": sku, "unitPrice": "10", "taxRate": "0.1"} for sku in (SKU, FOOD, "COF-ORG")]
    placed = await shop.act("place-order", lines=lines, orderDiscount="10", country="US")
    order = await shop.order(placed["id"])
    check(order)
    assert [item["taxAmount"] for item in order["items"]] == ["0.67", "0.67", "0.67"]
    assert order["discounts"] == [{"code": "WELCOME", "amount": "10.00"}]


async def test_a_wrong_total_does_not_add_up(shop: ShopClient) -> None:
    wish: dict[str, Any] = {"lines": [{"sku": SKU}], "country": "US", "paid": False}
    right = await shop.act("place-order", **wish, contact=TEXAS)
    wrong = await shop.act("place-order", **wish, contact=TEXAS, wrong_total="0.03")
    assert Decimal(wrong["total"]) - Decimal(right["total"]) == Decimal("0.03")
    with pytest.raises(AssertionError):
        check(await shop.order(wrong["id"]))


async def test_the_same_seed_places_the_same_orders(open_shop: Open) -> None:
    placed = []
    for _ in range(2):
        orders = (await (await open_shop()).act("place-orders", count=8))["orders"]
        placed.append([(one["orderNumber"], one["total"], [item["sku"] for item in one["items"]]) for one in orders])
    assert placed[0] == placed[1]


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"lines": [{"sku": "NOBODY"}]}, "NOBODY"),
        ({"lines": [{"sku": "TCL-VLV"}]}, "variants"),
        ({"lines": [{"sku": SKU, "discount": "9999"}]}, "discount"),
        ({"lines": [{"sku": SKU, "unitPrice": "5"}], "orderDiscount": "6"}, "orderDiscount"),
        ({"lines": []}, "lines"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": "JPY", "shipping": "1.5"}, "shipping"),
        ({"userId": 1}, "userId"),
        ({"account": "Nobody Inc."}, "account"),
        ({"country": "ZZ"}, "country"),
        ({"email": "a@b.example", "country": "ZZ"}, "country"),
        ({"shippingMethod": "PIGEON"}, "shippingMethod"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_wish_that_cannot_be_met_says_why_and_does_nothing(shared: ShopClient, wish: Json, reason: str) -> None:
    assert reason in await shared.refused("place-order", **wish)
    assert await shared.state("orders") == []
