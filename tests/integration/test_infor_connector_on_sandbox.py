"""The connector against the Infor sandbox, over HTTP only: what it writes, what it reads back, what faults do to it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import CustomerRequest, Done, Hold, Notification, Settled, Wait
from penstock.connectors.infor.settings import InforSettings
from penstock.connectors.infor.sink import InforSink
from penstock.connectors.infor.source import InforSource
from penstock.records.raw import RawDocument
from tests.unit.infor.world import (
    CUSTOMER_ID,
    LookupTable,
    Run,
    apply,
    canonical_order,
    line,
    mapping,
    mapping_env,
    payload_of,
    reason,
)

A, B, ALIASED, LISTED = "APR-STR", "BAG-COT", "TCL-WOL", "LMP-ENM-SND"


class Site:
    """A running sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url

    def state(self, collection: str, **equal: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = httpx.get(f"{self.url}/_sandbox/state/{collection}", params=equal).json()["items"]
        return items

    def act(self, action: str, **given: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/_sandbox/actions/{action}", json=given)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def faults(self, *faults: dict[str, Any]) -> None:
        assert httpx.put(f"{self.url}/_sandbox/faults", json={"faults": list(faults)}).status_code == 200

    def settings(self, **changes: Any) -> InforSettings:
        given = {
            "instance": "DALS",
            "ionapi": httpx.get(f"{self.url}/_sandbox/ionapi").json(),
            "configuration": "ACME_TST_DALS",
            "time_zone": "America/Chicago",
            "alias_customer": "1042",
            "hash_key": "plain:test-key",
            "overlap_seconds": 2,
            "timeout_seconds": 5,
        }
        return InforSettings.model_validate({**given, **changes})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    ready = tmp_path_factory.mktemp("infor") / "ready.json"
    command = [sys.executable, "-m", "penstock.sandbox.serve", "infor", "--port", "0", "--ready-file", str(ready)]
    process = subprocess.Popen([*command, "--options", json.dumps({"time_zone": "America/Chicago"})])
    try:
        deadline = time.monotonic() + 30
        while not ready.exists():
            assert process.poll() is None, "the sandbox ended"
            assert time.monotonic() < deadline, "the sandbox did not start"
            time.sleep(0.05)
        yield Site(json.loads(ready.read_text())["url"])
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(10)


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


_number = iter(range(1000, 10_000))


class Shop:
    """One buyer and the orders that are placed for them."""

    def __init__(self, sink: InforSink) -> None:
        self.sink = sink
        self.lookup = LookupTable()
        self.native_id = str(next(_number))

    def order(self, lines: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
        lines = lines if lines is not None else [line(1, A, "2", "39.90", "3.29")]
        record = canonical_order(lines, self.native_id, **changes)
        record["id"] = f"{record['id'][:-4]}{self.native_id}"
        record["customer_id"] = f"{CUSTOMER_ID[:-4]}{self.native_id}"
        record["customer"]["email"] = f"buyer{self.native_id}@example.com"
        return record

    async def customer(self, request: CustomerRequest) -> Run:
        run = await apply(self.sink.handlers["customer-request"], self.lookup, request.body, request.body)
        assert isinstance(run.end, Done), run.end
        return run

    async def book(self, record: dict[str, Any], **options: Any) -> Run:
        """As the sink runtime does: the customer lane first, when the order asks for it."""
        for _ in range(2):
            run = await apply(self.sink.handlers["order"], self.lookup, record, payload_of(record), **options)
            if not isinstance(run.end, Wait) or run.end.request is None:
                return run
            await self.customer(run.end.request)
        raise AssertionError("the order still waits for its customer")

    @property
    def co_num(self) -> str:
        return f"EC{int(self.native_id):08d}"


@pytest.fixture
def shop(sink: InforSink) -> Shop:
    return Shop(sink)


async def test_check_finds_token_configuration_and_rights(sink: InforSink, source: InforSource) -> None:
    assert all(result.ok for result in [*await sink.check(), *await source.check()])


async def test_an_order_is_booked_to_the_cent_and_released(site: Site, shop: Shop) -> None:
    run = await shop.book(shop.order([line(1, A, "2", "39.90", "3.29"), line(2, B, "1", "10.00", "2.00")]))

    assert isinstance(run.end, Done), run.end
    assert run.native_id == shop.co_num
    (order,) = site.state("orders", CoNum=shop.co_num)
    assert order["ExternalConfirmationRef"] == f"PS1-{shop.native_id}"
    assert Decimal(order["Price"]) == Decimal("62.69")
    assert order["Stat"] == "O"
    assert len(site.state("lines", CoNum=shop.co_num)) == 2
