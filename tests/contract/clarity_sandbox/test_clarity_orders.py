"""The life of an order: status machine, shipments, refunds (systems/clarity.md 5)."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from .conftest import FOOD, SKU, Json, ShopClient, error, fields, new_key

ALLOWED = {
    "Pending": ["Confirmed", "Processing", "On Hold", "Backordered", "Cancelled"],
    "Confirmed": ["Processing", "On Hold", "Backordered", "Cancelled"],
    "On Hold": ["Pending", "Processing", "Cancelled"],
    "Backordered": ["Processing", "On Hold", "Cancelled"],
    "Processing": ["Partially Shipped", "Shipped", "Ready For Pickup", "On Hold", "Cancelled"],
    "Partially Shipped": ["Shipped", "Cancelled"],
    "Shipped": ["Completed"],
    "Ready For Pickup": ["Completed"],
    "Completed": [],
    "Cancelled": [],
}
PAIRS = [(current, wanted) for current in ALLOWED for wanted in ALLOWED if current != wanted]


@pytest.fixture
async def order(shop: ShopClient) -> Json:
    """An order of two lines, 4 and 2 pieces, in Processing."""
    lines = [{"sku": SKU, "quantity": 4}, {"sku": FOOD, "quantity": 2}]
    placed = await shop.act("place-order", lines=lines, country="US", paid=True)
    await shop.to_status(placed["id"], "Processing")
    return await shop.order(placed["id"])


def shipment(order: Json, *quantities: str, **more: Any) -> Json:
    items = [
        {"salesOrderItemId": item["id"], "sku": item["sku"], "quantity": quantity}
        for item, quantity in zip(order["items"], quantities, strict=False)
        if quantity != "0"
    ]
    return {"salesOrderId": order["id"], "items": items, **more}


async def test_the_status_machine_is_the_table(shop: ShopClient) -> None:
    number = (await shop.act("place-order"))["id"]
    for current, wanted in PAIRS:
        await shop.act("set-status", id=number, status=current, force=True)
        answer = await shop.post(f"sales-orders/{number}/status", {"status": wanted})
        if wanted in ALLOWED[current]:
            assert (answer.status_code, answer.json()["status"]) == (200, wanted), (current, wanted)
        else:
            assert error(answer) == (409, "invalid_transition"), (current, wanted)


async def test_a_status_is_written_down_with_comment_and_answers_the_order(shop: ShopClient) -> None:
    number = (await shop.act("place-order"))["id"]
    assert (await shop.order(number))["statusHistory"] == []
    body = {"status": "Processing", "comment": "booked as 0012345", "notifyCustomer": False}
    answer = await shop.post(f"sales-orders/{number}/status", body)
    order = answer.json()
    [change] = order["statusHistory"]
    assert (change["from"], change["to"], change["comment"]) == ("Pending", "Processing", "booked as 0012345")
    assert (order["version"], answer.headers["etag"], order["state"]) == (2, '"2"', "work")
    assert await shop.state("notifications_sent") == []


async def test_the_current_status_again_is_200_without_a_trace(shop: ShopClient) -> None:
    number = (await shop.act("place-order"))["id"]
    answer = await shop.post(f"sales-orders/{number}/status", {"status": "Pending", "notifyCustomer": True})
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert await shop.state("notifications_sent") == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"status": "onhold"}, ("status", "choice")),
        ({"status": "processing"}, ("status", "choice")),
        ({}, ("status", "required")),
        ({"status": "Processing", "notify": True}, ("notify", "unknown")),
        ({"status": "Processing", "notifyCustomer": "yes"}, ("notifyCustomer", "type")),
    ],
)
async def test_a_status_is_exact(shop: ShopClient, body: Json, expected: tuple[str, str]) -> None:
    number = (await shop.act("place-order"))["id"]
    answer = await shop.post(f"sales-orders/{number}/status", body)
    assert (error(answer), fields(answer)) == ((422, "validation_failed"), [expected])


async def test_a_customer_is_told_of_a_status_when_asked(shop: ShopClient) -> None:
    number = (await shop.act("place-order", email="lee@acme.example"))["id"]
    key = new_key()
    for _ in range(2):
        body = {"status": "Confirmed", "notifyCustomer": True}
        await shop.post(f"sales-orders/{number}/status", body, key)
    [mail] = await shop.state("notifications_sent")
    assert (mail["kind"], mail["salesOrderId"], mail["status"]) == ("status", number, "Confirmed")
    assert mail["email"] == "lee@acme.example"


async def test_cancelling_moves_the_open_quantities(shop: ShopClient, order: Json) -> None:
    await shop.post("shipments", shipment(order, "1"))
    pending = (await shop.post("shipments", shipment(order, "1", status="pending"))).json()
    await shop.to_status(order["id"], "Cancelled")
    after = await shop.order(order["id"])
    assert after["state"] == "history"
    assert [item["quantityCancelled"] for item in after["items"]] == ["3.0000", "2.0000"]
    assert [item["quantityShipped"] for item in after["items"]] == ["1.0000", "0.0000"]
    assert (await shop.get(f"shipments/{pending['id']}")).json()["status"] == "cancelled"


async def test_shipments_turn_the_order(shop: ShopClient, order: Json) -> None:
    body = shipment(order, "3", customKey="DLV-1", carrier="UPS", trackingNumber="1Z9")
    first = await shop.post("shipments", body)
    made = first.json()
    assert (first.status_code, made["status"], made["version"]) == (201, "shipped", 1)
    assert first.headers["location"] == f"http://shop.example/api/v1/shipments/{made['id']}"
    assert made["items"] == [{"salesOrderItemId": order["items"][0]["id"], "sku": SKU, "quantity": "3.0000"}]
    assert made["shippedDate"]
    after = await shop.order(order["id"])
    assert (after["status"], after["items"][0]["quantityShipped"]) == ("Partially Shipped", "3.0000")
    await shop.post("shipments", shipment(order, "1"))
    assert (await shop.order(order["id"]))["status"] == "Partially Shipped"
    await shop.post("shipments", shipment(order, "0", "2"))
    done = await shop.order(order["id"])
    assert (done["status"], done["version"]) == ("Shipped", after["version"] + 2)
    assert [one["salesOrderId"] for one in (await shop.get(f"shipments?salesOrderId={order['id']}")).json()["data"]]


async def test_the_customer_gets_one_mail_for_each_shipment(shop: ShopClient, order: Json) -> None:
    key = new_key()
    for _ in range(2):
        await shop.post("shipments", shipment(order, "1", customKey="DLV-1"), key)
    assert error(await shop.post("shipments", shipment(order, "1", customKey="DLV-1"))) == (409, "duplicate_key")
    [mail] = await shop.state("notifications_sent")
    assert (mail["kind"], mail["salesOrderId"], mail["status"]) == ("shipment", order["id"], "Partially Shipped")


@pytest.mark.parametrize("status", ["Pending", "Confirmed", "On Hold", "Shipped", "Cancelled"])
async def test_only_an_order_in_processing_is_shipped(shop: ShopClient, order: Json, status: str) -> None:
    await shop.act("set-status", id=order["id"], status=status, force=True)
    assert error(await shop.post("shipments", shipment(order, "1"))) == (409, "invalid_transition")
    assert await shop.state("shipments") == []


async def test_what_a_shipment_gets_wrong_is_named(shop: ShopClient, order: Json) -> None:
    item = order["items"][0]["id"]
    cases: list[tuple[Json, tuple[str, str]]] = [
        (shipment(order, "4.5"), ("items[0].quantity", "max")),
        (shipment(order, "0", "2.0001"), ("items[0].quantity", "max")),
        (shipment(order, "-1"), ("items[0].quantity", "format")),
        (shipment(order, "0.00"), ("items[0].quantity", "min")),
        ({**shipment(order, "1"), "salesOrderId": 1}, ("salesOrderId", "reference")),
        ({**shipment(order, "1"), "items": []}, ("items", "min")),
        ({**shipment(order, "1"), "status": "delivered"}, ("status", "choice")),
        ({**shipment(order, "1"), "shippedDate": "2025-03-05"}, ("shippedDate", "format")),
        ({"items": [{"salesOrderItemId": item, "quantity": "1"}]}, ("salesOrderId", "required")),
        ({"salesOrderId": order["id"]}, ("items", "required")),
    ]
    for wrong in ({"salesOrderItemId": 1, "quantity": "1"}, {"salesOrderItemId": item, "quantity": "1", "sku": "X"}):
        name = "salesOrderItemId" if wrong["salesOrderItemId"] == 1 else "sku"
        cases.append(({"salesOrderId": order["id"], "items": [wrong]}, (f"items[0].{name}", "reference")))
    odd = {"salesOrderItemId": item, "quantity": "1", "lot": "L1"}
    cases.append(({"salesOrderId": order["id"], "items": [odd]}, ("items[0].lot", "unknown")))
    for body, expected in cases:
        answer = await shop.post("shipments", body)
        assert (error(answer), fields(answer)) == ((422, "validation_failed"), [expected])
    assert await shop.state("shipments") == []


async def test_lines_given_twice_and_pending_shipments_count_as_shipped(shop: ShopClient, order: Json) -> None:
    twice = {**shipment(order, "3"), "items": shipment(order, "3")["items"] * 2}
    assert fields(await shop.post("shipments", twice)) == [("items[1].quantity", "max")]
    pending = await shop.post("shipments", shipment(order, "4", status="pending"))
    assert (pending.status_code, pending.json()["shippedDate"]) == (201, None)
    assert (await shop.order(order["id"]))["status"] == "Processing"
    assert fields(await shop.post("shipments", shipment(order, "1"))) == [("items[0].quantity", "max")]
    path = f"shipments/{pending.json()['id']}"
    assert (await shop.patch(path, {"status": "cancelled"})).status_code == 200
    assert (await shop.post("shipments", shipment(order, "1"))).status_code == 201


async def test_a_custom_key_of_a_shipment_is_unique_also_once_the_order_has_shipped(
    shop: ShopClient, order: Json
) -> None:
    body = shipment(order, "4", "2", customKey="DLV-1")
    made = (await shop.post("shipments", body)).json()
    again = await shop.post("shipments", body)
    assert error(again) == (409, "duplicate_key")
    assert again.json()["error"]["details"][0]["existingId"] == made["id"]


async def test_a_shipment_moves_by_patch(shop: ShopClient, order: Json) -> None:
    made = (await shop.post("shipments", shipment(order, "4", "2", status="pending"))).json()
    path = f"shipments/{made['id']}"
    assert error(await shop.patch(path, {"status": "shipped"}, None)) == (428, "precondition_required")
    assert error(await shop.patch(path, {"status": "delivered"})) == (409, "invalid_transition")
    assert fields(await shop.patch(path, {"items": []})) == [("items", "unknown")]
    change = {"status": "shipped", "trackingNumber": "1Z9", "customKey": "DLV-1", "packages": [{"weight": "2.5"}]}
    sent = (await shop.patch(path, change, '"1"')).json()
    assert (sent["status"], sent["trackingNumber"], sent["version"]) == ("shipped", "1Z9", 2)
    assert (await shop.order(order["id"]))["status"] == "Shipped"
    assert (await shop.patch(path, {"status": "delivered"})).json()["status"] == "delivered"
    assert error(await shop.patch(path, {"status": "cancelled"})) == (409, "invalid_transition")
    assert len(await shop.state("notifications_sent", kind="shipment")) == 1


async def test_refunds_up_to_what_was_captured(shop: ShopClient, order: Json) -> None:
    total = Decimal(order["totals"]["total"])
    body = {"salesOrderId": order["id"], "amount": "20.00", "currency": "USD", "customKey": "CM-1"}
    first = await shop.post("refunds", {**body, "reason": "returned", "paymentId": order["payments"][0]["id"]})
    assert (first.status_code, first.json()["amount"]) == (201, "20.00")
    assert first.headers["location"].endswith(f"/api/v1/refunds/{first.json()['id']}")
    assert (await shop.order(order["id"]))["paymentStatus"] == "paid"
    again = await shop.post("refunds", body)
    assert error(again) == (409, "duplicate_key")
    assert again.json()["error"]["details"][0]["existingId"] == first.json()["id"]
    too_much = {**body, "customKey": "CM-2", "amount": str(total - 20 + Decimal("0.01"))}
    assert fields(await shop.post("refunds", too_much)) == [("amount", "max")]
    rest = {**body, "customKey": "CM-2", "amount": str(total - 20)}
    assert (await shop.post("refunds", rest)).status_code == 201
    after = await shop.order(order["id"])
    assert (after["paymentStatus"], after["payments"][0]["status"]) == ("refunded", "refunded")
    assert after["totals"]["balanceDue"] == "0.00"


async def test_what_a_refund_gets_wrong_is_named(shop: ShopClient, order: Json) -> None:
    body = {"salesOrderId": order["id"], "amount": "1.00", "currency": "USD"}
    assert error(await shop.post("refunds", {**body, "salesOrderId": 1})) == (404, "not_found")
    cases: list[tuple[Json, tuple[str, str]]] = [
        ({"amount": "0.00"}, ("amount", "min")),
        ({"amount": "0.001"}, ("amount", "format")),
        ({"amount": 1}, ("amount", "type")),
        ({"currency": "EUR"}, ("currency", "choice")),
        ({"paymentId": 1}, ("paymentId", "reference")),
        ({"items": [{"salesOrderItemId": 1, "quantity": "1"}]}, ("items[0].salesOrderItemId", "reference")),
        ({"note": "x"}, ("note", "unknown")),
    ]
    for change, expected in cases:
        answer = await shop.post("refunds", {**body, **change})
        assert (error(answer), fields(answer)) == ((422, "validation_failed"), [expected])
    required = await shop.post("refunds", {})
    assert fields(required) == [(name, "required") for name in ("salesOrderId", "amount", "currency")]


async def test_an_order_that_was_not_paid_has_nothing_to_refund(shop: ShopClient) -> None:
    number = (await shop.act("place-order", lines=[{"sku": SKU}], country="US", paid=False))["id"]
    answer = await shop.post("refunds", {"salesOrderId": number, "amount": "1.00", "currency": "USD"})
    assert fields(answer) == [("amount", "max")]


async def test_stock_is_promised_then_shipped(shop: ShopClient, order: Json) -> None:
    async def row() -> tuple[Decimal, ...]:
        [found] = [one for one in await shop.state("inventory", sku=SKU) if one["locationKey"] == "AUS-1"]
        names = ("quantityOnHand", "quantityAllocated", "quantityPreSold", "quantityAvailable")
        return tuple(Decimal(found[name]) for name in names)

    on_hand = (await row())[0]
    assert await row() == (on_hand, 4, 0, on_hand - 4)
    await shop.post("shipments", shipment(order, "3"))
    assert await row() == (on_hand - 3, 1, 0, on_hand - 4)
    await shop.to_status(order["id"], "Cancelled")
    assert await row() == (on_hand - 3, 0, 0, on_hand - 3)
    await shop.act("place-order", lines=[{"sku": SKU, "quantity": int(on_hand)}])
    assert await row() == (on_hand - 3, on_hand - 3, 3, -3)


async def test_versions_rise_by_one(shop: ShopClient, order: Json) -> None:
    path = f"sales-orders/{order['id']}"
    versions = [order["version"]]
    await shop.patch(path, {"notes": "x"})
    versions.append((await shop.order(order["id"]))["version"])
    await shop.post("shipments", shipment(order, "1"))
    versions.append((await shop.order(order["id"]))["version"])
    assert all(later == earlier + 1 for earlier, later in pairwise(versions))
