"""A whole stack under test: a shop, an ERP, the log between them, and what the tests of every flow ask of it."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import httpx
import orjson
import pytest

from penstock.cli.logview import LogView, body
from penstock.cli.sandbox_api import SandboxApi
from penstock.cli.stack import PENSTOCK, Stack
from penstock.cli.supervise import Supervisor
from penstock.cli.waiting import Entry, entries
from penstock.log.fates import Fate, collapse
from penstock.log.kafka import KafkaSettings, producer
from penstock.log.scan import Record

T = TypeVar("T")
PATIENCE = 60.0
SHOPS = ("prestashop", "clarity")


class StackWorld:
    """One stack of one flow. `ref` is our reference of a shop's order everywhere."""

    def __init__(self, stack: Stack, supervisor: Supervisor, shop: str, erp: str) -> None:
        self.stack, self.supervisor = stack, supervisor
        self.shop, self.erp = SandboxApi(stack.sandboxes[shop]), SandboxApi(stack.sandboxes[erp])
        self.settings = KafkaSettings(bootstrap=stack.bootstrap)
        self.log = LogView(self.settings)
        self._producer = producer(self.settings)
        self.http = httpx.Client(timeout=30, trust_env=False)
        self._numbers = itertools.count(1)

    def close(self) -> None:
        for each in (self.shop, self.erp, self.http):
            each.close()

    # --- waiting

    def until(self, look: Callable[[], T | None], what: str | Callable[[], str], seconds: float = PATIENCE) -> T:
        """What `look` gives once it is true; fails with `what` after `seconds`."""
        deadline = time.monotonic() + seconds
        while not (found := look()):
            if time.monotonic() > deadline:
                pytest.fail(f"not within {seconds:.0f} s: {what if isinstance(what, str) else what()}")
            time.sleep(0.1)
        return found

    # --- the shop

    def guest(self) -> str:
        """An e-mail that nobody had before."""
        return f"guest{next(self._numbers)}.faults@mail.example"

    # --- the log

    def holds(self, ref: str) -> list[Entry]:
        return [entry for entry in entries(self.log, "hold") if number_of(ref) == order_number(entry.data["event_id"])]

    def held(self, ref: str, rule: str | None = None) -> Entry:
        """Waits until the newest version of the order is held, by this rule when one is given."""

        def found() -> list[Entry]:
            return [entry for entry in self.holds(ref) if rule in {None, entry.data["on"]}]

        return self.until(found, lambda: f"{ref} held {rule or ''}; {self.shown(ref)}")[-1]

    def shown(self, ref: str) -> object:
        """What the ERP has of an order, in a few words for a test that fails."""
        raise NotImplementedError

    def letters(self, stage: str) -> list[Record]:
        return list(self.log.records(f"dlq.{stage}"))

    def dead_letter(self, stage: str, choose: Callable[[Record], bool]) -> Record:
        def found() -> Record | None:
            return next((letter for letter in self.letters(stage) if choose(letter)), None)

        letter = self.until(found, f"a dead letter of {stage}")
        assert letter is not None
        return letter

    def all_fates(self, mark: str = "") -> list[Fate]:
        """Of every event whose id holds `mark`, as they hold now."""
        records = (record for record in self.log.records("fate") if mark.encode() in (record.key or b""))
        return list(collapse(Fate.decode(record.key or b"", record.value or b"") for record in records).values())

    def fates(self, ref: str) -> list[Fate]:
        """Fates of the events of an order, as they hold now."""
        found = self.all_fates(f":order:{number_of(ref)}:")
        return [fate for fate in found if order_number(fate.event_id) == number_of(ref)]

    def publish(self, topic: str, key: str, value: bytes, headers: Mapping[str, str] | None = None) -> None:
        self._producer.produce(topic, key=key, value=value, headers=list((headers or {}).items()))
        assert self._producer.flush(30) == 0

    def alerts(self) -> Iterable[dict[str, Any]]:
        return (body(record) for record in self.log.records("alert"))

    # --- trouble, and the operator

    def trouble(self, system: SandboxApi, *faults: Mapping[str, Any]) -> None:
        """Puts these faults in place of all that are set in a sandbox."""
        answer = self.http.put(f"{system.url}/_sandbox/faults", content=orjson.dumps({"faults": list(faults)}))
        assert answer.is_success, answer.text

    def fired(self, system: SandboxApi) -> dict[str, int]:
        """How often each fault has hit, by its id."""
        return {row["id"]: row["fired"] for row in system.faults()}

    def penstock(self, *arguments: str) -> str:
        """Runs the command line as the operator does; it must succeed."""
        env = {**os.environ, **self.stack.variables()}
        command = [*PENSTOCK, *arguments, "--bootstrap", self.stack.bootstrap]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def number_of(ref: str) -> str:
    return ref.partition("-")[2]


def order_number(event_id: str) -> str | None:
    """The shop's number of the order that an event is of; None for events of other documents."""
    parts = event_id.split(":")
    return parts[3] if parts[0] in SHOPS and parts[2:3] == ["order"] else None
