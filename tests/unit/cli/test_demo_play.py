from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from penstock.cli.demo_play import Play
from penstock.cli.demo_report import ErpOrder, Reason, ShopOrder
from penstock.cli.errors import CommandError, Exit
from penstock.cli.pairs import Snapshot, Wish
from penstock.cli.pairs.prestashop_infor import PAIR
from penstock.cli.pairs.prestashop_infor.plan import erp_faults, shop_faults
from penstock.cli.pairs.prestashop_infor.scene import Scene
from penstock.connectors.prestashop.sandbox.forms import PlaceOrder
from penstock.sandbox.faults import FaultBox

SHOP = ShopOrder("PS1-1", "EUR", Decimal(10), "paid", ("paid",), paid=Decimal(10))
ERP = ErpOrder("PS1-1", "PS00000001", "EUR", Decimal(10), ordered=Decimal(2))


class FakeSandbox:
    """Notes the acts; `refuses` names those that it will not do."""

    def __init__(self) -> None:
        self.acts: list[tuple[str, Mapping[str, Any]]] = []
        self.refuses: set[str] = set()
        self.code = Exit.NO

    def act(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if action in self.refuses:
            raise CommandError("not now", self.code)
        self.acts.append((action, body))
        return {"id": 1}


class FakeScene(Scene):
    """The people of the pair, at fakes; `snapshot` is what they see."""

    def __init__(self, shop: FakeSandbox, erp: FakeSandbox, snapshot: Snapshot) -> None:
        self._shop, self._erp = shop, erp  # type: ignore[assignment]  # fakes
        self.snapshot = snapshot

    def read(self) -> Snapshot:
        return self.snapshot


def playing(acts: tuple[str, ...], *, held: bool = False) -> tuple[Play, FakeSandbox, FakeSandbox, FakeScene]:
    shop, erp = FakeSandbox(), FakeSandbox()
    scene = FakeScene(shop, erp, Snapshot(shop=[SHOP], erp=[ERP], shop_lines={"PS1-1": [("APR-SND", Decimal(2))]}))
    play = Play(scene, "PS1")
    play.place([Wish({}, acts, held=held)])
    shop.acts.clear()
    return play, shop, erp, scene


def test_acts_happen_one_after_another_as_the_order_comes_along() -> None:
    play, shop, erp, scene = playing(("edit", "ship", "invoice", "receive"))
    assert play.act() == 1
    assert shop.acts == [("change-order", {"id": 1, "lines": [{"sku": "APR-SND", "quantity": 3}]})]
    scene.snapshot = replace(scene.snapshot, shop=[replace(SHOP, total=Decimal(15))])
    assert play.act() == 0, "the edit has not reached the ERP yet"
    scene.snapshot = replace(scene.snapshot, erp=[replace(ERP, total=Decimal(15))])
    play.act()
    shipped = replace(ERP, total=Decimal(15), shipped=Decimal(2))
    scene.snapshot = replace(scene.snapshot, erp=[shipped])
    play.act()
    assert play.act() == 0, "there is no invoice yet"
    scene.snapshot = replace(scene.snapshot, invoiced=frozenset({"PS00000001"}))
    play.act()
    assert [name for name, _ in erp.acts] == ["ship", "invoice", "receive-payment"]
    assert play.acts_left == 0


def test_a_planned_order_is_paid_but_not_shipped() -> None:
    play, shop, erp, scene = playing(("pay", "ship"))
    scene.snapshot = replace(scene.snapshot, erp=[replace(ERP, planned=True)])
    play.act()
    play.act()
    assert [name for name, _ in shop.acts] == ["pay-order"]
    assert erp.acts == []


def test_a_refused_act_is_tried_again_and_named_meanwhile() -> None:
    play, _, erp, _ = playing(("ship",))
    erp.refuses = {"ship"}
    assert play.act() == 0
    assert any("not now" in line for line in play.unsettled(play.books([])))
    erp.refuses = set()
    assert play.act() == 1


def test_a_sandbox_that_does_not_answer_ends_the_demo() -> None:
    play, _, erp, _ = playing(("ship",))
    erp.refuses, erp.code = {"ship"}, Exit.UNREACHABLE
    with pytest.raises(CommandError):
        play.act()


def test_an_order_that_the_rules_should_have_held_is_unsettled() -> None:
    play, *_ = playing((), held=True)
    play.act()
    assert "PS1-1 should be held" in play.unsettled(play.books([]))


def test_an_order_that_was_held_and_is_not_is_known_as_such() -> None:
    play, *_ = playing(())
    play.act()
    play.books([Reason("PS1-1", "held", "item: unknown", "item"), Reason("PS1-2", "dead_lettered", "unknown")])
    assert play.held == {("PS1-1", "item")}
    play.books([])
    assert play.held == set()


def test_a_paid_order_that_the_shop_does_not_show_as_worked_on_is_unsettled() -> None:
    play, *_ = playing(())
    play.act()
    assert any("does not show yet" in line for line in play.unsettled(play.books([])))


def test_the_same_seed_gives_the_same_orders_and_the_shop_understands_all_of_them() -> None:
    assert PAIR.wishes(60, 7) == PAIR.wishes(60, 7)
    assert PAIR.wishes(60, 7) != PAIR.wishes(60, 8)
    for wish in PAIR.wishes(60, 7):
        PlaceOrder.model_validate(wish.place)


def test_twenty_orders_bring_every_kind_of_trouble_and_every_act() -> None:
    made = PAIR.wishes(20, 7)
    wanted = {"unknown SKU", "wrong totals", "webhook twice", "webhook lost", "webhook late"}
    assert wanted <= {wish.trouble for wish in made}
    assert {"edit", "pay", "cancel", "ship-part", "ship", "invoice"} <= {act for wish in made for act in wish.acts}


def test_several_guests_share_an_address() -> None:
    guests = [wish.place["guest"] for wish in PAIR.wishes(20, 7) if "guest" in wish.place]
    assert len(guests) > len(set(guests))


def test_the_sandboxes_understand_the_faults() -> None:
    FaultBox(7, {"token_expired"}).add([dict(fault) for fault in erp_faults(200)])
    FaultBox(7).add([dict(fault) for fault in shop_faults(200)])
