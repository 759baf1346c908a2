"""Storage, clock, catalogue, listening."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from penstock.sandbox.catalogue import TAX_RATES, catalogue
from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.serve import listen
from penstock.sandbox.storage import Storage


def numbers(storage: Storage) -> list[int]:
    return [row["n"] for row in storage.query("SELECT n FROM t ORDER BY n")]


def insert_and_fail(storage: Storage, number: int) -> None:
    with storage.transaction():
        storage.insert("t", {"n": number})
        raise ValueError(number)


def test_a_nested_transaction_rolls_back_to_its_own_start() -> None:
    storage = Storage(None)
    storage.execute("CREATE TABLE t (n INTEGER)")
    with storage.transaction():
        storage.insert("t", {"n": 1})
        with pytest.raises(ValueError):
            insert_and_fail(storage, 2)
        storage.insert("t", {"n": 3})
    assert numbers(storage) == [1, 3]
    with pytest.raises(ValueError):
        insert_and_fail(storage, 4)
    assert numbers(storage) == [1, 3]


def test_what_is_committed_is_in_the_file(tmp_path: Path) -> None:
    first = Storage(tmp_path / "deep" / "box.sqlite")
    first.execute("CREATE TABLE t (n INTEGER)")
    assert first.insert("t", {"n": 5}) == 1
    assert first.update("t", "n", 5, {"n": 6}) == 1
    assert numbers(Storage(tmp_path / "deep" / "box.sqlite")) == [6]


def test_local_time_goes_back_an_hour_in_autumn() -> None:
    moments = iter([datetime(2025, 10, 26, 0, 30, tzinfo=UTC), datetime(2025, 10, 26, 1, 30, tzinfo=UTC)])
    clock = SandboxClock("Europe/Paris", source=lambda: next(moments))
    assert [clock.stamp(), clock.stamp()] == ["2025-10-26 02:30:00"] * 2


def test_a_shifted_clock_shifts_utc_and_local_time() -> None:
    clock = SandboxClock("America/New_York", 60, source=lambda: datetime(2025, 1, 1, 12, tzinfo=UTC))
    assert (clock.stamp(), clock.utc_stamp()) == ("2025-01-01 07:01:00", "2025-01-01T12:01:00Z")


def test_the_catalogue_is_what_both_sandboxes_expect_of_it() -> None:
    made = catalogue(7)
    assert made == catalogue(7)
    assert made != catalogue(8)
    assert (len(made.products), len(made.customers)) == (300, 200)
    assert 130 < sum(bool(product.combinations) for product in made.products) < 180
    assert all(2 <= len(product.combinations) <= 6 for product in made.products if product.combinations)
    skus = [item.sku for item in made.items()]
    assert len(set(skus)) == len(skus)
    assert all(sku == sku.upper() and len(sku) <= 30 for sku in skus)
    assert {product.tax for product in made.products} == set(TAX_RATES)
    assert all(item.price > 0 and item.stock > 0 for item in made.items())
    assert len({customer.email for customer in made.customers}) == 200
    assert {a.country for customer in made.customers for a in customer.addresses} == {
        "FR",
        "DE",
        "US",
        "GB",
        "ES",
        "IT",
        "BE",
    }
    odd = set(made.erp_item_codes) | made.unknown_to_erp
    assert odd <= set(skus)
    assert not set(made.erp_item_codes) & made.unknown_to_erp
    assert made.erp_aliases < set(made.erp_item_codes)


def test_a_listening_socket_names_tcp_so_that_answers_do_not_wait_for_acks() -> None:
    with listen("127.0.0.1", 0) as made:
        assert made.proto == socket.IPPROTO_TCP
