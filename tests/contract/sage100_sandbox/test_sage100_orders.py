"""Numbers, totals, changes and the end of an order (sage100.md 5.4, 6)."""

from decimal import Decimal

import pytest


def total(row):
    added = ("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt")
    return sum(Decimal(row[name]) for name in added) - Decimal(row["DiscountAmt"])


async def test_the_sample_order_adds_up(desk, make):
    lines = [make.line("2.000000", "19.950000", ItemType="1", UnitOfMeasure="EACH"), make.charge("1.250000")]
    answer = await desk.call("POST", "SO/SalesOrder", make.order(*lines, FreightAmt="7.50", SalesTaxAmt="3.39"))
    made = answer.json()
    assert answer.headers["location"] == f"/sage100/v1/SO/SalesOrder/{made['SalesOrderNo']}"
    assert (made["TaxableAmt"], made["NonTaxableAmt"], made["SalesTaxAmt"]) == ("39.90", "1.25", "3.39")
    assert total(made) == Decimal("52.04")
    assert (made["OrderType"], made["OrderStatus"], made["Warnings"]) == ("S", "N", [])
    assert [(row["LineKey"], row["ExtensionAmt"]) for row in made["Lines"]] == [("000001", "39.90"), ("000002", "1.25")]
    assert (await desk.get(f"SO/SalesOrder/{made['SalesOrderNo']}"))["Lines"] == made["Lines"]


async def test_numbers_are_seven_characters_zero_filled_and_not_given_twice(desk, make):
    assert (await desk.order(SalesOrderNo="77"))["SalesOrderNo"] == "0000077"
    assert (await desk.order(SalesOrderNo="W0003Y8"))["SalesOrderNo"] == "W0003Y8"
    for taken in ("77", "0000077", "W0003Y8"):
        error = await desk.refused("POST", "SO/SalesOrder", make.order(SalesOrderNo=taken))
        assert (error["status"], error["code"], error["column"]) == (409, "WS_AlreadyExists", "SalesOrderNo")


async def test_the_counter_has_gaps_where_an_order_was_refused_and_skips_taken_numbers(desk, make):
    first = int((await desk.order())["SalesOrderNo"])
    await desk.refused("POST", "SO/SalesOrder", make.order(TermsCode="99"))
    assert int((await desk.order())["SalesOrderNo"]) == first + 2
    await desk.order(SalesOrderNo=str(first + 3))
    assert int((await desk.order())["SalesOrderNo"]) == first + 4


async def test_item_code_loads_what_the_line_leaves_out(desk, make):
    made = (await desk.order(make.line("1", None)))["Lines"][0]
    assert (made["UnitPrice"], made["ItemCodeDesc"], made["UnitOfMeasure"]) == ("21.000000", "Desk lamp", "EACH")
    assert (made["WarehouseCode"], made["TaxClass"], made["PriceOverridden"]) == ("001", "TX", "N")


async def test_the_header_loads_what_the_customer_has(desk):
    made = await desk.order()
    assert (made["ShipToName"], made["ShipToZipCode"], made["BillToState"]) == ("Ada Brook", "62701", "IL")
    assert (made["SalespersonDivisionNo"], made["SalespersonNo"]) == ("01", "0100")
    own = await desk.order(ShipToName="Ben")
    assert (own["ShipToName"], own["ShipToZipCode"], own["BillToZipCode"]) == ("Ben", "", "62701")


async def test_a_ship_to_code_loads_its_address(desk):
    key = {"ARDivisionNo": "01", "CustomerNo": "WEB0001", "ShipToCode": "0002"}
    place = {"ShipToName": "Depot", "ShipToCity": "Chicago", "ShipToState": "IL", "ShipToZipCode": "60601"}
    await desk.post("SO/ShipToAddress", {**key, **place, "ShipToCountryCode": "USA", "ShipVia": "FEDEX"})
    made = await desk.order(ShipToCode="0002")
    assert (made["ShipToName"], made["ShipToZipCode"], made["ShipVia"]) == ("Depot", "60601", "FEDEX")


@pytest.mark.parametrize(
    ("quantity", "price", "percent", "extension"),
    [
        ("3", "3.335", "0", "10.01"),
        ("1", "0.005", "0", "0.01"),
        ("7", "1.11", "33.333", "5.18"),
        ("1", "9", "100", "0.00"),
    ],
)
async def test_an_extension_is_rounded_half_up_after_the_discount(desk, make, quantity, price, percent, extension):
    made = await desk.order(make.line(quantity, price, LineDiscountPercent=percent))
    assert made["Lines"][0]["ExtensionAmt"] == extension == made["TaxableAmt"]


async def test_tax_that_is_left_out_is_computed_by_the_schedule_half_up(desk, make):
    document = make.order(make.line(), make.charge("1.25"))
    del document["SalesTaxAmt"]
    assert (await desk.post("SO/SalesOrder", document))["SalesTaxAmt"] == "3.39"  # 8.5 % of 39.90 = 3.3915
    assert (await desk.post("SO/SalesOrder", {**document, "TaxSchedule": "NONTAX"}))["SalesTaxAmt"] == "0.00"


async def test_tax_that_is_sent_wins_and_zero_counts_as_sent(desk, make):
    assert (await desk.order(SalesTaxAmt="1.00"))["SalesTaxAmt"] == "1.00"
    by_line = await desk.order(make.line(), make.charge("3.39", "/TAX"), SalesTaxAmt="0.00")
    assert (by_line["SalesTaxAmt"], by_line["NonTaxableAmt"]) == ("0.00", "3.39")


async def test_a_discount_amount_wins_over_a_rate_and_neither_changes_the_taxable_amount(desk):
    by_rate = await desk.order(DiscountRate="3.3")
    assert (by_rate["DiscountAmt"], by_rate["TaxableAmt"]) == ("1.32", "39.90")
    both = await desk.order(DiscountRate="3.3", DiscountAmt="0.50")
    assert both["DiscountAmt"] == "0.50"


async def test_only_charges_may_be_negative(desk, make):
    made = await desk.order(make.line(), make.charge("-5.00", "/DISCOUNT"))
    assert (made["TaxableAmt"], made["NonTaxableAmt"]) == ("39.90", "-5.00")
    assert made["Lines"][1]["WarehouseCode"] == ""


async def test_an_amount_that_has_no_room_is_400(desk, make):
    large = make.order(make.line("999999999", "999999999"))
    assert (await desk.refused("POST", "SO/SalesOrder", large))["code"] == "BAD_REQUEST"
    assert await desk.state("sales_orders") == []


async def test_a_preview_computes_and_saves_nothing(desk, make):
    document = make.order(make.line(), FreightAmt="7.50")
    del document["SalesTaxAmt"]
    answer = await desk.call("POST", "SO/SalesOrder/Preview", document)
    assert answer.status_code == 200
    assert (total(answer.json()), answer.json()["Lines"][0]["ExtensionAmt"]) == (Decimal("50.79"), "39.90")
    assert await desk.state("sales_orders") == []
    assert await desk.stock() == (120, 0, 0)
    error = await desk.refused("POST", "SO/SalesOrder/Preview", make.order(TermsCode="99"))
    assert error["code"] == "CI_NOF"
    assert (await desk.order())["SalesOrderNo"] == "0012345"  # a preview takes no number


async def test_a_patch_changes_named_lines_and_totals_follow(desk, make):
    made = await desk.order(make.line("2", "10"), make.line("1", "5"), FreightAmt="1")
    lines = [{"LineKey": "000001", "QuantityOrdered": "3", "LineDiscountPercent": "10"}]
    changed = await desk.patch(f"SO/SalesOrder/{made['SalesOrderNo']}", {"FreightAmt": "2.50", "Lines": lines})
    assert [row["ExtensionAmt"] for row in changed["Lines"]] == ["27.00", "5.00"]
    assert (changed["TaxableAmt"], changed["FreightAmt"]) == ("32.00", "2.50")
    assert await desk.stock() == (120, 4, 0)


async def test_a_computed_tax_follows_a_patch_and_a_sent_one_stays(desk, make):
    document = make.order()
    del document["SalesTaxAmt"]
    computed = (await desk.post("SO/SalesOrder", document))["SalesOrderNo"]
    sent = (await desk.order(SalesTaxAmt="3.39"))["SalesOrderNo"]
    change = {"Lines": [{"LineKey": "000001", "QuantityOrdered": "4"}]}
    assert (await desk.patch(f"SO/SalesOrder/{computed}", change))["SalesTaxAmt"] == "6.78"
    assert (await desk.patch(f"SO/SalesOrder/{sent}", change))["SalesTaxAmt"] == "3.39"
    await desk.patch(f"SO/SalesOrder/{computed}", {"SalesTaxAmt": "1.00"})
    assert (await desk.patch(f"SO/SalesOrder/{computed}", {"TaxSchedule": "NONTAX"}))["SalesTaxAmt"] == "1.00"


@pytest.mark.parametrize("name", ["SalesOrderNo", "ARDivisionNo", "CustomerNo", "OrderStatus"])
async def test_key_customer_and_status_cannot_be_patched(desk, name):
    made = await desk.order()
    error = await desk.refused("PATCH", f"SO/SalesOrder/{made['SalesOrderNo']}", {name: made[name]})
    assert (error["status"], error["code"], error["column"]) == (400, "BAD_REQUEST", name)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "BAD_REQUEST"),
        ([{"QuantityOrdered": "1"}], "BAD_REQUEST"),
        ([{"LineKey": "000009", "QuantityOrdered": "1"}], "CI_NOF"),
        ([{"LineKey": "000001", "QuantityOrdered": "0"}], "BAD_REQUEST"),
        ([{"LineKey": "000001", "ItemCode": "LAMP-01"}], "BAD_REQUEST"),
        ([{"LineKey": "000001", "WarehouseCode": "002"}], "BAD_REQUEST"),
        ([{"LineKey": "000001"}, {"LineKey": "000001"}], "BAD_REQUEST"),
    ],
)
async def test_a_patch_of_lines_is_refused_by_name(desk, lines, code):
    number = (await desk.order())["SalesOrderNo"]
    assert (await desk.refused("PATCH", f"SO/SalesOrder/{number}", {"Lines": lines}))["code"] == code


async def test_less_than_shipped_or_being_invoiced_cannot_be_ordered(desk, make):
    number = (await desk.order(make.line("5", "1")))["SalesOrderNo"]
    change = {"Lines": [{"LineKey": "000001", "QuantityOrdered": "1"}]}
    await desk.act("enter-invoice", SalesOrderNo=number, lines={"1": 2})
    assert (await desk.refused("PATCH", f"SO/SalesOrder/{number}", change))["column"] == "QuantityOrdered"
    await desk.act("post-invoice", InvoiceNo="0100231")
    assert (await desk.refused("PATCH", f"SO/SalesOrder/{number}", change))["column"] == "QuantityOrdered"
    change["Lines"][0]["QuantityOrdered"] = "2"
    assert await desk.patch(f"SO/SalesOrder/{number}", change)


async def test_an_order_is_deleted_while_nothing_is_shipped_or_in_entry(desk):
    number = (await desk.order())["SalesOrderNo"]
    answer = await desk.call("DELETE", f"SO/SalesOrder/{number}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await desk.refused("DELETE", f"SO/SalesOrder/{number}"))["code"] == "CI_NoKey"
    assert await desk.state("sales_order_lines") == []
    for act in ("enter-invoice", "ship"):
        late = (await desk.order())["SalesOrderNo"]
        await desk.act(act, SalesOrderNo=late)
        error = await desk.refused("DELETE", f"SO/SalesOrder/{late}")
        assert (error["status"], error["code"]) == (422, "SO_OrderClosed")


async def test_a_partly_shipped_order_is_not_deleted(desk):
    number = (await desk.order())["SalesOrderNo"]
    await desk.act("ship", SalesOrderNo=number, lines={"1": 1})
    assert (await desk.refused("DELETE", f"SO/SalesOrder/{number}"))["code"] == "SO_OrderClosed"


async def test_a_completed_order_refuses_every_write(desk):
    number = (await desk.order())["SalesOrderNo"]
    await desk.act("ship", SalesOrderNo=number)
    path = f"SO/SalesOrder/{number}"
    for method, where in (("PATCH", path), ("DELETE", path), ("POST", f"{path}/Hold"), ("POST", f"{path}/Release")):
        error = await desk.refused(method, where, {"Comment": "x"} if method == "PATCH" else None)
        assert (error["status"], error["code"]) == (422, "SO_OrderClosed")


async def test_hold_and_release_set_the_status_and_the_reason(desk):
    number = (await desk.order())["SalesOrderNo"]
    path = f"SO/SalesOrder/{number}"
    held = (await desk.call("POST", f"{path}/Hold", {"CancelReasonCode": "STOCK"})).json()
    assert (held["OrderStatus"], held["CancelReasonCode"]) == ("H", "STOCK")
    again = (await desk.call("POST", f"{path}/Hold")).json()
    assert (again["OrderStatus"], again["CancelReasonCode"]) == ("H", "STOCK")
    released = (await desk.call("POST", f"{path}/Release")).json()
    assert (released["OrderStatus"], released["CancelReasonCode"]) == ("O", "")
    assert (await desk.refused("POST", f"{path}/Hold", {"CancelReasonCode": "WHY"}))["code"] == "CI_NOF"
    assert (await desk.refused("POST", f"{path}/Hold", {"Reason": "STOCK"}))["code"] == "BAD_REQUEST"
    assert (await desk.refused("POST", f"{path}/Release", {"CancelReasonCode": "STOCK"}))["code"] == "BAD_REQUEST"
    assert (await desk.refused("POST", "SO/SalesOrder/9999999/Hold"))["code"] == "CI_NoKey"


async def test_an_order_may_be_created_on_hold_or_open(desk):
    assert (await desk.order(OrderStatus="H", CancelReasonCode="STOCK"))["OrderStatus"] == "H"
    assert (await desk.order(OrderStatus="O"))["OrderStatus"] == "O"


async def test_a_locked_record_refuses_writes_and_names_who_has_it(desk, make):
    number = (await desk.order())["SalesOrderNo"]
    path = f"SO/SalesOrder/{number}"
    await desk.act("lock", record=path, seconds=60, lockedBy="MBAKER")
    error = await desk.refused("PATCH", path, {"Comment": "x"})
    assert (error["status"], error["code"], error["lockedBy"], error["retryable"]) == (
        423,
        "RECORD_LOCKED",
        "MBAKER",
        True,
    )
    for method, where in (("DELETE", path), ("POST", f"{path}/Hold")):
        assert (await desk.refused(method, where))["status"] == 423
    assert await desk.get(path)
    assert (await desk.act("unlock", record=path))["was_locked"] is True
    assert await desk.patch(path, {"Comment": "x"})
    await desk.act("lock", record="AR/Customer/01-WEB0001")
    assert (await desk.refused("POST", "SO/SalesOrder", make.order()))["status"] == 423
    assert (await desk.refused("PATCH", "AR/Customer/01-WEB0001", {"City": "x"}))["status"] == 423


async def test_a_lock_ends_by_itself(desk):
    number = (await desk.order())["SalesOrderNo"]
    await desk.act("lock", record=f"SO/SalesOrder/{number}", seconds=1e-9)
    assert await desk.patch(f"SO/SalesOrder/{number}", {"Comment": "x"})
    assert await desk.state("locks") == []
