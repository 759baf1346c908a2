"""The connector against the Sage 100 sandbox, over HTTP only: what it writes and reads back, what faults do to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest
from tests.integration.sage100_site import Buyer, Site, poll, record_of, serve
from tests.unit.sage100.world import held, line

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Done, Settled
from penstock.connectors.sage100.source import Sage100Source
from penstock.records.ids import canonical_id

A, B = "TST-LAMP", "TST BOLT/10"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serve(tmp_path_factory.mktemp("sage100")) as running:
        for code in (A, B):
            running.act("add-item", ItemCode=code, QuantityOnHand="1000", StandardUnitPrice="19.950000")
        yield running


@pytest.fixture
def site(server: Site) -> Iterator[Site]:
    yield server
    server.faults()
    server.act("exclusive-mode", seconds=0)


@pytest.fixture
async def buyer(site: Site) -> AsyncIterator[Buyer]:
    made = Buyer(site)
    yield made
    await made.sink.close()


@pytest.fixture
async def source(site: Site) -> AsyncIterator[Sage100Source]:
    made = Sage100Source(site.settings(), Budget(BudgetSettings(concurrency=2)))
    yield made
    await made.close()


def lamps(quantity: str = "2", net: str = "39.90", tax: str = "3.39", sku: str = A) -> list[dict[str, Any]]:
    return [line(1, sku, quantity, net, tax)]


def total(row: dict[str, Any]) -> Decimal:
    added = sum(
        (Decimal(row[name]) for name in ("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt")), Decimal(0)
    )
    return added - Decimal(row["DiscountAmt"])


def short_item(site: Site, buyer: Buyer, on_hand: str) -> str:
    code = f"SHORT-{buyer.native_id}"
    site.act("add-item", ItemCode=code, QuantityOnHand=on_hand, StandardUnitPrice="10.000000")
    return code


async def test_check_finds_company_and_lists(buyer: Buyer, source: Sage100Source) -> None:
    results = [*await buyer.sink.check(), *await source.check()]
    assert [result for result in results if not result.ok] == []


@pytest.mark.parametrize("auth", ["key", "token"])
async def test_a_facade_with_a_key_or_tokens_is_spoken_to(tmp_path: Any, auth: str) -> None:
    with serve(tmp_path, auth=auth) as site:
        given = site.settings(profile={"auth": auth}, api_key="plain:sandbox-api-key")
        source = Sage100Source(given, Budget(BudgetSettings(concurrency=2)))
        assert all(result.ok for result in await source.check())
        await source.close()


async def test_an_order_is_booked_to_the_cent_with_its_buyer(site: Site, buyer: Buyer) -> None:
    record = buyer.order([line(1, A, "3", "50.00", "4.25"), line(2, B, "1", "5.00", "0.43")], discount=Decimal("1.50"))

    run = await buyer.apply(record)

    assert isinstance(run.end, Done), run.end
    row = buyer.booked()
    assert total(row) == record["totals"]["gross"]
    assert (row["UDF_PENSTOCK_REF"], row["OrderStatus"]) == (record["reference"], "N")
    (customer,) = site.state("customers", CustomerNo=row["CustomerNo"])
    assert customer["EmailAddress"] == buyer.email


@pytest.mark.parametrize(
    "policies",
    [
        {"tax": "line", "shipping": "line", "discount": "line"},
        {"tax": "line"},
        {"discount": "line", "line_discount": "percent"},
    ],
)
async def test_every_placement_of_money_comes_to_what_the_shop_charged(buyer: Buyer, policies: dict[str, str]) -> None:
    record = buyer.order([line(1, A, "3", "53.86", "4.58", discount=Decimal("5.99"))], discount=Decimal("2.00"))
    record["wrapping"] |= {"net": Decimal("2.00"), "gross": Decimal("2.00")}
    record["totals"]["gross"] += 2

    run = await buyer.apply(record, **policies)

    assert isinstance(run.end, Done), run.end
    assert total(buyer.booked()) == record["totals"]["gross"]


async def test_the_schedules_tax_is_previewed(site: Site, buyer: Buyer) -> None:
    wrong = buyer.order(lamps(tax="3.00"))
    assert held(await buyer.apply(wrong, tax="schedule")).rule == "tax"
    assert site.state("sales_orders", SalesOrderNo=buyer.number) == []

    run = await buyer.apply(buyer.order(lamps()), tax="schedule")
    assert isinstance(run.end, Done), run.end


LOST = [
    (kind, path) for kind in ("reply_lost", "error_after", "truncated") for path in ("/SO/SalesOrder", "/AR/Customer")
]
OTHER = [(kind, "/SO/SalesOrder") for kind in ("error_before", "html", "rate_limit", "reset")]


@pytest.mark.parametrize(("kind", "path"), LOST + OTHER)
async def test_a_write_that_goes_wrong_ends_as_one_order_and_one_customer(
    site: Site, buyer: Buyer, kind: str, path: str
) -> None:
    site.faults({"kind": kind, "method": "POST", "path": path, "times": 1})

    run = await buyer.apply(buyer.order(lamps()))

    assert isinstance(run.end, Done), run.end
    assert site.fired() == [1], "the fault never happened"
    assert len(site.state("sales_orders", UDF_PENSTOCK_REF=f"CL1-{buyer.native_id}")) == 1
    assert len(site.state("customers", EmailAddress=buyer.email)) == 1


async def test_a_facade_that_numbers_and_knows_no_idempotency_books_once_when_the_reply_is_lost(
    tmp_path: Any,
) -> None:
    with serve(tmp_path, idempotency=False) as site:
        buyer = Buyer(site, profile={"numbers": "facade", "idempotency_header": None})
        site.act("add-item", ItemCode=A, QuantityOnHand="10", StandardUnitPrice="19.950000")
        site.faults({"kind": "reply_lost", "method": "POST", "path": "/SO/SalesOrder", "times": 1})

        run = await buyer.apply(buyer.order(lamps()))

        assert isinstance(run.end, Done), run.end
        (row,) = site.state("sales_orders", UDF_PENSTOCK_REF=f"CL1-{buyer.native_id}")
        assert row["SalesOrderNo"] == run.native_id
        await buyer.sink.close()


async def test_locked_records_and_exclusive_mode_are_waited_for(site: Site, buyer: Buyer) -> None:
    await buyer.apply(buyer.order(lamps()))
    site.act("lock", record=f"SO/SalesOrder/{buyer.number}", seconds=0.5)

    run = await buyer.apply(buyer.order(lamps("3", "59.85", "5.09")), previous=buyer.number, attempts=1)
    assert "in use" in str(run.end)

    site.act("unlock", record=f"SO/SalesOrder/{buyer.number}")
    run = await buyer.apply(buyer.order(lamps("3", "59.85", "5.09")), previous=buyer.number)
    assert isinstance(run.end, Done), run.end


async def test_credit_is_checked_before_and_the_order_booked_when_the_balance_drops(site: Site, buyer: Buyer) -> None:
    first = buyer.order(lamps())
    await buyer.apply(first)
    key = {"ARDivisionNo": "01", "CustomerNo": buyer.booked()["CustomerNo"]}
    site.act("set-customer", **key, CreditLimit="100.00", CurrentBalance="40.00")
    second = Buyer(site)
    record = second.order(lamps())
    record["customer"]["email"] = buyer.email

    hold = held(await second.apply(record))
    assert dict(hold.arithmetic) == {
        "credit limit": "100.00", "balance": "40.00", "open orders": "50.79", "this order": "50.79",
        "over the limit": "41.58",
    }  # fmt: skip

    site.act("set-customer", **key, CurrentBalance="-10.00")
    run = await second.apply(record)
    assert isinstance(run.end, Done), run.end
    assert second.booked()["OrderStatus"] == "N"
    await second.sink.close()


async def test_what_sage_holds_for_credit_is_a_hold_and_is_released_when_waived(site: Site, buyer: Buyer) -> None:
    await buyer.apply(buyer.order(lamps()))
    site.act("set-customer", ARDivisionNo="01", CustomerNo=buyer.booked()["CustomerNo"], CreditLimit="60.00")
    second = Buyer(site)
    record = second.order(lamps())
    record["customer"]["email"] = buyer.email

    run = await second.apply(record, released=("credit",))

    assert isinstance(run.end, Done), run.end
    assert second.booked()["OrderStatus"] == "O"
    await second.sink.close()


async def test_a_partial_order_waits_for_stock_and_is_released(site: Site, buyer: Buyer) -> None:
    code = short_item(site, buyer, "1")
    record = buyer.order([line(1, code, "3", "30.00", "2.55"), line(2, A, "1", "19.95", "1.70")])

    hold = held(await buyer.apply(record, stock__unavailable="partial"))

    assert (hold.rule, hold.clears_on) == ("stock", "stock")
    (rest,) = site.state("sales_orders", SalesOrderNo=buyer.remainder)
    assert rest["OrderStatus"] == "H"
    assert total(rest) + total(buyer.booked()) == record["totals"]["gross"]

    site.act("change-stock", ItemCode=code, QuantityOnHand="3")
    run = await buyer.apply(record, resuming=True, stock__unavailable="partial")

    assert isinstance(run.end, Done), run.end
    assert run.native_id == buyer.number
    assert site.state("sales_orders", SalesOrderNo=buyer.remainder)[0]["OrderStatus"] == "O"


@pytest.mark.parametrize("policy", ["hold", "back-order"])
async def test_a_shortage_holds_or_becomes_a_back_order(site: Site, buyer: Buyer, policy: str) -> None:
    code = short_item(site, buyer, "1")
    record = buyer.order([line(1, code, "3", "30.00", "2.55")])

    run = await buyer.apply(record, stock__unavailable=policy)

    if policy == "hold":
        assert held(run).rule == "stock"
        assert site.state("sales_orders", SalesOrderNo=buyer.number) == []
    else:
        assert isinstance(run.end, Done), run.end


async def test_items_are_found_by_alias_and_the_inactive_named(site: Site, buyer: Buyer) -> None:
    site.act("add-alias", ItemCode=B, AliasItemNo=f"OLD-{buyer.native_id}", Type="G")
    run = await buyer.apply(buyer.order(lamps(sku=f"OLD-{buyer.native_id}")))
    assert isinstance(run.end, Done), run.end
    assert site.state("sales_order_lines", SalesOrderNo=buyer.number)[0]["ItemCode"] == B

    other = Buyer(site)
    site.act("add-item", ItemCode="GONE-1", InactiveItem="Y")
    assert "GONE-1 is inactive" in held(await other.apply(other.order(lamps(sku="GONE-1")))).reason
    await other.sink.close()


async def test_an_edit_is_patched_and_a_cancel_deletes_or_holds(site: Site, buyer: Buyer) -> None:
    await buyer.apply(buyer.order(lamps()))
    edited = buyer.order(lamps("3", "54.00", "4.59"), freight=Decimal("9.00"))
    run = await buyer.apply(edited, previous=buyer.number)
    assert isinstance(run.end, Done), run.end
    assert total(buyer.booked()) == edited["totals"]["gross"]

    again = await buyer.apply(edited, previous=buyer.number)
    assert isinstance(again.end, Settled), again.end

    await buyer.apply(edited | {"status": "cancelled"}, previous=buyer.number, cancel="hold")
    assert (buyer.booked()["OrderStatus"], buyer.booked()["CancelReasonCode"]) == ("H", "WEBCN")
    await buyer.apply(edited | {"status": "cancelled"}, previous=buyer.number, cancel="delete")
    assert site.state("sales_orders", SalesOrderNo=buyer.number) == []


async def test_a_resync_books_again_what_sage_has_lost_and_changes_only_what_differs(site: Site, buyer: Buyer) -> None:
    record = buyer.order(lamps())
    await buyer.apply(record)
    again = await buyer.apply(record, previous=buyer.number, resync=True)
    assert isinstance(again.end, Settled), again.end

    site.act("delete-order", SalesOrderNo=buyer.number)
    assert "no longer in Sage 100" in held(await buyer.apply(record, previous=buyer.number)).reason
    lost = await buyer.apply(record, previous=buyer.number, resync=True)
    assert isinstance(lost.end, Done), lost.end
    assert total(buyer.booked()) == record["totals"]["gross"], "the facade must not repeat its first answer"
    assert buyer.booked()["UDF_PENSTOCK_REF"] == record["reference"]


async def test_an_order_goes_through_shipment_invoice_and_payment_and_every_record_finds_it(
    site: Site, buyer: Buyer, source: Sage100Source
) -> None:
    marks = {name: (await poll(source, name))[1] for name in ("orders", "shipments", "invoices", "payments", "stock")}
    await buyer.apply(buyer.order(lamps(), payment_method="terms", status="processing", paid_total=Decimal(0)))
    order_id = canonical_id("clarity", "acme", "order", buyer.native_id)

    async def news(name: str) -> list[dict[str, Any]]:
        notes, marks[name] = await poll(source, name, marks[name])
        records = [await record_of(source, note) for note in notes]
        return [record for record in records if record.get("order_id", order_id) == order_id]

    assert [record["status"] for record in await news("orders")] == ["processing"]
    assert A in [record["sku"] for record in await news("stock")]

    invoice = site.act("enter-invoice", SalesOrderNo=buyer.number)["InvoiceNo"]
    (entered,) = await news("shipments")
    assert entered["tracking_numbers"] == []
    site.act("add-tracking", InvoiceNo=invoice, TrackingID="1ZDEMO1", StarshipShipVia="UPS GROUND")
    (tracked,) = await news("shipments")
    assert (tracked["tracking_numbers"], tracked["carrier_name"]) == (["1ZDEMO1"], "UPS GROUND")
    assert tracked["complete"] is True

    site.act("post-invoice", InvoiceNo=invoice)
    (posted,) = await news("shipments")
    assert (posted["tracking_numbers"], posted["complete"]) == (["1ZDEMO1"], True)
    assert [record["status"] for record in await news("orders")][-1] == "complete"
    (billed,) = await news("invoices")
    assert (billed["total"], billed["number"]) == (Decimal("50.79"), invoice)
    assert [(each["sku"], each["quantity"]) for each in billed["lines"]] == [(A, 2)]

    site.act("receive-payment", InvoiceNo=invoice)
    (paid,) = await news("payments")
    assert (paid["amount"], paid["open_after"], paid["method"]) == (Decimal("50.79"), 0, "check")


async def test_a_deleted_order_shows_by_its_absence(site: Site, buyer: Buyer, source: Sage100Source) -> None:
    await buyer.apply(buyer.order(lamps()))
    _, mark = await poll(source, "open-orders")
    site.act("delete-order", SalesOrderNo=buyer.number)

    notes, _ = await poll(source, "open-orders", mark)

    assert [note.ref.native_id for note in notes] == [buyer.number]
    assert await source.extract(notes[0].ref, ()) is None


async def test_every_seeded_row_becomes_a_canonical_record(source: Sage100Source) -> None:
    for name in ("customers", "items", "stock", "customer-prices"):
        notes, _ = await poll(source, name)
        assert notes, name
        for note in notes[:40]:
            await record_of(source, note)
        fresh = await source.extract(notes[0].ref, ())
        assert fresh is not None, name


async def test_a_customer_is_updated_and_an_account_added(site: Site, buyer: Buyer) -> None:
    record = {
        "id": buyer.order(lamps())["customer_id"], "deleted_at": None, "extras": {}, "email": buyer.email,
        "first_name": "Zoé", "last_name": buyer.native_id, "company": None, "name": None, "is_guest": False,
        "vat_number": None, "phone": "555 0100", "addresses": [],
        "source": {"system": "clarity", "instance": "acme", "native_id": "user-1"},
    }  # fmt: skip
    added = await buyer.apply(record, "customer")
    assert isinstance(added.end, Done | Settled), added.end
    site.faults({"kind": "reply_lost", "method": "PATCH", "path": "/AR/Customer", "times": 1})

    run = await buyer.apply(record | {"phone": "555 0199"}, "customer")

    assert isinstance(run.end, Done | Settled), run.end
    (row,) = site.state("customers", EmailAddress=buyer.email)
    assert (row["CustomerName"], row["TelephoneNo"]) == (f"Zoé {buyer.native_id}", "555 0199")


async def test_texts_outside_the_zip_file_or_too_long_are_held(buyer: Buyer) -> None:
    record = buyer.order(lamps())
    record["ship_to"] |= {"postal_code": "00001"}
    hold = held(await buyer.apply(record))
    assert hold.rule == "not-on-file"
