"""What the rate of a tax applies to, and fees: figures that shops with discounts per order state."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from penstock.rules.validate import Policy, Verdict, validate
from tests.unit.rules.orders import at, plain_order

ZERO = Decimal(0)


def judged(order: dict[str, Any]) -> list[Verdict]:
    return validate("order", order, Policy())


def discounted() -> dict[str, Any]:
    """One line of 49.80 at 20 %; 9.80 off the order leave a base of 40.00, so the line's tax is 8.00."""
    order = plain_order(count=1)
    line = order["lines"][0]
    line |= {"tax": Decimal("8.00"), "gross": Decimal("57.80"), "unit_price_gross": Decimal("28.90")}
    line["taxes"] = [{"code": "1", "rate": Decimal(20), "amount": Decimal("8.00"), "base": Decimal("40.00")}]
    off = Decimal("9.80")
    order["discounts"] = [{"code": "SPRING", "name": "Spring", "net": off, "gross": off, "free_shipping": False}]
    order["totals"] |= {
        "lines_gross": Decimal("57.80"), "discounts_net": off, "discounts_gross": off, "net": Decimal("45.00"),
        "tax": Decimal("9.00"), "gross": Decimal("54.00"),
    }  # fmt: skip
    return order


def with_fees(net: str, tax: str = "0") -> dict[str, Any]:
    """An order of 54.80 + 10.96 with a charge that its totals hold."""
    order, fee, fee_tax = plain_order(count=1), Decimal(net), Decimal(tax)
    order["fees"] = {"net": fee, "tax": fee_tax, "gross": fee + fee_tax, "rate": None}
    for name, more in (("net", fee), ("tax", fee_tax), ("gross", fee + fee_tax)):
        order["totals"][name] += more
    return order


def test_the_rate_applies_to_the_base_where_one_is_stated() -> None:
    assert judged(discounted()) == []


def test_without_a_base_the_rate_applies_to_the_line() -> None:
    (verdict,) = judged(at(discounted(), ("lines", 0, "taxes", 0, "base"), None))
    assert verdict.rule == "tax-rate"
    assert verdict.message == "Line 1 (APR-1): 20 % of 49.80 is 9.96 EUR, but its tax is 8.00 EUR, 1.96 less."


def test_a_base_that_does_not_make_the_tax_is_told_with_the_base() -> None:
    (verdict,) = judged(at(discounted(), ("lines", 0, "taxes", 0, "base"), Decimal("45.00")))
    assert verdict.message == "Line 1 (APR-1): 20 % of 45.00 is 9.00 EUR, but its tax is 8.00 EUR, 1.00 less."


def test_a_base_of_zero_is_no_missing_base() -> None:
    (verdict,) = judged(at(discounted(), ("lines", 0, "taxes", 0, "base"), ZERO))
    assert verdict.message == "Line 1 (APR-1): 20 % of 0.00 is 0.00 EUR, but its tax is 8.00 EUR, 8.00 more."


def test_a_base_that_is_no_number_is_a_dead_letter() -> None:
    verdicts = judged(at(discounted(), ("lines", 0, "taxes", 0, "base"), Decimal("NaN")))
    assert {(verdict.field, verdict.rule, verdict.severity) for verdict in verdicts} == {
        ("lines[0].taxes[0].base", "number", "dead-letter")
    }


@pytest.mark.parametrize(("net", "tax"), [("1.20", "0"), ("1.20", "0.24"), ("0", "0")])
def test_fees_are_part_of_the_order_s_sums(net: str, tax: str) -> None:
    assert judged(with_fees(net, tax)) == []


@pytest.mark.parametrize("side", ["net", "gross"])
@pytest.mark.parametrize("cent", [Decimal("0.01"), Decimal("-0.01")])
def test_fees_that_are_a_cent_off_are_held(side: str, cent: Decimal) -> None:
    verdicts = judged(at(with_fees("1.20"), ("fees", side), lambda amount: amount + cent))
    assert {verdict.rule for verdict in verdicts} == {"gross", "order-total"}
    assert all("fees" in verdict.message.lower() for verdict in verdicts)


def test_fees_that_the_total_does_not_hold_are_named_in_the_sum() -> None:
    order = with_fees("1.20")
    order["totals"] = plain_order(count=1)["totals"]
    assert judged(order)[0].message == (
        "Order without tax: lines 49.80 − discounts 0.00 + shipping 5.00 + wrapping 0.00 + fees 1.20 = 56.00 EUR, "
        "but the order states 54.80 EUR, 1.20 less."
    )


def test_fees_below_zero_are_held() -> None:
    verdicts = judged(with_fees("-1.20"))
    assert {(verdict.field, verdict.rule) for verdict in verdicts} == {("fees.net", "price"), ("fees.gross", "price")}


def test_an_order_without_fees_says_nothing_of_them() -> None:
    order = plain_order(count=1) | {"fees": None}
    assert judged(order) == []
    (verdict, *_) = judged(at(order, ("totals", "net"), Decimal("54.79")))
    assert "fees" not in verdict.message
