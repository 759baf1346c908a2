"""Exact cents: prices, percentages, roundings, and an order in two parts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.connectors.sage100.amounts import (
    AmountsError,
    Line,
    Money,
    balanced,
    extension,
    placed,
    priced,
    split,
    total_of,
)
from penstock.connectors.sage100.policies import Policies
from penstock.connectors.sage100.settings import Charges

ZERO = Decimal(0)
amounts = st.decimals(min_value=0, max_value=5000, places=2)


def one(quantity: str, net: str, discount: str = "0", tax: str = "0") -> Line:
    return Line(1, "LAMP-01", Decimal(quantity), Decimal(net), Decimal(tax), Decimal(discount))


def money(**given: str) -> Money:
    return Money(*(Decimal(given.get(name, "0")) for name in ("freight", "handling", "fee", "discount", "tax")))


@pytest.mark.parametrize(
    ("line", "way", "price", "percent"),
    [
        (one("3", "10.00"), "price", "3.333333", "0.000"),
        (one("2", "35.91", "3.99"), "price", "17.955000", "0.000"),
        (one("2", "35.91", "3.99"), "percent", "19.950000", "10.000"),
        (one("30000", "99.99", "0.01"), "price", "0.003333", "0.000"),
        (one("7", "99998.98", "0.01"), "percent", "14285.568571", "0.000"),
    ],
)
def test_a_line_discount_goes_into_the_price_or_is_a_percentage(line: Line, way: str, price: str, percent: str) -> None:
    made = priced(line, way)
    assert made == {"UnitPrice": price, "LineDiscountPercent": percent}
    assert extension(line.quantity, Decimal(price), Decimal(percent)) == line.net


def test_a_price_that_misses_by_a_cent_is_replaced_by_the_percentage() -> None:
    line = one("40000", "100.02", "99.98")
    assert extension(line.quantity, Decimal("0.002501")) != line.net

    with pytest.raises(AmountsError):
        priced(one("40000", "100.02"), "price")
    assert priced(one("40000", "100.00", "100.00"), "percent") == {
        "UnitPrice": "0.005000", "LineDiscountPercent": "50.000",
    }  # fmt: skip


def test_when_both_ways_miss_the_arithmetic_shows_both() -> None:
    with pytest.raises(AmountsError) as missed:
        priced(one("40000", "100.02", "0.01"), "price")
    assert ("net of the line", "100.02") in missed.value.arithmetic
    assert len(missed.value.arithmetic) == 3


def test_half_cents_of_rounding_go_into_the_tax_and_no_more() -> None:
    lines = [one("1", "10.00")]
    assert balanced(lines, money(tax="1.00"), Decimal("11.01"), fractions=2, absorb=True).tax == Decimal("1.01")
    for fractions, absorb in ((1, True), (2, False)):
        with pytest.raises(AmountsError) as missed:
            balanced(lines, money(tax="1.00"), Decimal("11.01"), fractions=fractions, absorb=absorb)
        assert ("difference", "0.01") in missed.value.arithmetic


def test_a_header_amount_is_never_negative() -> None:
    with pytest.raises(AmountsError, match=r"FreightAmt would be -1\.00"):
        placed(money(freight="-1.00"), Policies(), Charges())


def test_a_discount_larger_than_what_ships_now_goes_on_to_the_remainder() -> None:
    lines = [one("1", "10.00"), Line(2, "BOLT-10", Decimal(1), Decimal("90.00"), ZERO)]

    (_, own), (_, remainder) = split(lines, money(discount="30.00", freight="5.00"), {1: Decimal(1)})

    assert (own.discount, remainder.discount) == (15, 15)


def test_the_tax_of_a_remainder_is_never_more_than_the_order_s_own() -> None:
    lines = [one("1", "0.00"), Line(2, "BOLT-10", Decimal(30), Decimal("0.33"), Decimal("0.02"))]

    (_, own), (_, remainder) = split(lines, money(tax="0.01"), {1: Decimal(1)})

    assert (own.tax, remainder.tax) == (0, Decimal("0.01"))


@pytest.mark.parametrize("line", [one("1", "-0.01"), one("0", "1.00"), one("0.0000001", "1.00")])
def test_a_line_that_cannot_be_written_shows_its_figures(line: Line) -> None:
    with pytest.raises(AmountsError) as refused:
        priced(line, "price")
    assert ("net of the line", f"{line.net:.2f}") in refused.value.arithmetic


@given(
    st.lists(st.tuples(st.integers(1, 50), amounts, amounts, st.integers(0, 50)), min_size=1, max_size=6),
    amounts, amounts, amounts,
)  # fmt: skip
def test_two_parts_of_an_order_add_up_to_it_and_neither_is_negative(
    rows: list[tuple[int, Decimal, Decimal, int]], freight: Decimal, wish: Decimal, shipping_tax: Decimal
) -> None:
    lines = [Line(at, f"I{at}", Decimal(quantity), net, tax) for at, (quantity, net, tax, _) in enumerate(rows)]
    tax = sum((line.tax for line in lines), shipping_tax)
    discount = min(wish, sum((line.net for line in lines), ZERO))
    whole = Money(freight, ZERO, ZERO, discount, tax)

    (first, own), (rest, remainder) = split(lines, whole, {at: Decimal(now) for at, (_, _, _, now) in enumerate(rows)})

    assert total_of(first, own) + total_of(rest, remainder) == total_of(lines, whole)
    assert total_of(first, own) >= 0
    assert sum((line.quantity for line in (*first, *rest)), ZERO) == sum((line.quantity for line in lines), ZERO)
    for amount in (own.tax, own.discount, remainder.tax, remainder.discount):
        assert amount >= 0
