"""The benchmarks can be imported and their table reads right; what they measure is for `make bench`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))


@pytest.fixture(autouse=True)
def _as_a_script(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A script sees its own folder first. Its neighbours' short names are forgotten afterwards."""
    monkeypatch.syspath_prepend(str(FOLDER))
    yield
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", NAMES)
def test_each_benchmark_can_be_imported(name: str) -> None:
    assert importlib.import_module(name).__doc__


def test_make_bench_runs_what_is_there() -> None:
    assert set(importlib.import_module("run").SCRIPTS) <= set(NAMES)


def test_a_figure_is_met_by_its_median_on_the_right_side_of_the_budget() -> None:
    report = importlib.import_module("report")
    rate = report.Figure("rate", "events/s", [4_000, 5_000, 90_000], 5_000, at_least=True)
    wait = report.Figure("wait", "ms", [1, 21, 22], 20)
    assert (rate.met(), wait.met(), report.Figure("free", "ms", [1]).met()) == ("yes", "no", "")
    assert rate.measured() == "5,000 (4,000-90,000) events/s"
    assert wait.wanted() == "<= 20 ms"


def test_a_quantile_is_one_of_the_values() -> None:
    quantile = importlib.import_module("report").quantile
    values = [float(each) for each in range(1, 101)]
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile([7.0], 0.99)) == (50.0, 99.0, 7.0)
