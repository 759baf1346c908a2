"""The books of the second flow: faults that people make in shop and ERP are all found and named."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.e2e.audited import EACH, Named, found_and_named
from tests.e2e.second_world import LOCATION, OTHER_SKU, SKU, WAREHOUSE, SecondWorld

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.sage100.client import SALES_ORDER, SageClient, keyed
from penstock.connectors.sage100.settings import Sage100Settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

OF_OTHER_TESTS = {SKU, OTHER_SKU, "VAS-WLN-L", "SHR-WOL-XL"}
TYPED = ("ARDivisionNo", "CustomerNo", "OrderDate", "WarehouseCode", "ConfirmTo", "TermsCode", "TaxSchedule")
"""What a clerk must type in."""


class Open:
    """A send window that does not close."""

    def check(self) -> None:
        pass


@pytest.fixture
def by_hand(second: SecondWorld) -> Iterator[list[str]]:
    """Numbers of orders that a clerk has entered; they are gone after the test."""
    numbers: list[str] = []
    yield numbers
    for number in numbers:
        second.erp.act("delete-order", {"SalesOrderNo": number})


def in_both(world: SecondWorld) -> list[str]:
    """Items that the shop sells from the ERP's main warehouse, and that no other test moves."""
    sold = {str(row["sku"]) for row in world.shop.state("inventory", locationKey=LOCATION)}
    stocked = {row["ItemCode"] for row in world.erp.state("item_warehouses", WarehouseCode=WAREHOUSE)}
    return sorted((sold & stocked) - OF_OTHER_TESTS)[-EACH:]


def with_freight(world: SecondWorld, number: str, amount: str) -> None:
    async def change() -> None:
        given = {
            "instance": "ABC",
            "base_url": world.erp.url,
            "username": "webshop",
            "password": "plain:sandbox-password",
        }
        client = SageClient(Sage100Settings.model_validate(given), Budget(BudgetSettings()))
        try:
            await client.change(keyed(SALES_ORDER, number), {"FreightAmt": amount}, Open())
        finally:
            await client.close()

    asyncio.run(change())


def test_faults_of_five_kinds_are_found_and_named(loaded: SecondWorld, second: SecondWorld, by_hand: list[str]) -> None:
    world = second
    skus = in_both(world)
    refs = [world.place() for _ in range(3 * EACH)]
    rows = {ref: world.booked(ref) for ref in refs}

    def entered(reference: str) -> str:
        row = rows[refs[0]] if reference not in rows else rows[reference]
        lines = [{"ItemCode": SKU, "QuantityOrdered": "1"}]
        document = {name: row[name] for name in TYPED} | {"UDF_PENSTOCK_REF": reference, "Lines": lines}
        number = str(world.erp.act("enter-order", document)["SalesOrderNo"])
        by_hand.append(number)
        return number

    def seed() -> Named:
        wanted: Named = set()
        for ref in refs[:EACH]:
            world.erp.act("delete-order", {"SalesOrderNo": rows[ref]["SalesOrderNo"]})
            wanted.add(("deleted", ref))
        for ref in refs[EACH : 2 * EACH]:
            wanted.add(("doubled", entered(ref)))
        for ref in refs[2 * EACH :]:
            with_freight(world, rows[ref]["SalesOrderNo"], "77.70")
            wanted.add(("amount", ref))
        for number in range(990001, 990001 + EACH):
            wanted.add(("orphan", entered(f"CL1-{number}")))
        for sku in skus:
            world.shop.act("change-stock", {"sku": sku, "location_key": LOCATION, "by": "3"})
            wanted.add(("stale", sku))
        return wanted

    found_and_named(world, "clarity-sage100", refs, seed, skus)
    for sku in skus:
        world.shop.act("change-stock", {"sku": sku, "location_key": LOCATION, "by": "-3"})
