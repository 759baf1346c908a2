"""Polling by the shop's own dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import SourceRefusedError, SourceUnavailableError
from penstock.connectors.prestashop import localtime
from penstock.connectors.prestashop.source import PrestashopSource
from tests.unit.prestashop.fake_shop import FakeShop

NOON = 1741086000.0  # 2025-03-04 12:00:00 in Paris


class Poller:
    """One poll set of a shop, with its mark kept from poll to poll."""

    def __init__(self, source: PrestashopSource, name: str) -> None:
        self._set = next(found for found in source.polls if found.name == name)
        self.mark: Mapping[str, Any] | None = None
        self.pages = 0

    async def __call__(self) -> list[str]:
        found: list[str] = []
        self.pages = 0
        async for page in self._set.poll(self.mark):
            found += [f"{notification.ref.entity} {notification.ref.native_id}" for notification in page.notifications]
            self.mark = page.mark if page.mark is not None else self.mark
            self.pages += 1
        return found


@pytest.fixture
def at(shop: FakeShop):
    def set_clock(epoch: float) -> None:
        shop.headers["Access-Time"] = str(epoch)

    set_clock(NOON)
    return set_clock


def make(settings, shop: FakeShop, **changed: Any) -> PrestashopSource:
    return PrestashopSource(settings(**changed), Budget(BudgetSettings()), shop.transport)


def orders(shop: FakeShop, stamps: Mapping[int, str]) -> None:
    shop.tables["orders"] = [{"id": native_id, "date_upd": stamp, "note": ""} for native_id, stamp in stamps.items()]


async def test_a_change_is_told_once(source, shop: FakeShop, at) -> None:
    poll = Poller(source, "orders")
    assert await poll() == ["order 41"]
    assert await poll() == []
    shop.row("orders", 41).update(date_upd="2025-03-04 11:00:00", current_state=3)
    assert await poll() == ["order 41"]


async def test_an_idle_poll_leaves_the_mark_as_it_is(source, shop: FakeShop, at) -> None:
    poll = Poller(source, "orders")
    await poll()
    pages = [page async for page in poll._set.poll(poll.mark)]
    assert [page.mark for page in pages] == [None]


async def test_a_second_change_within_the_same_second_is_seen(source, shop: FakeShop, at) -> None:
    poll = Poller(source, "orders")
    await poll()
    shop.row("orders", 41)["current_state"] = 4
    assert await poll() == ["order 41"]
    assert await poll() == []


@pytest.mark.parametrize(
    ("name", "resource", "native_id", "field"),
    [
        ("customers", "customers", 12, "company"),
        ("products", "products", 8, "weight"),
        ("addresses", "addresses", 17, "city"),
    ],
)
async def test_so_is_any_field_of_other_documents(
    source, shop: FakeShop, at, name: str, resource: str, native_id: int, field: str
) -> None:
    poll = Poller(source, name)
    await poll()
    assert await poll() == []
    shop.row(resource, native_id)[field] = "9"
    assert await poll() != []


async def test_the_first_run_starts_where_the_flow_starts(settings, shop: FakeShop, at) -> None:
    orders(shop, {1: "2025-02-28 23:59:59", 2: "2025-03-01 00:00:00"})
    source = make(settings, shop, start=date(2025, 3, 1))
    assert await Poller(source, "orders")() == ["order 2"]
    assert await Poller(source, "customers")() == ["customer 12"]


async def test_dates_are_asked_for_in_full_with_the_flag_and_sorted(source, shop: FakeShop, at) -> None:
    await Poller(source, "orders")()
    [query] = shop.reads("orders")
    assert query["date"] == "1"
    assert query["sort"] == "[date_upd_ASC,id_ASC]"
    assert query["filter[date_upd]"] == "[1970-01-01 00:00:00,2999-12-31 23:59:59]"


@pytest.mark.parametrize("rows", [4, 5, 7, 13])
async def test_a_second_with_more_rows_than_a_page_is_read_whole(settings, shop: FakeShop, at, rows: int) -> None:
    stamps = dict.fromkeys(range(2, rows + 2), "2025-03-04 10:00:00")
    orders(shop, {1: "2025-03-04 09:00:00", **stamps, 90: "2025-03-04 10:00:01"})
    poll = Poller(make(settings, shop, page_size=4), "orders")
    assert sorted(await poll()) == sorted(f"order {native_id}" for native_id in (1, *stamps, 90))
    assert await poll() == []


async def test_rows_that_change_between_pages_hide_no_others(settings, shop: FakeShop, at) -> None:
    orders(shop, dict.fromkeys(range(1, 10), "2025-03-04 10:00:00"))

    def move(request: httpx.Request) -> httpx.Response | None:
        if len(shop.calls) == 2:
            shop.row("orders", 2)["date_upd"] = "2025-03-04 10:00:30"
        return None

    shop.after.append(move)
    found = await Poller(make(settings, shop, page_size=3), "orders")()
    assert {f"order {native_id}" for native_id in range(1, 10)} <= set(found)


async def test_a_late_commit_within_the_overlap_is_seen(source, shop: FakeShop, at) -> None:
    poll = Poller(source, "orders")
    await poll()
    shop.tables["orders"].append({"id": 42, "date_upd": "2025-03-04 10:12:28"})
    assert await poll() == ["order 42"]


async def test_the_hour_that_comes_twice_is_read_twice(settings, shop: FakeShop, at) -> None:
    orders(shop, {1: "2025-10-26 02:50:00"})
    at(1761440000.0)
    poll = Poller(make(settings, shop), "orders")
    await poll()
    shop.tables["orders"].append({"id": 2, "date_upd": "2025-10-26 02:01:00"})
    assert await poll() == ["order 2"]
    assert await poll() == []


async def test_in_an_ordinary_hour_only_seconds_are_read_again(settings, shop: FakeShop, at) -> None:
    orders(shop, {1: "2025-10-25 02:50:00"})
    at(1761440000.0)
    poll = Poller(make(settings, shop), "orders")
    await poll()
    await poll()
    assert shop.reads("orders")[-1]["filter[date_upd]"].startswith("[2025-10-25 02:49:55,")


async def test_a_row_dated_in_the_future_does_not_hide_what_comes_before(source, shop: FakeShop, at) -> None:
    shop.tables["orders"].append({"id": 42, "date_upd": "2031-01-01 00:00:00"})
    poll = Poller(source, "orders")
    assert await poll() == ["order 41", "order 42"]
    shop.tables["orders"].append({"id": 43, "date_upd": "2025-03-04 12:00:01"})
    assert await poll() == ["order 43"]


async def test_a_second_that_was_newest_for_a_minute_is_not_read_again(source, shop: FakeShop, at) -> None:
    poll = Poller(source, "orders")
    await poll()
    at(NOON + 64)
    await poll()
    assert poll.mark["settled"] is False
    at(NOON + 66)
    await poll()
    assert poll.mark["settled"] is True
    assert poll.mark["seen"] == {}
    await poll()
    assert shop.reads("orders")[-1]["filter[date_upd]"].startswith("[2025-03-04 10:12:32,")
    shop.row("orders", 41)["date_upd"] = "2025-03-04 12:01:10"
    assert await poll() == ["order 41"]
    assert poll.mark["settled"] is False


async def test_history_tracking_payments_and_slips_name_their_order(source, shop: FakeShop, at) -> None:
    shop.tables["orders"].append({"id": 42, "reference": "QWLRTKZPA", "date_upd": "2025-03-04 10:12:31"})
    shop.tables["order_slip"] = [{"id": 2, "id_order": 41, "date_add": "2025-03-06 11:00:00"}]
    assert await Poller(source, "order_histories")() == ["order 41"]
    assert await Poller(source, "order_carriers")() == ["order 41"]
    assert await Poller(source, "order_payments")() == ["order 41", "order 42"]
    assert await Poller(source, "order_slip")() == ["refund 2", "order 41"]


async def test_a_changed_address_names_its_customer_and_the_orders_that_use_it(source, shop: FakeShop, at) -> None:
    assert await Poller(source, "addresses")() == ["customer 12", "order 41"]


async def test_an_outage_is_unavailable_and_a_refused_call_is_refused(source, shop: FakeShop, at) -> None:
    poll = Poller(source, "orders")
    shop.hooks.append(lambda _request: httpx.Response(500, content=b""))
    with pytest.raises(SourceUnavailableError):
        await poll()
    shop.hooks[:] = [lambda _request: shop.error(500, 32, 3, 3, 3, 3)]
    with pytest.raises(SourceRefusedError, match="32") as caught:
        await poll()
    assert caught.value.parts[0].role == "refused"
    assert poll.mark is None


def test_only_the_hour_that_the_clock_repeats_is_repeated(settings) -> None:
    zone = settings().zone
    assert localtime.repeated("2025-10-26 01:59:59", zone) == 0
    assert localtime.repeated("2025-10-26 02:00:00", zone) == 3600
    assert localtime.repeated("2025-10-26 02:59:59", zone) == 3600
    assert localtime.repeated("2025-10-26 03:00:00", zone) == 0
    assert localtime.repeated("2025-03-30 02:30:00", zone) == 0
    assert localtime.repeated("0000-00-00 00:00:00", zone) == 0
