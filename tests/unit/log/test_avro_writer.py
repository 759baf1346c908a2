import io
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.log.avro_writer import MISFIT, UnsupportedSchemaError, compile_writer, misfit
from penstock.log.schemas import load_schemas
from tests.unit.log.avro_records import records

SCHEMAS = load_schemas()
WRITERS = {name: compile_writer(schema.definition) for name, schema in SCHEMAS.items()}
PARSED = {name: fastavro.parse_schema(schema.definition) for name, schema in SCHEMAS.items()}
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 8}
MOMENT = {"type": "long", "logicalType": "timestamp-millis"}


def writer(kind: Any, **more: Any) -> Any:
    return compile_writer({"type": "record", "name": "R", "fields": [{"name": "x", "type": kind, **more}]})


def read(kind: Any, data: bytes) -> Any:
    schema = fastavro.parse_schema({"type": "record", "name": "R", "fields": [{"name": "x", "type": kind}]})
    read_record: Any = fastavro.schemaless_reader(io.BytesIO(data), schema, None)
    return read_record["x"]


@pytest.mark.parametrize("name", sorted(SCHEMAS))
@given(data=st.data())
@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
def test_every_schema_is_written_as_fastavro_writes_it(name: str, data: st.DataObject) -> None:
    record = data.draw(records(SCHEMAS[name].definition))
    expected = io.BytesIO()
    fastavro.schemaless_writer(expected, PARSED[name], record)
    written = WRITERS[name](record)
    assert written == expected.getvalue()
    assert fastavro.schemaless_reader(io.BytesIO(written), PARSED[name], None) == record


@pytest.mark.parametrize(
    "amount", ["0", "-0", "0.00000001", "-0.00000001", "1E+2", "127", "128", "-128", "-129", "9" * 30 + "." + "9" * 8]
)
def test_an_amount_keeps_its_value_to_the_last_digit(amount: str) -> None:
    assert read(DECIMAL, writer(DECIMAL)({"x": Decimal(amount)})) == Decimal(amount)


@pytest.mark.parametrize(
    "amount", ["0.000000001", "1.123456789", "1E+30", "9" * 31, "1E+999999", "NaN", "sNaN", "Infinity", "-Infinity"]
)
def test_an_amount_that_does_not_fit_is_refused_and_never_rounded(amount: str) -> None:
    with pytest.raises(MISFIT):
        writer(DECIMAL)({"x": Decimal(amount)})


@pytest.mark.parametrize("amount", [1.5, 1, "1.50", None, True])
def test_only_a_decimal_is_an_amount(amount: object) -> None:
    with pytest.raises((TypeError, AttributeError)):
        writer(DECIMAL)({"x": amount})


@pytest.mark.parametrize("amount", [1.5, 1, True])
def test_a_number_that_equals_an_amount_written_before_is_no_amount(amount: object) -> None:
    write = writer(DECIMAL)
    write({"x": Decimal("1.5")})
    write({"x": Decimal(1)})
    with pytest.raises(TypeError):
        write({"x": amount})


def test_a_time_of_any_zone_is_the_same_moment() -> None:
    local = datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    assert read(MOMENT, writer(MOMENT)({"x": local})) == local.astimezone(UTC)


def test_a_time_before_1970_is_written() -> None:
    moment = datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
    assert read(MOMENT, writer(MOMENT)({"x": moment})) == moment


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        writer(MOMENT)({"x": datetime(2026, 1, 1)})  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("string", other) for other in (1, None, b"x", "\ud800")),
        *(("long", other) for other in ("1", 1.5, None, 2**63)),
        *(("boolean", other) for other in ("yes", None)),
        ({"type": "array", "items": "string"}, None),
    ],
)
def test_a_value_of_another_type_is_refused(kind: Any, value: object) -> None:
    with pytest.raises((TypeError, AttributeError, ValueError, KeyError)):
        writer(kind)({"x": value})


def test_a_field_with_a_default_may_be_left_out_and_another_not() -> None:
    assert writer(["null", "string"], default=None)({}) == b"\0"
    assert writer({"type": "map", "values": "string"}, default={})({}) == b"\0"
    assert writer("boolean", default=False)({}) == b"\0"
    with pytest.raises(KeyError, match="x"):
        writer("string")({})


def test_a_long_text_keeps_its_length() -> None:
    text = "é" * 500_000
    assert read("string", writer("string")({"x": text})) == text


def test_a_type_without_a_writer_is_refused_at_start() -> None:
    with pytest.raises(UnsupportedSchemaError, match="enum"):
        writer({"type": "enum", "name": "E", "symbols": ["A"]})


def test_a_misfit_is_named_with_its_place() -> None:
    line = {"type": "record", "name": "Line", "fields": [{"name": "amount", "type": DECIMAL}]}
    order = {
        "type": "record",
        "name": "Order",
        "fields": [
            {"name": "first", "type": line},
            {"name": "lines", "type": {"type": "array", "items": "Line"}},
            {"name": "extras", "type": {"type": "map", "values": "string"}, "default": {}},
        ],
    }
    good = {"first": {"amount": Decimal(1)}, "lines": [{"amount": Decimal(1)}]}
    assert misfit(order, good, "Order") is None
    assert misfit(order, good | {"lines": [*good["lines"], {}]}, "Order") == "Order.lines[1].amount is missing"
    assert misfit(order, good | {"lines": None}, "Order") == "Order.lines must be of type array, not NoneType"
    assert misfit(order, good | {"extras": {"a": 1}}, "Order") == "Order.extras['a'] must be of type string, not int"
