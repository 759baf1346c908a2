"""What Sage 100 and the shop keep for each other beside orders: stock, prices, products, customers; whose they are."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.e2e.second_world import LOCATION, SKU, WAREHOUSE, SecondWorld

from penstock.cli.sandbox_api import Row
from penstock.cli.waiting import entries

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]


def product(world: SecondWorld, sku: str) -> Row | None:
    rows = world.shop.state("products", customKey=sku)
    return rows[0] if rows else None


def company(world: SecondWorld) -> tuple[str, int, Row]:
    """A new company of the shop with a key, and its customer in Sage 100: (e-mail, account, customer)."""
    mail, contact = world.guest(), world.contact()
    contact["company"] = f"{contact['lastName']} {contact['firstName']} Trading"
    made = world.shop.act("add-customer", {"email": mail, "contact": contact, "account": True, "paymentTerms": "NET30"})
    (customer,) = world.until(lambda: world.erp.state("customers", EmailAddress=mail), f"{mail} in the ERP")
    assert (customer["CustomerName"], customer["TermsCode"]) == (contact["company"], "01")
    number = made["accountId"]
    world.shop.act("change-customer", {"accountId": number, "fields": {"customKey": f"ACME-{number}"}})
    return mail, number, customer


def account(world: SecondWorld, number: int) -> Row:
    (row,) = world.shop.state("accounts", id=number)
    return row


def not_written(world: SecondWorld) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = json.loads(world.penstock("audit", "list", "--what", "not-written", "--json"))
    return said


def test_stock_of_the_erp_reaches_the_shop(second: SecondWorld) -> None:
    sku = "VAS-WLN-L"
    second.stock(sku, 77)
    second.until(lambda: second.offered(sku) == 77, f"the shop offers 77 of {sku}")
    second.stock(sku, 12)
    second.until(lambda: second.offered(sku) == 12, f"the shop offers 12 of {sku}")


def test_list_prices_and_prices_of_a_customer_reach_the_shop(second: SecondWorld) -> None:
    sku = "SHR-WOL-XL"
    _, number, customer = company(second)
    key = {name: customer[name] for name in ("ARDivisionNo", "CustomerNo")}
    override = {"PricingMethod": "O", "BreakQuantity1": "999999", "DiscountMarkup1": "33.25"}
    second.erp.act("change-price-code", {"ItemCode": sku, **key, **override})
    second.erp.act("change-item", {"ItemCode": sku, "StandardUnitPrice": "45.90"})
    second.until(lambda: second.price(sku) == Decimal("45.90"), f"the list price of {sku} in the shop")
    second.until(
        lambda: second.price(sku, f"ACME-{number}") == Decimal("33.25"), f"the price of {sku} for {number} in the shop"
    )
    assert second.price(sku) == Decimal("45.90")


@pytest.fixture(scope="module", autouse=True)
def missing(loaded: SecondWorld) -> str:
    """A SKU that the ERP counted when the shop had no product of it. First: the log tells of it after half a minute."""
    sku = "CLK-STN-NAV"
    loaded.shop.act("remove-product", {"sku": sku})
    loaded.stock(sku, 5)
    return sku


def test_stock_of_an_item_that_the_shop_does_not_have_waits_by_name_until_it_does(
    second: SecondWorld, missing: str
) -> None:
    def waiting() -> list[str]:
        found = [entry.data for entry in entries(second.log, "parked.clarity")]
        return [data["reason"] for data in found if data["on"] == "item" and missing in data["reason"]]

    reason = second.until(waiting, f"stock of {missing} waits")[0]
    assert f"the shop has no product {missing}" in reason
    second.erp.act("change-item", {"ItemCode": missing, "ItemCodeDesc": "Stone clock, navy"})
    second.until(lambda: product(second, missing), f"{missing} in the shop")
    second.until(lambda: second.offered(missing) == 5, f"the shop offers 5 of {missing}")
    second.until(lambda: not waiting(), "nothing waits any more")


def test_a_new_product_of_the_erp_appears_in_the_shop_with_its_price_and_stock(second: SecondWorld) -> None:
    sku = "NEW-LAMP"
    item = {"ItemCode": sku, "ItemCodeDesc": "New lamp", "StandardUnitPrice": "19.50", "ShipWeight": "1.25"}
    second.erp.act("add-item", {**item, "QuantityOnHand": "9", "WarehouseCode": WAREHOUSE})
    made = second.until(lambda: product(second, sku), f"{sku} in the shop")
    assert (made["name"], made["active"], Decimal(made["weight"])) == ("New lamp", True, Decimal("1.25"))
    second.until(lambda: second.offered(sku) == 9, f"the shop offers 9 of {sku} at {LOCATION}")
    second.until(lambda: second.price(sku) == Decimal("19.50"), f"the price of {sku} in the shop")


def test_texts_of_the_shop_survive_a_change_of_the_product_in_the_erp_and_that_is_recorded(
    second: SecondWorld,
) -> None:
    sku = "SHR-COT-XL"
    texts = {"name": "Cotton shirt, XL", "description": "Woven in our own mill."}
    second.shop.act("change-product", {"sku": sku, "fields": texts})
    second.erp.act("change-item", {"ItemCode": sku, "ItemCodeDesc": "Shirt cotton XL", "ShipWeight": "3.75"})

    def changed() -> bool:
        row = product(second, sku)
        return row is not None and Decimal(row["weight"] or 0) == Decimal("3.75")

    second.until(changed, f"the weight of {sku} in the shop")
    row = product(second, sku)
    assert row is not None
    assert {name: row[name] for name in texts} == texts

    def recorded() -> list[dict[str, Any]]:
        return [each for each in not_written(second) if sku in str(each["subject"]) and "name" in each["fields"]]

    said = second.until(recorded, "what was not written is in the audit log")[-1]
    assert said["target"] == "clarity:acme"


def test_terms_of_the_erp_win_over_those_of_the_shop_and_that_is_recorded(second: SecondWorld) -> None:
    mail, number, _ = company(second)
    second.shop.act("change-customer", {"accountId": number, "fields": {"paymentTerms": "NET60"}})

    def recorded() -> list[dict[str, Any]]:
        return [each for each in not_written(second) if f"account-{number}" in str(each["subject"])]

    said = second.until(recorded, "what was not written is in the audit log")[-1]
    assert (said["target"], said["fields"]) == ("sage100:ABC", ["TermsCode"])
    assert second.erp.state("customers", EmailAddress=mail)[0]["TermsCode"] == "01"
    second.set_customer(mail, TermsCode="03", CreditLimit="1234.00")
    second.until(lambda: account(second, number)["paymentTerms"] == "NET15", f"the terms of account {number}")
    assert account(second, number)["creditLimit"] == "1234.00"
    (now,) = second.erp.state("customers", EmailAddress=mail)
    assert now["TermsCode"] == "03"


def test_a_change_of_a_customer_in_the_shop_reaches_the_erp(second: SecondWorld) -> None:
    mail, number, _ = company(second)
    user = second.user(mail)
    second.shop.act("change-customer", {"userId": user["id"], "contact": {"phone": "+1 512 555 0199"}})

    def phone() -> bool:
        return "0199" in second.erp.state("customers", EmailAddress=mail)[0]["TelephoneNo"]

    second.until(phone, f"the phone of account {number} in the ERP")


def test_an_order_of_a_new_company_is_booked_on_its_customer(second: SecondWorld) -> None:
    mail, _, customer = company(second)
    ref = second.place(userId=second.user(mail)["id"], lines=[{"sku": SKU}])
    second.booked(ref)
    assert second.customer_of(ref) == customer["CustomerNo"]


def test_a_customer_that_came_from_the_shop_does_not_come_back_as_another(second: SecondWorld) -> None:
    ref = second.place()
    second.booked(ref)
    mail, number, _ = company(second)
    second.set_customer(mail, CreditLimit="777.00")
    second.until(lambda: account(second, number)["creditLimit"] == "777.00", f"the limit of account {number}")
    keys = {str(row["customKey"]) for row in second.shop.state("accounts")}
    ours = {f"{row['ARDivisionNo']}-{row['CustomerNo']}" for row in second.erp.state("customers", ARDivisionNo="00")}
    assert keys & ours == set()
