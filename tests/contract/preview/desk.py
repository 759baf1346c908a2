"""A sink at its sandbox in this process: a record is previewed, then applied, and both are compared."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import UNTOLD, Crossing, CustomerRequest, Handler, Hold, Link, Lookup, Notice, Sink
from penstock.connectors.registry import connector
from penstock.connectors.rehearsal import Write
from penstock.log.headers import Position
from penstock.sinks.health import Health
from penstock.sinks.model import CUSTOMER_REQUEST, Effect, Item
from penstock.sinks.preview import Preview, Surroundings, preview
from penstock.sinks.progress import Finished
from penstock.sinks.protocol import EffectProtocol
from penstock.sinks.rehearsal import Rehearsal

HOST = "http://sandbox"
SEED = 7
READS = {
    "infor": re.compile(r"^GET |^POST .*(token\.oauth2|/invoke/)"),
    "sage100": re.compile(r"^GET |^POST .*(/SY/Token|/Preview)$"),
    "clarity": re.compile(r"^GET |^POST /oauth/token"),
    "prestashop": re.compile(r"^(GET|HEAD) "),
}
"""What the sandbox's own list of requests may hold after a preview, written from the systems' facts."""


class Recording(httpx.AsyncBaseTransport):
    """The wire to the sandbox; `writes` are those that really left."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self.writes: list[Write] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.extensions.get("write", True):
            self.writes.append(Write.of(request))
        return await self._inner.handle_async_request(request)


@dataclass
class Links:
    """The cross-reference."""

    known: dict[tuple[str, str], str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def xref(self, entity: str, canonical_id: str) -> Crossing | None:
        if (found := self.known.get((entity, canonical_id))) is not None:
            return Crossing(found)
        reason = self.refused.get(canonical_id) if entity == "customer" else None
        return Crossing(None, refused=reason) if reason else None

    def canonical_of(self, entity: str, native_id: str, *, system: str, instance: str) -> str | None:
        return None

    def native_in(self, entity: str, canonical_id: str, *, system: str, instance: str) -> str | None:
        return None

    def unbooked(self, sku: str) -> Decimal:
        return Decimal(0)

    def seen(self, native_id: str) -> bool:
        return True


class Book:
    """State and journal of the effects that really happen."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._effects: dict[tuple[str, str], Effect] = {}
        self.request: CustomerRequest | None = None

    def effect_of(self, item: Item) -> Effect | None:
        return self._effects.get((item.entity, item.canonical_id))

    def newer_entry(self, item: Item) -> bool:
        return False

    def epoch(self, partition: int) -> int:
        return 0

    def lookup(self, item: Item) -> Lookup:
        return self._links

    async def effect(self, item: Item, effect: Effect) -> None:
        self._effects[item.entity, item.canonical_id] = effect

    async def intent(self, item: Item, effect: Effect) -> None:
        await self.effect(item, effect)

    async def links(self, item: Item, links: list[Link]) -> None:
        self._links.known |= {(link.entity, link.canonical_id): link.native_id for link in links}

    async def refuse_customer(self, item: Item, reason: str) -> None:
        self._links.refused[str(item.record["customer_id"])] = reason

    async def request_customer(self, item: Item, request: CustomerRequest) -> None:
        self.request = request

    async def fate(self, item: Item, state: str, reason: str, native_id: str | None = None) -> None: ...

    async def hold(self, item: Item, held: Hold) -> str:
        return "new"

    async def tell(self, item: Item, notice: Notice, rule: str = "") -> None: ...

    async def left(self, item: Item, fields: list[str], why: str) -> None: ...

    async def settle_older(self, item: Item) -> None: ...

    async def close_entries(self, item: Item) -> None: ...


class _View:
    def __init__(self, book: Book) -> None:
        self.effect = book.effect_of
        self.newer_entry, self.epoch, self.lookup = book.newer_entry, book.epoch, book.lookup


class Desk:
    """One target. `give` a record; the payload is what the from-canonical mapping would make of it."""

    def __init__(self, system: str, settings: Any, options: Mapping[str, Any]) -> None:
        self.system = system
        self.settings = settings
        module = importlib.import_module(f"penstock.connectors.{system}.sandbox")
        self.app = module.create(None, SEED, dict(options))
        self.wire = Recording(self.app)
        self.links = Links()
        self.book = Book(self.links)
        self.seen: Counter[str] = Counter()
        self._payloads: dict[str, Mapping[str, Any]] = {}
        self._policies: dict[str, Mapping[str, Any]] = {}
        self._given = 0
        self._sink = self._make(self.wire)
        self._protocol = EffectProtocol(
            self._sink,
            _View(self.book),
            self.book,
            Health(system, _no_alert),
            payload_of=self._payload,
            options={"notify_customers": True},
            shadow=False,
            now=lambda: datetime.now(UTC).isoformat(),
            policies_of=self._policies_for,
        )

    async def act(self, action: str, **given: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.app.sandbox.actions[action](given)
        await self.app.sandbox.settle()
        return made

    async def close(self) -> None:
        await self._sink.close()
        await self.app.sandbox.settle()
        self.app.sandbox.storage.close()

    async def give(
        self,
        entity: str,
        record: Mapping[str, Any],
        payload: Mapping[str, Any],
        *,
        released: str = "",
        **policies: Any,
    ) -> None:
        """One case. Fails where the preview is not what then happens."""
        self._given += 1
        event = f"event-{self._given}"
        self._payloads[event] = payload
        self._policies[event] = policies
        item = Item(
            topic=f"canonical.{entity}",
            partition=0,
            offset=self._given,
            key=b"k",
            value=b"",
            headers={"released": released} if released else {},
            entity=entity,
            record=record,
            canonical_id=record["id"],
            event_id=event,
            position=Position("raw", 0, self._given),
            flow="test",
            order_id=record.get("order_id"),
            document=str(record.get("reference") or event),
        )
        requests = self.app.sandbox.requests
        before = len(requests)
        told = await self.preview(item)
        asked = [f"{each['method']} {each['path']}" for each in list(requests)[before:]]
        wrote = [line for line in asked if not READS[self.system].search(line)]
        assert not wrote, f"the preview itself wrote: {wrote}"

        before, self.wire.writes = len(requests), []
        ending = await self.apply(item)
        received = [f"{each['method']} {each['path']}" for each in list(requests)[before:]]
        received = [line for line in received if not READS[self.system].search(line)]
        assert received == [f"{write.method} {write.path}" for write in self.wire.writes]
        compare(told, self.wire.writes, ending)
        self.seen[f"{entity}: {told.fate}"] += 1
        self.seen["requests compared"] += len(self.wire.writes)
        self.seen["cases with a step that depends on answers"] += any(step.untold for step in told.steps)

    async def preview(self, item: Item) -> Preview:
        rehearsal = Rehearsal(self._make, self.wire)
        around = Surroundings(
            effect_of=self.book.effect_of,
            lookup_of=self.book.lookup,
            payload_of=self._payload,
            request_item=self._request_item,
            policies_of=self._policies_for,
            options={"notify_customers": True},
        )
        return await preview(item, rehearsal, around)

    async def apply(self, item: Item) -> str:
        """As the sink does, the customer lane first when it is asked for; the fate, or `waiting`."""
        self.book.request = None
        ending = await self._protocol.run(item)
        if self.book.request is not None:
            await self._protocol.run(self._request_item(item, self.book.request))
            ending = await self._protocol.run(item)
        return ending.state if isinstance(ending, Finished) else "waiting"

    def _make(self, transport: httpx.AsyncBaseTransport) -> Sink:
        return connector(self.system).sink(self.settings, Budget(BudgetSettings()), transport=transport)

    def _payload(self, item: Item, handler: Handler, _lookup: Lookup) -> Mapping[str, Any]:
        return item.record if handler.mapping is None else self._payloads[item.event_id]

    def _policies_for(self, item: Item) -> Mapping[str, Any]:
        return self._policies.get(item.event_id, {})

    def _request_item(self, item: Item, request: CustomerRequest) -> Item:
        body = {**request.body, "customer_id": request.customer_id, "cause": item.cause}
        return Item(
            topic=CUSTOMER_REQUEST,
            partition=0,
            offset=item.offset,
            key=request.match_key.encode(),
            value=b"",
            headers={},
            entity=CUSTOMER_REQUEST,
            record=body,
            canonical_id=request.match_key,
            event_id=f"{item.event_id}>{request.customer_id}",
            position=item.position,
            flow="test",
            document=item.document,
        )


async def _no_alert(kind: str, priority: int, reason: str, seconds: float) -> None: ...


def compare(told: Preview, sent: list[Write], ending: str) -> None:
    """Request by request and byte by byte; where the preview leaves a gap, whatever stands there fits."""
    left = list(sent)
    open_end = False
    for step in told.steps:
        open_end = open_end or step.untold
        for expected in step.writes:
            assert left, f"{step.name}: foretold {expected}, and nothing more was sent"
            if open_end:
                while left and not fits(expected, left[0]):
                    left.pop(0)
                assert left, f"{step.name}: foretold {expected}, sent {sent}"
            found = left.pop(0)
            assert fits(expected, found), f"{step.name}: foretold {expected}, sent {found}"
            open_end = False
    assert open_end or not left, f"not foretold: {left}"
    if not any(step.untold for step in told.steps):
        assert told.fate == ending, f"{told.fate} was foretold ({told.reason}), it is {ending}"


def fits(expected: Write, found: Write) -> bool:
    same_kind = (expected.method, expected.headers) == (found.method, found.headers)
    return same_kind and all(
        _with_gaps(one).fullmatch(other) is not None
        for one, other in ((expected.path, found.path), (expected.query, found.query), (expected.body, found.body))
    )


def _with_gaps(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(re.escape(UNTOLD), r"[^\"<>&/]{0,400}"), re.DOTALL)
