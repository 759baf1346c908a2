"""Validation of orders: figures that agree pass, one cent anywhere does not, and every verdict can be acted on."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.rules.validate import Policy, Verdict, validate
from tests.unit.rules.orders import PLACES, at, money_paths, orders, plain_order

POLICY = Policy()
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def judged(record: dict[str, Any], policy: Policy = POLICY) -> list[Verdict]:
    return validate("order", record, policy)


def rules(record: dict[str, Any], policy: Policy = POLICY) -> set[tuple[str, str]]:
    return {(verdict.rule, verdict.severity) for verdict in judged(record, policy)}


@patient
@given(orders())
def test_an_order_whose_figures_agree_passes(order: dict[str, Any]) -> None:
    assert judged(order) == []


@patient
@given(orders(), st.data(), st.sampled_from([1, -1]))
def test_one_cent_moved_anywhere_is_refused(order: dict[str, Any], data: st.DataObject, sign: int) -> None:
    path = data.draw(st.sampled_from(money_paths(order)))
    cent = sign * Decimal(1).scaleb(-PLACES[order["currency"]])
    verdicts = judged(at(order, path, lambda amount: amount + cent))
    assert verdicts
    assert all(verdict.severity == "hold" and verdict.remedy for verdict in verdicts)


def test_the_arithmetic_is_shown() -> None:
    (verdict,) = judged(at(plain_order(count=2), ("totals", "lines_net"), Decimal("99.61")))[:1]
    assert verdict.field == "totals.lines_net"
    assert verdict.message == (
        "Lines without tax: 49.80 + 49.80 = 99.60 EUR, but the order states 99.61 EUR, 0.01 more."
    )


def test_the_order_s_sum_is_shown_part_by_part() -> None:
    verdicts = judged(at(plain_order(count=1), ("totals", "net"), Decimal("54.79")))
    assert verdicts[0].message == (
        "Order without tax: lines 49.80 − discounts 0.00 + shipping 5.00 + wrapping 0.00 = 54.80 EUR, "
        "but the order states 54.79 EUR, 0.01 less."
    )


def test_a_long_order_shows_its_first_terms() -> None:
    order = plain_order(count=30)
    assert "(30 in all)" in judged(at(order, ("totals", "lines_net"), Decimal(1)))[0].message


BAD: list[tuple[tuple[str | int, ...], Any, str, str]] = [
    (("reference",), "41", "reference", "dead-letter"),
    (("reference",), "", "required", "dead-letter"),
    (("customer_id",), None, "required", "dead-letter"),
    (("number",), 41, "text", "dead-letter"),
    (("number",), "QWL\x00", "text", "dead-letter"),
    (("number",), "QWL\ud800", "text", "dead-letter"),
    (("number",), "x" * 10_000_000, "text", "dead-letter"),
    (("messages", 0, "text"), "x" * 10_000_000, "text", "dead-letter"),
    (("messages", 0, "text"), "bell \x07", "text", "dead-letter"),
    (("extras",), {"note": '"' + "x" * 10_000_000 + '"'}, "text", "dead-letter"),
    (("status",), "new", "status", "hold"),
    (("payment_method",), "shells", "payment-method", "hold"),
    (("currency",), "EURO", "currency", "hold"),
    (("currency",), None, "currency", "hold"),
    (("placed_at",), datetime(1970, 1, 1, tzinfo=UTC), "date", "hold"),
    (("placed_at",), datetime(2025, 3, 9, tzinfo=UTC), "date", "hold"),
    (("placed_at",), datetime(2025, 3, 4), "date", "dead-letter"),  # noqa: DTZ001 - a naive time is the point
    (("placed_at",), 10**17, "date", "dead-letter"),
    (("placed_at",), None, "date", "dead-letter"),
    (("customer",), None, "required", "dead-letter"),
    (("customer", "email"), "zoe.mail.example", "email", "hold"),
    (("customer", "email"), "zoe@mail", "email", "hold"),
    (("customer", "email"), "a@" + "b" * 300 + ".example", "email", "hold"),
    (("ship_to",), None, "required", "dead-letter"),
    (("ship_to", "line1"), "", "address", "hold"),
    (("ship_to", "city"), "", "address", "hold"),
    (("ship_to", "country_code"), "Narnia", "country", "hold"),
    (("ship_to", "country_code"), "", "country", "hold"),
    (("ship_to", "postal_code"), "7501", "postal-code", "hold"),
    (("bill_to", "postal_code"), None, "postal-code", "hold"),
    (("lines",), [], "lines", "hold"),
    (("lines", 0, "sku"), None, "sku", "hold"),
    (("lines", 0, "sku"), "  ", "sku", "hold"),
    (("lines", 0, "quantity"), Decimal(-2), "quantity", "hold"),
    (("lines", 0, "quantity"), Decimal(0), "quantity", "hold"),
    (("lines", 0, "quantity"), Decimal("NaN"), "number", "dead-letter"),
    (("lines", 0, "quantity"), Decimal("sNaN"), "number", "dead-letter"),
    (("lines", 0, "quantity"), Decimal("Infinity"), "number", "dead-letter"),
    (("lines", 0, "quantity"), Decimal("1E+999999"), "number", "dead-letter"),
    (("lines", 0, "quantity"), "2", "number", "dead-letter"),
    (("lines", 0, "quantity"), 2.0, "number", "dead-letter"),
    (("lines", 0, "quantity_refunded"), Decimal(3), "quantity", "hold"),
    (("lines", 0, "net"), None, "required", "dead-letter"),
    (("lines", 0, "unit_price"), Decimal("-24.90"), "price", "hold"),
    (("lines", 0, "taxes", 0, "rate"), Decimal(900), "tax-rate", "hold"),
    (("lines", 0, "taxes", 0, "rate"), Decimal(10), "tax-rate", "hold"),
    (("lines", 0, "taxes", 0, "rate"), None, "required", "dead-letter"),
    (("shipping", "rate"), Decimal("5.5"), "tax-rate", "hold"),
    (("shipping", "net"), Decimal(-5), "price", "hold"),
    (("shipping",), None, "required", "dead-letter"),
    (("totals", "gross"), Decimal("NaN"), "number", "dead-letter"),
    (("paid_total",), Decimal("Infinity"), "number", "dead-letter"),
    (("payments", 0, "amount"), None, "required", "dead-letter"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "rule", "severity"),
    BAD,
    ids=[f"{'.'.join(map(str, bad[0]))}-{at_}" for at_, bad in enumerate(BAD)],
)
def test_what_is_wrong_is_named(path: tuple[str | int, ...], value: Any, rule: str, severity: str) -> None:
    order = at(plain_order(), path, lambda _: value)
    verdicts = judged(order)
    assert (rule, severity) in rules(order)
    for verdict in verdicts:
        assert verdict.field
        assert verdict.message.endswith((".", ")"))
        assert verdict.remedy
        assert len(verdict.value) < 200
        assert len(verdict.message) < 500


def test_an_empty_record_is_refused_without_an_exception() -> None:
    assert any(verdict.severity == "dead-letter" for verdict in judged({}))


def test_an_american_order_needs_its_state() -> None:
    order = plain_order()
    order["ship_to"] |= {"country_code": "US", "postal_code": "10001", "state_code": None}
    assert rules(order) == {("state", "hold")}
    order["ship_to"]["state_code"] = "ZZ"
    assert rules(order) == {("state", "hold")}
    order["ship_to"]["state_code"] = "NY"
    assert judged(order) == []


def test_a_lost_leading_zero_is_hinted_at() -> None:
    order = plain_order()
    order["ship_to"] |= {"country_code": "DE", "postal_code": "1067"}
    (verdict,) = judged(order)
    assert verdict.message == "'1067' is not a postal code of DE; one looks like 10115."
    assert "leading zero" in verdict.remedy


def test_emoji_line_breaks_and_other_scripts_are_no_fault() -> None:
    order = plain_order()
    order["messages"][0]["text"] = "Danke 🎁\r\n\tספסיבה 谢谢 👨‍👩‍👧"
    order["lines"][0]["name"] = "Épicerie\u00a0fine — 木"
    assert judged(order) == []


def test_an_order_without_an_e_mail_passes() -> None:
    assert judged(at(plain_order(), ("customer", "email"), None)) == []


def test_an_order_that_is_not_paid_passes() -> None:
    order = plain_order()
    order |= {"payments": [], "paid_total": Decimal(0), "status": "awaiting-payment"}
    assert judged(order) == []


def test_compound_taxes_may_be_charged_on_each_other() -> None:
    order = plain_order(count=1)
    line = order["lines"][0]
    line |= {"tax": Decimal("7.67"), "gross": Decimal("57.47"), "unit_price_gross": Decimal("28.735")}
    line["taxes"] = [
        {"code": "GST", "rate": Decimal(5), "amount": Decimal("2.49")},
        {"code": "QST", "rate": Decimal("9.9"), "amount": Decimal("5.18")},
    ]
    assert "tax-rate" not in {rule for rule, _ in rules(order)}
    line["taxes"][1]["rate"] = Decimal("9.0")
    assert "tax-rate" in {rule for rule, _ in rules(order)}


def test_the_policy_limits_currencies_and_countries() -> None:
    policy = Policy(currencies=frozenset({"USD"}), countries=frozenset({"US"}))
    assert rules(plain_order(), policy) == {("currency", "hold"), ("country", "hold")}


def test_a_rule_can_be_switched_off() -> None:
    order = at(plain_order(), ("customer", "email"), "nonsense")
    assert judged(order, Policy(off=frozenset({"email"}))) == []


def test_an_unknown_rule_cannot_be_switched_off() -> None:
    with pytest.raises(ValueError, match="did you mean 'email'"):
        Policy(off=frozenset({"emial"}))


def test_a_shop_may_count_a_currency_in_other_units() -> None:
    order = plain_order("EUR") | {"currency": "JPY"}
    assert judged(order, Policy(minor_places={"JPY": 2})) == []
    moved = at(order, ("totals", "gross"), lambda amount: amount + Decimal("0.01"))
    assert judged(moved, Policy(minor_places={"JPY": 2}))


def test_a_deleted_order_is_not_judged() -> None:
    assert judged({"deleted_at": datetime(2025, 3, 4, tzinfo=UTC)}) == []


def test_cancelling_an_order_cures_what_a_clerk_could_mend() -> None:
    order = at(plain_order("EUR") | {"currency": "GBP"}, ("lines", 0, "quantity"), Decimal(-2))
    taken = Policy(currencies=frozenset({"EUR"}))
    assert {rule for rule, _ in rules(order, taken)} >= {"currency", "quantity"}
    assert judged(order | {"status": "cancelled"}, taken) == []
    assert rules(order | {"status": "cancelled", "reference": "41"}, taken) == {("reference", "dead-letter")}


def test_times_in_milliseconds_are_understood() -> None:
    order = plain_order()
    order["placed_at"] = int((order["placed_at"] + timedelta(hours=1)).timestamp() * 1000)
    assert judged(order) == []
