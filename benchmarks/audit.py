"""The topic side of an audit: every event to its fate, every canonical record to its targets.

    python benchmarks/audit.py [--runs 3]

Per order a raw document, an Avro record, both directions of the cross-reference, and a fate; amounts are decoded later,
where they are compared. One process; per CPU second of the process, threads of the Kafka client included.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from confluent_kafka import Producer

import report
from cluster import Cluster, cluster
from documents import RAW_TOPIC, RawOrder, flow, incoming, raw_orders, transform_of
from penstock.audit.kafkalog import KafkaLog
from penstock.audit.ledger import Ledger
from penstock.audit.model import Window
from penstock.audit.reading import Reader, without_collector
from penstock.audit.trail import Trail
from penstock.log.fates import Fate, FateState
from penstock.log.kafka import KafkaSettings, producer
from penstock.log.xref import Link, XrefStore, link_records
from penstock.records.ids import canonical_id

ORDERS = 20_000
OTHERS = 100_000
"""Further records, of products: nobody asks for amounts in them."""
KINDS = 60
"""Different orders; the rest repeats them."""
BUDGET = 50_000
TARGET = "infor:DALS"
AT = datetime.now(UTC)


def fill(log: Cluster, settings: KafkaSettings, orders: list[RawOrder]) -> None:
    """Everything that the orders have left on the log once they are booked."""
    transform = transform_of(log.codec, prefix=settings.topic_prefix)
    client = producer(settings, **{"queue.buffering.max.messages": 2_000_000, "linger.ms": 50})
    made = [transform(incoming(each, number, settings.topic_prefix)) for number, each in enumerate(orders)]
    for number in range(ORDERS):
        order, (out,) = orders[number % len(orders)], made[number % len(orders)]
        headers = order.headers(number)
        event = f"{order.ref}:{number:024d}"
        own = canonical_id("prestashop", "1", "order", order.ref.native_id)
        said = [(name, event.encode() if name == "ce_id" else value) for name, value in out.headers]
        client.produce(settings.topic(RAW_TOPIC), order.value, order.key, headers=headers)
        client.produce(out.topic, out.value, out.key, headers=said)
        fate(client, settings, event, own, "order")
        for link in link_records(Link("order", own, "infor", "DALS", f"PS{number:08d}", AT)):
            client.produce(settings.topic(link.topic), link.value, link.key)
        client.poll(0)
    for number in range(OTHERS // 3):
        event = f"prestashop:1:product:{number}:{number:024d}"
        headers = [(name, event.encode() if name == "ce_id" else value) for name, value in orders[0].headers(number)]
        more = [("targets", TARGET.encode()), ("config-version", b"0123456789abcdef")]
        client.produce(settings.topic("raw.prestashop.product"), b"x" * 400, f"1:{number}".encode(), headers=headers)
        client.produce(settings.topic("canonical.product"), b"x" * 200, f"{number}".encode(), headers=[*headers, *more])
        fate(client, settings, event, str(number), "product")
        client.poll(0)
    if client.flush(120):
        raise SystemExit("the broker did not take all records")


def fate(client: Producer, settings: KafkaSettings, event: str, own: str, entity: str) -> None:
    made = Fate(event, own, TARGET, FateState.APPLIED, "", f"sinks/{TARGET}", entity, AT, 1, "PS00000001")
    key, value = made.encode()
    client.produce(settings.topic("fate"), value, key)


def read(log: Cluster, settings: KafkaSettings) -> tuple[Ledger, float, float]:
    """The ledger, and CPU and wall seconds of reading and comparing."""
    loaded = flow()
    store = XrefStore()
    reader = Reader(loaded, KafkaLog(settings, loaded.name), log.codec, Window(), store)
    cpu, wall = time.process_time(), time.perf_counter()
    with without_collector():
        ledger = reader.read()
    mine = frozenset(system.target for system in loaded.systems.values())
    trail = Trail(loaded.name, ledger, mine, Window(), datetime.now(UTC), 0.0)
    wrong = list(trail.without_fate(lambda _target, _place: None))
    if wrong or trail.open():
        raise SystemExit(f"{len(wrong)} differences on a clean log, the first: {wrong[:1]}")
    return ledger, time.process_time() - cpu, time.perf_counter() - wall


def measure(runs: int) -> list[report.Figure]:
    orders = raw_orders(KINDS)
    rates, walls = [], []
    with cluster() as log:
        settings = log.prefixed("audit.")
        fill(log, settings, orders)
        for _ in range(runs):
            ledger, cpu, wall = read(log, settings)
            rates.append(ledger.records / cpu)
            walls.append(ledger.records / wall)
    what = f"{ledger.records:,} records, of {ORDERS:,} orders and {OTHERS // 3:,} products"
    return [
        report.Figure("audit, topic side", "records/CPU-s", rates, BUDGET, at_least=True, note=what),
        report.Figure("  the same by the clock", "records/s", walls),
    ]


if __name__ == "__main__":
    report.script(__doc__, measure)
