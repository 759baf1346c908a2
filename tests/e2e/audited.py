"""An audit of a stack under test, as the operator runs it, and faults that people make in its systems."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from tests.e2e.stack_world import StackWorld

from penstock.cli.errors import Exit
from penstock.cli.stack import PENSTOCK
from penstock.cli.status import is_quiet

EACH = int(os.environ.get("PENSTOCK_E2E_FAULTS", "2"))
"""Faults of each of the five kinds in each flow; with 5, both flows together have fifty."""
WITHIN = 60
"""Seconds that an audit may take."""
Named = set[tuple[str, str]]
"""Kind of a difference, and the document or our reference that it names."""


def audit(world: StackWorld, flow: str) -> Mapping[str, Any]:
    """The statement of a flow. An audit that takes longer than a minute is an error."""
    command = [*PENSTOCK, "audit", "run", "--flow", flow, "--json", "--bootstrap", world.stack.bootstrap]
    env = {**os.environ, **world.stack.variables()}
    done = subprocess.run(command, capture_output=True, check=False, timeout=WITHIN, env=env)
    assert done.returncode in {Exit.OK, Exit.NO}, done.stderr.decode()
    (statement,) = orjson.loads(done.stdout)
    assert done.returncode == (Exit.OK if statement["balanced"] else Exit.NO)
    found: Mapping[str, Any] = statement
    return found


def named(statement: Mapping[str, Any]) -> Named:
    """Each difference by its document and by its reference; a stock row by its SKU."""
    said: Sequence[Mapping[str, Any]] = statement["differences"]
    assert all(each["cause"] and each["repair"] for each in said)
    return {(each["kind"], name) for each in said for name in (each["document"], each["reference"]) if name}


def until_quiet(world: StackWorld) -> None:
    """Three looks in a row at which nothing is left to read and no write is under way."""
    looks: list[bool] = []

    def settled() -> bool:
        looks.append(is_quiet(world.log))
        return looks[-3:] == [True] * 3

    world.until(settled, "nothing left to do", 120)


def found_and_named(
    world: StackWorld, flow: str, refs: Sequence[str], seed: Callable[[], Named], skus: Sequence[str]
) -> None:
    """No alarm for these orders and SKUs; then every fault that `seed` makes, by its name."""
    until_quiet(world)
    before = {name for _, name in named(audit(world, flow))}
    assert not before & {*refs, *skus}
    wanted = seed()
    until_quiet(world)
    found = named(audit(world, flow))
    assert wanted - found == set()
    of_ours = {(kind, name) for kind, name in found if name in {*refs, *skus}}
    kinds = {name: kind for kind, name in wanted if name in {*refs, *skus}}
    assert {(kind, name) for kind, name in of_ours if kinds.get(name, "doubled") != kind} == set()
