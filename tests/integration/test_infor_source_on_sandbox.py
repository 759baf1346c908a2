"""The connector reading the Infor sandbox over HTTP: polls, documents, canonical records."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest
from tests.integration.infor_site import A, B, Shop, Site, poll, record_of, serve
from tests.unit.infor.world import line

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Done
from penstock.connectors.infor.sink import InforSink
from penstock.connectors.infor.source import InforSource


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serve(tmp_path_factory.mktemp("infor")) as running:
        yield running


@pytest.fixture
def site(server: Site) -> Iterator[Site]:
    yield server
    server.faults()


@pytest.fixture
async def sink(site: Site) -> AsyncIterator[InforSink]:
    made = InforSink(site.settings(), Budget(BudgetSettings(concurrency=8)))
    yield made
    await made.close()


@pytest.fixture
async def source(site: Site) -> AsyncIterator[InforSource]:
    made = InforSource(site.settings(), Budget(BudgetSettings(concurrency=8)))
    yield made
    await made.close()


@pytest.fixture
def shop(sink: InforSink) -> Shop:
    return Shop(sink)


@pytest.mark.parametrize(
    "name", ["orders", "order-lines", "customers", "items", "stock", "shipments", "invoices", "payments"]
)
async def test_a_poll_set_names_a_change_once(site: Site, source: InforSource, shop: Shop, name: str) -> None:
    _, mark = await poll(source, name)
    again, mark = await poll(source, name, mark)
    assert again == []

    run = await shop.book(shop.order())
    assert isinstance(run.end, Done)
    site.act("ship", CoNum=shop.co_num)
    site.act("invoice", CoNum=shop.co_num)
    site.act("post-invoices")
    site.act("receive-payment", CoNum=shop.co_num)
    site.act("post-payments")
    site.act("add-item", Item=f"NEW-{shop.native_id}", Description="New", UM="EA")

    changed, mark = await poll(source, name, json.loads(json.dumps(mark)))
    quiet, _ = await poll(source, name, mark)

    assert changed
    assert quiet == []


async def test_the_life_of_an_order_comes_back_as_canonical_records(
    site: Site, source: InforSource, shop: Shop
) -> None:
    marks = {each.name: (await poll(source, each.name))[1] for each in source.polls}
    await shop.book(shop.order([line(1, A, "2", "39.90", "3.29"), line(2, B, "1", "10.00", "2.00")]))

    async def only(name: str) -> dict[str, Any]:
        notes, marks[name] = await poll(source, name, marks[name])
        own = []
        for note in notes:
            made, _ = await record_of(source, note)
            if made.get("order_native_id") == shop.co_num:
                own.append(made)
        assert own, f"{name} brought nothing of {shop.co_num}"
        return own[-1]

    assert (await only("orders"))["status"] == "processing"
    site.act("ship", CoNum=shop.co_num, lines={"1": "2"}, tracking="1ZDEMO42")
    status = await only("order-lines")
    assert (status["status"], status["order_reference"]) == ("part-shipped", f"PS1-{shop.native_id}")
    shipment = await only("shipments")
    assert shipment["tracking_numbers"] == ["1ZDEMO42"]
    assert shipment["complete"] is False
    assert [(row["order_line"], row["sku"], row["quantity"]) for row in shipment["lines"]] == [("1", A, Decimal(2))]
    site.act("ship", CoNum=shop.co_num)
    assert (await only("shipments"))["complete"] is True
    assert (await only("order-lines"))["status"] == "shipped"

    site.act("invoice", CoNum=shop.co_num)
    site.act("post-invoices")
    invoice = await only("invoices")
    assert (invoice["total"], invoice["tax"], invoice["freight"]) == (
        Decimal("62.69"),
        Decimal("5.29"),
        Decimal("7.50"),
    )
    site.act("receive-payment", CoNum=shop.co_num)
    site.act("post-payments")
    payment = await only("payments")
    assert (payment["amount"], payment["open_after"], payment["currency"]) == (Decimal("62.69"), 0, "EUR")
    assert payment["order_id"] == status["order_id"]


async def test_a_repeat_has_the_fingerprint_of_the_first_and_a_change_another(
    site: Site, source: InforSource, shop: Shop
) -> None:
    await shop.book(shop.order())
    (note, *_), _ = await poll(source, "orders")
    ref = type(note.ref)("infor", "DALS", "order", shop.co_num)
    first = await source.extract(ref, ())
    second = await source.extract(ref, ())
    assert first is not None
    assert second is not None
    assert source.fingerprint(first) == source.fingerprint(second)

    site.act("ship", CoNum=shop.co_num)
    third = await source.extract(ref, ())
    assert third is not None
    assert source.fingerprint(third) != source.fingerprint(first)
    assert await source.extract(type(note.ref)("infor", "DALS", "order", "EC99999999"), ()) is None


async def test_stock_is_carried_by_the_poll(site: Site, source: InforSource) -> None:
    _, mark = await poll(source, "stock")
    site.act("change-stock", Item=A, QtyOnHand="77")

    notes, _ = await poll(source, "stock", mark)

    made = [(await record_of(source, note))[0] for note in notes]
    assert {row["sku"] for row in made} == {A}
    assert Decimal(77) in {row["on_hand"] for row in made}
