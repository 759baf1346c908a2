"""The connector against the Clarity sandbox, over HTTP only: the whole cycle, and what faults do to it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.clarity.tasks import Log, plan, price, run, shipment, status, stock
from tests.unit.clarity.test_mappings import canonical, said
from tests.unit.clarity.test_sink_keyed import customer, product
from tests.unit.clarity.test_sink_orders import invoice
from tests.unit.clarity.test_source import polled

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.clarity.settings import ClaritySettings
from penstock.connectors.clarity.sink import ClaritySink
from penstock.connectors.clarity.source import ClaritySource
from penstock.connectors.contract import Done, Hold, Notification, Plan, Settled, SourceUnavailableError, Wait
from penstock.connectors.http import LostReplyError, NotSentError
from penstock.records.raw import EntityRef

SKU, OTHER = "POT-BRS", "BLK-WOL-BRK"
SCOPES = [
    f"{name}:{right}"
    for name in ("orders", "products", "inventory", "customers", "shipments", "payments")
    for right in ("read", "write")
]
Json = dict[str, Any]


class Inbox:
    """Keeps the events that the shop delivers."""

    def __init__(self) -> None:
        self.events: list[tuple[bytes, dict[str, str]]] = []
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.events.append((body, dict(self.headers.items())))
                self.send_response(202)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/webhooks/clarity/acme"

    async def of(self, kind: str, native_id: int) -> tuple[bytes, dict[str, str]]:
        """The first event of a kind about a resource, once it is here."""
        async with asyncio.timeout(10):
            while True:
                for body, headers in self.events:
                    event = json.loads(body)
                    if (event["type"], event["data"]["id"]) == (kind, native_id):
                        return body, headers
                await asyncio.sleep(0.02)


class Shop:
    """A running sandbox."""

    def __init__(self, url: str, inbox: Inbox) -> None:
        self.url = url
        self.inbox = inbox

    def state(self, collection: str, **equal: Any) -> list[Json]:
        items: list[Json] = httpx.get(f"{self.url}/_sandbox/state/{collection}", params=equal).json()["items"]
        return items

    def act(self, action: str, **given: Any) -> Json:
        answer = httpx.post(f"{self.url}/_sandbox/actions/{action}", json=given)
        assert answer.status_code == 200, answer.text
        made: Json = answer.json()
        return made

    def faults(self, *faults: Json) -> None:
        assert httpx.put(f"{self.url}/_sandbox/faults", json={"faults": list(faults)}).status_code == 200

    def place(self, **given: Any) -> int:
        given = {"lines": [{"sku": SKU, "quantity": 2}], "currency": "USD", "paid": False} | given
        return int(self.act("place-order", **given)["id"])

    def settings(self, **changed: Any) -> ClaritySettings:
        given = {
            "instance": "acme", "base_url": self.url, "client_id": "penstock", "timeout": 5.0,
            "new_account_patience": 0,
            "client_secret": "plain:sandbox-client-secret", "webhook_secret": "plain:sandbox-webhook-secret",
            "shipment_patience": 0,
        }  # fmt: skip
        return ClaritySettings(**(given | changed))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    inbox = Inbox()
    options = {"webhook_url": inbox.url, "rate_limit": None, "time_scale": 100, "account_keys": True}
    ready = tmp_path_factory.mktemp("shop") / "ready.json"
    command = [sys.executable, "-m", "penstock.sandbox.serve", "clarity", "--port", "0", "--seed", "7"]
    command += ["--options", json.dumps(options), "--ready-file", str(ready)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while not ready.exists():
                assert process.poll() is None, "the sandbox ended"
                assert time.monotonic() < deadline, "the sandbox does not answer"
                time.sleep(0.05)
            yield Shop(json.loads(Path(ready).read_text())["url"], inbox)
        finally:
            process.terminate()
            process.wait(10)
            inbox.server.shutdown()


@pytest.fixture
def shop(served: Shop) -> Iterator[Shop]:
    yield served
    served.faults()
    served.act("set-options", event_form="thin", fail_every={}, page_drift=False, unknown_status=None, rate_limit=None,
               signature_encoding="hex", signature_timestamp=True, auth="oauth")  # fmt: skip


@pytest.fixture
async def source(shop: Shop) -> AsyncIterator[ClaritySource]:
    made = ClaritySource(shop.settings(), Budget(BudgetSettings(concurrency=8)))
    yield made
    await made.close()


@pytest.fixture
async def sink(shop: Shop) -> AsyncIterator[ClaritySink]:
    made = ClaritySink(shop.settings(), Budget(BudgetSettings(concurrency=8)))
    yield made
    await made.close()


async def order(shop: Shop, native_id: int) -> Json:
    """As the API shows it."""
    async with httpx.AsyncClient(base_url=shop.url) as http:
        form = {"grant_type": "client_credentials", "client_id": "penstock", "client_secret": "sandbox-client-secret"}
        token = (await http.post("/oauth/token", data=form)).json()["access_token"]
        shown = await http.get(f"/api/v1/sales-orders/{native_id}", headers={"Authorization": f"Bearer {token}"})
        return dict(shown.json())


def of(native_id: int) -> Json:
    return {"order_reference": f"CL1-{native_id}", "event": f"event-{native_id}"}


def goods(native_id: int, quantity: str = "2", **more: Any) -> Any:
    payload = {"key": f"DLV-{native_id}"} | more.pop("payload", {})
    return shipment(("000001", SKU, quantity), payload=payload, **(of(native_id) | more))


# --- reading


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"tax_included": True, "tax_rate": 0.2, "order_discount": {"percent": 7.5}, "handling": 3, "fees": 2.5},
        {"tax_included": False, "tax_rate": 0.0825, "order_discount": 3.33, "shipping_taxed": True, "shipping": 12},
        {"currency": "JPY", "tax_rate": 0.1, "tax_included": True, "order_discount": 100},
        {"currency": "KWD", "tax_rate": 0.05, "shipping": 1.5},
        {"email": "guest@home.example", "paid": True},
        {"lines": [{"sku": SKU, "quantity": 3, "discount": 1.01}, {"sku": OTHER, "quantity": 1.5}],
         "order_discount": 5, "tax_rate": 0.19, "tax_included": True},
    ],
)  # fmt: skip
async def test_an_order_adds_up_to_the_smallest_unit(source: ClaritySource, shop: Shop, given: Json) -> None:
    native_id = shop.place(**given)
    made = await canonical(source, "order", str(native_id))
    shown = await order(shop, native_id)
    assert said(made) == []
    assert made["totals"]["gross"] == Decimal(shown["totals"]["total"])
    assert made["number"] == shown["orderNumber"]


async def test_a_wrong_total_is_held(source: ClaritySource, shop: Shop) -> None:
    native_id = shop.place(wrong_total="0.01")
    assert any("order-total" in each for each in said(await canonical(source, "order", str(native_id))))


async def test_a_paid_order_names_its_payment(source: ClaritySource, shop: Shop) -> None:
    native_id = shop.place(paid=True, payment_method="credit_card")
    made = await canonical(source, "order", str(native_id))
    assert (made["status"], made["payment_method"]) == ("paid", "card")
    assert made["payments"][0]["transaction_id"]
    assert made["paid_total"] == made["totals"]["gross"]


async def test_every_account_user_and_product_can_be_read(source: ClaritySource) -> None:
    for name in ("accounts", "users", "products"):
        notes, mark = await polled(source, name)
        assert notes
        for note in notes[:10]:
            await canonical(source, note.ref.entity, note.ref.native_id)
        assert (await polled(source, name, mark))[0] == []


async def test_the_poll_finds_every_order_while_pages_drift(shop: Shop) -> None:
    placed = {str(shop.place()) for _ in range(7)}
    shop.act("set-options", page_drift=True)
    source = ClaritySource(shop.settings(page_size=2), Budget(BudgetSettings(concurrency=8)))
    notes, _ = await polled(source, "orders")
    assert placed <= {note.ref.native_id for note in notes}
    await source.close()


async def received(source: ClaritySource, shop: Shop, kind: str, native_id: int) -> list[Notification]:
    body, headers = await shop.inbox.of(kind, native_id)
    return list(source.receive(body, headers, datetime.now(UTC)))


async def test_an_event_is_verified_and_names_its_order(source: ClaritySource, shop: Shop) -> None:
    native_id = shop.place()
    [note] = await received(source, shop, "order.created", native_id)
    assert note.ref == EntityRef("clarity", "acme", "order", str(native_id))


async def test_a_refund_of_a_full_event_is_a_document(source: ClaritySource, shop: Shop) -> None:
    shop.act("set-options", event_form="full")
    native_id = shop.place(paid=True)
    refund = shop.act("refund-order", id=native_id, amount="1.00")
    notes = await received(source, shop, "refund.created", int(refund["id"]))
    assert [note.ref.entity for note in notes] == ["refund", "order"]
    made = await canonical(source, "refund", notes[0].ref.native_id, *notes[0].carried)
    assert (made["order_reference"], made["gross"]) == (f"CL1-{native_id}", Decimal("1.00"))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"fail_every": {"html": 1}}, "place of JSON"),
        ({"fail_every": {"login": 1}}, "redirected to"),
        ({"fail_every": {"503": 1}}, "503"),
        ({"fail_every": {"500": 1}}, "500"),
    ],
)
async def test_an_outage_is_named(source: ClaritySource, shop: Shop, fault: Json, error: str) -> None:
    native_id = shop.place()
    shop.act("set-options", **fault)
    with pytest.raises(SourceUnavailableError, match=error):
        await source.extract(EntityRef("clarity", "acme", "order", str(native_id)))


async def test_check_names_a_missing_scope(source: ClaritySource, sink: ClaritySink, shop: Shop) -> None:
    assert all(result.ok for result in [*await source.check(), *await sink.check()])
    shop.act("set-options", scopes=[scope for scope in SCOPES if scope != "payments:read"])
    lesser = ClaritySource(shop.settings(), Budget(BudgetSettings()))
    assert [result.name for result in await lesser.check() if not result.ok] == ["payments:read"]
    shop.act("set-options", scopes=SCOPES)
    await lesser.close()


async def test_an_api_key_is_a_way_in(shop: Shop) -> None:
    shop.act("set-options", auth="key")
    keyed = ClaritySource(
        shop.settings(client_id=None, client_secret=None, api_key="plain:sandbox-api-key"), Budget(BudgetSettings())
    )
    assert all(result.ok for result in await keyed.check())
    await keyed.close()


# --- the way of an order


async def test_the_whole_cycle(sink: ClaritySink, shop: Shop) -> None:
    native_id = shop.place()
    booked = status(number=f"W{native_id}", **of(native_id))
    assert all(isinstance(result, Done) for result in await run(sink, booked))
    assert isinstance(await plan(sink, booked), Settled)

    assert all(isinstance(result, Done) for result in await run(sink, goods(native_id, "1")))
    assert (await order(shop, native_id))["status"] == "Partially Shipped"
    rest = goods(native_id, "1", payload={"key": f"DLV-{native_id}-2"})
    assert isinstance(await plan(sink, status("Shipped", number=f"W{native_id}", **of(native_id))), Wait)
    assert all(isinstance(result, Done) for result in await run(sink, rest))
    shown = await order(shop, native_id)
    assert (shown["status"], shown["customKey"], shown["erpStatus"]) == ("Shipped", f"W{native_id}", "O")

    late = goods(native_id, "1", payload={"key": f"DLV-{native_id}-2", "tracking_numbers": ["1Z1", "1Z2"]})
    assert isinstance((await run(sink, late))[-1], Done)
    assert isinstance(await plan(sink, late), Settled)

    given = invoice("0100001", "2025-03-09")
    bill = replace(given, record={**given.record, "order_reference": f"CL1-{native_id}"})
    assert isinstance((await run(sink, bill))[-1], Done)
    assert (await order(shop, native_id))["attributes"]["invoiceNumber"] == "0100001"

    closed = status("Completed", number=f"W{native_id}", word="C", **(of(native_id) | {"event": f"c-{native_id}"}))
    assert all(isinstance(result, Done) for result in await run(sink, closed))
    assert (await order(shop, native_id))["status"] == "Completed"
    assert len(shop.state("shipments", salesOrderId=native_id)) == 2


async def test_a_shipment_of_a_new_order_lets_it_be_processed_first(sink: ClaritySink, shop: Shop) -> None:
    native_id = shop.place()
    assert all(isinstance(result, Done) for result in await run(sink, goods(native_id)))
    shown = await order(shop, native_id)
    assert shown["status"] == "Shipped"
    assert [change["to"] for change in shown["statusHistory"]] == ["Processing", "Shipped"]


async def test_a_reply_lost_after_the_shipment_ships_once(sink: ClaritySink, shop: Shop) -> None:
    native_id = shop.place()
    await run(sink, status(number=None, **of(native_id)))
    decision = await plan(sink, goods(native_id))
    assert isinstance(decision, Plan)
    [post] = decision.steps
    shop.faults({"kind": "reply_lost", "method": "POST", "path": "/api/v1/shipments"})
    with pytest.raises(LostReplyError):
        await post.send(_Open())
    assert post.find is not None
    found = await post.find()
    assert isinstance(found, Done)
    again = await post.send(_Open())
    assert isinstance(again, Done)
    assert again.native_id == found.native_id
    assert len(shop.state("shipments", salesOrderId=native_id)) == 1


async def test_two_workers_that_ship_the_same_make_one_shipment(sink: ClaritySink, shop: Shop) -> None:
    native_id = shop.place()
    await run(sink, status(number=None, **of(native_id)))
    twins = [goods(native_id), goods(native_id, event="another")]
    plans = [await plan(sink, each) for each in twins]
    results = [await each.steps[0].send(_Open()) for each in plans if isinstance(each, Plan)]
    assert len(results) == 2
    assert len(shop.state("shipments", salesOrderId=native_id)) == 1


async def test_more_than_was_ordered_is_held(sink: ClaritySink, shop: Shop) -> None:
    native_id = shop.place()
    assert isinstance(await plan(sink, goods(native_id, "3")), Hold)


async def test_a_cancelled_order(sink: ClaritySink, shop: Shop) -> None:
    native_id = shop.place()
    cancelled = status("Cancelled", number=None, **of(native_id))
    assert all(isinstance(result, Done) for result in await run(sink, cancelled))
    assert isinstance(await plan(sink, goods(native_id)), Hold)
    assert isinstance(await plan(sink, status("Processing", number=None, **of(native_id))), Settled)


async def test_a_status_that_nobody_knows_is_held(sink: ClaritySink, shop: Shop) -> None:
    native_id = shop.place()
    shop.act("set-options", unknown_status="Quarantined")
    assert isinstance(await plan(sink, status(**of(native_id))), Hold)


async def test_a_full_bucket_is_a_wait(sink: ClaritySink, shop: Shop) -> None:
    native_id = shop.place()
    shop.act("set-options", fail_every={"429": 1})
    with pytest.raises(NotSentError, match="429"):
        await plan(sink, status(**of(native_id)))


# --- stock, prices, products, companies


async def stock_of(shop: Shop, sku: str, location: str) -> list[Json]:
    return [row for row in shop.state("inventory", sku=sku) if row["locationKey"] == location]


async def test_the_shop_offers_what_the_erp_has_and_goes_on_selling(sink: ClaritySink, shop: Shop) -> None:
    location = shop.state("inventory", sku=SKU)[0]["locationKey"]
    now = datetime.now(UTC)
    source = {"system": "sage100", "instance": "ABC", "native_id": f"{SKU}|001", "observed_at": now}

    def figure(available: str, event: str, log: Log | None = None) -> Any:
        return stock(SKU, available, location, source=source, event=event, log=log)

    await run(sink, figure("40", "s1"))
    assert Decimal((await stock_of(shop, SKU, location))[0]["quantityAvailable"]) == 40
    shop.place(lines=[{"sku": SKU, "quantity": 2}])
    [row] = await stock_of(shop, SKU, location)
    sold = 40 - Decimal(row["quantityAvailable"])
    assert sold in {0, 2}  # the shop may take the pieces from another location
    *_, last = await run(sink, figure("30", "s2", Log(open_quantity={SKU: Decimal(2)})))
    assert isinstance(last, Wait)
    assert Decimal((await stock_of(shop, SKU, location))[0]["quantityAvailable"]) == 28
    old = {**source, "observed_at": datetime(2020, 1, 1, tzinfo=UTC)}
    stale = stock(SKU, "5", location, source=old, event="s0")
    await run(sink, stale)
    decision = await plan(sink, stale)
    assert isinstance(decision, Settled)
    assert decision.state == "superseded"
    unknown = stock("NO-SUCH-SKU", "5", location, source=source, event="s3")
    [result] = await run(sink, unknown)
    assert isinstance(result, Wait)


async def test_prices_of_all_and_of_one_company(sink: ClaritySink, shop: Shop) -> None:
    key = next(row["customKey"] for row in shop.state("accounts") if row["customKey"])
    results = await asyncio.gather(
        run(sink, price(SKU)), run(sink, price(SKU, customer=key)), run(sink, price(SKU, customer="NOBODY")),
        run(sink, price("NO-SUCH-SKU")),
    )  # fmt: skip
    assert [type(result) for [result] in results] == [Done, Done, Wait, Wait]
    waits = [result.on for [result] in results if isinstance(result, Wait)]
    assert waits == ["customer", "item"]
    rows = shop.state("prices", sku=SKU, currency="USD")
    assert {row["accountKey"] for row in rows} >= {None, key}


async def test_a_product_is_made_changed_and_left_alone(sink: ClaritySink, shop: Shop) -> None:
    [made] = await run(sink, product("ERP-1"))
    assert isinstance(made, Done)
    assert isinstance(await plan(sink, product("ERP-1")), Settled)
    shop.act("change-product", sku="ERP-1", fields={"description": "Written by a person."})
    decision = await plan(sink, product("ERP-1", not_ours={"description"}))
    assert isinstance(decision, Settled)
    assert list(decision.kept) == ["description"]
    [changed] = await run(sink, product("ERP-1", payload={"weight": Decimal("0.75")}, not_ours={"description"}))
    assert isinstance(changed, Done)
    [row] = shop.state("products", customKey="ERP-1")
    assert (row["description"], Decimal(row["weight"])) == ("Written by a person.", Decimal("0.75"))


async def test_a_company_is_made_and_found_again(sink: ClaritySink, shop: Shop) -> None:
    [made] = await run(sink, customer())
    assert isinstance(made, Done)
    assert made.native_id is not None
    assert isinstance(await plan(sink, customer()), Settled)
    linked = Log(natives={("customer", "e1"): made.native_id})
    decision = await plan(sink, customer(linked))
    assert isinstance(decision, Settled)
    assert decision.native_id == made.native_id


class _Open:
    def check(self) -> None: ...
