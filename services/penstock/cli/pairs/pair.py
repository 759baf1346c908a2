"""What a demo must know of a pair of systems: its orders, its trouble, and how people act and look on both sides."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol

from penstock.cli.demo_report import ENDED, NOTHING, ErpOrder, ShopOrder
from penstock.cli.sandbox_api import SandboxApi
from penstock.mapping import Rates

Fault = Mapping[str, Any]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """One order. `place` is the body of the shop's action place-order; `acts` happen in order, each when it is ready.

    `trouble` names what is wrong with it, for the table. `held`: the rules must not let it into the ERP, ever.
    """

    place: Mapping[str, Any]
    acts: tuple[str, ...] = ()
    trouble: str = ""
    held: bool = False


@dataclass(slots=True)
class Placed:
    """One order of the demo and the acts that are still to come."""

    native_id: int
    ref: str
    wish: Wish
    todo: list[str]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Both systems at nearly the same moment.

    Attributes:
        shop_lines: our reference -> (SKU, quantity) as the shop sold them.
        erp_lines: our reference -> SKU -> quantity that the ERP has allocated; without an entry all of an order that is
            in the ERP and not only planned there.
        erp_stock: SKU -> available, never negative.
        wrong: sentences on what one of the systems should not show, other than the states that the books judge.
        outcomes: what the policies did, as the systems show it: `policy=value` -> documents.
    """

    shop: Sequence[ShopOrder] = ()
    erp: Sequence[ErpOrder] = ()
    erp_emails: Sequence[str] = ()
    shop_lines: Mapping[str, Sequence[tuple[str, Decimal]]] = field(default_factory=dict)
    erp_lines: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    invoiced: frozenset[str] = frozenset()
    shop_stock: Mapping[str, Decimal] = field(default_factory=dict)
    erp_stock: Mapping[str, Decimal] = field(default_factory=dict)
    wrong: Sequence[str] = ()
    outcomes: Mapping[str, int] = field(default_factory=dict)

    def booked(self) -> dict[str, ErpOrder]:
        """ERP orders by our reference; of several with one reference, one."""
        return {order.ref: order for order in self.erp}

    def stock_wrong(self, ignored: Iterable[str] = ()) -> dict[str, tuple[Decimal, Decimal]]:
        """SKU -> (what the shop shows, what it should show): available in the ERP less what it has not allocated yet.

        SKUs of the orders in `ignored` are left out: nobody knows their demand.
        """
        unbooked = self._unbooked()
        unknown = {sku for ref in ignored for sku, _ in self.shop_lines.get(ref, ())}
        expected = {
            sku: max(available - unbooked[sku], NOTHING)
            for sku, available in self.erp_stock.items()
            if sku not in unknown
        }
        shown = self.shop_stock
        return {sku: (shown[sku], wanted) for sku, wanted in expected.items() if sku in shown and shown[sku] != wanted}

    def _unbooked(self) -> defaultdict[str, Decimal]:
        booked = self.booked()
        out: defaultdict[str, Decimal] = defaultdict(Decimal)
        for order in self.shop:
            if order.status in ENDED:
                continue
            there = booked.get(order.ref)
            have = self.erp_lines.get(order.ref)
            if have is None and there is not None and not there.planned:
                continue
            left = dict(have or {})
            for sku, quantity in self.shop_lines.get(order.ref, ()):
                covered = min(left.get(sku, NOTHING), quantity)
                left[sku] = left.get(sku, NOTHING) - covered
                out[sku] += quantity - covered
        return out


@dataclass(frozen=True, slots=True)
class Moment:
    """One order as an act finds it. `there`: in the ERP, None while it is not; `held`: what holds it, says the log."""

    placed: Placed
    here: ShopOrder
    there: ErpOrder | None
    held: frozenset[str]
    snapshot: Snapshot


class Scene(Protocol):
    """People and eyes at both sandboxes of a pair."""

    def prepare(self) -> None:
        """What must be so before the first order comes."""
        ...

    def place(self, wish: Wish) -> int:
        """The shop's number of the new order."""
        ...

    def read(self) -> Snapshot: ...

    def ready(self, act: str, now: Moment) -> bool:
        """Whether the act can be done without running ahead of the flow."""
        ...

    def do(self, act: str, now: Moment) -> None:
        """Raises CommandError, with code NO when the system refuses."""
        ...

    def count_stock(self, seed: int) -> None:
        """The warehouse counts some items that were ordered."""
        ...


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of systems in a demo. `shop` and `erp` are names of connectors.

    Attributes:
        wish: (number, dice, seed) -> the order of this number; `dice` is used up in order.
        shop_faults, erp_faults: (number of orders) -> trouble spread over them.
        scene: (shop, erp, tag of our references, exchange rates of the flow) -> the sandboxes, opened.
        policy_of: rule of a hold, or kind of a notice -> the policy and its value behind it, as the summary shows it.
    """

    shop: str
    erp: str
    wish: Callable[[int, random.Random, int], Wish]
    shop_faults: Callable[[int], Sequence[Fault]]
    erp_faults: Callable[[int], Sequence[Fault]]
    scene: Callable[[SandboxApi, SandboxApi, str, Rates | None], Scene]
    policy_of: Mapping[str, str] = field(default_factory=dict)

    def wishes(self, count: int, seed: int, *, cancels: bool = True) -> list[Wish]:
        """The orders of a demo. Every kind of trouble comes once in the first twenty, then at random.

        Without `cancels` buyers who would cancel leave their order as it is: then every order ends booked or with a
        reason.
        """
        dice = random.Random(f"demo:{seed}")
        made = [self.wish(number, dice, seed) for number in range(count)]
        return made if cancels else [replace(each, acts=()) if "cancel" in each.acts else each for each in made]


def by(rows: Iterable[Row], name: str) -> defaultdict[str, list[Row]]:
    """Rows by the text of a field."""
    out: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        out[str(row[name])].append(row)
    return out


def amount(row: Row, name: str) -> Decimal:
    """A decimal of a row; zero when there is none."""
    return Decimal(row[name] or 0)
