"""Which runs there are: every step, every fault, the first hit; then a second or third hit of some by the dice."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from penstock.checkpoints import ACTIONS, Arming

SERVICES_OF: Mapping[str, tuple[str, ...]] = {
    "ingress": ("ingress",),
    "extraction": ("ingress",),
    "processors": ("processors",),
    "sinks": ("sinks",),
    "lanes": ("ingress", "sinks"),
    "replay": ("replay",),
}
"""First part of a step's name -> the processes that it is in."""
LATER = 3
"""Of so many steps one is hit once more, at its second or third hit: all of it is to end within two hours."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One run: what happens to which service at which step."""

    service: str
    arming: Arming

    def __str__(self) -> str:
        return f"{self.service} {self.arming}"


def places(names: Sequence[str]) -> list[tuple[str, str]]:
    """(service, step) of these steps. Raises KeyError for a step of a service that the harness does not run."""
    return [(service, name) for name in names for service in SERVICES_OF[name.partition(".")[0]]]


def plan(names: Sequence[str], seed: int) -> list[Fault]:
    """All runs of one flow, first hits first, in a random order, so that a beginning of the list is a fair sample."""
    dice = random.Random(f"crash:{seed}")
    runs = []
    for service, name in places(names):
        runs += [Fault(service, Arming(name, 1, action)) for action in ACTIONS]
        runs.append(Fault(service, Arming(name, dice.choice((2, 3)), dice.choice(ACTIONS))))
    dice.shuffle(runs)
    first = [run for run in runs if run.arming.hit == 1]
    later = [run for run in runs if run.arming.hit > 1]
    return first + later[: len(later) // LATER]
