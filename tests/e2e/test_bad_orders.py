"""Orders that cannot be booked as they are: held, or a dead letter, with the reason; cured, they are booked once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e.world import World, number_of, order_number

from penstock.cli.logview import header
from penstock.log.headers import texts
from penstock.log.registry_client import RegistryClient
from penstock.log.scan import Record
from penstock.log.wire import Codec
from penstock.records.ids import canonical_id

pytestmark = [
    pytest.mark.xdist_group("stack"),
    pytest.mark.kafka,
    pytest.mark.timeout(180),
    pytest.mark.usefixtures("nobody_dies"),
]

ACCEPTED, CANCELLED = 2, 6
FRANCE = 8


@dataclass(frozen=True, slots=True)
class Odd:
    """What the merchant has added to the shop and nobody told the flow of: numbers of a state and of a country."""

    state: int
    country: int


@pytest.fixture(scope="module")
def odd(running: World) -> Odd:
    """And pounds."""
    name = "<name><language id='1'>Odd</language><language id='2'>Odd</language></name>"
    pounds = "<iso_code>GBP</iso_code><name>Pound</name><conversion_rate>1</conversion_rate>"
    running.add_to_shop("currencies", "currency", pounds)
    return Odd(
        running.add_to_shop("order_states", "order_state", f"<color>#fff</color>{name}"),
        running.add_to_shop(
            "countries",
            "country",
            "<iso_code>ZZ</iso_code><id_zone>1</id_zone><active>1</active><contains_states>0</contains_states>"
            f"<need_identification_number>0</need_identification_number><display_tax_label>1</display_tax_label>{name}",
        ),
    )


# --- held by the rules of the flow


def test_an_unknown_state_holds_the_order_until_the_shop_says_one_that_is_known(world: World, odd: Odd) -> None:
    ref = world.place(payment="ps_wirepayment")
    world.shop.act("set-state", {"id": number_of(ref), "state": odd.state})
    entry = world.held(ref)
    assert (entry.data["stage"], entry.data["on"]) == ("processors", "unknown-code")
    assert f"'prestashop-order-status' has no entry for '{odd.state}'" in entry.data["reason"]
    world.shop.act("set-state", {"id": number_of(ref), "state": ACCEPTED})
    assert_cured(world, ref)


def test_an_unknown_currency_holds_the_order_until_it_is_cancelled(world: World, odd: Odd) -> None:
    ref = world.place(currency="GBP")
    assert "This flow takes EUR, USD, not GBP" in world.held(ref).data["reason"]
    world.shop.act("cancel-order", {"id": number_of(ref)})
    world.until(lambda: not world.holds(ref), f"the hold of {ref} closed")
    world.until(lambda: {fate.state for fate in world.fates(ref)} == {"superseded", "unchanged"}, "final fates")
    assert world.erp_order(ref) is None


def test_an_unknown_country_holds_new_orders_and_edits_until_the_address_is_right(world: World, odd: Odd) -> None:
    booked = world.place(new_customer={"email": world.guest()})
    world.booked(booked)
    order = world.shop_order(booked)
    address = {"id": order["id_address_delivery"]}
    world.shop.act("change-address", {**address, "fields": {"id_country": odd.country}})
    new = world.place(customer_id=order["id_customer"])
    for ref in (booked, new):
        assert "'ZZ' is not a country of ISO 3166" in world.held(ref).data["reason"]
    world.shop.act("change-address", {**address, "fields": {"id_country": FRANCE}})
    for ref in (booked, new):
        assert_cured(world, ref)


def test_totals_that_do_not_add_up_hold_the_order_with_the_arithmetic(world: World) -> None:
    ref = world.place(wrong_totals=True)
    entry = world.held(ref)
    assert entry.data["on"] == "order-total"
    assert "shipping 6.00 + wrapping 0.00 = " in entry.data["reason"]
    world.shop.act("change-order", {"id": number_of(ref), "lines": []})  # the shop adds up again
    assert_cured(world, ref)


def test_totals_that_do_not_add_up_may_be_released_and_are_booked_as_the_shop_charged(world: World) -> None:
    ref = world.place(wrong_totals=True)
    event = world.held(ref).data["event_id"]
    world.penstock("holds", "release", ref, "--why", "checked with the buyer", "--rule", "order-total")
    world.booked(ref)
    world.until(lambda: event not in [entry.data["event_id"] for entry in world.holds(ref)], "the hold closed")
    assert [fate.state for fate in world.fates(ref) if fate.event_id == event] == ["applied"]


def test_a_negative_quantity_holds_the_order(world: World) -> None:
    ref = world.place()
    line = str(world.shop.state("order_details", id_order=number_of(ref))[0]["id"])
    world.webservice("PATCH", f"order_details/{line}", "order_detail", id=line, product_quantity=-2)
    assert "quantity -2; it must be above zero" in world.held(ref).data["reason"]
    world.webservice("PATCH", f"order_details/{line}", "order_detail", id=line, product_quantity=2)
    assert_cured(world, ref)


# --- held by the target


def test_a_sku_that_the_erp_does_not_know_holds_the_order_until_the_item_is_there(world: World) -> None:
    ref = world.place(unknown_sku=True)
    entry = world.held(ref)
    sku = world.shop.state("order_details", id_order=number_of(ref))[-1]["product_reference"]
    assert (entry.data["stage"], entry.data["target"]) == ("sinks", "infor:DALS")
    assert f"Infor does not know item {sku}" in entry.data["reason"]
    assert "create the item in Infor" in entry.data["reason"]
    world.erp.act("add-item", {"Item": sku, "QtyOnHand": "5", "UnitPrice": "9.90"})
    world.penstock("holds", "retry", ref, "--why", "the item exists now")
    assert_cured(world, ref)


def test_an_item_ordered_in_another_unit_is_held(world: World) -> None:
    def by_the_case(order: dict[str, Any]) -> None:
        order["lines"][0]["unit"] = "CS"

    entry = published(world, 900_001, by_the_case)
    assert "is ordered in CS" in entry["reason"]
    assert "set up a SKU for the other unit" in entry["reason"]


def test_a_mandatory_field_of_the_erp_without_a_value_is_held_before_anything_is_written(world: World) -> None:
    def nameless(order: dict[str, Any]) -> None:
        order["customer"] |= {"email": "nobody.900002@mail.example", "first_name": None, "last_name": None}
        for each in (order["customer"], order["bill_to"], order["ship_to"]):
            each |= {"company": None, "first_name": None, "last_name": None}
        order["customer_id"] = canonical_id("prestashop", "1", "customer", "900002")

    entry = published(world, 900_002, nameless)
    assert "SLCustomers.Name is mandatory at this site and has no value" in entry["reason"]
    assert world.erp.state("customers", CustomerEmailAddr="nobody.900002@mail.example") == []


# --- no usable document at all


def test_a_nul_is_a_dead_letter_that_names_the_field(world: World) -> None:
    ref = world.place(new_customer={"email": world.guest()})
    address = world.shop_order(ref)["id_address_delivery"]
    world.booked(ref)
    world.shop.act("change-address", {"id": address, "fields": {"city": "Par\0is"}})
    error = header(letter_of(world, ref), "dlq-error")
    assert "ship_to.city holds a character that cannot be printed: U+0000 at 4" in error
    world.shop.act("change-address", {"id": address, "fields": {"city": "Lyon"}})
    world.until(lambda: (world.erp_order(ref) or {})["ShipToCity"] == "Lyon", "the address in the ERP")
    assert_cured(world, ref)


def test_a_text_of_ten_megabytes_is_a_dead_letter_and_the_corrected_order_is_booked(world: World) -> None:
    ref = world.place(gift="x" * 10_000_000)
    letter = letter_of(world, ref)
    assert header(letter, "dlq-error") == "gift_message has 10,000,000 characters; at most 100,000 are taken."
    assert len(letter.value or b"") > 10_000_000
    world.webservice("PATCH", f"orders/{number_of(ref)}", "order", id=number_of(ref), gift_message="Merci")
    assert_cured(world, ref)


def test_a_document_that_the_log_cannot_take_is_a_dead_letter_of_ingress(world: World) -> None:
    ref = world.place(gift="x" * 13_000_000)
    error = header(letter_of(world, ref, "ingress"), "dlq-error")
    assert f"order:{number_of(ref)} has 13,0" in error
    world.webservice("PATCH", f"orders/{number_of(ref)}", "order", id=number_of(ref), gift_message="Merci")
    assert_cured(world, ref)


def test_emoji_and_letters_of_all_scripts_are_booked_as_they_are(world: World) -> None:
    person = {"email": world.guest(), "firstname": "Zoé 🌸", "lastname": "Łukasiewicz-Ōe", "city": "Saint-Étienne"}
    ref = world.place(new_customer=person, message="Merci 🙏 生日快乐")
    booked = world.booked(ref)
    assert (booked["ShipToName"], booked["ShipToCity"]) == ("Zoé 🌸 Łukasiewicz-Ōe", "Saint-Étienne")


# --- what the tests share


def assert_cured(world: World, ref: str) -> None:
    """The order is in the ERP once with the shop's total, nothing of it waits any more, every fate is final.

    Those of its dead letters too: the newer version that was booked has taken their place.
    """
    world.booked(ref)
    world.until(lambda: not world.holds(ref), f"the holds of {ref} closed")
    world.until(lambda: all(fate.state.final for fate in world.fates(ref)), f"final fates of {ref}")


def letter_of(world: World, ref: str, stage: str = "processors") -> Record:
    def of_the_order(letter: Record) -> bool:
        if stage == "ingress":
            return letter.key == f"order:1:{number_of(ref)}".encode()
        return order_number(header(letter, "ce_id")) == number_of(ref)

    return world.dead_letter(stage, of_the_order)


def published(world: World, number: int, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Puts a canonical order on the log that no shop could make; gives its hold.

    It is an order that was booked, under another number, with `change` made to it.
    """
    booked = world.place()
    world.booked(booked)
    codec = Codec(RegistryClient(world.stack.registry_url))
    orders = world.log.records("canonical.order")
    known = next(each for each in orders if order_number(header(each, "ce_id")) == number_of(booked))
    _, order = codec.decode(known.value or b"")
    own_id, ref = canonical_id("prestashop", "1", "order", str(number)), f"PS1-{number}"
    order |= {"id": own_id, "reference": ref, "source": order["source"] | {"native_id": str(number)}}
    change(order)
    event = f"prestashop:1:order:{number}:by-hand"
    world.publish(
        "canonical.order",
        own_id,
        codec.encode("Order", order),
        texts(known.headers) | {"ce_id": event, "raw": f"raw.prestashop.order-0-{number}"},
    )
    entry = world.held(ref)
    assert world.erp_order(ref) is None
    return dict(entry.data)
