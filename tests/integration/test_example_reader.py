"""docs/examples/read_canonical_orders.py, run as another team would: a process that knows the log and the registry."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.unit.infor.world import canonical_order

from penstock.log.kafka import KafkaSettings, producer
from penstock.log.topics import Topic
from penstock.log.wire import Codec

pytestmark = pytest.mark.kafka

EXAMPLE = Path(__file__).parents[2] / "docs/examples/read_canonical_orders.py"
Read = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def read(kafka: KafkaSettings, registry_url: str, topics: Sequence[Topic]) -> Read:
    """Runs the example on this test's topic with a group of its own."""

    def run(records: int, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        given = {
            "--bootstrap": kafka.bootstrap,
            "--registry": registry_url,
            "--topic": kafka.topic("canonical.order"),
            "--group": kafka.topic("reporting.orders"),
            "--records": str(records),
            "--timeout": str(timeout),
        }
        argv = [sys.executable, str(EXAMPLE), *(word for pair in given.items() for word in pair)]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=90)

    return run


def publish(kafka: KafkaSettings, values: dict[str, bytes | None]) -> None:
    """Records in one partition, so that they are read in this order; the event id is `event:` and the name."""
    client = producer(kafka)
    for name, value in values.items():
        headers: list[tuple[str, str | bytes | None]] = [("ce_id", f"event:{name}".encode())]
        client.produce(kafka.topic("canonical.order"), value, key=name.encode(), headers=headers, partition=1)
    assert client.flush(20) == 0


def test_it_prints_a_line_per_order_and_goes_on_where_it_stopped(
    read: Read, kafka: KafkaSettings, registry_url: str
) -> None:
    codec = Codec(registry_url, register=True)
    orders = [canonical_order(native_id="41"), canonical_order(native_id="42", status="shipped")]
    orders.append(canonical_order(native_id="43", deleted_at=orders[0]["placed_at"]))
    publish(kafka, {order["reference"]: codec.encode("Order", order) for order in orders})

    first, rest = read(records=2), read(records=1)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines() == [
        "2026-02-03 15:10 PS1-41 paid: 1 lines, 50.69 EUR, event event:PS1-41",
        "2026-02-03 15:10 PS1-42 shipped: 1 lines, 50.69 EUR, event event:PS1-42",
    ]
    assert rest.stdout.splitlines() == [
        "2026-02-03 15:10 PS1-43 paid (deleted in the shop): 1 lines, 50.69 EUR, event event:PS1-43"
    ]


def test_bytes_in_another_format_end_it_with_the_reason(read: Read, kafka: KafkaSettings) -> None:
    publish(kafka, {"PS1-41": b'{"reference": "PS1-41"}'})
    ended = read(records=1)
    assert ended.returncode == 1
    assert "not in Confluent's wire format: it begins with 7b22726566" in ended.stderr


def test_it_ends_by_itself_when_nothing_comes(read: Read) -> None:
    ended = read(records=1, timeout=1)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
