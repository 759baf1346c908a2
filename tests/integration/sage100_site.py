"""A Sage 100 sandbox under test, and a company of the unit tests' kind that speaks to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.unit.infor.world import LookupTable
from tests.unit.sage100.world import Company, mapping, mapping_env, sage_order, settings

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Notification
from penstock.connectors.sage100 import SPEC
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.sink import Sage100Sink
from penstock.connectors.sage100.source import Sage100Source
from penstock.records.raw import RawDocument

OPTIONS = {"rate_limit": 1_000_000, "concurrency": 4, "work_seconds": 0, "time_scale": 100}


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

    def fired(self) -> list[int]:
        return [fault["fired"] for fault in httpx.get(f"{self.url}/_sandbox/faults").json()["faults"]]

    def settings(self, **changes: Any) -> Sage100Settings:
        given = {
            "base_url": self.url, "password": "plain:sandbox-password", "division": "01", "salesperson_division": "01",
            "overlap_seconds": 2, "timeout_seconds": 5, "terms_code": "01", "cancel_reason": "WEBCN",
        }  # fmt: skip
        return settings(**{**given, **changes})


_number = iter(range(5000, 100_000))


class Buyer(Company):
    """One buyer, and the orders that are placed for them. The buyer has a name of its own, so that nobody matches."""

    def __init__(self, site: Site, **changes: Any) -> None:
        self.site = site
        self.given = site.settings(**changes)
        self.lookup = LookupTable()
        self.sink = Sage100Sink(self.given, Budget(BudgetSettings(concurrency=2)))
        self.native_id = str(next(_number))

    @property
    def number(self) -> str:
        digits, left = "", int(self.native_id)
        while left:
            left, digit = divmod(left, 36)
            digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
        return f"W{digits:0>6}"

    @property
    def remainder(self) -> str:
        return f"X{self.number[1:]}"

    @property
    def email(self) -> str:
        return f"buyer{self.native_id}@example.com"

    def order(self, lines: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
        record = sage_order(lines, self.native_id, **changes)
        record["id"] = f"{record['id'][:-6]}{int(self.native_id):06d}"
        record["customer_id"] = f"{record['customer_id'][:-6]}{int(self.native_id):06d}"
        record["customer"]["email"] = self.email
        for name in ("customer", "bill_to", "ship_to"):
            record[name] |= {"first_name": f"Q{self.native_id}"[::-1], "last_name": f"Z{int(self.native_id) * 7919:x}"}
        return record

    def booked(self) -> dict[str, Any]:
        (row,) = self.site.state("sales_orders", SalesOrderNo=self.number)
        return row


async def poll(source: Sage100Source, name: str, mark: Any = None) -> tuple[list[Notification], Any]:
    found: list[Notification] = []
    async for page in next(each for each in source.polls if each.name == name).poll(mark):
        found += page.notifications
        mark = page.mark or mark
    return found, mark


async def record_of(source: Sage100Source, note: Notification) -> dict[str, Any]:
    document = await source.extract(note.ref, note.carried)
    assert document is not None
    opened = SPEC.open_document(RawDocument.from_bytes(document.to_bytes()), settings())
    made: dict[str, Any] = mapping(f"{note.ref.entity}.to-canonical")(opened, mapping_env())
    return made


@contextmanager
def serve(folder: Path, **options: Any) -> Iterator[Site]:
    """A sandbox of its own."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "penstock.sandbox.serve", "sage100", "--port", "0", "--ready-file", str(ready)]
    process = subprocess.Popen([*command, "--options", json.dumps({**OPTIONS, **options})])
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
