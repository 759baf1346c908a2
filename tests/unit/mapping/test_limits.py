"""A mapping does bounded work, whatever the document."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.mapping import BadValue, MappingEnv, MappingSyntaxError, compile_mapping
from tests.unit.mapping.conftest import Evaluate, one_field


def test_a_list_has_at_most_ten_thousand_rows(evaluate: Evaluate) -> None:
    assert evaluate("count(r for r in x)", x=[1] * 10_000) == 10_000
    with pytest.raises(BadValue, match="too many rows"):
        evaluate("count(r for r in x)", x=[1] * 10_001)


def test_lists_in_lists_are_bounded_together(evaluate: Evaluate) -> None:
    with pytest.raises(BadValue, match="too many rows"):
        evaluate("count(count(b for b in x) for a in x)", x=[1] * 400)


@pytest.mark.parametrize("call", ["sum_of(x)", "max_of(x)", "count(x)", "distinct(x)", "1 in x"])
def test_functions_over_lists_are_bounded(evaluate: Evaluate, call: str) -> None:
    with pytest.raises(BadValue, match=r"rows; the limit|cannot be sought"):
        evaluate(call, x=[1] * 10_001)


def test_rows_of_fields_are_bounded_too(env: MappingEnv) -> None:
    mapping = compile_mapping("a.to-canonical", "from: a\nto: b\nfields:\n  l: {for: r in x, value: r}\n")
    with pytest.raises(BadValue, match="too many rows"):
        mapping({"x": [1] * 10_001}, env)


@pytest.mark.parametrize("expression", ["x * x", "x + x", "x - (-x)", "x * 1.5"])
def test_numbers_keep_within_their_digits(evaluate: Evaluate, expression: str) -> None:
    with pytest.raises(BadValue, match="38 digits"):
        evaluate(f"({expression}) * ({expression})", x=9 * 10**36)


def test_a_deep_document_is_no_danger(env: MappingEnv) -> None:
    deep: dict[str, Any] = {}
    for _ in range(3_000):
        deep = {"a": deep}
    with pytest.raises(BadValue):
        one_field("text(order)")({"order": deep}, env)


def test_a_rest_too_deep_for_json_is_an_error_of_the_field(env: MappingEnv) -> None:
    deep: Any = "x"
    for _ in range(3_000):
        deep = [deep]
    mapping = compile_mapping("a.to-canonical", "from: a\nto: b\nfields:\n  it: rest(order)\n")
    with pytest.raises(BadValue) as caught:
        mapping({"order": {"a": deep}}, env)
    assert caught.value.field == "it"


def test_a_mapping_with_too_many_fields_is_refused() -> None:
    fields = "".join(f"  f{number}: 1\n" for number in range(2_100))
    with pytest.raises(MappingSyntaxError, match="at most 2000 fields"):
        compile_mapping("a.to-canonical", f"from: a\nto: b\nfields:\n{fields}")


def test_a_big_mapping_still_compiles(env: MappingEnv) -> None:
    fields = "".join(f"  f{number}: concat(x, {number})\n" for number in range(1_500))
    record = compile_mapping("a.to-canonical", f"from: a\nto: b\nfields:\n{fields}")({"x": "n"}, env)
    assert (len(record), record["f1499"]) == (1_500, "n1499")
