"""Our shop module: turns PrestaShop's hooks into signed webhooks (systems/prestashop.md 8, the proposal).

At most once, as a shop hook is: one attempt, 3 s, no repeat. Sending never blocks what caused it.
"""

import asyncio
import hashlib
import hmac
import uuid
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
import orjson
import structlog

from penstock.connectors.prestashop.sandbox.options import Options
from penstock.sandbox.engine import Sandbox
from penstock.sandbox.storage import Row

log = structlog.get_logger()

SIGNATURE_HEADER = "X-PrestaShop-Signature"
TIMEOUT_SECONDS = 3.0
SENDING_AT_ONCE = 32
FAULT_KINDS = ("webhook_lost", "webhook_duplicate", "webhook_late")

Mode = Literal["normal", "lost", "duplicate", "late"]


@dataclass(slots=True)
class Event:
    """One thing that happened, before it is sent."""

    name: str
    resource: str
    resource_id: int


@dataclass(slots=True)
class Hooks:
    """Collects events while a request or action works; `flush` sends them once it has succeeded or failed."""

    sandbox: Sandbox
    options: Options
    pending: dict[tuple[str, str, int], Event] = field(default_factory=dict)
    _session: aiohttp.ClientSession | None = None
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SENDING_AT_ONCE))

    def saved(self, resource: str, row: Row, *, created: bool) -> None:
        """actionObject{Class}{Add,Update}After of the classes that the module listens to."""
        match resource:
            case "orders":
                self.fire("order.created" if created else "order.updated", "orders", row["id"])
            case "order_carriers" | "order_details":
                self.fire("order.updated", "orders", row["id_order"])
            case "order_payments":
                sql = "SELECT id FROM orders WHERE reference = ?"
                for order in self.sandbox.storage.query(sql, (row["order_reference"],)):
                    self.fire("order.updated", "orders", order["id"])
            case "order_slip":
                self.fire("order.updated", "orders", row["id_order"])
                self.fire("order_slip.created" if created else "order_slip.updated", "order_slip", row["id"])
            case "customers":
                self.fire("customer.updated", "customers", row["id"])
            case "addresses" if row["id_customer"]:
                self.fire("customer.updated", "customers", row["id_customer"])
            case "products":
                self.fire("product.updated", "products", row["id"])
            case "combinations":
                self.fire("product.updated", "products", row["id_product"])
            case "stock_availables":
                self.fire("stock.updated", "stock_availables", row["id"])

    def fire(self, name: str, resource: str, number: int) -> None:
        """The same event twice within one request is one; a creation or state change covers a plain update."""
        if number:
            self.pending[(name, resource, number)] = Event(name, resource, number)

    def flush(self, mode: Mode = "normal", late_seconds: float = 5.0) -> None:
        """Send what was collected. `mode` is applied to the order's own events."""
        events, self.pending = list(self.pending.values()), {}
        wanted = self.options.webhook_events
        richer = {event.resource_id for event in events if event.name in {"order.created", "order.status_updated"}}
        for event in events:
            if (event.name == "order.updated" and event.resource_id in richer) or (
                wanted is not None and event.name not in wanted
            ):
                continue
            self._send(event, mode if event.resource == "orders" else "normal", late_seconds)

    def discard(self) -> None:
        self.pending = {}

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _send(self, event: Event, mode: Mode, late_seconds: float) -> None:
        if self.options.webhook_url is None:
            return
        stamp = self.sandbox.clock.utc_stamp()
        key = str(uuid.uuid4())
        body = orjson.dumps(
            {
                "event": event.name,
                "id": key,
                "occurred_at": stamp,
                "shop_id": self.options.shop_id,
                "resource": event.resource,
                "resource_id": event.resource_id,
            }
        )
        fault = self.sandbox.faults.take(
            FAULT_KINDS, "POST", f"{event.name}/{event.resource}/{event.resource_id}", body.decode()
        )
        if fault is not None:
            mode, late_seconds = _mode_of(fault.kind), fault.seconds
        number = self.sandbox.storage.insert(
            "webhooks",
            {
                "uuid": key,
                "event": event.name,
                "resource": event.resource,
                "resource_id": event.resource_id,
                "occurred_at": stamp,
                "mode": mode,
                "done": int(mode == "lost"),
            },
        )
        if mode != "lost":
            times = 2 if mode == "duplicate" else 1
            self.sandbox.background(self._deliver(number, body, times, late_seconds if mode == "late" else 0.0))

    async def _deliver(self, number: int, body: bytes, times: int, wait: float) -> None:
        if wait:
            await asyncio.sleep(wait)
        status, error = None, None
        for _ in range(times):
            try:
                status = await self._post(body)
            except (aiohttp.ClientError, TimeoutError) as failure:
                error = f"{type(failure).__name__}: {failure}"
                log.warning("webhook not delivered", webhook=number, error=error)
        self.sandbox.storage.update("webhooks", "id", number, {"status": status, "error": error, "done": 1})

    async def _post(self, body: bytes) -> int:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS))
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature(self.options.webhook_keys[0], body)}
        url = str(self.options.webhook_url)
        async with self._slots, self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            return answer.status


def signature(key: str, body: bytes) -> str:
    """`sha256=<hex HMAC-SHA256 of the raw body>`."""
    return f"sha256={hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}"


def _mode_of(kind: str) -> Mode:
    match kind:
        case "webhook_lost":
            return "lost"
        case "webhook_duplicate":
            return "duplicate"
    return "late"
