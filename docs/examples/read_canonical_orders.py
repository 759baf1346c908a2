"""Another team reads `canonical.order`: its own consumer group, no penstock installed.

    pip install confluent-kafka fastavro
    python read_canonical_orders.py --bootstrap 127.0.0.1:9092 --registry http://127.0.0.1:8081 --records 5

Prints one line per record. Ends after --records of them, or when nothing has come for --timeout seconds. Offsets are
committed after the line is out, so a reader that is started again goes on where it stopped; a record may then come
twice, and `ce_id` tells.
"""

import argparse
import io
import json
import urllib.request
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import fastavro
from confluent_kafka import Consumer, KafkaException, Message

MAGIC = 0


class Registry:
    """Schemas by id, asked for once each (an id never changes its meaning)."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self.schema = cache(self._fetch)

    def _fetch(self, schema_id: int) -> Any:
        with urllib.request.urlopen(f"{self._url}/schemas/ids/{schema_id}", timeout=10) as answer:  # noqa: S310 our URL
            return fastavro.parse_schema(json.loads(json.load(answer)["schema"]))


def decode(value: bytes, registry: Registry) -> Mapping[str, Any]:
    """Confluent's wire format: a zero byte, four bytes of schema id, Avro. Raises ValueError for anything else."""
    if len(value) < 5 or value[0] != MAGIC:
        raise ValueError(f"not in Confluent's wire format: it begins with {value[:5].hex()}")
    schema = registry.schema(int.from_bytes(value[1:5], "big"))
    # A copy of the schema that you were written for, as third argument, hides the fields that come later.
    record: Any = fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)
    return dict(record)


def line(order: Mapping[str, Any], event_id: str) -> str:
    """Ids, states and amounts; the buyer's name stays where it is."""
    deleted = " (deleted in the shop)" if order["deleted_at"] else ""
    return (
        f"{order['placed_at']:%Y-%m-%d %H:%M} {order['reference']} {order['status']}{deleted}: "
        f"{len(order['lines'])} lines, {order['totals']['gross']:.2f} {order['currency']}, event {event_id}"
    )


def messages(consumer: Consumer, timeout: float) -> Iterator[Message]:
    """Records until none has come for `timeout` seconds."""
    while message := consumer.poll(timeout):
        if message.error():
            raise KafkaException(message.error())
        yield message


def main() -> None:
    parser = argparse.ArgumentParser(description="Print orders from the penstock log.")
    parser.add_argument("--bootstrap", default="127.0.0.1:9092")
    parser.add_argument("--registry", default="http://127.0.0.1:8081")
    parser.add_argument("--topic", default="canonical.order")
    parser.add_argument("--group", default="reporting.orders", help="your own; groups of penstock begin with penstock.")
    parser.add_argument("--records", type=int, default=10)
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds without a record")
    given = parser.parse_args()

    registry = Registry(given.registry)
    consumer = Consumer(
        {
            "bootstrap.servers": given.bootstrap,
            "group.id": given.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([given.topic])
    try:
        for count, message in enumerate(messages(consumer, given.timeout), start=1):
            headers: Any = dict(message.headers() or ())
            order = decode(message.value() or b"", registry)
            print(line(order, headers["ce_id"].decode()), flush=True)
            consumer.commit(message=message, asynchronous=False)
            if count == given.records:
                break
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
