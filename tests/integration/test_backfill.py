"""The first load of a shop and an ERP of which half of the orders are in both: taken over, not doubled."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.broker_choice import no_broker
from tests.integration.backfill_world import PAIRS, taken_over

from penstock.log.jars import JarsError, ensure_libs, find_java

ORDERS = 8

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


@pytest.mark.parametrize("flow", PAIRS)
def test_orders_that_are_there_are_taken_over_and_the_others_are_booked_once(flow: str, tmp_path: Path) -> None:
    try:
        find_java(), ensure_libs()
    except JarsError as error:
        no_broker(str(error))
    with taken_over(flow, tmp_path, ORDERS) as world:
        pair = world.pair
        live = pair.place(live=True)
        world.booked(live)
        assert all(pair.documents(reference) == {number: ""} for reference, number in world.entered.items())
        assert not any(pair.documents(reference) for reference in world.others), "polls begin at the take-over"

        code, _ = world.penstock("backfill", pair.shop_name, "--json")
        assert code == 1, "without --yes it only counts"
        world.cut_off()
        resumed = world.backfill("--rate", "50")
        assert resumed["known"] > 0
        assert resumed["known"] + resumed["sent"] == resumed["listed"] == ORDERS
        again = world.backfill()
        assert (again["listed"], again["known"], again["sent"]) == (ORDERS, ORDERS, 0)

        for reference in world.others:
            world.booked(reference)
            assert list(pair.documents(reference).values()) == [reference]
        for reference, number in world.entered.items():
            assert pair.documents(reference) == {number: reference}
        assert list(pair.documents(live).values()) == [live]
        code, said = world.penstock("audit", "run", "--json")
        assert code == 0, said
