"""The sandbox as a process of its own: it survives SIGKILL, and deliveries that were open go on."""

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
import pytest

from .conftest import FORM, SKU, Receiver, new_key


@contextmanager
def serving(folder: Path, **options: Any) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "penstock.sandbox.serve", "clarity", "--data", str(folder)]
    command += ["--options", json.dumps(options), "--ready-file", str(ready)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: ready.exists() or process.poll() is not None)
        with httpx.Client(base_url=json.loads(ready.read_text())["url"], trust_env=False, timeout=30) as client:
            token = client.post("/oauth/token", data=FORM).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            yield process, client
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited for half a minute"
        time.sleep(0.02)


def kill(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)


def test_orders_keys_and_tokens_survive_sigkill_and_sigterm_ends_it(tmp_path: Path) -> None:
    key, path = {"Idempotency-Key": new_key()}, "/api/v1/sales-orders/5120/status"
    with serving(tmp_path) as (process, client):
        placed = client.post("/_sandbox/actions/place-orders", json={"count": 20}).json()["orders"]
        assert client.post(path, json={"status": "Confirmed"}, headers=key).status_code == 200
        token = client.headers["Authorization"]
        kill(process)
    with serving(tmp_path) as (process, client):
        client.headers["Authorization"] = token
        listed = client.get("/api/v1/sales-orders").json()["data"]
        assert [one["orderNumber"] for one in listed] == [one["orderNumber"] for one in placed]
        again = client.post(path, json={"status": "Confirmed"}, headers=key)
        assert again.headers["idempotent-replay"] == "true"
        assert client.post("/_sandbox/actions/place-order", json={}).json()["id"] == 5140
        process.terminate()
        assert process.wait(10) in {0, -signal.SIGTERM}


def test_a_reply_lost_after_commit_is_a_broken_connection_and_a_stored_write(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, client):
        client.post("/_sandbox/actions/place-order", json={})
        client.put("/_sandbox/faults", json={"faults": [{"kind": "reply_lost", "method": "POST"}]})
        key = {"Idempotency-Key": new_key()}
        with pytest.raises(httpx.TransportError):
            client.post("/api/v1/sales-orders/5120/status", json={"status": "Confirmed"}, headers=key)
        assert client.get("/_sandbox/state/orders").json()["items"][0]["status"] == "Confirmed"


def test_deliveries_that_were_open_go_on_after_a_kill(tmp_path: Path, receiver: Receiver) -> None:
    receiver.status = 503
    with serving(tmp_path, webhook_url=receiver.url) as (process, client):
        client.post("/_sandbox/actions/change-product", json={"sku": SKU, "fields": {"description": "x"}})
        wait_for(lambda: client.get("/_sandbox/state/deliveries?status=retrying").json()["items"])
        kill(process)
    first, receiver.status = receiver.bodies[0], 202
    with serving(tmp_path, webhook_url=receiver.url) as (_, client):
        wait_for(lambda: client.get("/_sandbox/state/deliveries?status=delivered").json()["items"])
        assert {body["id"] for body in receiver.bodies} == {first["id"]}
        [hook] = client.get("/api/v1/webhooks").json()["data"]
        assert hook["active"] is True
