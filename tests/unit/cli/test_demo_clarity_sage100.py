"""The second pair's demo against its two sandboxes, in this process: no flow between them, so nothing gets booked."""

from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from penstock.cli.demo_play import Play
from penstock.cli.demo_report import ErpOrder, Reason
from penstock.cli.pairs.clarity_sage100 import PAIR
from penstock.cli.pairs.clarity_sage100.basket import BACK_ORDERED, PARTIAL, SCARCE
from penstock.cli.pairs.clarity_sage100.plan import erp_faults, shop_faults
from penstock.cli.pairs.clarity_sage100.read import PART, Documents
from penstock.cli.pairs.clarity_sage100.scene import Scene
from penstock.cli.pairs.pair import Moment
from penstock.cli.sandbox_api import SandboxApi
from penstock.connectors.clarity.sandbox import create as clarity
from penstock.connectors.sage100.sandbox import create as sage100

SEED = 7
ORDERS = 80


@pytest.fixture
def systems() -> Iterator[tuple[SandboxApi, SandboxApi]]:
    with ExitStack() as opened:
        made = []
        for app in (clarity(None, SEED, {}), sage100(None, SEED, {})):
            api = SandboxApi("http://sandbox")
            api._http.close()
            api._http = opened.enter_context(TestClient(app, base_url="http://sandbox/_sandbox/"))
            made.append(api)
        yield made[0], made[1]


def test_the_shop_takes_every_order_of_the_demo(systems: tuple[SandboxApi, SandboxApi]) -> None:
    scene = Scene(*systems, "CL1", None)
    play = Play(scene, "CL1")
    scene.prepare()
    play.place(PAIR.wishes(ORDERS, SEED))
    assert play.act() == 0, "nothing is in the ERP, so nothing can be done there"
    snapshot = play.snapshot
    assert len(snapshot.shop) == ORDERS
    assert {order.status for order in snapshot.shop} == {"paid"}
    assert {order.currency for order in snapshot.shop} == {"USD", "EUR", "JPY"}
    assert any(order.paid == order.total for order in snapshot.shop)
    assert any(order.paid == 0 for order in snapshot.shop)
    books = play.books([])
    assert books.counts["missing"] == ORDERS
    assert books.customers_doubled == 0
    scene.count_stock(SEED)
    assert play.unsettled(books)


def test_too_little_is_there_of_what_is_to_run_out(systems: tuple[SandboxApi, SandboxApi]) -> None:
    scene = Scene(*systems, "CL1", None)
    scene.prepare()
    stock = scene.read().erp_stock
    assert [stock[scene.cast.parts[part]] for part in (SCARCE, BACK_ORDERED, PARTIAL)] == [1, 0, 1]
    assert all(stock[sku] > Decimal(1000) for sku in scene.cast.goods)
    assert not {*scene.cast.goods} & {*scene.cast.parts.values()}


def test_twenty_orders_bring_every_act_and_the_same_seed_the_same_orders() -> None:
    made = PAIR.wishes(20, SEED)
    acts = {act for wish in made for act in wish.acts}
    wanted = {"edit", "pay", "cancel", "ship-part", "enter", "track", "post", "receive", "restock", "pay-balance"}
    assert wanted | {"lock", "exclusive", "ship"} <= acts
    assert made == PAIR.wishes(20, SEED)
    assert made != PAIR.wishes(20, SEED + 1)
    assert sum(wish.held for wish in made) >= 5
    assert not any("cancel" in wish.acts for wish in PAIR.wishes(20, SEED, cancels=False))


def test_the_sandboxes_understand_the_faults(systems: tuple[SandboxApi, SandboxApi]) -> None:
    shop, erp = systems
    shop.add_faults(shop_faults(200))
    erp.add_faults(erp_faults(200))
    assert len(shop.faults()) == len(shop_faults(200))
    assert len(erp.faults()) == len(erp_faults(200))


def test_a_buyer_over_the_limit_pays_until_the_order_fits_to_the_cent(systems: tuple[SandboxApi, SandboxApi]) -> None:
    shop, erp = systems
    scene = Scene(shop, erp, "CL1", None)
    play = Play(scene, "CL1")
    scene.prepare()
    play.place([wish for wish in PAIR.wishes(20, SEED) if "pay-balance" in wish.acts])
    play.act()
    assert play.placed[0].todo[0] == "pay-balance", "nothing says yet that it is held"
    ref = play.placed[0].ref
    play.books([Reason(ref, "held", "credit: over the limit", "credit")])
    play.act()
    assert play.placed[0].todo[0] == "pay-balance", "it is not booked yet"
    (order,) = play.snapshot.shop
    (customer,) = erp.state("customers", EmailAddress=order.email)
    assert Decimal(customer["CurrentBalance"]) + order.total == Decimal(customer["CreditLimit"])


def test_stock_that_comes_covers_the_order_that_waits_for_it(systems: tuple[SandboxApi, SandboxApi]) -> None:
    shop, erp = systems
    scene = Scene(shop, erp, "CL1", None)
    play = Play(scene, "CL1")
    scene.prepare()
    play.place([wish for wish in PAIR.wishes(20, SEED) if wish.trouble == "out of stock, held"])
    play.act()
    play.books([Reason(play.placed[0].ref, "held", "stock: too little", "stock")])
    before = scene.read().erp_stock[scene.cast.parts[SCARCE]]
    assert play.act() == 1
    assert scene.read().erp_stock[scene.cast.parts[SCARCE]] == before + 3
    assert play.placed[0].todo[0] == "ship"


@pytest.mark.parametrize(
    ("status", "shipped", "ready"),
    [("H", "0", False), ("N", "0", True), ("C", "2", True)],
    ids=["the rest waits for stock", "the rest can go", "all of it went at once"],
)
def test_a_second_shipment_is_not_waited_for_when_there_is_nothing_left_to_ship(
    systems: tuple[SandboxApi, SandboxApi], status: str, shipped: str, ready: bool
) -> None:
    scene = Scene(*systems, "CL1", None)
    play = Play(scene, "CL1")
    scene.prepare()
    play.place([wish for wish in PAIR.wishes(20, SEED) if wish.acts.count("ship") == 2])
    play.act()
    (placed,), (here,) = play.placed, play.snapshot.shop
    parts = [("W0000001", "first", "C", "1", "1"), ("X0000001", "remainder", status, "2", shipped)]
    scene._reader.documents = {
        placed.ref: Documents(
            orders=[{"SalesOrderNo": number, PART: part, "OrderStatus": state} for number, part, state, *_ in parts],
            lines=[
                {
                    "SalesOrderNo": number,
                    "ItemCode": "A",
                    "QuantityOrdered": of,
                    "QuantityShipped": gone,
                    "InEntry": "0",
                }
                for number, _, _, of, gone in parts
            ],
        )
    }
    quantities = {"ordered": Decimal(3), "shipped": 1 + Decimal(shipped)}
    there = ErpOrder(placed.ref, "W0000001", here.currency, here.total, **quantities)
    assert scene.ready("ship", Moment(placed, here, there, frozenset(), play.snapshot)) is ready
