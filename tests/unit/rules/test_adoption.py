"""Which document of a target is an order that was there before: only where nothing else could be meant."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from penstock.rules.adoption import Present, Unclear, chosen, may_be_there

TOTAL = Decimal("62.69")


def present(native_id: str, reference: str = "", total: Decimal = TOTAL, currency: str = "EUR") -> Present:
    return Present(native_id, reference, currency, total)


def choose(*there: Present) -> Present | Unclear | None:
    return chosen("PS1-41", "EUR", TOTAL, there, "ExternalConfirmationRef")


def test_the_only_document_of_its_number_and_total_is_the_order():
    assert choose(present("A1")) == present("A1")


def test_our_reference_decides_whatever_the_amounts_are():
    there = present("A1", "PS1-41", Decimal(1))
    assert choose(present("A2"), there) == there


def test_where_nothing_is_there_it_is_to_be_booked():
    assert choose() is None


def test_another_part_of_a_split_order_is_none_of_it():
    assert choose(present("A1", "PS1-40")) is None
    assert choose(present("A1", "PS1-40"), present("A2")) == present("A2")


@pytest.mark.parametrize(
    "there",
    [
        [present("A1"), present("A2")],
        [present("A1", total=Decimal("62.70"))],
        [present("A1", currency="USD")],
        [present("A1", "LEGACY-7")],
        [present("A1", "PS1-41"), present("A2", "PS1-41")],
    ],
    ids=["two that fit", "another total", "another currency", "another system's", "our reference twice"],
)
def test_what_is_not_clear_is_for_a_person(there: list[Present]):
    found = choose(*there)
    assert isinstance(found, Unclear)
    assert all(each.native_id in found.reason for each in there)


def test_a_difference_is_shown_with_both_amounts():
    found = choose(present("A1", total=Decimal("62.70")))
    assert isinstance(found, Unclear)
    assert found.arithmetic == [("charged by the shop", "62.69 EUR"), ("A1", "62.70 EUR")]


def test_only_what_was_placed_before_the_take_over_may_be_there():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert may_be_there({"placed_at": datetime(2026, 2, 28, tzinfo=UTC)}, at)
    assert not may_be_there({"placed_at": at}, at)
    assert not may_be_there({"placed_at": datetime(2026, 2, 28, tzinfo=UTC)}, None)
    assert not may_be_there({"sku": "A"}, at)
