"""The connector against the Infor sandbox, over HTTP only: what it writes, what it reads back, what faults do to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

import pytest
from tests.integration.infor_site import ALIASED, LISTED, A, B, Shop, Site, serve
from tests.unit.infor.world import (
    apply,
    line,
    payload_of,
    reason,
)

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Done, Settled, Unknown, Wait
from penstock.connectors.infor.sink import InforSink
from penstock.connectors.infor.source import InforSource


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serve(tmp_path_factory.mktemp("infor")) as running:
        yield running


@pytest.fixture
def site(server: Site) -> Iterator[Site]:
    yield server
    server.faults()


@pytest.fixture
async def sink(site: Site) -> AsyncIterator[InforSink]:
    made = InforSink(site.settings(), Budget(BudgetSettings(concurrency=8)))
    yield made
    await made.close()


@pytest.fixture
async def source(site: Site) -> AsyncIterator[InforSource]:
    made = InforSource(site.settings(), Budget(BudgetSettings(concurrency=8)))
    yield made
    await made.close()


@pytest.fixture
def shop(sink: InforSink) -> Shop:
    return Shop(sink)


async def test_check_finds_token_configuration_and_rights(sink: InforSink, source: InforSource) -> None:
    assert all(result.ok for result in [*await sink.check(), *await source.check()])


async def test_an_order_is_booked_to_the_cent_and_released(site: Site, shop: Shop) -> None:
    run = await shop.book(shop.order([line(1, A, "2", "39.90", "3.29"), line(2, B, "1", "10.00", "2.00")]))

    assert isinstance(run.end, Done), run.end
    assert run.native_id == shop.co_num
    (order,) = site.state("orders", CoNum=shop.co_num)
    assert order["ExternalConfirmationRef"] == f"PS1-{shop.native_id}"
    assert Decimal(order["Price"]) == Decimal("62.69")
    assert order["Stat"] == "O"
    assert len(site.state("lines", CoNum=shop.co_num)) == 2


async def test_an_unpaid_order_is_planned_and_released_when_it_is_paid(site: Site, shop: Shop) -> None:
    unpaid = shop.order(status="awaiting-payment", payment_method="bank-transfer")
    first = await shop.book(unpaid)
    assert isinstance(first.end, Done)
    assert site.state("orders", CoNum=shop.co_num)[0]["Stat"] == "P"

    paid = await shop.book(unpaid | {"status": "paid"}, previous=shop.co_num)

    assert isinstance(paid.end, Done)
    assert paid.done == ["verify", "release"]
    assert site.state("orders", CoNum=shop.co_num)[0]["Stat"] == "O"


async def test_skus_are_found_by_item_by_alias_and_by_table(site: Site, shop: Shop) -> None:
    run = await shop.book(shop.order([line(n, sku, "1", "5.00") for n, sku in enumerate((A, ALIASED, LISTED), 1)]))

    assert isinstance(run.end, Done), run.end
    items = [row["Item"] for row in site.state("lines", CoNum=shop.co_num)]
    assert items == [A, "LEGACY-1007", "LEGACY-1042"]


async def test_an_unknown_sku_is_held_with_the_nearest_items_and_nothing_is_written(site: Site, shop: Shop) -> None:
    run = await shop.book(shop.order([line(1, A, "1", "5.00"), line(2, "APR-STRX", "1", "5.00")]))

    assert "line 2: Infor does not know item APR-STRX" in reason(run)
    assert "APR-STR" in reason(run)
    assert site.state("orders", CoNum=shop.co_num) == []


async def test_an_item_kept_in_another_unit_is_held(site: Site, shop: Shop) -> None:
    run = await shop.book(shop.order([line(1, A, "1", "5.00", unit="BOX")]))

    assert "is ordered in BOX" in reason(run)


WRITES = {
    "bill-to": ("/update/SLCustomers", '"CustSeq","Value":"0"'),
    "ship-to": ("/update/SLCustomers", '"CustSeq","Value":"1"'),
    "header": ("/update/SLCos", '"Name":"CustNum"'),
    "line": ("/update/SLCoitems", '"CoLine","Value":"2"'),
    "release": ("/update/SLCos", '"Name":"Stat","Value":"O"'),
}
LOST = [(kind, write) for kind in ("reply_lost", "error_after") for write in WRITES]
OTHER = [(kind, "header") for kind in ("truncated", "html", "error_before", "rate_limit", "reset")]


@pytest.mark.parametrize(("kind", "write"), LOST + OTHER)
async def test_a_write_that_goes_wrong_ends_as_one_order_and_one_customer(
    site: Site, shop: Shop, kind: str, write: str
) -> None:
    path, body = WRITES[write]
    site.faults({"kind": kind, "path": path, "body": body, "times": 1})
    record = shop.order([line(1, A, "2", "39.90", "3.29"), line(2, B, "1", "10.00", "2.00")])

    run = await shop.book(record)

    assert isinstance(run.end, Done), run.end
    assert site.fired() == [1], "the fault never happened"
    (order,) = site.state("orders", ExternalConfirmationRef=record["reference"])
    assert (Decimal(order["Price"]), order["Stat"]) == (Decimal("62.69"), "O")
    rows = site.state("customers", CustNum=order["CustNum"])
    assert [row["CustSeq"] for row in rows] == ["0", "1"]
    assert len(site.state("customers", CustomerEmailAddr=record["customer"]["email"])) == 1


async def test_a_token_that_dies_in_the_middle_is_renewed(site: Site, shop: Shop) -> None:
    assert isinstance((await shop.book(shop.order())).end, Done)
    site.faults({"kind": "token_expired", "path": "/update/SLCos", "times": 1})
    other = Shop(shop.sink)

    assert isinstance((await other.book(other.order())).end, Done)


async def test_the_same_guest_with_another_address_stays_one_customer(site: Site, shop: Shop) -> None:
    first = shop.order()
    await shop.book(first)
    other = Shop(shop.sink)
    second = other.order()
    second["customer"]["email"] = first["customer"]["email"]
    second["ship_to"]["line1"] = "99 other street"

    run = await other.book(second)

    assert isinstance(run.end, Done)
    orders = [site.state("orders", CoNum=each.co_num)[0] for each in (shop, other)]
    assert orders[0]["CustNum"] == orders[1]["CustNum"]
    assert [order["CustSeq"] for order in orders] == ["1", "2"]
    assert orders[1]["ShipToAddr_1"] == "99 other street"


async def test_an_edit_before_shipping_is_applied(site: Site, shop: Shop) -> None:
    await shop.book(shop.order([line(1, A, "2", "39.90", "3.29"), line(2, B, "1", "10.00", "2.00")]))
    edited = shop.order(
        [line(1, A, "3", "59.85", "4.94"), line(2, ALIASED, "1", "7.00", "1.40")], freight=Decimal("9.00")
    )
    edited["ship_to"]["city"] = "Aix"

    run = await shop.book(edited, previous=shop.co_num)

    assert isinstance(run.end, Done), run.end
    (order,) = site.state("orders", CoNum=shop.co_num)
    assert Decimal(order["Price"]) == edited["totals"]["gross"]
    assert order["ShipToCity"] == "Aix"
    rows = {row["Item"]: Decimal(row["QtyOrdered"]) for row in site.state("lines", CoNum=shop.co_num)}
    assert rows == {A: 3, "LEGACY-1007": 1}


async def test_an_edit_cut_short_by_a_lost_reply_is_finished(site: Site, shop: Shop) -> None:
    await shop.book(shop.order([line(1, A, "2", "39.90", "3.29"), line(2, B, "1", "10.00", "2.00")]))
    edited = shop.order([line(1, A, "1", "19.95", "1.65"), line(2, ALIASED, "1", "7.00", "1.40")])
    site.faults({"kind": "reply_lost", "path": "/update/SLCoitems", "times": 2})

    run = await shop.book(edited, previous=shop.co_num)

    assert isinstance(run.end, Done), run.end
    assert Decimal(site.state("orders", CoNum=shop.co_num)[0]["Price"]) == edited["totals"]["gross"]


async def test_a_part_shipped_order_takes_what_concerns_the_remainder_and_holds_the_rest(
    site: Site, shop: Shop
) -> None:
    await shop.book(shop.order([line(1, A, "2", "39.90", "3.29"), line(2, B, "1", "10.00", "2.00")]))
    site.act("ship", CoNum=shop.co_num, lines={"1": "1"})

    more = shop.order([line(1, A, "3", "59.85", "4.94"), line(2, B, "2", "20.00", "4.00")])
    run = await shop.book(more, previous=shop.co_num)
    assert isinstance(run.end, Done), run.end
    assert Decimal(site.state("orders", CoNum=shop.co_num)[0]["Price"]) == more["totals"]["gross"]

    gone = await shop.book(shop.order([line(1, B, "2", "20.00", "4.00")]), previous=shop.co_num)
    assert "is shipped, and the shop has removed it" in reason(gone)


async def test_a_cancelled_order_without_shipments_is_deleted(site: Site, shop: Shop) -> None:
    record = shop.order()
    await shop.book(record)

    run = await shop.book(record | {"status": "cancelled"}, previous=shop.co_num)

    assert isinstance(run.end, Done)
    assert site.state("orders", CoNum=shop.co_num) == []


async def test_an_order_cancelled_before_booking_is_not_booked(site: Site, shop: Shop) -> None:
    run = await shop.book(shop.order(status="cancelled"))

    assert isinstance(run.end, Settled)
    assert run.end.state == "unchanged"
    assert site.state("orders", CoNum=shop.co_num) == []


async def test_cancelling_a_part_shipped_order_ends_it_at_what_was_shipped(site: Site, shop: Shop) -> None:
    record = shop.order([line(1, A, "2", "40.00", "8.00"), line(2, B, "1", "10.00", "2.00")], freight=Decimal(0))
    await shop.book(record)
    site.act("ship", CoNum=shop.co_num, lines={"1": "1"})

    run = await shop.book(record | {"status": "cancelled"}, previous=shop.co_num)

    assert isinstance(run.end, Done), run.end
    (row,) = site.state("lines", CoNum=shop.co_num)
    assert (Decimal(row["QtyOrdered"]), row["Stat"]) == (1, "F")
    assert Decimal(site.state("orders", CoNum=shop.co_num)[0]["Price"]) == Decimal("24.00")

    again = await shop.book(record | {"status": "cancelled"}, previous=shop.co_num)
    assert "shipped in full" in reason(again)


async def test_a_cancelled_order_can_be_stopped_instead(site: Site) -> None:
    sink = InforSink(site.settings(cancel="stop"), Budget(BudgetSettings()))
    shop = Shop(sink)
    record = shop.order()
    await shop.book(record)

    await shop.book(record | {"status": "cancelled"}, previous=shop.co_num)

    assert site.state("orders", CoNum=shop.co_num)[0]["Stat"] == "S"
    await sink.close()


async def test_a_site_that_numbers_orders_itself_books_once_when_the_reply_is_lost(site: Site) -> None:
    sink = InforSink(site.settings(order_numbers="site"), Budget(BudgetSettings()))
    shop = Shop(sink)
    record = shop.order()
    site.faults({"kind": "reply_lost", "path": "/update/SLCos", "times": 1})

    run = await shop.book(record)

    assert isinstance(run.end, Done), run.end
    (order,) = site.state("orders", ExternalConfirmationRef=record["reference"])
    assert order["CoNum"].strip() == run.native_id
    assert order["Stat"] == "O"
    await sink.close()


async def test_an_order_of_a_customer_on_credit_hold_is_booked_and_says_so(site: Site, shop: Shop) -> None:
    await shop.book(shop.order())
    customer = site.state("orders", CoNum=shop.co_num)[0]["CustNum"]
    site.act("hold-credit", CustNum=customer, reason="CL")
    second = Shop(shop.sink)
    record = second.order()
    record["customer"]["email"] = f"buyer{shop.native_id}@example.com"

    run = await second.book(record)

    assert isinstance(run.end, Done), run.end


async def test_a_foreign_order_under_our_number_is_held(site: Site, shop: Shop) -> None:
    record = shop.order()
    await shop.book(record)
    site.act("change-order", CoNum=shop.co_num, ExternalConfirmationRef="PS9-1")

    run = await shop.book(record)

    assert "ExternalConfirmationRef PS9-1" in reason(run)


async def test_an_order_in_another_currency_keeps_it_or_is_converted(site: Site, shop: Shop) -> None:
    run = await shop.book(shop.order(currency="USD"))
    assert isinstance(run.end, Done), run.end
    assert site.state("orders", CoNum=shop.co_num)[0]["CurrCode"] == "USD"

    converted = Shop(shop.sink)
    record = converted.order()
    payload = payload_of(record, given=site.settings(convert_to="USD"))
    request = await apply(shop.sink.handlers["order"], converted.lookup, record, payload)
    assert isinstance(request.end, Wait)
    assert request.end.request is not None
    await converted.customer(request.end.request)
    run = await apply(shop.sink.handlers["order"], converted.lookup, record, payload)

    assert isinstance(run.end, Done), run.end
    (order,) = site.state("orders", CoNum=converted.co_num)
    assert (order["CurrCode"], Decimal(order["Price"])) == ("USD", Decimal("55.76"))


async def test_a_customer_of_the_shop_is_updated_once_it_has_an_order(site: Site, shop: Shop) -> None:
    record = shop.order()
    customer = {
        "id": record["customer_id"], "source": record["source"], "deleted_at": None, "extras": {}, "name": None,
        "email": record["customer"]["email"], "first_name": "Zoé", "last_name": "Martin", "company": "Chez Zoé",
        "vat_number": "FR123", "phone": None, "addresses": [], "credit_limit": None,
    }  # fmt: skip
    handler = shop.sink.handlers["customer"]
    early = await apply(handler, shop.lookup, customer, payload_of(customer, "customer"))
    assert isinstance(early.end, Settled)
    assert early.end.state == "not-routed"

    await shop.book(record)
    number = site.state("orders", CoNum=shop.co_num)[0]["CustNum"]
    site.faults({"kind": "reply_lost", "path": "/update/SLCustomers", "times": 1})
    run = await apply(handler, shop.lookup, customer, payload_of(customer, "customer"))

    assert isinstance(run.end, Done | Settled), run.end
    (row,) = site.state("customers", CustNum=number, CustSeq="0")
    assert (row["Name"], row["Contact_1"], row["TaxRegNum1"]) == ("Chez Zoé", "Zoé Martin", "FR123")
    assert site.state("customers", CustNum=number, CustSeq="1")[0]["Name"] == "Zoé Lefèvre"


async def test_two_customers_with_the_buyers_email_hold_the_order_naming_both(site: Site, shop: Shop) -> None:
    record = shop.order()
    numbers = [row["CustNum"] for row in site.state("customers", CustSeq="0")][1:3]
    for number in numbers:
        site.act("change-customer", CustNum=number, CustomerEmailAddr=record["customer"]["email"])
    run = await apply(shop.sink.handlers["order"], shop.lookup, record, payload_of(record))
    assert isinstance(run.end, Wait)
    assert run.end.request is not None

    body = run.end.request.body
    lane = await apply(shop.sink.handlers["customer-request"], shop.lookup, body, body)

    assert f"CustNum {numbers[0].strip()}, {numbers[1].strip()}" in reason(lane)


async def test_a_buyer_without_email_is_known_again_by_name_and_postal_code(site: Site, shop: Shop) -> None:
    first = shop.order()
    first["customer"] |= {"email": None, "last_name": f"Nomail{shop.native_id}"}
    await shop.book(first)
    other = Shop(shop.sink)
    second = other.order()
    second["customer"] = first["customer"]

    await other.book(second)

    assert len({site.state("orders", CoNum=each.co_num)[0]["CustNum"] for each in (shop, other)}) == 1


async def test_a_value_that_is_too_long_for_the_site_is_held_before_anything_is_written(site: Site, shop: Shop) -> None:
    record = shop.order(customer_po="P" * 23)
    run = await shop.book(record)
    assert "SLCos.CustPo takes 22 characters, the value has 23" in reason(run)
    assert site.state("orders", CoNum=shop.co_num) == []

    record = Shop(shop.sink).order()
    record["ship_to"]["line1"] = "a" * 51
    waiting = await apply(shop.sink.handlers["order"], shop.lookup, record, payload_of(record))
    assert isinstance(waiting.end, Wait)
    assert waiting.end.request is not None
    body = waiting.end.request.body
    lane = await apply(shop.sink.handlers["customer-request"], shop.lookup, body, body)
    assert "SLCustomers.Addr_1 takes 50 characters, the value has 51" in reason(lane)
    assert site.state("customers", CustomerEmailAddr=record["customer"]["email"]) == []


async def test_a_refund_is_held_and_says_what_the_clerk_does(shop: Shop) -> None:
    record = shop.order()
    await shop.book(record)
    refund = {
        "order_id": record["id"], "order_reference": record["reference"], "currency": "EUR", "net": Decimal("10.00"),
        "gross": Decimal("12.00"), "shipping_net": Decimal(0),
    }  # fmt: skip

    run = await apply(shop.sink.handlers["refund"], shop.lookup, refund, refund)

    assert f"{record['reference']} was refunded 12 EUR" in reason(run)
    assert f"credit memo against the invoice of order {shop.co_num}" in reason(run)


async def test_an_order_deleted_in_the_shop_is_gone_before_booking_and_held_after(shop: Shop) -> None:
    record = shop.order()
    deleted = record | {"deleted_at": record["placed_at"]}
    before = await shop.book(deleted)
    assert isinstance(before.end, Settled)
    assert before.end.state == "gone"

    await shop.book(record)
    assert f"cancel {shop.co_num} by hand" in reason(await shop.book(deleted, previous=shop.co_num))


async def test_an_order_is_only_planned_until_its_last_line_is_there(site: Site, shop: Shop) -> None:
    site.faults({"kind": "error_before", "path": "/update/SLCoitems", "body": '"CoLine","Value":"2"', "times": None})
    record = shop.order([line(1, A, "2", "39.90", "3.29"), line(2, B, "1", "10.00", "2.00")])
    stuck = await shop.book(record)
    assert isinstance(stuck.end, Unknown)
    assert site.state("orders", CoNum=shop.co_num)[0]["Stat"] == "P"

    site.faults()
    run = await shop.book(record, resuming=True)

    assert isinstance(run.end, Done), run.end
    assert "header" not in run.done, "what is there is not written again"
    assert site.state("orders", CoNum=shop.co_num)[0]["Stat"] == "O"
