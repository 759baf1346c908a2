from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from penstock.cli.pairs.clarity_sage100.read import (
    Documents,
    allocated,
    available,
    documents_by_reference,
    erp_orders,
    not_shown,
    told_twice,
)

NONE: list[dict[str, Any]] = []


def order(number: str, part: str = "", status: str = "N", **amounts: str) -> dict[str, Any]:
    zero = dict.fromkeys(("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt", "DiscountAmt"), "0.00")
    udf = {"UDF_PENSTOCK_REF": "CL1-5120", **({"UDF_PENSTOCK_PART": part} if part else {})}
    return {"SalesOrderNo": number, "OrderStatus": status, **zero, **amounts, **udf}


def line(number: str, item: str, ordered: str, shipped: str = "0.000000", entered: str = "0") -> dict[str, str]:
    quantities = {"QuantityOrdered": ordered, "QuantityShipped": shipped, "InEntry": entered}
    return {"SalesOrderNo": number, "LineKey": "000001", "ItemCode": item, **quantities}


def found(*orders: Mapping[str, Any], lines: list[dict[str, str]] = NONE, **more: list[dict[str, Any]]) -> Documents:
    empty = {"entered": NONE, "posted": NONE, "packages": NONE, "receipts": NONE}
    return documents_by_reference(orders, lines=lines, **{**empty, **more})["CL1-5120"]


FIRST = order("W0003Y8", "first", TaxableAmt="39.90", FreightAmt="7.50", SalesTaxAmt="3.39", DiscountAmt="1.00")
REST = order("X0003Y8", "remainder", "H", NonTaxableAmt="20.00")


def test_an_order_and_its_remainder_are_one_order_with_both_numbers() -> None:
    lines = [
        line("W0003Y8", "A", "1.000000", "1.000000"),
        line("X0003Y8", "A", "2.000000"),
        line("W0003Y8", "/FEE", "1"),
    ]
    (one,) = erp_orders("CL1-5120", found(REST, FIRST, lines=lines), stopped=False)
    assert (one.number, one.parts) == ("W0003Y8", ("X0003Y8",))
    assert one.total == Decimal("69.79")
    assert (one.ordered, one.shipped, one.complete) == (Decimal(3), Decimal(1), False)
    assert not one.planned, "a part of it can be shipped"


def test_two_orders_with_one_reference_that_are_no_parts_are_two() -> None:
    made = erp_orders("CL1-5120", found(order("W0003Y8"), order("0012345")), stopped=False)
    assert [each.number for each in made] == ["W0003Y8", "0012345"]


def test_goods_in_an_invoice_that_is_not_posted_yet_are_shipped() -> None:
    (one,) = erp_orders("CL1-5120", found(FIRST, lines=[line("W0003Y8", "A", "2", entered="2")]), stopped=False)
    assert one.complete


def test_an_order_on_hold_is_planned_and_stopped_once_the_shop_has_ended_it() -> None:
    held = found(order("W0003Y8", status="H"))
    assert [(each.planned, each.stopped) for each in erp_orders("CL1-5120", held, stopped=False)] == [(True, False)]
    assert [(each.planned, each.stopped) for each in erp_orders("CL1-5120", held, stopped=True)] == [(False, True)]


def test_packages_and_receipts_are_found_through_the_invoices_of_all_parts() -> None:
    made = found(
        FIRST,
        REST,
        entered=[{"SalesOrderNo": "X0003Y8", "InvoiceNo": "0100232"}],
        posted=[{"SalesOrderNo": "W0003Y8", "InvoiceNo": "0100231"}],
        packages=[{"InvoiceNo": number, "TrackingID": f"1Z{number}"} for number in ("0100231", "0100232", "0100233")],
        receipts=[{"InvoiceNo": "0100231", "CashAmountApplied": "10.00"}],
    )
    (one,) = erp_orders("CL1-5120", made, stopped=False)
    assert (one.tracking, one.paid) == (("1Z0100231", "1Z0100232"), Decimal("10.00"))


def test_charges_are_no_goods() -> None:
    assert allocated([line("W0003Y8", "A", "2"), line("X0003Y8", "A", "1"), line("W0003Y8", "/FREIGHT", "1")]) == {
        "A": Decimal(3)
    }


def test_what_is_available_is_never_negative() -> None:
    row = {"QuantityOnHand": "3", "QuantityOnSalesOrder": "5", "QuantityOnBackOrder": "", "QuantityRequiredForWO": "0"}
    assert available(row) == 0
    assert available({**row, "QuantityOnHand": "9"}) == 4


def test_a_buyer_who_is_told_twice_of_a_shipment_is_named() -> None:
    notice = {"salesOrderId": 5120, "kind": "shipment", "shipmentId": 7001, "status": "Shipped"}
    assert told_twice([notice, {**notice, "shipmentId": 7002}], "CL1") == []
    assert told_twice([notice, notice], "CL1") == ["CL1-5120: the buyer was told 2 times of shipment 7001"]


def test_a_number_or_an_invoice_that_the_shop_does_not_show_is_named() -> None:
    booked = found(FIRST, posted=[{"SalesOrderNo": "W0003Y8", "InvoiceNo": "0100231"}])
    shown = {"id": 5120, "status": "Shipped", "customKey": "W0003Y8", "attributes": {"invoice.0100231": "58.79 USD"}}
    assert not_shown(shown, booked, "CL1") == []
    assert not_shown({**shown, "customKey": None}, booked, "CL1") == [
        "CL1-5120: it is W0003Y8 in the ERP, the shop shows None"
    ]
    assert not_shown({**shown, "attributes": {}}, booked, "CL1") == [
        "CL1-5120: invoice 0100231 has not reached the shop"
    ]
    assert not_shown({**shown, "status": "Cancelled", "customKey": None}, booked, "CL1") == []
