"""Fields against their target: what is refused when loaded, and what when a value is made."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from penstock.mapping import BadValue, MappingEnv, MappingSyntaxError, compile_mapping, from_avro, from_payload
from penstock.mapping.documents import from_json

AVRO: dict[str, Any] = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "number", "type": "string", "doc": "What the buyer knows."},
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 8}},
        {"name": "position", "type": ["null", "int"], "default": None},
        {"name": "gift", "type": "boolean", "default": False},
        {"name": "placed_at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}], "default": None},
        {"name": "due", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["web", "phone"]}, "default": "web"},
        {"name": "extras", "type": {"type": "map", "values": "string"}, "default": {}},
        {
            "name": "bill_to",
            "type": [
                "null",
                {"type": "record", "name": "Address", "fields": [{"name": "city", "type": "string"}]},
            ],
            "default": None,
        },
        {"name": "ship_to", "type": ["null", "Address"], "default": None},
        {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []},
        {"name": "lines", "type": {"type": "array", "items": "Address"}, "default": []},
    ],
}
PAYLOAD = """
fields:
  CustPo: {type: string, length: 5, required: true}
  OrderDate: {type: date}
  Freight: {type: decimal, places: 2}
  Type: {type: string, symbols: [R, E]}
  Any: {type: any}
  ShipTo: {type: object, fields: {City: {type: string}}}
  Lines: {type: list, fields: {CoLine: {type: integer, required: true}}}
  Tags: {type: list, items: {type: string, length: 3}}
"""


def canonical(fields: str, **options: Any) -> Any:
    needed = "".join(
        f"  {line}\n" for line in ("number: \"'1'\"", "total: 1") if f"{line.split(':', maxsplit=1)[0]}:" not in fields
    )
    text = f"from: shop.order\nto: Order\nfields:\n{needed}" + "".join(f"  {line}\n" for line in fields.splitlines())
    return compile_mapping("order.to-canonical", text, target_schema=AVRO, **options)


def payload(fields: str) -> Any:
    needed = "" if "CustPo:" in fields else "  CustPo: '\"x\"'\n"
    text = f"from: Order\nto: infor.order\nfields:\n{needed}" + "".join(f"  {line}\n" for line in fields.splitlines())
    return compile_mapping("order.from-canonical", text, target_schema=PAYLOAD)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("numbr: x", "the target has no field 'numbr'; did you mean 'number'"),
        ("number: null", "the field cannot be null"),
        ("number: {when: true, value: x}", "'number' is required, so it cannot depend on `when`"),
        ("number: boolean(x)", "the field takes text, but `boolean\\(x\\)` is boolean"),
        ("total: text(x)", "the field takes decimal, but"),
        ("total: '\"12\"'", "the field takes decimal, but"),
        ("position: decimal(x)", "the field takes integer"),
        ("placed_at: date_only(x)", "the field takes timestamp"),
        ("due: utc(x)", "the field takes date"),
        ("kind: '\"wbe\"'", "'wbe' is none of its values; did you mean 'web'"),
        ("extras: text(x)", "the field takes object"),
        ("bill_to: {fields: {cty: x}}", "no field 'cty'; did you mean|no field 'cty'; there is city"),
        ("bill_to: {fields: {}}", "the required field 'city' is missing"),
        ("tags: {fields: {x: 1}}", "the field takes list, not an object"),
        ("bill_to: {for: r in x, value: r}", "the field takes object, not a list"),
        ("tags: {for: r in x, fields: {y: r}}", "the field takes text, not an object"),
        ("tags: {for: r in x, value: boolean(r)}", "the field takes text, but"),
        ("lines: {for: r in x, fields: {city: boolean(r)}}", "the field takes text, but"),
        ("number: x if y else boolean(z)\nposition: true if x else false", "integer, but"),
    ],
)
def test_a_field_that_cannot_fit_is_refused_when_loaded(fields: str, message: str) -> None:
    with pytest.raises(MappingSyntaxError, match=message):
        canonical(fields)


def test_a_required_field_must_be_there_but_for_those_that_the_caller_fills() -> None:
    with pytest.raises(MappingSyntaxError) as caught:
        compile_mapping("order.to-canonical", "from: a\nto: Order\nfields: {total: 1}", target_schema=AVRO)
    assert [problem.message for problem in caught.value.problems] == [
        "the required field 'number' is missing (text: What the buyer knows.)"
    ]


BAD: list[tuple[str, Any, str]] = [
    ("number: x", None, "required and would get null"),
    ("number: x", "a\x00b", "control character U\\+0000 at position 2"),
    ("number: x", 1.5, "takes text, not a float"),
    ("number: x", True, "takes text, not a truth value"),
    ("number: upper(x)", None, "required and would get null"),
    ("number: x", {"a": 1}, "takes text, not an object"),
    ("total: x", "12.5", "takes a decimal, not text '12.5'.*write decimal"),
    ("total: x", 12.5, "takes a decimal, not a float"),
    ("total: decimal(x)", "0.123456789", "more than 8 decimals.*round_to"),
    ("total: x / 3", 1, "more than 8 decimals"),
    ("total: x", Decimal(10) ** 31, "more than 38 digits"),
    ("total: decimal(x)", "9" * 31, "30 before the point"),
    ("total: round_to(x, 2)", 10**30, "more than 30 digits"),
    ("position: x", "3", "takes a whole number, not text"),
    ("position: x", True, "takes a whole number, not a truth value"),
    ("position: integer(x)", "9" * 20, "does not fit into 64 bits"),
    ("gift: x", "0", "takes a truth value, not text '0'.*write boolean"),
    ("placed_at: x", "2025-03-04", "takes a timestamp.*local_time"),
    ("due: x", datetime(2025, 3, 4, tzinfo=UTC), "takes a date, not a timestamp"),
    ("kind: x", "fax", "'fax' is none of web, phone"),
    ("extras: x", [], "takes an object, not a list"),
    ("tags: {for: r in x, value: r}", [None], "required and would get null"),
    ("lines: {for: r in x, fields: {city: r}}", ["Paris", 1.5], r"takes text, not a float 1\.5"),
]


@pytest.mark.parametrize(
    ("fields", "value", "message"), BAD, ids=[f"{fields} <- {value!r}"[:60] for fields, value, _ in BAD]
)
def test_a_value_that_cannot_fit_is_an_error_that_names_the_field(
    env: MappingEnv, fields: str, value: Any, message: str
) -> None:
    with pytest.raises(BadValue, match=message) as caught:
        canonical(fields)({"x": value}, env)
    assert caught.value.field.startswith(fields.split(":", maxsplit=1)[0])


GOOD: list[tuple[str, Any, Any]] = [
    ("number: x", "é\nb", "é\nb"),
    ("number: x", "a\r\nb", "a\nb"),
    ("number: x", 41, "41"),
    ("note: x", None, None),
    ("note: optional(y)", 1, None),
    ("total: x", 3, Decimal(3)),
    ("total: decimal(x)", "1.500000000000", Decimal("1.5")),
    ("total: money(x, 'EUR')", "1.50", Decimal("1.5")),
    ("total: round_to(x / 3, 8)", 1, Decimal("0.33333333")),
    ("gift: x == 1", 1, True),
    ("due: date_only(x)", "2025-03-04 10:00:00", date(2025, 3, 4)),
    ("placed_at: utc(x)", "2025-03-04 10:00:00", datetime(2025, 3, 4, 10, tzinfo=UTC)),
    ("placed_at: utc(x)", "0000-00-00 00:00:00", None),
    ("kind: x", "phone", "phone"),
    ("extras: x", {"a": "b"}, {"a": "b"}),
    ("ship_to: x", None, None),
    ("tags: split(x, ',')", "a,b", ["a", "b"]),
]


@pytest.mark.parametrize(
    ("fields", "value", "landed"), GOOD, ids=[f"{fields} <- {value!r}"[:60] for fields, value, _ in GOOD]
)
def test_a_value_that_fits_lands(env: MappingEnv, fields: str, value: Any, landed: Any) -> None:
    found = canonical(fields)({"x": value}, env)[fields.split(":", maxsplit=1)[0]]
    assert found == landed
    assert type(found) is type(landed)


@pytest.mark.parametrize(
    ("fields", "value", "message"),
    [
        ("CustPo: order.x", "123456", r"takes 5 characters, not the 6 of '123456'.*left\(…, 5\)"),
        ("CustPo: upper(order.x)", "123456", "takes 5 characters"),
        ("Freight: order.x", Decimal("1.005"), "more than 2 decimals"),
        ("Type: order.x", "Q", "none of R, E"),
        ("OrderDate: order.x", 20250304, "a date, a timestamp or their text"),
        ("Tags: {for: t in order.x, value: t}", ["long"], "takes 3 characters"),
        ("Lines: {for: l in order.x, fields: {CoLine: l}}", [None], "required and would get null"),
    ],
)
def test_payloads_are_checked_too(env: MappingEnv, fields: str, value: Any, message: str) -> None:
    with pytest.raises(BadValue, match=message):
        payload(fields)({"order": {"x": value}}, env)


def test_a_payload_takes_dates_as_dates_or_as_their_text(env: MappingEnv) -> None:
    at = datetime(2025, 3, 4, tzinfo=UTC)
    assert payload("OrderDate: order.x")({"order": {"x": at}}, env)["OrderDate"] == at
    assert payload('OrderDate: format_time(order.x, "yyyyMMdd")')({"order": {"x": at}}, env)["OrderDate"] == "20250304"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fields: {A: {type: strin}}", "unknown type 'strin'; did you mean 'string'"),
        ("fields: {A: {type: string, lenght: 3}}", "unknown key 'lenght'; did you mean 'length'"),
        ("fields: {A: string}", "a field is written"),
        ("fields: {A: {type: string, length: x}}", "must be a whole number"),
        ("feilds: {}", "unknown key 'feilds'"),
    ],
)
def test_a_wrong_payload_schema_is_told_with_file_and_line(text: str, message: str) -> None:
    with pytest.raises(MappingSyntaxError, match=f"order.payload.yaml:1.*{message}"):
        from_payload("order.payload.yaml", text)


SOURCE: dict[str, Any] = {**AVRO, "fields": [field for field in AVRO["fields"] if field["name"] != "extras"]}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("order.numbr", r"there is no order\.numbr; did you mean 'number'"),
        ("ordre.number", "there is no 'ordre' here; did you mean 'order'"),
        ("order.bill_to.cty", "no order.bill_to.cty"),
        ("order.number.x", "order.number is text, so it has no 'x'"),
        ("order.total + order.number", "arithmetic on text"),
        ('order.gift == "1"', "boolean is compared with text"),
        ("[x for x in order.number]", "not a list of rows"),
        ("first(l.cty for l in order.lines)", "there is no l.cty"),
    ],
)
def test_names_of_a_canonical_source_are_checked_when_loaded(expression: str, message: str) -> None:
    text = f"from: Order\nto: b\nfields:\n  A:\n    value: >-\n      {expression}\n"
    with pytest.raises(MappingSyntaxError, match=message):
        compile_mapping("order.from-canonical", text, source_schema=SOURCE)


def test_a_list_of_a_canonical_source_is_checked_when_loaded() -> None:
    text = "from: Order\nto: b\nfields:\n  A: {for: line in order.lines, fields: {c: line.cty}}\n"
    text += "  B: order.lines[0].city\n"
    with pytest.raises(MappingSyntaxError, match=r"line\.cty") as caught:
        compile_mapping("order.from-canonical", text, source_schema=SOURCE)
    assert len(caught.value.problems) == 1


def test_a_mapping_of_another_record_than_its_source_is_refused() -> None:
    with pytest.raises(MappingSyntaxError, match="the schema is of Order"):
        compile_mapping("x.from-canonical", "from: Customer\nto: b\nfields: {A: 1}", source_schema=AVRO)


def test_a_canonical_record_written_as_json_gets_its_types_back() -> None:
    data = {
        "total": "1.50",
        "placed_at": "2025-03-04T10:00:00+00:00",
        "due": "2025-03-04",
        "lines": [{"city": "Paris"}],
        "note": None,
        "other": 1,
    }
    found = from_json(data, from_avro(AVRO))
    assert found["total"] == Decimal("1.50")
    assert (
        found["placed_at"]
        == datetime(2025, 3, 4, 10, tzinfo=UTC)
        == from_json(1741082400000, from_avro(AVRO).fields["placed_at"])
    )
    assert found["due"] == date(2025, 3, 4)
    assert (found["lines"], found["note"], found["other"]) == ([{"city": "Paris"}], None, 1)
