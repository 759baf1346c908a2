"""Polls and documents of a company in memory, as canonical records."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Notification, SourceUnavailableError
from penstock.connectors.sage100 import SPEC
from penstock.connectors.sage100.document import fingerprint
from penstock.connectors.sage100.source import Sage100Source
from penstock.connectors.sage100.vocabulary import seconds_of_day
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef, Part, RawDocument
from tests.unit.sage100.facade import Facade, error
from tests.unit.sage100.world import mapping, mapping_env, settings

ORDER_ID = canonical_id("clarity", "acme", "order", "5120")
SHIPMENT = {
    "InvoiceNo": "0100231", "SalesOrderNo": "W0003Y8", "InvoiceType": "IN", "ShipStatus": "S",
    "ShipDate": "2026-02-04", "ShipVia": "UPS GROUND", "Posted": "N", "HeaderSeqNo": None,
    "DateUpdated": "2026-02-04", "TimeUpdated": "15.02306",
    "Packages": [{"PackageNo": "0001", "TrackingID": "1ZDEMO1", "StarshipShipVia": "UPS AIR"},
                 {"PackageNo": "0002", "TrackingID": "1ZDEMO2", "StarshipShipVia": ""}],
    "Lines": [{"LineKey": "000001", "OrderLineKey": "000001", "ItemCode": "LAMP-01", "QuantityShipped": "2.000000"}],
}  # fmt: skip


@pytest.fixture
def facade() -> Facade:
    made = Facade()
    made.rows["/CI/Item"] = made.rows["/CI/Item"][:2]
    return made


def order(number: str = "W0003Y8", status: str = "O", shipped: str = "0", **fields: Any) -> dict[str, Any]:
    return {"SalesOrderNo": number, "OrderStatus": status, "CancelReasonCode": "", "DateUpdated": "2026-02-03",
            "TimeUpdated": "14.50694",
            "Lines": [{"LineKey": "000001", "ItemCode": "LAMP-01", "QuantityOrdered": "2", "QuantityShipped": shipped},
                      {"LineKey": "000002", "ItemCode": "/FEE", "QuantityOrdered": "1", "QuantityShipped": "0"}],
            **fields}  # fmt: skip


def source_of(facade: Facade, **changes: Any) -> Sage100Source:
    return Sage100Source(settings(**changes), Budget(BudgetSettings()), transport=facade.transport())


async def poll(source: Sage100Source, name: str, mark: Any = None) -> tuple[list[Notification], Any]:
    found: list[Notification] = []
    async for page in next(each for each in source.polls if each.name == name).poll(mark):
        found += page.notifications
        mark = page.mark or mark
    return found, mark


async def record_of(source: Sage100Source, note: Notification) -> dict[str, Any]:
    document = await source.extract(note.ref, note.carried)
    assert document is not None
    opened = SPEC.open_document(RawDocument.from_bytes(document.to_bytes()), settings())
    made: dict[str, Any] = mapping(f"{note.ref.entity}.to-canonical")(opened, mapping_env())
    return made


async def one(facade: Facade, poll_set: str) -> dict[str, Any]:
    source = source_of(facade)
    (note,), _ = await poll(source, poll_set)
    return await record_of(source, note)


@pytest.mark.parametrize(("text", "seconds"), [("14.50694", 52225), ("09.50694", 34225), ("00.00000", 0)])
def test_the_decimal_hour_is_seconds_of_the_day(text: str, seconds: int) -> None:
    assert seconds_of_day(text) == seconds


async def test_rows_in_the_overlap_are_named_once_and_again_when_they_change(facade: Facade) -> None:
    facade.rows["/SO/SalesOrder"] = [order(), order("W0003Y9", TimeUpdated="14.60000")]
    source = source_of(facade)
    first, mark = await poll(source, "orders")
    assert [note.ref.native_id for note in first] == ["W0003Y8", "W0003Y9"]
    assert mark["at"] == "2026-02-03T14:41:07"

    facade.rows["/SO/SalesOrder"][1]["TimeUpdated"] = "14.68000"
    facade.server_time = "2026-02-03T14:42:07"
    again, mark = await poll(source, "orders", mark)
    assert [note.ref.native_id for note in again] == ["W0003Y9"]
    assert facade.asked[-1].url.params["updatedSince"] == "2026-02-03T14:39:07"

    quiet, _ = await poll(source, "orders", mark)
    assert quiet == []


async def test_all_pages_are_read_and_a_mark_between_them_repeats_nothing(facade: Facade) -> None:
    facade.page_rows = 2
    facade.rows["/SO/SalesOrder"] = [order(f"W0000{at:02d}", TimeUpdated=f"14.{at}0000") for at in range(10, 15)]
    source = source_of(facade)
    pages = [page async for page in next(each for each in source.polls if each.name == "orders").poll(None)]

    assert [len(page.notifications) for page in pages] == [2, 2, 1, 0]
    assert pages[0].mark is not None
    rest, _ = await poll(source_of(facade), "orders", pages[0].mark)
    assert [note.ref.native_id for note in rest] == ["W000012", "W000013", "W000014"]


async def test_quiet_sets_are_polled_less_up_to_a_bound_and_busy_ones_more(facade: Facade) -> None:
    source = source_of(facade, poll_seconds=10, poll_seconds_quiet=35)
    orders = next(each for each in source.polls if each.name == "orders")
    intervals = []
    mark = None
    for _ in range(3):
        _, mark = await poll(source, "orders", mark)
        intervals.append(orders.interval)
    assert intervals == [20, 35, 35]

    facade.rows["/SO/SalesOrder"] = [order(TimeUpdated="14.70000")]
    await poll(source, "orders", mark)
    assert orders.interval == 10
    assert settings(poll_seconds=10, poll_seconds_quiet=35).interval("stock") == 35


async def test_a_deleted_order_is_found_by_comparing_open_keys(facade: Facade) -> None:
    facade.rows["/SO/SalesOrder"] = [order(), order("W0003Y9"), order("0000123")]
    source = source_of(facade)
    first, mark = await poll(source, "open-orders")
    assert first == []
    assert set(mark["keys"]) == {"W0003Y8", "W0003Y9"}

    del facade.rows["/SO/SalesOrder"][0]
    (gone,), _ = await poll(source, "open-orders", mark)
    assert gone.ref.native_id == "W0003Y8"
    assert await source.extract(gone.ref, gone.carried) is None


@pytest.mark.parametrize(
    ("rows", "status", "on_hold"),
    [
        ([order(status="N")], "processing", False),
        ([order(status="H", CancelReasonCode="CREDT")], "processing", True),
        ([order(shipped="1")], "part-shipped", False),
        ([order(shipped="2")], "shipped", False),
        ([order(status="C", shipped="2")], "complete", False),
        ([order(status="C", shipped="2", UDF_PENSTOCK_PART="first"), order("X0003Y8", "H")], "part-shipped", False),
        ([order(status="C", UDF_PENSTOCK_PART="first"), order("X0003Y8", "C")], "complete", False),
    ],
)
async def test_the_status_of_a_web_order_is_that_of_all_its_parts(
    facade: Facade, rows: list[dict[str, Any]], status: str, *, on_hold: bool
) -> None:
    facade.rows["/SO/SalesOrder"] = rows
    source = source_of(facade)
    notes, _ = await poll(source, "orders")

    record = await record_of(source, notes[0])

    assert (record["status"], record["on_hold"]) == (status, on_hold)
    assert (record["order_id"], record["order_reference"]) == (ORDER_ID, "CL1-5120")


async def test_the_remainder_and_a_number_of_the_facade_lead_to_our_order_and_a_phone_order_to_none(
    facade: Facade,
) -> None:
    facade.rows["/SO/SalesOrder"] = [
        order("X0003Y8"), order("0012345", UDF_PENSTOCK_REF="CL1-5120"), order("0012346"),
    ]  # fmt: skip
    source = source_of(facade)
    notes, _ = await poll(source, "orders")

    ids = [(await record_of(source, note))["order_id"] for note in notes]

    assert sorted(ids, key=str) == sorted([ORDER_ID, ORDER_ID, None], key=str)


async def test_a_shipment_is_one_through_posting_with_its_tracking(facade: Facade) -> None:
    facade.rows["/SO/SalesOrder"] = [order()]
    facade.rows["/SO/Shipment"] = [dict(SHIPMENT)]
    source = source_of(facade)
    (note,), mark = await poll(source, "shipments")
    record = await record_of(source, note)

    assert record["order_id"] == ORDER_ID
    assert record["tracking_numbers"] == ["1ZDEMO1", "1ZDEMO2"]
    assert (record["carrier_name"], record["complete"]) == ("UPS AIR", True)
    assert record["shipped_at"].isoformat() == "2026-02-04T06:00:00+00:00"
    assert [(line["sku"], line["quantity"]) for line in record["lines"]] == [("LAMP-01", 2)]

    facade.rows["/SO/Shipment"][0] |= {"Posted": "Y", "HeaderSeqNo": "000001", "TimeUpdated": "16.00000"}
    (posted,), _ = await poll(source, "shipments", mark)
    assert posted.ref.native_id == note.ref.native_id


async def test_a_shipment_of_a_part_is_not_the_whole_order(facade: Facade) -> None:
    facade.rows["/SO/SalesOrder"] = [order(UDF_PENSTOCK_PART="first"), order("X0003Y8", "H")]
    facade.rows["/SO/Shipment"] = [dict(SHIPMENT)]

    assert (await one(facade, "shipments"))["complete"] is False


async def test_an_invoice_in_entry_has_not_left(facade: Facade) -> None:
    facade.rows["/SO/SalesOrder"] = [order()]
    facade.rows["/SO/Shipment"] = [SHIPMENT | {"ShipStatus": "N"}]
    record = await one(facade, "shipments")

    assert (record["shipped_at"], record["complete"]) == (None, False)


async def test_invoice_and_payment_find_the_order(facade: Facade) -> None:
    facade.rows["/AR/Invoice"] = [
        {"InvoiceNo": "0100231", "HeaderSeqNo": "000001", "InvoiceType": "IN", "InvoiceDate": "2026-02-04",
         "SalesOrderNo": "W0003Y8", "TaxableSalesAmt": "39.90", "NonTaxableSalesAmt": "1.25", "FreightAmt": "7.50",
         "SalesTaxAmt": "3.39", "DiscountAmt": "0.00", "InvoiceDueDate": "2026-03-06", "DateUpdated": "2026-02-04",
         "TimeUpdated": "16.00000",
         "Lines": [{"ItemCode": "LAMP-01", "QuantityShipped": "2", "ExtensionAmt": "39.90", "DetailSeqNo": "000001"}]}
    ]  # fmt: skip
    facade.rows["/AR/CashReceipt"] = [
        {"BankCode": "A", "DepositDate": "2026-02-20", "DepositNo": "00087", "ARDivisionNo": "01",
         "CustomerNo": "WEB0001", "CheckNo": "4471", "SequenceNo": "000001", "InvoiceNo": "0100231",
         "TransactionType": "PY", "PaymentType": "CHECK", "CashAmountApplied": "52.04", "InvoiceBalance": "0.00",
         "PostingDate": "2026-02-20", "DateUpdated": "2026-02-20", "TimeUpdated": "10.00000"}
    ]  # fmt: skip
    invoice = await one(facade, "invoices")
    payment = await one(facade, "payments")

    assert (str(invoice["total"]), str(invoice["tax"]), invoice["order_id"]) == ("52.04", "3.39", ORDER_ID)
    assert (str(payment["amount"]), payment["method"], payment["order_id"]) == ("52.04", "check", ORDER_ID)
    assert (payment["invoice_number"], payment["open_after"]) == ("0100231", 0)


async def test_stock_is_what_may_be_promised_and_never_below_zero(facade: Facade) -> None:
    rows = facade.rows["/IM/ItemWarehouse"] = facade.rows["/IM/ItemWarehouse"][:1]
    rows[0] |= {"QuantityOnHand": "120", "QuantityOnSalesOrder": "14", "QuantityInShipping": "2"}
    record = await one(facade, "stock")
    assert (record["sku"], record["warehouse"], record["available"]) == ("LAMP-01", "001", 106)

    rows[0] |= {"QuantityOnHand": "3", "QuantityOnSalesOrder": "5", "QuantityOnBackOrder": "2"}
    assert (await one(facade, "stock"))["available"] == 0


async def test_an_item_is_a_product_and_a_list_price(facade: Facade) -> None:
    facade.rows["/CI/Item"] = [facade.rows["/CI/Item"][0] | {"SalesPromotionPrice": "17.500000"},
                               facade.rows["/CI/Item"][1] | {"ItemCode": "/FEE", "ItemType": "5"}]  # fmt: skip
    source = source_of(facade)
    notes, _ = await poll(source, "items")
    product, price = [await record_of(source, note) for note in notes]

    assert [note.ref.native_id for note in notes] == ["LAMP-01", "item-LAMP-01"]
    assert (product["sku"], str(product["price"]), product["currency"]) == ("LAMP-01", "19.950000", "USD")
    assert (price["amount"], price["sale_amount"], price["customer_id"]) == (product["price"], 17.5, None)


async def test_customer_prices_are_told_when_they_change_or_go_and_only_overrides(facade: Facade) -> None:
    row = {"ARDivisionNo": "01", "CustomerNo": "WEB-1", "ItemCode": "LAMP-01", "PricingMethod": "O",
           "DiscountMarkup1": "15.000000"}  # fmt: skip
    facade.rows["/IM/PriceCode"] = [row, row | {"ItemCode": "LAMP-02", "PricingMethod": "D"}]
    source = source_of(facade)
    (note,), mark = await poll(source, "customer-prices")
    assert note.ref.native_id == "customer-01-WEB-1-LAMP-01"
    record = await record_of(source, note)
    assert (record["amount"], record["customer_native_id"]) == (15, "01-WEB-1")
    assert record["customer_id"] == canonical_id("sage100", "ABC", "customer", "01-WEB-1")

    assert (await poll(source, "customer-prices", mark))[0] == []
    facade.rows["/IM/PriceCode"] = []
    (gone,), _ = await poll(source, "customer-prices", mark)
    assert await source.extract(gone.ref, gone.carried) is None


async def test_a_customer_has_credit_address_and_a_native_id_with_its_division(facade: Facade) -> None:
    facade.customer("WEB0001", EmailAddress="Ada@Example.com", CreditLimit="500.00", CreditHold="Y", City="Springfield",
                    AddressLine1="12 Mill Lane", ZipCode="62701", State="IL", CountryCode="USA")  # fmt: skip
    source = source_of(facade)
    (note,), _ = await poll(source, "customers")
    record = await record_of(source, note)

    assert note.ref.native_id == "00-WEB0001"
    assert (record["email"], record["credit_limit"], record["credit_hold"]) == ("ada@example.com", 500, True)
    assert record["addresses"][0]["country_code"] == "US"


async def test_an_item_with_a_slash_is_read_by_its_encoded_key(facade: Facade) -> None:
    facade.item("A/B 1")
    document = await source_of(facade).extract(EntityRef("sage100", "ABC", "item", "A/B 1"), ())

    assert document is not None
    assert facade.asked[-1].url.raw_path == b"/sage100/v1/CI/Item/A%2FB%201"


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (error(503, "EXCLUSIVE_MODE", retry_after=600), 600),
        (error(423, "RECORD_LOCKED"), 2),
        (httpx.Response(500), None),
    ],
)
async def test_a_source_that_is_busy_is_unavailable_for_a_while(
    facade: Facade, answer: httpx.Response, after: float | None
) -> None:
    facade.script.append(lambda _request: answer)
    with pytest.raises(SourceUnavailableError) as busy:
        await poll(source_of(facade), "orders")
    assert busy.value.retry_after == after


async def test_the_content_decides_on_a_change_not_the_stamp(facade: Facade) -> None:
    source = source_of(facade)
    first, second, third = [
        RawDocument(note.ref, tuple(note.carried))
        for row in (order(), order(TimeUpdated="15.00000"), order(status="H"))
        for note in [await _carried(source, facade, row)]
    ]
    assert source.fingerprint(first) == source.fingerprint(second) != source.fingerprint(third)


def test_stock_that_was_written_is_news_though_its_figure_came_back() -> None:
    first, again, written = (
        fingerprint(
            RawDocument(
                EntityRef("sage100", "ABC", "stock", "A|001"),
                (Part("stock", "", 200, "application/json", at, orjson.dumps({"TimeUpdated": stamp})),),
            )
        )
        for at, stamp in (("then", "9.00000"), ("later", "9.00000"), ("then", "9.50000"))
    )
    assert first == again != written


async def _carried(source: Sage100Source, facade: Facade, row: dict[str, Any]) -> Notification:
    facade.rows["/SO/SalesOrder"] = [row]
    (note,), _ = await poll(source, "orders")
    return note


async def test_check_names_what_the_user_may_not_read_and_a_wrong_zone(facade: Facade) -> None:
    def forbid(request: httpx.Request) -> httpx.Response | None:
        facade.script.append(forbid)
        return error(403, "WS_NoAccess", "no access") if request.url.path.endswith("/AR/Invoice") else None

    facade.server_time = ""
    facade.script.append(forbid)
    results = await source_of(facade).check()
    assert [result.name for result in results if not result.ok] == ["read /AR/Invoice"]

    facade.script.clear()
    facade.server_time = "2020-01-01T00:00:00"
    (wrong,) = await source_of(facade).check()
    assert "correct time_zone" in wrong.detail
