"""Lists, filters, paging, polling (sage100.md 5.3)."""

from datetime import datetime, timedelta

import pytest


async def test_rows_come_in_the_order_of_their_stamps_page_by_page(desk):
    numbers = [(await desk.order())["SalesOrderNo"] for _ in range(5)]
    seen, query = [], {"limit": "2"}
    while True:
        page = await desk.get("SO/SalesOrder", **query)
        seen += [row["SalesOrderNo"] for row in page["data"]]
        if page["next_cursor"] is None:
            break
        query = {"limit": "1", "cursor": page["next_cursor"]}
    assert seen == numbers


async def test_a_cursor_is_good_only_with_the_same_parameters(desk):
    for _ in range(3):
        await desk.order()
    cursor = (await desk.get("SO/SalesOrder", limit="1", OrderStatus="N"))["next_cursor"]
    assert len(await desk.rows("SO/SalesOrder", limit="5", OrderStatus="N", cursor=cursor)) == 2
    for other in ({}, {"OrderStatus": "O"}, {"OrderStatus": "N", "includeLines": "true"}):
        assert (await desk.refused("GET", "SO/SalesOrder", params={**other, "cursor": cursor}))["status"] == 400
    assert (await desk.refused("GET", "AR/Customer", params={"cursor": cursor}))["status"] == 400


@pytest.mark.parametrize("cursor", ["x", "bm90IGpzb24", "W10", "WzEsMl0", "{}"])
async def test_a_cursor_that_is_none_is_400(desk, cursor):
    assert (await desk.refused("GET", "CI/Item", params={"cursor": cursor}))["code"] == "BAD_REQUEST"


FILTERS = {
    "SO/SalesOrder": (
        "SalesOrderNo OrderType OrderStatus ARDivisionNo CustomerNo CustomerPONo EmailAddress",
        "WarehouseCode",
    ),
    "SO/Shipment": (
        "InvoiceNo SalesOrderNo InvoiceType ShipStatus Posted ARDivisionNo CustomerNo CustomerPONo",
        "ShipVia",
    ),
    "AR/Customer": (
        "ARDivisionNo CustomerNo CustomerStatus CreditHold EmailAddress CustomerName ZipCode",
        "City",
    ),
    "AR/CustomerContact": ("ARDivisionNo CustomerNo ContactCode EmailAddress", "ContactName"),
    "SO/ShipToAddress": ("ARDivisionNo CustomerNo ShipToCode", "ShipToZipCode"),
    "CI/Item": ("ItemCode ItemType ProductType InactiveItem", "ItemCodeDesc"),
    "IM/AliasItem": ("AliasItemNo ItemCode Type ARDivisionNo CustomerNo", "VendorNo"),
    "IM/ItemWarehouse": ("ItemCode WarehouseCode", "QuantityOnHand"),
    "IM/PriceCode": ("ItemCode CustomerNo ARDivisionNo PriceCode", "PricingMethod"),
    "AR/Invoice": (
        "InvoiceNo HeaderSeqNo InvoiceType SalesOrderNo CustomerPONo ARDivisionNo CustomerNo",
        "ShipVia",
    ),
    "AR/OpenInvoice": ("ARDivisionNo CustomerNo InvoiceNo InvoiceType", "Balance"),
    "AR/CashReceipt": (
        (
            "BankCode DepositDate DepositNo DepositType ARDivisionNo CustomerNo CreditCardEntryNo CheckNo SequenceNo "
            "InvoiceNo InvoiceType TransactionType PaymentType"
        ),
        "PostingDate",
    ),
    "AR/TermsCode": ("TermsCode", "TermsCodeDesc"),
    "AR/PaymentType": ("PaymentType", "PaymentMethod"),
    "SY/SalesTaxSchedule": ("TaxSchedule", "Rate"),
    "IM/Warehouse": ("WarehouseCode", "WarehouseDesc"),
    "AR/Division": ("ARDivisionNo", "ARDivisionDesc"),
}


@pytest.mark.parametrize("path", FILTERS)
async def test_a_list_takes_its_filters_and_no_others(desk, path):
    good, other = FILTERS[path]
    assert await desk.rows(path, **dict.fromkeys(good.split(), "?")) == []
    for name in (other, "filter", "Udf", "UDF_REF"):
        error = await desk.refused("GET", path, params={name: "x"})
        assert (error["status"], error["code"], error["column"]) == (400, "BAD_REQUEST", name)


async def test_filters_are_exact_also_in_case_and_joined_by_and(desk):
    await desk.order(CustomerPONo="WEB-1")
    await desk.order(CustomerPONo="WEB-1", OrderType="Q")
    assert len(await desk.rows("SO/SalesOrder", CustomerPONo="WEB-1")) == 2
    assert len(await desk.rows("SO/SalesOrder", CustomerPONo="WEB-1", OrderType="Q")) == 1
    assert await desk.rows("SO/SalesOrder", CustomerPONo="web-1") == []
    assert await desk.rows("AR/Customer", EmailAddress="Ada@example.com") == []
    assert len(await desk.rows("AR/Customer", EmailAddress="ada@example.com")) == 1


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x", "", "1.5", "٣"])
async def test_a_limit_out_of_range_is_400(desk, limit):
    assert (await desk.refused("GET", "CI/Item", params={"limit": limit}))["code"] == "BAD_REQUEST"


async def test_limits_from_1_to_500_count_and_100_is_the_default(desk):
    for given, rows in (({"limit": "1"}, 1), ({"limit": "500"}, 500), ({}, 100)):
        assert len(await desk.rows("CI/Item", **given)) == rows


@pytest.mark.parametrize("path", ["CI/Item?ItemCode=A&ItemCode=B", "CI/Item?limit=1&limit=1"])
async def test_a_parameter_given_twice_is_400(desk, path):
    assert (await desk.refused("GET", path))["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "since",
    [
        "2026-02-03T14:30:00Z",
        "2026-02-03T14:30:00+00:00",
        "2026-02-03",
        "2026-02-03 14:30:00",
        "2026-13-03T14:30:00",
        "yesterday",
        "",
    ],
)
async def test_a_time_with_a_zone_or_of_another_form_is_400(desk, since):
    error = await desk.refused("GET", "SO/SalesOrder", params={"updatedSince": since})
    assert (error["status"], error["column"]) == (400, "updatedSince")


@pytest.mark.parametrize(
    "path",
    [
        "IM/AliasItem",
        "IM/PriceCode",
        "AR/TermsCode",
        "AR/PaymentType",
        "SY/SalesTaxSchedule",
        "IM/Warehouse",
        "AR/Division",
    ],
)
async def test_a_table_without_audit_fields_cannot_be_polled(desk, path):
    assert (await desk.refused("GET", path, params={"updatedSince": "2026-02-03T14:30:00"}))["status"] == 400
    assert "DateUpdated" not in (await desk.rows(path))[0]


def moment(row):
    """Seconds of day are the decimal hour times 3600 (5.3)."""
    seconds = round(float(row["TimeUpdated"]) * 3600)
    return datetime.fromisoformat(row["DateUpdated"]) + timedelta(seconds=seconds)


async def test_updated_since_is_inclusive_and_later_excludes(desk):
    row = await desk.order()
    hour = row["TimeUpdated"]
    assert len(hour) == 8
    assert hour[2] == "."
    exact = datetime.fromisoformat(row["DateUpdated"]) + timedelta(hours=float(hour))
    at = exact.isoformat(timespec="microseconds")
    assert len(await desk.rows("SO/SalesOrder", updatedSince=at)) == 1
    later = (exact + timedelta(seconds=0.1)).isoformat(timespec="microseconds")
    assert await desk.rows("SO/SalesOrder", updatedSince=later) == []


async def test_the_stamp_is_local_time_in_decimal_hours(desk):
    row = await desk.order()
    server = datetime.fromisoformat((await desk.get("SO/SalesOrder"))["server_time"])
    assert abs((server - moment(row)).total_seconds()) <= 2


async def test_each_write_of_a_record_moves_its_stamp(desk):
    row = await desk.order()
    stamps = [(row["DateUpdated"], row["TimeUpdated"])]
    for _ in range(4):
        row = await desk.patch(f"SO/SalesOrder/{row['SalesOrderNo']}", {"Comment": "again"})
        stamps.append((row["DateUpdated"], row["TimeUpdated"]))
    assert stamps == sorted(set(stamps))
    assert (row["DateCreated"], row["TimeCreated"]) == stamps[0]


async def test_a_changed_row_comes_again_and_moves_to_the_end(desk):
    first, second = await desk.order(), await desk.order()
    await desk.fault(kind="clock_shift", seconds=1)  # orders of one moment may share a stamp
    await desk.patch(f"SO/SalesOrder/{first['SalesOrderNo']}", {"Comment": "changed"})
    rows = await desk.rows("SO/SalesOrder")
    assert [row["SalesOrderNo"] for row in rows] == [second["SalesOrderNo"], first["SalesOrderNo"]]


async def test_fields_choose_what_is_shown(desk, make):
    await desk.order(UDF_REF="CL1-7")
    row = (await desk.rows("SO/SalesOrder", fields="SalesOrderNo,UDF_REF,DateUpdated"))[0]
    assert set(row) == {"SalesOrderNo", "UDF_REF", "DateUpdated"}
    assert set((await desk.rows("CI/Item", fields="ItemCode", limit="1"))[0]) == {"ItemCode"}
    for unknown in ("Nope", "SalesOrderNo,", "SalesOrderNo,TotalQuantityOnHand"):
        assert (await desk.refused("GET", "SO/SalesOrder", params={"fields": unknown}))["status"] == 400


async def test_lines_come_when_they_are_asked_for_and_always_with_one_record(desk):
    number = (await desk.order())["SalesOrderNo"]
    assert "Lines" not in (await desk.rows("SO/SalesOrder"))[0]
    lines = (await desk.rows("SO/SalesOrder", includeLines="true"))[0]["Lines"]
    assert [(line["LineKey"], line["ItemCode"]) for line in lines] == [("000001", "LAMP-01")]
    assert (await desk.get(f"SO/SalesOrder/{number}"))["Lines"] == lines
    assert (await desk.refused("GET", "SO/SalesOrder", params={"includeLines": "yes"}))["status"] == 400


async def test_a_record_takes_no_list_parameters(desk):
    number = (await desk.order())["SalesOrderNo"]
    assert set(await desk.get(f"SO/SalesOrder/{number}", fields="SalesOrderNo", includeLines="false")) == {
        "SalesOrderNo"
    }
    assert (await desk.refused("GET", f"SO/SalesOrder/{number}", params={"limit": "1"}))["status"] == 400
    assert (await desk.refused("POST", "SO/SalesOrder?limit=1", {}))["status"] == 400


async def test_a_completed_order_stays_listed_and_a_deleted_one_is_gone(desk):
    done = (await desk.order(CustomerPONo="WEB-1"))["SalesOrderNo"]
    gone = (await desk.order(CustomerPONo="WEB-1"))["SalesOrderNo"]
    await desk.act("ship", SalesOrderNo=done)
    assert (await desk.call("DELETE", f"SO/SalesOrder/{gone}")).status_code == 204
    rows = await desk.rows("SO/SalesOrder", CustomerPONo="WEB-1")
    assert [(row["SalesOrderNo"], row["OrderStatus"]) for row in rows] == [(done, "C")]


async def test_the_seed_meets_the_catalogue(desk):
    aliases = await desk.rows("IM/AliasItem")
    assert {(row["Type"], row["CustomerNo"]) for row in aliases} == {("G", ""), ("C", "WEBSHOP")}
    items = await desk.state("items")
    assert all(row["ItemCode"] in {item["ItemCode"] for item in items} for row in aliases)
    assert not {row["AliasItemNo"] for row in aliases} & {item["ItemCode"] for item in items}
    assert {"/FREIGHT", "/HANDLING", "/FEE", "/SHIP-INS", "/DISCOUNT", "/TAX"} <= {row["ItemCode"] for row in items}
    assert [item["ItemCode"] for item in items if item["InactiveItem"] == "Y"]
    assert {item["Valuation"] for item in items} >= {"5", "6"}
    assert [item for item in items if item["ProductType"] == "K"]
    people = await desk.state("customers")
    assert [row for row in people if row["CreditHold"] == "Y"]
    assert [row for row in people if row["CustomerStatus"] == "I"]
    mails = [row["EmailAddress"] for row in people if row["EmailAddress"]]
    assert len(mails) - len(set(mails)) == 1
    names = [(row["CustomerName"], row["ZipCode"]) for row in people if row["CustomerNo"].startswith("OLD")]
    assert len(names) - len(set(names)) == 1


async def test_customer_prices_are_listed(desk):
    row = (await desk.rows("IM/PriceCode", ARDivisionNo="01", limit="1"))[0]
    assert row["PricingMethod"] == "O"
    key = {name: row[name] for name in ("PriceCodeRecord", "ItemCode", "ARDivisionNo", "CustomerNo")}
    await desk.act("change-price-code", **key, DiscountMarkup1="1.5")
    changed = (await desk.rows("IM/PriceCode", ItemCode=row["ItemCode"]))[0]
    assert changed["DiscountMarkup1"] == "1.500000"
    await desk.act("change-price-code", **key, delete=True)
    assert await desk.rows("IM/PriceCode", ItemCode=row["ItemCode"]) == []
