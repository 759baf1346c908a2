"""The connector's mappings on documents of systems/infor.md 6."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from penstock.connectors.infor import SPEC
from penstock.records.ids import canonical_id
from tests.unit.infor.test_document import document
from tests.unit.infor.world import canonical_order, line, mapping, mapping_env, payload_of, settings

ORDER: dict[str, Any] = {
    "CoNum": "EC00000042", "CustNum": "   1042", "Stat": "O", "CurrCode": "EUR", "Price": "50.69000000",
    "DiscAmount": "0.00000000", "Disc": "0.00000000", "CreditHold": "0", "CreditHoldReason": None,
    "ExternalConfirmationRef": "PS1-42", "RecordDate": "20260203 09:10:11.120", "RowPointer": "6a2f0c52",
}  # fmt: skip
LINE: dict[str, Any] = {"CoNum": "EC00000042", "CoLine": "1", "Item": "LAMP-01", "QtyOrdered": "2.00000000",
                        "QtyShipped": "0.00000000", "Stat": "O"}  # fmt: skip
ORDER_ID = canonical_id("prestashop", "1", "order", "42")


def record(entity: str, *, given: Any = None, **parts: list[dict[str, Any]]) -> dict[str, Any]:
    return mapping(f"{entity}.to-canonical")(SPEC.open_document(document(**parts), None), mapping_env(given))


@pytest.mark.parametrize(
    ("stat", "lines", "status"),
    [
        ("P", [{}], "planned"),
        ("O", [{}], "processing"),
        ("O", [{"QtyShipped": "1"}], "part-shipped"),
        ("O", [{"QtyShipped": "2"}], "shipped"),
        ("O", [{"QtyShipped": "2"}, {}], "part-shipped"),
        ("O", [{"QtyShipped": "1", "Stat": "F"}], "shipped"),
        ("O", [], "processing"),
        ("S", [{"QtyShipped": "1"}], "stopped"),
        ("C", [{"QtyShipped": "2"}], "complete"),
        ("H", [], "complete"),
    ],
)
def test_the_status_of_an_open_order_follows_its_lines(stat: str, lines: list[dict[str, Any]], status: str) -> None:
    made = record("order", order=[{**ORDER, "Stat": stat}], lines=[{**LINE, **each} for each in lines])

    assert (made["status"], made["source_status"]) == (status, stat)
    assert made["order_id"] == ORDER_ID
    assert made["order_native_id"] == "EC00000042"
    assert made["changed_at"] == datetime(2026, 2, 3, 15, 10, 11, 120000, UTC)


def test_a_phone_order_is_of_no_order_of_ours() -> None:
    made = record("order", order=[{**ORDER, "ExternalConfirmationRef": None}], lines=[LINE])
    assert made["order_id"] is None
    assert made["order_native_id"] == "EC00000042"


def test_an_order_on_credit_hold_says_why() -> None:
    made = record("order", order=[{**ORDER, "CreditHold": "1", "CreditHoldReason": "CL"}], lines=[LINE])
    assert (made["on_hold"], made["hold_reason"]) == (True, "CL")


SHIPMENT = {"ShipmentId": "3007", "Status": "S", "CustNum": "   1042", "ShipDate": "20260204 00:00:00.000",
            "ShipCode": "UPSG", "ShipCodeDesc": "UPS Ground", "TrackingNumber": "1ZDEMO0000000042"}  # fmt: skip
SEQ = {"ShipmentId": "3007", "RefNum": "EC00000042", "RefLineSuf": "1", "QtyShipped": "2.00000000"}


def shipment(**changes: list[dict[str, Any]]) -> dict[str, Any]:
    parts: dict[str, list[dict[str, Any]]] = {
        "shipment": [SHIPMENT], "lines": [], "seqs": [SEQ], "packages": [], "ledger": [], "order": [ORDER],
        "order_lines": [{**LINE, "QtyShipped": "2.00000000"}],
    }  # fmt: skip
    return record("shipment", **{**parts, **changes})


def test_a_shipment_has_carrier_tracking_and_lines() -> None:
    made = shipment()
    assert made["order_id"] == ORDER_ID
    assert (made["carrier_code"], made["carrier_name"]) == ("UPSG", "UPS Ground")
    assert made["tracking_numbers"] == ["1ZDEMO0000000042"]
    assert made["shipped_at"] == datetime(2026, 2, 4, 6, tzinfo=UTC)
    assert made["complete"] is True
    assert made["lines"] == [{"order_line": "1", "sku": "LAMP-01", "quantity": Decimal(2)}]


def test_each_package_brings_its_tracking_number() -> None:
    made = shipment(packages=[{"DerTrackingNumber": number} for number in ("1ZA", "1ZB", "1ZA", None)])
    assert made["tracking_numbers"] == ["1ZA", "1ZB"]


def test_a_site_without_quantities_in_its_shipments_falls_back_on_the_ledger() -> None:
    ledger = {"CoNum": "EC00000042", "CoLine": "1", "CoiItem": "LAMP-01", "QtyShipped": "2.00000000"}
    made = shipment(seqs=[], ledger=[ledger])
    assert made["lines"] == [{"order_line": "1", "sku": "LAMP-01", "quantity": Decimal(2)}]


def test_lines_of_another_order_in_the_shipment_are_not_this_ones() -> None:
    made = shipment(seqs=[SEQ, {**SEQ, "RefNum": "EC00000043"}])
    assert len(made["lines"]) == 1


def test_an_open_shipment_has_not_left() -> None:
    made = shipment(shipment=[{**SHIPMENT, "Status": "O", "TrackingNumber": None}])
    assert made["shipped_at"] is None
    assert made["tracking_numbers"] == []
    assert made["complete"] is False


INVOICE = {"InvNum": "INV0007781", "InvSeq": "0", "CoNum": "EC00000042", "CustNum": "   1042",
           "InvDate": "20260204 00:00:00.000", "Freight": "7.50000000", "Price": "50.69000000"}  # fmt: skip
INVOICED = {"CoLine": "1", "Item": "LAMP-01", "QtyInvoiced": "2.00000000", "DerExtendedPrice": "39.90000000"}


def test_the_tax_of_an_invoice_is_what_freight_and_goods_leave() -> None:
    made = record("invoice", invoice=[INVOICE], lines=[INVOICED], order=[ORDER])
    assert (made["number"], made["total"], made["freight"], made["tax"]) == (
        "INV0007781", Decimal("50.69"), Decimal("7.5"), Decimal("3.29"),
    )  # fmt: skip
    assert made["lines"][0]["amount"] == Decimal("39.9")


def test_the_tax_of_an_invoice_with_an_order_discount_is_unknown() -> None:
    made = record("invoice", invoice=[INVOICE], lines=[INVOICED], order=[{**ORDER, "DiscAmount": "1.00000000"}])
    assert made["tax"] is None


def test_an_invoice_without_an_order_is_in_the_currency_of_the_site() -> None:
    made = record("invoice", invoice=[{**INVOICE, "CoNum": None}], lines=[])
    assert (made["order_id"], made["currency"]) == (None, "USD")


PAID = {"CustNum": "   1042", "InvNum": "INV0007781", "CheckSeq": "2", "Type": "P", "InvDate": "20260210 00:00:00.000",
        "Amount": "20.69000000", "PayType": "W"}  # fmt: skip


def test_a_payment_says_what_is_open_after_it() -> None:
    rows = [
        {**PAID, "Type": "I", "CheckSeq": "0", "Amount": "50.69000000"},
        {**PAID, "CheckSeq": "1", "Amount": "10"},
        PAID,
        {**PAID, "CheckSeq": "3", "Amount": "20"},
    ]
    made = record("payment", payment=[PAID], transactions=rows, invoice=[INVOICE], order=[ORDER])
    assert (made["amount"], made["open_after"], made["method"]) == (Decimal("20.69"), Decimal(20), "bank-transfer")
    assert (made["order_id"], made["invoice_number"], made["currency"]) == (ORDER_ID, "INV0007781", "EUR")


STOCK = {"Item": "LAMP-01", "Whse": "MAIN", "QtyOnHand": "120.00000000", "QtyAllocCo": "14.00000000",
         "QtyAllocjob": "1.00000000", "QtyRsvdCo": "6.00000000"}  # fmt: skip


@pytest.mark.parametrize(
    ("available", "changes", "wanted"),
    [("allocated", {}, 105), ("reserved", {}, 114), ("allocated", {"QtyOnHand": "3.00000000"}, 0)],
)
def test_available_is_a_choice_of_the_business_and_never_below_zero(
    available: str, changes: dict[str, Any], wanted: int
) -> None:
    made = record("stock", given=settings(available=available), stock=[{**STOCK, **changes}])
    assert made["available"] == wanted
    assert (made["sku"], made["warehouse"], made["allocated"], made["reserved"]) == ("LAMP-01", "MAIN", 15, 6)


def test_a_customer_brings_its_delivery_addresses() -> None:
    row = {"CustNum": "   1042", "CustSeq": "0", "Name": "Chez Zoé", "CustomerEmailAddr": "Zoe@Example.com",
           "CreditHold": "0", "CreditLimit": "5000.00000000", "CurrCode": "EUR", "TermsCode": "N30"}  # fmt: skip
    ship_to = {"CustSeq": "1", "Name": "Zoé", "Addr_1": "3 quai du Port", "Addr_2": None, "City": "Marseille",
               "State": None, "Zip": "13002", "Country": "FR"}  # fmt: skip
    made = record("customer", customer=[row], ship_tos=[ship_to])
    assert (made["email"], made["name"], made["credit_limit"]) == ("zoe@example.com", "Chez Zoé", Decimal(5000))
    (address,) = made["addresses"]
    assert (address["native_id"], address["postal_code"], address["country_code"]) == ("1", "13002", "FR")


def test_an_item_is_a_product() -> None:
    made = record(
        "item", item=[{"Item": "LAMP-01", "Description": "Lamp", "UM": "EA", "Stat": "A", "UnitWeight": "1.2"}]
    )
    assert (made["sku"], made["name"], made["unit"], made["active"]) == ("LAMP-01", "Lamp", "EA", True)


def test_an_order_in_another_currency_is_converted_with_the_tax_taking_the_rounding() -> None:
    order = canonical_order([line(1, "A", "3", "10.00", "2.01")])
    payload = payload_of(order, given=settings(convert_to="USD"))
    assert payload["total"] == Decimal("21.46")
    assert payload["header"]["SalesTax"] == Decimal("21.46") - Decimal("11.00") - Decimal("8.25")


def test_the_bill_to_address_follows_only_when_the_shop_has_one() -> None:
    base = {"company": None, "first_name": "Zoé", "last_name": "Martin", "email": "z@example.com", "phone": None,
            "vat_number": None}  # fmt: skip
    home = canonical_order()["bill_to"]
    one = payload_of({**base, "addresses": [home]}, "customer")
    two = payload_of({**base, "addresses": [home, home]}, "customer")
    assert (one["Name"], one["City"]) == ("Zoé Martin", "Paris")
    assert two.get("Name") is None
    assert two.get("City") is None
    assert two["Contact_1"] == "Zoé Martin"
