"""Records through the real broker: the wire format, large records, both client libraries, `penstock decode`."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from confluent_kafka import KafkaError, KafkaException

from penstock.log.headers import Headers
from penstock.log.kafka import MAX_MESSAGE_BYTES, KafkaSettings, async_consumer, async_producer, producer
from penstock.log.partition import partition_for
from penstock.log.registry_client import RegistryClient, RegistryError
from penstock.log.scan import Record, ScanError, scan
from penstock.log.schemas import load_schemas
from penstock.log.topics import Topic
from penstock.log.wire import Codec

pytestmark = pytest.mark.kafka

AT = datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC)
HEADERS = Headers("ps:shop:product:1:a", "prestashop:shop", "penstock.canonical.price", AT)
SOURCE = {"system": "prestashop", "instance": "shop", "native_id": "1", "version": None, "observed_at": AT}


@pytest.fixture
def codec(registry_url: str) -> Codec:
    return Codec(registry_url, register=True)


def stock_level() -> dict[str, object]:
    """A canonical record with every kind of field."""
    definition = load_schemas()["StockLevel"].definition
    values = {"string": "é", "decimal": Decimal("12.50000000"), "timestamp-millis": AT}
    record: dict[str, object] = {"source": SOURCE}
    for field in definition["fields"]:
        kind = field["type"]
        if "default" not in field and field["name"] != "source":
            record[field["name"]] = values[kind if isinstance(kind, str) else kind["logicalType"]]
    return record


async def send(settings: KafkaSettings, topic: str, key: bytes, value: bytes | None) -> int:
    client = async_producer(settings)
    await client.start()
    try:
        sent = await client.send_and_wait(topic, value, key=key, headers=HEADERS.encode())
    finally:
        await client.stop()
    return int(sent.partition)


async def test_a_canonical_record_arrives_as_it_was_sent(
    kafka: KafkaSettings, topics: Sequence[Topic], codec: Codec, registry_url: str
) -> None:
    topic, record = kafka.topic("canonical.stock-level"), stock_level()
    partition = await send(kafka, topic, b"key", codec.encode("StockLevel", record))
    (read,) = scan(kafka, topic)
    assert partition == read.partition == partition_for(b"key", 4)
    assert Headers.decode(read.headers) == HEADERS
    name, decoded = Codec(registry_url).decode(read.value or b"")
    assert name == "StockLevel"
    assert {field: decoded[field] for field in record} == record


async def test_aiokafka_consumers_divide_partitions_by_range(kafka: KafkaSettings, topics: Sequence[Topic]) -> None:
    names = [kafka.topic("canonical.order"), kafka.topic("effect.infor")]
    members = [async_consumer(kafka, group=kafka.topic("g"), instance_id=f"m{number}") for number in range(2)]
    for member in members:
        member.subscribe(names)
        await member.start()
    while not all(len(member.assignment()) == 4 for member in members):
        for member in members:
            await member.getmany(timeout_ms=50)
    for member in members:
        by_topic = [{p.partition for p in member.assignment() if p.topic == name} for name in names]
        assert by_topic[0] == by_topic[1]
        await member.stop()


async def test_a_record_of_ten_megabytes_passes_whole(kafka: KafkaSettings, topics: Sequence[Topic]) -> None:
    topic, body = kafka.topic("raw.prestashop.order"), os.urandom(10 * 1024 * 1024)
    await send(kafka, topic, b"big", body)
    (read,) = scan(kafka, topic)
    assert read.value == body
    member = async_consumer(kafka, group=kafka.topic("big"))
    member.subscribe([topic])
    await member.start()
    message = await member.getone()
    await member.stop()
    assert message.value == body


def test_a_record_over_the_limit_is_refused_at_once(kafka: KafkaSettings, topics: Sequence[Topic]) -> None:
    with pytest.raises(KafkaException) as refused:
        producer(kafka).produce(kafka.topic("hold"), key=b"k", value=bytes(MAX_MESSAGE_BYTES + 1))
    assert refused.value.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE


async def test_a_scan_ends_at_the_end_of_now_and_can_start_later(
    kafka: KafkaSettings, make_topic: Callable[..., str]
) -> None:
    topic = make_topic()
    assert list(scan(kafka, topic)) == []
    await send(kafka, topic, b"a", b"1")
    (first,) = scan(kafka, topic)
    await send(kafka, topic, b"b", None)
    assert [r.key for r in scan(kafka, topic, since=first.at + timedelta(milliseconds=1))] == [b"b"]
    assert list(scan(kafka, topic, since=datetime(2100, 1, 1, tzinfo=UTC))) == []
    assert {record.value for record in scan(kafka, topic)} == {b"1", None}


def test_a_scan_of_a_missing_topic_says_so(kafka: KafkaSettings) -> None:
    with pytest.raises(ScanError, match="no topic nowhere"):
        list(scan(kafka, "nowhere"))


def decode(arguments: list[str], kafka: KafkaSettings, registry: str, stdin: bytes = b"") -> list[dict[str, object]]:
    environment = {**os.environ, "PENSTOCK_BOOTSTRAP": kafka.bootstrap, "PENSTOCK_TOPIC_PREFIX": kafka.topic_prefix}
    line = [sys.executable, "-m", "penstock.cli.main", "decode", "--registry", registry, *arguments]
    done = subprocess.run(line, input=stdin, capture_output=True, env=environment, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(each) for each in done.stdout.splitlines()]


async def test_decode_shows_avro_json_and_bytes_of_a_topic(
    kafka: KafkaSettings, topics: Sequence[Topic], codec: Codec, registry_url: str
) -> None:
    for key, value in (
        (b"1", codec.encode("StockLevel", stock_level())),
        (b"2", b'{"state": "applied"}'),
        (b"3", b"\xff\xfe"),
        (b"4", None),
        (b"5", b"\0\0\0\xff\xff!"),
    ):
        await send(kafka, kafka.topic("hold"), key, value)
    lines = {line["key"]: line for line in decode(["--topic", "hold"], kafka, registry_url)}
    assert lines["1"]["record"] == "StockLevel"
    assert lines["1"]["headers"]["ce_id"] == HEADERS.ce_id  # type: ignore[index] # JSON
    assert lines["1"]["value"]["source"]["observed_at"] == "2026-03-01T10:20:30+00:00"  # type: ignore[index] # JSON
    assert lines["2"]["value"] == {"state": "applied"}
    assert base64.b64decode(str(lines["3"]["value_base64"])) == b"\xff\xfe"
    assert lines["4"]["value"] is None
    assert "schema id 65535" in str(lines["5"]["error"])


def kcat_frames(records: list[Record]) -> bytes:
    r"""What `kcat -f '%t %p %o %K %S\n%k%s'` writes; a missing key or value has the length -1 and no bytes."""
    out = b""
    for record in records:
        sizes = [-1 if each is None else len(each) for each in (record.key, record.value)]
        out += f"{record.topic} {record.partition} {record.offset} {sizes[0]} {sizes[1]}\n".encode()
        out += (record.key or b"") + (record.value or b"")
    return out


def test_decode_reads_a_kcat_pipe(kafka: KafkaSettings, codec: Codec, registry_url: str) -> None:
    value = codec.encode("StockLevel", stock_level())
    records = [
        Record("canonical.stock-level", 3, 7, AT, b"a\nb", value, []),
        Record("fate", 0, 8, AT, None, b"[1]", []),
        Record("fate", 0, 9, AT, b"k", None, []),
    ]
    lines = decode([], kafka, registry_url, kcat_frames(records))
    assert [(line["topic"], line["partition"], line["offset"], line["key"]) for line in lines] == [
        ("canonical.stock-level", 3, 7, "a\nb"),
        ("fate", 0, 8, None),
        ("fate", 0, 9, "k"),
    ]
    assert (lines[0]["record"], lines[1]["value"], lines[2]["value"]) == ("StockLevel", [1], None)


def test_decode_reads_bare_length_prefixed_values(kafka: KafkaSettings, codec: Codec, registry_url: str) -> None:
    value = codec.encode("StockLevel", stock_level())
    frames = len(value).to_bytes(4, "big") + value + (-1).to_bytes(4, "big", signed=True)
    first, second = decode([], kafka, registry_url, frames)
    assert first["record"] == "StockLevel"
    assert second == {"value": None}


def test_the_registrys_client_says_where_it_could_not_connect() -> None:
    with pytest.raises(RegistryError, match=r"127\.0\.0\.1:1 does not answer"):
        RegistryClient("http://127.0.0.1:1").subjects()
