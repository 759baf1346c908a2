"""What people at the site do, and what polling sees of it (infor.md 4.6, 4.8, 6)."""

from decimal import Decimal

import pytest

LAMP = "LAMP-01"


async def test_shipping_writes_ledger_shipment_lines_and_stock(desk):
    number = await desk.order(("2", "10"), ("3", "10"), CustPo="WEB-1", ShipCode="DHL")
    answer = await desk.act("ship", CoNum=number, lines={"1": 2, "2": 1}, tracking="1ZDEMO0000000042")
    assert answer["PackNum"] == "5011"
    ledger = await desk.rows("SLCoShips", f"CoNum = '{number}'", orderby="CoLine")
    assert [(row["CoLine"], row["QtyShipped"], row["DateSeq"]) for row in ledger] == [
        ("1", "2.00000000", "1"),
        ("2", "1.00000000", "1"),
    ]
    assert (ledger[0]["CoCustPo"], ledger[0]["CoiItem"], ledger[0]["PackNum"]) == ("WEB-1", LAMP, "5011")
    assert (ledger[0]["CoShipCode"], ledger[0]["ShipCodeDescription"]) == ("DHL", "DHL Parcel")
    shipment = (await desk.rows("SLShipments"))[0]
    assert (shipment["ShipmentId"], shipment["TrackingNumber"], shipment["Status"]) == ("3007", "1ZDEMO0000000042", "S")
    links = await desk.rows("SLShipmentSeqs", f"RefNum = '{number}'", orderby="ShipmentLine")
    assert [(row["ShipmentId"], row["RefLineSuf"], row["QtyShipped"]) for row in links] == [
        ("3007", "1", "2.00000000"),
        ("3007", "2", "1.00000000"),
    ]
    assert (await desk.rows("SLShipmentPackages"))[0]["DerTrackingNumber"] == "1ZDEMO0000000042"
    lines = await desk.rows("SLCoitems", f"CoNum = '{number}'", orderby="CoLine")
    assert [line["Stat"] for line in lines] == ["F", "O"]
    stock = await desk.stock()
    assert (stock["QtyOnHand"], stock["QtyAllocCo"]) == ("117.00000000", "2.00000000")
    again = await desk.act("ship", CoNum=number)
    assert again["shipments"][0]["lines"] == {"2": "2.00000000"}
    second = await desk.rows("SLCoShips", "CoLine = '2'", orderby="DateSeq")
    assert [row["DateSeq"] for row in second] == ["1", "2"]


async def test_two_warehouses_make_two_shipments(desk):
    await desk.act("change-stock", Item=LAMP, Whse="EAST", QtyOnHand=5)
    number = await desk.order(("1", "1"))
    await desk.insert("SLCoitems", CoNum=number, CoLine="2", Item=LAMP, QtyOrdered="1", Price="1", Whse="EAST")
    answer = await desk.act("ship", CoNum=number)
    assert [row["Whse"] for row in answer["shipments"]] == ["EAST", "MAIN"]


@pytest.mark.parametrize("status", ["P", "S"])
async def test_planned_and_stopped_orders_cannot_be_shipped(desk, status):
    number = await desk.order(("1", "1"))
    await desk.act("change-status", CoNum=number, Stat=status)
    assert "cannot be shipped" in (await desk.act("ship", CoNum=number))["error"]


async def test_a_customer_on_hold_stops_all_orders(desk):
    number = await desk.order(("1", "1"))
    await desk.act("hold-credit", CustNum="1042", reason="LT")
    assert "Credit Hold" in (await desk.act("ship", CoNum=number))["error"]
    assert await desk.state("shipped") == []


@pytest.mark.parametrize("lines", [{"1": 3}, {"1": 0}, {"7": 1}])
async def test_no_more_is_shipped_than_is_open(desk, lines):
    number = await desk.order(("2", "1"))
    assert "open" in (await desk.act("ship", CoNum=number, lines=lines))["error"]


async def test_partial_shipping_needs_the_orders_leave_and_stock_may_be_required(open_desk):
    desk = await open_desk(negative_stock=False)
    whole = await desk.order(("2", "1"), ShipPartial="0")
    assert "partial" in (await desk.act("ship", CoNum=whole, lines={"1": 1}))["error"]
    large = await desk.order(("121", "1"))
    assert "On Hand" in (await desk.act("ship", CoNum=large))["error"]


async def test_a_tracking_number_may_come_after_the_shipment(desk):
    number = await desk.order(("1", "1"))
    await desk.act("ship", CoNum=number, tracking="")
    before = (await desk.rows("SLShipments"))[0]
    await desk.act("set-tracking", ShipmentId=3007, tracking="1Z9")
    after = (await desk.rows("SLShipments"))[0]
    assert (before["TrackingNumber"], after["TrackingNumber"]) == (None, "1Z9")
    assert after["RecordDate"] > before["RecordDate"]


async def test_the_sample_invoice_adds_up(desk):
    number = await desk.order(("2", "19.95"), Freight="7.50", SalesTax="3.29", CustPo="WEB-100045")
    await desk.act("ship", CoNum=number)
    await desk.act("invoice", CoNum=number)
    invoice = (await desk.rows("SLInvHdrs"))[0]
    assert (invoice["InvNum"], invoice["Freight"], invoice["Price"]) == ("INV0007781", "7.50000000", "50.69000000")
    assert (invoice["CustPo"], invoice["TermsCode"]) == ("WEB-100045", "N30")
    line = (await desk.rows("SLInvItemAlls"))[0]
    assert (line["QtyInvoiced"], line["DerExtendedPrice"], line["SiteRef"]) == ("2.00000000", "39.90000000", "DALS")
    header = await desk.header(number)
    assert (header["Stat"], (await desk.rows("SLCoitems"))[0]["Stat"]) == ("C", "C")
    assert header["CloseDate"]
    posted = (await desk.rows("SLArtrans"))[0]
    assert (posted["Type"], posted["CheckSeq"], posted["Amount"]) == ("I", "0", "50.69000000")
    assert posted["DueDate"] > posted["InvDate"]


async def test_invoices_of_a_split_order_add_up_to_its_total(desk):
    number = await desk.order(("3", "3.335"), ("7", "1.11"), Freight="5", MiscCharges="1", SalesTax="3.01", Disc="3.3")
    await desk.update("SLCos", "", CoNum=number, DiscAmount="0.77")
    for lines in ({"1": 1}, {"1": 1, "2": 3}, None):
        await desk.act("ship", CoNum=number, lines=lines)
        await desk.act("invoice", CoNum=number)
    invoices = await desk.rows("SLInvHdrs", orderby="InvNum")
    assert [row["Freight"] for row in invoices] == ["6.00000000", "0.00000000", "0.00000000"]
    header = await desk.header(number)
    assert sum(Decimal(row["Price"]) for row in invoices) == Decimal(header["Price"])
    assert header["Stat"] == "C"
    goods = sum(Decimal(row["DerExtendedPrice"]) for row in await desk.rows("SLInvItemAlls"))
    assert goods == sum(Decimal(row["DerExtPrice"]) for row in await desk.rows("SLCoitems"))


async def test_an_unposted_invoice_shows_its_tax_until_it_is_posted(open_desk):
    desk = await open_desk(post_invoices=False)
    number = await desk.order(("1", "10"), SalesTax="2")
    await desk.act("ship", CoNum=number)
    await desk.act("invoice", CoNum=number)
    assert [row["SalesTax"] for row in await desk.rows("SLArinvs")] == ["2.00000000"]
    assert await desk.rows("SLArtrans") == []
    await desk.act("post-invoices")
    assert await desk.rows("SLArinvs") == []
    assert [row["Type"] for row in await desk.rows("SLArtrans")] == ["I"]


async def _invoiced(desk, price="100"):
    number = await desk.order(("1", price))
    await desk.act("ship", CoNum=number)
    return number, (await desk.act("invoice", CoNum=number))["InvNum"]


async def test_payments_name_the_invoice_they_pay_until_nothing_is_open(desk):
    number, invoice = await _invoiced(desk)
    await desk.act("receive-payment", InvNum=invoice, amount="30.5")
    await desk.act("receive-payment", CoNum=number)
    rows = await desk.rows("SLArtrans", f"InvNum = '{invoice}'", orderby="CheckSeq")
    assert [(row["Type"], row["CheckSeq"], row["Amount"]) for row in rows] == [
        ("I", "0", "100.00000000"),
        ("P", "1", "30.50000000"),
        ("P", "2", "69.50000000"),
    ]
    assert "error" in await desk.act("receive-payment", CoNum=number)


async def test_a_payment_of_ours_waits_for_a_clerk_to_post_it(desk):
    number, invoice = await _invoiced(desk)
    key = {"CustNum": "   1042", "CheckNum": "PS1-41", "BankCode": "BK1", "Type": "C"}
    assert (await desk.insert("SLArpmts", **key, ForCheckAmt="100"))["Success"]
    assert "already exists" in (await desk.insert("SLArpmts", **key, ForCheckAmt="100"))["Message"]
    assert not (await desk.insert("SLArpmtds", **key, InvNum="INV9999999", ForAmtApplied="1"))["Success"]
    assert not (await desk.insert("SLArpmtds", **key, InvNum=invoice, ForAmtApplied="100.01"))["Success"]
    assert (await desk.insert("SLArpmtds", **key, InvNum=invoice, ForAmtApplied="90"))["Success"]
    assert [row["DomCheckAmt"] for row in await desk.rows("SLArpmts")] == ["100.00000000"]
    assert len(await desk.rows("SLArtrans")) == 1
    assert await desk.act("post-payments") == {"posted": ["PS1-41"]}
    assert (await desk.rows("SLArpmts"), await desk.rows("SLArpmtds")) == ([], [])
    paid = await desk.rows("SLArtrans", "Type = 'P'", orderby="InvNum")
    assert [(row["InvNum"], row["Amount"], row["CoNum"]) for row in paid] == [
        ("0", "10.00000000", None),
        (invoice, "90.00000000", number),
    ]


async def test_a_phone_order_carries_no_reference_of_ours(desk):
    order = await desk.act("place-phone-order", lines=[{"Item": LAMP, "QtyOrdered": 2}])
    assert (order["ExternalConfirmationRef"], order["Price"]) == (None, "42.00000000")
    failed = await desk.act("place-phone-order", lines=[{"Item": LAMP}, {"Item": "NOTHING"}])
    assert failed == {"error": "Item [NOTHING] is not on file."}
    assert len(await desk.state("orders")) == 1  # all or nothing


async def test_clerks_edit_by_the_same_rules(desk):
    number = await desk.order(("2", "10"))
    await desk.act("change-order-line", CoNum=number, CoLine=1, QtyOrdered=3, Price="9.99")
    assert (await desk.header(number))["Price"] == "29.97000000"
    await desk.act("change-order", CoNum=number, Freight="1.03")
    assert (await desk.header(number))["Price"] == "31.00000000"
    assert "error" in await desk.act("change-order-line", CoNum=number, CoLine=1, QtyOrdered=-1)
    assert "error" in await desk.act("change-status", CoNum=number, Stat="C")
    await desk.act("change-customer", CustNum="1042", Phone_1="+1 555")
    assert (await desk.state("customers", CustNum="   1042"))[0]["Phone_1"] == "+1 555"
    await desk.act("delete-order", CoNum=number, CoLine=1)
    assert await desk.state("lines") == []
    await desk.act("delete-order", CoNum=number)
    assert await desk.state("orders") == []


async def test_a_new_item_has_stock_price_and_alias_and_a_count_moves_its_record_date(desk):
    await desk.act("add-item", Item="NEW-1", QtyOnHand=4, UnitPrice="3.50", alias="SHOP-NEW")
    assert [row["Item"] for row in await desk.rows("SLItemCusts", "CustItem = 'SHOP-NEW'")] == ["NEW-1"]
    before = await desk.stock("NEW-1")
    await desk.act("change-stock", Item="NEW-1", QtyOnHand=9, QtyAllocjob=2)
    after = await desk.stock("NEW-1")
    assert (before["QtyOnHand"], after["QtyOnHand"]) == ("4.00000000", "9.00000000")
    assert after["DerItemAvailQtyAvail"] == "7.00000000"
    assert after["RecordDate"] > before["RecordDate"]
    assert (await desk.rows("SLItems", "Item = 'NEW-1'"))[0]["DerQtyOnHand"] == "9.00000000"
    assert (await desk.rows("SLItemlocs", "Item = 'NEW-1' AND Whse = 'MAIN'"))[0]["QtyOnHand"] == "9.00000000"


async def test_polling_by_record_date_finds_each_change_once(desk):
    await desk.order(("1", "1"))
    query = {"properties": "RecordDate,RowPointer,CoNum", "orderby": "RecordDate,RowPointer", "recordcap": "2"}
    mark = (await desk.rows("SLCos", **query))[-1]["RecordDate"]
    numbers = [await desk.order() for _ in range(5)]
    seen, answer = [], await desk.load("SLCos", f"RecordDate > '{mark}'", **query)
    while True:
        seen += [row["CoNum"] for row in answer["Items"]]
        if not answer["MoreRowsExist"]:
            break
        answer = await desk.load(
            "SLCos", f"RecordDate > '{mark}'", loadtype="NEXT", bookmark=answer["Bookmark"], **query
        )
    assert seen == numbers


async def test_a_clock_set_back_lowers_the_record_dates(desk):
    first = await desk.header(await desk.order())
    await desk.act("shift-clock", seconds=-3600)
    second = await desk.header(await desk.order())
    assert second["RecordDate"] < first["RecordDate"]


async def test_what_was_written_survives_a_new_process_and_numbers_go_on(open_desk, tmp_path):
    first = await open_desk(tmp_path)
    number = await first.order(("2", "10"))
    second = await open_desk(tmp_path)
    assert (await second.header(number))["Price"] == "20.00000000"
    assert await second.order() == "EC00000043"
    assert second.http.headers["authorization"] != first.http.headers["authorization"]
    old_token = {"authorization": first.http.headers["authorization"]}
    assert (await second.http.get(f"{second.ido}/configurations", headers=old_token)).status_code == 200
