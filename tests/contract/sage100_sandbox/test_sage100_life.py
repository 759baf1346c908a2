"""Stock, invoices, posting, payments: what people in the company do, and what polling sees (sage100.md 2.5-2.10, 7)."""

from decimal import Decimal

import pytest


async def test_an_open_order_is_on_sales_order_also_on_hold_until_it_is_deleted(desk):
    number = (await desk.order(OrderStatus="H"))["SalesOrderNo"]
    assert await desk.stock() == (120, 2, 0)
    await desk.call("POST", f"SO/SalesOrder/{number}/Release")
    assert await desk.stock() == (120, 2, 0)
    assert (await desk.get("AR/Customer/01-WEB0001"))["OpenOrderAmt"] == "39.90"
    await desk.call("DELETE", f"SO/SalesOrder/{number}")
    assert await desk.stock() == (120, 0, 0)
    assert (await desk.get("AR/Customer/01-WEB0001"))["OpenOrderAmt"] == "0.00"


@pytest.mark.parametrize("kind", ["Q", "P", "M", "R"])
async def test_quotes_masters_and_repeating_orders_take_no_stock(desk, kind):
    number = (await desk.order(OrderType=kind))["SalesOrderNo"]
    assert await desk.stock() == (120, 0, 0)
    assert "error" in await desk.act("enter-invoice", SalesOrderNo=number)


async def test_stock_moves_in_the_lines_warehouse_and_its_row_is_made_when_missing(desk, make):
    before = (await desk.get("IM/ItemWarehouse"))["server_time"]
    await desk.order(make.line("3", "1", WarehouseCode="002"), make.charge("1"))
    assert await desk.stock(warehouse="002") == (0, 3, 0)
    assert await desk.stock() == (120, 0, 0)
    polled = await desk.rows("IM/ItemWarehouse", updatedSince=before, WarehouseCode="002", ItemCode="LAMP-01")
    assert len(polled) == 1
    assert await desk.rows("IM/ItemWarehouse", ItemCode="/SHIP-INS") == []


async def test_entry_is_in_shipping_and_posting_takes_from_the_stock(desk):
    number = (await desk.order())["SalesOrderNo"]
    await desk.act("enter-invoice", SalesOrderNo=number)
    assert await desk.stock() == (120, 2, 2)
    await desk.act("post-invoice", InvoiceNo="0100231")
    assert await desk.stock() == (118, 0, 0)
    assert (await desk.get("CI/Item/LAMP-01"))["TotalQuantityOnHand"] == "118.000000"


async def test_a_closed_order_frees_its_stock(desk):
    number = (await desk.order())["SalesOrderNo"]
    await desk.act("close-order", SalesOrderNo=number)
    assert await desk.stock() == (120, 0, 0)
    assert (await desk.get(f"SO/SalesOrder/{number}"))["OrderStatus"] == "C"
    assert (await desk.get("AR/Customer/01-WEB0001"))["OpenOrderAmt"] == "0.00"


def stamp(row):
    return row["DateUpdated"], row["TimeUpdated"]


async def test_tracking_may_come_late_and_moves_only_the_header_stamp(desk):
    number = (await desk.order(CustomerPONo="WEB-1"))["SalesOrderNo"]
    invoice = (await desk.act("enter-invoice", SalesOrderNo=number, ShipVia="UPS GROUND"))["InvoiceNo"]
    early = (await desk.rows("SO/Shipment"))[0]
    assert (early["Packages"], early["Posted"], early["HeaderSeqNo"]) == ([], "N", None)
    assert (early["SalesOrderNo"], early["CustomerPONo"], early["ShipVia"]) == (number, "WEB-1", "UPS GROUND")
    for code in ("1ZDEMO01", "1ZDEMO02"):
        await desk.act("add-tracking", InvoiceNo=invoice, TrackingID=code, StarshipShipVia="UPS", Weight="3.2")
    late = (await desk.rows("SO/Shipment", updatedSince="2020-01-01T00:00:00"))[0]
    packages = [(row["PackageNo"], row["TrackingID"], row["Weight"]) for row in late["Packages"]]
    assert packages == [("0001", "1ZDEMO01", "3.20"), ("0002", "1ZDEMO02", "3.20")]
    assert stamp(late) > stamp(early)
    assert late["NumberofPackages"] == "0002"


async def test_posting_keeps_the_shipment_under_its_id_with_a_later_stamp(desk):
    number = (await desk.order())["SalesOrderNo"]
    invoice = (await desk.act("enter-invoice", SalesOrderNo=number))["InvoiceNo"]
    await desk.act("add-tracking", InvoiceNo=invoice, TrackingID="1Z")
    entered = await desk.get(f"SO/Shipment/{invoice}")
    assert (await desk.get(f"SO/Invoice/{invoice}"))["TaxableAmt"] == "39.90"
    await desk.act("post-invoice", InvoiceNo=invoice)
    posted = await desk.get(f"SO/Shipment/{invoice}")
    assert (posted["Posted"], posted["HeaderSeqNo"], posted["ShipStatus"]) == ("Y", "000001", "S")
    assert (posted["Lines"], posted["Packages"]) == (entered["Lines"], entered["Packages"])
    assert stamp(posted) > stamp(entered)
    assert len(await desk.rows("SO/Shipment")) == 1
    assert (await desk.refused("GET", f"SO/Invoice/{invoice}"))["code"] == "CI_NoKey"
    assert await desk.state("invoices") == []
    await desk.act("add-tracking", InvoiceNo=invoice, TrackingID="1Z2")
    assert [row["TrackingID"] for row in (await desk.get(f"SO/Shipment/{invoice}"))["Packages"]] == ["1Z", "1Z2"]
    assert stamp(await desk.get(f"SO/Shipment/{invoice}")) > stamp(posted)


async def test_pages_of_shipments_run_through_entry_and_history(desk):
    for at in range(5):
        number = (await desk.order())["SalesOrderNo"]
        await desk.act("ship" if at % 2 else "enter-invoice", SalesOrderNo=number)
    seen, query = [], {"limit": "2"}
    while True:
        page = await desk.get("SO/Shipment", **query)
        seen += [(*stamp(row), row["InvoiceNo"]) for row in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen)


async def test_a_part_shipped_order_is_a_back_order_until_the_rest_is_posted(desk, make):
    number = (await desk.order(make.line("5", "1")))["SalesOrderNo"]
    part = await desk.act("ship", SalesOrderNo=number, lines={"1": 2})
    assert part["Lines"][0]["QuantityBackordered"] == "3.000000"
    open_order = await desk.get(f"SO/SalesOrder/{number}")
    assert (open_order["OrderType"], open_order["OrderStatus"]) == ("B", "O")
    assert (open_order["LastInvoiceOrderNo"], open_order["CurrentInvoiceNo"]) == (part["InvoiceNo"], "")
    row = open_order["Lines"][0]
    assert (row["QuantityShipped"], row["QuantityBackordered"]) == ("2.000000", "3.000000")
    assert await desk.stock() == (118, 3, 0)
    rest = await desk.act("ship", SalesOrderNo=number)
    assert rest["OrderStatus"] == "C"
    assert await desk.stock() == (115, 0, 0)
    assert [row["SalesOrderNo"] for row in await desk.rows("AR/Invoice", SalesOrderNo=number)] == [number] * 2


async def test_invoices_of_a_split_order_add_up_to_the_cent(desk, make):
    lines = (make.line("3", "3.335"), make.line("7", "1.11", LineDiscountPercent="5"), make.charge("1.00", "/FEE"))
    made = await desk.order(*lines, FreightAmt="5", SalesTaxAmt="1.49", DiscountAmt="0.77")
    for wanted in ({"1": 1}, {"1": 1, "2": 3}, None):
        assert "error" not in await desk.act("ship", SalesOrderNo=made["SalesOrderNo"], lines=wanted)
    invoices = await desk.rows("AR/Invoice", includeLines="true")
    assert [row["FreightAmt"] for row in invoices] == ["5.00", "0.00", "0.00"]
    shares = ("TaxableSalesAmt", "NonTaxableSalesAmt", "SalesTaxAmt", "DiscountAmt")
    assert [invoices[0][name] for name in shares] == ["3.34", "1.00", "0.29", "0.18"]
    pairs = {"TaxableSalesAmt": "TaxableAmt", "NonTaxableSalesAmt": "NonTaxableAmt"}
    pairs |= {name: name for name in ("FreightAmt", "SalesTaxAmt", "DiscountAmt")}
    for posted, ordered in pairs.items():
        assert sum(Decimal(row[posted]) for row in invoices) == Decimal(made[ordered])
    goods = sum(Decimal(line["ExtensionAmt"]) for row in invoices for line in row["Lines"])
    assert goods == Decimal(made["TaxableAmt"]) + Decimal(made["NonTaxableAmt"])
    customer = await desk.get("AR/Customer/01-WEB0001")
    assert Decimal(customer["CurrentBalance"]) == sum(Decimal(row["Balance"]) for row in invoices)
    assert customer["OpenOrderAmt"] == "0.00"


async def test_the_sample_invoice_is_posted_and_paid(desk, make):
    made = await desk.order(make.line(), make.charge("1.25"), FreightAmt="7.50", SalesTaxAmt="3.39")
    await desk.act("ship", SalesOrderNo=made["SalesOrderNo"])
    invoice = await desk.get("AR/Invoice/0100231-000001")
    amounts = ("TaxableSalesAmt", "NonTaxableSalesAmt", "FreightAmt", "SalesTaxAmt", "DiscountAmt", "Balance")
    assert [invoice[name] for name in amounts] == ["39.90", "1.25", "7.50", "3.39", "0.00", "52.04"]
    assert invoice["InvoiceDueDate"] > invoice["InvoiceDate"]
    paid = await desk.act("receive-payment", InvoiceNo="100231", amount="50")
    assert paid["InvoiceBalance"] == "2.04"
    await desk.act("receive-payment", InvoiceNo="100231")
    assert (await desk.rows("AR/OpenInvoice"))[0]["Balance"] == "0.00"
    assert len(await desk.rows("AR/CashReceipt", InvoiceNo="0100231")) == 2
    assert "error" in await desk.act("receive-payment", InvoiceNo="100231")


async def test_a_deposit_lowers_the_balance_of_the_first_invoices(desk):
    number = (await desk.order(DepositAmt="30"))["SalesOrderNo"]
    for wanted in ({"1": 1}, None):
        await desk.act("ship", SalesOrderNo=number, lines=wanted)
    invoices = await desk.rows("AR/Invoice")
    assert [(row["DepositAmt"], row["Balance"]) for row in invoices] == [("19.95", "0.00"), ("10.05", "9.90")]


async def test_no_more_is_invoiced_than_is_open_and_nothing_that_is_held(desk):
    number = (await desk.order())["SalesOrderNo"]
    for lines in ({"1": 3}, {"1": 0}, {"9": 1}):
        assert "SO_OrderClosed" in (await desk.act("enter-invoice", SalesOrderNo=number, lines=lines))["error"]
    await desk.act("hold-order", SalesOrderNo=number, CancelReasonCode="ADDR")
    assert "SO_OrderClosed" in (await desk.act("ship", SalesOrderNo=number))["error"]
    assert (await desk.act("release-order", SalesOrderNo=number))["OrderStatus"] == "O"
    assert await desk.act("enter-invoice", SalesOrderNo=number)
    assert "SO_OrderClosed" in (await desk.act("enter-invoice", SalesOrderNo=number))["error"]


async def test_several_packages_may_leave_at_once(desk):
    number = (await desk.order())["SalesOrderNo"]
    shipped = await desk.act("ship", SalesOrderNo=number, TrackingID=["A", "B"])
    assert [row["TrackingID"] for row in shipped["Packages"]] == ["A", "B"]
    none = await desk.act("ship", SalesOrderNo=(await desk.order())["SalesOrderNo"], TrackingID="")
    assert none["Packages"] == []


async def test_clerks_leave_their_own_user_key(desk):
    made = await desk.order()
    held = await desk.act("hold-order", SalesOrderNo=made["SalesOrderNo"])
    assert held["UserUpdatedKey"] != held["UserCreatedKey"] == made["UserUpdatedKey"]


async def test_items_stock_and_aliases_change_by_clerks(desk):
    changed = await desk.act("change-item", ItemCode="LAMP-01", StandardUnitPrice="22.5", ItemCodeDesc="Lamp")
    assert (changed["StandardUnitPrice"], changed["ItemCodeDesc"]) == ("22.500000", "Lamp")
    counted = await desk.act("change-stock", ItemCode="LAMP-01", delta=-3, QuantityRequiredForWO="2")
    assert (counted["QuantityOnHand"], counted["QuantityRequiredForWO"]) == ("117.000000", "2.000000")
    counted = await desk.act("change-stock", ItemCode="LAMP-01", WarehouseCode="002", QuantityOnHand="5")
    assert counted["QuantityOnHand"] == "5.000000"
    assert "not on file" in (await desk.act("change-stock", ItemCode="LAMP-01", WarehouseCode="9"))["error"]
    assert "not on file" in (await desk.act("change-item", ItemCode="NO", ItemCodeDesc="x"))["error"]
    assert "not a field" in (await desk.act("change-item", ItemCode="LAMP-01", Colour="x"))["error"]
    await desk.act("add-item", ItemCode="NEW-1", alias="SHOP-1")
    await desk.act("add-alias", ItemCode="NEW-1", AliasItemNo="SHOP-2", Type="C", CustomerNo="WEB0001")
    assert [row["AliasItemNo"] for row in await desk.rows("IM/AliasItem", ItemCode="NEW-1")] == ["SHOP-1", "SHOP-2"]
    assert "already exists" in (await desk.act("add-item", ItemCode="NEW-1"))["error"]


async def test_kits_and_drop_shipments_take_no_stock_and_lots_are_distributed_at_entry(desk, make):
    await desk.act("add-item", ItemCode="KIT-1", ProductType="K")
    await desk.act("add-item", ItemCode="LOT-1", Valuation="5", QuantityOnHand="9")
    lines = [{**make.line("1", "1"), "ItemCode": code} for code in ("KIT-1", "LOT-1")]
    made = await desk.order(*lines, make.line("1", "1", DropShip="Y"))
    assert [row["LotSerialFullyDistributed"] for row in made["Lines"]] == ["Y", "N", "Y"]
    assert (await desk.stock("LOT-1"), await desk.stock()) == ((9, 1, 0), (120, 0, 0))
    await desk.act("enter-invoice", SalesOrderNo=made["SalesOrderNo"])
    shown = await desk.get(f"SO/SalesOrder/{made['SalesOrderNo']}")
    assert [row["LotSerialFullyDistributed"] for row in shown["Lines"]] == ["Y", "Y", "Y"]


async def test_a_clerk_enters_an_order_that_carries_no_reference(desk, make):
    made = await desk.act("enter-order", **make.order())
    assert (made["CustomerPONo"], made["OrderStatus"]) == ("", "N")
    assert "CI_NOF" in (await desk.act("enter-order", **make.order(TermsCode="99")))["error"]
    assert "deleted" in await desk.act("delete-order", SalesOrderNo=made["SalesOrderNo"])
    assert await desk.state("sales_orders") == []
