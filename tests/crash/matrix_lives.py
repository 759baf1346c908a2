"""The orders of a run and their lives, the same every time but for names and numbers, for each pair of systems."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from penstock.cli.demo_flow import first, read_flow, read_rates
from penstock.cli.demo_play import Play
from penstock.cli.pairs import PAIRS, Moment, Scene, Snapshot, Wish
from penstock.cli.pairs.clarity_sage100.basket import SCARCE, Line
from penstock.cli.pairs.clarity_sage100.read import WAREHOUSE
from penstock.cli.pairs.prestashop_infor.read import WAREHOUSE as MAIN
from penstock.cli.sandbox_api import SandboxApi
from penstock.cli.stack import Stack
from penstock.sandbox.catalogue import catalogue

SEED = 7
"""Of both sandboxes, as their environment files have it."""
PLENTY = 5000
SHIPS = frozenset({"ship", "ship-part"})
BY_CARD = "CARD"
"""How Sage 100 shows an order that was paid in the shop; all orders of a run are, before they are shipped."""
COUNTED = 7
"""Pieces that the warehouse finds in each run."""


class Staged:
    """A pair's scene in which nobody acts before both sides show the last act, so that all runs take one course.

    One act more: `correct` takes out of an order in the shop what the ERP does not know. `paid`: does the ERP show that
    an order is paid?
    """

    def __init__(
        self, inner: Scene, shop: SandboxApi, change: str, paid: Callable[[Moment], bool] = lambda _: True
    ) -> None:
        self._inner, self._shop, self._change, self._paid = inner, shop, change, paid

    def prepare(self) -> None:
        self._inner.prepare()

    def place(self, wish: Wish) -> int:
        return self._inner.place(wish)

    def count_stock(self, seed: int) -> None:
        self._inner.count_stock(seed)

    def read(self) -> Snapshot:
        """Without what earlier runs have left in the ERP."""
        found = self._inner.read()
        refs = {order.ref for order in found.shop}
        return replace(found, erp=[order for order in found.erp if order.ref in refs])

    def ready(self, act: str, now: Moment) -> bool:
        if act == "correct":
            return bool(now.held)
        told = set(now.there.tracking) if now.there is not None else set()
        if now.there is not None and (now.here.status == "paid" or told - set(now.here.tracking)):
            return False
        # what leaves the house before the ERP knows the payment has another end, and rightly so
        unpaid = now.there is not None and (now.here.status == "on-hold" or not self._paid(now))
        return not (act in SHIPS and unpaid) and self._inner.ready(act, now)

    def do(self, act: str, now: Moment) -> None:
        if act == "correct":
            known, lines = now.snapshot.erp_stock, now.snapshot.shop_lines[now.placed.ref]
            gone = [{"sku": sku, "quantity": 0} for sku, _ in lines if sku not in known]
            self._shop.act(self._change, {"id": now.placed.native_id, "lines": gone})
        else:
            self._inner.do(act, now)


@dataclass(slots=True)
class Life:
    """All runs on one stack. `texts` of a run: what names its people -> the part that they play. target: the ERP."""

    flow: str
    source: tuple[str, str]
    erp_name: str
    target: str
    tag: str
    shop: SandboxApi
    erp: SandboxApi
    scene_of: Callable[[], Scene]
    wishes: Callable[[int], Sequence[Wish]]
    count: Callable[[], None]

    def begin(self, number: int) -> tuple[Play, Mapping[str, str]]:
        """Places the orders of run `number` and counts some stock; gives the play and its people's names."""
        play = Play(self.scene_of(), self.tag)
        play.place(self.wishes(number))
        self.count()
        texts = {each.ref: f"order-{place}" for place, each in enumerate(play.placed, 1)}
        return play, {**texts, **people(number)}

    def close(self) -> None:
        self.shop.close()
        self.erp.close()


GUESTS = ("ann", "bob", "cat", "dan", "eve")


def email(who: str, number: int) -> str:
    return f"{who}.run{number}@mail.example"


def surname(who: str, number: int) -> str:
    """Letters only, another for each person and run: the ERP finds customers by name too."""
    dice = random.Random(f"{who}:{number}")
    return "".join(dice.choice("bdfgklmnprstvz") + dice.choice("aeiou") for _ in range(6)).title()


def people(number: int) -> dict[str, str]:
    out = {email(who, number): f"guest-{who}" for who in GUESTS}
    return out | {surname(who, number): f"guest-{who}" for who in GUESTS}


def life_of(stack: Stack, flow: str) -> Life:
    """Opens both sandboxes of a running stack and puts enough on their shelves."""
    file = read_flow(flow)
    (shop_name, shop_about), (erp_name, erp_about) = first(file, "shop"), first(file, "erp")
    source = (shop_about.system or shop_name, shop_about.instance)
    erp_system = erp_about.system or erp_name
    sandboxes = stack.flows[flow].sandboxes
    shop, erp = SandboxApi(sandboxes[shop_name]), SandboxApi(sandboxes[erp_name])
    pair = PAIRS[source[0], erp_system]
    tag = shop_about.tag or ""

    def scene() -> Any:
        return pair.scene(shop, erp, tag, read_rates(flow))

    make = {"prestashop": _prestashop, "clarity": _clarity}[source[0]]
    scene_of, wishes, count = make(scene, shop, erp)
    return Life(flow, source, erp_system, f"{erp_system}:{erp_about.instance}", tag, shop, erp, scene_of, wishes, count)


Parts = tuple[Callable[[], Scene], Callable[[int], Sequence[Wish]], Callable[[], None]]


def _prestashop(scene: Callable[[], Any], shop: SandboxApi, erp: SandboxApi) -> Parts:
    snapshot = scene().read()
    known = sorted(set(snapshot.shop_stock) & set(snapshot.erp_stock))
    strange = min(catalogue(SEED).unknown_to_erp)
    pot, mug, lamp, found = known[:4]
    for sku in known[:4]:
        erp.act("change-stock", {"Item": sku, "QtyOnHand": str(PLENTY)})

    def order(who: str, number: int, payment: str, acts: tuple[str, ...], *skus: str, **more: Any) -> Wish:
        lines = [{"sku": sku, "quantity": 2} for sku in skus]
        person = {"guest": email(who, number), "country": "FR"}
        return Wish({**person, "payment": payment, "lines": lines, **more}, acts)

    def wishes(number: int) -> list[Wish]:
        shipped = ("ship", "invoice")
        return [
            # which of the two is booked first is chance, and a new customer has the terms of the first order
            order("ann", number, "ps_cashondelivery", ("ship-part", *shipped, "receive"), pot, webhook="duplicate"),
            order("ann", number, "ps_cashondelivery", (*shipped, "receive"), mug, webhook="lost"),
            order("bob", number, "ps_wirepayment", ("edit", "pay", *shipped), lamp, pot),
            order("cat", number, "ps_checkout", ("cancel",), mug),
            order("dan", number, "ps_wirepayment", ("correct", "pay", *shipped), lamp, strange),
        ]

    def count() -> None:
        [row] = erp.state("stock", Item=found, Whse=MAIN)
        more = str(int(float(row["QtyOnHand"])) + COUNTED)
        erp.act("change-stock", {"Item": found, "QtyOnHand": more})

    return lambda: Staged(scene(), shop, "change-order"), wishes, count


def _clarity(scene: Callable[[], Any], shop: SandboxApi, erp: SandboxApi) -> Parts:
    begun = scene()
    begun.prepare()
    cast = begun.cast

    def scene_of() -> Scene:
        made = scene()
        made._cast = cast  # as chosen when there was enough of everything

        def paid(now: Moment) -> bool:
            return all(row["PaymentType"] == BY_CARD for row in made._documents(now).orders)

        return Staged(made, shop, "update-order", paid)

    def order(who: str, number: int, acts: tuple[str, ...], *lines: Line, **more: Any) -> Wish:
        address = {"street1": "400 Main St", "city": "Austin", "regionCode": "TX", "postalCode": "78701"}
        contact = {"firstName": who.title(), "lastName": surname(who, number), "address": address}
        person = {"buyer": "guest", "email": email(who, number), "contact": contact}
        card = {"paymentMethod": "credit_card", "paid": True}
        return Wish({**person, **card, "basket": list(lines), **more}, acts)

    def wishes(number: int) -> list[Wish]:
        ship = ("ship", "receive")
        parts = ("ship-part", "enter", "track", "post", "receive")
        return [
            order("ann", number, ship, Line(0, 2), webhook="duplicate"),
            order("ann", number, ("pay", *ship), Line(1, 1), webhook="lost", paid=False),
            order("bob", number, parts, Line(2, 4), Line(3, 1)),
            order("cat", number, ("cancel",), Line(1, 2)),
            order("dan", number, ("correct", "pay", *ship), Line(4, 1), unknownSku=True, paid=False),
            order("eve", number, ("restock", *ship), Line(SCARCE, 3)),
        ]

    def count() -> None:
        erp.act("change-stock", {"ItemCode": cast.goods[5], "WarehouseCode": WAREHOUSE, "delta": str(COUNTED)})

    return scene_of, wishes, count
