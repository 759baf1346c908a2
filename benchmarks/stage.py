"""The processors service on a real log: how many raw orders a second, and how long one takes at 200 a second.

    python benchmarks/stage.py [--runs 3]

The service is `penstock run processors` in a process of its own, with the flow prestashop-infor. Throughput: raw
records wait on the log, the clock runs from the first to the last canonical record (Kafka's time stamps). Latency:
from before a raw record is handed to a producer until its canonical record is in the hands of a consumer.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from confluent_kafka import Consumer, Producer, TopicPartition

import report
from cluster import ENV, FLOW, Cluster, cluster, process, until
from documents import RAW_TOPIC, RawOrder, raw_orders
from penstock.cli.ports import Ports
from penstock.cli.stack import PENSTOCK
from penstock.log.kafka import KafkaSettings, consumer, producer
from penstock.log.topics import partitions_of

COUNT = 3_000
RATE, SECONDS, WARM_SECONDS = 200, 4, 1
CANONICAL = "canonical.order"


def measure(runs: int) -> list[report.Figure]:
    orders = raw_orders()
    size = statistics.median(len(order.value) for order in orders)
    with cluster() as log:
        rates, per_cpu, sizes = zip(*(throughput(log, f"rate{run}.", orders) for run in range(runs)), strict=True)
        waits = [latency(log, f"wait{run}.", orders) for run in range(runs)]
    note = f"raw documents of {size:,.0f} bytes -> Avro of {sizes[0]:,.0f} bytes (medians); {COUNT} waiting records"
    every = [report.quantile(each, 0.5) for each in waits], [report.quantile(each, 0.99) for each in waits]
    return [
        report.Figure("processors, Faust stage, one process", "events/s", rates, 5_000, at_least=True, note=note),
        report.Figure("  per CPU second of the process", "events/CPU-s", per_cpu),
        report.Figure(f"  latency at {RATE}/s, p50", "ms", every[0]),
        report.Figure(f"  latency at {RATE}/s, p99", "ms", every[1], 20),
    ]


def throughput(log: Cluster, prefix: str, orders: list[RawOrder]) -> tuple[float, float, float]:
    """(events per second, events per CPU second, median bytes of a canonical record)."""
    settings = log.prefixed(prefix)
    client = producer(settings)
    for number in range(COUNT):
        order = orders[number % len(orders)]
        client.produce(settings.topic(RAW_TOPIC), order.value, order.key, headers=dict(order.headers(number)))
    assert client.flush(60) == 0
    stamps: list[int] = []
    sizes: list[int] = []
    with processors(log, settings) as service, reader(settings) as outputs:
        cpu = 0.0
        while len(stamps) < COUNT:
            for message in outputs.consume(1_000, 0.5):
                if message.error() is None:
                    cpu = cpu or sum(service.cpu_times()[:2])
                    stamps.append(message.timestamp()[1])
                    sizes.append(len(message.value() or b""))
        cpu = sum(service.cpu_times()[:2]) - cpu
    seconds = (max(stamps) - min(stamps)) / 1000
    return COUNT / seconds, COUNT / cpu, statistics.median(sizes)


def latency(log: Cluster, prefix: str, orders: list[RawOrder]) -> list[float]:
    """Milliseconds of each order, at RATE a second."""
    settings = log.prefixed(prefix)
    client = producer(settings, **{"linger.ms": 0})
    out: list[float] = []
    warm = RATE * WARM_SECONDS
    total = warm + RATE * SECONDS
    with processors(log, settings), reader(settings) as outputs:
        # one order by itself: from here on the service has its partitions and everything is loaded
        send(client, settings, orders, 0)
        until(lambda: bool(received(outputs, 0.1)), "the first canonical order")
        began = time.time()
        sent, got = 0, 0
        deadline = began + total / RATE + 30
        while got < total and time.time() < deadline:
            while sent < total and time.time() >= began + sent / RATE:
                send(client, settings, orders, sent)
                sent += 1
            client.poll(0)
            for milliseconds in received(outputs, 0.001):
                got += 1
                if got > warm:
                    out.append(milliseconds)
    if got < total:
        raise TimeoutError(f"{got} of {total} orders came out")
    return out


def send(client: Producer, settings: KafkaSettings, orders: list[RawOrder], number: int) -> None:
    order = orders[number % len(orders)]
    headers: dict[str, str | bytes | None] = dict(
        order.headers(number, cause=repr(time.time()))
    )  # the stage passes `cause` on
    client.produce(settings.topic(RAW_TOPIC), order.value, order.key, headers=headers)


def received(outputs: Consumer, seconds: float) -> list[float]:
    """Milliseconds since each record that has arrived was sent."""
    messages = [message for message in outputs.consume(100, seconds) if message.error() is None]
    now = time.time()
    return [(now - float(dict(message.headers() or ())["cause"] or 0)) * 1000 for message in messages]


@contextmanager
def processors(log: Cluster, settings: KafkaSettings) -> Iterator[psutil.Process]:
    port = Ports(log.folder / f"{settings.topic_prefix}ports.json").get("processors")
    argv = [*PENSTOCK, "run", "processors", "--flow", FLOW, "--env", ENV, "--port", str(port)]
    file = log.folder / f"{settings.topic_prefix}processors.log"
    with process(argv, log.environment(settings), file) as pid:
        yield psutil.Process(pid)


@contextmanager
def reader(settings: KafkaSettings) -> Iterator[Consumer]:
    """A consumer of everything in canonical.order, that hands records out as they come."""
    client = consumer(settings, **{"fetch.wait.max.ms": 5})
    topic = settings.topic(CANONICAL)
    client.assign([TopicPartition(topic, number, 0) for number in range(partitions_of(CANONICAL))])
    try:
        yield client
    finally:
        client.close()


if __name__ == "__main__":
    report.script(__doc__, measure)
