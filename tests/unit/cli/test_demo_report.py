from dataclasses import replace
from decimal import Decimal

import pytest

from penstock.cli.demo_report import Books, ErpOrder, Reason, ShopOrder, balance, together

SHIPPED = ("awaiting-payment", "paid", "processing", "shipped")
SHOP = ShopOrder("PS1-1", "EUR", Decimal("65.76"), "shipped", SHIPPED, ("1Z9",), Decimal("65.76"), "Zoe@mail.example")
ERP = ErpOrder(
    "PS1-1",
    "PS00000001",
    "EUR",
    Decimal("65.760000"),
    ordered=Decimal(2),
    shipped=Decimal(2),
    tracking=("1Z9",),
    paid=Decimal("65.76"),
)
OPEN = replace(ERP, shipped=Decimal(0), tracking=())
WAITING = replace(SHOP, status="paid", statuses=("paid",), tracking=())
HELD = Reason("PS1-1", "held", "SKU APR-SND is not known")


def books(
    shop: ShopOrder = SHOP, *erp: ErpOrder, reasons: tuple[Reason, ...] = (), emails: tuple[str, ...] = ()
) -> Books:
    return balance([shop], erp, reasons, emails)


def test_an_order_booked_shipped_and_paid_balances() -> None:
    done = books(SHOP, ERP, emails=("zoe@mail.example",))
    assert done.balanced
    assert done.counts["booked_once"] == 1
    assert done.as_json()["money_placed"] == done.as_json()["money_booked"] == {"EUR": "65.76"}


def test_an_order_booked_twice_is_doubled() -> None:
    done = books(SHOP, ERP, replace(ERP, number="PS00000002"))
    assert (done.counts["doubled"], done.counts["booked_once"], done.balanced) == (1, 0, False)
    assert done.money_booked != done.money_placed
    assert "PS00000002" in done.problems[0]


def test_an_order_that_nothing_explains_is_missing() -> None:
    done = books(WAITING)
    assert (done.counts["missing"], done.balanced) == (1, False)


@pytest.mark.parametrize(("kind", "counted"), [("held", "held"), ("dead_lettered", "dead_lettered")])
def test_an_order_with_a_reason_is_not_missing_and_its_money_is_apart(kind: str, counted: str) -> None:
    done = books(WAITING, reasons=(replace(HELD, kind=kind),))
    assert (done.counts[counted], done.counts["missing"], done.balanced) == (1, 0, True)
    assert done.money_placed == done.money_booked == {}
    assert done.money_held == {"EUR": Decimal("65.76")}
    assert done.as_json()["reasons"] == {"PS1-1": "SKU APR-SND is not known"}


def test_a_cent_of_difference_is_unexplained() -> None:
    done = books(SHOP, replace(ERP, total=Decimal("65.75")))
    assert (done.counts["unexplained"], done.counts["booked_once"], done.balanced) == (1, 0, False)


def test_a_difference_with_a_held_change_is_held_money() -> None:
    done = books(WAITING, replace(OPEN, total=Decimal("60.00")), reasons=(HELD,))
    assert done.balanced
    assert (done.money_booked, done.money_held) == ({"EUR": Decimal("60.00")}, {"EUR": Decimal("5.76")})


def test_another_currency_is_unexplained() -> None:
    assert not books(SHOP, replace(ERP, currency="USD")).balanced


def test_an_order_of_the_erp_without_an_order_of_the_shop_is_unexplained() -> None:
    done = books(SHOP, ERP, replace(ERP, ref="PS1-2", number="PS00000002"))
    assert (done.counts["unexplained"], done.balanced) == (1, False)


CANCELLED = replace(SHOP, status="cancelled", statuses=("paid", "cancelled"), tracking=())


@pytest.mark.parametrize("erp", [(), (replace(OPEN, stopped=True),)])
def test_a_cancelled_order_gone_from_or_stopped_in_the_erp_is_cancelled(erp: tuple[ErpOrder, ...]) -> None:
    done = books(CANCELLED, *erp)
    assert (done.counts["cancelled"], done.balanced) == (1, True)
    assert done.money_cancelled == {"EUR": Decimal("65.76")}


def test_a_cancelled_order_cut_down_to_what_was_shipped_balances() -> None:
    done = books(CANCELLED, replace(ERP, total=Decimal("30.00")))
    assert done.balanced
    assert (done.money_booked, done.money_cancelled) == ({"EUR": Decimal("30.00")}, {"EUR": Decimal("35.76")})


def test_a_cancelled_order_still_open_in_the_erp_is_unexplained() -> None:
    assert books(CANCELLED, OPEN).counts["unexplained"] == 1


def test_a_stopped_order_that_the_shop_goes_on_with_is_unexplained() -> None:
    assert books(WAITING, replace(OPEN, stopped=True)).counts["unexplained"] == 1


@pytest.mark.parametrize(
    ("shop", "erp", "said"),
    [
        (WAITING, ERP, "has been shipped, the shop shows paid"),
        (SHOP, OPEN, "has not shipped all of it"),
        (replace(SHOP, tracking=()), ERP, "tracking number 1Z9 has not reached the shop"),
        (replace(SHOP, paid=Decimal(0)), ERP, "the ERP received 65.76"),
        (replace(SHOP, statuses=("paid", "shipped", "shipped")), ERP, "shipped twice in a row"),
        (replace(SHOP, statuses=("shipped", "processing", "shipped")), ERP, "goes backwards"),
    ],
)
def test_a_wrong_state_of_the_shop_is_named(shop: ShopOrder, erp: ErpOrder, said: str) -> None:
    done = books(shop, erp)
    assert (done.shop_states_wrong, done.balanced) == (1, False)
    assert said in done.problems[0]


def test_two_customers_of_the_erp_with_one_address_are_doubled_whatever_the_case() -> None:
    done = books(
        SHOP, ERP, emails=("zoe@mail.example", "ZOE@MAIL.EXAMPLE ", "other@mail.example", "other@mail.example")
    )
    assert (done.customers_doubled, done.balanced) == (1, False)


def test_every_order_has_exactly_one_class() -> None:
    shop = [replace(SHOP, ref=f"PS1-{number}") for number in range(5)]
    erp = [replace(ERP, ref=ref, number=number) for ref, number in (("PS1-0", "A"), ("PS1-1", "B"), ("PS1-1", "C"))]
    done = balance(shop, erp, [Reason("PS1-2", "held", "why")], [])
    assert sum(done.counts.values()) - done.counts["orders_placed"] == len(shop)


def test_what_else_a_system_should_not_show_is_a_wrong_state() -> None:
    done = balance([SHOP], [ERP], [], [], ["PS1-1: the buyer was told twice"])
    assert (done.shop_states_wrong, done.balanced, done.problems) == (1, False, ["PS1-1: the buyer was told twice"])


def test_the_books_of_two_flows_add_up() -> None:
    one = books(SHOP, ERP)
    other = balance([replace(WAITING, ref="CL1-1", currency="USD")], [], [replace(HELD, ref="CL1-1")], [])
    both = together([one, other])
    assert (both.counts["orders_placed"], both.counts["booked_once"], both.counts["held"]) == (2, 1, 1)
    assert both.money_booked == {"EUR": Decimal("65.76")}
    assert both.money_held == {"USD": Decimal("65.76")}
    assert [verdict.ref for verdict in both.verdicts] == ["PS1-1", "CL1-1"]
