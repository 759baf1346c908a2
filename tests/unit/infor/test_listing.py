"""Listings of a site: by bookmark over the key, in windows of days."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Listed, SourceRefusedError, SourceUnavailableError
from penstock.connectors.infor.idos import READS
from penstock.connectors.infor.source import InforSource
from tests.unit.infor.gateway import Gateway, refused, rows
from tests.unit.infor.world import settings

CHICAGO = ZoneInfo("America/Chicago")
ORDER = {
    "CoNum": "PS10000041", "OrderDate": "20260203 00:00:00.000", "Stat": "O", "CurrCode": "USD",
    "SalesTax": "4.10000000", "Price": "50.69000000", "ExternalConfirmationRef": "PS1-41",
}  # fmt: skip


def info(request: httpx.Request) -> httpx.Response:
    names = READS[request.url.path.rpartition("/")[2]]
    return httpx.Response(200, json={"Properties": [{"Name": name} for name in names]})


async def listed(gateway: Gateway, entity: str, *window: datetime | None, **changes: Any) -> list[Listed]:
    source = InforSource(settings(**changes), Budget(BudgetSettings()), transport=gateway.transport())
    since, until = window or (None, None)
    return [row async for page in source.listing(entity, since, until) for row in page]


async def test_an_order_is_listed_with_its_sums_and_the_quantity_of_its_lines() -> None:
    lines = rows({"CoNum": "PS10000041", "QtyOrdered": "2.00"}, {"CoNum": "PS10000041", "QtyOrdered": "0.50"})
    gateway = Gateway(info, rows(ORDER), info, lines)
    (row,) = await listed(gateway, "order")
    assert (row.native_id, row.reference) == ("PS10000041", "PS1-41")
    assert row.at == datetime(2026, 2, 3, tzinfo=CHICAGO)
    assert row.facts == {"currency": "USD", "total": "50.69", "tax": "4.1", "quantity": "2.5", "state": "O"}
    assert gateway.asked[1].url.params["orderby"] == "CoNum"


async def test_an_order_of_a_clerk_has_no_reference() -> None:
    phone = {**ORDER, "CoNum": "     17", "ExternalConfirmationRef": None}
    (row,) = await listed(Gateway(info, rows(phone), info, rows()), "order")
    assert (row.native_id, row.reference, row.facts["quantity"]) == ("17", None, "0")


async def test_a_window_is_that_of_the_days_it_touches() -> None:
    gateway = Gateway(info, rows())
    await listed(gateway, "order", datetime(2026, 2, 3, 3, tzinfo=UTC), datetime(2026, 2, 4, 12, tzinfo=UTC))
    said = gateway.asked[1].url.params["filter"]
    assert said == "OrderDate >= '20260202 00:00:00.000' AND OrderDate < '20260204 06:00:00.000'"


async def test_pages_follow_the_bookmark() -> None:
    first = rows({"CustNum": "   1042", "CustSeq": "0"}, bookmark="<B/>", more=True)
    gateway = Gateway(info, first, rows({"CustNum": "   1043", "CustSeq": "0"}))
    assert [row.native_id for row in await listed(gateway, "customer", page_size=1)] == ["1042", "1043"]
    assert gateway.asked[2].url.params["bookmark"] == "<B/>"
    assert gateway.asked[1].url.params["filter"] == "CustSeq = '0'"


@pytest.mark.parametrize(("available", "left"), [("allocated", "93"), ("reserved", "98")])
async def test_stock_is_available_as_the_setting_counts_it(available: str, left: str) -> None:
    row = {
        "Item": "LAMP-01",
        "Whse": "MAIN",
        "QtyOnHand": "100",
        "QtyAllocCo": "5",
        "QtyAllocjob": "2",
        "QtyRsvdCo": "2",
    }
    (found,) = await listed(Gateway(info, rows(row)), "stock", available=available)
    assert (found.native_id, found.facts) == ("LAMP-01|MAIN", {"sku": "LAMP-01", "available": left})


async def test_a_refusal_is_no_empty_list() -> None:
    with pytest.raises(SourceRefusedError, match="not valid"):
        await listed(Gateway(info, refused("The bookmark is not valid for this request.")), "customer")
    with pytest.raises(SourceUnavailableError, match="privilege"):
        await listed(Gateway(info, refused("This action requires [Read] privilege.")), "customer")
