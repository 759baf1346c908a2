"""What stops an order on its way from Clarity to Sage 100, and who or what lets it go on."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.e2e.second_world import ON_TERMS, OPEN, OTHER_SKU, SKU, SecondWorld, erp_total
from tests.e2e.stack_world import number_of

from penstock.cli.logview import body

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

LIMITED = "jose.johnsonlee2@post.example"
"""Has a customer in Sage 100 with a limit of 500."""
KNOWN_BUYER, OTHER_BUYER = "jose.nguyen71@post.example", "jose.nguyen26@inbox.example"
LYON = {"street1": "5 quai Perrache", "city": "Lyon", "regionCode": None, "postalCode": "69002", "countryCode": "FR"}


def replies(world: SecondWorld, ref: str) -> list[str]:
    """What the sink has written down of the customer that an order asked for."""
    found: list[str] = []
    for record in world.log.records("effect.sage100"):
        effect = body(record)
        if b":customer-request:" in (record.key or b"") and f":{number_of(ref)}" in str(effect.get("event_id")):
            found += [str(attempt["reply"]) for attempt in effect["attempts"]]
    return found


# --- items


def test_an_unknown_sku_is_named_with_the_nearest_items_and_cured_by_an_alias(second: SecondWorld) -> None:
    ref = second.place(lines=[{"sku": "JAR-GLS"}, {"sku": SKU}])
    reason = second.held(ref, "item").data["reason"]
    assert "knows neither item nor alias JAR-GLS" in reason
    near = reason.partition("the nearest items are ")[2].partition(":")[0].split(", ")
    assert len(near) == 3
    assert set(near) <= {row["ItemCode"] for row in second.erp.state("items")}
    second.erp.act("add-alias", {"ItemCode": "JAR-BAM-L", "AliasItemNo": "JAR-GLS", "Type": "G"})
    second.penstock("holds", "retry", ref, "--why", "the alias is there now")
    second.booked(ref)
    assert second.lines(ref) == {"JAR-BAM-L": 1, SKU: 1}
    second.settled(ref)


def test_the_alias_of_the_customer_goes_before_the_general_one(second: SecondWorld) -> None:
    sku = "HOUSE-NAME"
    (customer,) = second.erp.state("customers", EmailAddress=KNOWN_BUYER)
    key = {name: customer[name] for name in ("ARDivisionNo", "CustomerNo")}
    second.erp.act("add-alias", {"ItemCode": SKU, "AliasItemNo": sku, "Type": "G"})
    second.erp.act("add-alias", {"ItemCode": OTHER_SKU, "AliasItemNo": sku, "Type": "C", **key})
    second.shop.act("add-product", {"sku": sku, "price": "10.00"})
    of_theirs = second.place(userId=second.user(KNOWN_BUYER)["id"], contact=second.contact(), lines=[{"sku": sku}])
    of_all = second.place(lines=[{"sku": sku}])
    for ref in (of_theirs, of_all):
        second.booked(ref)
    assert second.lines(of_theirs) == {OTHER_SKU: 1}
    assert second.lines(of_all) == {SKU: 1}


# --- customers


def test_a_guest_is_found_by_the_e_mail(second: SecondWorld) -> None:
    (customer,) = second.erp.state("customers", EmailAddress=OTHER_BUYER)
    ref = second.place(email=OTHER_BUYER.upper())
    second.booked(ref)
    assert second.customer_of(ref) == customer["CustomerNo"]
    assert any("found by e-mail" in reply for reply in replies(second, ref))


def test_a_guest_is_found_by_name_and_postal_code_and_the_score_is_written_down(second: SecondWorld) -> None:
    buyer = second.contact()
    first = second.place(contact=buyer)
    second.booked(first)
    ref = second.place(contact={**buyer, "lastName": f"{buyer['lastName']}e"})
    second.booked(ref)
    assert second.customer_of(ref) == second.customer_of(first)
    assert any("found by name and postal code, score 0.9" in reply for reply in replies(second, ref))


def test_an_ambiguous_buyer_is_held_with_the_candidates_until_a_person_decides(second: SecondWorld) -> None:
    (twin,) = second.erp.state("customers", CustomerNo="OLD0002")
    first, _, last = twin["CustomerName"].partition(" ")
    buyer = {**second.contact(postalCode=twin["ZipCode"]), "firstName": first, "lastName": last}
    mail = second.guest()
    ref = second.place(email=mail, contact=buyer)
    reason = second.held(ref, "customer-match").data["reason"]
    assert "01-OLD0002 (1.00)" in reason
    assert "01-OLD0003 (1.00)" in reason
    assert last not in reason
    second.penstock("holds", "release", ref, "--rule", "customer-match", "--why", "a cousin of the same name")
    second.booked(ref)
    assert len(second.erp.state("customers", EmailAddress=mail)) == 1
    second.settled(ref)


def test_a_new_buyer_on_account_is_reviewed_by_policy(second: SecondWorld) -> None:
    mail = second.guest()
    ref = second.place(email=mail, **ON_TERMS)
    assert "is not in Sage 100" in second.held(ref, "customer-review").data["reason"]
    assert second.erp.state("customers", EmailAddress=mail) == []
    second.penstock("holds", "release", ref, "--rule", "customer-review", "--why", "the account is opened")
    second.booked(ref)
    assert len(second.erp.state("customers", EmailAddress=mail)) == 1
    second.settled(ref)


def test_ten_orders_of_one_new_guest_at_once_make_one_customer(second: SecondWorld) -> None:
    mail = second.guest()
    wish = {"count": 10, "email": mail, "contact": second.contact(), "lines": [{"sku": SKU}]}
    placed = second.shop.act("place-orders", wish | {"paymentMethod": "credit_card", "paid": True})["orders"]
    for order in placed:
        second.booked(f"CL1-{order['id']}")
    assert len(second.erp.state("customers", EmailAddress=mail)) == 1


# --- credit


def over_the_limit(world: SecondWorld) -> str:
    """An order of a customer whose account is nearly used up."""
    world.set_customer(LIMITED, CreditLimit="500.00", CurrentBalance="480.00")
    ref = world.place(userId=world.user(LIMITED)["id"], contact=world.contact(), lines=[{"sku": SKU, "quantity": "5"}])
    data = world.held(ref, "credit").data
    sums = dict(data["arithmetic"])
    over = Decimal(480) + Decimal(sums["open orders"]) + world.total(ref) - 500
    assert (sums["credit limit"], sums["balance"]) == ("500.00", "480.00")
    assert (Decimal(sums["this order"]), Decimal(sums["over the limit"])) == (world.total(ref), over)
    assert world.sales_orders(ref) == []
    return ref


def test_a_hold_for_credit_clears_by_itself_when_the_balance_drops(second: SecondWorld) -> None:
    ref = over_the_limit(second)
    second.set_customer(LIMITED, CurrentBalance="-5000.00")
    second.booked(ref)
    second.settled(ref)


def test_a_hold_for_credit_is_shown_with_its_sum_and_released_by_a_person(second: SecondWorld) -> None:
    ref = over_the_limit(second)
    shown = second.penstock("holds", "show", ref)
    assert all(word in shown for word in ("over the limit", "480.00", "500.00", f"{second.total(ref)}"))
    why = f"the transfer for {ref} is on its way"
    second.penstock("holds", "release", ref, "--rule", "credit", "--why", why)
    second.booked(ref)
    second.settled(ref)
    kept = json.loads(second.penstock("audit", "list", "--what", "holds release", "--json"))
    (said,) = [each for each in kept if each["why"] == why]
    assert said["who"]
    assert said["rule"] == "credit"


# --- stock


def test_a_hold_for_stock_clears_by_itself_when_stock_arrives(second: SecondWorld) -> None:
    sku = "POT-OAK-L"
    second.stock(sku, 1)
    ref = second.place(lines=[{"sku": sku, "quantity": "3"}])
    data = second.held(ref, "stock").data
    assert sku in data["reason"]
    assert data["arithmetic"]
    assert second.sales_orders(ref) == []
    second.stock(sku, 10)
    second.booked(ref)
    second.settled(ref)


def test_a_back_order_is_booked_and_people_are_told(second: SecondWorld) -> None:
    sku = "POT-OAK-M"
    second.stock(sku, 0)
    buyer = {"userId": second.user(KNOWN_BUYER)["id"], "contact": second.contact()}
    ref = second.place(**buyer, **ON_TERMS, lines=[{"sku": sku, "quantity": "3"}])
    second.booked(ref)

    def told() -> list[dict[str, Any]]:
        listed = json.loads(second.penstock("alerts", "list", "--kind", "back-order", "--json"))
        return [row for row in listed if ref in row["reason"]]

    (alert,) = second.until(told, f"an alert of {ref}")
    assert sku in alert["reason"]
    second.settled(ref)


def test_a_partial_order_goes_out_in_two_sales_orders_as_stock_arrives(second: SecondWorld) -> None:
    sku = "POT-OAK-XL"
    second.stock(sku, 1)
    lines = [{"sku": sku, "quantity": "3", "discount": "1.01"}, {"sku": SKU}]
    discount = {"orderDiscount": {"percent": "7"}, "handling": "2.50"}
    ref = second.place(lines=lines, **discount, currency="USD", contact=second.contact(**LYON))
    second.held(ref, "stock")
    first, rest = second.sales_orders(ref)
    assert first["OrderStatus"] in OPEN
    assert rest["OrderStatus"] == "H"
    assert erp_total([first, rest]) == second.total(ref)
    assert second.lines(ref) == {sku: 3, SKU: 1}
    second.ship(first, TrackingID=f"1ZFIRST{number_of(ref)}")
    second.until(lambda: second.status(ref) == "Partially Shipped", f"{ref} is shipped in part in the shop")
    second.stock(sku, 10)
    second.until(lambda: second.sales_orders(ref)[1]["OrderStatus"] in OPEN, f"the remainder of {ref} is released")
    second.settled(ref)
    second.ship(rest, TrackingID=f"1ZREST{number_of(ref)}")
    second.until(lambda: second.status(ref) == "Completed", f"{ref} is completed in the shop")
    assert [step["to"] for step in second.shop_order(ref)["statusHistory"]] == [
        "Processing",
        "Partially Shipped",
        "Shipped",
        "Completed",
    ]
    assert len(second.shipments(ref)) == 2
    assert second.shop_order(ref)["customKey"] == first["SalesOrderNo"]
