"""The webhooks of our shop module (systems/prestashop.md 8, the proposal)."""

import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from .conftest import ShopClient, order_history

Open = Callable[..., ShopClient]
KEYS = ["first-secret", "second-secret"]


class Receiver:
    """What our ingress would get: bodies and signatures."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, str]] = []
        self.status = 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((body, self.headers["X-PrestaShop-Signature"]))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks/prestashop"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def events(self) -> list[tuple[str, int]]:
        bodies = [json.loads(body) for body, _ in self.got]
        return [(body["event"], body["resource_id"]) for body in bodies]

    def order_events(self) -> list[tuple[str, int]]:
        return [event for event in self.events() if event[0].startswith("order.")]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def shop(open_shop: Open, receiver: Receiver) -> ShopClient:
    return open_shop(webhook_url=receiver.url, webhook_keys=KEYS, shop_id=1)


async def settle(shop: ShopClient) -> None:
    await asyncio.wait_for(shop.app.sandbox.settle(), 10)


async def test_an_order_placed_is_told_signed_with_the_first_key(shop: ShopClient, receiver: Receiver) -> None:
    number = (await shop.act("place-order"))["id"]
    await settle(shop)
    assert receiver.order_events() == [("order.created", number)]
    body, signature = next(item for item in receiver.got if b"order.created" in item[0])
    assert signature == f"sha256={hmac.new(KEYS[0].encode(), body, hashlib.sha256).hexdigest()}"
    message = json.loads(body)
    assert set(message) == {"event", "id", "occurred_at", "shop_id", "resource", "resource_id"}
    assert (message["shop_id"], message["resource"]) == (1, "orders")
    told = datetime.fromisoformat(message["occurred_at"])
    assert abs((datetime.now(UTC) - told).total_seconds()) < 60


async def test_stock_taken_by_an_order_is_told_row_by_row(shop: ShopClient, receiver: Receiver) -> None:
    await shop.act("place-order", lines=[{"sku": "TRY-GLS-M", "quantity": 1}, {"sku": "POT-BRS", "quantity": 1}])
    await settle(shop)
    assert sorted(name for name, _ in receiver.events()) == ["order.created", "stock.updated", "stock.updated"]


@pytest.mark.parametrize(
    ("action", "given", "expected"),
    [
        ("set-state", {"id": 1, "state": 3}, ["order.status_updated"]),
        ("cancel-order", {"id": 1}, ["stock.updated", "order.status_updated"]),
        ("change-stock", {"sku": "POT-BRS", "by": 1}, ["stock.updated"]),
        ("change-customer", {"id": 1, "fields": {"lastname": "New"}}, ["customer.updated"]),
        ("change-address", {"id": 1, "fields": {"city": "Nice"}}, ["customer.updated"]),
        ("add-message", {"id": 1, "message": "Hello"}, ["order.updated"]),
        ("refund-order", {"id": 1}, ["order.updated", "order_slip.created"]),
        ("add-product", {"sku": "NEW-1"}, ["product.updated"]),
    ],
)
async def test_what_happens_in_the_shop_is_told(
    shop: ShopClient, receiver: Receiver, action: str, given: dict[str, Any], expected: list[str]
) -> None:
    await shop.act("place-order", payment="ps_wirepayment", lines=[{"sku": "POT-BRS", "quantity": 1}])
    await settle(shop)
    receiver.got.clear()
    await shop.act(action, **given)
    await settle(shop)
    assert sorted(name for name, _ in receiver.events()) == sorted(expected)


async def test_writes_of_the_api_are_told_too_unless_switched_off(
    open_shop: Open, shop: ShopClient, receiver: Receiver
) -> None:
    quiet = open_shop(webhook_url=receiver.url, webhook_on_api_writes=False)
    for one, expected in ((shop, [("order.status_updated", 1)]), (quiet, [])):
        await one.act("place-order", payment="ps_wirepayment")
        await settle(one)
        receiver.got.clear()
        await one.post("order_histories", order_history(1, 2))
        await settle(one)
        assert receiver.order_events() == expected


async def test_payments_and_tracking_numbers_are_told_although_they_leave_date_upd_alone(
    shop: ShopClient, receiver: Receiver
) -> None:
    reference = (await shop.act("place-order", payment="ps_wirepayment"))["reference"]
    await settle(shop)
    payment = f"<order_reference>{reference}</order_reference><id_currency>1</id_currency><amount>5</amount>"
    number = "<order_carrier><id>1</id><tracking_number>1Z</tracking_number></order_carrier>"
    for write in (
        shop.post("order_payments", f"<order_payment>{payment}</order_payment>"),
        shop.patch("order_carriers/1", number),
    ):
        receiver.got.clear()
        await write
        await settle(shop)
        assert receiver.events() == [("order.updated", 1)]


async def test_a_refused_write_tells_nothing(shop: ShopClient, receiver: Receiver) -> None:
    await shop.act("place-order", payment="ps_wirepayment")
    await settle(shop)
    receiver.got.clear()
    await shop.patch("orders/1", "<order><id>1</id><current_state>2</current_state><total_paid>x</total_paid></order>")
    await shop.post("order_histories", order_history(1, 99))
    await settle(shop)
    assert receiver.got == []


async def test_chosen_events_only(open_shop: Open, receiver: Receiver) -> None:
    shop = open_shop(webhook_url=receiver.url, webhook_events=["order.created"])
    await shop.act("place-order")
    await shop.act("set-state", id=1, state=4)
    await settle(shop)
    assert receiver.events() == [("order.created", 1)]


@pytest.mark.parametrize(("mode", "times"), [("normal", 1), ("lost", 0), ("duplicate", 2), ("late", 1)])
async def test_place_order_says_what_becomes_of_its_webhook(
    shop: ShopClient, receiver: Receiver, mode: str, times: int
) -> None:
    await shop.act("place-order", webhook=mode, seconds=0.01)
    await settle(shop)
    assert receiver.order_events() == [("order.created", 1)] * times
    assert len({body for body, _ in receiver.got if b"order.created" in body}) == min(times, 1)
    [row] = await shop.state("webhooks", event="order.created")
    assert (row["mode"], row["done"], row["status"]) == (mode, 1, 204 if times else None)


@pytest.mark.parametrize(("kind", "times"), [("webhook_lost", 0), ("webhook_duplicate", 2), ("webhook_late", 1)])
async def test_faults_hit_webhooks_by_event(shop: ShopClient, receiver: Receiver, kind: str, times: int) -> None:
    await shop.fault(kind=kind, path="^order.created/orders/", seconds=0.01)
    await shop.act("place-order")
    await shop.act("place-order")
    await settle(shop)
    events = receiver.order_events()
    assert (events.count(("order.created", 1)), events.count(("order.created", 2))) == (times, 1)


async def test_a_receiver_that_is_down_does_not_hinder_the_shop_and_is_not_asked_again(open_shop: Open) -> None:
    shop = open_shop(webhook_url="http://127.0.0.1:9/", webhook_events=["order.created"])
    assert (await shop.act("place-order"))["id"] == 1
    await settle(shop)
    [row] = await shop.state("webhooks")
    assert (row["status"], row["done"], "ClientConnectorError" in row["error"]) == (None, 1, True)


async def test_without_an_address_nothing_is_sent(open_shop: Open) -> None:
    shop = open_shop()
    await shop.act("place-order")
    assert await shop.state("webhooks") == []
