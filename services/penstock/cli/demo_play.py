"""Plays a demo: places the orders, does with each what its wish says, and knows when everything has come to rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from penstock.cli.demo_report import Books, Reason, balance
from penstock.cli.errors import CommandError, Exit
from penstock.cli.pairs import Moment, Placed, Scene, Snapshot, Wish


@dataclass(slots=True)
class Play:
    """One flow of a demo. `tag` begins our references; reasons from the log explain, and never count."""

    scene: Scene
    tag: str
    placed: list[Placed] = field(default_factory=list)
    snapshot: Snapshot = field(default_factory=Snapshot)
    held: set[tuple[str, str]] = field(default_factory=set)
    """(our reference, what holds it)."""

    def place(self, wishes: Iterable[Wish]) -> None:
        for wish in wishes:
            number = self.scene.place(wish)
            self.placed.append(Placed(number, f"{self.tag}-{number}", wish, list(wish.acts)))

    def act(self) -> int:
        """Look at both systems and do the next act of every order that is ready for it. Gives how many were done."""
        self.snapshot = self.scene.read()
        booked = self.snapshot.booked()
        shop = {order.ref: order for order in self.snapshot.shop}
        done = 0
        for each in self.placed:
            here = shop.get(each.ref)
            if each.todo and here:
                held = frozenset(by for ref, by in self.held if ref == each.ref)
                now = Moment(each, here, booked.get(each.ref), held, self.snapshot)
                done += self.scene.ready(each.todo[0], now) and self._try(now)
        return done

    @property
    def acts_left(self) -> int:
        return sum(len(each.todo) for each in self.placed)

    def books(self, reasons: Sequence[Reason]) -> Books:
        """The books of the latest look at both systems."""
        self.held = {(reason.ref, reason.by) for reason in reasons if reason.kind == "held"}
        snapshot = self.snapshot
        return balance(snapshot.shop, snapshot.erp, reasons, snapshot.erp_emails, snapshot.wrong)

    def unsettled(self, books: Books) -> Sequence[str]:
        """What has not come to rest yet, as sentences: problems of the books, acts, and states that must still move."""
        booked = self.snapshot.booked()
        left = [*books.problems]
        left += [
            f"{each.ref}: {each.todo[0]} is still to come {each.refused}".strip() for each in self.placed if each.todo
        ]
        held = {verdict.ref for verdict in books.verdicts if verdict.kind in {"held", "dead_lettered"}}
        left += [f"{each.ref} should be held" for each in self.placed if each.wish.held and each.ref not in held]
        for order in self.snapshot.shop:
            there = booked.get(order.ref)
            if there and not there.complete and not there.planned and order.status == "paid":
                left.append(f"{order.ref}: the shop does not show yet that the ERP works on it")
        left += [
            f"{sku}: the shop shows {shown} in stock, it should be {wanted}"
            for sku, (shown, wanted) in self.stock_wrong(books).items()
        ]
        return left

    def stock_wrong(self, books: Books) -> dict[str, tuple[object, object]]:
        """SKU -> (shown, wanted), but for orders of which nobody knows what they want."""
        dead = {verdict.ref for verdict in books.verdicts if verdict.kind == "dead_lettered"}
        return {**self.snapshot.stock_wrong(dead)}

    def _try(self, now: Moment) -> bool:
        """A system may refuse an act because the order has moved since the look: then it is tried at the next one."""
        each = now.placed
        try:
            self.scene.do(each.todo[0], now)
        except CommandError as error:
            if error.code != Exit.NO:
                raise
            each.refused = str(error)
            return False
        each.todo.pop(0)
        each.refused = ""
        return True
