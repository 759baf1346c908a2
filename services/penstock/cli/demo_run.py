"""The course of a demo against a running stack: faults, orders, acts, until nothing is left to do."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from penstock.cli.demo_flow import DemoFlow
from penstock.cli.demo_reasons import policies, reasons
from penstock.cli.demo_report import Books
from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import LogView
from penstock.cli.stack import Stack
from penstock.cli.status import is_quiet
from penstock.log.kafka import KafkaSettings

LOOK_EVERY = 1.0
TRICKLE_EVERY = 4.0
BROKER_AWAY_SECONDS = 60.0
QUIET_LOOKS = 2
"""Looks in a row at which nothing may be left to do."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look:
    """One flow at one moment. `unsettled`: what has not come to rest, as sentences."""

    flow: DemoFlow
    books: Books
    unsettled: Sequence[str]


Looks = Mapping[str, Look]


class DemoRun:
    """All flows of a stack. `on_look` gets every look at them; `stopped` ends the trickle, or a run before its time."""

    def __init__(self, stack: Stack, seed: int, on_look: Callable[[Looks], None], stopped: threading.Event) -> None:
        self._seed = seed
        self._on_look = on_look
        self._stopped = stopped
        self.view = LogView(KafkaSettings.from_env(stack.variables()))
        self.flows = {name: DemoFlow.open(stack, name) for name in stack.flows}
        self._shops = {flow.source: flow.play.tag for flow in self.flows.values()}
        for flow in self.flows.values():
            flow.play.scene.prepare()

    def place(self, orders: int, *, cancels: bool) -> None:
        """Put the trouble into all systems, and so many orders into each shop."""
        for flow in self.flows.values():
            flow.erp.add_faults(flow.pair.erp_faults(orders))
            flow.shop.add_faults(flow.pair.shop_faults(orders))
            flow.play.place(flow.pair.wishes(orders, self._seed, cancels=cancels))

    def settle(self, timeout: float) -> Looks:
        """Act until nothing is left to do, at most `timeout` seconds; gives the last look."""
        deadline = time.monotonic() + timeout
        for flow in self.flows.values():
            flow.play.scene.count_stock(self._seed)
        quiet = 0
        while True:
            looks = self._look()
            busy = any(look.unsettled for look in looks.values())
            quiet = 0 if busy or not self._patiently(lambda: is_quiet(self.view)) else quiet + 1
            if quiet >= QUIET_LOOKS or time.monotonic() > deadline or self._stopped.wait(LOOK_EVERY):
                return looks

    def trickle(self) -> None:
        """One order now and then in each shop until `stopped`."""
        dice = random.Random(f"trickle:{self._seed}")
        due = time.monotonic()
        while not self._stopped.wait(LOOK_EVERY):
            if time.monotonic() >= due:
                for flow in self.flows.values():
                    flow.play.place([flow.pair.wish(len(flow.play.placed), dice, self._seed)])
                due += TRICKLE_EVERY
            self._look()

    def policies(self, flow: DemoFlow) -> dict[str, int]:
        """What the policies of a flow did, from the log and from what the systems show."""
        said = policies(self.view, flow.play.tag, flow.pair.policy_of)
        return dict(sorted({**said, **flow.play.snapshot.outcomes}.items()))

    def _look(self) -> Looks:
        for flow in self.flows.values():
            flow.play.act()
        why = self._patiently(lambda: reasons(self.view, self._shops))
        looks = {}
        for name, flow in self.flows.items():
            books = flow.play.books(why.get(flow.play.tag, []))
            looks[name] = Look(flow, books, flow.play.unsettled(books))
        self._on_look(looks)
        return looks

    def _patiently(self, ask: Callable[[], T]) -> T:
        """The log may be away for a while: a broker that was killed is started again."""
        deadline = time.monotonic() + BROKER_AWAY_SECONDS
        while True:
            try:
                return ask()
            except CommandError as error:
                if error.code != Exit.UNREACHABLE or time.monotonic() > deadline or self._stopped.wait(LOOK_EVERY):
                    raise

    def close(self) -> None:
        for flow in self.flows.values():
            flow.close()
