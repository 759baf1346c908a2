"""Services, broker and registry are killed in the middle of 200 orders: nothing is lost, nothing is doubled."""

import os
from pathlib import Path

import pytest
from tests.broker_choice import no_broker
from tests.crash.killing import Outcome, kill_among_orders

from penstock.log.jars import JarsError, ensure_libs, find_java

ORDERS = int(os.environ.get("PENSTOCK_CRASH_ORDERS", "200"))
FLOWS = (("prestashop-infor", ORDERS), ("clarity-sage100", ORDERS // 2))
"""The second flow's first load is long, so it gets fewer orders."""
SEED = int(os.environ.get("PENSTOCK_CRASH_SEED", "7"))

pytestmark = [pytest.mark.kafka, pytest.mark.crash, pytest.mark.timeout(1500)]


@pytest.fixture(autouse=True)
def _own_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PENSTOCK_BOOTSTRAP", "PENSTOCK_REGISTRY_URL", "PENSTOCK_TOPIC_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    try:
        find_java(), ensure_libs()
    except JarsError as error:
        no_broker(str(error))


def assert_accounted_for(outcome: Outcome, kills: int, orders: int) -> None:
    books = outcome.books
    assert list(books.problems) == []
    assert list(outcome.unsettled) == []
    assert books.counts["orders_placed"] == orders
    assert books.money_placed == books.money_booked
    assert outcome.restarts >= kills


@pytest.mark.parametrize(("flow", "orders"), FLOWS)
def test_services_killed_twice_broker_and_registry_once_leave_every_order_once(
    tmp_path: Path, flow: str, orders: int
) -> None:
    kills = ["sinks", "ingress", "broker", "processors", "sinks", "registry", "processors", "ingress"]
    outcome = kill_among_orders(tmp_path, orders, SEED, kills, flow=flow, timeout=600)
    assert_accounted_for(outcome, len(kills), orders)
