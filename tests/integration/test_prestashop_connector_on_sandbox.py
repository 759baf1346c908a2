"""The connector against the PrestaShop sandbox, over HTTP only: every version, and what faults do to it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_httpserver import HTTPServer
from tests.unit.prestashop.tasks import Log, customer, payment, plan, run, shipment, status, stock
from tests.unit.prestashop.test_mappings import ROOT, env

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Done, Hold, Plan, Settled, Wait
from penstock.connectors.http import LostReplyError, NotSentError
from penstock.connectors.prestashop import SPEC
from penstock.connectors.prestashop.document import open_document
from penstock.connectors.prestashop.settings import PrestashopSettings
from penstock.connectors.prestashop.sink import PrestashopSink
from penstock.connectors.prestashop.source import PrestashopSource
from penstock.mapping import Mapping, compile_mapping
from penstock.records.raw import EntityRef

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456"
LESSER = "LESSERLESSERLESSERLESSERLESSER12"
SKU, SIMPLE = "BLK-WOL-BRK", "STL-BEE"
MAPPINGS: dict[str, Mapping] = {}


class Shop:
    """A running sandbox."""

    def __init__(self, url: str, version: str) -> None:
        self.url = url
        self.version = version

    def state(self, collection: str, **equal: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = httpx.get(f"{self.url}/_sandbox/state/{collection}", params=equal).json()["items"]
        return items

    def act(self, action: str, **given: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/_sandbox/actions/{action}", json=given)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def faults(self, *faults: dict[str, Any]) -> None:
        assert httpx.put(f"{self.url}/_sandbox/faults", json={"faults": list(faults)}).status_code == 200

    def order(self, native_id: int) -> dict[str, Any]:
        return self.state("orders", id=native_id)[0]

    def place(self, payment: str = "ps_wirepayment", **given: Any) -> int:
        placed = self.act("place-order", payment=payment, currency="EUR", lines=[{"sku": SKU, "quantity": 2}], **given)
        return int(placed["id"])

    def paid(self) -> int:
        native_id = self.place()
        self.act("pay-order", id=native_id)
        assert self.order(native_id)["current_state"] == 2
        return native_id

    def settings(self, **changed: Any) -> PrestashopSettings:
        given = {"base_url": f"{self.url}/api", "key": f"plain:{KEY}", "version": self.version, "timeout": 2.0}
        return PrestashopSettings(**(given | changed))


def serve(folder: Path, version: str, **options: Any) -> Iterator[Shop]:
    keys = {KEY: "*", LESSER: {"orders": ["GET"], "order_states": ["GET"]}}
    given = {"version": version, "keys": keys, "time_zone": "Europe/Paris", **options}
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "penstock.sandbox.serve", "prestashop", "--port", "0", "--seed", "7"]
    command += ["--options", json.dumps(given), "--ready-file", str(ready)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while not ready.exists():
                assert process.poll() is None, "the sandbox ended"
                assert time.monotonic() < deadline, "the sandbox does not answer"
                time.sleep(0.05)
            yield Shop(json.loads(ready.read_text())["url"], version)
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="module", params=["1.7", "8", "9"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    yield from serve(tmp_path_factory.mktemp("shop"), request.param)


@pytest.fixture
def shop(served: Shop) -> Iterator[Shop]:
    yield served
    served.faults()


@pytest.fixture
async def source(shop: Shop) -> AsyncIterator[PrestashopSource]:
    made = PrestashopSource(shop.settings(), Budget(BudgetSettings(concurrency=8)))
    yield made
    await made.close()


@pytest.fixture
async def sink(shop: Shop) -> AsyncIterator[PrestashopSink]:
    made = PrestashopSink(shop.settings(), Budget(BudgetSettings(concurrency=8)))
    yield made
    await made.close()


async def canonical(source: PrestashopSource, shop: Shop, entity: str, native_id: int) -> dict[str, Any]:
    raw = await source.extract(EntityRef("prestashop", "1", entity, str(native_id)))
    assert raw is not None
    if entity not in MAPPINGS:
        name = f"{entity}.to-canonical"
        schema = json.loads((ROOT / f"schemas/avro/{entity}.avsc").read_text())
        MAPPINGS[entity] = compile_mapping(
            name, (SPEC.mappings / f"{name}.yaml").read_text(), target_schema=schema, secrets=SPEC.secret_fields
        )
    return MAPPINGS[entity](open_document(raw, shop.settings()), env())


async def test_an_order_is_read_whole_and_adds_up(source: PrestashopSource, shop: Shop) -> None:
    native_id = shop.place()
    shop.act("add-message", id=native_id, message="Please ring twice")
    order = await canonical(source, shop, "order", native_id)
    stored = shop.order(native_id)
    assert order["number"] == stored["reference"]
    assert order["status"] == "awaiting-payment"
    assert [(line["sku"], line["quantity"]) for line in order["lines"]] == [(SKU, 2)]
    assert sum(line["gross"] for line in order["lines"]) + order["shipping"]["gross"] == order["totals"]["gross"]
    assert order["totals"]["gross"] == Decimal(stored["total_paid"])
    assert sum(tax["amount"] for line in order["lines"] for tax in line["taxes"]) == order["lines"][0]["tax"]
    assert [message["text"] for message in order["messages"]] == ["Please ring twice"]
    assert order["ship_to"]["country_code"]


async def test_no_secret_of_the_shop_reaches_a_document(source: PrestashopSource, shop: Shop) -> None:
    native_id = shop.place()
    raw = await source.extract(EntityRef("prestashop", "1", "order", str(native_id)))
    assert raw is not None
    stored = shop.order(native_id)
    text = raw.to_bytes().decode()
    assert stored["secure_key"] not in text
    for word in ("secure_key", "passwd", "$2y$"):
        assert word not in text


async def test_a_refund_is_read_with_its_lines(source: PrestashopSource, shop: Shop) -> None:
    native_id = shop.paid()
    shop.act("refund-order", id=native_id)
    slip = shop.state("order_slips", id_order=native_id)[0]
    refund = await canonical(source, shop, "refund", slip["id"])
    assert refund["order_reference"] == f"PS1-{native_id}"
    assert refund["gross"] >= refund["net"] > 0
    assert refund["lines"]


@pytest.mark.parametrize("entity", ["customer", "product"])
async def test_customers_and_products_fit_their_records(source: PrestashopSource, shop: Shop, entity: str) -> None:
    for native_id in range(1, 12):
        assert await canonical(source, shop, entity, native_id)


async def test_polls_find_what_happened(source: PrestashopSource, shop: Shop) -> None:
    polls = {found.name: found for found in source.polls}
    marks: dict[str, Any] = {}

    async def poll(name: str) -> set[str]:
        found: set[str] = set()
        async for page in polls[name].poll(marks.get(name)):
            found |= {f"{notification.ref.entity} {notification.ref.native_id}" for notification in page.notifications}
            marks[name] = page.mark or marks.get(name)
        return found

    for name in polls:
        await poll(name)
        assert await poll(name) == set(), name
    native_id = shop.paid()
    assert f"order {native_id}" in await poll("orders")
    assert f"order {native_id}" in await poll("order_histories")
    assert f"order {native_id}" in await poll("order_payments")
    assert f"order {native_id}" in await poll("order_carriers")
    shop.act("refund-order", id=native_id)
    assert f"order {native_id}" in await poll("order_slip")
    shop.act("change-customer", id=9, fields={"company": "Polled"})
    assert await poll("customers") == {"customer 9"}


async def test_every_customer_is_found_by_the_first_poll(source: PrestashopSource, shop: Shop) -> None:
    polls = {found.name: found for found in source.polls}
    found = {
        notification.ref.native_id
        async for page in polls["customers"].poll(None)
        for notification in page.notifications
    }
    assert found == {str(row["id"]) for row in shop.state("customers")}


async def test_a_state_is_written_once(sink: PrestashopSink, shop: Shop) -> None:
    native_id = shop.paid()
    given = status(order_reference=f"PS1-{native_id}")
    await run(sink, given)
    again = await plan(sink, given)
    assert isinstance(again, Settled)
    assert shop.order(native_id)["current_state"] == 3
    assert len(shop.state("order_histories", id_order=native_id, id_order_state=3)) == 1


@pytest.mark.parametrize("kind", ["reply_lost", "error_after", "empty_500_after", "truncated", "html"])
async def test_a_write_whose_reply_is_lost_is_found_and_not_repeated(
    sink: PrestashopSink, shop: Shop, kind: str
) -> None:
    native_id = shop.paid()
    shop.faults({"kind": kind, "method": "POST", "path": "order_histories"})
    given = status(order_reference=f"PS1-{native_id}")
    with pytest.raises(LostReplyError):
        await run(sink, given)
    if kind != "html":
        again = await plan(sink, given)
        assert isinstance(again, Settled)
    assert len(shop.state("order_histories", id_order=native_id, id_order_state=3)) <= 1


@pytest.mark.parametrize("kind", ["error_before", "empty_500_before"])
async def test_a_write_that_failed_before_it_was_stored_is_sent_again(
    sink: PrestashopSink, shop: Shop, kind: str
) -> None:
    native_id = shop.paid()
    shop.faults({"kind": kind, "method": "POST", "path": "order_histories"})
    given = status(order_reference=f"PS1-{native_id}")
    with pytest.raises(LostReplyError):
        await run(sink, given)
    await run(sink, given)
    assert len(shop.state("order_histories", id_order=native_id, id_order_state=3)) == 1


@pytest.mark.parametrize("fault", [{"kind": "rate_limit"}, {"kind": "rate_limit", "retry_after": "0"}])
async def test_a_write_limited_by_rate_may_be_sent_again(
    sink: PrestashopSink, shop: Shop, fault: dict[str, Any]
) -> None:
    native_id = shop.paid()
    shop.faults(fault | {"method": "POST", "path": "order_histories"})
    given = status(order_reference=f"PS1-{native_id}")
    with pytest.raises(NotSentError):
        await run(sink, given)
    await run(sink, given)


@pytest.mark.parametrize("kind", ["error_before", "empty_500_before", "truncated", "html", "rate_limit"])
async def test_a_read_that_fails_changes_nothing(sink: PrestashopSink, shop: Shop, kind: str) -> None:
    native_id = shop.paid()
    shop.faults({"kind": kind, "method": "GET", "path": "/api/orders"})
    given = status(order_reference=f"PS1-{native_id}")
    with pytest.raises(NotSentError):
        await plan(sink, given)
    assert isinstance(await plan(sink, given), Plan)


async def test_an_unpaid_order_waits_and_no_payment_is_invented(sink: PrestashopSink, shop: Shop) -> None:
    native_id = shop.place()
    decision = await plan(sink, status(order_reference=f"PS1-{native_id}"))
    assert isinstance(decision, Wait)
    assert shop.state("order_payments", order_reference=shop.order(native_id)["reference"]) == []


async def test_a_shipment_shows_its_number_then_the_state(sink: PrestashopSink, shop: Shop) -> None:
    native_id = shop.paid()
    before = shop.state("order_carriers", id_order=native_id)[0]
    await run(sink, shipment("1Z999", complete=True, order_reference=f"PS1-{native_id}"))
    after = shop.state("order_carriers", id_order=native_id)[0]
    assert after["tracking_number"] == "1Z999"
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"tracking_number", "date_upd"}
    assert shop.order(native_id)["current_state"] == 4


async def test_a_payment_is_booked_once_with_our_reference(sink: PrestashopSink, shop: Shop) -> None:
    native_id = shop.place()
    order = shop.order(native_id)
    given = payment(order["total_paid"], order_reference=f"PS1-{native_id}")
    await run(sink, given)
    rows = shop.state("order_payments", order_reference=order["reference"])
    assert [(Decimal(row["amount"]), row["transaction_id"]) for row in rows] == [
        (Decimal(order["total_paid"]), "DALS:INV1/2")
    ]
    assert shop.order(native_id)["current_state"] == 2
    assert isinstance(await plan(sink, given), Settled)
    assert isinstance(await plan(sink, status(order_reference=f"PS1-{native_id}")), Plan)


async def test_parts_of_a_payment_add_up_to_the_order(sink: PrestashopSink, shop: Shop) -> None:
    native_id = shop.place()
    order = shop.order(native_id)
    total, reference = Decimal(order["total_paid"]), f"PS1-{native_id}"
    await run(sink, payment("20", order_reference=reference))
    assert shop.order(native_id)["current_state"] == 10
    last = payment(str(total - 20), order_reference=reference, payload={"transaction_id": "DALS:INV1/3"})
    await run(sink, last)
    rows = shop.state("order_payments", order_reference=order["reference"])
    assert sum(Decimal(row["amount"]) for row in rows) == total
    assert {row["transaction_id"] for row in rows} == {"DALS:INV1/2", "DALS:INV1/3"}


@pytest.mark.parametrize("sku", [SKU, SIMPLE])
async def test_stock_reaches_the_right_row_and_stays_in_its_shop(sink: PrestashopSink, shop: Shop, sku: str) -> None:
    shop.act("change-stock", sku=sku, quantity=40)
    given = stock(sku, "17", log=Log(open_quantity={sku: Decimal(5)}))
    decision = await plan(sink, given)
    assert isinstance(decision, Plan)
    row_id = int(str(decision.native_id))
    before = shop.state("stock_availables", id=row_id)[0]
    await run(sink, given)
    after = shop.state("stock_availables", id=row_id)[0]
    assert after == before | {"quantity": 12}
    # as long as the ERP does not have the demand, the figure is looked at again; then it is done with
    again = await plan(sink, given)
    assert isinstance(again, Wait)
    assert again.on == "booking"
    assert isinstance(await plan(sink, stock(sku, "12")), Settled)


async def test_stock_of_zero_is_written_although_the_echo_drops_it(sink: PrestashopSink, shop: Shop) -> None:
    shop.act("change-stock", sku=SKU, quantity=5)
    [result] = await run(sink, stock(SKU, "0"))
    assert isinstance(result, Done)
    assert isinstance(await plan(sink, stock(SKU, "0")), Settled)


async def test_an_unknown_item_waits_until_it_is_there(sink: PrestashopSink, shop: Shop) -> None:
    given = stock("LATE-1", "3")
    assert isinstance(await plan(sink, given), Wait)
    shop.act("add-product", sku="LATE-1")
    await run(sink, given)
    assert isinstance(await plan(sink, given), Settled)


async def test_a_customer_keeps_what_is_not_ours(sink: PrestashopSink, shop: Shop) -> None:
    before = shop.state("customers", id=12)[0]
    given = customer(company="Dupont & Fils", outstanding_allow_amount=Decimal("1500.5"))
    if shop.version == "1.7":
        assert isinstance(await plan(sink, given), Hold)
        return
    assert isinstance((await run(sink, given))[-1], Done)
    after = shop.state("customers", id=12)[0]
    assert after["company"] == "Dupont & Fils"
    assert Decimal(after["outstanding_allow_amount"]) == Decimal("1500.5")
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"company", "outstanding_allow_amount", "date_upd"}
    assert isinstance(await plan(sink, given), Settled)


async def test_what_the_shop_finds_invalid_is_held_and_changes_nothing(sink: PrestashopSink, shop: Shop) -> None:
    if shop.version == "1.7":
        return
    before = shop.state("customers", id=12)[0]
    [result] = await run(sink, customer(company="<script>"))
    assert isinstance(result, Hold)
    assert shop.state("customers", id=12)[0] == before


async def test_check_is_content_with_the_right_key(source: PrestashopSource, sink: PrestashopSink) -> None:
    results = [*await source.check(), *await sink.check()]
    assert [result for result in results if not result.ok] == []


async def test_checking_writes_nothing(sink: PrestashopSink, shop: Shop) -> None:
    collections = ("order_histories", "order_payments", "order_carriers", "stock_availables", "customers")
    before = {name: shop.state(name) for name in collections}
    await sink.check()
    assert {name: shop.state(name) for name in collections} == before


async def test_check_names_each_missing_right(shop: Shop) -> None:
    sink = PrestashopSink(shop.settings(key=f"plain:{LESSER}"), Budget(BudgetSettings()))
    missing = {result.name for result in await sink.check() if not result.ok}
    change = "PUT" if shop.version == "1.7" else "PATCH"
    assert {"POST order_histories", f"{change} order_carriers", f"{change} stock_availables"} <= missing
    assert "GET orders" not in missing
    await sink.close()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"key": "plain:" + "X" * 32}, "unknown or not active"),
        ({"key": "plain:short"}, "32 characters"),
        ({"shop_id": 99}, "shop_id"),
    ],
)
async def test_check_says_what_is_wrong_with_the_connection(shop: Shop, changed: dict[str, Any], words: str) -> None:
    source = PrestashopSource(shop.settings(**changed), Budget(BudgetSettings()))
    [result] = await source.check()
    assert not result.ok
    assert words in result.detail
    await source.close()


async def test_check_sees_a_wrong_version(shop: Shop) -> None:
    wrong = "8" if shop.version == "9" else "9"
    source = PrestashopSource(shop.settings(version=wrong), Budget(BudgetSettings()))
    version = next(result for result in await source.check() if result.name == "version")
    assert not version.ok
    assert f"set version to {shop.version}" in version.detail
    await source.close()


async def test_warnings_of_php_in_every_answer_change_nothing(tmp_path: Path) -> None:
    for shop in serve(tmp_path, "9", display_errors="locked"):
        sink = PrestashopSink(shop.settings(), Budget(BudgetSettings()))
        native_id = shop.paid()
        await run(sink, status(order_reference=f"PS1-{native_id}"))
        assert shop.order(native_id)["current_state"] == 3
        await sink.close()


async def test_the_message_of_the_shop_module_is_accepted_and_names_the_order(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/webhooks/prestashop/1").respond_with_data("", 202)
    url, secret = httpserver.url_for("/webhooks/prestashop/1"), "a secret of both"
    for shop in serve(tmp_path, "9", webhook_url=url, webhook_keys=[secret]):
        source = PrestashopSource(shop.settings(webhook_secret=f"plain:{secret}"), Budget(BudgetSettings()))
        native_id = shop.place()
        deadline, found = time.monotonic() + 10, set()
        while f"prestashop:1:order:{native_id}" not in found:
            assert time.monotonic() < deadline, f"the shop told of {sorted(found)} only"
            await asyncio.sleep(0.02)
            for request, _ in httpserver.log:
                told = source.receive(request.get_data(), dict(request.headers), datetime.now(UTC))
                found |= {str(notification.ref) for notification in told}
        await source.close()
