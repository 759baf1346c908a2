"""The life of an order between Clarity and Sage 100, both directions, on the whole stack."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.e2e.second_world import OPEN, OTHER_SKU, SETTLED, SKU, SecondWorld
from tests.e2e.stack_world import number_of

from penstock.cli.demo_flow import read_rates
from penstock.cli.logview import header
from penstock.cli.waiting import entries
from penstock.log.fates import Fate
from penstock.records.money import to_minor_unit

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

RAW = {
    "clarity": ("order", "customer", "product", "refund"),
    "sage100": ("order", "shipment", "invoice", "payment", "stock", "customer", "item", "price"),
}
KNOWN_BUYER = "mary.nguyen36@inbox.example"
"""Has a customer in Sage 100, without a credit limit."""
NEW_SECRET, SECRET, SECRET_BEFORE = "not-known-to-us-yet", "sandbox-webhook-secret", "sandbox-webhook-secret-before"
PARIS = {"street1": "7 rue Monge", "city": "Paris", "regionCode": None, "postalCode": "75005", "countryCode": "FR"}
TOKYO = {"street1": "1-2 Ginza", "city": "Tokyo", "regionCode": None, "postalCode": "104-0061", "countryCode": "JP"}


def statuses(world: SecondWorld, ref: str) -> list[str]:
    return [step["to"] for step in world.shop_order(ref)["statusHistory"]]


def tracking(world: SecondWorld, ref: str) -> list[str | None]:
    return [row["trackingNumber"] for row in world.shipments(ref)]


def attribute(world: SecondWorld, ref: str, start: str) -> list[str]:
    return [str(value) for name, value in world.shop_order(ref)["attributes"].items() if name.startswith(start)]


# --- the cycle


def test_an_order_is_booked_shipped_invoiced_and_paid_and_its_trace_tells_it_by_any_number(second: SecondWorld) -> None:
    ref = second.place(userId=second.user(KNOWN_BUYER)["id"], paid=False, paymentTerms="NET30")
    order = second.booked(ref)
    number = order["SalesOrderNo"]
    second.until(lambda: second.status(ref) == "Processing", f"{ref} is worked on in the shop")
    assert second.shop_order(ref)["customKey"] == number
    invoice = second.erp.act("enter-invoice", {"SalesOrderNo": number})["InvoiceNo"]
    second.until(lambda: second.shipments(ref), f"the shipment of {ref} in the shop")
    assert tracking(second, ref) == [None]
    code = f"1ZLATE{invoice}"
    second.erp.act("add-tracking", {"InvoiceNo": invoice, "TrackingID": code, "StarshipShipVia": "UPS GROUND"})
    second.until(lambda: tracking(second, ref) == [code], f"the tracking number of {ref} in the shop")
    second.erp.act("post-invoice", {"InvoiceNo": invoice})
    second.until(lambda: second.status(ref) == "Completed", f"{ref} is completed in the shop")
    second.until(lambda: attribute(second, ref, f"invoice.{invoice}"), f"invoice {invoice} in the shop")
    second.erp.act("receive-payment", {"InvoiceNo": invoice})
    received = second.until(lambda: attribute(second, ref, "paymentReceived."), f"the receipt of {ref} in the shop")
    assert Decimal(received[0].split()[0]) == second.total(ref)
    (shipment,) = second.shipments(ref)
    assert (shipment["carrier"], shipment["status"], shipment["customKey"]) == ("UPS", "shipped", invoice)
    assert statuses(second, ref) == ["Processing", "Shipped", "Completed"]
    told = second.shop.state("notifications_sent", salesOrderId=number_of(ref))
    assert [row["shipmentId"] for row in told if row["kind"] == "shipment"] == [shipment["id"]]
    assert max(Counter((row["kind"], row["status"]) for row in told).values()) == 1
    second.settled(ref)
    for name in (ref, number):
        trace = second.penstock("trace", name)
        assert all(word in trace for word in (ref, number, "raw", "canonical", "applied")), f"the trace of {name}"
    stories = json.loads(second.penstock("trace", code, "--json"))
    assert [story["reference"] for story in stories] == [ref]
    assert {"order", "shipment", "invoice", "payment"} <= {fate["entity"] for fate in stories[0]["fates"]}


# --- how a change is noticed


@pytest.mark.parametrize("way", ["lost", "duplicate", "out-of-order", "late", "wrong-signature"])
def test_an_order_is_booked_once_when_its_webhook_is(second: SecondWorld, way: str) -> None:
    ref = second.place(webhook=way, seconds=2)
    second.booked(ref)
    second.until(lambda: second.status(ref) == "Processing", f"{ref} is worked on in the shop")
    assert {fate.state for fate in second.settled(ref)} <= SETTLED


@pytest.mark.parametrize("wrong", [{"forged": True}, {"age": 3600}], ids=["forged", "an hour old"])
def test_a_webhook_is_refused_when_it_is(second: SecondWorld, wrong: dict[str, Any]) -> None:
    ref = second.place()
    second.booked(ref)
    second.shop.act("emit-webhook", {"type": "order.cancelled", "id": int(number_of(ref)), **wrong})

    def answers() -> list[int]:
        return [each["status"] for row in second.deliveries(ref, "order.cancelled") for each in row["attempts"]]

    second.until(answers, "an answer of ingress")
    assert set(answers()) == {401}
    assert second.sales_orders(ref)


def test_an_event_of_an_older_version_changes_nothing(second: SecondWorld) -> None:
    ref = second.place()
    second.booked(ref)
    second.shop.act("update-order", {"id": int(number_of(ref)), "lines": [{"sku": SKU, "quantity": "5"}]})
    second.booked(ref)
    second.shop.act("emit-webhook", {"type": "order.created", "id": int(number_of(ref)), "sequence": 1, "version": 1})
    second.until(lambda: len(second.deliveries(ref, "order.created")) == 2, "the event sent")
    second.settled(ref)
    assert second.lines(ref)[SKU] == 5


def test_a_rotated_secret_is_accepted_and_one_that_is_not_ours_yet_loses_no_order(second: SecondWorld) -> None:
    try:
        second.shop.act("rotate-secret", {"secret": SECRET_BEFORE, "keep": 0})
        before = second.place()
        second.shop.act("rotate-secret", {"secret": NEW_SECRET, "keep": 1})
        both = second.place()
        second.shop.act("rotate-secret", {"secret": NEW_SECRET, "keep": 0})
        strange = second.place()
        for ref in (before, both, strange):
            second.booked(ref)
        answers = {ref: first_answer(second, ref) for ref in (before, both, strange)}
    finally:
        second.shop.act("rotate-secret", {"secret": SECRET_BEFORE, "keep": 0})
        second.shop.act("rotate-secret", {"secret": SECRET, "keep": 1})
    assert [answers[before] // 100, answers[both] // 100, answers[strange]] == [2, 2, 401]


def first_answer(world: SecondWorld, ref: str) -> int:
    """What ingress said when it was first told of an order."""
    return int(world.deliveries(ref, "order.created")[0]["attempts"][0]["status"])


# --- edits, cancels, refunds


def test_an_edit_before_shipping_reaches_the_erp(second: SecondWorld) -> None:
    ref = second.place()
    second.booked(ref)
    second.shop.act("update-order", {"id": int(number_of(ref)), "lines": [{"sku": SKU, "quantity": "7"}]})
    second.booked(ref)
    assert second.lines(ref) == {SKU: 7, OTHER_SKU: 1}


def test_an_edit_after_shipping_is_held_in_words_and_the_erp_keeps_what_it_shipped(second: SecondWorld) -> None:
    ref = second.place()
    second.ship(second.booked(ref))
    before = second.lines(ref)
    second.until(lambda: second.status(ref) == "Completed", f"{ref} is completed in the shop")
    second.shop.act("update-order", {"id": int(number_of(ref)), "lines": [{"sku": SKU, "quantity": "9"}]})
    reason = second.held(ref, "change").data["reason"]
    assert second.sales_orders(ref)[0]["SalesOrderNo"] in reason
    assert second.lines(ref) == before


def test_a_cancelled_order_leaves_the_erp_and_its_stock_is_free_again(second: SecondWorld) -> None:
    sku = "TTL-QLT"
    before = second.offered(sku)
    ref = second.place(lines=[{"sku": sku, "quantity": "3"}])
    second.booked(ref)
    second.shop.act("cancel-order", {"id": int(number_of(ref))})
    second.until(lambda: not second.sales_orders(ref), f"{ref} is gone from the ERP")
    second.until(lambda: second.offered(sku) == before, f"the shop offers {before} again")
    second.settled(ref)
    assert second.status(ref) == "Cancelled"


def test_a_cancel_after_a_part_was_shipped_is_held_for_a_person(second: SecondWorld) -> None:
    ref = second.place()
    order = second.booked(ref)
    line = second.erp.state("sales_order_lines", SalesOrderNo=order["SalesOrderNo"], ItemCode=SKU)[0]
    second.ship(order, lines={line["LineKey"]: "1"})
    second.until(lambda: second.status(ref) == "Partially Shipped", f"{ref} is shipped in part in the shop")
    second.shop.act("cancel-order", {"id": int(number_of(ref))})
    assert "take the goods back" in second.held(ref, "cancel").data["reason"]
    assert second.sales_orders(ref)[0]["OrderStatus"] in OPEN


def test_a_refund_in_the_shop_is_held_in_words(second: SecondWorld) -> None:
    ref = second.place()
    order = second.booked(ref)
    refund = second.shop.act(
        "refund-order", {"id": int(number_of(ref)), "lines": [{"sku": SKU, "quantity": "1"}], "reason": "broken"}
    )

    def refunds() -> list[str]:
        held = [entry.data for entry in entries(second.log, "hold") if entry.data["entity"] == "refund"]
        return [data["reason"] for data in held if ref in data["reason"]]

    (reason,) = second.until(refunds, "a held refund")
    assert refund["amount"] in reason
    assert order["SalesOrderNo"] in reason


# --- money


@pytest.mark.parametrize(
    "wish",
    [
        {"taxIncluded": True},
        {"orderDiscount": {"percent": "10"}, "lines": [{"sku": SKU, "quantity": "3", "discount": "4.37"}]},
        {"handling": "3.50", "fees": "2.25", "shipping": "8.15"},
        {"taxRate": "0.0825", "taxIncluded": True, "orderDiscount": {"amount": "7.77"}, "handling": "1.99"},
        {"shippingTaxed": True, "lines": [{"sku": SKU, "quantity": "7", "unitPrice": "0.3333"}]},
    ],
    ids=["tax in the prices", "discounts of line and order", "handling and fees", "all at once", "fractions of a cent"],
)
def test_the_erp_comes_to_the_total_of_the_shop_with(second: SecondWorld, wish: dict[str, Any]) -> None:
    ref = second.place(**wish)
    order = second.booked(ref)
    totals = second.shop_order(ref)["totals"]
    assert Decimal(order["SalesTaxAmt"]) == Decimal(totals["tax"])
    assert Decimal(order["DiscountAmt"]) == Decimal(totals["discount"])
    second.settled(ref)


def test_an_order_in_euro_is_booked_converted_to_the_cent(second: SecondWorld) -> None:
    ref = second.place(currency="EUR", contact=second.contact(**PARIS))
    row = second.shop_order(ref)
    rates = read_rates("clarity-sage100")
    assert rates is not None
    made = rates.convert(second.total(ref), "EUR", "USD", datetime.fromisoformat(row["placedDate"]).date())
    second.booked(ref, to_minor_unit(made, "USD"))
    second.until(lambda: second.status(ref) == "Processing", f"{ref} is worked on in the shop")


def test_an_order_in_yen_is_held_by_policy(second: SecondWorld) -> None:
    ref = second.place(currency="JPY", contact=second.contact(**TOKYO))
    reason = second.held(ref, "currency").data["reason"]
    assert "is in JPY, the company keeps USD" in reason
    assert second.sales_orders(ref) == []


# --- all of it


@pytest.mark.usefixtures("loaded")
def test_every_event_on_the_log_ends_in_a_fate(second: SecondWorld) -> None:
    """One fate per event and target: none without, and no final one that was changed."""
    topics = [f"raw.{system}.{entity}" for system, entities in RAW.items() for entity in entities]

    def without() -> set[str]:
        events = {header(record, "ce_id") for topic in topics for record in second.log.records(topic)}
        fates = [Fate.decode(record.key or b"", record.value or b"") for record in second.log.records("fate")]
        return {event for event in events if event} - {fate.event_id for fate in fates}

    second.until(lambda: not without(), lambda: f"fates of {sorted(without())[:5]}", 120)
    finals: dict[str, set[str]] = {}
    for record in second.log.records("fate"):
        fate = Fate.decode(record.key or b"", record.value or b"")
        if fate.state.final:
            finals.setdefault(fate.key, set()).add(fate.state.value)
    changed = {key: states for key, states in finals.items() if len(states - {"unchanged", "superseded"}) > 1}
    assert changed == {}
