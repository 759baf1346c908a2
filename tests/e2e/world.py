"""A whole stack under test: the shop, the ERP, the log between them, and what the tests ask of it."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import httpx
import orjson

from penstock.cli.logview import LogView, body, header
from penstock.cli.sandbox_api import Row, SandboxApi
from penstock.cli.stack import PENSTOCK, Stack
from penstock.cli.supervise import Supervisor
from penstock.cli.waiting import Entry, entries
from penstock.connectors.prestashop.sandbox.hooks import SIGNATURE_HEADER, signature
from penstock.log.fates import Fate, collapse
from penstock.log.kafka import KafkaSettings, producer
from penstock.log.scan import Record

T = TypeVar("T")
SHOP_KEY = "SANDBOXKEY0SANDBOXKEY0SANDBOXKEY"
WEBHOOK_KEY = "sandbox-webhook-secret"
SKU, OTHER_SKU = "POT-BRS", "DVT-LIN"
"""Items that both systems know."""
PATIENCE = 60.0


class World:
    """One stack. Orders are placed by one test at a time, so that the next order's number is known beforehand."""

    def __init__(self, stack: Stack, supervisor: Supervisor) -> None:
        self.stack, self.supervisor = stack, supervisor
        self.shop, self.erp = SandboxApi(stack.sandboxes["prestashop"]), SandboxApi(stack.sandboxes["infor"])
        self.settings = KafkaSettings(bootstrap=stack.bootstrap)
        self.log = LogView(self.settings)
        self._producer = producer(self.settings)
        self.http = httpx.Client(timeout=30, trust_env=False)
        self._guests = itertools.count(1)

    def close(self) -> None:
        for each in (self.shop, self.erp, self.http):
            each.close()

    # --- waiting

    def until(self, look: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
        """What `look` gives once it is true; fails with `what` after `seconds`."""
        deadline = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
            time.sleep(0.1)
        return found

    # --- the shop

    def next_number(self) -> int:
        return max((int(row["id"]) for row in self.shop.state("orders")), default=0) + 1

    def place(self, **wish: Any) -> str:
        """Places an order (of two known items, paid by card, unless `wish` says otherwise); our reference of it."""
        plain = {"lines": [{"sku": SKU, "quantity": 2}, {"sku": OTHER_SKU}], "payment": "ps_checkout", "country": "FR"}
        return f"PS1-{self.shop.act('place-order', plain | wish)['id']}"

    def guest(self) -> str:
        """An e-mail that nobody had before."""
        return f"guest{next(self._guests)}.faults@mail.example"

    def shop_order(self, ref: str) -> Row:
        (row,) = self.shop.state("orders", id=number_of(ref))
        return row

    def states(self, ref: str) -> list[int]:
        """The states in the order's history, the oldest first."""
        rows = self.shop.state("order_histories", id_order=number_of(ref))
        return [int(row["id_order_state"]) for row in sorted(rows, key=lambda row: int(row["id"]))]

    def webservice(self, method: str, path: str, node: str, **fields: object) -> None:
        """Writes to the shop as another module would."""
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        url = f"{self.shop.url}/api/{path}"
        document = f"<prestashop><{node}>{inner}</{node}></prestashop>"
        self.http.request(method, url, content=document, auth=(SHOP_KEY, "")).raise_for_status()

    def add_to_shop(self, resource: str, node: str, fields: str) -> int:
        """Number of a new object; `fields` is XML."""
        url = f"{self.shop.url}/api/{resource}?output_format=JSON"
        document = f"<prestashop><{node}>{fields}</{node}></prestashop>"
        answer = self.http.post(url, content=document, auth=(SHOP_KEY, "")).raise_for_status()
        return next(int(row["id"]) for name, row in answer.json().items() if name != "errors")

    def webhook(self, content: bytes, sign: str | None = None) -> httpx.Response:
        """Posts to ingress as the shop module does; `sign` replaces the right signature, empty leaves it out."""
        said = signature(WEBHOOK_KEY, content) if sign is None else sign
        headers = {SIGNATURE_HEADER: said} if said else {}
        return self.http.post(f"{self.stack.ingress_url}/webhooks/prestashop/1", content=content, headers=headers)

    # --- the ERP

    def erp_order(self, ref: str) -> Row | None:
        rows = self.erp.state("orders", ExternalConfirmationRef=ref)
        assert len(rows) <= 1, f"{ref} is in the ERP {len(rows)} times"
        return rows[0] if rows else None

    def booked(self, ref: str) -> Row:
        """Waits until the ERP has the order once, complete and released, with the shop's total."""
        total = Decimal(self.shop_order(ref)["total_paid_tax_incl"])

        def whole() -> Row | None:
            row = self.erp_order(ref)
            return row if row and row["Stat"] == "O" and Decimal(row["Price"]) == total else None

        found = self.until(whole, f"{ref} booked with {total}; the ERP has {self._shown(ref)}")
        ordered = sum(Decimal(row["QtyOrdered"]) for row in self.erp.state("lines", CoNum=found["CoNum"]))
        wanted = self.shop.state("order_details", id_order=number_of(ref))
        assert ordered == sum(Decimal(row["product_quantity"]) for row in wanted)
        return found

    def _shown(self, ref: str) -> object:
        row = self.erp_order(ref)
        return row and {name: row[name] for name in ("CoNum", "Stat", "Price")}

    # --- the log

    def holds(self, ref: str) -> list[Entry]:
        return [entry for entry in entries(self.log, "hold") if number_of(ref) == order_number(entry.data["event_id"])]

    def held(self, ref: str) -> Entry:
        """Waits until the newest version of the order is held."""
        return self.until(lambda: self.holds(ref), f"{ref} held; the ERP has {self._shown(ref)}")[-1]

    def letters(self, stage: str) -> list[Record]:
        return list(self.log.records(f"dlq.{stage}"))

    def dead_letter(self, stage: str, choose: Callable[[Record], bool]) -> Record:
        def found() -> Record | None:
            return next((letter for letter in self.letters(stage) if choose(letter)), None)

        letter = self.until(found, f"a dead letter of {stage}")
        assert letter is not None
        return letter

    def all_fates(self) -> list[Fate]:
        """Of every event, as they hold now."""
        records = self.log.records("fate")
        return list(collapse(Fate.decode(record.key or b"", record.value or b"") for record in records).values())

    def fates(self, ref: str) -> list[Fate]:
        """Fates of the events of an order, as they hold now."""
        return [fate for fate in self.all_fates() if order_number(fate.event_id) == number_of(ref)]

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
    return parts[3] if parts[:3:2] == ["prestashop", "order"] else None


def reasons(letters: Sequence[Record]) -> list[str]:
    return [header(letter, "dlq-error") for letter in letters]
