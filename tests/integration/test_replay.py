"""`penstock replay` on a real log, with processors and sinks at work and a company in a sandbox."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.flow_world import ROOT, Running, event_of, flow, placed
from tests.unit.flow.world import resource_of
from tests.unit.processors.shop_documents import Tables
from typer.testing import CliRunner

import penstock.flow.load
from penstock.cli.main import app
from penstock.log.kafka import KafkaSettings, producer
from penstock.log.replays import run_of
from penstock.log.wire import Codec
from penstock.log.xref import Link, unlink_records
from penstock.records.ids import canonical_id
from penstock.replay import runs

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.timeout(240),
    pytest.mark.topics(
        "raw.prestashop.*", "raw.infor.*", "canonical.*", "xref.*", "effect.prestashop", "effect.infor",
        "customer-request.infor", "parked.prestashop", "parked.infor", "hold", "fate", "dlq.*", "alert", "audit",
        "route", "control",
    ),
]  # fmt: skip

FLOW, TARGET = "two-shops-one-company", "infor:DALS"


@pytest.fixture
def running(
    kafka: KafkaSettings, topics: object, registry_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    Codec(registry_url, register=True)
    with flow(FLOW, tmp_path, kafka, registry_url, ["dallas"]) as world:
        monkeypatch.setattr(penstock.flow.load, "resource", resource_of(tmp_path))
        for name, value in world.env.items():
            monkeypatch.setenv(name, value)
        yield world


def replay(*arguments: str, code: int = 0) -> Any:
    """What the command answers with `--json`."""
    ended = CliRunner().invoke(app, ["replay", *arguments, "--json"])
    assert ended.exit_code == code, ended.output
    return json.loads(ended.stdout)


def resync(*more: str) -> Any:
    return replay("resync", TARGET, "--flow", FLOW, "--rate", "100", "--yes", "--why", "restored", *more)


def writes(running: Running) -> int:
    """How often the company was written to."""
    url = f"{running.companies['dallas'].url}/_sandbox/requests"
    return len(httpx.get(url, params={"path": "/update/"}).json()["items"])


def total(running: Running, number: str) -> str:
    (row,) = running.companies["dallas"].state("orders", CoNum=number)
    return str(row["Price"])


def of_unknown_item(tables: Tables) -> None:
    tables["order_details"][0]["product_reference"] = "NO-SUCH"
    tables["orders"][0]["associations"]["order_rows"][0]["product_reference"] = "NO-SUCH"


def applied(*numbers: int) -> dict[tuple[str, str], str]:
    return {(event_of("1", number), TARGET): "applied" for number in numbers}


def test_a_resync_writes_what_the_target_has_lost_or_altered_and_a_second_one_nothing(running: Running) -> None:
    dallas = running.companies["dallas"]
    running.send(*(placed("1", number) for number in (41, 42, 43, 45)), placed("1", 44, of_unknown_item))
    held = {(event_of("1", 44), TARGET): "held"}
    running.settled(applied(41, 42, 43, 45) | held)
    before = total(running, "PS00000042")
    dallas.act("delete-order", CoNum="PS00000041")
    dallas.act("delete-order", CoNum="PS00000045")
    ship(running, 45)
    dallas.act("change-order-line", CoNum="PS00000042", CoLine=1, Price="11.11")
    assert total(running, "PS00000042") != before

    first = resync()
    assert first["ends"] == {f"applied {TARGET}": 2, f"unchanged {TARGET}": 1}
    assert first["left"] == {
        "an event of it is held": 1,
        "it was shipped, invoiced, completed or cancelled there": 1,
    }
    assert sorted(running.booked("dallas")) == ["PS00000041", "PS00000042", "PS00000043"]
    assert total(running, "PS00000042") == before

    written = writes(running)
    second = resync()
    assert second["ends"] == {f"unchanged {TARGET}": 3}
    assert writes(running) == written
    fates = running.fates()
    assert {key: state for key, state in fates.items() if not run_of(key[0])} == applied(41, 42, 43, 45) | held
    audit = CliRunner().invoke(app, ["audit", "list", "--json"])
    assert [each["what"] for each in json.loads(audit.stdout)] == ["replay resync", "replay end"] * 2

    forget(running, "PS00000042")
    shown = replay("rebuild-xref", "--flow", FLOW, "--from-target", code=1)
    assert (shown["missing"], shown["conflicts"]) == ({"order": 1}, [])
    replay("rebuild-xref", "--flow", FLOW, "--yes", "--why", "a link was lost")
    assert replay("rebuild-xref", "--flow", FLOW, "--from-target")["missing"] == {}


def ship(running: Running, number: int) -> None:
    """The log has a shipment of the company for this order; nobody asks what is in it."""
    headers = [("ce_source", TARGET.encode()), ("flow", FLOW.encode())]
    client = producer(running.settings)
    key = canonical_id("prestashop", "1", "order", str(number)).encode()
    client.produce(running.settings.topic("canonical.shipment"), key=key, value=b"-", headers=headers)
    client.flush()


def forget(running: Running, number: str) -> None:
    """Takes an order of the company out of the cross-reference, both directions."""
    order = canonical_id("prestashop", "1", "order", number.removeprefix("PS").lstrip("0"))
    client = producer(running.settings)
    for record in unlink_records(Link("order", order, "infor", "DALS", number, datetime.now(UTC))):
        client.produce(running.settings.topic(record.topic), key=record.key, value=None)
    client.flush()


def test_a_corrected_table_shows_in_a_dry_run_and_is_written_again_with_fates_of_its_own(
    running: Running, tmp_path: Path
) -> None:
    running.send(placed("1", 41), placed("2", 42), placed("1", 43, of_unknown_item))
    known = {(event_of("1", 41), TARGET): "applied", (event_of("2", 42), TARGET): "applied"}
    running.settled(known | {(event_of("1", 43), TARGET): "held"})
    assert replay("dry-run", "--flow", FLOW)["versions"] == {"same": 3}

    table = tmp_path / FLOW / "tables" / "payment-methods.yaml"
    table.write_text(table.read_text().replace("ps_wirepayment: bank-transfer", "ps_wirepayment: other"))
    shown = replay("dry-run", "--flow", FLOW, "--shop", "1", code=1)
    assert shown["versions"] == {"differs": 2}
    assert [(each["field"], each["documents"]) for each in shown["fields"]] == [("payment_method", 2)]

    sent = replay("canonical", "--flow", FLOW, "--key", "PS1-41", "--key", "1:43", "--yes", "--why", "table corrected")
    assert sent["ends"].keys() <= {f"applied {TARGET}", f"unchanged {TARGET}", f"held {TARGET}"}
    assert sent["ends"][f"held {TARGET}"] == 1
    fates = running.fates()
    assert fates[event_of("1", 43), TARGET] == "superseded", "the hold of the wrong record gives way to the new one's"
    assert fates[f"{event_of('1', 43)}~{sent['run']}", TARGET] == "held"
    assert fates[event_of("1", 41), TARGET] == "applied"
    assert sorted(running.booked("dallas")) == ["PD00000042", "PS00000041"]
    assert replay("dry-run", "--flow", FLOW, "--shop", "1")["versions"] == {"same": 2}
    again = replay("canonical", "--flow", FLOW, "--shop", "1", "--yes", "--why", "once more")
    assert again["ends"] == {}


def test_a_run_killed_in_the_middle_is_resumed_behind_live_traffic_and_doubles_nothing(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = range(41, 53)
    running.send(*(placed("1", number) for number in numbers))
    running.settled(applied(*numbers))
    running.companies["dallas"].act("delete-order", CoNum="PS00000052")
    arguments = ("resync", TARGET, "--flow", FLOW, "--rate", "4", "--yes", "--why", "restored")
    argv = [sys.executable, "-m", "tests.integration.replay_worker", str(tmp_path), *arguments]
    process = subprocess.Popen(argv, env=dict(running.env), cwd=ROOT, stderr=subprocess.PIPE)
    try:
        until(lambda: len(replayed(running)) >= 2)
    finally:
        process.kill()
    assert process.stderr is not None
    found = re.search(r"run (\S+):", process.stderr.read().decode())
    process.wait(30)
    assert found is not None
    run = found[1]
    answered = len(replayed(running))
    assert answered < len(numbers)

    monkeypatch.setattr(runs, "DEAD_SECONDS", 0.0)
    refused = CliRunner().invoke(app, ["replay", *arguments])
    assert refused.exit_code == 1
    assert f"--resume {run}" in refused.output

    running.send(placed("1", 60))
    ended = replay("resync", TARGET, "--rate", "100", "--resume", run)
    assert sum(ended["ends"].values()) + sum(ended["left"].values()) >= len(numbers)
    until(lambda: (event_of("1", 60), TARGET) in running.fates())
    until(lambda: len(replayed(running)) >= len(numbers))
    fates = {event: state for event, state in replayed(running).items() if run_of(event) == run}
    assert fates.keys() >= {f"{event_of('1', number)}~{run}" for number in numbers}
    assert set(fates.values()) == {"applied", "unchanged"}
    assert sorted(running.booked("dallas")) == [f"PS000000{number}" for number in (*numbers, 60)]
    assert replay("runs") == []


def replayed(running: Running) -> dict[str, str]:
    """Fates of what a replay has sent."""
    return {event: state for (event, _), state in running.fates().items() if run_of(event)}


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
