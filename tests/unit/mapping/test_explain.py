"""`explain`: why a field has its value."""

from __future__ import annotations

from typing import Any

from penstock.mapping import MappingEnv, Step, compile_mapping

TEXT = """
from: shop.order
to: Order
let:
  iso: currency.iso_code
fields:
  reference: reference(order.id)
  gift: {when: boolean(order.gift), value: '"yes"'}
  token: concat("t-", order.secret)
  missing: optional(order.nothing)
  note: default(order.note, upper(order.reference))
  lines:
    for: row in order.rows
    where: row.qty != "0"
    fields:
      sku: lower(row.sku)
      total: money(row.price, iso) * decimal(row.qty)
"""


def explained(doc: dict[str, Any], env: MappingEnv) -> dict[str, Step]:
    mapping = compile_mapping("order.to-canonical", TEXT, secrets=["secret"])
    found = mapping.explain({**doc, "order": {"secret": "abc", **doc["order"]}}, env)
    return {f"{step.field}": step for step in found.steps}


def test_every_field_shows_its_expression_inputs_calls_and_result(env: MappingEnv, doc: dict[str, Any]) -> None:
    steps = explained(doc, env)
    reference = steps["reference"]
    assert (reference.expression, reference.line, reference.role) == ("reference(order.id)", 7, "field")
    assert reference.inputs == [("order.id", 41)]
    assert reference.calls == [("reference", [41], "PS1-41")]
    assert reference.result == "PS1-41"
    assert steps["let iso"].result == "EUR"
    assert steps["gift when"].result is True
    assert steps["missing"].inputs == [("order.nothing", None)]
    assert steps["note"].result == "XKBK"


def test_rows_are_numbered_as_in_the_record(env: MappingEnv, doc: dict[str, Any]) -> None:
    doc["order"]["rows"].insert(0, {"qty": "0"})
    steps = explained(doc, env)
    assert steps["lines[0].sku"].result == "apr-s"
    assert steps["lines[1].total"].inputs == [("row.price", "20.000000"), ("iso", "EUR"), ("row.qty", "1")]
    assert "lines[2].sku" not in steps


def test_a_secret_shows_neither_as_input_nor_in_what_is_made_of_it(env: MappingEnv, doc: dict[str, Any]) -> None:
    token = explained(doc, env)["token"]
    assert "abc" not in repr(token)
    assert token.inputs == [("order.secret", "•••")]


def test_it_makes_the_same_record_as_the_mapping(env: MappingEnv, doc: dict[str, Any]) -> None:
    mapping = compile_mapping("order.to-canonical", TEXT)
    doc["order"]["secret"] = "abc"
    assert mapping.explain(doc, env).record == mapping(doc, env)


def test_a_field_that_fails_says_so_and_the_others_are_still_shown(env: MappingEnv, doc: dict[str, Any]) -> None:
    doc["order"]["rows"][0]["price"] = "x"
    mapping = compile_mapping("order.to-canonical", TEXT)
    doc["order"]["secret"] = "abc"
    found = mapping.explain(doc, env)
    assert found.record is None
    assert found.error is not None
    assert "lines[0].total: 'x' is not a number" in found.error
    assert [step.result for step in found.steps if step.field == "lines[1].sku"] == ["apr-m"]


def test_a_let_that_fails_ends_the_explanation_with_its_reason(env: MappingEnv, doc: dict[str, Any]) -> None:
    del doc["currency"]
    found = compile_mapping("order.to-canonical", TEXT).explain(doc, env)
    assert [step.field for step in found.steps] == ["let iso"]
    assert found.error is not None
    assert "there is no currency" in found.error
