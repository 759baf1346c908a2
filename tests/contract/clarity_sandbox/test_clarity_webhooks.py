"""Webhooks: subscriptions, envelope, signature, retries, trouble on demand (systems/clarity.md 4)."""

import asyncio
import base64
import hashlib
import hmac
import time
import uuid
from typing import Any

import pytest

from .conftest import SKU, Json, Open, Receiver, ShopClient, error, fields, new_key, until

SECRETS = ["old-secret", "new-secret"]
ALL = ["order.*", "payment.*", "refund.*", "shipment.*", "product.*", "inventory.*", "customer.*"]
LINES = [{"sku": SKU, "quantity": 2}]


@pytest.fixture
async def shop(open_shop: Open, receiver: Receiver) -> ShopClient:
    made: ShopClient = await open_shop(webhook_url=receiver.url, webhook_secrets=SECRETS, webhook_events=ALL)
    return made


async def placed(shop: ShopClient, receiver: Receiver, **wish: Any) -> int:
    """An order whose events are out and forgotten."""
    wish = {"lines": LINES, "country": "US", "paid": False, **wish}
    number = int((await shop.act("place-order", **wish))["id"])
    await shop.settle()
    receiver.got.clear()
    return number


def mac(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


async def test_an_order_placed_is_told_thin_and_signed_by_each_secret(shop: ShopClient, receiver: Receiver) -> None:
    number = (await shop.act("place-order", lines=LINES))["id"]
    await shop.settle()
    body, headers = next(got for got in receiver.got if b"order.created" in got[0])
    event = next(one for one in receiver.bodies if one["type"] == "order.created")
    assert set(event) == {"id", "type", "apiVersion", "createdAt", "tenant", "sequence", "data"}
    assert event["data"] == {"resource": "sales-orders", "id": number, "customKey": None, "version": 1}
    assert (event["apiVersion"], event["tenant"], event["sequence"]) == ("v1", "acme", 1)
    stamp = headers["X-Clarity-Timestamp"]
    expected = f"t={stamp},v1={mac(SECRETS[0], stamp, body)},v1={mac(SECRETS[1], stamp, body)}"
    assert headers["X-Clarity-Signature"] == expected
    assert abs(int(stamp) - time.time()) < 60
    assert (headers["X-Clarity-Event"], headers["X-Clarity-Event-Id"]) == ("order.created", event["id"])
    assert uuid.UUID(headers["X-Clarity-Delivery"]) != uuid.UUID(event["id"])
    assert headers["Content-Type"] == "application/json"


async def test_full_events_have_the_object_and_what_changed(open_shop: Open, receiver: Receiver) -> None:
    shop = await open_shop(webhook_url=receiver.url, event_form="full")
    number = await placed(shop, receiver)
    await shop.to_status(number, "Processing")
    await shop.settle()
    [event] = receiver.bodies
    assert (event["type"], event["sequence"]) == ("order.status_changed", 2)
    assert event["data"]["object"] == await shop.order(number)
    assert event["data"]["previous"] == {"status": "Pending", "statusHistory": []}


async def test_secrets_rotate_while_it_runs(shop: ShopClient, receiver: Receiver) -> None:
    await shop.act("rotate-secret", secret="newest", keep=1)
    await shop.act("change-product", sku=SKU, fields={"description": "new"})
    await shop.settle()
    [(body, headers)] = receiver.got
    stamp = headers["X-Clarity-Timestamp"]
    expected = f"t={stamp},v1={mac('new-secret', stamp, body)},v1={mac('newest', stamp, body)}"
    assert headers["X-Clarity-Signature"] == expected


async def test_the_form_of_the_signature_may_be_another(open_shop: Open, receiver: Receiver) -> None:
    options = {"webhook_url": receiver.url, "webhook_secrets": ["s"], "signature_encoding": "base64"}
    shop = await open_shop(**options, signature_header="X-Hmac")
    await shop.act("change-product", sku=SKU, fields={"description": "1"})
    await shop.settle()
    [(body, headers)] = receiver.got
    stamp = headers["X-Clarity-Timestamp"]
    raw = hmac.new(b"s", stamp.encode() + b"." + body, hashlib.sha256).digest()
    assert headers["X-Hmac"] == f"t={stamp},v1={base64.b64encode(raw).decode()}"
    receiver.got.clear()
    await shop.act("set-options", signature_timestamp=False)
    await shop.act("change-product", sku=SKU, fields={"description": "2"})
    await shop.settle()
    [(body, headers)] = receiver.got
    assert headers["X-Hmac"] == base64.b64encode(hmac.new(b"s", body, hashlib.sha256).digest()).decode()


ACTIONS: list[tuple[str, Json, list[str]]] = [
    ("pay-order", {}, ["payment.received"]),
    ("cancel-order", {}, ["inventory.updated", "order.cancelled", "order.status_changed"]),
    ("set-status", {"status": "On Hold"}, ["order.status_changed"]),
    ("set-status", {"status": "Pending"}, []),
    ("update-order", {"notes": "ring"}, ["order.updated"]),
    ("update-order", {"lines": [{"sku": SKU, "quantity": 3}]}, ["inventory.updated", "order.updated"]),
]


@pytest.mark.parametrize(("action", "given", "expected"), ACTIONS)
async def test_what_happens_to_an_order_is_told(
    shop: ShopClient, receiver: Receiver, action: str, given: Json, expected: list[str]
) -> None:
    number = await placed(shop, receiver)
    await shop.act(action, id=number, **given)
    await shop.settle()
    assert receiver.types() == expected


async def test_what_happens_in_the_shop_is_told(shop: ShopClient, receiver: Receiver) -> None:
    async def told(name: str, /, **given: Any) -> list[str]:
        receiver.got.clear()
        await shop.act(name, **given)
        await shop.settle()
        return receiver.types()

    number = await placed(shop, receiver, paid=True)
    user = (await shop.state("users"))[0]["id"]
    assert await told("refund-order", id=number) == ["refund.created"]
    assert await told("add-product", sku="NEW-1") == ["product.created"]
    assert await told("change-product", sku="NEW-1", fields={"name": "Newer"}) == ["product.updated"]
    assert await told("change-product", sku="NEW-1", fields={"name": "Newer"}) == []
    assert await told("remove-product", sku="NEW-1") == ["product.deleted"]
    assert await told("change-stock", sku=SKU, by=1) == ["inventory.updated"]
    assert await told("add-customer", email="a@b.example") == ["customer.created"]
    assert await told("change-customer", userId=user, contact={"phone": "1"}) == ["customer.updated"]


async def test_writes_of_the_api_are_told_too(shop: ShopClient, receiver: Receiver) -> None:
    number = await placed(shop, receiver)
    order = await shop.order(number)
    await shop.patch(f"sales-orders/{number}", {"customKey": "0012345"})
    await shop.to_status(number, "Processing")
    item = {"salesOrderItemId": order["items"][0]["id"], "quantity": "2"}
    shipment = (await shop.post("shipments", {"salesOrderId": number, "items": [item]})).json()
    await shop.patch(f"shipments/{shipment['id']}", {"trackingNumber": "1Z9"})
    await shop.put("products/by-key/NEW-1", {"name": "New"})
    await shop.put("accounts/by-key/C1", {"name": "Acme"})
    await shop.put("accounts/by-key/C1", {"name": "Acme Tools"})
    await shop.put("inventory/bulk", {"entries": [{"sku": SKU, "locationKey": "AUS-1", "quantityOnHand": "9"}]})
    await shop.settle()
    assert receiver.types() == [
        "customer.created",
        "customer.updated",
        "inventory.updated",
        "inventory.updated",
        "order.status_changed",
        "order.status_changed",
        "order.updated",
        "product.created",
        "shipment.created",
        "shipment.updated",
    ]
    about_order = [one for one in receiver.bodies if one["data"]["resource"] == "sales-orders"]
    numbers = sorted((one["sequence"], one["data"]["version"]) for one in about_order)
    assert numbers == [(2, 2), (3, 3), (4, 4)]


async def test_a_refused_write_and_one_without_a_change_tell_nothing(shop: ShopClient, receiver: Receiver) -> None:
    number = await placed(shop, receiver)
    await shop.post(f"sales-orders/{number}/status", {"status": "Completed"})
    await shop.post(f"sales-orders/{number}/status", {"status": "Pending"})
    await shop.patch(f"sales-orders/{number}", {"notes": None})
    key = new_key()
    await shop.post(f"sales-orders/{number}/status", {"status": "Confirmed"}, key)
    await shop.post(f"sales-orders/{number}/status", {"status": "Confirmed"}, key)
    await shop.settle()
    assert receiver.types() == ["order.status_changed"]


async def test_what_cannot_be_read_back_is_in_the_event_even_when_thin(shop: ShopClient, receiver: Receiver) -> None:
    number = await placed(shop, receiver)
    await shop.act("pay-order", id=number)
    await shop.act("refund-order", id=number)
    await shop.settle()
    assert {one["data"]["resource"] for one in receiver.bodies} == {"payments", "refunds"}
    assert {one["data"]["object"]["salesOrderId"] for one in receiver.bodies} == {number}


async def test_a_subscription_by_the_api(shop: ShopClient, receiver: Receiver) -> None:
    body = {"url": receiver.url + "/2", "events": ["product.updated", "order.*"]}
    made = await shop.post("webhooks", body)
    hook = made.json()
    assert (made.status_code, hook["active"], hook["events"]) == (201, True, body["events"])
    assert made.headers["location"] == f"http://shop.example/api/v1/webhooks/{hook['id']}"
    listed = (await shop.get("webhooks")).json()["data"]
    assert [one["id"] for one in listed] == [1, hook["id"]]
    assert all("secret" not in one for one in listed)
    given = (await shop.post("webhooks", {**body, "secret": "mine", "active": False})).json()
    assert (given["secret"], given["active"]) == ("mine", False)
    gone = await shop.http.delete("/api/v1/webhooks/1")
    assert (gone.status_code, gone.content) == (204, b"")
    assert error(await shop.http.delete("/api/v1/webhooks/1")) == (404, "not_found")
    await shop.act("change-product", sku=SKU, fields={"description": "x"})
    await shop.act("add-customer", email="a@b.example")
    await shop.settle()
    [(raw, headers)] = receiver.got
    stamp = headers["X-Clarity-Timestamp"]
    assert headers["X-Clarity-Signature"] == f"t={stamp},v1={mac(hook['secret'], stamp, raw)}"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"url": "ftp://x"}, ("url", "format")),
        ({"events": []}, ("events", "min")),
        ({"events": ["order.exploded"]}, ("events[0]", "choice")),
        ({"colour": "red"}, ("colour", "unknown")),
    ],
)
async def test_what_a_subscription_gets_wrong_is_named(shop: ShopClient, change: Json, expected: Any) -> None:
    answer = await shop.post("webhooks", {"url": "https://x.example", "events": ["order.*"], **change})
    assert (error(answer), fields(answer)) == ((422, "validation_failed"), [expected])


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("normal", ["order.created"]),
        ("lost", []),
        ("duplicate", ["order.created"] * 2),
        ("late", ["order.created"]),
        ("out-of-order", ["order.updated", "order.created"]),
    ],
)
async def test_place_order_says_what_becomes_of_its_webhook(
    open_shop: Open, receiver: Receiver, mode: str, told: list[str]
) -> None:
    shop = await open_shop(webhook_url=receiver.url)
    number = (await shop.act("place-order", webhook=mode, seconds=0.05))["id"]
    await until(lambda: len(receiver.got) == len(told))
    await shop.settle()
    assert receiver.told() == [(name, number) for name in told]
    assert len({body["id"] for body in receiver.bodies}) == len(set(told))
    deliveries = {headers["X-Clarity-Delivery"] for _, headers in receiver.got}
    assert len(deliveries) == len(told), "each attempt has an id of its own"
    states = {one["status"] for one in await shop.state("deliveries")}
    assert states == ({"delivered"} if told else {"lost"})


async def test_one_out_of_order_waits_for_the_next_event(open_shop: Open, receiver: Receiver) -> None:
    shop = await open_shop(webhook_url=receiver.url)
    await shop.fault(kind="webhook_out_of_order", path="product.updated", seconds=60)
    await shop.act("change-product", sku=SKU, fields={"description": "1"})
    await shop.settle()
    assert receiver.got == []
    await shop.act("add-product", sku="NEW-1")
    await shop.settle()
    assert [name for name, _ in receiver.told()] == ["product.created", "product.updated"]


@pytest.mark.parametrize(("kind", "times"), [("webhook_lost", 0), ("webhook_duplicate", 2), ("webhook_late", 1)])
async def test_faults_hit_webhooks_by_event(shop: ShopClient, receiver: Receiver, kind: str, times: int) -> None:
    await shop.fault(kind=kind, path="^order.created/sales-orders/", seconds=0.01)
    for _ in range(2):
        await shop.act("place-order", lines=LINES)
    await until(lambda: receiver.told().count(("order.created", 5121)) == 1)
    await until(lambda: receiver.told().count(("order.created", 5120)) == times)


async def test_every_nth_event_is_told_twice_or_signed_wrongly_at_first(open_shop: Open, receiver: Receiver) -> None:
    options = {"webhook_url": receiver.url, "webhook_secrets": ["s"], "time_scale": 1000}
    shop = await open_shop(**options, duplicate_every=2, wrong_signature_every=3)
    receiver.statuses = [202]
    for text in ("1", "2", "3"):
        await shop.act("change-product", sku=SKU, fields={"description": text})
        await shop.settle()
    numbers = [body["sequence"] for body in receiver.bodies]
    assert numbers == [1, 2, 2, 3]
    right = [
        headers["X-Clarity-Signature"].endswith(mac("s", headers["X-Clarity-Timestamp"], body))
        for body, headers in receiver.got
    ]
    assert right == [True, True, True, False]


async def test_a_wrong_signature_is_refused_and_the_retry_is_right(open_shop: Open, receiver: Receiver) -> None:
    options = {"webhook_url": receiver.url, "webhook_secrets": ["s"], "time_scale": 1000}
    shop = await open_shop(**options, wrong_signature_every=1)
    receiver.statuses = [401]
    await shop.act("change-product", sku=SKU, fields={"description": "x"})
    await until(lambda: len(receiver.got) == 2)
    body, headers = receiver.got[1]
    assert headers["X-Clarity-Signature"].endswith(mac("s", headers["X-Clarity-Timestamp"], body))


async def test_failed_deliveries_are_retried_by_the_schedule(open_shop: Open, receiver: Receiver) -> None:
    shop = await open_shop(webhook_url=receiver.url, time_scale=100_000)
    receiver.statuses = [500, 302]
    await shop.act("change-product", sku=SKU, fields={"description": "x"})
    await until(lambda: len(receiver.got) == 3)
    await shop.settle()
    [delivery] = await shop.state("deliveries")
    assert (delivery["status"], [one["status"] for one in delivery["attempts"]]) == ("delivered", [500, 302, 202])
    assert len({body for body, _ in receiver.got}) == 1
    assert len({headers["X-Clarity-Delivery"] for _, headers in receiver.got}) == 3


async def test_after_eight_attempts_a_delivery_is_dead(open_shop: Open, receiver: Receiver) -> None:
    shop = await open_shop(webhook_url=receiver.url, time_scale=1_000_000)
    receiver.status = 503
    await shop.act("change-product", sku=SKU, fields={"description": "x"})
    await until(lambda: len(receiver.got) == 8)
    await shop.settle()
    [delivery] = await shop.state("deliveries")
    assert (delivery["status"], len(delivery["attempts"])) == ("dead", 8)


async def test_a_receiver_that_is_down_is_written_down(open_shop: Open) -> None:
    shop = await open_shop(webhook_url="http://127.0.0.1:9/")
    await shop.act("change-product", sku=SKU, fields={"description": "x"})
    await shop.settle()
    [delivery] = await shop.state("deliveries")
    assert delivery["status"] == "retrying"
    assert delivery["attempts"][0]["status"] is None
    assert delivery["attempts"][0]["error"] == "ClientConnectorError"


async def test_410_disables_at_once(shop: ShopClient, receiver: Receiver) -> None:
    receiver.status = 410
    await shop.act("change-product", sku=SKU, fields={"description": "1"})
    await shop.settle()
    await shop.act("change-product", sku=SKU, fields={"description": "2"})
    await shop.settle()
    assert len(receiver.got) == 1
    [hook] = (await shop.get("webhooks")).json()["data"]
    assert (hook["active"], hook["disabledReason"]) == (False, "the endpoint answered 410")
    assert [one["status"] for one in await shop.state("deliveries")] == ["dead"]


async def test_three_days_of_only_failures_disable(shop: ShopClient, receiver: Receiver) -> None:
    async def change(text: str) -> bool:
        await shop.act("change-product", sku=SKU, fields={"description": text})
        await shop.settle()
        [hook] = await shop.state("webhooks")
        return bool(hook["active"])

    receiver.statuses = [500, 202, 500, 500, 500]
    assert await change("1")
    await shop.fault(kind="clock_shift", seconds=3 * 86_400, times=None)
    assert await change("2"), "a success"
    assert await change("3"), "failing anew"
    await shop.fault(kind="clock_shift", seconds=3 * 86_400 - 60, times=None)
    assert await change("4")
    await shop.fault(kind="clock_shift", seconds=61, times=None)
    assert not await change("5")


async def test_deliveries_are_listed_for_30_days_and_sent_again_on_request(
    shop: ShopClient, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    await shop.act("change-product", sku=SKU, fields={"description": "x"})
    await shop.settle()
    answer = (await shop.get("webhooks/1/deliveries")).json()
    [delivery] = answer["data"]
    assert (delivery["type"], delivery["status"], answer["pagination"]["totalCount"]) == (
        "product.updated",
        "retrying",
        1,
    )
    again = await shop.post(f"webhooks/1/deliveries/{delivery['id']}/redeliver", {})
    await shop.settle()
    attempt = receiver.got[0][1]["X-Clarity-Delivery"]
    by_attempt = await shop.post(f"webhooks/1/deliveries/{attempt}/redeliver", {})
    await shop.settle()
    assert (again.status_code, by_attempt.status_code) == (202, 202)
    assert len({body["id"] for body in receiver.bodies}) == 1
    [after] = await shop.state("deliveries")
    assert (after["status"], [one["status"] for one in after["attempts"]]) == ("delivered", [500, 202, 202])
    for path in ("webhooks/1/deliveries/99/redeliver", "webhooks/2/deliveries/1/redeliver"):
        assert error(await shop.post(path, {})) == (404, "not_found")
    assert error(await shop.get("webhooks/2/deliveries")) == (404, "not_found")
    await shop.fault(kind="clock_shift", seconds=31 * 86_400, times=None)
    assert (await shop.get("webhooks/1/deliveries")).json()["data"] == []


async def test_events_that_did_not_happen(shop: ShopClient, receiver: Receiver) -> None:
    number = await placed(shop, receiver)
    await shop.act("emit-webhook", type="order.updated", id=number, sequence=1, version=1, age=301)
    await shop.act("emit-webhook", type="webhook.test", resource="webhooks", id=1)
    await shop.act("emit-webhook", type="order.created", id=999_999, forged=True)
    await shop.settle()
    assert sorted(receiver.told()) == [("order.created", 999_999), ("order.updated", number)]
    for (body, headers), event in zip(receiver.got, receiver.bodies, strict=True):
        stamp = headers["X-Clarity-Timestamp"]
        forged = mac(SECRETS[1], stamp, body) not in headers["X-Clarity-Signature"]
        assert forged == (event["type"] == "order.created")
        if not forged:
            assert time.time() - int(stamp) > 300
            assert (event["sequence"], event["data"]["version"]) == (1, 1)
    assert "no event" in await shop.refused("emit-webhook", type="order.exploded", id=1)


async def test_a_forged_event_is_sent_once(open_shop: Open, receiver: Receiver) -> None:
    shop = await open_shop(webhook_url=receiver.url, time_scale=1_000_000)
    receiver.status = 401
    await shop.act("emit-webhook", type="order.created", id=5120, forged=True)
    await shop.settle()
    [delivery] = await shop.state("deliveries")
    assert (delivery["status"], len(receiver.got)) == ("dead", 1)


async def test_a_removed_subscription_gets_no_retry(open_shop: Open, receiver: Receiver) -> None:
    shop = await open_shop(webhook_url=receiver.url, time_scale=100)
    receiver.status = 500
    await shop.act("change-product", sku=SKU, fields={"description": "x"})
    await shop.settle()
    assert (await shop.http.delete("/api/v1/webhooks/1")).status_code == 204

    async with asyncio.timeout(10):
        while (await shop.state("deliveries"))[0]["status"] != "dead":  # noqa: ASYNC110 - a timer sets no event
            await asyncio.sleep(0.01)
    assert len(receiver.got) == 1


async def test_without_a_subscription_nothing_is_sent(open_shop: Open) -> None:
    shop = await open_shop()
    await shop.act("place-order")
    assert await shop.state("deliveries") == []
