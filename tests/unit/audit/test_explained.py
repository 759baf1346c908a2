"""What explains that a document is not there, or differs, is no difference; what does not, is one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from penstock.audit.model import Window
from tests.unit.audit.world import AT, AT_ONCE, NOW, Books, books_of
from tests.unit.processors.shop_documents import cheap

TARGET = "infor:DALS"


@pytest.fixture
def books() -> Books:
    return books_of("prestashop-infor")


@pytest.fixture
def sage() -> Books:
    return books_of("clarity-sage100")


def state(code: int) -> Any:
    return lambda tables: tables["orders"][0].update(current_state=code)


def kinds(books: Books, **more: Any) -> list[tuple[str, str]]:
    return [(each.kind, each.reference or each.document) for each in books.audit(**more).differences]


# --- an order at the ERP


@pytest.mark.parametrize("open_state", ["held", "waiting", "unknown", "parked"])
def test_an_order_with_an_open_fate_is_explained_and_listed_with_its_age(books: Books, open_state: str) -> None:
    books.read(41)
    books.fate(books.event(41), books.order_id(41), open_state, reason="stock: not there")
    statement = books.audit()
    assert statement.differences == []
    (matter,) = statement.open
    assert (matter.state, matter.target, matter.document) == (open_state, TARGET, "prestashop:1:order:41")
    assert (matter.age_seconds, matter.reason) == (3600.0, "stock: not there")
    ((_, sums),) = statement.sums.items()
    assert (sums.open, sums.due, sums.booked) == (Decimal("65.76"), 0, 0)


def test_an_order_that_the_processors_hold_is_open(books: Books) -> None:
    books.read(41, lambda tables: tables["currencies"][0].update(iso_code="GBP"))
    statement = books.audit()
    assert statement.differences == []
    assert [(each.state, each.entity) for each in statement.open] == [("held", "order")]


def test_a_dead_letter_is_open_until_its_event_becomes_a_record(books: Books) -> None:
    books.read(41, lambda tables: tables["currencies"].clear())
    assert [each.state for each in books.audit().open] == ["parked"]
    books.booked(41)
    assert books.audit().differences == []
    assert books.audit().open == []


def test_a_cancelled_order_need_not_be_there(books: Books) -> None:
    books.booked(41)
    books.read(41, state(6), version=2)
    books.apply(41, "E41", version=2)
    del books.erp["E41"]
    statement = books.audit()
    assert statement.differences == []
    ((_, sums),) = statement.sums.items()
    assert (sums.ended, sums.due) == (Decimal("65.76"), 0)


@pytest.mark.parametrize("final", ["rejected", "discarded"])
def test_an_order_that_was_given_up_is_expected_nowhere(books: Books, final: str) -> None:
    record = books.read(41)
    books.fate(books.event(41), books.order_id(41), final, reason="a test order")
    assert kinds(books) == []
    books.erp["H1"] = books.document(41, "H1", record)
    assert kinds(books) == [("orphan", "PS1-41")]


def test_an_edit_that_is_held_leaves_the_document_as_it_was_written(books: Books) -> None:
    books.booked(41)
    books.read(41, cheap, version=2)
    books.fate(books.event(41, 2), books.order_id(41), "held", reason="shipped already")
    assert kinds(books) == []
    ((_, sums),) = books.audit().sums.items()
    assert sums.agrees
    assert sums.booked == Decimal("65.76")


def test_an_edit_that_was_applied_must_show(books: Books) -> None:
    books.booked(41)
    books.read(41, cheap, version=2)
    books.apply(41, "E41", version=2)
    assert kinds(books) == [("amount", "PS1-41")]


def test_a_superseded_version_is_not_what_must_be_there(books: Books) -> None:
    books.read(41)
    books.fate(books.event(41), books.order_id(41), "superseded")
    record = books.read(41, cheap, version=2)
    books.apply(41, "E41", version=2)
    books.erp["E41"] = books.document(41, "E41", record)
    assert kinds(books) == []


def test_an_order_older_than_the_start_goes_nowhere(books: Books) -> None:
    books.read(41, lambda tables: tables["orders"][0].update(date_add="2025-12-01 10:00:00"))
    statement = books.audit()
    assert statement.differences == []
    ((_, sums),) = statement.sums.items()
    assert (sums.elsewhere, sums.due) == (Decimal("65.76"), 0)


def test_a_document_whose_reference_was_taken_off_is_known_by_its_number(books: Books) -> None:
    number = books.booked(41)
    books.erp[number] = replace(books.erp[number], reference=None)
    assert kinds(books) == []


def test_a_phone_order_is_not_ours(books: Books) -> None:
    books.booked(41)
    books.erp["T1"] = replace(books.erp["E41"], native_id="T1", reference=None)
    assert kinds(books) == []


def test_what_was_decided_after_the_listing_began_is_judged_next_time(books: Books) -> None:
    books.read(41)
    books.link(41, "E41")
    books.fate(books.event(41), books.order_id(41), "applied", native_id="E41", at=NOW + timedelta(seconds=1))
    assert kinds(books) == []


# --- parts, and other currencies


def test_a_web_order_in_two_parts_is_one_order(sage: Books) -> None:
    record = sage.read(5120)
    sage.apply(5120, "W1")
    sage.link(5120, "X1")
    for number, total, quantity in (("W1", "70.00", "3"), ("X1", "49.82", "1")):
        tax = "4.22" if number == "W1" else "4.00"
        sage.erp[number] = sage.document(5120, number, record, total=total, quantity=quantity, tax=tax)
    assert kinds(sage) == []
    sage.erp["X1"] = replace(sage.erp["X1"], facts={**sage.erp["X1"].facts, "total": "49.83"})
    ((kind, _),) = kinds(sage)
    assert kind == "amount"


def test_a_remainder_that_still_waits_is_explained(sage: Books) -> None:
    record = sage.read(5120)
    sage.link(5120, "W1")
    sage.fate(sage.event(5120), sage.order_id(5120), "held", reason="stock")
    sage.erp["W1"] = sage.document(5120, "W1", record, total="70.00", quantity="3")
    assert kinds(sage) == []
    ((_, sums),) = sage.audit().sums.items()
    assert (sums.booked, sums.open) == (Decimal("70.00"), Decimal("49.82"))


def test_an_order_in_another_currency_is_compared_in_that_of_the_books(sage: Books) -> None:
    record = sage.read(5120, lambda order: order.update(currency="EUR"))
    sage.apply(5120, "W1")
    rate = Decimal("1.1424")  # flows/clarity-sage100/rates.yaml, unless a later row says otherwise
    booked = sage.document(5120, "W1", record, currency="USD")
    ((_, sums),) = sage.audit().sums.items()
    wanted = sums.due
    assert abs(wanted - Decimal("119.82") * rate) < 5
    sage.erp["W1"] = replace(booked, facts={**booked.facts, "total": f"{wanted}", "tax": f"{sums.tax_due}"})
    assert kinds(sage) == []
    sage.erp["W1"] = replace(booked, facts={**booked.facts, "currency": "EUR"})
    ((kind, _),) = kinds(sage)
    assert kind == "amount"


# --- events


def test_an_event_without_a_fate_is_a_difference_once_it_is_old_enough(books: Books) -> None:
    books.read(41)
    (found,) = books.audit().differences
    assert (found.kind, found.system, found.places) == ("no-fate", TARGET, ("canonical.order-0-0",))
    assert kinds(books, times=replace(AT_ONCE, grace=7200.0)) == []


def test_an_event_that_the_processors_passed_over_is_lost(books: Books) -> None:
    books.log.append("raw.prestashop.order", b"1:41", b"{}", [("ce_id", b"prestashop:1:order:41:x")])
    books.log.committed = True
    (found,) = books.audit().differences
    assert (found.kind, found.system, found.places) == ("no-fate", "", ("raw.prestashop.order-0-0",))
    assert "lost" in found.cause
    books.log.committed = False
    assert "has not come so far" in books.audit().differences[0].cause


def test_the_same_event_twice_needs_one_fate(books: Books) -> None:
    books.booked(41)
    again = books.log.topics["raw.prestashop.order"][0]
    books.log.append(again.topic, again.key(), again.value(), again.headers())
    assert kinds(books) == []


def test_a_final_fate_stays_whatever_is_written_later(books: Books) -> None:
    books.booked(41)
    books.fate(books.event(41), books.order_id(41), "held")
    statement = books.audit()
    assert statement.differences == []
    assert statement.open == []


def test_a_record_that_cannot_be_read_is_named_by_its_place(books: Books) -> None:
    headers = [("ce_id", b"prestashop:1:order:41:1"), ("flow", b"prestashop-infor"), ("targets", TARGET.encode())]
    books.log.append("canonical.order", b"id", b"\x00rubbish", [*headers, ("raw", b"raw.prestashop.order-0-0")])
    books.fate("prestashop:1:order:41:1", "id", "parked")
    found = [each for each in books.audit().differences if each.kind == "unreadable"]
    assert [each.places for each in found] == [("canonical.order-0-0",)]


def test_records_of_another_flow_are_not_judged(books: Books) -> None:
    books.booked(41)
    other = books.log.topics["canonical.order"][0]
    headers = [(name, b"clarity-sage100" if name == "flow" else value) for name, value in other.headers()]
    books.log.append("canonical.order", b"x", other.value(), [*headers, ("ce_id", b"clarity:acme:order:1:1")])
    assert kinds(books) == []


# --- the shop


def test_an_order_of_the_shop_that_never_came_to_the_log_is_named(books: Books) -> None:
    books.booked(41)
    books.shop["42"] = replace(books.shop["41"], native_id="42")
    assert [(each.kind, each.document) for each in books.audit().differences] == [("not-on-log", "42")]


def test_a_shop_that_was_set_back_after_it_was_told_is_behind(books: Books) -> None:
    books.booked(40)
    books.read(40, state(4), version=2)
    books.apply(40, "E40", version=2)
    books.status(40, "complete", "C")
    books.erp["E40"] = replace(books.erp["E40"], facts={**books.erp["E40"].facts, "state": "C"})
    assert kinds(books) == []
    books.read(40, state(2), version=3)
    books.apply(40, "E40", version=3)
    (found,) = books.audit().differences
    assert (found.kind, found.what, found.found) == ("stale", "status", "paid")


def test_a_status_that_is_still_to_be_told_is_not_behind(books: Books) -> None:
    books.booked(40)
    books.status(40, "complete", "C", fate="waiting")
    books.erp["E40"] = replace(books.erp["E40"], facts={**books.erp["E40"].facts, "state": "C"})
    assert kinds(books) == []


def test_a_state_of_the_erp_that_the_log_does_not_have_is_stale(books: Books) -> None:
    books.booked(40)
    books.status(40, "processing", "O")
    books.erp["E40"] = replace(books.erp["E40"], facts={**books.erp["E40"].facts, "state": "S"})
    (found,) = books.audit().differences
    assert (found.kind, found.system, found.expected, found.found) == ("stale", TARGET, "O", "S")


def test_the_newest_version_is_the_last_on_the_raw_log_whichever_partition_is_read_first(books: Books) -> None:
    books.booked(40)
    books.status(40, "processing", "O")
    books.status(40, "complete", "C")
    books.erp["E40"] = replace(books.erp["E40"], facts={**books.erp["E40"].facts, "state": "C"})
    books.read(40, state(4), version=2)
    books.apply(40, "E40", version=2)
    for topic in ("canonical.order-status", "canonical.order"):
        books.log.topics[topic].reverse()
    assert kinds(books) == []


def test_a_record_that_names_no_place_of_its_raw_record_is_unreadable(books: Books) -> None:
    books.booked(40)
    books.status(40, "processing", "O")
    given = books.log.topics["canonical.order-status"][0]
    given.its_headers[:] = [(name, value if name != "raw" else b"somewhere") for name, value in given.its_headers]
    assert ("unreadable", "canonical.order-status-0-0") in kinds(books)


def test_stock_is_what_the_erp_has_less_what_it_has_not_booked(books: Books) -> None:
    record = books.read(41)
    sku, quantity = record["lines"][0]["sku"], record["lines"][0]["quantity"]
    books.fate(books.event(41), books.order_id(41), "held")
    books.stock_figure(sku, "20", "MAIN", shown=f"{20 - quantity}")
    assert kinds(books) == []
    books.stock[sku] = replace(books.stock[sku], facts={"sku": sku, "available": "20"})
    (found,) = books.audit().differences
    assert (found.kind, found.what, found.expected, found.found) == ("stale", "stock", f"{20 - int(quantity)}", "20")


@pytest.mark.parametrize(("shown", "told"), [("16", []), ("21", []), ("25", [("stale", "SKU-9")])])
def test_stock_that_waits_for_bookings_may_be_lower_meanwhile_and_never_higher(
    books: Books, shown: str, told: list[tuple[str, str]]
) -> None:
    books.stock_figure("SKU-9", "21", "MAIN", shown=shown, state="waiting")
    assert kinds(books) == told


# --- looking again, and windows


def test_a_difference_that_is_gone_at_the_second_look_is_none(books: Books) -> None:
    number = books.booked(41)
    late = books.erp.pop(number)
    books.between = lambda: books.erp.setdefault(number, late)
    assert kinds(books) == []
    assert books.looks == 2


def test_a_window_judges_the_orders_that_were_placed_in_it(books: Books) -> None:
    for number in (41, 42):
        day = f"2026-03-0{number - 38} 10:00:00"
        books.booked(number, lambda tables, day=day: tables["orders"][0].update(date_add=day))
    books.erp.clear()
    assert kinds(books) == [("deleted", "PS1-41"), ("deleted", "PS1-42")]
    assert kinds(books, window=Window(since=AT - timedelta(hours=1))) == [("deleted", "PS1-42")]
    assert kinds(books, window=Window(until=AT - timedelta(hours=12))) == [("deleted", "PS1-41")]


def test_a_window_takes_no_older_order_for_an_orphan(books: Books) -> None:
    books.booked(41)
    assert kinds(books, window=Window(since=AT + timedelta(days=30))) == []


def test_the_record_of_a_statement_is_json_without_the_buyers_name(books: Books) -> None:
    books.read(41)
    text = orjson.dumps(books.audit().as_json()).decode()
    assert "no-fate" in text
    assert "Durand" not in text
    assert "example.com" not in text
