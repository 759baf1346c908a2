"""What a connector is: a Source, a Sink, or both, described by a ConnectorSpec.

A connector sees this module, `http.py` and `budget.py`, never the log. The sink runtime (`penstock.sinks`) owns the
effect protocol; a connector only declares the steps of a write and how each is found again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Protocol

import httpx
from pydantic import BaseModel

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.records.raw import EntityRef, Part, RawDocument

# --- sources -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notification:
    """Something may have changed at the source: extraction reads the document and decides.

    `carried` holds parts that the notifier already has (a polled row), so that extraction need not read them again.
    `via` is `webhook`, `poll:<set>` or `census`; `event` is the notifier's own word for what happened.
    """

    ref: EntityRef
    via: str
    event: str = ""
    carried: Sequence[Part] = ()


@dataclass(frozen=True, slots=True)
class PollPage:
    """Notifications of one page, and the mark to store once all of them are on the log (None: unchanged)."""

    notifications: Sequence[Notification]
    mark: Mapping[str, Any] | None


class PollSet(Protocol):
    """One thing to poll. `name` is its key in `position.<system>`; `interval` is in seconds."""

    name: str
    interval: float

    def poll(self, mark: Mapping[str, Any] | None) -> AsyncIterator[PollPage]:
        """Pages since `mark` (as stored from an earlier page; None at the very first time), then ends."""
        ...


class SourceUnavailableError(Exception):
    """The source does not answer usefully now: try the same again, after `retry_after` seconds if given."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class SourceRefusedError(Exception):
    """The source answered, and asking again will not help; `parts` is what it said, for the dead letter."""

    def __init__(self, reason: str, parts: Sequence[Part] = ()) -> None:
        super().__init__(reason)
        self.parts = parts


@dataclass(frozen=True, slots=True)
class Listed:
    """One document as a listing of the system shows it.

    `native_id` is the one that `extract` takes, or that a sink reports of its writes. `reference`: our order reference
    (`PS1-41`) where the document carries one; None for a shop's own. `at`: when it was created, aware; None where the
    system does not tell. `facts` are texts, numbers as plain decimals, no personal data, only what the list shows: of
    orders `currency, total, tax, quantity, state`; of stock `sku, available` (of a shop: what it sells).
    """

    entity: str
    native_id: str
    reference: str | None = None
    at: datetime | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


class WebhookRefusedError(Exception):
    """The webhook is not accepted; answered with `status`. The reason is logged, never the body."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Source(Protocol):
    """Reads one instance of a system."""

    system: str
    instance: str
    polls: Sequence[PollSet]

    async def extract(self, ref: EntityRef, carried: Sequence[Part]) -> RawDocument | None:
        """The whole document with what it refers to; None when the source does not have it (never had or deleted).

        Secret fields are asked out or removed here. If the main row moved while its parts were read, it is read again.
        Raises SourceUnavailableError or SourceRefusedError, nothing else.
        """
        ...

    def listing(self, entity: str, since: datetime | None, until: datetime | None) -> AsyncIterator[Sequence[Listed]]:
        """Pages of the documents of `entity` (one of the spec's `lists`) that were created in [since, until).

        The bounds are aware; None is open. Each document comes once, also when documents are added and edited between
        pages. Where the system keeps less than a moment, documents may come that are just outside: those of the days
        that the window touches where it keeps a day, those of either hour where its clock repeats one; where it keeps
        nothing, all (`at` None). The calls are backfill: they give way to those that a buyer waits for.
        Raises SourceUnavailableError or SourceRefusedError (also for an entity that cannot be listed), nothing else.
        """
        ...

    def fingerprint(self, document: RawDocument) -> str:
        """Hash of the normalised content: equal when nothing that matters changed (no fetch times, no row stamps)."""
        ...

    def receive(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Sequence[Notification]:
        """Checks signature and time window of a webhook and names what it speaks of. Raises WebhookRefusedError."""
        ...

    async def check(self) -> Sequence[CheckResult]: ...

    async def close(self) -> None: ...


# --- sinks -------------------------------------------------------------------------------------------------------

StepKind = Literal["absolute", "keyed", "probe"]


@dataclass(frozen=True, slots=True)
class Link:
    """A cross-reference that became true: canonical id ⇄ native id in the target."""

    entity: str
    canonical_id: str
    native_id: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know of a write that succeeded; it becomes an alert. No personal data."""

    kind: str
    reason: str
    priority: int = 1


@dataclass(frozen=True, slots=True)
class Done:
    """A step is done (now or earlier). `reply` is a short account of the answer, without personal data.

    `kept` names fields that differ in the target and were left as they are there, because the target is their master.
    """

    native_id: str | None = None
    reply: str = ""
    links: Sequence[Link] = ()
    kept: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Exists:
    """The target refused a keyed write because the key is taken: the runtime asks `find`."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not done, and safe to send again after `after` seconds."""

    reason: str
    after: float = 1.0


@dataclass(frozen=True, slots=True)
class CustomerRequest:
    """A customer wanted in the target by an order. `body` is what the customer lane needs, personal data included."""

    match_key: str
    customer_id: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wait:
    """A precondition is not met yet. `on` names it (`customer`, `order-booked`, `paid`, `item`, …)."""

    on: str
    reason: str
    after: float = 5.0
    request: CustomerRequest | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """The target will never take this version of the document. A newer version is tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """It must not be written as things are. The reason says what, where and the remedy.

    rule: what a person waives by releasing it (see `Task.waives`). arithmetic: rows of label and amount that show the
    sum. clears_on: what can end the hold without a person (`stock`, `credit`): the record is tried again every `after`
    seconds, and when its condition may have changed; None leaves it to a person.
    """

    reason: str
    rule: str = "target"
    arithmetic: Sequence[tuple[str, str]] = ()
    clears_on: str | None = None
    after: float = 60.0


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sent, and nobody knows what became of it: the runtime waits the answer window and reads back."""

    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing to write, and that is final."""

    state: Literal["unchanged", "superseded", "not-ours", "not-routed", "gone"]
    reason: str
    native_id: str | None = None
    links: Sequence[Link] = ()
    kept: Sequence[str] = ()


StepResult = Done | Exists | Retry | Wait | Reject | Hold | Unknown

UNTOLD = "‹new›"
"""Stands in a rehearsed request for what only an answer of the target will tell."""


@dataclass(frozen=True, slots=True)
class Untold:
    """What a step will send, or whether it will send anything, only an answer to an earlier step can tell."""

    reason: str


class SendWindow(Protocol):
    """Until when a write may leave, counted on a monotonic clock from before the intent was written."""

    def check(self) -> None:
        """Raises `http.NotSentError` once the window is closed."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One write of an effect.

    absolute: may be repeated freely; `find` not needed.
    keyed: the target enforces a key that we chose; on `Exists` and after an unknown outcome `find` reads it back.
    probe: no such key; `find` looks before and after every send.
    `find` returns Done when the write is there and agrees (customer, currency, total …), None when it is not there,
    Hold when something is there that is not ours or differs.
    `rehearse` takes the place of `find` and `send` in a preview, once an earlier write was kept back: for a step that
    works with an earlier one's answer, or reads what it wrote. It sends the same request with UNTOLD in the gaps.
    """

    name: str
    kind: StepKind
    send: Callable[[SendWindow], Awaitable[StepResult]]
    find: Callable[[], Awaitable[Done | Hold | Retry | None]] | None = None
    rehearse: Callable[[SendWindow], Awaitable[StepResult | Untold]] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of an effect, in order. Planning again after some steps were done must give a plan that resumes.

    `native_id` names the document in the target where it is known before the first step (a key that we choose).
    `notices` are told once all steps are done, also when a lost reply or a kill leaves them to a later plan to find,
    which has none of its own.
    """

    steps: Sequence[Step]
    native_id: str | None = None
    notices: Sequence[Notice] = ()


Decision = Plan | Settled | Retry | Wait | Reject | Hold


@dataclass(frozen=True, slots=True)
class Crossing:
    """What the cross-reference says of one canonical id in the target."""

    native_id: str | None
    refused: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What was last applied for this document: never payloads, only ids and hashes."""

    native_id: str | None
    payload_hash: str
    event_id: str


class Lookup(Protocol):
    """What a handler may ask the log."""

    def xref(self, entity: str, canonical_id: str) -> Crossing | None:
        """The target's native id of a canonical id."""
        ...

    def canonical_of(self, entity: str, native_id: str, *, system: str, instance: str) -> str | None:
        """The canonical id behind a native id of any system."""
        ...

    def native_in(self, entity: str, canonical_id: str, *, system: str, instance: str) -> str | None:
        """The native id of a canonical id in a system other than the target."""
        ...

    def unbooked(self, sku: str) -> Decimal:
        """Quantity of the shop's `sku` in orders that this record's stock figure may not hold yet; held ones too."""
        ...

    def seen(self, native_id: str) -> bool:
        """Is the shop's order `native_id` on the log already?"""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """One canonical record to apply.

    record: the canonical record (see schemas/avro); payload: what the from-canonical mapping made of it.
    previous: what was applied last, None when nothing was. options: flow options such as `notify_customers`.
    resuming: an earlier attempt may have written some of it: find before sending.
    policies: the flow's policies as they are for this record, by dotted name (docs/flow.md).
    released: rules that a person has waived for this record, `*` for all.
    not_ours: payload fields whose master is the target: written when the document is created, and then left alone.
    resync: a person wants the target compared: trust only what it shows now, and write again what it has lost.
    may_be_there: nothing of it was applied, and other hands may have entered it before penstock took over: look for it
    (penstock.rules.adoption).
    """

    entity: str
    record: Mapping[str, Any]
    payload: Mapping[str, Any]
    event_id: str
    previous: Applied | None
    lookup: Lookup
    options: Mapping[str, Any] = field(default_factory=dict)
    resuming: bool = False
    policies: Mapping[str, Any] = field(default_factory=dict)
    released: frozenset[str] = frozenset()
    not_ours: frozenset[str] = frozenset()
    resync: bool = False
    may_be_there: bool = False

    def waives(self, rule: str) -> bool:
        """Has a person released this record from the rule?"""
        return rule in self.released or "*" in self.released


class Handler(Protocol):
    """Applies one canonical entity to the target."""

    entity: str
    mapping: str | None
    """Name of the from-canonical mapping, for example `order.from-canonical`; None takes the record as it is."""
    fresh: bool
    """True when the target changes these fields by itself: an equal payload is still planned, on a fresh read."""

    async def plan(self, task: Task) -> Decision: ...


class Sink(Protocol):
    """Writes to one instance of a system. Times in seconds."""

    system: str
    instance: str
    handlers: Mapping[str, Handler]
    send_window: float
    answer_window: float

    async def check(self) -> Sequence[CheckResult]: ...

    async def close(self) -> None: ...


# --- description -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of `penstock check`: what was tried, whether it is all right, and the remedy if not."""

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the system offers."""

    webhooks: bool = False
    poll: bool = True
    search_by_reference: bool = False
    bulk: bool = False
    idempotency_key: bool = False


@dataclass(frozen=True, slots=True)
class WriteClass:
    """Class of one write, for the connector's README and the docs table."""

    canonical: str
    step: str
    kind: StepKind
    note: str = ""


class MakeSource(Protocol):
    """Makes a source of the connector's settings. All its calls go through `transport`, the network's if None."""

    def __call__(
        self, settings: Any, budget: Budget, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> Source: ...


class MakeSink(Protocol):
    """As MakeSource."""

    def __call__(self, settings: Any, budget: Budget, *, transport: httpx.AsyncBaseTransport | None = None) -> Sink: ...


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    """The typed description that the registry, docs, settings check and contract tests work from.

    reads: raw entity -> canonical entity that its to-canonical mapping makes (None: no mapping of its own).
    lists: entities that `Source.listing` lists; beside those that are read, a shop may list its `stock`.
    writes: the class of every write. open_document: raw document -> the nested dict that mappings look into (pure;
    raises ValueError naming the part that cannot be read). secret_fields never reach `rest()`. limits: what the system
    allows all callers of an instance together, unless the environment file says otherwise.
    """

    system: str
    title: str
    settings: type[BaseModel]
    capabilities: Capabilities
    reads: Mapping[str, str | None]
    writes: Sequence[WriteClass]
    source: MakeSource
    sink: MakeSink
    open_document: Callable[[RawDocument, Any], dict[str, Any]]
    secret_fields: frozenset[str]
    mappings: Path
    limits: BudgetSettings = field(default_factory=BudgetSettings)
    lists: frozenset[str] = frozenset()
