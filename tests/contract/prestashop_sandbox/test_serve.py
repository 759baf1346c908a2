"""The sandbox as a process of its own: it answers over a socket, survives SIGKILL and stops on SIGTERM."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from penstock.connectors.prestashop.sandbox.options import DEFAULT_KEY


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "penstock.sandbox.serve", "prestashop", "--data", str(folder)]
    process = subprocess.Popen([*command, "--ready-file", str(ready)], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not ready.exists():
            assert process.poll() is None, "the sandbox ended before it was ready"
            assert time.monotonic() < deadline, "the sandbox did not get ready"
            time.sleep(0.02)
        yield process, json.loads(ready.read_text())["url"]
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def test_orders_survive_sigkill_and_sigterm_ends_it(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url):
        placed = httpx.post(f"{url}/_sandbox/actions/place-orders", json={"count": 20}, timeout=30).json()["orders"]
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    with serving(tmp_path) as (process, url):
        answer = httpx.get(f"{url}/api/orders?output_format=JSON&sort=[id_ASC]", auth=(DEFAULT_KEY, ""))
        assert [row["id"] for row in answer.json()["orders"]] == [order["id"] for order in placed]
        process.terminate()
        assert process.wait(10) in {0, -signal.SIGTERM}


def test_a_reply_lost_after_commit_is_a_broken_connection_and_a_stored_write(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, url), httpx.Client(base_url=url, auth=(DEFAULT_KEY, "")) as client:
        client.put("/_sandbox/faults", json={"faults": [{"kind": "reply_lost", "method": "PATCH"}]})
        body = "<prestashop><stock_available><id>1</id><quantity>4</quantity></stock_available></prestashop>"
        with pytest.raises(httpx.TransportError):
            client.patch("/api/stock_availables/1", content=body)
        rows = client.get("/_sandbox/state/stock_availables?id=1").json()["items"]
        assert rows[0]["quantity"] == 4
