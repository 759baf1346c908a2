"""The rules of credit and stock, on plain figures."""

from __future__ import annotations

from decimal import Decimal

import pytest

from penstock.rules.credit import Credit
from penstock.rules.stock import Want, allot, arithmetic, shortages

LAMP, BOLT = ("LAMP-01", "001"), ("BOLT-10", "001")


def credit(limit: str = "500", balance: str = "480", open_orders: str = "0", *, on_hold: bool = False) -> Credit:
    return Credit(Decimal(limit), Decimal(balance), Decimal(open_orders), on_hold)


@pytest.mark.parametrize(
    ("account", "order", "refuses"),
    [
        (credit(), "20.00", False),
        (credit(), "20.01", True),
        (credit(open_orders="10"), "10.01", True),
        (credit(limit="0"), "99999", False),
        (credit(limit="0", on_hold=True), "1", True),
        (credit(balance="600"), "0", True),
    ],
)
def test_an_order_may_reach_the_limit_and_not_pass_it(account: Credit, order: str, *, refuses: bool) -> None:
    assert account.refuses(Decimal(order)) is refuses


def test_the_arithmetic_shows_how_far_over_it_is() -> None:
    assert credit(open_orders="180").arithmetic(Decimal("52.04")) == [
        ("credit limit", "500.00"), ("balance", "480.00"), ("open orders", "180.00"), ("this order", "52.04"),
        ("over the limit", "212.04"),
    ]  # fmt: skip


def wants(*quantities: str) -> list[Want]:
    return [Want(number, LAMP, Decimal(quantity)) for number, quantity in enumerate(quantities, 1)]


def test_lines_of_one_item_want_together() -> None:
    (lacking,) = shortages(wants("3", "4"), {LAMP: Decimal(5)})
    assert (lacking.wanted, lacking.missing) == (7, 2)
    assert arithmetic([lacking])[2] == ("LAMP-01 in 001: missing", "2")


def test_less_than_nothing_and_nothing_known_count_as_none() -> None:
    assert shortages(wants("1"), {LAMP: Decimal(-4)})[0].available == 0
    assert shortages([Want(1, BOLT, Decimal(1))], {})[0].missing == 1
    assert shortages(wants("1"), {LAMP: Decimal(1)}) == []


def test_what_is_there_goes_to_the_first_lines_in_whole_pieces() -> None:
    assert allot(wants("3", "4"), {LAMP: Decimal("5.5")}) == {1: Decimal(3), 2: Decimal(2)}
    assert allot(wants("1.5"), {LAMP: Decimal("0.75")}) == {1: Decimal("0.75")}
