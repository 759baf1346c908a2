"""Orders, invoices and payments per shop and day; every open item has its reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.audit.world import AT, Books, books_of


@pytest.fixture
def books() -> Books:
    made = books_of("prestashop-infor")
    made.booked(41)
    return made


def why(books: Books) -> list[str]:
    return [item["why"] for item in books.audit().open_items]


def test_an_order_that_is_invoiced_and_paid_is_no_open_item(books: Books) -> None:
    books.invoice(41, "65.76")
    books.payment(41, "65.76", at=AT + timedelta(days=1))
    statement = books.audit()
    assert (statement.differences, statement.open_items) == ([], [])
    assert [(row["day"], row["ordered"], row["invoiced"], row["paid"]) for row in statement.revenue] == [
        ("2026-03-04", "65.76", "65.76", "0.00"),
        ("2026-03-05", "0.00", "0.00", "65.76"),
    ]


def test_an_order_that_has_not_been_shipped_says_so(books: Books) -> None:
    books.status(41, "processing")
    assert why(books) == ["not shipped yet (processing)"]


def test_an_order_that_is_shipped_waits_for_its_invoice(books: Books) -> None:
    books.status(41, "shipped")
    assert why(books) == ["shipped, and not invoiced yet"]


def test_an_invoice_that_nobody_has_paid_says_so(books: Books) -> None:
    books.invoice(41, "65.76")
    assert why(books)[0].startswith(("invoice I41 is not paid yet", "paid in the shop by"))


def test_a_part_that_is_invoiced_leaves_the_rest_open(books: Books) -> None:
    books.status(41, "part-shipped")
    books.invoice(41, "30.00")
    books.payment(41, "30.00")
    assert why(books) == ["part of it has not been shipped"]


def test_an_invoice_too_many_is_a_difference(books: Books) -> None:
    books.invoice(41, "65.76")
    books.invoice(41, "65.76")
    books.payment(41, "131.52")
    assert [(each.kind, each.reference) for each in books.audit().differences] == [("over-invoiced", "PS1-41")]


def test_a_payment_too_many_is_a_difference(books: Books) -> None:
    books.invoice(41, "65.76")
    books.payment(41, "65.76")
    books.payment(41, "65.76")
    assert [(each.kind, each.reference) for each in books.audit().differences] == [("overpaid", "PS1-41")]


def test_a_held_order_is_no_revenue_yet() -> None:
    books = books_of("prestashop-infor")
    books.read(41)
    books.fate(books.event(41), books.order_id(41), "held")
    statement = books.audit()
    assert (statement.revenue, statement.open_items) == ([], [])
