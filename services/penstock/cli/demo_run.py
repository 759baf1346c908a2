"""The course of a demo against a running stack: faults, orders, acts, until nothing is left to do."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from penstock.cli.demo_plan import erp_faults, shop_faults, stock_changes, wish, wishes
from penstock.cli.demo_play import Play
from penstock.cli.demo_read import Reader
from penstock.cli.demo_reasons import reasons
from penstock.cli.demo_report import Books
from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import LogView
from penstock.cli.sandbox_api import SandboxApi
from penstock.cli.stack import Stack
from penstock.cli.status import is_quiet
from penstock.log.kafka import KafkaSettings

LOOK_EVERY = 1.0
TRICKLE_EVERY = 4.0
BROKER_AWAY_SECONDS = 60.0
QUIET_LOOKS = 2
"""Looks in a row at which nothing may be left to do."""

T = TypeVar("T")
Look = Callable[[Play, Books, Sequence[str]], None]


class DemoRun:
    """`on_look` gets every look at the two systems. `stopped` ends the trickle, or a run before its time."""

    def __init__(self, stack: Stack, seed: int, on_look: Look, stopped: threading.Event) -> None:
        self._seed = seed
        self._on_look = on_look
        self._stopped = stopped
        self.view = LogView(KafkaSettings.from_env(stack.variables()))
        self.shop, self.erp = SandboxApi(stack.sandboxes["prestashop"]), SandboxApi(stack.sandboxes["infor"])
        self.play = Play(self.shop, self.erp, Reader(self.shop, self.erp), lambda: reasons(self.view))

    def place(self, orders: int, *, cancels: bool, faults: bool = True) -> None:
        """Put the trouble into both systems, and the orders into the shop."""
        if faults:
            self.erp.add_faults(erp_faults(orders))
            self.shop.add_faults(shop_faults(orders))
        self.play.place(wishes(orders, self._seed, cancels=cancels))

    def settle(self, timeout: float) -> tuple[Books, Sequence[str]]:
        """Act until nothing is left to do, at most `timeout` seconds; gives the books and what is still unsettled."""
        deadline = time.monotonic() + timeout
        self._count_stock()
        quiet = 0
        while True:
            books, unsettled = self._look()
            quiet = 0 if unsettled or not self._patiently(lambda: is_quiet(self.view)) else quiet + 1
            if quiet >= QUIET_LOOKS or time.monotonic() > deadline:
                return books, unsettled
            if self._stopped.wait(LOOK_EVERY):
                return books, unsettled

    def trickle(self) -> None:
        """One order now and then until `stopped`."""
        dice = random.Random(f"trickle:{self._seed}")
        due = time.monotonic()
        while not self._stopped.wait(LOOK_EVERY):
            if time.monotonic() >= due:
                self.play.place([wish(len(self.play.placed), dice, self._seed)])
                due += TRICKLE_EVERY
            self._look()

    def _look(self) -> tuple[Books, Sequence[str]]:
        self.play.act()
        books = self._patiently(self.play.books)
        unsettled = self.play.unsettled(books)
        self._on_look(self.play, books, unsettled)
        return books, unsettled

    def _patiently(self, ask: Callable[[], T]) -> T:
        """The log may be away for a while: a broker that was killed is started again."""
        deadline = time.monotonic() + BROKER_AWAY_SECONDS
        while True:
            try:
                return ask()
            except CommandError as error:
                if error.code != Exit.UNREACHABLE or time.monotonic() > deadline or self._stopped.wait(LOOK_EVERY):
                    raise

    def _count_stock(self) -> None:
        """The warehouse counts some items that were ordered: the shop must show what is left."""
        snapshot = self.play.reader.read()
        sold = {sku for lines in snapshot.shop_lines.values() for sku, _ in lines} & set(snapshot.erp_stock)
        for sku, quantity in stock_changes(self._seed, sorted(sold)):
            self.erp.act("change-stock", {"Item": sku, "QtyOnHand": str(quantity)})

    def close(self) -> None:
        self.shop.close()
        self.erp.close()
