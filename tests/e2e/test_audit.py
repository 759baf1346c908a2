"""The books of the first flow: faults that people make in shop and ERP are all found and named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.e2e.audited import EACH, Named, found_and_named
from tests.e2e.world import SKU, World

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

SKUS = ("BRD-OLV-L", "BRD-OLV-S", "CLK-BEE-WHT", "STL-ENM-ECR", "STL-BEE")
"""Items that no other test moves."""


@pytest.fixture
def by_hand(world: World) -> Iterator[list[str]]:
    """Numbers of orders that a clerk has entered; they are gone after the test."""
    numbers: list[str] = []
    yield numbers
    for number in numbers:
        world.erp.act("delete-order", {"CoNum": number})


def test_faults_of_five_kinds_are_found_and_named(world: World, by_hand: list[str]) -> None:
    refs = [world.place() for _ in range(3 * EACH)]
    numbers = {ref: str(world.booked(ref)["CoNum"]).strip() for ref in refs}

    def entered(reference: str) -> str:
        number = str(world.erp.act("place-phone-order", {"lines": [{"Item": SKU}]})["CoNum"]).strip()
        world.erp.act("change-order", {"CoNum": number, "ExternalConfirmationRef": reference})
        by_hand.append(number)
        return number

    def seed() -> Named:
        wanted: Named = set()
        for ref in refs[:EACH]:
            world.erp.act("delete-order", {"CoNum": numbers[ref]})
            wanted.add(("deleted", ref))
        for ref in refs[EACH : 2 * EACH]:
            wanted.add(("doubled", entered(ref)))
        for ref in refs[2 * EACH :]:
            world.erp.act("change-order", {"CoNum": numbers[ref], "Freight": "77.70"})
            wanted.add(("amount", ref))
        for number in range(990001, 990001 + EACH):
            wanted.add(("orphan", entered(f"PS1-{number}")))
        for sku in SKUS[:EACH]:
            world.shop.act("change-stock", {"sku": sku, "by": 3})
            wanted.add(("stale", sku))
        return wanted

    found_and_named(world, "prestashop-infor", refs, seed, SKUS)
    for sku in SKUS[:EACH]:
        world.shop.act("change-stock", {"sku": sku, "by": -3})
