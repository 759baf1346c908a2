"""What the pure transform does without Kafka and Faust: raw bytes in, Avro bytes out, as replay and preview use it.

    python benchmarks/replay.py [--runs 5]

One process; CPU seconds of the process, so that other load on the machine counts little.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import orjson

import report
from by_hand import mapping_of
from cluster import cluster
from documents import RAW_TOPIC, flow, incoming, raw_orders, transform_of
from penstock.flow.when import avro_schema

COUNT = 1_000
ORDERS = 300
"""Different ones: what services keep of earlier documents must not make the same ones fast."""
WIRE_HEAD = 5
"""Bytes before the Avro: a zero and the schema's id."""
BUDGET = 18_000
"""A hand-written mapping on fastavro, on another document than this one (design.md 9)."""


def measure(runs: int) -> list[report.Figure]:
    orders = raw_orders(ORDERS)
    with cluster() as log:
        transform = transform_of(log.codec)
    given = [incoming(orders[number % len(orders)], number) for number in range(COUNT)]
    outputs = [transform(each) for each in given]  # warm
    assert all(len(made) == 1 and made[0].topic == "canonical.order" for made in outputs)
    by_hand = mapping_of(flow(), avro_schema("order"), (outputs[0][0].value or b"")[:WIRE_HEAD])
    for each, made in zip(given, outputs, strict=True):
        assert log.codec.decode(by_hand(each.value)) == log.codec.decode(made[0].value or b"")
    rates, hand, parsing = [], [], []
    for _ in range(runs):
        rates.append(per_second(lambda: [transform(each) for each in given]))
        hand.append(per_second(lambda: [by_hand(each.value) for each in given]))
        parsing.append(per_second(lambda: [parse_only(each.value) for each in given]))
    raw = statistics.median(len(each.value) for each in orders)
    avro = statistics.median(len(made[0].value or b"") for made in outputs)
    lines = statistics.mean(len(log.codec.decode(made[0].value or b"")[1]["lines"]) for made in outputs[: len(orders)])
    note = f"{RAW_TOPIC} of {raw:,.0f} bytes in -> Avro of {avro:,.0f} bytes, {lines:.1f} lines an order (medians)"
    return [
        report.Figure("replay: pure transform, one process", "events/CPU-s", rates, BUDGET, at_least=True, note=note),
        report.Figure(
            "  the same record by hand, on fastavro",
            "events/CPU-s",
            hand,
            note="by_hand.py: the same rules and addresses, no checks of types, no names in errors",
        ),
        report.Figure(
            "  reading the JSON of envelope and parts alone",
            "events/CPU-s",
            parsing,
            note="the floor of any mapping",
        ),
    ]


def per_second(work: Callable[[], object]) -> float:
    """Events per CPU second of `work` over all of them."""
    began = time.process_time()
    work()
    return COUNT / (time.process_time() - began)


def parse_only(value: bytes) -> None:
    """The least that any mapping of such a document must do: the envelope and the bodies of its parts."""
    for part in orjson.loads(value)["parts"]:
        orjson.loads(part["body"])


if __name__ == "__main__":
    report.script(__doc__, measure, runs=5)
