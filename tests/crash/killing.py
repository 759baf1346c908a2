"""A run of the whole stack in which processes are killed while orders come in; afterwards the books must balance."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from penstock.cli.demo_flow import DemoFlow
from penstock.cli.demo_report import Books
from penstock.cli.demo_run import DemoRun, Looks
from penstock.cli.stack import Stack
from penstock.cli.supervise import Supervisor

ENV = "sandbox"
LONGEST_PAUSE = 1.5
ALIVE_SECONDS = 60.0
UNDER_WAY = 0.4
PROGRESS_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """`unsettled`: what had not come to rest in time; `restarts`: how often a child was started again."""

    books: Books
    unsettled: Sequence[str]
    restarts: int


def kill_among_orders(
    data: Path,
    orders: int,
    seed: int,
    kills: Sequence[str],
    *,
    flow: str,
    timeout: float,
    plain: bool = False,
    tell: Callable[[str], None] = print,
) -> Outcome:
    """Place `orders` in as many batches as there are kills, one kill (SIGKILL, by child's name) amid each; then settle.

    A batch comes once a part of what was placed before is in the ERP, so that every kill hits work under way. Who is
    killed comes in the order of `kills`; when, within 1.5 s of a batch, is drawn from the seed. `plain`: only orders
    that the rules let through and nobody cancels, so that the ERP must hold all of them.
    """
    dice = random.Random(f"kills:{seed}")
    with _running(data, flow, seed, tell) as (run, one, supervisor):
        placed = one.pair.wishes(3 * orders if plain else orders, seed)
        if plain:
            placed = [each for each in placed if not each.held and "cancel" not in each.acts][:orders]
        size = -(-orders // len(kills))
        for number, name in enumerate(kills):
            _wait_for_work(one, int(len(one.play.placed) * UNDER_WAY))
            one.play.place(placed[number * size : (number + 1) * size])
            time.sleep(dice.uniform(0.05, LONGEST_PAUSE))
            _wait_alive(supervisor, name)
            pid = supervisor.kill(name)
            tell(f"kill {number + 1} of {len(kills)}: {name} (pid {pid}), {len(one.play.placed)} orders placed")
        last = run.settle(timeout)[flow]
        return Outcome(last.books, last.unsettled, supervisor.restarts)


@contextmanager
def _running(
    data: Path, flow: str, seed: int, tell: Callable[[str], None]
) -> Iterator[tuple[DemoRun, DemoFlow, Supervisor]]:
    stack = Stack.load(flow, ENV, data)
    began = time.monotonic()
    said: list[str] = []

    def look(looks: Looks) -> None:
        now = looks[flow]
        play, counts = now.flow.play, now.books.counts
        line = f"{len(play.snapshot.erp)} in the ERP, {counts['held']} held, {play.acts_left} acts and "
        line += f"{len(now.unsettled)} points left"
        if said[-1:] != [line]:
            said.append(line)
            tell(f"{time.monotonic() - began:6.1f} s  {line}")

    with stack.supervisor(on_event=tell) as supervisor:
        run = DemoRun(stack, seed, look, threading.Event())
        try:
            yield run, run.flows[flow], supervisor
        finally:
            run.close()


def _wait_for_work(flow: DemoFlow, least: int) -> None:
    """Until `least` orders are in the ERP; what people do with them goes on meanwhile."""
    deadline = time.monotonic() + PROGRESS_SECONDS
    while True:
        flow.play.act()
        found = len(flow.play.snapshot.erp)
        if found >= least:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{found} orders in the ERP after {PROGRESS_SECONDS:.0f} s, not {least}")
        time.sleep(0.2)


def _wait_alive(supervisor: Supervisor, name: str) -> None:
    """A child that has just been killed may not be back: a kill that hits nobody does not count."""
    deadline = time.monotonic() + ALIVE_SECONDS
    while not supervisor.children[name].alive:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} was not started again within {ALIVE_SECONDS:.0f} s")
        time.sleep(0.02)
