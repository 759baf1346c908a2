"""Sends webhooks: attempts, retries, dead deliveries and disabled subscriptions (systems/clarity.md 4)."""

import asyncio
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import aiohttp
import orjson
import structlog

from penstock.connectors.clarity.sandbox.events import Planned
from penstock.connectors.clarity.sandbox.options import Options
from penstock.connectors.clarity.sandbox.signing import signature
from penstock.connectors.clarity.sandbox.store import Doc, Store
from penstock.sandbox.engine import Sandbox
from penstock.sandbox.storage import Row

log = structlog.get_logger()

RETRY_SECONDS = (0, 5, 300, 1800, 7200, 18_000, 36_000, 36_000)
DISABLED_AFTER_SECONDS = 3 * 86_400
TIMEOUT_SECONDS = 5.0
SENDING_AT_ONCE = 32
OPEN = frozenset({"pending", "retrying"})


@dataclass(slots=True)
class Sender:
    """Works on stored deliveries, so that what a kill interrupted goes on (`resume`). `now`: epoch seconds."""

    sandbox: Sandbox
    store: Store
    options: Options
    now: Callable[[], float]
    _session: aiohttp.ClientSession | None = None
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SENDING_AT_ONCE))
    _timers: dict[int, asyncio.TimerHandle] = field(default_factory=dict)
    _running: set[int] = field(default_factory=set)
    _held: list[int] = field(default_factory=list)

    def start(self, planned: Iterable[Planned]) -> None:
        """Send what has just happened. One that is out of order waits until something later has gone out."""
        ready: list[int] = []
        for one in planned:
            match one.fate.mode:
                case "late":
                    self._later(one.id, one.fate.seconds)
                case "out-of-order":
                    self._held.append(one.id)
                    self._later(one.id, one.fate.seconds)
                case _:
                    ready.append(one.id)
        if ready and self._held:
            held, self._held = self._held, []
            self.sandbox.background(self._overtake(ready, held))
        else:
            for number in ready:
                self.sandbox.background(self.attempt(number))

    async def resume(self) -> None:
        """Take up the deliveries that are still open."""
        sql = "SELECT id, next_at FROM deliveries WHERE status IN ('pending', 'retrying')"
        for row in self.store.storage.query(sql):
            self._later(row["id"], max(0.0, row["next_at"] - self.now()))

    async def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        if self._session is not None:
            await self._session.close()

    async def attempt(self, number: int, *, again: bool = False) -> None:
        """One attempt of an open delivery, or of any when it is sent `again` on request."""
        if number in self._running:
            return
        self._running.add(number)
        try:
            await self._attempt(number, again=again)
        finally:
            self._running.discard(number)

    async def _attempt(self, number: int, *, again: bool) -> None:
        timer = self._timers.pop(number, None)
        if timer is not None:
            timer.cancel()
        [delivery] = self.store.rows("deliveries", "body, payload, tries, wrong, age", id=number)
        doc = orjson.loads(delivery["body"])
        webhooks = self.store.rows("webhooks", "body, secrets, active", id=doc["webhookId"])
        if not (again or doc["status"] in OPEN):
            return
        if not webhooks or not (webhooks[0]["active"] or again):
            self._end(number, "dead")
            return
        key = str(uuid.uuid4())
        status, error = await self._post(webhooks[0], delivery, doc, key)
        made = {"id": key, "at": self.store.clock.utc_stamp(), "status": status, "error": error}
        with self.store.storage.transaction():
            self._booked(number, made)

    def _booked(self, number: int, made: Doc) -> None:
        """Write down an attempt and what follows from it."""
        [row] = self.store.rows("deliveries", "body, tries, once", id=number)
        doc = orjson.loads(row["body"])
        doc["attempts"] = [*doc["attempts"], made]
        tries = row["tries"] + 1
        ok = made["status"] is not None and 200 <= made["status"] < 300
        retry_in = None
        if ok:
            doc["status"] = "delivered"
        elif doc["status"] in OPEN:
            if row["once"] or tries >= len(RETRY_SECONDS) or made["status"] == 410:
                doc["status"] = "dead"
            else:
                doc["status"] = "retrying"
                retry_in = RETRY_SECONDS[tries] / self.options.time_scale
        self.store.save("deliveries", doc, tries=tries, next_at=self.now() + (retry_in or 0))
        self._judge(doc["webhookId"], made["status"], ok=ok)
        if retry_in is not None:
            self._later(number, retry_in)

    def _judge(self, number: int, status: int | None, *, ok: bool) -> None:
        """Disable a subscription that is gone (410) or has failed for three days on end."""
        rows = self.store.rows("webhooks", "body, failing_since", id=number)
        if not rows:
            return
        webhook, since = orjson.loads(rows[0]["body"]), rows[0]["failing_since"]
        now = self.store.clock.utc().timestamp()
        reason = None
        if status == 410:
            reason = "the endpoint answered 410"
        elif not ok and since is not None and now - since >= DISABLED_AFTER_SECONDS / self.options.time_scale:
            reason = "only failures for three days"
        if reason is not None and webhook["active"]:
            webhook.update(active=False, disabledReason=reason)
            log.warning("webhook disabled", webhook=number, reason=reason)
        self.store.save("webhooks", webhook, failing_since=None if ok else since or now)

    def _end(self, number: int, status: str) -> None:
        doc = self.store.need("deliveries", number)
        doc["status"] = status
        self.store.save("deliveries", doc)

    def _later(self, number: int, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._timers[number] = loop.call_later(seconds, self._due, number)

    def _due(self, number: int) -> None:
        self._timers.pop(number, None)
        if number in self._held:
            self._held.remove(number)
        self.sandbox.background(self.attempt(number))

    async def _overtake(self, first: list[int], then: list[int]) -> None:
        for numbers in (first, then):
            await asyncio.gather(*(self.attempt(number) for number in numbers))

    async def _post(self, webhook: Row, delivery: Row, doc: Doc, key: str) -> tuple[int | None, str | None]:
        """(status, error). Redirects are not followed: they are failures."""
        options, payload = self.options, delivery["payload"]
        timestamp = int(self.store.clock.utc().timestamp() - delivery["age"])
        wrong = delivery["tries"] < delivery["wrong"]
        secrets = ["not-the-secret"] if wrong else orjson.loads(webhook["secrets"])
        signed = signature(
            secrets, timestamp, payload, options.signature_encoding, timestamped=options.signature_timestamp
        )
        headers = {
            "Content-Type": "application/json",
            "X-Clarity-Event": doc["type"],
            "X-Clarity-Event-Id": doc["eventId"],
            "X-Clarity-Delivery": key,
            "X-Clarity-Timestamp": str(timestamp),
            options.signature_header: signed,
        }
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS))
        url = orjson.loads(webhook["body"])["url"]
        try:
            async with (
                self._slots,
                self._session.post(url, data=payload, headers=headers, allow_redirects=False) as reply,
            ):
                await reply.read()
                return reply.status, None
        except (aiohttp.ClientError, TimeoutError) as failure:
            log.warning("webhook not delivered", webhook=doc["webhookId"], error=type(failure).__name__)
            return None, type(failure).__name__
