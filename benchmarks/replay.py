"""What a replay does without Faust: raw bytes in, Avro bytes out; beside the same by hand; and a dry run of a topic.

    python benchmarks/replay.py [--runs 5]

One process; CPU seconds of the process, so that other load on the machine counts little.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import orjson

import report
from by_hand import mapping_of
from cluster import Cluster, cluster
from documents import RAW_TOPIC, RawOrder, flow, incoming, raw_orders, transform_of
from penstock.flow.when import avro_schema
from penstock.log.kafka import producer
from penstock.log.registry_client import RegistryClient
from penstock.processors.deliver import Output
from penstock.replay.selection import Selection
from penstock.replay.session import Session

COUNT = 1_000
ORDERS = 300
"""Different ones: what services keep of earlier documents must not make the same ones fast."""
WIRE_HEAD = 5
"""Bytes before the Avro: a zero and the schema's id."""
FLOOR = 0.8
"""Of the rate by hand (design.md 9: as fast as a hand-written mapping)."""


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
        fill(log, orders, [made[0] for made in outputs])
        dry = [per_second(lambda: dry_run(log)) for _ in range(runs)]
        raw = statistics.median(len(each.value) for each in orders)
        avro = statistics.median(len(made[0].value or b"") for made in outputs)
        lines = statistics.mean(len(log.codec.decode(made[0].value or b"")[1]["lines"]) for made in outputs[:ORDERS])
    note = f"{RAW_TOPIC} of {raw:,.0f} bytes in -> Avro of {avro:,.0f} bytes, {lines:.1f} lines an order (medians)"
    shares = [ours / theirs for ours, theirs in zip(rates, hand, strict=True)]
    return [
        report.Figure("replay: pure transform, one process", "events/CPU-s", rates, note=note),
        report.Figure(
            "  the same record by hand, on fastavro",
            "events/CPU-s",
            hand,
            note="by_hand.py: the same rules and addresses, no checks of types, no names in errors",
        ),
        report.Figure("  the transform's rate of that by hand", "", shares, FLOOR, at_least=True),
        report.Figure(
            "  reading the JSON of envelope and parts alone",
            "events/CPU-s",
            parsing,
            note="the floor of any mapping",
        ),
        report.Figure(
            "  a dry run of the topic, all in",
            "events/CPU-s",
            dry,
            note=f"{COUNT} orders: starting, both topics read (the raw one twice), mapped and compared",
        ),
    ]


def fill(log: Cluster, orders: Sequence[RawOrder], made: Sequence[Output]) -> None:
    """Both topics as processors leave them; each order is a document of its own by its key."""
    client = producer(log.settings)
    for number, output in enumerate(made):
        order = orders[number % len(orders)]
        client.produce(RAW_TOPIC, key=f"1:{number}", value=order.value, headers=order.headers(number))
        client.produce(output.topic, key=output.key, value=output.value, headers=list(output.headers))
        client.poll(0)
    client.flush()


def dry_run(log: Cluster) -> None:
    with Session(flow(), log.settings, RegistryClient.from_env(url=log.registry_url)) as session:
        found = session.dry_run(Selection(entities=("order",)), every_version=False, advance=lambda *_: None)
    assert found.ends == {"same": COUNT}, found.ends


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
