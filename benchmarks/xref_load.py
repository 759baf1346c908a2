"""How long a service waits for the cross-reference store: load it from its topic to the end.

    python benchmarks/xref_load.py [--runs 5]

Half of the keys are canonical ids, half native ids.
"""

import time
import uuid
from datetime import UTC, datetime

import psutil

import report
from penstock.log.broker import LocalBroker
from penstock.log.kafka import KafkaSettings, admin, producer
from penstock.log.topics import apply, load_topics, plan
from penstock.log.xref import Link, XrefStore, link_records

KEYS = 100_000


def fill(settings: KafkaSettings, keys: int) -> None:
    """Write `keys` keys to xref.order."""
    client = producer(settings, **{"queue.buffering.max.messages": 1_000_000})
    now = datetime.now(UTC)
    for number in range(keys // 2):
        for record in link_records(Link("order", str(uuid.uuid4()), "infor", "main", f"C{number:07d}", now)):
            client.produce(settings.topic(record.topic), key=record.key, value=record.value)
    if client.flush(120):
        raise SystemExit("the broker did not take all records")


def load(settings: KafkaSettings, keys: int) -> float:
    """Seconds from opening the store until it has caught up."""
    began = time.perf_counter()
    with XrefStore.open(settings, ["order"]) as store:
        store.loader.wait_caught_up(60)
        taken = time.perf_counter() - began
        if len(store) != keys:
            raise SystemExit(f"{len(store)} keys loaded, {keys} written")
    return taken


def look_up(settings: KafkaSettings, count: int = 20_000) -> float:
    """Microseconds of one look-up."""
    with XrefStore.open(settings, ["order"]) as store:
        store.loader.wait_caught_up(60)
        began = time.perf_counter()
        for number in range(count):
            store.canonical_of("order", "infor", "main", f"C{number:07d}")
        return (time.perf_counter() - began) / count * 1e6


def measure(runs: int) -> list[report.Figure]:
    with LocalBroker() as broker:
        settings = KafkaSettings(bootstrap=broker.bootstrap)
        client = admin(settings)
        apply(client, plan(client, load_topics()))
        fill(settings, KEYS)
        times = [load(settings, KEYS) for _ in range(runs)]
        microseconds = look_up(settings)
    memory = psutil.Process().memory_info().rss / 2**20
    note = f"one look-up {microseconds:.1f} us, memory of the loading process {memory:.0f} MB"
    return [report.Figure(f"cross-reference load, {KEYS:,} keys", "s", times, 0.5, note=note)]


if __name__ == "__main__":
    report.script(__doc__, measure, runs=5)
