"""`rest`: what no line of the mapping has read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest

from penstock.mapping import BadValue, MappingEnv, MappingSyntaxError, compile_mapping

DOC: dict[str, Any] = {
    "order": {
        "id": 1,
        "reference": "X",
        "note": "hi",
        "empty": "",
        "nothing": None,
        "zero": 0,
        "no": False,
        "Passwd": "secret",
        "address": {"city": "Paris", "zip": "75001", "secure_key": "s"},
        "rows": [{"sku": "A", "color": "red", "qty": 1}, {"sku": "B", "qty": 2}],
        "custom": {"a": {"b": []}},
    }
}


def rest_of(fields: str, let: str = "", doc: dict[str, Any] | None = None) -> dict[str, Any]:
    text = f"from: a\nto: b\n{let}fields:\n{fields}  it: rest(order)\n"
    mapping = compile_mapping("a.to-canonical", text, secrets=["customer.passwd", "secure_key"])
    env = MappingEnv("s", "i", address=lambda part: part, match_key=lambda **_parts: "key")
    found = mapping(doc or DOC, env)["it"]
    return {key: orjson.loads(text) for key, text in found.items()}


def test_everything_that_says_something_and_is_not_secret_is_kept() -> None:
    assert rest_of("") == {
        "id": 1,
        "reference": "X",
        "note": "hi",
        "zero": 0,
        "no": False,
        "address": {"city": "Paris", "zip": "75001"},
        "rows": DOC["order"]["rows"],
    }


ROWS = DOC["order"]["rows"]


@pytest.mark.parametrize(
    ("fields", "key", "left"),
    [
        ("  a: order.note\n", "note", None),
        ("  a: upper(optional(order.note))\n", "note", None),
        ("  a: order.address.city\n", "address", {"zip": "75001"}),
        ("  a: address(order.address)\n", "address", None),
        ("  a: {when: boolean(order.zero), value: 1}\n", "zero", None),
        ("  a: {for: r in order.rows, where: r.qty > 0, fields: {s: r.sku}}\n", "rows", [{"color": "red"}]),
        (
            "  a: {for: 'r in default(order.rows, null)', value: r.sku}\n",
            "rows",
            [{"color": "red", "qty": 1}, {"qty": 2}],
        ),
        ("  a: count(order.rows)\n", "rows", ROWS),
        ("  a: order.note is null\n", "note", "hi"),
        ("  a: first(r.sku for r in order.rows)\n", "rows", [{"color": "red", "qty": 1}, {"qty": 2}]),
        ("  a: first(order.rows).sku\n", "rows", [{"color": "red", "qty": 1}, {"qty": 2}]),
        ("  a: order.rows[0].sku\n", "rows", [{"color": "red", "qty": 1}, {"sku": "B", "qty": 2}]),
        ("  a: order.rows[-1].sku\n", "rows", [{"sku": "A", "color": "red", "qty": 1}, {"qty": 2}]),
        ("  a: 'match_key(rows=order.rows)'\n", "rows", None),
    ],
)
def test_what_an_expression_reads_is_taken_away(fields: str, key: str, left: Any) -> None:
    assert rest_of(fields).get(key) == left


@pytest.mark.parametrize(
    ("let", "fields", "key", "left"),
    [
        ("let: {where: order.address}\n", "  a: where.city\n", "address", {"zip": "75001"}),
        ("let: {note: order.note}\n", "", "note", "hi"),
        ("let: {note: order.note}\n", "  a: note\n", "note", None),
        ("let: {note: upper(order.note)}\n", "", "note", None),
        ("let:\n  one: order.address if true else order.custom\n", "  a: one.city\n", "address", {"zip": "75001"}),
        (
            "let:\n  one: default(order.address, order.custom)\n",
            "  a: optional(one.city)\n",
            "address",
            {"zip": "75001"},
        ),
    ],
)
def test_a_let_that_only_names_a_part_reads_what_is_read_through_it(let: str, fields: str, key: str, left: Any) -> None:
    assert rest_of(fields, let).get(key) == left


def test_decimals_of_a_document_are_kept_as_text() -> None:
    assert rest_of("", doc={"order": {"total": Decimal("1.50"), "x": {"y": Decimal(2)}}}) == {
        "total": "1.50",
        "x": {"y": "2"},
    }


def test_a_part_that_is_read_as_a_whole_leaves_nothing(env: MappingEnv) -> None:
    mapping = compile_mapping("a.to-canonical", "from: a\nto: b\nfields:\n  a: address(order)\n  it: rest(order)\n")
    assert mapping(DOC, env)["it"] == {}


def test_rest_of_null_is_null_and_of_a_text_an_error(env: MappingEnv) -> None:
    mapping = compile_mapping("a.to-canonical", "from: a\nto: b\nfields:\n  it: rest(order)\n")
    assert mapping({"order": None}, env) == {"it": None}
    with pytest.raises(BadValue, match="for an object"):
        mapping({"order": "x"}, env)


def test_rest_of_two_parts_at_once_is_refused() -> None:
    with pytest.raises(MappingSyntaxError, match="one part of the document"):
        compile_mapping("a.to-canonical", "from: a\nto: b\nfields:\n  it: rest(order or customer)\n")
