"""Listings of a company: by the stamps of creation, with our reference and without charges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Listed
from penstock.connectors.sage100.source import Sage100Source
from tests.unit.sage100.facade import Facade
from tests.unit.sage100.world import settings

CREATED = {"DateCreated": "2026-02-03", "TimeCreated": "14.50694"}
AT = datetime(2026, 2, 3, 14, 30, 25, tzinfo=UTC)


def order(number: str, **fields: Any) -> dict[str, Any]:
    lines = [
        {"ItemCode": "LAMP-01", "ItemType": "1", "QuantityOrdered": "2.000000"},
        {"ItemCode": "/FREIGHT", "ItemType": "5", "QuantityOrdered": "1.000000"},
        {"ItemCode": "/C", "ItemType": "4", "QuantityOrdered": "0"},
    ]
    amounts = {"TaxableAmt": "39.90", "NonTaxableAmt": "1.25", "FreightAmt": "7.50", "SalesTaxAmt": "3.39"}
    return {
        "SalesOrderNo": number, "OrderStatus": "N", **amounts, "DiscountAmt": "0.00", "Lines": lines, **CREATED,
        "DateUpdated": "2026-02-05", "TimeUpdated": "09.00000", **fields,
    }  # fmt: skip


async def listed(
    facade: Facade, entity: str, since: datetime | None = None, until: datetime | None = None, **changes: Any
) -> list[Listed]:
    given = settings(time_zone="UTC", **changes)
    source = Sage100Source(given, Budget(BudgetSettings()), transport=facade.transport())
    return [row async for page in source.listing(entity, since, until) for row in page]


@pytest.fixture
def facade() -> Facade:
    made = Facade()
    made.rows["/SO/SalesOrder"] = [order("W0003Y8"), order("0012345"), order("0012346", UDF_PENSTOCK_REF="CL1-7")]
    return made


async def test_orders_are_listed_with_our_reference_and_their_sums(facade: Facade) -> None:
    rows = await listed(facade, "order")
    assert [(row.native_id, row.reference) for row in rows] == [
        ("W0003Y8", "CL1-5120"), ("0012345", None), ("0012346", "CL1-7")
    ]  # fmt: skip
    assert rows[0].at == AT
    assert rows[0].facts == {"currency": "USD", "total": "52.04", "tax": "3.39", "quantity": "2", "state": "N"}


async def test_a_window_is_that_of_creation_not_of_edits(facade: Facade) -> None:
    assert len(await listed(facade, "order", AT, AT + timedelta(seconds=1))) == 3
    assert await listed(facade, "order", AT + timedelta(seconds=1), None) == []
    assert await listed(facade, "order", None, AT) == []
    assert facade.asked[0].url.params["updatedSince"] == "2026-02-03T14:30:25"


@pytest.mark.parametrize(("formula", "left"), [("committed", "88"), ("less-shipping", "85"), ("on-hand", "100")])
async def test_stock_is_available_as_the_setting_counts_it(facade: Facade, formula: str, left: str) -> None:
    row = facade.rows["/IM/ItemWarehouse"][0]
    row |= {"QuantityOnSalesOrder": "10", "QuantityOnBackOrder": "2", "QuantityInShipping": "3"}
    found = {row.native_id: row.facts for row in await listed(facade, "stock", available=formula)}
    assert found["LAMP-01|001"] == {"sku": "LAMP-01", "available": left}


async def test_more_promised_than_there_is_leaves_nothing(facade: Facade) -> None:
    facade.rows["/IM/ItemWarehouse"][0]["QuantityOnBackOrder"] = "500"
    found = {row.native_id: row.facts["available"] for row in await listed(facade, "stock")}
    assert found["LAMP-01|001"] == "0"


async def test_customers_are_listed_by_division_and_number(facade: Facade) -> None:
    facade.customer("WEB0001", **CREATED)
    assert [row.native_id for row in await listed(facade, "customer", AT - timedelta(days=1), None)] == ["00-WEB0001"]
