"""The life of an order, both directions, on the whole stack."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.e2e.world import SKU, World

from penstock.cli.logview import header
from penstock.cli.pairs.prestashop_infor.read import WAREHOUSE, available
from penstock.cli.sandbox_api import Row
from penstock.cli.waiting import entries
from penstock.log.fates import Fate, collapse
from penstock.records.ids import canonical_id

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

RAW = {
    "prestashop": ("order", "customer", "product", "refund"),
    "infor": ("order", "shipment", "invoice", "payment", "stock", "customer", "item"),
}
PAID, PROCESSING, SHIPPED, CANCELLED, WIRE = 2, 3, 4, 6, 10


def number(ref: str) -> str:
    return ref.partition("-")[2]


def state(world: World, ref: str) -> int:
    return int(world.shop_order(ref)["current_state"])


def tracking(world: World, ref: str) -> str:
    (row,) = world.shop.state("order_carriers", id_order=number(ref))
    return str(row["tracking_number"])


def quantity(world: World, sku: str) -> int:
    """What the shop offers of a SKU."""
    products = {row["reference"]: int(row["id"]) for row in world.shop.state("products")}
    variants = {row["reference"]: row for row in world.shop.state("combinations")}
    variant = variants.get(sku)
    wanted = (int(variant["id_product"]), int(variant["id"])) if variant else (products[sku], 0)
    rows = world.shop.state("stock_availables")
    (row,) = [r for r in rows if (int(r["id_product"]), int(r["id_product_attribute"])) == wanted]
    return int(row["quantity"])


def unsold(world: World) -> list[Row]:
    """The ERP's stock of what the shop offers and nobody has ordered: no other test moves it."""
    sold = {row["product_reference"] for row in world.shop.state("order_details")}
    offered = {row["reference"] for row in world.shop.state("combinations")}
    return [row for row in world.erp.state("stock", Whse=WAREHOUSE) if row["Item"] in offered - sold]


def test_an_order_is_booked_shipped_and_shown_with_its_tracking_number(world: World):
    ref = world.place()
    booked = world.booked(ref)
    world.until(lambda: state(world, ref) == PROCESSING, "the shop shows that it is worked on")
    world.erp.act("ship", {"CoNum": booked["CoNum"], "tracking": "1Z999AA10123456784"})
    world.until(lambda: state(world, ref) == SHIPPED, "the shop shows it as shipped")
    assert tracking(world, ref) == "1Z999AA10123456784"
    assert world.states(ref) == [PAID, PROCESSING, SHIPPED]
    assert {fate.state.value for fate in world.fates(ref)} <= {"applied", "unchanged", "superseded"}


def test_an_unpaid_order_is_planned_and_released_when_the_shop_says_it_is_paid(world: World):
    ref = world.place(payment="ps_wirepayment")
    planned = world.until(lambda: world.erp_order(ref), f"{ref} in the ERP")
    assert planned["Stat"] == "P"
    assert state(world, ref) == WIRE
    world.shop.act("pay-order", {"id": int(number(ref))})
    world.booked(ref)
    world.until(lambda: state(world, ref) == PROCESSING, "worked on")
    assert len(world.shop.state("order_payments", order_reference=world.shop_order(ref)["reference"])) == 1


def test_a_payment_that_the_erp_received_becomes_one_payment_in_the_shop(world: World):
    ref = world.place(payment="ps_cashondelivery")
    booked = world.booked(ref)
    world.erp.act("ship", {"CoNum": booked["CoNum"]})
    world.erp.act("invoice", {"CoNum": booked["CoNum"]})
    world.erp.act("receive-payment", {"CoNum": booked["CoNum"]})
    world.until(lambda: state(world, ref) == SHIPPED, "paid and shipped in the shop")
    (payment,) = world.shop.state("order_payments", order_reference=world.shop_order(ref)["reference"])
    assert Decimal(payment["amount"]) == Decimal(world.shop_order(ref)["total_paid"])
    assert PAID in world.states(ref)


def test_an_edit_before_shipping_reaches_the_erp(world: World):
    ref = world.place(payment="ps_wirepayment")
    planned = world.until(lambda: world.erp_order(ref), f"{ref} in the ERP")
    world.shop.act("change-order", {"id": int(number(ref)), "lines": [{"sku": SKU, "quantity": 5}]})
    total = Decimal(world.shop_order(ref)["total_paid_tax_incl"])

    def edited() -> bool:
        row = world.erp_order(ref)
        return row is not None and Decimal(row["Price"]) == total

    world.until(edited, f"the ERP has {total}")
    lines = world.erp.state("lines", CoNum=planned["CoNum"])
    assert {row["Item"]: Decimal(row["QtyOrdered"]) for row in lines}[SKU] == 5


def test_a_cancelled_order_leaves_the_erp_and_its_stock_is_free_again(world: World):
    sku = max(row["Item"] for row in unsold(world) if available(row) >= 3)
    (before,) = [available(row) for row in unsold(world) if row["Item"] == sku]
    world.until(lambda: quantity(world, sku) == before, f"the shop offers the {before} of {sku} that the ERP has")
    ref = world.place(lines=[{"sku": sku, "quantity": 3}])
    world.booked(ref)
    world.until(lambda: quantity(world, sku) == before - 3, f"the shop offers 3 of {sku} less than {before}")
    world.shop.act("cancel-order", {"id": int(number(ref))})
    world.until(lambda: world.erp_order(ref) is None, f"{ref} is gone from the ERP")
    world.until(lambda: quantity(world, sku) == before, lambda: f"{before} of {sku}, not {quantity(world, sku)}")
    assert state(world, ref) == CANCELLED


def test_a_refund_is_recorded_and_held_for_a_clerk(world: World):
    ref = world.place()
    world.booked(ref)
    world.shop.act("refund-order", {"id": int(number(ref)), "lines": [{"sku": SKU, "quantity": 1}]})

    def refunds() -> list[str]:
        return [e.data["reason"] for e in entries(world.log, "hold") if e.data["entity"] == "refund"]

    reason = world.until(refunds, "a held refund")[-1]
    assert ref in reason


def test_a_phone_order_of_the_erp_is_not_ours(world: World):
    placed = world.erp.act("place-phone-order", {"lines": [{"Item": SKU, "QtyOrdered": "1"}]})
    mark = f"infor:DALS:order:{placed['CoNum'].strip()}:"

    def fate() -> list[Fate]:
        records = (r for r in world.log.records("fate") if (r.key or b"").startswith(mark.encode()))
        return list(collapse(Fate.decode(r.key or b"", r.value or b"") for r in records).values())

    found = world.until(fate, f"the fate of {placed['CoNum']}")
    assert {each.state.value for each in found} == {"not-ours"}


def test_stock_of_the_erp_reaches_the_shop(world: World):
    sku = min(row["Item"] for row in unsold(world))
    world.erp.act("change-stock", {"Item": sku, "Whse": "MAIN", "QtyOnHand": "77"})
    world.until(lambda: quantity(world, sku) == 77, f"the shop offers 77 of {sku}", 90)


def test_stock_of_an_item_that_the_shop_does_not_have_waits_until_it_does(world: World):
    sku = "NEW-E2E"
    world.erp.act("add-item", {"Item": sku, "Description": "New lamp", "UM": "EA", "QtyOnHand": "9"})

    def waiting() -> list[str]:
        return [e.data["reason"] for e in entries(world.log, "parked.prestashop") if sku in e.data["document"]]

    reason = world.until(waiting, f"stock of {sku} waits", 90)[-1]
    assert sku in reason
    world.shop.act("add-product", {"sku": sku, "name": "New lamp", "price": "12.50", "stock": 0})
    world.until(lambda: quantity(world, sku) == 9, f"the shop offers 9 of {sku}", 150)


def test_ten_orders_of_one_new_guest_at_once_make_one_customer(world: World):
    mail = world.guest()
    refs = [world.place(guest=mail) for _ in range(10)]
    for ref in refs:
        world.booked(ref)
    assert len(world.erp.state("customers", CustomerEmailAddr=mail, CustSeq="0")) == 1


def test_a_lost_webhook_is_found_by_polling_and_a_double_one_is_one_order(world: World):
    lost, twice = world.place(webhook="lost"), world.place(webhook="duplicate")
    world.booked(lost)
    world.booked(twice)


def test_the_trace_of_an_order_tells_its_whole_way(world: World):
    ref = world.place()
    booked = world.booked(ref)
    world.until(lambda: state(world, ref) == PROCESSING, "worked on")
    for key in ("junk", canonical_id("prestashop", "1", "order", ref.rpartition("-")[2])):
        world.publish("canonical.order", key, b"not a record")
    for name in (ref, booked["CoNum"], world.shop_order(ref)["reference"]):
        words = (ref, booked["CoNum"], "raw", "canonical", "applied", "header")

        def told(name: str = name, words: tuple[str, ...] = words) -> bool:
            trace = world.penstock("trace", name)
            return all(word in trace for word in words)

        world.until(told, f"the trace of {name} names {words}")


def test_every_event_on_the_log_ends_in_a_fate(world: World):
    """One fate per event and target: none without, and no final one that was changed."""
    topics = [f"raw.{system}.{entity}" for system, entities in RAW.items() for entity in entities]

    def without() -> set[str]:
        events = {header(record, "ce_id") for topic in topics for record in world.log.records(topic)}
        fates = [Fate.decode(record.key or b"", record.value or b"") for record in world.log.records("fate")]
        return {event for event in events if event} - {fate.event_id for fate in fates}

    world.until(lambda: not without(), "every event has a fate", 120)
    finals: dict[str, set[str]] = {}
    for record in world.log.records("fate"):
        fate = Fate.decode(record.key or b"", record.value or b"")
        if fate.state.final:
            finals.setdefault(fate.key, set()).add(fate.state.value)
    assert finals
    changed = {key: states for key, states in finals.items() if len(states - {"unchanged", "superseded"}) > 1}
    assert changed == {}
