"""How long after SIGKILL a service makes progress again, and what the services need while nothing happens.

    python benchmarks/restart.py [--runs 3]

The whole flow runs on this machine (`penstock up`). Memory is looked at after the first polls have come to rest. Then,
while an order is placed every 200 ms, a service is killed; its supervisor starts it again. Progress is the first
canonical order after the kill for the processors, and the first intent or effect of the ERP for the sinks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import orjson
import psutil
from confluent_kafka import Message, TopicPartition

import report
from cluster import running_stack
from order_to_erp import places
from penstock.cli.logview import LogView
from penstock.cli.stack import SERVICES
from penstock.cli.supervise import Supervisor
from penstock.log.kafka import consumer
from penstock.log.offsets import LATEST, offsets

EVERY = 0.2
DEADLINE = 60.0
IN_FLIGHT = 0.3
"""Seconds after a kill in which the log may still take what the dead process had sent."""


def is_order(_: Message) -> bool:
    return True


def is_effect(message: Message) -> bool:
    return bool(orjson.loads(message.value() or b"{}").get("type") == "effect")


WATCHED: Mapping[str, tuple[str, Callable[[Message], bool]]] = {
    "processors": ("canonical.order", is_order),
    "sinks": ("effect.infor", is_effect),
}


def measure(runs: int) -> list[report.Figure]:
    taken: dict[str, list[float]] = {name: [] for name in WATCHED}
    cpu: dict[str, list[float]] = {name: [] for name in WATCHED}
    with running_stack() as (stack, supervisor, view):
        memory = {name: resident(supervisor, name) for name in SERVICES}
        with buying(stack.sandboxes["prestashop"]):
            for _ in range(runs):
                for name in WATCHED:
                    taken[name].append(seconds_to_progress(supervisor, view, name))
                    cpu[name].append(cpu_seconds(supervisor, name))
                    report.tell(f"{name} killed, progress after {taken[name][-1]:.1f} s")
                    supervisor.wait_ready(name)
                    time.sleep(2)
    out = [report.Figure(f"restart after SIGKILL to progress: {name}", "s", each, 5) for name, each in taken.items()]
    out += [report.Figure(f"  CPU of the new process until then: {name}", "s", each) for name, each in cpu.items()]
    out += [report.Figure(f"memory, idle: {name}", "MB", [each], 150) for name, each in memory.items()]
    return out


def resident(supervisor: Supervisor, name: str) -> float:
    """Megabytes."""
    return float(psutil.Process(supervisor.children[name].pid).memory_info().rss) / 2**20


def cpu_seconds(supervisor: Supervisor, name: str) -> float:
    times = psutil.Process(supervisor.children[name].pid).cpu_times()
    return float(times.user + times.system)


def seconds_to_progress(supervisor: Supervisor, view: LogView, name: str) -> float:
    topic, counts = WATCHED[name]
    client = consumer(view.settings, **{"fetch.wait.max.ms": 10})
    try:
        parts = [(each.topic, each.partition) for each in view.partitions(topic)]
        ends = offsets(view.admin, parts, LATEST)
        client.assign([TopicPartition(*each, ends[each]) for each in parts])
        killed = time.time()
        supervisor.kill(name)
        while time.time() < killed + DEADLINE:
            for message in client.consume(100, 0.01):
                at = message.timestamp()[1] / 1000
                if message.error() is None and at > killed + IN_FLIGHT and counts(message):
                    return at - killed
    finally:
        client.close()
    raise TimeoutError(f"{name} made no progress within {DEADLINE:.0f} s")


@contextmanager
def buying(url: str) -> Iterator[None]:
    """An order every EVERY seconds while inside."""
    over = threading.Event()

    def buy() -> None:
        bodies: Iterator[Mapping[str, Any]] = places()
        with httpx.Client(base_url=f"{url}/_sandbox/actions/", trust_env=False, timeout=30) as shop:
            while not over.wait(EVERY):
                shop.post("place-order", json=dict(next(bodies))).raise_for_status()

    thread = threading.Thread(target=buy, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


if __name__ == "__main__":
    report.script(__doc__, measure)
