"""The runner of golden cases: it must see what is wrong, in the data and in the case file itself."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from penstock.flow.cases import Case, differences, load_cases, run_case
from penstock.flow.load import avro_schema
from penstock.flow.typed import typed
from penstock.mapping import MappingSyntaxError

FILE = """\
about: doubling
rule: double
base: {amount: "2", deep: {list: [{a: "1"}]}}
cases:
  - {case: two, expect: {result: "4"}}
  - {case: three, change: {amount: "3", deep.list.0.a: "9"}, expect: {result: "6", a: "9"}}
  - {case: nothing, given: {amount: none}, error: no number}
"""


def double(given: Any) -> Any:
    if not given["amount"].isdecimal():
        raise ValueError("that is no number at all")
    return {"result": Decimal(given["amount"]) * 2, "a": given["deep"]["list"][0]["a"]}


def case(text: str = FILE, at: int = 0) -> Case:
    return load_cases("cases.yaml", text)[at]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_case_that_holds_is_ok(at: int) -> None:
    assert run_case(case(at=at), {"double": double}).ok


def test_a_wrong_result_is_told_field_by_field() -> None:
    result = run_case(case(), {"double": lambda _: {"result": Decimal(5)}})
    assert result.problems == ["result: expected '4', got Decimal('5')"]


def test_an_unexpected_error_is_told() -> None:
    assert run_case(case(FILE.replace('"2"', "two")), {"double": double}).problems == [
        "failed: that is no number at all"
    ]


def test_another_error_than_the_expected_is_told() -> None:
    problems = run_case(case(FILE.replace("no number", "no money"), at=2), {"double": double}).problems
    assert problems == ["failed with 'that is no number at all', expected 'no money'"]


def test_a_result_where_an_error_is_expected_is_told() -> None:
    assert not run_case(case(at=2), {"double": lambda _: {}}).ok


def test_a_rule_that_nobody_knows_is_told_with_the_nearest() -> None:
    assert "did you mean 'doubble'" in run_case(case(), {"doubble": double}).problems[0]


def test_a_case_does_not_see_what_another_changed() -> None:
    first, second = (case(at=at) for at in (0, 1))
    assert first.given["deep"]["list"][0]["a"] == "1"
    assert second.given["deep"]["list"][0]["a"] == "9"


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("49.80", Decimal("49.8"), True),
        ("49.81", Decimal("49.8"), False),
        ("two", Decimal(2), False),
        ("2", 2, True),
        ("2025-03-04T10:05:00+01:00", datetime(2025, 3, 4, 9, 5, tzinfo=UTC), True),
        ("soon", datetime(2025, 3, 4, tzinfo=UTC), False),
        (None, None, True),
        (None, "x", False),
        ("x", None, False),
        (True, True, True),
        ("true", True, False),
        (["a"], ["a", "b"], False),
        ([], "x", False),
        ({"a.b": "1"}, {"a": {"b": "1"}}, True),
        ({"a.b": "1"}, {"a.b": "1"}, True),
        ({"a.1": "y"}, {"a": ["x", "y"]}, True),
        ({"a": None}, {}, False),
        ({"a": {"b": "1"}}, {"a": None}, False),
    ],
)
def test_values_are_compared_by_what_they_mean(expected: Any, actual: Any, same: bool) -> None:
    assert (differences(expected, actual) == []) is same


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rule: x\ncases:\n  - {case: a, given: {}, expct: {}}\n", "a case has no 'expct'; did you mean 'expect'"),
        ("rule: x\ncases:\n  - {case: a, given: {}}\n", "cases.yaml:3: a case has `expect:` or `error:`"),
        ("rule: x\ncases:\n  - {case: a, given: {}, expect: {}, error: x}\n", "one of them"),
        ("rule: x\ncases:\n  - {case: a, expect: {}}\n", "needs `given:`, or the file a `base:`"),
        ("cases:\n  - {case: a, given: {}, expect: {}}\n", "runs a `rule:` or a `mapping:`"),
        ("rule: x\nbase: {a: b}\ncases:\n  - {case: a, change: {c.d: e}, expect: {}}\n", "'c.d' leads nowhere"),
        ("rule: x\ncases:\n  - {given: {}, expect: {}}\n", "begins with `- case:"),
        ("rule: x\ncases: {}\n", "`cases:` is a list"),
        ("rule: x\ncases:\n  - {case: a, given: {}, expect: {}}\n  - {case: a, given: {}, expect: {}}\n", "two cases"),
    ],
)
def test_a_mistake_in_the_file_is_named(text: str, message: str) -> None:
    with pytest.raises(MappingSyntaxError, match=message):
        load_cases("cases.yaml", text)


def test_whole_numbers_are_numbers_in_raw_documents_only() -> None:
    text = 'cases:\n  - {case: a, %s, given: {a: 1, b: "1", c: 01}, expect: {}}\n'
    assert case(text % "mapping: m").given == {"a": 1, "b": "1", "c": "01"}
    assert case(text % "rule: r").given == {"a": "1", "b": "1", "c": "01"}


def test_a_canonical_record_gets_its_types_and_defaults() -> None:
    given = {
        "placed_at": "2025-03-04T09:05:00+00:00",
        "paid_total": "1.50",
        "lines": [{"number": "1", "net": "x"}],
        "z": "?",
    }
    record = typed(given, avro_schema("order"))
    assert record["placed_at"] == datetime(2025, 3, 4, 9, 5, tzinfo=UTC)
    assert record["paid_total"] == Decimal("1.50")
    assert record["lines"] == [record["lines"][0]]
    assert record["lines"][0]["number"] == 1
    assert record["lines"][0]["net"] == "x"
    assert record["lines"][0]["taxes"] == []
    assert record["extras"] == {}
    assert record["z"] == "?"
