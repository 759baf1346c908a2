"""From a shop's order to its document in the ERP, with everything on this machine.

    python benchmarks/order_to_erp.py [--rates 5,20,50] [--seconds 8]

The whole flow as `penstock up` starts it: broker, registry, both sandboxes and three services share the cores, polls
go on every second. Orders are placed at a steady rate. The clock runs from the answer of place-order until the sink has
the ERP's answer for the order's header, and until the whole document (lines, links) is booked: both from the effect.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp
import httpx
import orjson
import psutil

import report
from cluster import running_stack
from penstock.cli.logview import LogView
from penstock.cli.pairs.prestashop_infor import PAIR
from penstock.cli.stack import Stack
from penstock.cli.supervise import Supervisor
from penstock.records.ids import canonical_id

RATES = (5, 20, 50)
SECONDS = 8
WARM_RATE, WARM_SECONDS = 5, 5.0
PATIENCE = 60.0
BUDGETED = 50
"""Orders a second of design.md's budget."""


@dataclass(frozen=True, slots=True)
class Round:
    """One rate: seconds of each order until its header, and until all of it; orders that were late; HTTP calls."""

    header: list[float]
    whole: list[float]
    stages: Mapping[str, list[float]]
    drained: float
    missing: int
    shop_calls: float
    erp_calls: float


@dataclass(frozen=True, slots=True)
class Booked:
    """When the intent was written, the header answered, all of it recorded: seconds since 1970."""

    opened: float
    header: float
    whole: float


def measure(rates: tuple[int, ...], seconds: float) -> list[report.Figure]:
    out: list[report.Figure] = []
    with running_stack() as (stack, supervisor, view):
        bodies = places()
        one_round(stack, view, bodies, WARM_RATE, WARM_SECONDS)
        for rate in rates:
            before = cpu_seconds(supervisor)
            found = one_round(stack, view, bodies, rate, seconds)
            orders = len(found.header) + found.missing
            spent = {name: (after - before[name]) / orders for name, after in cpu_seconds(supervisor).items()}
            out += figures(rate, found, spent)
    return out


def figures(rate: int, found: Round, cpu: Mapping[str, float]) -> list[report.Figure]:
    p50, p99 = (150.0, 500.0) if rate == BUDGETED else (None, None)
    note = f"HTTP calls an order, polls included: shop {found.shop_calls:.1f}, ERP {found.erp_calls:.1f}; "
    note += f"all booked {found.drained:.1f} s after the last was placed"
    note += f"; {found.missing} not within {PATIENCE:.0f} s" if found.missing else ""
    header, whole = [1000 * each for each in found.header], [1000 * each for each in found.whole]
    middle = {name: 1000 * report.quantile(each, 0.5) for name, each in found.stages.items()}
    spent = "p50 of each stage, ms: " + ", ".join(f"{name} {each:,.0f}" for name, each in middle.items())
    parts = "CPU of each process, ms: " + ", ".join(f"{name} {1000 * each:.0f}" for name, each in cpu.items())
    return [
        report.Figure(f"shop event -> ERP header, {rate}/s, p50", "ms", [report.quantile(header, 0.5)], p50),
        report.Figure(
            f"shop event -> ERP header, {rate}/s, p99",
            "ms",
            [report.quantile(header, 0.99)],
            p99,
            note=spent,
        ),
        report.Figure(f"  whole document, {rate}/s, p50", "ms", [report.quantile(whole, 0.5)]),
        report.Figure(f"  whole document, {rate}/s, p99", "ms", [report.quantile(whole, 0.99)], note=note),
        report.Figure(f"  CPU of all processes, {rate}/s", "ms/order", [1000 * sum(cpu.values())], note=parts),
    ]


def cpu_seconds(supervisor: Supervisor) -> dict[str, float]:
    """User and system time of every child that stays, so far."""
    pids = {name: about["pid"] for name, about in supervisor.describe().items()}
    return {name: sum(psutil.Process(pid).cpu_times()[:2]) for name, pid in pids.items()}


def places() -> Iterator[Mapping[str, Any]]:
    """Bodies of place-order, none of them in trouble."""
    good = (wish.place for wish in PAIR.wishes(4_000, seed=11) if not wish.trouble)
    return iter(list(good))


async def place(url: str, bodies: Iterator[Mapping[str, Any]], count: int, rate: float) -> dict[str, float]:
    """Places orders, whether or not earlier ones have been answered. Canonical id -> time of the answer."""
    placed: dict[str, float] = {}
    async with aiohttp.ClientSession(base_url=url, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def one(body: Mapping[str, Any]) -> None:
            async with session.post("/_sandbox/actions/place-order", json=body) as answer:
                row = await answer.json()
            placed[canonical_id("prestashop", "1", "order", str(row["id"]))] = time.time()

        began = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(count):
                await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
                tasks.create_task(one(next(bodies)))
    return placed


def one_round(stack: Stack, view: LogView, bodies: Iterator[Mapping[str, Any]], rate: int, seconds: float) -> Round:
    shop, erp = stack.sandboxes["prestashop"], stack.sandboxes["infor"]
    before = {url: calls(url) for url in (shop, erp)}
    placed = asyncio.run(place(shop, bodies, round(rate * seconds), rate))
    deadline = time.monotonic() + PATIENCE
    while (missing := placed.keys() - (booked := effects(view)).keys()) and time.monotonic() < deadline:
        time.sleep(0.5)
    made = {url: calls(url) - before[url] for url in (shop, erp)}
    report.tell(f"{len(placed)} orders at {rate}/s, {len(missing)} missing")
    here = {order: booked[order] for order in placed.keys() & booked.keys()}
    return Round(
        header=[each.header - placed[order] for order, each in here.items()],
        whole=[each.whole - placed[order] for order, each in here.items()],
        stages=stages(view, placed, here),
        drained=max(0.0, max(each.whole for each in here.values()) - max(placed.values())),
        missing=len(missing),
        shop_calls=made[shop] / len(placed),
        erp_calls=made[erp] / len(placed),
    )


def calls(url: str) -> int:
    """How many requests a sandbox has had."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        last = client.get("/_sandbox/requests").json()["items"][-1:]
    return int(last[0]["number"]) if last else 0


def effects(view: LogView) -> dict[str, Booked]:
    """Orders that are booked by now, as they were the first time."""
    out: dict[str, Booked] = {}
    for record in view.records("effect.infor"):
        effect = orjson.loads(record.value or b"{}")
        order = (record.key or b"").decode().rpartition(":")[2]
        if effect.get("state") != "applied" or ":order:" not in (record.key or b"").decode() or order in out:
            continue
        steps = [attempt["at"] for attempt in effect["attempts"] if attempt["outcome"] == "done"]
        if steps:
            out[order] = Booked(*map(seconds_of, (effect["opened_at"], steps[0], effect["closed_at"])))
    return out


def stages(view: LogView, placed: Mapping[str, float], booked: Mapping[str, Booked]) -> dict[str, list[float]]:
    """Seconds that each order spent from one place on its way to the next."""
    raw: dict[str, float] = {}
    for record in view.records("raw.prestashop.order"):
        native_id = (record.key or b"").decode().partition(":")[2]
        raw.setdefault(canonical_id("prestashop", "1", "order", native_id), record.at.timestamp())
    canonical: dict[str, float] = {}
    for record in view.records("canonical.order"):
        canonical.setdefault((record.key or b"").decode(), record.at.timestamp())
    return {
        "webhook and extraction": [raw[order] - placed[order] for order in booked],
        "processors": [canonical[order] - raw[order] for order in booked],
        "sink until the intent (look-ups, customer)": [
            each.opened - canonical[order] for order, each in booked.items()
        ],
        "header": [each.header - each.opened for each in booked.values()],
        "lines and links": [each.whole - each.header for each in booked.values()],
    }


def seconds_of(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def main() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--rates", type=lambda text: tuple(map(int, text.split(","))), default=RATES)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given, rest = parser.parse_known_args()
    report.script(__doc__, lambda _: measure(given.rates, given.seconds), arguments=rest)


if __name__ == "__main__":
    main()
