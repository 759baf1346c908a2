"""What expressions mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from penstock.mapping import BadValue
from tests.unit.mapping.conftest import Evaluate

VALUES: list[tuple[str, Any]] = [
    ("order.reference", "XKBK"),
    ("order.rows[0].sku", "APR-S"),
    ("order.rows[-1].qty", "0"),
    ('order["reference"]', "XKBK"),
    ("true", True),
    ("null", None),
    ("None", None),
    ("0.1 + 0.2", Decimal("0.3")),
    ("0.10", Decimal("0.10")),
    ("1 + 2 * 3", 7),
    ("7 // 2", 3),
    ("7 % 2", 1),
    ("1 / 4", Decimal("0.25")),
    ("-number", Decimal("-1.5")),
    ("2 - 0.5", Decimal("1.5")),
    ("1 < 2 <= 2", True),
    ("1 < 2 < 2", False),
    ("1 == 1.0", True),
    ('order.reference == "XKBK"', True),
    ("order.note == null", True),
    ("order.note is not null", False),
    ("order.reference != null", True),
    ('"a" in ["a", "b"]', True),
    ('"KB" in order.reference', True),
    ('"reference" in order', True),
    ("3 not in [1, 2]", True),
    ('order.note or "none"', "none"),
    ('"" or 0 or "last"', "last"),
    ('"a" and "b"', "b"),
    ('"yes" if boolean(order.gift) else "no"', "yes"),
    ("not boolean(order.gift)", False),
    ("sum_of(decimal(row.price) * decimal(row.qty) for row in order.rows)", Decimal(45)),
    ('join("|", [row.sku for row in order.rows if row.qty != "0"])', "APR-S|APR-M"),
    ("count(order.rows)", 3),
    ('first(row.sku for row in order.rows if row.sku == "APR-M")', "APR-M"),
    ("first(order.rows).sku", "APR-S"),
    ("concat(\n  order.reference,\n  '-x')", "XKBK-x"),
    ("count(order.rows) in [1, 2, 3]", True),
    ("sum_of(count(b for b in order.rows if b.sku == a.sku) for a in order.rows)", 3),
]


@pytest.mark.parametrize(("expression", "expected"), VALUES, ids=[expression for expression, _ in VALUES])
def test_an_expression_has_its_value(evaluate: Evaluate, expression: str, expected: Any) -> None:
    value = evaluate(expression)
    assert value == expected
    assert type(value) is type(expected)


MISTAKES = [
    ("order.total * 2", "'12.500000' is text, not a number"),
    ("order.rows + 1", "a list is not a number"),
    ("order.gift == 1", "cannot be compared"),
    ("1 in [order.gift]", "cannot be compared"),
    ("order.gift < 2", "cannot be ordered"),
    ("order.note < 2", "null"),
    ("order.rows == order.rows", "cannot be compared"),
    ('"x" if order.gift else "y"', "is no condition"),
    ("not order.gift", "is no condition"),
    ('"x" if (order.gift and order.reference) else "y"', "is no condition"),
    ("number / 0", "division by zero"),
    ("count(order.rows) % 0", "division by zero"),
    ("number // 2", "for whole numbers"),
    ("[x for x in order]", "not a list of rows"),
    ("1 in 2", "cannot be sought in"),
    ("true + 1", "arithmetic on boolean"),
]


@pytest.mark.parametrize(("expression", "reason"), MISTAKES, ids=[expression for expression, _ in MISTAKES])
def test_what_python_would_guess_is_an_error(evaluate: Evaluate, expression: str, reason: str) -> None:
    with pytest.raises((BadValue, ValueError), match=reason):
        evaluate(expression)


def test_a_row_name_hides_a_document_name_only_inside_its_list(evaluate: Evaluate) -> None:
    assert evaluate("concat(first(order.sku for order in order.rows), order.reference)") == "APR-SXKBK"


def test_a_float_of_json_must_be_read_before_it_counts(evaluate: Evaluate) -> None:
    with pytest.raises(BadValue, match=r"write decimal"):
        evaluate("price * 2", price=12.1)
    assert evaluate("decimal(price) * 2", price=12.1) == Decimal("24.2")
