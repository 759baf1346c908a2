"""Do the books balance: what the shop took, against what the ERP booked. Pure: two states in, counts and amounts out.

Every order of the shop gets exactly one class, so that
placed = booked once + doubled + missing + held + dead-lettered + cancelled + unexplained.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal, get_args

Kind = Literal["booked_once", "doubled", "missing", "held", "dead_lettered", "cancelled", "unexplained"]
Money = Mapping[str, Decimal]

BAD: frozenset[Kind] = frozenset({"doubled", "missing", "unexplained"})
RANK = {
    "awaiting-payment": 0,
    "backorder": 0,
    "paid": 1,
    "confirmed": 1,
    "processing": 2,
    "on-hold": 2,
    "part-shipped": 2,
    "shipped": 3,
    "delivered": 4,
}
"""How far an order has come. A status that is not here ends the order."""
ENDED = frozenset({"cancelled", "refunded", "payment-error"})
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """An order as the shop shows it. `statuses`: canonical statuses of its history, oldest first; `total` is gross."""

    ref: str
    currency: str
    total: Decimal
    status: str
    statuses: tuple[str, ...] = ()
    tracking: tuple[str, ...] = ()
    paid: Decimal = NOTHING
    email: str = ""


@dataclass(frozen=True, slots=True)
class ErpOrder:
    """An order as the ERP shows it. Quantities are sums over its lines; `paid` is what the ERP received for it.

    `planned`: not released yet, so nothing can be shipped; `stopped`: a cancellation that the ERP keeps. `parts`:
    numbers of further documents where the order was booked as several (a remainder that is shipped later).
    """

    ref: str
    number: str
    currency: str
    total: Decimal
    planned: bool = False
    stopped: bool = False
    ordered: Decimal = NOTHING
    shipped: Decimal = NOTHING
    tracking: tuple[str, ...] = ()
    paid: Decimal = NOTHING
    parts: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return self.ordered > 0 and self.shipped >= self.ordered


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an order, or its latest change, is not in the ERP: an open hold or a dead letter. `by`: rule or condition."""

    ref: str
    kind: Literal["held", "dead_lettered"]
    text: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one order of the shop, and how much of its total is held or cancelled; the rest must be booked."""

    ref: str
    kind: Kind
    why: str = ""
    held: Decimal = NOTHING
    cancelled: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Books:
    """The result. `problems` are sentences; the run is good only when there are none."""

    counts: Mapping[str, int]
    money_placed: Money
    money_booked: Money
    money_held: Money
    money_cancelled: Money
    shop_states_wrong: int
    customers_doubled: int
    verdicts: Sequence[Verdict]
    problems: Sequence[str]

    @property
    def balanced(self) -> bool:
        return not self.problems and self.money_placed == self.money_booked

    def as_json(self) -> dict[str, Any]:
        """Counts as numbers, money per currency as texts."""
        money = ("money_placed", "money_booked", "money_held", "money_cancelled")
        return {
            **self.counts,
            **{name: {code: f"{amount:.2f}" for code, amount in getattr(self, name).items()} for name in money},
            "shop_states_wrong": self.shop_states_wrong,
            "customers_doubled": self.customers_doubled,
            "problems": list(self.problems),
            "reasons": {verdict.ref: verdict.why for verdict in self.verdicts if verdict.why},
        }


def balance(
    shop: Sequence[ShopOrder],
    erp: Sequence[ErpOrder],
    reasons: Iterable[Reason],
    erp_customer_emails: Iterable[str],
    also_wrong: Sequence[str] = (),
) -> Books:
    """The books of one shop against one ERP.

    `erp`: only orders with a reference of this shop. `erp_customer_emails`: one entry per customer of the ERP.
    `also_wrong`: sentences on what else a system should not show.
    """
    by_ref: dict[str, list[ErpOrder]] = defaultdict(list)
    for booked in erp:
        by_ref[booked.ref].append(booked)
    why: dict[str, list[Reason]] = defaultdict(list)
    for reason in reasons:
        why[reason.ref].append(reason)

    verdicts = [classify(order, by_ref[order.ref], why[order.ref]) for order in shop]
    ghosts = [booked for booked in erp if booked.ref not in {order.ref for order in shop}]
    wrong = [f"{order.ref}: {said}" for order in shop if (said := wrong_state(order, by_ref[order.ref]))]
    wrong += also_wrong
    doubled = doubled_customers((order.email for order in shop), erp_customer_emails)

    kinds = Counter(verdict.kind for verdict in verdicts)
    counts = {"orders_placed": len(shop)} | {kind: kinds[kind] for kind in get_args(Kind)}
    counts["unexplained"] += len(ghosts)
    pairs = list(zip(shop, verdicts, strict=True))
    return Books(
        counts=counts,
        money_placed=_sums((order.currency, order.total - v.held - v.cancelled) for order, v in pairs),
        money_booked=_sums((booked.currency, booked.total) for booked in erp if not booked.stopped),
        money_held=_sums((order.currency, v.held) for order, v in pairs),
        money_cancelled=_sums((order.currency, v.cancelled) for order, v in pairs),
        shop_states_wrong=len(wrong),
        customers_doubled=sum(doubled.values()),
        verdicts=verdicts,
        problems=[
            *(f"{verdict.ref}: {verdict.why}" for verdict in verdicts if verdict.kind in BAD),
            *(f"{ghost.ref}: {ghost.number} is in the ERP, and the shop has no such order" for ghost in ghosts),
            *wrong,
            *(f"{extra + 1} customers of the ERP share one e-mail address of the shop" for extra in doubled.values()),
        ],
    )


def together(books: Iterable[Books]) -> Books:
    """The books of several flows as one."""
    all_of = list(books)

    def money(ask: Callable[[Books], Money]) -> Money:
        return _sums(each for one in all_of for each in ask(one).items())

    return Books(
        counts={name: sum(one.counts[name] for one in all_of) for name in ("orders_placed", *get_args(Kind))},
        money_placed=money(lambda one: one.money_placed),
        money_booked=money(lambda one: one.money_booked),
        money_held=money(lambda one: one.money_held),
        money_cancelled=money(lambda one: one.money_cancelled),
        shop_states_wrong=sum(one.shop_states_wrong for one in all_of),
        customers_doubled=sum(one.customers_doubled for one in all_of),
        verdicts=[verdict for one in all_of for verdict in one.verdicts],
        problems=[line for one in all_of for line in one.problems],
    )


def classify(order: ShopOrder, booked: Sequence[ErpOrder], reasons: Sequence[Reason]) -> Verdict:
    """The class of one order, from its ERP orders and the reasons on the log."""
    said = "; ".join(reason.text for reason in reasons)
    if len(booked) > 1:
        return Verdict(order.ref, "doubled", f"{len(booked)} orders: {', '.join(each.number for each in booked)}")
    if not booked:
        return _not_booked(order, reasons, said)
    there = booked[0]
    if there.stopped:
        if order.status in ENDED:
            return Verdict(order.ref, "cancelled", said, cancelled=order.total)
        return Verdict(order.ref, "unexplained", f"{there.number} is stopped, the shop shows {order.status}")
    if there.currency != order.currency:
        text = f"{order.total} {order.currency} in the shop, {there.total} {there.currency} in {there.number}"
        return Verdict(order.ref, "unexplained", text)
    left = order.total - there.total
    if order.status in ENDED:
        if there.complete:  # part-shipped, and cut down to what was shipped
            return Verdict(order.ref, "booked_once", said, cancelled=left)
        if reasons:
            return Verdict(order.ref, "booked_once", said, held=left)
        return Verdict(order.ref, "unexplained", f"{order.status} in the shop, open in the ERP as {there.number}")
    if left == 0:
        return Verdict(order.ref, "booked_once", said)
    if reasons:
        return Verdict(order.ref, "booked_once", said, held=left)
    return Verdict(order.ref, "unexplained", f"{order.total} in the shop, {there.total} in the ERP as {there.number}")


def _not_booked(order: ShopOrder, reasons: Sequence[Reason], said: str) -> Verdict:
    if order.status in ENDED:
        return Verdict(order.ref, "cancelled", said, cancelled=order.total)
    if any(reason.kind == "dead_lettered" for reason in reasons):
        return Verdict(order.ref, "dead_lettered", said, held=order.total)
    if reasons:
        return Verdict(order.ref, "held", said, held=order.total)
    return Verdict(order.ref, "missing", "not in the ERP, and nothing on the log says why")


def wrong_state(order: ShopOrder, booked: Sequence[ErpOrder]) -> str | None:
    """What is wrong with the state that the shop shows, given what the ERP did; None when all is right."""
    if said := wrong_history(order.statuses):
        return said
    if order.status in ENDED:
        return None
    rank = RANK[order.status]
    there = booked[0] if booked else None
    if there and there.paid > order.paid:
        return f"the ERP received {there.paid}, the shop shows {order.paid} paid"
    if there is None or not there.complete:
        return f"{order.status} in the shop, and the ERP has not shipped all of it" if rank >= RANK["shipped"] else None
    if rank < RANK["shipped"]:
        return f"{there.number} has been shipped, the shop shows {order.status}"
    if lacking := set(there.tracking) - set(order.tracking):
        return f"tracking number {', '.join(sorted(lacking))} has not reached the shop"
    return None


def wrong_history(statuses: Sequence[str]) -> str | None:
    """A status that came twice, or a step back."""
    ranks = [RANK[status] for status in statuses if status in RANK]
    for before, after in pairwise(statuses):
        if before == after:
            return f"{after} twice in a row"
    return "its history goes backwards" if ranks != sorted(ranks) else None


def doubled_customers(shop_emails: Iterable[str], erp_emails: Iterable[str]) -> Mapping[str, int]:
    """E-mail addresses of the shop's buyers with more than one customer in the ERP -> how many too many."""
    buyers = {email.strip().lower() for email in shop_emails} - {""}
    counted = Counter(email.strip().lower() for email in erp_emails)
    return {email: counted[email] - 1 for email in sorted(buyers) if counted[email] > 1}


def _sums(amounts: Iterable[tuple[str, Decimal]]) -> Money:
    """Sums per currency; currencies with nothing are left out."""
    total: dict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in amounts:
        total[currency] += amount
    return {code: total[code] for code in sorted(total) if total[code]}
