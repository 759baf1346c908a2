"""Shows a demo while it runs: a live table on a terminal, a line per change elsewhere."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from penstock.cli.demo_report import RANK, Books, Money
from penstock.cli.demo_run import Look, Looks
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
NEWEST, WAITING = 12, 4
"""Rows on the screen, shared by the flows."""


class View:
    """Give it every new look at the flows by `show`."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._live = Live(console=out, refresh_per_second=4) if out.is_terminal else None
        self._last: Mapping[str, Mapping[str, int]] = {}

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

    def show(self, looks: Looks, seconds: float) -> None:
        now = {name: cycle(look) for name, look in looks.items()}
        if self._live:
            self._live.update(picture(looks, now, seconds))
        for name, counts in now.items():
            if not self._live and counts != self._last.get(name):
                said = ", ".join(f"{count} {column}" for column, count in counts.items())
                self.tell(f"{seconds:6.1f} s  {name}: {said}")
        self._last = now


def cycle(look: Look) -> dict[str, int]:
    """How many orders of a flow have come how far."""
    snapshot, books = look.flow.play.snapshot, look.books
    shop, erp = snapshot.shop, snapshot.erp
    counts = (
        len(shop),
        len(erp),
        books.counts["held"] + books.counts["dead_lettered"],
        books.counts["cancelled"],
        sum(order.complete for order in erp),
        sum(RANK.get(order.status, 0) >= RANK["shipped"] for order in shop),
        sum(order.number in snapshot.invoiced for order in erp),
        sum(order.paid >= order.total for order in shop),
        look.flow.play.acts_left,
    )
    return dict(zip(COLUMNS, counts, strict=True))


def picture(looks: Looks, now: Mapping[str, Mapping[str, int]], seconds: float) -> Table:
    whole = Table.grid(padding=(1, 0))
    counts = [(name, *of_flow.values()) for name, of_flow in now.items()]
    whole.add_row(table(("flow", *COLUMNS), counts, title=f"{seconds:.0f} s"))
    rows = [row for look in looks.values() for row in newest(look, NEWEST // len(looks))]
    whole.add_row(table(("order", "charged", "trouble", "in the ERP", "in the shop", "to come"), rows))
    lines = [line for look in looks.values() for line in look.unsettled[: WAITING // len(looks)]]
    whole.add_row(table(("waiting for",), ([line] for line in lines)))
    return whole


def newest(look: Look, count: int) -> list[tuple[object, ...]]:
    """Rows on the orders that were placed last."""
    snapshot = look.flow.play.snapshot
    booked = snapshot.booked()
    shop = {order.ref: order for order in snapshot.shop}
    rows: list[tuple[object, ...]] = []
    for each in look.flow.play.placed[-count:]:
        here, there = shop.get(each.ref), booked.get(each.ref)
        money = f"{here.total:.2f} {here.currency}" if here else ""
        number = ", ".join((there.number, *there.parts)) if there else ""
        rows.append((each.ref, money, each.wish.trouble, number, here and here.status, ", ".join(each.todo)))
    return rows


def summary(
    books: Mapping[str, Books],
    stock_wrong: Mapping[str, int],
    policies: Mapping[str, Mapping[str, int]],
    seconds: float,
) -> Table:
    """The books for people, one column per flow; behind them what each policy did."""
    names = list(books)
    rows: list[tuple[object, ...]] = [
        (label, *(books[name].counts[count] for name in names))
        for label, count in (
            ("orders placed in the shop", "orders_placed"),
            ("in the ERP once", "booked_once"),
            ("held, with a reason", "held"),
            ("dead-lettered, with a reason", "dead_lettered"),
            ("cancelled", "cancelled"),
            ("in the ERP more than once", "doubled"),
            ("missing", "missing"),
            ("unexplained", "unexplained"),
        )
    ]
    rows += [
        ("wrong states in the shop", *(books[name].shop_states_wrong for name in names)),
        ("customers doubled in the ERP", *(books[name].customers_doubled for name in names)),
        ("stock levels wrong in the shop", *(stock_wrong[name] for name in names)),
    ]
    for label, money in (
        ("charged by the shop, to be booked", "money_placed"),
        ("booked in the ERP", "money_booked"),
        ("charged, held", "money_held"),
        ("charged, cancelled", "money_cancelled"),
    ):
        rows.append((label, *(amounts(getattr(books[name], money)) for name in names)))
    known = sorted({policy for counted in policies.values() for policy in counted})
    rows += [(f"policy {policy}", *(policies[name].get(policy, "") for name in names)) for policy in known]
    return table((f"read back after {seconds:.0f} s", *names), rows)


def amounts(money: Money) -> str:
    return "  ".join(f"{amount:.2f} {code}" for code, amount in money.items()) or "0"
