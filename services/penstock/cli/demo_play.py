"""Plays a demo: places the orders, does with each what its wish says, and knows when everything has come to rest."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from penstock.cli.demo_plan import Wish
from penstock.cli.demo_read import Reader, Snapshot, reference
from penstock.cli.demo_report import ENDED, Books, ErpOrder, Reason, ShopOrder, balance
from penstock.cli.errors import CommandError, Exit
from penstock.cli.sandbox_api import SandboxApi

IN_THE_SHOP = frozenset({"edit", "pay", "cancel"})


@dataclass(slots=True)
class Placed:
    """One order of the demo and the acts that are still to come."""

    native_id: int
    ref: str
    wish: Wish
    todo: list[str]
    refused: str = ""


@dataclass(slots=True)
class Play:
    """One demo. `reasons` reads from the log why orders are not in the ERP; it explains, and never counts."""

    shop: SandboxApi
    erp: SandboxApi
    reader: Reader
    reasons: Callable[[], Iterable[Reason]]
    placed: list[Placed] = field(default_factory=list)
    snapshot: Snapshot = field(default_factory=Snapshot)

    def place(self, wishes: Iterable[Wish]) -> None:
        for wish in wishes:
            row = self.shop.act("place-order", wish.place)
            number = int(row["id"])
            self.placed.append(Placed(number, reference(number), wish, list(wish.acts)))

    def act(self) -> int:
        """Look at both systems and do the next act of every order that is ready for it. Gives how many were done."""
        self.snapshot = self.reader.read()
        booked = self.snapshot.booked()
        shop = {order.ref: order for order in self.snapshot.shop}
        done = 0
        for each in self.placed:
            there, here = booked.get(each.ref), shop.get(each.ref)
            if each.todo and there and here and self._ready(each, here, there):
                done += self._try(each, there)
        return done

    @property
    def acts_left(self) -> int:
        return sum(len(each.todo) for each in self.placed)

    def books(self) -> Books:
        """The books of the latest look at both systems."""
        return balance(self.snapshot.shop, self.snapshot.erp, self.reasons(), self.snapshot.erp_emails)

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
            for sku, (shown, wanted) in self.snapshot.stock_wrong(self.dead_lettered(books)).items()
        ]
        return left

    @staticmethod
    def dead_lettered(books: Books) -> set[str]:
        """Orders of which nobody knows what they want."""
        return {verdict.ref for verdict in books.verdicts if verdict.kind == "dead_lettered"}

    def _ready(self, each: Placed, here: ShopOrder, there: ErpOrder) -> bool:
        """Whether the next act can be done without running ahead of the flow."""
        if each.todo[0] == "receive":
            return there.number in self.snapshot.invoiced
        if each.todo[0] == "invoice":
            return there.shipped > 0
        # an order is touched only while both sides agree on it: an edit must have arrived before the next act
        agreed = here.status not in ENDED and here.total == there.total
        # what is not paid yet is planned in the ERP and cannot be shipped
        return agreed and (each.todo[0] in IN_THE_SHOP or not there.planned)

    def _try(self, each: Placed, there: ErpOrder) -> bool:
        """A system may refuse an act because the order has moved since the look: then it is tried at the next one."""
        try:
            self._do(each, there)
        except CommandError as error:
            if error.code != Exit.NO:
                raise
            each.refused = str(error)
            return False
        each.todo.pop(0)
        each.refused = ""
        return True

    def _do(self, each: Placed, there: ErpOrder) -> None:
        match each.todo[0]:
            case "edit":
                sku, quantity = self.snapshot.shop_lines[each.ref][0]
                self.shop.act(
                    "change-order", {"id": each.native_id, "lines": [{"sku": sku, "quantity": int(quantity) + 1}]}
                )
            case "pay":
                self.shop.act("pay-order", {"id": each.native_id})
            case "cancel":
                self.shop.act("cancel-order", {"id": each.native_id})
            case "ship-part" if there.ordered > 1:
                self.erp.act("ship", {"CoNum": there.number, "lines": {"1": "1"}})
            case "ship-part":
                pass  # a single piece cannot go in two parts
            case "ship":
                self.erp.act("ship", {"CoNum": there.number})
            case "invoice":
                self.erp.act("invoice", {"CoNum": there.number})
            case "receive":
                self.erp.act("receive-payment", {"CoNum": there.number})
            case unknown:
                raise ValueError(f"no such act: {unknown}")
