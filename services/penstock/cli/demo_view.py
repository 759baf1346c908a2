"""Shows a demo while it runs: a live table on a terminal, a line per change elsewhere."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from penstock.cli.demo_play import Play
from penstock.cli.demo_report import RANK, Books
from penstock.cli.output import table

COLUMNS = (
    "placed",
    "in the ERP",
    "held",
    "cancelled",
    "shipped",
    "shown shipped",
    "invoiced",
    "paid in the shop",
    "to do",
)
NEWEST = 12


class View:
    """Give it every new look at the two systems by `show`."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._live = Live(console=out, refresh_per_second=4) if out.is_terminal else None
        self._last: Mapping[str, int] = {}

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def tell(self, line: str) -> None:
        self._out.print(line, markup=False)

    def print(self, what: Table) -> None:
        self._out.print(what)

    def show(self, play: Play, books: Books, unsettled: Sequence[str], seconds: float) -> None:
        now = cycle(play, books)
        if self._live:
            self._live.update(picture(play, now, seconds, unsettled))
        elif now != self._last:
            said = ", ".join(f"{count} {name}" for name, count in now.items())
            self.tell(f"{seconds:6.1f} s  {said}")
        self._last = now


def cycle(play: Play, books: Books) -> dict[str, int]:
    """How many orders have come how far."""
    shop, erp = play.snapshot.shop, play.snapshot.erp
    counts = (
        len(shop),
        len(erp),
        books.counts["held"] + books.counts["dead_lettered"],
        books.counts["cancelled"],
        sum(order.complete for order in erp),
        sum(RANK.get(order.status, 0) >= RANK["shipped"] for order in shop),
        sum(order.number in play.snapshot.invoiced for order in erp),
        sum(order.paid >= order.total for order in shop),
        play.acts_left,
    )
    return dict(zip(COLUMNS, counts, strict=True))


def picture(play: Play, now: Mapping[str, int], seconds: float, unsettled: Sequence[str]) -> Table:
    whole = Table.grid(padding=(1, 0))
    whole.add_row(table(COLUMNS, [list(now.values())], title=f"{seconds:.0f} s"))
    booked = play.snapshot.booked()
    shop = {order.ref: order for order in play.snapshot.shop}
    rows = []
    for each in play.placed[-NEWEST:]:
        here, there = shop.get(each.ref), booked.get(each.ref)
        money = f"{here.total:.2f} {here.currency}" if here else ""
        rows.append(
            (each.ref, money, each.wish.trouble, there and there.number, here and here.status, ", ".join(each.todo))
        )
    whole.add_row(table(("order", "charged", "trouble", "in the ERP", "in the shop", "to come"), rows))
    whole.add_row(table(("waiting for",), ([line] for line in unsettled[:4])))
    return whole


def summary(books: Books, stock_wrong: int, seconds: float) -> Table:
    """The books, for people."""
    counts = books.counts
    rows: list[tuple[object, ...]] = [
        ("orders placed in the shop", counts["orders_placed"]),
        ("in the ERP once", counts["booked_once"]),
        ("held, with a reason", counts["held"]),
        ("dead-lettered, with a reason", counts["dead_lettered"]),
        ("cancelled", counts["cancelled"]),
        ("in the ERP more than once", counts["doubled"]),
        ("missing", counts["missing"]),
        ("unexplained", counts["unexplained"]),
        ("wrong states in the shop", books.shop_states_wrong),
        ("customers doubled in the ERP", books.customers_doubled),
        ("stock levels wrong in the shop", stock_wrong),
    ]
    for name, money in (
        ("charged by the shop, to be booked", books.money_placed),
        ("booked in the ERP", books.money_booked),
        ("charged, held", books.money_held),
        ("charged, cancelled", books.money_cancelled),
    ):
        rows.append((name, "  ".join(f"{amount:.2f} {code}" for code, amount in money.items()) or "0"))
    return table(("read back from the two systems", f"{seconds:.0f} s"), rows)
