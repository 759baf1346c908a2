"""What every benchmark shares: a figure with its budget, the machine it was taken on, and the table."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import structlog

from penstock.log.jars import KAFKA_VERSION

LIBRARIES = ("aiokafka", "confluent-kafka", "faust-streaming", "fastavro", "orjson", "aiohttp", "uvicorn")
WIDTHS = (52, 13, 34)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    `runs`: the value of each run, in `unit`. `budget`: a number with "at least" for rates and "at most" for the rest,
    None where design.md names none. `note`: what was measured, e.g. the document's size and the calls per order.
    """

    what: str
    unit: str
    runs: Sequence[float]
    budget: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    def met(self) -> str:
        """`yes`, `no`, or nothing without a budget."""
        if self.budget is None:
            return ""
        good = self.median >= self.budget if self.at_least else self.median <= self.budget
        return "yes" if good else "no"

    def wanted(self) -> str:
        return "" if self.budget is None else f"{'>=' if self.at_least else '<='} {number(self.budget)} {self.unit}"

    def measured(self) -> str:
        if len(self.runs) == 1:
            return f"{number(self.median)} {self.unit}"
        return f"{number(self.median)} ({number(min(self.runs))}-{number(max(self.runs))}) {self.unit}"


def number(value: float) -> str:
    """Three digits that count."""
    if value and abs(value) < 100 and not float(value).is_integer():
        return f"{value:.3g}"
    return f"{value:,.0f}"


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def load() -> float:
    """Processes that wanted a core during the last minute, on average: above the number of cores, figures suffer."""
    return os.getloadavg()[0]


def machine() -> str:
    """Cores, memory, system and the versions that matter."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, Kafka {KAFKA_VERSION} on loopback, {libraries}"
    )


def tell(text: str) -> None:
    """A word to who waits."""
    print(f"  {text} (load {load():.1f})", file=sys.stderr, flush=True)


def lines(figures: Sequence[Figure]) -> list[str]:
    """The table as text, a line per figure."""
    head = ("what", "budget", "measured: median (min-max)")
    out = ["".join(name.ljust(width) for name, width in zip(head, WIDTHS, strict=True)) + "met"]
    for each in figures:
        cells = (each.what, each.wanted(), each.measured())
        row = "".join(cell.ljust(width - 1) + " " for cell, width in zip(cells, WIDTHS, strict=True)) + each.met()
        out.append(row.rstrip())
        if each.note:
            out.append(f"    {each.note}")
    return out


def script(
    about: str | None,
    measure: Callable[[int], list[Figure]],
    runs: int = 3,
    arguments: Sequence[str] | None = None,
) -> None:
    """The command line of one benchmark: measure, print, and with --json also write the figures to a file."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=runs)
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args(arguments)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(30), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    before = load()
    figures = measure(given.runs)
    if given.json:
        given.json.write_text(json.dumps([asdict(each) for each in figures]))
    print(machine())
    print(f"load before {before:.1f}, after {load():.1f}")
    print("\n".join(lines(figures)))
