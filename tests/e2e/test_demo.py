"""The main job, as a user starts it: the demo as a process of its own, its exit code and its JSON."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.broker_choice import no_broker

from penstock.log.jars import JarsError, ensure_libs, find_java

ORDERS = int(os.environ.get("PENSTOCK_E2E_ORDERS", "20"))


@pytest.mark.kafka
@pytest.mark.timeout(900)
def test_the_demo_accounts_for_every_order_it_placed(tmp_path: Path) -> None:
    try:
        find_java(), ensure_libs()
    except JarsError as error:
        no_broker(str(error))
    result, log = tmp_path / "books.json", tmp_path / "out.txt"
    command = [sys.executable, "-m", "penstock.cli.main", "demo", "--once", "--orders", str(ORDERS), "--seed", "7"]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")}
    with log.open("w") as out:
        done = subprocess.run(
            [*command, "--json", str(result), "--data", str(tmp_path / "data")],
            stdout=out,
            stderr=out,
            env=own,
            check=False,
            timeout=880,
        )
    assert done.returncode == 0, log.read_text()
    books = json.loads(result.read_text())
    assert set(books["flows"]) == {"prestashop-infor", "clarity-sage100"}
    for flow in books["flows"].values():
        assert_accounted_for(flow, ORDERS)
    assert_accounted_for(books, ORDERS * len(books["flows"]))
    assert {"EUR", "USD"} <= set(books["money_placed"])
    assert books["booked_once"] == sum(flow["booked_once"] for flow in books["flows"].values())
    told = books["flows"]["clarity-sage100"]["policies"]
    assert {"stock.unavailable=hold", "stock.unavailable=back-order", "stock.unavailable=partial"} <= set(told)
    assert {"credit=check", "currency=convert", "customers.create=auto", "customers.create=review"} <= set(told)


def assert_accounted_for(books: dict[str, Any], orders: int) -> None:
    assert books["orders_placed"] == orders
    assert {name: books[name] for name in ("doubled", "missing", "unexplained", "shop_states_wrong")} == {
        "doubled": 0,
        "missing": 0,
        "unexplained": 0,
        "shop_states_wrong": 0,
    }
    assert books["customers_doubled"] == books["stock_wrong"] == 0
    counted = sum(books[name] for name in ("booked_once", "held", "dead_lettered", "cancelled"))
    assert counted == orders
    assert books["money_placed"] == books["money_booked"]
    assert all(Decimal(amount) > 0 for amount in books["money_booked"].values())
    # one unknown SKU and one total that does not add up in every twenty
    assert books["held"] + books["dead_lettered"] >= orders // 20 * 2
    assert books["cancelled"] == 0, "a run for scripts cancels nothing"
