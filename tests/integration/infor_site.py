"""An Infor sandbox under test, and a buyer whose orders are booked in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
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
)

from penstock.connectors.contract import CustomerRequest, Done, Notification, Wait
from penstock.connectors.infor import SPEC
from penstock.connectors.infor.settings import InforSettings
from penstock.connectors.infor.sink import InforSink
from penstock.connectors.infor.source import InforSource
from penstock.records.raw import RawDocument

OPTIONS = {"time_zone": "America/Chicago"}
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

    def fired(self) -> list[int]:
        """How often each fault happened."""
        return [fault["fired"] for fault in httpx.get(f"{self.url}/_sandbox/faults").json()["faults"]]

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
        return f"PS{int(self.native_id):08d}"


async def poll(source: InforSource, name: str, mark: Any = None) -> tuple[list[Notification], Any]:
    found: list[Notification] = []
    poll_set = next(each for each in source.polls if each.name == name)
    async for page in poll_set.poll(mark):
        found += page.notifications
        mark = page.mark or mark
    return found, mark


async def record_of(source: InforSource, note: Notification) -> tuple[dict[str, Any], RawDocument]:
    document = await source.extract(note.ref, note.carried)
    assert document is not None
    document = RawDocument.from_bytes(document.to_bytes())
    opened = SPEC.open_document(document, None)
    return mapping(f"{note.ref.entity}.to-canonical")(opened, mapping_env()), document


@contextmanager
def serve(folder: Path, system: str = "infor", options: Mapping[str, Any] = OPTIONS) -> Iterator[Site]:
    """A sandbox of its own."""
    ready = folder / f"{system}.json"
    command = [sys.executable, "-m", "penstock.sandbox.serve", system, "--port", "0", "--ready-file", str(ready)]
    process = subprocess.Popen([*command, "--options", json.dumps(options)])
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
