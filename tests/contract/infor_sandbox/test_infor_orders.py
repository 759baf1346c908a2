"""Orders, lines and customers by the rules of the site (infor.md 4.6, 4.7)."""

import pytest

OURS = {"CoNum": "PS00000041", "ExternalConfirmationRef": "PS1-41"}


async def test_a_repeat_with_blank_number_makes_a_second_order(desk):
    first = await desk.order(ExternalConfirmationRef="PS1-41", CoNum="")
    second = await desk.order(ExternalConfirmationRef="PS1-41", CoNum="")
    assert (first, second) == ("EC00000042", "EC00000043")
    assert len(await desk.rows("SLCos", "ExternalConfirmationRef = 'PS1-41'")) == 2


async def test_a_number_of_our_own_is_taken_once(desk):
    assert await desk.order(**OURS) == OURS["CoNum"]
    assert "already exists" in (await desk.insert("SLCos", CustNum="   1042", **OURS))["Message"]
    assert len(await desk.state("orders")) == 1


@pytest.mark.parametrize("number", ["41", "PS1-000041", "ps00000041", "PS000000041"])
async def test_a_number_that_is_not_padded_is_refused(desk, number):
    assert not (await desk.insert("SLCos", CustNum="   1042", CoNum=number))["Success"]


async def test_numbering_may_be_the_sites_or_the_callers_alone(open_desk):
    site, caller = await open_desk(numbering="site"), await open_desk(numbering="caller")
    assert not (await site.insert("SLCos", CustNum="   1042", **OURS))["Success"]
    assert (await site.insert("SLCos", CustNum="   1042"))["Success"]
    assert (await caller.insert("SLCos", CustNum="   1042", **OURS))["Success"]
    assert not (await caller.insert("SLCos", CustNum="   1042"))["Success"]


async def test_the_header_total_follows_every_write_to_header_and_line(desk):
    number = await desk.order(("2", "19.95"), Freight="7.50", SalesTax="3.29")
    assert (await desk.header(number))["Price"] == "50.69000000"
    await desk.update("SLCoitems", "", CoNum=number, CoLine="1", CoRelease="0", QtyOrdered="3")
    assert (await desk.header(number))["Price"] == "70.64000000"
    await desk.update("SLCos", "", CoNum=number, Disc="10", DiscAmount="1.01", MiscCharges="2")
    # 59.85 - 5.99 (10 %, half up) - 1.01 + 7.50 + 2 + 3.29
    assert (await desk.header(number))["Price"] == "65.64000000"


async def test_a_line_is_rounded_half_up_after_its_discount(desk):
    number = await desk.order(("3", "0.335"))
    await desk.update("SLCoitems", "", CoNum=number, CoLine="1", CoRelease="0", Disc="50")
    line = (await desk.rows("SLCoitems"))[0]
    assert (line["DerNetPrice"], line["DerExtPrice"]) == ("0.16750000", "0.50000000")


async def test_the_seeded_site_has_the_catalogue_and_misses_what_the_erp_does_not_know(desk):
    from penstock.sandbox.catalogue import catalogue  # noqa: PLC0415

    goods = catalogue(7)
    on_file = {row["Item"] for row in await desk.state("items")}
    assert not goods.unknown_to_erp & on_file
    assert set(goods.erp_item_codes.values()) <= on_file
    assert not set(goods.erp_item_codes) & on_file
    aliases = await desk.state("aliases", CustNum="   1042")
    assert {row["CustItem"]: row["Item"] for row in aliases} == {
        sku: goods.erp_item_codes[sku] for sku in goods.erp_aliases
    }
    stock = {row["Item"]: row["QtyOnHand"] for row in await desk.state("stock", Whse="MAIN")}
    for item in goods.items():
        if item.sku not in goods.unknown_to_erp:
            code = goods.erp_item_codes.get(item.sku, item.sku)
            assert stock[code] == f"{item.stock}.00000000"
    customers = await desk.state("customers", CustSeq="0")
    assert len(customers) == 51
    assert all(row["CustomerEmailAddr"] == row["CustomerEmailAddr"].lower() for row in customers)


async def test_an_unknown_item_is_not_on_file(desk):
    number = await desk.order()
    answer = await desk.insert("SLCoitems", CoNum=number, CoLine="1", Item="LAMP-99", QtyOrdered="1")
    assert answer == {"Message": "Item [LAMP-99] is not on file.", "Success": False, "RefreshItems": None}


@pytest.mark.parametrize(
    "values",
    [
        {"QtyOrdered": "0"},
        {"QtyOrdered": "-1"},
        {"QtyOrdered": None},
        {"QtyOrdered": "1", "QtyOrderedConv": "2"},
        {"Price": "1", "PriceConv": "2"},
        {"CoLine": "0"},
        {"CoNum": "EC99999999"},
        {"UM": "BX"},
        {"Whse": "EAST"},
        {"Disc": "101"},
        {"Stat": "F"},
        {"QtyShipped": "1"},
    ],
)
async def test_a_line_that_the_site_cannot_take_is_refused(desk, values):
    number = await desk.order()
    line = {"CoNum": number, "CoLine": "1", "Item": "LAMP-01", "QtyOrdered": "1", **values}
    answer = await desk.insert("SLCoitems", **line)
    assert answer["Success"] is False
    assert await desk.state("lines") == []
    assert (await desk.stock())["QtyAllocCo"] == "0.00000000"


async def test_one_of_a_pair_stands_for_both_and_a_missing_price_is_the_list_price(desk):
    number = await desk.order()
    await desk.insert("SLCoitems", CoNum=number, CoLine="1", Item="LAMP-01", QtyOrderedConv="2")
    line = (await desk.rows("SLCoitems"))[0]
    assert (line["QtyOrdered"], line["Price"], line["PriceConv"]) == ("2.00000000", "21.00000000", "21.00000000")
    assert (line["UM"], line["Description"], line["Whse"]) == ("EA", "Desk lamp", "MAIN")


async def test_a_taken_line_number_is_refused(desk):
    number = await desk.order(("1", "1"))
    answer = await desk.insert("SLCoitems", CoNum=number, CoLine="1", Item="LAMP-01", QtyOrdered="1")
    assert "already exists" in answer["Message"]


async def test_open_lines_allocate_stock_and_every_change_moves_it(desk):
    number = await desk.order(("2", "1"), ("5", "1"))
    line = {"CoNum": number, "CoLine": "2", "CoRelease": "0"}
    seen = [(await desk.stock())["QtyAllocCo"]]
    await desk.update("SLCoitems", "", **line, QtyOrdered="6")
    seen.append((await desk.stock())["QtyAllocCo"])
    await desk.update("SLCos", "", CoNum=number, Stat="P")  # planned: no demand
    seen.append((await desk.stock())["QtyAllocCo"])
    await desk.update("SLCos", "", CoNum=number, Stat="O")
    await desk.update("SLCos", "", CoNum=number, Stat="S")  # stopped: a clerk decides, the stock is kept
    seen.append((await desk.stock())["QtyAllocCo"])
    await desk.delete("SLCoitems", (await desk.rows("SLCoitems", "CoLine = '2'"))[0]["_ItemId"])
    seen.append((await desk.stock())["QtyAllocCo"])
    await desk.delete("SLCos", (await desk.header(number))["_ItemId"])
    seen.append((await desk.stock())["QtyAllocCo"])
    assert [value.removesuffix(".00000000") for value in seen] == ["7", "8", "0", "8", "2", "0"]
    assert await desk.state("lines") == []


async def test_an_estimate_allocates_nothing(desk):
    await desk.order(("2", "1"), Type="E")
    assert (await desk.stock())["QtyAllocCo"] == "0.00000000"


async def test_over_the_limit_is_success_with_a_credit_hold_where_the_site_says_so(open_desk):
    desk = await open_desk(credit_limit_hold_reason="CL")
    await desk.act("change-customer", CustNum="1042", CreditLimit=100)
    within = await desk.order(("1", "60"))
    over = await desk.order(("1", "60"))
    assert (await desk.header(within))["CreditHold"] == "0"
    held = await desk.header(over)
    assert (held["CreditHold"], held["CreditHoldReason"]) == ("1", "CL")
    assert held["CreditHoldDate"]
    assert (await desk.rows("SLCustomers", "CustNum = '   1042'"))[0]["DerOrderBal"] == "120.00000000"
    assert "Credit Hold" in (await desk.act("ship", CoNum=over))["error"]
    await desk.act("release-credit", CoNum=over)
    await desk.update("SLCos", "", CoNum=over, Contact="Ada")  # no rise of the total: not held again
    assert (await desk.act("ship", CoNum=over))["shipments"]


async def test_over_the_limit_is_nothing_where_the_reason_is_blank(desk):
    await desk.act("change-customer", CustNum="1042", CreditLimit=1)
    assert (await desk.header(await desk.order(("1", "60"))))["CreditHold"] == "0"


async def test_an_order_takes_the_customers_currency_unless_told(desk):
    plain = await desk.header(await desk.order())
    euro = await desk.header(await desk.order(CurrCode="EUR"))
    assert (plain["CurrCode"], euro["CurrCode"], euro["ExchRate"]) == ("USD", "EUR", "1.00000000")


async def test_a_site_may_force_the_customers_currency_without_a_word(open_desk):
    desk = await open_desk(require_customer_currency=True)
    assert (await desk.header(await desk.order(CurrCode="EUR")))["CurrCode"] == "USD"


async def test_customers_are_numbered_by_the_site_and_ship_to_rows_by_the_caller(desk, helpers):
    made = helpers.sent_back(await desk.insert("SLCustomers", Name="Ada", CustSeq="0"))
    assert (made["CustNum"], made["CustSeq"]) == ("   2001", "0")
    ship_to = {"CustNum": "   2001", "CustSeq": "1", "Name": "Ada at work", "City": "Lyon", "Zip": "69002"}
    assert (await desk.insert("SLCustomers", **ship_to))["Success"]
    assert "already exists" in (await desk.insert("SLCustomers", **ship_to))["Message"]
    assert not (await desk.insert("SLCustomers", Name="x", CustNum="   9999", CustSeq="1"))["Success"]
    assert not (await desk.insert("SLCustomers", Name="x", CustSeq="1"))["Success"]
    number = await desk.order(CustNum="   2001", CustSeq="1")
    header = await desk.header(number)
    assert (header["BillToName"], header["ShipToName"], header["ShipToCity"]) == ("Ada", "Ada at work", "Lyon")
    customer = (await desk.rows("SLCustomers", "CustNum = '   2001' AND CustSeq = '0'"))[0]
    assert (customer["CurrCode"], customer["TermsCode"]) == ("USD", "N30")
    assert (await desk.delete("SLCustomers", customer["_ItemId"]))["Message"] == "Orders exist."


async def test_cancelling_a_part_shipped_order_leaves_what_was_shipped(desk):
    number = await desk.order(("3", "10"), ("2", "1"), Freight="5")
    await desk.act("ship", CoNum=number, lines={"1": 1})
    header = await desk.header(number)
    assert (await desk.delete("SLCos", header["_ItemId"]))["Message"] == "Shipped lines exist."
    shipped, untouched = await desk.rows("SLCoitems", f"CoNum = '{number}'", orderby="CoLine")
    assert (await desk.delete("SLCoitems", shipped["_ItemId"]))["Message"] == "Shipped lines exist."
    assert (await desk.delete("SLCoitems", untouched["_ItemId"]))["Success"]
    less = {"QtyOrdered": "0.5", "QtyOrderedConv": "0.5"}
    assert not (await desk.update("SLCoitems", shipped["_ItemId"], **less))["Success"]
    closing = {"QtyOrdered": "1", "QtyOrderedConv": "1", "Stat": "F"}
    assert (await desk.update("SLCoitems", shipped["_ItemId"], **closing))["Success"]
    assert (await desk.update("SLCos", "", CoNum=number, Freight="2"))["Success"]
    header = await desk.header(number)
    assert (header["Stat"], header["Price"]) == ("O", "12.00000000")
    assert (await desk.stock())["QtyAllocCo"] == "0.00000000"
    assert (await desk.act("invoice", CoNum=number))["Price"] == "12.00000000"
    assert (await desk.header(number))["Stat"] == "C"
    line = {"CoNum": number, "CoLine": "9", "Item": "LAMP-01", "QtyOrdered": "1"}
    assert "Complete" in (await desk.insert("SLCoitems", **line))["Message"]


async def test_an_order_with_open_lines_cannot_be_completed_and_a_line_not_filled_without_shipping(desk):
    number = await desk.order(("1", "1"))
    assert not (await desk.update("SLCos", "", CoNum=number, Stat="C"))["Success"]
    assert not (await desk.update("SLCos", "", CoNum=number, Stat="H"))["Success"]
    line = {"CoNum": number, "CoLine": "1", "CoRelease": "0"}
    assert not (await desk.update("SLCoitems", "", **line, Stat="F"))["Success"]


async def test_amounts_beyond_the_database_are_refused_and_leave_nothing(desk):
    number = await desk.order()
    line = {"CoNum": number, "Item": "LAMP-01", "QtyOrdered": "1", "Price": "90000000000"}
    answer = await desk.insert("SLCoitems", **{**line, "CoLine": "1", "QtyOrdered": "9000000"})
    assert "overflow" in answer["Message"]
    assert (await desk.insert("SLCoitems", **{**line, "CoLine": "1"}))["Success"]
    assert "overflow" in (await desk.insert("SLCoitems", **{**line, "CoLine": "2"}))["Message"]
    assert [row["CoLine"] for row in await desk.state("lines")] == ["1"]
