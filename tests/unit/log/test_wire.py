import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from penstock.log.registry_client import RegistryClient, RegistryError
from penstock.log.schemas import Schema
from penstock.log.wire import Codec, WireError

DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 8}


def schema(*fields: dict[str, Any]) -> Schema:
    head = {"type": "record", "name": "Price", "namespace": "penstock"}
    return Schema("price", {**head, "fields": [{"name": "id", "type": "string"}, *fields]})


AMOUNT = {"name": "amount", "type": DECIMAL}
SINCE = {"name": "since", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}], "default": None}
OLD, NEW = schema(AMOUNT), schema(AMOUNT, SINCE)


class FakeRegistry(RegistryClient):
    """A registry in memory that counts what it is asked."""

    def __init__(self, *texts: str) -> None:
        super().__init__("http://registry.invalid")
        self.texts = list(texts)
        self.asked = 0
        self.down = False

    def lookup(self, subject: str, schema: str) -> int | None:
        return self.texts.index(schema) if schema in self.texts else None

    def register(self, subject: str, schema: str) -> int:
        self.texts.append(schema)
        return len(self.texts) - 1

    def set_compatibility(self, subject: str, level: str) -> None:
        pass

    def schema(self, schema_id: int) -> str:
        self.asked += 1
        if self.down:
            raise RegistryError("does not answer")
        if schema_id >= len(self.texts):
            raise RegistryError("Schema not found", 40403)
        return self.texts[schema_id]


def codec(known: Schema, registry: FakeRegistry | None = None) -> Codec:
    return Codec(registry or FakeRegistry(), {known.name: known}, register=True)


def test_a_record_survives_the_wire() -> None:
    record = {"id": "p", "amount": Decimal("12.30000001"), "since": datetime(2026, 3, 1, 1, 2, 3, 4000, tzinfo=UTC)}
    wire = codec(NEW)
    data = wire.encode("Price", record)
    assert data[:5] == b"\0\0\0\0\0"
    assert wire.decode(data) == ("Price", record)


def test_a_new_reader_reads_old_records_with_defaults() -> None:
    registry = FakeRegistry()
    data = codec(OLD, registry).encode("Price", {"id": "p", "amount": Decimal(1)})
    assert codec(NEW, registry).decode(data) == ("Price", {"id": "p", "amount": Decimal(1), "since": None})


def test_an_old_reader_reads_new_records_without_what_it_does_not_know() -> None:
    registry = FakeRegistry()
    old = codec(OLD, registry)
    data = codec(NEW, registry).encode("Price", {"id": "p", "amount": Decimal(1), "since": None})
    assert old.decode(data) == ("Price", {"id": "p", "amount": Decimal(1)})


def test_a_schema_id_is_asked_for_once() -> None:
    registry = FakeRegistry()
    data = codec(NEW, registry).encode("Price", {"id": "p", "amount": Decimal(1)})
    old = codec(OLD, registry)
    for _ in range(3):
        old.decode(data)
    assert registry.asked == 1


def test_a_schema_that_is_not_registered_stops_the_start() -> None:
    with pytest.raises(WireError, match=r"Price.*penstock schemas register"):
        Codec(FakeRegistry(), {"Price": OLD})


def test_a_registered_schema_needs_no_registering() -> None:
    assert Codec(FakeRegistry(OLD.text), {"Price": OLD}).encode("Price", {"id": "", "amount": Decimal(0)})


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0\0", b'{"id": 1}', b"\1\0\0\0\0"])
def test_bytes_in_another_format_are_refused(data: bytes) -> None:
    with pytest.raises(WireError, match="wire format"):
        codec(OLD).decode(data)


def test_an_unknown_schema_id_is_a_damaged_record() -> None:
    with pytest.raises(WireError, match="schema id 77"):
        codec(OLD).decode(b"\0\0\0\0\x4d\0")


def test_a_registry_that_is_down_is_no_damaged_record() -> None:
    registry = FakeRegistry()
    wire = codec(OLD, registry)
    registry.down = True
    with pytest.raises(RegistryError):
        wire.decode(b"\0\0\0\0\x4d\0")


def test_every_cut_and_every_addition_is_noticed() -> None:
    wire = codec(NEW)
    data = wire.encode("Price", {"id": "price", "amount": Decimal(5), "since": datetime(2026, 1, 1, tzinfo=UTC)})
    for length in range(5, len(data)):
        with pytest.raises(WireError):
            wire.decode(data[:length])
    with pytest.raises(WireError, match="1 bytes follow"):
        wire.decode(data + b"\0")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"amount": Decimal(1)}, "Price.id is missing"),
        ({"id": "p", "amount": 1.5}, "Price.amount must be of type decimal, not float"),
        ({"id": "p", "amount": Decimal("0.123456789")}, "0.123456789 (more than 8 decimals"),
        ({"id": None, "amount": Decimal(1)}, "Price.id must be of type string, not NoneType"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_with_its_field(record: dict[str, Any], said: str) -> None:
    with pytest.raises(WireError, match=re.escape(said)):
        codec(OLD).encode("Price", record)


def test_an_unknown_record_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(WireError, match="only Price"):
        codec(OLD).encode("Prise", {})


def test_schema_ids_take_four_bytes() -> None:
    registry = FakeRegistry(*(json.dumps({"n": n}) for n in range(70_000)))
    data = codec(OLD, registry).encode("Price", {"id": "p", "amount": Decimal(1)})
    assert data[:5] == b"\0" + (70_000).to_bytes(4, "big")
