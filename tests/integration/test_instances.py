"""Several instances of a system as a whole: documents of shops on a real log, processors, sinks, and companies."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.flow_world import Running, event_of, flow, placed
from tests.unit.processors.shop_documents import cheap, event

from penstock.log.kafka import KafkaSettings
from penstock.log.wire import Codec

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]


Start = Callable[..., contextlib.AbstractContextManager[Running]]


@pytest.fixture
def start(kafka: KafkaSettings, topics: object, registry_url: str, tmp_path: Path) -> Start:
    Codec(registry_url, register=True)
    return lambda name, *companies: flow(name, tmp_path, kafka, registry_url, companies)


def test_two_shops_with_the_same_numbers_book_each_order_once_in_one_company(start: Start) -> None:
    with start("two-shops-one-company", "dallas") as running:
        orders = [placed(shop, number) for shop in ("1", "2") for number in (41, 42)]
        running.send(*orders, *orders)
        running.settled({(event_of(s, n), "infor:DALS"): "applied" for s in ("1", "2") for n in (41, 42)})
        assert sorted(running.booked("dallas")) == ["PD00000041", "PD00000042", "PS00000041", "PS00000042"]
        buyers: list[dict[str, Any]] = running.companies["dallas"].state("customers")
        of_web = [row for row in buyers if (row["CustomerEmailAddr"] or "").lower() == "zoe.durand@example.com"]
        assert len(of_web) == 1, "who buys in both shops is one customer of the company"


def test_one_shop_books_each_order_once_in_the_company_that_its_route_names_for_life(start: Start) -> None:
    with start("one-shop-two-companies", "dallas", "paris") as running:
        large, small = placed("1", 41), placed("1", 42, cheap)
        running.send(large, small, large, small)
        fates = {(event_of("1", 41), "infor:PARI"): "applied", (event_of("1", 42), "infor:DALS"): "applied"}
        running.settled(fates)
        running.send(event(placed("1", 41, cheap), 2))
        running.settled({**fates, ("e2", "infor:PARI"): "applied"})
        assert sorted(running.booked("paris")) == ["PS00000041"]
        assert sorted(running.booked("dallas")) == ["PS00000042"]
