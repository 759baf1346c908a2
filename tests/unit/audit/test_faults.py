"""Fifty faults of five kinds are found, each by its name; books without any give no alarm."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.unit.audit.faults import seed
from tests.unit.audit.world import Books, books_of

FLOWS = ("prestashop-infor", "clarity-sage100")
WAREHOUSE = {"prestashop-infor": "MAIN", "clarity-sage100": "000"}
EACH = 10


@pytest.fixture(params=FLOWS)
def books(request: pytest.FixtureRequest) -> Books:
    made = books_of(request.param)
    for number in range(1, 51):
        made.booked(number)
    for number in range(10):
        made.stock_figure(f"SKU-{number}", "12", WAREHOUSE[request.param])
    return made


def test_books_without_a_fault_balance(books: Books) -> None:
    statement = books.audit()
    assert statement.differences == []
    assert books.looks == 1, "nothing was to be confirmed"
    assert statement.counts["orders"] == 50
    ((_, sums),) = statement.sums.items()
    assert sums.agrees
    assert sums.orders == 50
    assert sums.due == sums.booked == sums.placed > 0
    assert sums.open == sums.ended == sums.elsewhere == 0


def test_fifty_faults_of_five_kinds_are_all_found_and_named(books: Books) -> None:
    wanted = seed(books, EACH)
    found = books.audit().differences
    named = {(each.kind, name) for each in found for name in (each.document, each.reference)} & wanted
    assert named == wanted
    assert Counter(each.kind for each in found) == dict.fromkeys(
        ("deleted", "doubled", "amount", "orphan", "stale"), EACH
    )
    assert all(each.cause and each.repair and each.expected and each.found for each in found)


def test_sums_differ_by_what_was_seeded(books: Books) -> None:
    whole = next(iter(books.audit().sums.values())).due
    del books.erp["E1"]
    ((_, sums),) = books.audit().sums.items()
    assert not sums.agrees
    assert sums.due == whole
    assert sums.booked == whole * 49 / 50
