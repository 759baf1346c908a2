"""Outages, and answers that are worth nothing, in the later life of an order."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from tests.e2e.world import World, number_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

ACCEPTED, PROCESSING, SHIPPED = 2, 3, 4


def test_an_outage_of_the_erp_is_told_and_ends_with_every_order_booked(world: World) -> None:
    began = datetime.now(UTC)
    world.trouble(world.erp, {"kind": "error_before", "times": None})
    refs = [world.place() for _ in range(5)]

    def told(kind: str) -> bool:
        return any(a["kind"] == kind and datetime.fromisoformat(a["at"]) > began for a in world.alerts())

    world.until(lambda: told("outage"), "an alert that the ERP is out")
    world.trouble(world.erp)
    for ref in refs:
        world.booked(ref)
    world.until(lambda: told("outage-over"), "an alert that it is over")


def test_a_shipment_is_shown_once_though_the_shop_answers_500_to_what_it_stores(world: World) -> None:
    ref = world.place()
    number = world.booked(ref)["CoNum"]
    world.until(lambda: world.states(ref)[-1] == PROCESSING, f"{ref} shown as {PROCESSING}")
    stored = {"kind": "empty_500_after", "times": 1}
    world.trouble(
        world.shop,
        {**stored, "id": "tracking", "method": "PATCH", "path": "/api/order_carriers"},
        {**stored, "id": "state", "method": "POST", "path": "/api/order_histories"},
    )
    world.erp.act("ship", {"CoNum": number, "tracking": "1Z999AA10123456784"})
    world.until(lambda: world.states(ref)[-1] == SHIPPED, f"{ref} shown as {SHIPPED}: {world.states(ref)}")
    assert world.states(ref) == [ACCEPTED, PROCESSING, SHIPPED]
    (carrier,) = world.shop.state("order_carriers", id_order=number_of(ref))
    assert carrier["tracking_number"] == "1Z999AA10123456784"
    assert world.fired(world.shop) == {"tracking": 1, "state": 1}


def test_a_payment_is_entered_once_though_the_shop_answers_500_to_what_it_stores(world: World) -> None:
    ref = world.place(payment="ps_cashondelivery")
    number = world.booked(ref)["CoNum"]
    world.erp.act("ship", {"CoNum": number})
    world.erp.act("invoice", {"CoNum": number})
    stored = {"kind": "empty_500_after", "times": 1, "method": "POST"}
    world.trouble(world.shop, {**stored, "path": "/api/order_(payments|histories)"})
    world.erp.act("receive-payment", {"CoNum": number})
    reference, total = world.shop_order(ref)["reference"], Decimal(world.shop_order(ref)["total_paid_tax_incl"])

    def paid() -> Decimal:
        rows = world.shop.state("order_payments", order_reference=reference)
        return sum((Decimal(row["amount"]) for row in rows), Decimal(0))

    world.until(lambda: paid() >= total, f"{ref} shown as paid, {total}")
    world.until(lambda: SHIPPED in world.states(ref), f"{ref} shown as {SHIPPED}")
    assert paid() == total
    assert world.states(ref)[-1] == SHIPPED
    assert len(set(world.states(ref))) == len(world.states(ref))
