"""Mapping files: what they may hold, and how their mistakes are told."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.mapping import MappingEnv, MappingSyntaxError, compile_mapping

NAME = "order.from-canonical"
BASE = """
from: Order
to: infor.order
let:
  prefix: '"A-"'
  number: concat(prefix, order.reference)
fields:
  Number: number
  Note: {const: "web order: urgent"}
  Gift:
    when: boolean(order.gift)
    value: '"yes"'
  Customer:
    let: {name: upper(order.reference)}
    fields:
      Name: name
  Lines:
    for: row in order.rows
    where: row.qty != "0"
    let: {total: decimal(row.qty) * decimal(row.price)}
    fields:
      Item: row.sku
      Total: total
      Parts:
        for: letter in split(row.sku, "-")
        value: letter
  Skus:
    for: row in order.rows
    value: row.sku
"""


def test_lets_groups_conditions_and_lists_make_the_record(env: MappingEnv, doc: dict[str, Any]) -> None:
    record = compile_mapping(NAME, BASE)(doc, env)
    assert record["Number"] == "A-XKBK"
    assert record["Note"] == "web order: urgent"
    assert record["Gift"] == "yes"
    assert record["Customer"] == {"Name": "XKBK"}
    assert [line["Item"] for line in record["Lines"]] == ["APR-S", "APR-M"]
    assert [str(line["Total"]) for line in record["Lines"]] == ["25.000000", "20.000000"]
    assert record["Lines"][0]["Parts"] == ["APR", "S"]
    assert record["Skus"] == ["APR-S", "APR-M", ""]


def test_a_field_whose_condition_fails_is_left_out(env: MappingEnv, doc: dict[str, Any]) -> None:
    doc["order"]["gift"] = "0"
    assert "Gift" not in compile_mapping(NAME, BASE)(doc, env)


def test_conditions_also_hold_for_objects_and_lists(env: MappingEnv, doc: dict[str, Any]) -> None:
    text = "from: a\nto: b\nfields:\n  A: {when: order.note is not null, fields: {x: order.note.text}}\n"
    text += "  B: {when: false, for: row in order.nothing, value: row}\n  C: 1\n"
    assert compile_mapping(NAME, text)(doc, env) == {"C": 1}


def test_a_row_name_does_not_reach_beyond_its_list(env: MappingEnv, doc: dict[str, Any]) -> None:
    text = "from: a\nto: b\nfields:\n  A: {for: order in order.rows, value: order.sku}\n  B: order.reference\n"
    assert compile_mapping(NAME, text)(doc, env)["B"] == "XKBK"


def test_what_a_mapping_is_about_can_be_asked(env: MappingEnv) -> None:
    text = 'from: Order\nto: infor.order\nfields:\n  A: code("t", order.x)\n  B: setting("s")\n'
    text += '  C: xref("customer", order.y)\n'
    mapping = compile_mapping("flows/f/" + NAME + ".yaml", text)
    assert mapping.name == NAME
    assert (mapping.source, mapping.target, mapping.direction) == (
        "Order",
        "infor.order",
        "from-canonical",
    )
    assert mapping.used_paths == ("order.x", "order.y")
    assert (mapping.tables, mapping.settings, mapping.xrefs) == ({"t"}, {"s"}, {"customer"})


PROBLEMS = [
    ("to: b\nfields: {}", 1, "`from:` is needed"),
    ("from: a\nto: b", 1, "`fields:` is needed"),
    ("from: a\nto: b\nfeilds: {}", 3, "unknown key 'feilds'; did you mean 'fields'?"),
    ("from: a\nto: b\nfields:\n  A: {vlaue: 1}", 4, "unknown key 'vlaue'; did you mean 'value'?"),
    ("from: a\nto: b\nfields:\n  A: {doc: x}", 4, "a field needs `value:`"),
    ("from: a\nto: b\nfields:\n  A: {value: 1, const: x}", 4, "a field needs `value:`"),
    ("from: a\nto: b\nfields:\n  A: {value: 1, fields: {B: 1}}", 4, "not both"),
    ("from: a\nto: b\nfields:\n  A: {where: x, value: 1}", 4, "`where` goes with `for`"),
    ("from: a\nto: b\nfields:\n  A: {for: rows, value: 1}", 4, "`for` is written"),
    ("from: a\nto: b\nfields:\n  A: {for: true in rows, value: 1}", 4, "'true' cannot be a name"),
    ("from: a\nto: b\nfields:\n  A: {for: __x in rows, value: 1}", 4, "two underscores"),
    ("from: a\nto: b\nlet: {a__b: 1}\nfields: {A: 1}", 3, "two underscores"),
    ("from: a\nto: b\nfields:\n  A: [1]", 4, "a list is made with"),
    ("from: a\nto: b\nfields:\n  A:", 4, "there is no expression; write null"),
    ('from: a\nto: b\nfields:\n  A: "open"', 4, "write '\"open\"' or {const: open}"),
    ("from: a\nto: b\nfields:\n  A: 1\n  A: 2", 5, "'A' is given twice; the first is on line 4"),
    ("from: a\nto: b\nfields:\n  A: &x 1", 4, "anchors, aliases"),
    ("from: a\nto: b\nfields:\n  A: !!python/name:os.system x", 4, "tags"),
    ("from: a\nto: b\nfields:\n  A: {", 5, "not YAML"),
    ("- a", 1, "must hold `key: value` lines"),
    ("from: a\nto: b\nfields:\n  A: " + "[" * 40 + "]" * 40, 4, "nested deeper than"),
    ("from: a\nto: b\nfields: {A: {const: [x]}}", 3, "`const` is a text"),
    ("from: a\nto: b\nfields: {A: concat(x, y)}", 3, "an expression with a comma needs quotes"),
    ("x" * 600_000, 1, "larger than"),
]


@pytest.mark.parametrize(("text", "line", "message"), PROBLEMS, ids=[message for _, _, message in PROBLEMS])
def test_a_wrong_file_is_told_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(MappingSyntaxError) as caught:
        compile_mapping(f"m/{NAME}.yaml", text)
    assert any(message in problem.message and problem.place.line == line for problem in caught.value.problems), (
        caught.value
    )
    assert str(caught.value).startswith(f"m/{NAME}.yaml:")


def test_all_problems_of_a_file_are_told_at_once() -> None:
    with pytest.raises(MappingSyntaxError) as caught:
        compile_mapping(NAME, "from: a\nto: b\nfields:\n  A: order.\n  B: 2 ** 3\n  C: x if\n")
    assert [problem.place.line for problem in caught.value.problems] == [4, 5, 6]


@pytest.mark.parametrize(("name", "direction"), [("order", None), ("order.sideways", None), (NAME, "to-canonical")])
def test_a_mapping_of_the_wrong_direction_is_refused(name: str, direction: Any) -> None:
    with pytest.raises(MappingSyntaxError, match="canonical"):
        compile_mapping(name, "from: a\nto: b\nfields: {A: 1}", direction=direction)


def test_xref_is_refused_where_the_record_must_stay_neutral() -> None:
    with pytest.raises(MappingSyntaxError, match="not for to-canonical"):
        compile_mapping("order.to-canonical", 'from: a\nto: b\nfields:\n  A: xref("customer", x)')


def test_an_unknown_code_table_is_refused_with_the_nearest() -> None:
    with pytest.raises(MappingSyntaxError, match="no code table 'order-staus'; did you mean 'order-status'"):
        compile_mapping(NAME, 'from: a\nto: b\nfields:\n  A: code("order-staus", x)', tables=["order-status"])


OVERRIDE = """
override: order.from-canonical
let:
  prefix: '"B-"'
  extra: lower(number)
remove: [Note, Lines.Parts]
fields:
  Extra: extra
  Gift: null
  Customer: {fields: {Shop: order.reference}}
  Lines: {fields: {Item: lower(row.sku), Whse: setting("warehouse")}}
"""


def test_an_override_replaces_adds_and_removes(env: MappingEnv, doc: dict[str, Any]) -> None:
    record = compile_mapping(NAME, BASE, overrides=[("flows/f/o.yaml", OVERRIDE)])(doc, env)
    assert record["Number"] == "B-XKBK"
    assert record["Extra"] == "b-xkbk"
    assert "Note" not in record
    assert record["Gift"] is None
    assert record["Customer"] == {"Name": "XKBK", "Shop": "XKBK"}
    assert set(record["Lines"][0]) == {"Item", "Total", "Whse"}
    assert [line["Item"] for line in record["Lines"]] == ["apr-s", "apr-m"]


def test_an_error_of_an_override_names_its_own_file(env: MappingEnv, doc: dict[str, Any]) -> None:
    over = "override: order.from-canonical\nfields:\n  Lines: {fields: {Item: row.nothing}}\n"
    with pytest.raises(Exception, match=r"flows/f/o\.yaml:3: Lines\[0\]\.Item: there is no row\.nothing"):
        compile_mapping(NAME, BASE, overrides=[("flows/f/o.yaml", over)])(doc, env)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("override: order.to-canonical\nfields: {}", "was laid over"),
        (f"override: {NAME}\nremove: [Nmber]", "no field 'Nmber' to remove; did you mean 'Number'"),
        (f"override: {NAME}\nremove: [Lines.Itm]", "no field 'Lines.Itm' to remove; did you mean 'Item'"),
        (f"override: {NAME}\nremove: [Number.x]", "has no fields of its own"),
        (f"override: {NAME}\nform: x", "unknown key 'form'"),
        ("fields: {}", "`override:` is needed"),
    ],
)
def test_a_wrong_override_is_refused(text: str, message: str) -> None:
    with pytest.raises(MappingSyntaxError, match=message) as caught:
        compile_mapping(NAME, BASE, overrides=[("o.yaml", text)])
    assert caught.value.problems[0].place.file == "o.yaml"
