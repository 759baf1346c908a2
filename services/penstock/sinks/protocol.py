"""The effect protocol for one record: guard, depend, intent, call, outcome, read-back, record (docs/adr/0004)."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from penstock.connectors.contract import (
    Applied,
    CustomerRequest,
    Decision,
    Done,
    Exists,
    Handler,
    Hold,
    Link,
    Lookup,
    Plan,
    Reject,
    Retry,
    Settled,
    Sink,
    Step,
    Task,
    Unknown,
    Wait,
)
from penstock.connectors.http import LostReplyError, NotSentError, describe
from penstock.log.headers import Position
from penstock.mapping.errors import MappingError, MissingXref
from penstock.sinks.health import Health
from penstock.sinks.model import CUSTOMER_REQUEST, Effect, Item, attempt, newer, newest_attempts, payload_hash

log = structlog.get_logger()

PATIENCE = 30.0
"""Seconds that a record may wait in memory before it is parked on the log."""
UNKNOWNS_BEFORE_A_PERSON = 6
RESUBMITS = 50


class Journal(Protocol):
    """Writes to the log, each acknowledged by the broker before it returns."""

    async def effect(self, item: Item, effect: Effect) -> None: ...
    async def links(self, links: list[Link]) -> None: ...
    async def refuse_customer(self, item: Item, reason: str) -> None: ...
    async def request_customer(self, item: Item, request: CustomerRequest) -> None: ...
    async def fate(self, item: Item, state: str, reason: str, native_id: str | None = None) -> None: ...
    async def hold(self, item: Item, rule: str, reason: str) -> None: ...
    async def settle_older(self, item: Item) -> None: ...
    async def close_entries(self, item: Item) -> None: ...


class State(Protocol):
    """What is known of the documents of the owned partitions."""

    def effect(self, item: Item) -> Effect | None: ...
    def newer_entry(self, item: Item) -> bool: ...
    def epoch(self, partition: int) -> int: ...
    def lookup(self, item: Item) -> Lookup: ...


@dataclass(frozen=True, slots=True)
class Finished:
    """The record has its fate (or, held, its entry): its offset may be committed."""

    state: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The record waits for a condition; the lane goes on."""

    on: str
    reason: str
    after: float


class Window:
    """The send window of one intent, on the monotonic clock."""

    def __init__(self, opened: float, seconds: float, clock: Callable[[], float]) -> None:
        self._until = opened + seconds
        self._clock = clock

    def check(self) -> None:
        if self._clock() >= self._until:
            raise NotSentError("the send window closed before the call could leave")


@dataclass(slots=True)
class _Progress:
    """One try of one record, over all its attempts."""

    item: Item
    handler: Handler
    payload: Mapping[str, Any]
    hash: str
    previous: Effect | None
    effect: Effect | None = None
    resuming: bool = False
    started: float = 0.0
    attempts: list[dict[str, Any]] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    native_id: str | None = None


class EffectProtocol:
    """Applies records to one target instance. Safe to run for many documents at once, one record per document."""

    def __init__(
        self,
        sink: Sink,
        state: State,
        journal: Journal,
        health: Health,
        *,
        payload_of: Callable[[Item, Handler, Lookup], Mapping[str, Any]],
        options: Mapping[str, Any],
        shadow: bool,
        now: Callable[[], str],
        answered: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sink = sink
        self._state = state
        self._journal = journal
        self._health = health
        self._payload_of = payload_of
        self._options = options
        self._shadow = shadow
        self._now = now
        self._answered = answered
        self._clock = clock

    async def run(self, item: Item) -> Finished | Waiting:
        effect = self._state.effect(item)
        # 1. guard: what is there already decides before anything is computed
        settled = await self._guard(item, effect)
        if settled is not None:
            return settled
        handler = self._sink.handlers.get(item.entity)
        if handler is None:
            return await self._finish(item, effect, "not-routed", f"{self._sink.system} takes no {item.entity}")
        try:
            payload = self._payload_of(item, handler, self._state.lookup(item))
        except MissingXref as missing:
            return Waiting("xref", str(missing), 5.0)
        except MappingError as error:
            return await self._hold(item, effect, "mapping", str(error), public=error.public)
        progress = _Progress(item, handler, payload, payload_hash(payload), effect, effect)
        if self._unchanged(progress):
            return await self._finish(item, effect, "unchanged", "the content equals what was applied", progress)
        if effect is not None and (effect.state == "intent" or effect.sent):
            # an attempt that nobody finished: whatever was under way must have ended before we look
            await self._sleep_until(effect.clear_at)
            progress.resuming = True
        progress.started = self._clock()
        return await self._attempts(progress)

    async def _guard(self, item: Item, effect: Effect | None) -> Finished | None:
        # requests of several orders share a match key: none is a newer version of another
        versioned = item.entity != CUSTOMER_REQUEST
        if versioned:
            await self._journal.settle_older(item)
            if self._state.newer_entry(item):
                return await self._finish(item, effect, "superseded", "a newer version of the document waits")
        if effect is None or effect.applied_position is None:
            return None
        if effect.applied_event == item.event_id and effect.state == "applied":
            # redelivered: the effect is there, its xref and fate may have been lost with the process
            if effect.links:
                await self._journal.links([Link(*link) for link in effect.links])
            await self._journal.fate(item, effect.fate or "applied", effect.reason or "", effect.native_id)
            await self._journal.close_entries(item)
            return Finished(effect.fate or "applied")
        if versioned and not newer(item.position, Position.parse(effect.applied_position)):
            return await self._finish(item, effect, "superseded", "a newer version of the document was applied")
        return None

    def _unchanged(self, progress: _Progress) -> bool:
        effect = progress.previous
        if effect is None or progress.handler.fresh or progress.item.entity == CUSTOMER_REQUEST:
            return False
        return effect.state == "applied" and effect.applied_hash == progress.hash and not progress.item.released

    async def _attempts(self, progress: _Progress) -> Finished | Waiting:
        item = progress.item
        unknowns = 0
        while True:
            await self._health.turn()
            outcome = await self._attempt(progress)
            item.attempts += 1
            match outcome:
                case Retry(reason, after):
                    self._note(progress, "retry", reason)
                    if item.attempts >= RESUBMITS or self._clock() - progress.started > PATIENCE:
                        if self._health.outage_seconds is None:
                            await self._close_failed(progress, reason)
                            return Waiting("target", reason, max(after, 10.0))
                        progress.started = self._clock()
                    await asyncio.sleep(after * random.uniform(0.8, 1.2))
                case Unknown(reason):
                    unknowns += 1
                    self._note(progress, "unknown", reason)
                    log.warning("outcome_unknown", document=item.document, entity=item.entity, reason=reason)
                    await self._journal.fate(item, "unknown", reason)
                    if unknowns >= UNKNOWNS_BEFORE_A_PERSON:
                        return await self._park_unknown(progress, reason)
                    await asyncio.sleep(self._sink.answer_window)
                    progress.resuming = True
                case Wait(request=CustomerRequest()) if self._shadow:
                    reason = "shadow: would first have the customer found or created"
                    return await self._finish(item, progress.effect, "not-routed", reason, progress)
                case Wait(on, reason, after, request):
                    await self._close_failed(progress, reason)
                    if request is not None and not item.requested:
                        await self._journal.request_customer(item, request)
                        item.requested = True
                    return Waiting(on, reason, after)
                case Hold(reason):
                    self._note(progress, "hold", reason)
                    return await self._hold(item, progress.effect, "target", reason, progress)
                case Reject(reason):
                    self._note(progress, "reject", reason)
                    return await self._finish(item, progress.effect, "rejected", reason, progress)
                case Settled():
                    progress.native_id = outcome.native_id or progress.native_id
                    progress.links += outcome.links
                    return await self._finish(item, progress.effect, outcome.state, outcome.reason, progress)
                case Applied():
                    return await self._finish(item, progress.effect, "applied", "", progress)

    async def _attempt(self, progress: _Progress) -> Applied | Settled | Retry | Unknown | Wait | Hold | Reject:
        """Plans and runs the steps once. Broken calls become typed outcomes here and nowhere else."""
        before = self._answered() if self._answered else 0
        try:
            decision = await self._plan(progress)
        except (NotSentError, LostReplyError) as error:
            await self._health.failed(str(error))
            return Retry(str(error), getattr(error, "retry_after", None) or self._backoff(progress))
        if not isinstance(decision, Plan):
            # a decision made without a call says nothing about the target
            if not isinstance(decision, Retry) and (self._answered is None or self._answered() > before):
                await self._health.succeeded()
            return decision
        if self._shadow:
            log.info("shadow", document=progress.item.document, steps=[step.name for step in decision.steps])
            return Settled("not-routed", f"shadow: would write {', '.join(step.name for step in decision.steps)}")
        opened = self._clock()
        await self._write_intent(progress, decision)
        window = Window(opened, self._sink.send_window, self._clock)
        progress.native_id = decision.native_id or progress.native_id
        resuming = progress.resuming
        for step in decision.steps:
            result = await self._step(progress, step, window, resuming=resuming)
            if not isinstance(result, Done):
                return result
            self._note(progress, "done", result.reply, step.name)
            progress.native_id = result.native_id or progress.native_id
            progress.links += result.links
        await self._health.succeeded()
        return Applied(progress.native_id, progress.hash, progress.item.event_id)

    async def _plan(self, progress: _Progress) -> Decision:
        item, effect = progress.item, progress.previous
        previous = None
        if effect is not None and effect.applied_event is not None:
            previous = Applied(effect.native_id, effect.applied_hash, effect.applied_event)
        task = Task(
            entity=item.entity,
            record=item.record,
            payload=progress.payload,
            event_id=item.cause,
            previous=previous,
            lookup=self._state.lookup(item),
            options=self._options,
            resuming=progress.resuming,
        )
        return await progress.handler.plan(task)

    async def _step(
        self, progress: _Progress, step: Step, window: Window, *, resuming: bool
    ) -> Done | Retry | Unknown | Wait | Hold | Reject:
        if step.find is not None and (resuming or step.kind == "probe"):
            found = await self._find(progress, step)
            if found is not None:
                return found
        try:
            result = await step.send(window)
        except NotSentError as error:
            await self._health.failed(str(error))
            return Retry(f"{step.name}: {error}", error.retry_after or self._backoff(progress))
        except LostReplyError as error:
            if progress.effect is not None:
                progress.effect.sent = True
            await self._health.failed(str(error))
            return Unknown(f"{step.name}: {error}")
        if isinstance(result, Exists):
            found = await self._find(progress, step)
            return found or Retry(f"{step.name}: the target says it exists, and does not show it")
        if isinstance(result, Done | Unknown) and progress.effect is not None:
            # from here on a later attempt must look before it sends
            progress.effect.sent = True
            progress.resuming = True
        return result

    async def _find(self, progress: _Progress, step: Step) -> Done | Hold | Retry | None:
        if step.find is None:
            return None
        try:
            return await step.find()
        except (NotSentError, LostReplyError) as error:
            await self._health.failed(str(error))
            return Retry(
                f"{step.name}: {describe(error)}", getattr(error, "retry_after", None) or self._backoff(progress)
            )

    def _backoff(self, progress: _Progress) -> float:
        return float(min(0.2 * 2 ** min(progress.item.attempts, 6), 10.0))

    # --- what goes to the log

    async def _write_intent(self, progress: _Progress, plan: Plan) -> None:
        item, before = progress.item, progress.effect or progress.previous
        effect = Effect(
            state="intent",
            epoch=self._state.epoch(item.partition),
            event_id=item.event_id,
            position=str(item.position),
            native_id=plan.native_id or (before.native_id if before else None),
            order_id=item.order_id,
            flow=item.flow,
            opened_at=self._now(),
            send_window=self._sink.send_window,
            answer_window=self._sink.answer_window,
            attempts=newest_attempts(progress.attempts),
            links=before.links if before else [],
            sent=before.sent if before else False,
            applied_event=before.applied_event if before else None,
            applied_position=before.applied_position if before else None,
            applied_hash=before.applied_hash if before else "",
        )
        await self._journal.effect(item, effect)
        progress.effect = effect

    async def _close_failed(self, progress: _Progress, reason: str) -> None:
        """Closes an intent of this try without having applied; what was sent stays marked."""
        if progress.effect is None or progress.effect.state != "intent":
            return
        progress.effect = replace(
            progress.effect,
            state="failed",
            reason=reason,
            closed_at=self._now(),
            attempts=newest_attempts(progress.attempts),
        )
        await self._journal.effect(progress.item, progress.effect)

    async def _finish(
        self, item: Item, effect: Effect | None, state: str, reason: str, progress: _Progress | None = None
    ) -> Finished:
        """xref, then fate, then effect: each may be repeated, and only the effect closes the intent."""
        native_id = (progress.native_id if progress else None) or (effect.native_id if effect else None)
        links = self._links(item, state, progress, native_id)
        if links:
            await self._journal.links(links)
        if item.entity == CUSTOMER_REQUEST and state == "rejected":
            await self._journal.refuse_customer(item, reason)
        await self._journal.fate(item, state, reason, native_id)
        if progress is not None:
            await self._journal.effect(item, self._closed(item, effect, state, reason, progress, native_id, links))
        await self._journal.close_entries(item)
        if state in {"applied", "rejected"} and item.entity != CUSTOMER_REQUEST:
            log.info(
                "settled", fate=state, entity=item.entity, document=item.document, native_id=native_id, reason=reason
            )
        return Finished(state)

    @staticmethod
    def _links(item: Item, state: str, progress: _Progress | None, native_id: str | None) -> list[Link]:
        known = progress is not None and progress.previous is not None and progress.previous.applied_event is not None
        if progress is None or not (state == "applied" or (state == "unchanged" and not known)):
            # a link keeps the time at which its content was last applied
            return []
        links = list(dict.fromkeys(progress.links))
        if native_id and item.entity != CUSTOMER_REQUEST:
            links.append(Link(item.entity, item.canonical_id, native_id))
        return links

    def _closed(
        self,
        item: Item,
        effect: Effect | None,
        state: str,
        reason: str,
        progress: _Progress,
        native_id: str | None,
        links: list[Link],
    ) -> Effect:
        now = self._now()
        applied = state in {"applied", "unchanged"}
        return Effect(
            state="applied" if applied else "failed",
            epoch=self._state.epoch(item.partition),
            event_id=item.event_id,
            position=str(item.position),
            native_id=native_id,
            order_id=item.order_id,
            flow=item.flow,
            opened_at=effect.opened_at if effect and effect.event_id == item.event_id else now,
            closed_at=now,
            attempts=newest_attempts(progress.attempts),
            links=[[link.entity, link.canonical_id, link.native_id] for link in links]
            or (effect.links if effect else []),
            reason=reason or None,
            fate=state,
            sent=False if applied else bool(effect and effect.sent),
            applied_event=item.event_id if applied else (effect.applied_event if effect else None),
            applied_position=str(item.position) if applied else (effect.applied_position if effect else None),
            applied_hash=progress.hash if applied else (effect.applied_hash if effect else ""),
        )

    async def _hold(
        self,
        item: Item,
        effect: Effect | None,
        rule: str,
        reason: str,
        progress: _Progress | None = None,
        *,
        public: str | None = None,
    ) -> Finished:
        """`public` is the reason without values of the document, for the records that hold no personal data."""
        if item.entity == CUSTOMER_REQUEST:
            await self._journal.refuse_customer(item, reason)
        else:
            await self._journal.hold(item, rule, reason)
            await self._journal.fate(item, "held", public or reason)
            log.warning("held", entity=item.entity, document=item.document, rule=rule, reason=public or reason)
        if progress is not None:
            native_id = progress.native_id
            closed = self._closed(item, effect, "held", reason, progress, native_id, [])
            await self._journal.effect(item, closed)
        return Finished("held")

    async def _park_unknown(self, progress: _Progress, reason: str) -> Finished:
        evidence = (
            f"sent {UNKNOWNS_BEFORE_A_PERSON} times without a readable answer; last: {reason}. Look in the target."
        )
        return await self._hold(progress.item, progress.effect, "unknown", evidence, progress)

    def _note(self, progress: _Progress, outcome: str, reply: str, step: str = "") -> None:
        progress.attempts.append(attempt(self._now(), step, outcome, reply))

    async def _sleep_until(self, moment: float) -> None:
        delay = moment - self._clock()
        if delay > 0:
            await asyncio.sleep(delay)
