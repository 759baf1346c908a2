"""Status, shipment, invoice and receipt of the ERP on the shop's order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from penstock.connectors.clarity.client import Shop
from penstock.connectors.clarity.handlers.order import way
from penstock.connectors.clarity.handlers.status import StatusHandler
from penstock.connectors.clarity.profile import Statuses
from penstock.connectors.clarity.sink import ClaritySink
from penstock.connectors.contract import Applied, Done, Hold, Plan, Retry, Settled, Wait
from penstock.connectors.http import LostReplyError
from tests.unit.clarity.fake_shop import FakeShop, once
from tests.unit.clarity.tasks import SOURCE, Log, plan, run, shipment, status, task

APRON = ("000001", "APR-SND", "4")


def second_item(shop: FakeShop, **changed: Any) -> None:
    first = shop.order()["items"][0]
    shop.order()["items"].append({**first, "id": 9002, "lineNumber": 2, **changed})


# --- status


async def test_a_booked_order_gets_the_erps_number_and_moves_on(sink: ClaritySink, shop: FakeShop) -> None:
    results = await run(sink, status(mail=True))
    assert all(isinstance(result, Done) for result in results)
    assert (shop.order()["customKey"], shop.order()["erpStatus"], shop.order()["status"]) == (
        "W0003Y8", "O", "Processing",
    )  # fmt: skip
    assert shop.bodies[1] == {"status": "Processing", "comment": "ERP: W0003Y8 O", "notifyCustomer": True}


async def test_the_second_time_nothing_is_written(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, status())
    shop.calls.clear()
    decision = await plan(sink, status())
    assert isinstance(decision, Settled)
    assert decision.state == "unchanged"
    assert shop.writes() == []


async def test_the_customer_is_told_of_the_last_status_only(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, status("Completed", mail=True))
    told = [(body["status"], body["notifyCustomer"]) for body in shop.bodies if "status" in body]
    assert told == [("Processing", False), ("Shipped", False), ("Completed", True)]


async def test_an_order_never_goes_back(sink: ClaritySink, shop: FakeShop) -> None:
    shop.order().update(status="Shipped", customKey="W0003Y8", erpStatus="O")
    decision = await plan(sink, status("Processing"))
    assert isinstance(decision, Settled)
    assert decision.state == "superseded"


async def test_on_hold_and_back_again(sink: ClaritySink, shop: FakeShop) -> None:
    shop.order()["status"] = "Processing"
    await run(sink, status("On Hold", event="e1"))
    assert shop.order()["status"] == "On Hold"
    await run(sink, status("Processing", event="e2"))
    assert shop.order()["status"] == "Processing"


async def test_a_status_is_read_without_case_and_spaces(sink: ClaritySink, shop: FakeShop) -> None:
    shop.order().update(status="ONHOLD", customKey="W0003Y8", erpStatus="H")
    assert isinstance(await plan(sink, status("On Hold", word="H")), Settled)


async def test_a_status_that_nobody_knows_is_held_and_named(sink: ClaritySink, shop: FakeShop) -> None:
    shop.order()["status"] = "Quarantined"
    decision = await plan(sink, status())
    assert isinstance(decision, Hold)
    assert "Quarantined" in decision.reason


async def test_a_cancelled_order_that_the_erp_ships_is_for_a_person(sink: ClaritySink, shop: FakeShop) -> None:
    shop.order()["status"] = "Cancelled"
    assert isinstance(await plan(sink, status("Shipped")), Hold)
    assert isinstance(await plan(sink, status("Processing", number=None)), Settled)


async def test_a_cancellation_after_goods_have_left_is_for_a_person(sink: ClaritySink, shop: FakeShop) -> None:
    shop.order()["status"] = "Partially Shipped"
    assert isinstance(await plan(sink, status("Cancelled")), Hold)


async def test_a_remainder_leaves_the_number_of_the_order(sink: ClaritySink, shop: FakeShop) -> None:
    shop.order().update(status="Processing", customKey="W0003Y8", erpStatus="O")
    decision = await plan(sink, status("Processing", number="R0003Y8", word="H"))
    assert isinstance(decision, Settled)


async def test_a_key_that_another_order_has_is_held(sink: ClaritySink, shop: FakeShop) -> None:
    shop.hooks.append(once(shop.error(409, "duplicate_key"), "PATCH"))
    [result] = await run(sink, status())
    assert isinstance(result, Hold)
    assert "W0003Y8" in result.reason


async def test_an_order_that_moved_is_read_anew(sink: ClaritySink, shop: FakeShop) -> None:
    decision = await plan(sink, status())
    assert isinstance(decision, Plan)
    shop.order()["version"] = 7
    [result] = [await decision.steps[0].send(_Open())]
    assert isinstance(result, Retry)
    assert all(isinstance(result, Done) for result in await run(sink, status()))


async def test_a_shipped_status_waits_for_its_shipment(shop: FakeShop, client: Shop) -> None:
    shop.order()["status"] = "Processing"
    young = StatusHandler(client, now=lambda: datetime(2025, 3, 5, 6, 1, tzinfo=UTC))
    decision = await young.plan(status("Shipped", number=None))
    assert isinstance(decision, Wait)
    assert decision.on == "shipment"
    old = StatusHandler(client, now=lambda: datetime(2025, 3, 5, 7, 0, tzinfo=UTC))
    assert isinstance(await old.plan(status("Shipped", number=None)), Plan)


async def test_the_number_is_written_while_the_status_waits(shop: FakeShop, client: Shop) -> None:
    handler = StatusHandler(client, now=lambda: SOURCE["observed_at"])  # type: ignore[arg-type,return-value]
    decision = await handler.plan(status("Shipped"))
    assert isinstance(decision, Plan)
    results = [await step.send(_Open()) for step in decision.steps]
    assert isinstance(results[-1], Wait)
    assert shop.writes() == [("PATCH", "sales-orders/5120")]


async def test_an_order_released_and_shipped_between_two_looks_is_released_in_the_shop(
    shop: FakeShop, client: Shop
) -> None:
    shop.order().update(status="On Hold", customKey="W0003Y8", erpStatus="O")
    handler = StatusHandler(client, now=lambda: SOURCE["observed_at"])  # type: ignore[arg-type,return-value]
    decision = await handler.plan(status("Completed"))
    assert isinstance(decision, Plan), "its shipments wait for it"
    results = [await step.send(_Open()) for step in decision.steps]
    assert isinstance(results[-1], Wait)
    assert shop.order()["status"] == "Processing"


async def test_an_order_shipped_in_part_waits_for_the_rest_however_long(sink: ClaritySink, shop: FakeShop) -> None:
    shop.order().update(status="Partially Shipped", customKey="W0003Y8", erpStatus="C")
    shop.order()["items"][0]["quantityShipped"] = "1.0000"
    assert isinstance(await plan(sink, status("Completed", word="C")), Wait)


async def test_a_reply_lost_after_the_change_moves_the_order_once(sink: ClaritySink, shop: FakeShop) -> None:
    shop.order().update(customKey="W0003Y8", erpStatus="O")
    shop.after.append(once(shop.error(500, "internal"), "POST"))
    decision = await plan(sink, status())
    assert isinstance(decision, Plan)
    with pytest.raises(LostReplyError):
        await decision.steps[0].send(_Open())
    assert decision.steps[0].find is not None
    assert isinstance(await decision.steps[0].find(), Done)
    await decision.steps[0].send(_Open())
    assert shop.order()["version"] == 2


async def test_a_foreign_reference_is_not_ours(sink: ClaritySink) -> None:
    decision = await plan(sink, status(order_reference="PS1-41"))
    assert isinstance(decision, Settled)
    assert decision.state == "not-ours"


async def test_an_order_without_reference_is_found_by_cross_reference(sink: ClaritySink) -> None:
    log = Log(orders={"sage100:ABC:order:W0003Y8": "c1"}, natives={("order", "c1"): "5120"})
    assert isinstance(await plan(sink, status(order_reference=None, log=log)), Plan)
    assert isinstance(await plan(sink, status(order_reference=None)), Settled)


def test_the_way_goes_through_no_hold() -> None:
    statuses = Statuses()
    assert way("Pending", "Completed", statuses) == ("Processing", "Shipped", "Completed")
    assert way("Processing", "Confirmed", statuses) is None
    assert way("Backordered", "Partially Shipped", statuses) == ("Processing", "Partially Shipped")


def test_a_status_machine_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="Dispatched"):
        Statuses(working="Dispatched")


# --- shipment


async def test_a_shipment_of_a_pending_order_lets_it_be_processed_first(sink: ClaritySink, shop: FakeShop) -> None:
    results = await run(sink, shipment(APRON, mail=True))
    assert [result.native_id for result in results if isinstance(result, Done)] == [None, "700"]
    assert shop.writes() == [("POST", "sales-orders/5120/status"), ("POST", "shipments")]
    assert shop.bodies[0]["notifyCustomer"] is False
    assert shop.bodies[1] == {
        "customKey": "DLV-80012", "salesOrderId": 5120, "carrier": "UPS", "service": "Ground",
        "trackingNumber": "1Z999AA10123456784", "shippedDate": "2025-03-05T18:20:00Z",
        "items": [{"salesOrderItemId": 9001, "sku": "APR-SND", "quantity": "4.0000"}],
    }  # fmt: skip
    assert shop.order()["status"] == "Shipped"


async def test_a_shipment_is_posted_once(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, shipment(APRON))
    decision = await plan(sink, shipment(APRON))
    assert isinstance(decision, Settled)
    assert (decision.state, decision.native_id) == ("unchanged", "700")


async def test_a_reply_lost_after_posting_ships_once(sink: ClaritySink, shop: FakeShop) -> None:
    shop.order()["status"] = "Processing"
    shop.after.append(once(httpx.Response(502, text="<html>bad gateway</html>"), "POST", "shipments"))
    decision = await plan(sink, shipment(APRON))
    assert isinstance(decision, Plan)
    [post] = decision.steps
    with pytest.raises(LostReplyError):
        await post.send(_Open())
    assert post.find is not None
    assert isinstance(await post.find(), Done)
    assert len(shop.tables["shipments"]) == 1


async def test_a_key_of_another_order_is_held(sink: ClaritySink, shop: FakeShop) -> None:
    shop.tables["shipments"].append({"id": 1, "customKey": "DLV-80012", "salesOrderId": 1, "version": 1, "items": []})
    shop.order()["status"] = "Processing"
    [result] = await run(sink, shipment(APRON))
    assert isinstance(result, Hold)
    assert "order 1 " in result.reason


async def test_a_shipment_with_other_quantities_in_the_shop_is_held(sink: ClaritySink) -> None:
    await run(sink, shipment(APRON))
    assert isinstance(await plan(sink, shipment(("1", "APR-SND", "3"))), Hold)


async def test_tracking_known_later_is_patched(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, shipment(APRON, payload={"tracking_numbers": []}))
    assert "trackingNumber" not in shop.tables["shipments"][0]
    await run(sink, shipment(APRON, payload={"tracking_numbers": ["1Z1", "1Z2"]}))
    assert shop.writes()[-1] == ("PATCH", "shipments/700")
    assert shop.bodies[-1] == {"trackingNumber": "1Z1, 1Z2"}


async def test_lines_go_to_their_number_first_then_to_open_items_of_the_sku(sink: ClaritySink, shop: FakeShop) -> None:
    second_item(shop)
    await run(sink, shipment(("2", "apr-snd", "5")))
    assert [(item["salesOrderItemId"], item["quantity"]) for item in shop.bodies[-1]["items"]] == [
        (9001, "1.0000"), (9002, "4.0000"),
    ]  # fmt: skip
    assert shop.order()["status"] == "Partially Shipped"


async def test_an_alias_is_known_by_its_line_number(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, shipment(("000001", "1001-APRON", "4")))
    assert shop.bodies[-1]["items"][0]["sku"] == "APR-SND"


@pytest.mark.parametrize("line", [("1", "APR-SND", "5"), (None, "MUG", "1"), ("7", "MUG", "1")])
async def test_more_than_is_open_is_held(sink: ClaritySink, line: tuple[str | None, str, str]) -> None:
    decision = await plan(sink, shipment(line))
    assert isinstance(decision, Hold)
    assert line[1] in decision.reason


async def test_a_complete_shipment_without_lines_is_all_that_is_open(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, shipment(payload={"complete": True}))
    assert shop.order()["status"] == "Shipped"
    assert isinstance(await plan(sink, shipment(payload={"key": "other"})), Hold)


@pytest.mark.parametrize(("now", "kind"), [("On Hold", Wait), ("Cancelled", Hold), ("Completed", Hold)])
async def test_an_order_that_takes_no_shipment(sink: ClaritySink, shop: FakeShop, now: str, kind: type) -> None:
    shop.order()["status"] = now
    assert isinstance(await plan(sink, shipment(APRON)), kind)


async def test_a_shipment_deleted_after_it_was_written_is_for_a_person(sink: ClaritySink) -> None:
    gone = shipment(APRON, deleted_at=SOURCE["observed_at"])
    assert isinstance(await plan(sink, gone), Settled)
    assert isinstance(await plan(sink, replace(gone, previous=Applied("700", "hash", "e"))), Hold)


# --- invoice and receipt


def invoice(number: str, day: str) -> Any:
    newest = {"invoiceNumber": number, "invoiceTotal": "119.82 USD", "invoiceDueDate": None}
    return task("invoice", {"key": number, "date": day, "summary": f"119.82 USD, {day}", "newest": newest})


async def test_every_invoice_stays_and_the_newest_is_shown(sink: ClaritySink, shop: FakeShop) -> None:
    await run(sink, invoice("0100002", "2025-03-09"))
    await run(sink, invoice("0100001", "2025-03-07"))
    assert shop.order()["attributes"] == {
        "costCenter": "CC-12",
        "invoice.0100001": "119.82 USD, 2025-03-07",
        "invoice.0100002": "119.82 USD, 2025-03-09",
        "invoiceNumber": "0100002",
        "invoiceTotal": "119.82 USD",
        "invoiceDate": "2025-03-09",
    }
    assert isinstance(await plan(sink, invoice("0100001", "2025-03-07")), Settled)


async def test_a_receipt_becomes_attributes(sink: ClaritySink, shop: FakeShop) -> None:
    newest = {"paymentReceived": "119.82 USD", "paymentReceivedMethod": None, "paymentReceivedOpen": "0.00 USD"}
    payload = {"key": "000123", "date": "2025-04-01", "summary": "119.82 USD, 2025-04-01", "newest": newest}
    await run(sink, task("payment", payload))
    assert shop.order()["attributes"]["paymentReceived.000123"] == "119.82 USD, 2025-04-01"
    assert shop.order()["attributes"]["paymentReceivedOpen"] == "0.00 USD"


class _Open:
    def check(self) -> None: ...
