"""What is written of an order, and what an edit or a cancel changes of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from penstock.connectors.infor.client import Property
from penstock.connectors.infor.compare import Current, Delete, Refused, Update, differences, remainder, same
from penstock.connectors.infor.fields import problem_of
from penstock.connectors.infor.orders import fault_of
from penstock.connectors.infor.payloads import Line, PayloadError, Wanted, address_key, wanted_order
from tests.unit.infor.world import canonical_order, line, payload_of, settings

ZONE = settings().zone
CUSTOMER = {"CustNum": "   1042", "CustSeq": "1"}


def wanted(record: dict[str, Any], *, absorb: bool = True, ours: bool = True) -> Wanted:
    made = wanted_order(payload_of(record), ZONE, numbered_by_us=ours, absorb=absorb)
    made.header.update(CUSTOMER)
    lines = [each.resolved(each.code, "EA") for each in made.lines]
    return Wanted(
        made.number, made.reference, made.currency, made.total, made.header, lines, made.released, made.cancelled
    )


def stored(order: Wanted, **shipped: str) -> Current:
    """The order as the site shows it after it was booked; `L1="1"` ships one of line 1."""

    def row(each: Line) -> dict[str, str | None]:
        return {
            **each.values, "CoLine": str(each.number), "QtyShipped": shipped.get(f"L{each.number}", "0.00000000"),
            "QtyInvoiced": shipped.get(f"I{each.number}", "0"), "_ItemId": f"line-{each.number}",
        }  # fmt: skip

    header = {**order.header, "CoNum": order.number, "Stat": "O", "Price": str(order.total), "_ItemId": "header"}
    return Current(header, [row(each) for each in order.lines])


TWO = [line(1, "A", "2", "40.00", "8.00"), line(2, "B", "1", "10.00", "2.00")]


def test_an_order_is_the_header_and_lines_of_the_site() -> None:
    made = wanted(canonical_order())

    assert made.number == "PS00000042"
    assert made.header == {
        "CustPo": "WEB-100045", "OrderDate": "20260203 00:00:00.000", "Type": "R", "Whse": "MAIN", "TermsCode": "CC",
        "ShipCode": "UPSG", "TaxCode1": "STD", "CurrCode": "EUR", "Freight": "7.5", "MiscCharges": "0",
        "SalesTax": "3.29", "DiscAmount": "0", "Charfld1": "CC-100", "Charfld2": "PRJ-WEB",
        "ExternalConfirmationRef": "PS1-42", **CUSTOMER,
    }  # fmt: skip
    assert made.lines[0].values == {
        "CoLine": "1", "DueDate": "20260210 00:00:00.000", "Whse": "MAIN", "Stat": "O", "Item": "LAMP-01", "UM": "EA",
        "QtyOrdered": "2", "QtyOrderedConv": "2", "Price": "19.95", "PriceConv": "19.95",
    }  # fmt: skip
    assert made.total == Decimal("50.69") == made.amounts.total


@pytest.mark.parametrize(
    ("changes", "released"),
    [
        ({"status": "paid"}, True),
        ({"status": "awaiting-payment"}, False),
        ({"status": "awaiting-payment", "payment_method": "terms"}, True),
        ({"status": "awaiting-payment", "payment_method": "cash-on-delivery"}, True),
        ({"status": "backorder"}, True),
        ({"status": "backorder", "paid_total": Decimal(0)}, False),
        ({"status": "payment-error"}, False),
    ],
)
def test_only_an_order_that_is_paid_or_on_terms_is_released(changes: dict[str, Any], released: bool) -> None:
    assert wanted(canonical_order(**changes)).released is released


def test_a_price_that_does_not_divide_comes_out_to_the_cent() -> None:
    made = wanted(canonical_order([line(1, "A", "3", "10.00", "2.00")]))
    assert made.lines[0].values["Price"] == "3.33333333"
    assert made.amounts.lines == Decimal("10.00")


def test_fractions_of_a_cent_are_rounded_into_the_tax_and_no_more_than_they_make() -> None:
    lines = [line(n, sku, "1", "1.004", "0.2008") for n, sku in enumerate("ABC", 1)]
    record = canonical_order(lines, freight=Decimal("0.9936"))
    record["totals"]["gross"] = Decimal("4.61")

    made = wanted(record)

    assert made.amounts.total == Decimal("4.61")
    assert made.header["SalesTax"] == "0.62"
    with pytest.raises(PayloadError, match=r"lines 3 - discount 0 \+ freight 0.99 .* = 4.59 EUR .* charged 4.61"):
        wanted(record, absorb=False)


def test_a_cent_that_no_rounding_explains_holds_the_order_with_the_arithmetic() -> None:
    record = canonical_order()
    record["totals"]["gross"] = Decimal("50.70")
    with pytest.raises(PayloadError, match=r"lines 39.9 .* = 50.69 EUR .* charged 50.7 \(0.01 apart\)"):
        wanted(record)


def test_an_order_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(PayloadError, match="longer than 10 characters"):
        wanted(canonical_order(native_id="123456789"))


def test_nothing_changes_when_the_site_shows_what_is_wanted() -> None:
    order = wanted(canonical_order(TWO))
    assert differences(order, stored(order)) == []
    assert fault_of(order, stored(order)) is None


def edited(**lines: list[dict[str, Any]]) -> Any:
    (after,) = lines.values()
    return differences(wanted(canonical_order(after)), stored(wanted(canonical_order(TWO))))


def test_an_unshipped_order_takes_any_change() -> None:
    changes = edited(after=[line(1, "A", "3", "60.00", "12.00"), line(2, "C", "1", "5.00", "1.00")])

    assert [type(change) for change in changes] == [Update, Update, Delete, Update]
    header, changed, gone, added = changes
    assert header.values == {"SalesTax": "13"}
    assert changed.values["QtyOrdered"] == changed.values["QtyOrderedConv"] == "3"
    assert gone.item_id == "line-2"
    assert (added.line.item, added.values["CoLine"]) == ("C", "3")


def test_lines_are_known_again_by_item_when_their_numbers_move() -> None:
    changes = edited(after=[line(1, "B", "1", "10.00", "2.00")])
    assert [change.name for change in changes] == ["header", "line 1"]
    assert isinstance(changes[1], Delete)


@pytest.mark.parametrize(
    ("after", "why"),
    [
        ([line(1, "A", "1", "20.00", "4.00"), TWO[1]], "2 shipped, and the shop now orders 1"),
        ([line(1, "A", "2", "44.00", "8.80"), TWO[1]], "shipped at 20, and the shop now charges 22"),
        ([line(1, "B", "1", "10.00", "2.00")], "is shipped, and the shop has removed it"),
    ],
)
def test_what_is_shipped_cannot_be_changed(after: list[dict[str, Any]], why: str) -> None:
    verdict = differences(wanted(canonical_order(after)), stored(wanted(canonical_order(TWO)), L1="2"))
    assert isinstance(verdict, Refused)
    assert why in verdict.reason


def test_invoiced_freight_is_not_changed() -> None:
    before = stored(wanted(canonical_order(TWO)), L1="2", I1="2")
    verdict = differences(wanted(canonical_order(TWO, freight=Decimal(9))), before)
    assert isinstance(verdict, Refused)
    assert "Freight is invoiced already" in verdict.reason


@pytest.mark.parametrize(
    ("name", "value"), [("ExternalConfirmationRef", "PS2-42"), ("CustNum", "   2000"), ("CurrCode", "USD")]
)
def test_another_order_under_our_number_is_refused(name: str, value: str) -> None:
    order = wanted(canonical_order(TWO))
    current = stored(order)
    verdict = differences(order, Current({**current.header, name: value}, current.lines))
    assert isinstance(verdict, Refused)
    assert name in verdict.reason


def test_a_property_that_the_site_ignored_is_a_fault() -> None:
    order = wanted(canonical_order(TWO))
    current = stored(order)
    fault = fault_of(order, Current({**current.header, "Charfld1": None}, current.lines))
    assert fault == "Infor shows other values in PS00000042 than were written: header (Charfld1)"


def test_a_total_that_the_site_makes_otherwise_is_a_fault_with_its_arithmetic() -> None:
    order = wanted(canonical_order(TWO))
    current = stored(order)
    fault = fault_of(order, Current({**current.header, "Price": "60.00000000"}, current.lines))
    assert fault is not None
    assert "Infor totals PS00000042 at 60 EUR (lines 50 - discount 0 + freight 7.5" in fault


def test_cancelling_keeps_what_was_shipped_and_its_share_of_the_amounts() -> None:
    order = wanted(canonical_order(TWO, discount=Decimal("5.00"), freight=Decimal(0)))

    changes = remainder(order, stored(order, L1="1"))

    assert not isinstance(changes, Refused)
    header, ended, gone = changes
    assert isinstance(header, Update)
    assert header.values == {"DiscAmount": "2", "SalesTax": "4"}
    assert isinstance(ended, Update)
    assert ended.values == {"QtyOrdered": "1", "QtyOrderedConv": "1", "Stat": "F"}
    assert isinstance(gone, Delete)


def test_a_line_that_is_invoiced_as_shipped_is_complete() -> None:
    order = wanted(canonical_order(TWO))
    changes = remainder(order, stored(order, L1="1", I1="1"))
    assert not isinstance(changes, Refused)
    assert any(isinstance(change, Update) and change.values.get("Stat") == "C" for change in changes)


def test_an_order_shipped_in_full_is_not_cancelled() -> None:
    order = wanted(canonical_order(TWO))
    verdict = remainder(order, stored(order, L1="2", L2="1"))
    assert isinstance(verdict, Refused)


@pytest.mark.parametrize(
    ("ours", "theirs", "equal"),
    [
        ("7.5", "7.50000000", True), ("   1042", "1042", True), (None, "", True), ("", None, True), ("A", None, False),
        ("20260203 00:00:00.000", "20260203 00:00:00", True), ("20260203", "20260203 00:00:00.000", True),
        ("20260203", "20260204 00:00:00.000", False), ("EUR", "USD", False), ("0", None, False),
    ],
)  # fmt: skip
def test_values_are_compared_as_the_site_writes_them(ours: str | None, theirs: str | None, equal: bool) -> None:
    assert same(ours, theirs) is equal


PROPERTIES = {
    "Name": Property("Name", "String", 10, required=True, read_only=False),
    "CustNum": Property("CustNum", "String", 7, required=True, read_only=False),
    "RowPointer": Property("RowPointer", "String", 36, required=True, read_only=True),
    "Whse": Property("Whse", "String", 4, required=True, read_only=False, default=True),
}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"Name": "Zoé", "CustNum": None}, None),
        ({"Name": "a name that is long"}, "SLCustomers.Name takes 10 characters, the value has 19"),
        ({"Name": "  "}, "SLCustomers.Name is mandatory"),
        ({"Name": "Zoé", "Nickname": "Z"}, "has no property Nickname"),
    ],
)
def test_values_are_checked_against_the_site_before_they_are_written(values: dict[str, str], why: str | None) -> None:
    found = problem_of("SLCustomers", PROPERTIES, values, insert=True)
    assert found is None if why is None else why in (found or "")


def test_an_update_need_not_repeat_mandatory_fields() -> None:
    assert problem_of("SLCustomers", PROPERTIES, {}, insert=False) is None


def test_an_address_key_says_nothing_and_does_not_mind_spelling() -> None:
    first = address_key({"Name": "Zoé", "City": "PARIS", "State": None}, "key")
    assert first == address_key({"Name": "zoé ", "City": "Paris"}, "key")
    assert first != address_key({"Name": "Zoé", "City": "PARIS"}, "other key")
    assert first != address_key({"Name": "Zoé", "City": "Lyon"}, "key")
