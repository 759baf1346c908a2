"""What of an order may still change in Sage 100."""

from typing import Any

import pytest

from penstock.connectors.sage100.amounts import ZERO, Money
from penstock.connectors.sage100.compare import Changes, RefusedChangeError, changes_of
from penstock.connectors.sage100.orders import Part

LINE = {"ItemCode": "APR-SND", "QuantityOrdered": "2.000000", "UnitPrice": "24.900000"}
HEADER = {"SalesOrderNo": "W0003Y8", "ARDivisionNo": "00", "CustomerNo": "W1", "PaymentType": "CHECK"}
ROW = {**HEADER, "OrderStatus": "C", "Lines": [{**LINE, "LineKey": "000001", "LineDiscountPercent": "0.000"}]}


def wanted(**fields: Any) -> Part:
    body = {**HEADER, "Lines": [dict(LINE)], **fields}
    money = Money(ZERO, ZERO, ZERO, ZERO, ZERO)
    return Part("whole", "W0003Y8", "CL1-5120", (), money, body, tax_by_schedule=False)


def test_a_payment_that_comes_after_the_order_is_complete_is_left_to_its_receipts() -> None:
    assert changes_of(wanted(DepositAmt="53.90", PaymentType="CARD"), ROW) == Changes({}, ("DepositAmt", "PaymentType"))


def test_a_payment_of_an_open_order_is_written() -> None:
    assert changes_of(wanted(DepositAmt="53.90"), {**ROW, "OrderStatus": "O"}).body == {"DepositAmt": "53.90"}


def test_anything_else_of_a_complete_order_is_for_a_person() -> None:
    with pytest.raises(RefusedChangeError, match="W0003Y8 is complete"):
        changes_of(wanted(CustomerPONo="PO-2"), ROW)
