"""How long a service waits for the cross-reference store: load it from its topic to the end.

    python benchmarks/xref_load.py [--keys 100000] [--bootstrap HOST:PORT]

Without a bootstrap address a broker is started. Half of the keys are canonical ids, half native ids.
"""

import argparse
import os
import platform
import statistics
import time
import uuid
from datetime import UTC, datetime
from importlib.metadata import version

import psutil
import structlog

from penstock.log.broker import LocalBroker
from penstock.log.jars import KAFKA_VERSION
from penstock.log.kafka import KafkaSettings, admin, producer
from penstock.log.topics import apply, load_topics, plan
from penstock.log.xref import Link, XrefStore, link_records

RUNS = 5
BUDGET_PER_100_000 = 0.5


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--bootstrap")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))

    broker = None if given.bootstrap else LocalBroker()
    try:
        bootstrap = given.bootstrap or (broker.start() if broker else "")
        settings = KafkaSettings(bootstrap=bootstrap, topic_prefix=f"bench-{uuid.uuid4().hex[:6]}.")
        client = admin(settings)
        apply(client, plan(client, load_topics(prefix=settings.topic_prefix)))
        fill(settings, given.keys)
        runs = [load(settings, given.keys) for _ in range(RUNS)]
        microseconds = look_up(settings)
    finally:
        if broker:
            broker.close()
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python", end=" ")
    print(f"{platform.python_version()}, confluent-kafka {version('confluent-kafka')}, Kafka {KAFKA_VERSION}")
    print(f"{'what':44}{'budget':>10}{'median':>10}{'worst':>10}")
    budget = f"{BUDGET_PER_100_000 * given.keys / 100_000:.2f} s"
    print(f"{f'cross-reference load, {given.keys:,} keys':44}{budget:>10}", end="")
    print(f"{statistics.median(runs):>8.2f} s{max(runs):>8.2f} s")
    print(f"{'one look-up':44}{'':10}{microseconds:>7.1f} us")
    print(f"{'memory of this process':44}{'':10}{psutil.Process().memory_info().rss / 2**20:>7.0f} MB")


if __name__ == "__main__":
    main()
