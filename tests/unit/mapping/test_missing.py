"""Names that are not there, and null."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.mapping import BadValue, MappingEnv, MappingError, MissingName, MissingXref, compile_mapping
from tests.unit.mapping.conftest import Evaluate, one_field

FILE = "connectors/shop/mappings/order.to-canonical.yaml"
LINES = """from: shop.order
to: Order
fields:
  reference: order.reference
  lines:
    for: row in order.rows
    where: row.qty != "0"
    fields:
      sku: row.sku
      price: decimal(row.price)
"""


def test_a_missing_name_is_an_error_that_says_where_and_what_to_do(env: MappingEnv, doc: dict[str, Any]) -> None:
    mapping = compile_mapping(FILE, LINES)
    doc["order"]["refrence"] = doc["order"].pop("reference")
    with pytest.raises(MissingName) as caught:
        mapping(doc, env)
    error = caught.value
    assert (error.mapping, error.file, error.line, error.field) == ("order.to-canonical", FILE, 4, "reference")
    assert error.expression == "order.reference"
    assert error.path == "order.reference"
    assert "did you mean 'refrence'?" in error.reason
    assert "optional(order.reference)" in error.remedy


def test_an_error_in_a_list_names_the_row_that_would_have_been_made(env: MappingEnv, doc: dict[str, Any]) -> None:
    mapping = compile_mapping(FILE, LINES)
    doc["order"]["rows"].insert(0, {"sku": "X", "qty": "0"})
    doc["order"]["rows"][2]["price"] = "12,5"
    with pytest.raises(BadValue, match=r"'12,5' is not a number") as caught:
        mapping(doc, env)
    assert caught.value.field == "lines[1].price"
    assert caught.value.line == 10


def test_the_public_text_of_an_error_holds_no_value_of_the_document(env: MappingEnv, doc: dict[str, Any]) -> None:
    doc["order"]["rows"][0]["price"] = "ann@example.com"
    with pytest.raises(BadValue) as caught:
        compile_mapping(FILE, LINES)(doc, env)
    assert "ann@example.com" in str(caught.value)
    assert caught.value.public == f"{FILE}:10: lines[0].price: BadValue in decimal(row.price)"


MISSING = [
    "order.nothing",
    "nothing",
    "nothing.at.all",
    "order.rows[9].sku",
    "order.note.text",
    "upper(order.nothing)",
    "first(row.nothing for row in order.rows)",
    "concat(order.nothing) if true else null",
    '[row.sku for row in order.rows if row.nothing == "x"]',
    'xref("customer", "unknown")',
    "order.nothing == null",
]


@pytest.mark.parametrize("expression", MISSING)
def test_optional_and_default_forgive_what_is_not_there(evaluate: Evaluate, expression: str) -> None:
    with pytest.raises((MissingName, MissingXref)):
        evaluate(expression)
    assert evaluate(f"optional({expression})") is None
    assert evaluate(f'default({expression}, "else")') == "else"
    assert evaluate(f"default({expression}, upper(order.reference))") == "XKBK"
    assert evaluate(f'default(value={expression}, otherwise="else")') == "else"


@pytest.mark.parametrize("expression", ["decimal(order.reference)", "order.reference.x", "order.rows.x", "1 / 0"])
def test_they_never_forgive_a_bad_value(evaluate: Evaluate, expression: str) -> None:
    for text in (f"optional({expression})", f'default({expression}, "else")', f"default({expression}, order.id)"):
        with pytest.raises(BadValue):
            evaluate(text)


def test_the_other_side_of_default_is_worked_out_only_when_needed(evaluate: Evaluate) -> None:
    assert evaluate("default(order.reference, order.nothing)") == "XKBK"
    assert evaluate("default(order.note, order.reference)") == "XKBK"


def test_a_missing_name_inside_the_other_side_is_an_error(evaluate: Evaluate) -> None:
    with pytest.raises(MissingName, match=r"order\.nothing"):
        evaluate("default(order.note, order.nothing)")


def test_a_condition_decides_which_side_must_be_there(evaluate: Evaluate) -> None:
    assert evaluate("order.reference if true else order.nothing") == "XKBK"


def test_null_goes_through_functions(evaluate: Evaluate) -> None:
    for call in ("upper(null)", "decimal(null)", 'money(null, "EUR")', "left(null, 3)", 'id("customer", null)'):
        assert evaluate(call) is None


def test_a_list_that_is_left_out_is_no_rows(env: MappingEnv, doc: dict[str, Any]) -> None:
    mapping = compile_mapping(FILE, LINES.replace("in order.rows", "in optional(order.rows)"))
    del doc["order"]["rows"]
    assert mapping(doc, env)["lines"] == []


def test_a_missing_cross_reference_names_what_is_waited_for(evaluate: Evaluate) -> None:
    with pytest.raises(MissingXref) as caught:
        evaluate('xref("customer", "unknown")')
    assert (caught.value.entity, caught.value.canonical_id) == ("customer", "unknown")
    assert evaluate('xref("customer", "known")') == "C000012"


def test_an_injected_function_that_breaks_is_a_mapping_error_with_its_place(doc: dict[str, Any]) -> None:
    def broken(**_fields: Any) -> str:
        return doc["no such key"]

    env = MappingEnv("s", "i", match_key=broken)
    with pytest.raises(MappingError, match=r"KeyError.*match_key\(email=order\.reference\)"):
        one_field("match_key(email=order.reference)")(doc, env)
