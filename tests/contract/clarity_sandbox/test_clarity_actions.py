"""The admin actions beside place-order: what buyers and clerks do."""

from decimal import Decimal

import pytest

from penstock.sandbox.catalogue import catalogue

from .conftest import FOOD, SKU, Json, ShopClient
from .test_clarity_amounts import TEXAS, check


@pytest.fixture
async def order(shop: ShopClient) -> Json:
    lines = [{"sku": SKU, "quantity": 4, "unitPrice": "25"}, {"sku": FOOD, "quantity": 2, "unitPrice": "10"}]
    placed = await shop.act("place-order", lines=lines, contact=TEXAS, orderDiscount="12", paid=False)
    return await shop.order(placed["id"])


async def test_buyers_are_users_guests_and_accounts(shop: ShopClient) -> None:
    user = (await shop.state("users"))[7]
    by_user = await shop.order((await shop.act("place-order", userId=user["id"]))["id"])
    assert (by_user["userId"], by_user["email"]) == (user["id"], user["email"])
    guest = await shop.order((await shop.act("place-order", email="g@h.example", country="DE"))["id"])
    assert (guest["userId"], guest["accountId"], guest["accountKey"]) == (None, None, None)
    assert (guest["email"], guest["billingContact"]["email"]) == ("g@h.example", "g@h.example")
    assert (guest["currency"], guest["taxIncluded"]) == ("EUR", True)
    contact = (await shop.get(f"contacts/{guest['billingContact']['id']}")).json()
    assert contact["address"] == guest["billingContact"]["address"]
    account = (await shop.state("accounts"))[2]
    company = await shop.order((await shop.act("place-order", account=account["name"]))["id"])
    assert (company["accountId"], company["paymentTerms"]) == (account["id"], account["paymentTerms"])
    assert company["purchaseOrderNumber"].startswith("PO-")


async def test_an_unknown_sku_is_one_that_the_erp_does_not_have(shop: ShopClient) -> None:
    placed = await shop.act("place-order", unknownSku=True)
    assert placed["items"][-1]["sku"] in catalogue(7).unknown_to_erp


async def test_skus_are_those_of_the_catalogue(shop: ShopClient) -> None:
    products = {product["customKey"]: product for product in await shop.state("products")}
    assert {item.sku for item in catalogue(7).items()} <= products.keys()
    variant = next(product for product in products.values() if product["typeKey"] == "variant")
    assert products[variant["parentKey"]]["typeKey"] == "variantMaster"
    assert len(await shop.state("users")) == len(catalogue(7).customers)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"paid": True}, ("paid", "captured")),
        ({"paid": "authorized"}, ("authorized", "authorized")),
        ({"paid": False}, ("unpaid", None)),
    ],
)
async def test_an_order_is_paid_at_checkout_or_not(shop: ShopClient, wish: Json, expected: tuple[str, str]) -> None:
    number = (await shop.act("place-order", paymentMethod="credit_card", **wish))["id"]
    order = await shop.order(number)
    payment = order["payments"][0] if order["payments"] else {"status": None}
    assert (order["paymentStatus"], payment["status"]) == expected
    if payment["status"]:
        [stored] = await shop.state("payments", salesOrderId=number)
        assert {name: stored[name] for name in payment} == payment
        assert (len(payment["cardLast4"]), payment["amount"]) == (4, order["totals"]["total"])


async def test_payments_in_parts_and_the_rest(shop: ShopClient, order: Json) -> None:
    first = await shop.act("pay-order", id=order["id"], amount="20", method="wire", transactionId="T-1")
    assert first["paymentStatus"] == "partial"
    after = await shop.order(order["id"])
    assert Decimal(after["totals"]["balanceDue"]) == Decimal(order["totals"]["total"]) - 20
    assert (after["payments"][0]["transactionId"], after["payments"][0]["cardLast4"]) == ("T-1", None)
    assert (await shop.act("pay-order", id=order["id"]))["paymentStatus"] == "paid"
    check(await shop.order(order["id"]))
    assert "is due" in await shop.refused("pay-order", id=order["id"])


async def test_an_authorised_payment_is_captured(shop: ShopClient) -> None:
    number = (await shop.act("place-order", paid="authorized"))["id"]
    paid = await shop.act("pay-order", id=number)
    assert paid["paymentStatus"] == "paid"
    [payment] = (await shop.order(number))["payments"]
    assert (payment["id"], payment["status"]) == (paid["paymentId"], "captured")
    assert payment["receivedDate"]


async def test_lines_notes_and_address_of_an_order_change(shop: ShopClient, order: Json) -> None:
    lines = [{"sku": SKU, "quantity": 2}, {"sku": "COF-ORG", "quantity": 1}]
    address = {"address": {"street2": "Bay 3"}}
    changed = await shop.act("update-order", id=order["id"], lines=lines, notes="ring", shippingContact=address)
    after = await shop.order(order["id"])
    check(after)
    assert (after["items"][0]["sku"], after["items"][0]["quantity"]) == (SKU, "2.0000")
    assert len(after["items"]) == 3
    assert (after["notes"], after["shippingContact"]["address"]["street2"]) == ("ring", "Bay 3")
    assert (after["version"], changed["version"]) == (order["version"] + 1,) * 2
    await shop.act("update-order", id=order["id"], lines=[{"sku": FOOD, "quantity": 0}])
    assert len((await shop.order(order["id"]))["items"]) == 2
    assert "planet" in await shop.refused("update-order", id=order["id"], shippingContact={"planet": "Mars"})


async def test_orders_are_cancelled_by_the_rules_or_set_by_force(shop: ShopClient, order: Json) -> None:
    assert (await shop.act("cancel-order", id=order["id"], comment="changed my mind"))["status"] == "Cancelled"
    assert "cannot become" in await shop.refused("cancel-order", id=order["id"])
    assert "cannot become" in await shop.refused("set-status", id=order["id"], status="Pending")
    forced = await shop.act("set-status", id=order["id"], status="Awaiting Pick", force=True)
    assert forced["status"] == "Awaiting Pick"
    assert "no order" in await shop.refused("set-status", id=1, status="Pending")


async def test_refunds_of_lines_come_to_the_cent(shop: ShopClient, order: Json) -> None:
    await shop.act("pay-order", id=order["id"])
    parts = []
    for quantity in ("1", "2", None):
        line = {"sku": SKU, **({"quantity": quantity} if quantity else {})}
        parts.append(await shop.act("refund-order", id=order["id"], lines=[line]))
    # 100.00 less 10.00 of the order discount, and 7.43 of tax on 90.00
    assert sum(Decimal(part["amount"]) for part in parts) == Decimal("97.43")
    assert [part["items"][0]["quantity"] for part in parts] == ["1.0000", "2.0000", "1.0000"]
    assert "left to refund" in await shop.refused("refund-order", id=order["id"], lines=[{"sku": SKU, "quantity": 1}])
    rest = await shop.act("refund-order", id=order["id"])
    assert rest["paymentStatus"] == "refunded"
    total = sum(Decimal(one["amount"]) for one in await shop.state("refunds"))
    assert total == Decimal(order["totals"]["total"])


async def test_an_unpaid_order_is_not_refunded(shop: ShopClient, order: Json) -> None:
    assert "nothing is left" in await shop.refused("refund-order", id=order["id"])


async def test_products_come_change_and_go(shop: ShopClient) -> None:
    made = await shop.act("add-product", sku="NEW-1", price="19.9", tax="reduced", stock=5)
    assert (made["price"]["list"], made["typeKey"]) == ("19.90", "simple")
    assert [row["quantityOnHand"] for row in await shop.state("inventory", sku="NEW-1")] == ["5.0000"]
    changed = await shop.act("change-product", sku="NEW-1", fields={"price": "21", "description": "Newer"})
    assert (changed["price"]["list"], changed["description"], changed["version"]) == ("21.00", "Newer", 2)
    placed = await shop.act("place-order", lines=[{"sku": "NEW-1"}], country="US")
    assert (placed["items"][0]["unitPrice"], placed["items"][0]["taxRate"]) == ("21.00", "0.0000")
    assert "colour" in await shop.refused("change-product", sku="NEW-1", fields={"colour": "red"})
    assert "has the customKey" in await shop.refused("add-product", sku="NEW-1")
    await shop.act("remove-product", sku="NEW-1")
    assert (await shop.get(f"products/{made['id']}")).status_code == 404
    assert await shop.state("inventory", sku="NEW-1") == []


async def test_stock_changes(shop: ShopClient) -> None:
    row = await shop.act("change-stock", sku=SKU, quantityOnHand=7)
    assert (row["quantityOnHand"], row["quantityAvailable"]) == ("7.0000", "7.0000")
    assert (await shop.act("change-stock", sku=SKU, by=-2))["quantityOnHand"] == "5.0000"
    assert "MOON" in await shop.refused("change-stock", sku=SKU, locationKey="MOON", by=1)


async def test_customers_come_and_change(shop: ShopClient) -> None:
    contact = {"firstName": "Ada", "company": "Ada LLC", "address": {"city": "Boston", "regionCode": "MA"}}
    made = await shop.act("add-customer", email="ada@ada.example", contact=contact, account=True, creditLimit="900")
    [user] = (await shop.get("users?email=ADA@ada.example")).json()["data"]
    assert (user["id"], user["accountId"], user["contactId"]) == (made["userId"], made["accountId"], made["contactId"])
    account = (await shop.get(f"accounts/{made['accountId']}")).json()
    assert (account["name"], account["creditLimit"]) == ("Ada LLC", "900.00")
    await shop.act("change-customer", userId=made["userId"], contact={"phone": "1", "address": {"city": "Salem"}})
    changed = (await shop.get(f"contacts/{made['contactId']}")).json()
    assert (changed["phone"], changed["address"]["city"], changed["address"]["regionCode"]) == ("1", "Salem", "MA")
    assert (await shop.get(f"users/{made['userId']}")).json()["version"] == 2
    renamed = await shop.act("change-customer", accountId=made["accountId"], fields={"name": "Ada Inc"})
    assert (renamed["name"], renamed["creditLimit"], renamed["version"]) == ("Ada Inc", "900.00", 2)
    assert "one of" in await shop.refused("change-customer", fields={"name": "x"})
