"""What cannot be written in a mapping."""

from __future__ import annotations

import pytest

from penstock.mapping import MappingSyntaxError
from tests.unit.mapping.conftest import one_field

REFUSED = [
    ("order.__class__", "two underscores"),
    ("__import__('os')", "two underscores"),
    ("order._＿class_＿", "two underscores"),  # Python reads the wide underscore as a plain one
    ("order.upper()", "only functions of the function table"),
    ("(lambda: 1)()", "only functions"),
    ("lambda: 1", "lambda cannot be used"),
    ("f'{order}'", "an f-text cannot be used"),
    ("{'a': 1}", "an object in braces"),
    ("{1, 2}", "a set in braces"),
    ("(x := 1)", ":= cannot be used"),
    ("2 ** 99", "the arithmetic of a mapping is"),
    ("1 << 9", "the arithmetic of a mapping is"),
    ("1j", "complex cannot be used"),
    ("b'x'", "bytes cannot be used"),
    ("...", "ellipsis cannot be used"),
    ("order[order.id]", "named by a fixed number or text"),
    ("order.rows[0:2]", "named by a fixed number or text"),
    ("'abc'.x", "a fixed value has no fields"),
    ("upper(*order)", "before an argument"),
    ("upper(**order)", r"\*\* cannot be used"),
    ("[a + b for a in x for b in y]", "one `for"),
    ("[a for a, b in x]", "a row has one name"),
    ("await x", "not an expression|await"),
    ("yield x", "not an expression|Yield"),
    ("x is y", "only for `is null`"),
    ("~1", "cannot be used"),
    ("1 if", "not an expression"),
    ("order.from", "not an expression.*from is a reserved word"),
    ("'\\d'", "not an expression"),
    ("1 # note", "a comment inside an expression"),
    ("'a' + 'b'", r"join text with concat"),
    ("'a' * 1000000", "arithmetic on text"),
    ("1e999", "more than 38 digits"),
    ("9" * 39, "more than 38 digits"),
    ("9" * 5000, "characters"),
    ("(" * 500 + "1" + ")" * 500, "not an expression|nested deeper"),
    ("-" * 100 + "1", "nested deeper"),
    ("+".join("1" * 500), "nested deeper|parts"),
    ("[" + "1," * 500 + "]", "more than 400 parts"),
    ("order.rows[20000]", "at most 10,000"),
    ("uper(order.id)", "no function 'uper'; did you mean 'upper'"),
    ("left(order.id)", "left: it needs length"),
    ("left(order.id, 1, 2)", "takes at most 2 arguments"),
    ("left(order.id, lenght=2)", "no argument 'lenght'; did you mean 'length'"),
    ("left(order.id, 2, length=3)", "given twice"),
    ("round_to('12', 2)", "round_to wants number here, not text"),
    ("sum_of(1)", "wants list"),
    ("1 == '1'", "integer is compared with text"),
    ("code(order.id, 3)", "fixed name in quotes"),
    ("rest(concat('a'))", "rest\\(\\) is for one part"),
]


@pytest.mark.parametrize(("expression", "reason"), REFUSED, ids=[expression[:40] for expression, _ in REFUSED])
def test_it_is_refused_when_the_mapping_is_loaded(expression: str, reason: str) -> None:
    with pytest.raises(MappingSyntaxError, match=reason) as caught:
        one_field(expression)
    assert caught.value.problems[0].place.line == 5
    assert caught.value.problems[0].place.field == "it"
