"""The effect protocol for one record: guard, depend, intent, call, outcome, read-back, record (docs/adr/0004)."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from penstock.checkpoints import reach
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
from penstock.connectors.http import BusyError, LostReplyError, NotSentError, describe
from penstock.log.headers import Position
from penstock.mapping.errors import MappingError, MissingXref
from penstock.rules.adoption import may_be_there
from penstock.sinks.health import Health
from penstock.sinks.model import CUSTOMER_REQUEST, Effect, Item, outranks, payload_hash
from penstock.sinks.progress import Finished, Progress, Waiting
from penstock.sinks.recorder import Journal, Recorder

log = structlog.get_logger()

PATIENCE = 30.0
"""Seconds that a record may wait in memory before it is parked on the log."""
UNKNOWNS_BEFORE_A_PERSON = 6
RESUBMITS = 50


class State(Protocol):
    """What is known of the documents of the owned partitions."""

    def effect(self, item: Item) -> Effect | None: ...
    def newer_entry(self, item: Item) -> bool: ...
    def epoch(self, partition: int) -> int: ...
    def lookup(self, item: Item) -> Lookup: ...


@dataclass(frozen=True, slots=True)
class NotNow:
    """Nothing was sent: the target was not reached, or had no time. It is no attempt of the document."""

    reason: str
    after: float


PayloadOf = Callable[[Item, Handler, Lookup], Mapping[str, Any]]
PoliciesOf = Callable[[Item], Mapping[str, Any]]
NotOursOf = Callable[[Item], frozenset[str]]


def no_policies(_item: Item) -> Mapping[str, Any]:
    return {}


def all_ours(_item: Item) -> frozenset[str]:
    return frozenset()


class Window:
    """The send window of one intent, on the monotonic clock. `used`: a write has asked for it, and may have left."""

    def __init__(self, opened: float, seconds: float, clock: Callable[[], float]) -> None:
        self._until = opened + seconds
        self._clock = clock
        self.used = False

    def check(self) -> None:
        if self._clock() >= self._until:
            raise NotSentError("the send window closed before the call could leave")
        self.used = True


class EffectProtocol:
    """Applies records to one target instance. Safe to run for many documents at once, one record per document."""

    def __init__(
        self,
        sink: Sink,
        state: State,
        journal: Journal,
        health: Health,
        *,
        payload_of: PayloadOf,
        options: Mapping[str, Any],
        shadow: bool,
        now: Callable[[], str],
        answered: Callable[[], int] | None = None,
        policies_of: PoliciesOf = no_policies,
        not_ours_of: NotOursOf = all_ours,
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
        self._policies_of = policies_of
        self._not_ours_of = not_ours_of
        self._record = Recorder(sink, journal, state.epoch, now)
        self._clock = clock
        self.tries = 0
        """Attempts of all documents: as long as they go on, nothing is stuck."""

    async def run(self, item: Item) -> Finished | Waiting:
        effect = self._state.effect(item)
        # 1. guard: what is there already decides before anything is computed
        settled = await self._guard(item, effect)
        if settled is not None:
            return settled
        reach("sinks.guard-passed")
        handler = self._sink.handlers.get(item.entity)
        if handler is None:
            return await self._record.finish(item, effect, "not-routed", f"{self._sink.system} takes no {item.entity}")
        try:
            payload = self._payload_of(item, handler, self._state.lookup(item))
            policies = self._policies_of(item)
        except MissingXref as missing:
            return Waiting("xref", str(missing), 5.0)
        except MappingError as error:
            return await self._record.hold(item, effect, Hold(str(error), "mapping"), public=error.public)
        not_ours = self._not_ours_of(item)
        progress = Progress(item, handler, payload, payload_hash(payload), policies, not_ours, effect, effect)
        if self._unchanged(progress):
            return await self._record.finish(item, effect, "unchanged", "the content equals what was applied", progress)
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
                reason = "it waits or is held: a resync leaves that" if item.resync else "a newer version of it waits"
                return await self._record.finish(item, effect, "superseded", reason)
        if effect is None or effect.applied_position is None:
            return None
        if effect.applied_event == item.event_id and effect.state == "applied":
            # redelivered: the effect is there, its xref and fate may have been lost with the process
            if effect.links:
                await self._journal.links(item, [Link(*link) for link in effect.links])
            await self._journal.fate(item, effect.fate or "applied", effect.reason or "", effect.native_id)
            await self._journal.close_entries(item)
            return Finished(effect.fate or "applied")
        applied = Position.parse(effect.applied_position), effect.applied_event or ""
        if versioned and not outranks(item.position, item.event_id, *applied):
            return await self._record.finish(item, effect, "superseded", "a newer version of the document was applied")
        return None

    def _unchanged(self, progress: Progress) -> bool:
        effect = progress.previous
        item = progress.item
        if effect is None or progress.handler.fresh or item.resync or item.entity == CUSTOMER_REQUEST:
            return False
        return effect.state == "applied" and effect.applied_hash == progress.hash and not item.released

    async def _attempts(self, progress: Progress) -> Finished | Waiting:
        item = progress.item
        unknowns = 0
        while True:
            await self._health.turn()
            outcome = await self._attempt(progress)
            progress.tries += 1
            self.tries += 1
            if not isinstance(outcome, NotNow):
                item.attempts += 1
            match outcome:
                case NotNow(reason, after) | Retry(reason, after):
                    progress.note_once(self._now(), "retry", reason)
                    if self._health.outage_seconds is not None:
                        progress.started = self._clock()
                        continue  # the turn waits as long as the outage asks for
                    waited = self._clock() - progress.started
                    if progress.tries >= RESUBMITS or waited > PATIENCE or after > PATIENCE:
                        await self._record.close_failed(progress, reason)
                        return Waiting("target", reason, max(after, 10.0))
                    await asyncio.sleep(after * random.uniform(0.8, 1.2))
                case Unknown(reason):
                    unknowns += 1
                    progress.note(self._now(), "unknown", reason)
                    log.warning("outcome_unknown", document=item.document, entity=item.entity, reason=reason)
                    await self._journal.fate(item, "unknown", reason)
                    if unknowns >= UNKNOWNS_BEFORE_A_PERSON:
                        return await self._hold_unknown(progress, reason)
                    await asyncio.sleep(self._sink.answer_window)
                    progress.resuming = True
                case Wait(request=CustomerRequest()) if self._shadow:
                    reason = "shadow: would first have the customer found or created"
                    return await self._record.finish(item, progress.effect, "not-routed", reason, progress)
                case Wait(on, reason, after, request):
                    await self._record.close_failed(progress, reason)
                    if request is not None and not item.requested:
                        await self._journal.request_customer(item, request)
                        item.requested = True
                    return Waiting(on, reason, after)
                case Hold(reason):
                    progress.note_once(self._now(), "hold", reason)
                    return await self._record.hold(item, progress.effect, outcome, progress)
                case Reject(reason):
                    progress.note(self._now(), "reject", reason)
                    return await self._record.finish(item, progress.effect, "rejected", reason, progress)
                case Settled():
                    progress.native_id = outcome.native_id or progress.native_id
                    progress.links += outcome.links
                    progress.kept += outcome.kept
                    return await self._record.finish(item, progress.effect, outcome.state, outcome.reason, progress)
                case Applied():
                    return await self._record.finish(item, progress.effect, "applied", "", progress)

    async def _attempt(self, progress: Progress) -> Applied | Settled | NotNow | Retry | Unknown | Wait | Hold | Reject:
        """Plans and runs the steps once. Broken calls become typed outcomes here and nowhere else."""
        before = self._answered() if self._answered else 0
        try:
            decision = await self._plan(progress)
        except (NotSentError, LostReplyError) as error:
            return await self._not_now(progress, error, str(error))
        if not isinstance(decision, Plan):
            # a decision made without a call says nothing about the target
            if not isinstance(decision, Retry) and (self._answered is None or self._answered() > before):
                await self._health.succeeded()
            return decision
        if self._shadow:
            log.info("shadow", document=progress.item.document, steps=[step.name for step in decision.steps])
            return Settled("not-routed", f"shadow: would write {', '.join(step.name for step in decision.steps)}")
        reach("sinks.planned")
        opened = self._clock()
        await self._record.intent(progress, decision)
        reach("sinks.intent-written")
        window = Window(opened, self._sink.send_window, self._clock)
        progress.native_id = decision.native_id or progress.native_id
        resuming = progress.resuming or progress.item.resync
        for step in decision.steps:
            result = await self._step(progress, step, window, resuming=resuming)
            progress.wrote |= window.used
            if not isinstance(result, Done):
                return result
            progress.note(self._now(), "done", result.reply, step.name)
            progress.written = result.native_id or progress.written
            progress.native_id = progress.written or progress.native_id
            progress.links += result.links
            progress.kept += result.kept
        reach("sinks.steps-done")
        await self._health.succeeded()
        if progress.item.resync and not progress.wrote and not progress.began_before:
            return Settled("unchanged", "the target has it so", progress.native_id)
        return Applied(progress.native_id, progress.hash, progress.item.event_id)

    async def _plan(self, progress: Progress) -> Decision:
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
            policies=progress.policies,
            released=item.released,
            not_ours=progress.not_ours,
            resync=item.resync,
            may_be_there=previous is None and may_be_there(item.record, self._options.get("adopt_before")),
        )
        return await progress.handler.plan(task)

    async def _step(
        self, progress: Progress, step: Step, window: Window, *, resuming: bool
    ) -> Done | NotNow | Retry | Unknown | Wait | Hold | Reject:
        if step.find is not None and (resuming or step.kind == "probe"):
            found = await self._find(progress, step)
            if found is not None:
                return found
        elif resuming and step.kind != "absolute" and not progress.item.waives("unknown"):
            return _unsearchable(step, progress)
        reach("sinks.step-due")
        try:
            result = await step.send(window)
            reach("sinks.step-sent")
        except NotSentError as error:
            return await self._not_now(progress, error, f"{step.name}: {error}")
        except LostReplyError as error:
            progress.sent()
            await self._health.failed(str(error))
            result = Unknown(f"{step.name}: {error}")
        if isinstance(result, Unknown) and step.find is None and step.kind != "absolute":
            progress.sent()
            progress.note(self._now(), "unknown", result.reason, step.name)
            return _unsearchable(step, progress)
        if isinstance(result, Exists):
            found = await self._find(progress, step)
            return found or Retry(f"{step.name}: the target says it exists, and does not show it")
        if isinstance(result, Done | Unknown):
            progress.sent()
            progress.resuming = True
        return result

    async def _find(self, progress: Progress, step: Step) -> Done | Hold | NotNow | Retry | None:
        if step.find is None:
            return None
        try:
            found = await step.find()
            reach("sinks.read-back")
        except (NotSentError, LostReplyError) as error:
            return await self._not_now(progress, error, f"{step.name}: {describe(error)}")
        if isinstance(found, Done):
            progress.sent()
        return found

    async def _not_now(self, progress: Progress, error: NotSentError | LostReplyError, reason: str) -> NotNow:
        """A call that did nothing. Whether the target is out is for its health to say; a busy one is not."""
        after = error.retry_after if isinstance(error, NotSentError) else None
        busy = isinstance(error, BusyError)
        if (isinstance(error, BusyError) and error.closed) or (not busy and (after or 0.0) > PATIENCE):
            # longer than a record may wait in memory: whoever asks for that takes nobody's calls
            await self._health.closed(str(error), after or 0.0)
        elif not busy:
            await self._health.failed(str(error))
        return NotNow(reason, after or float(min(0.2 * 2 ** min(progress.tries, 6), 10.0)))

    async def _hold_unknown(self, progress: Progress, reason: str) -> Finished:
        evidence = (
            f"sent {UNKNOWNS_BEFORE_A_PERSON} times without a readable answer; last: {reason}. Look in the target."
        )
        return await self._record.hold(progress.item, progress.effect, Hold(evidence, "unknown"), progress)

    async def _sleep_until(self, moment: float) -> None:
        delay = moment - self._clock()
        if delay > 0:
            await asyncio.sleep(delay)


def _unsearchable(step: Step, progress: Progress) -> Hold:
    """Sent before, perhaps, by a step that cannot be found again: only a person can know whether to send it."""
    effect = progress.effect
    said = "; ".join(f"{each['at']} {each['outcome']} {each['reply']}".strip() for each in progress.attempts[-3:])
    return Hold(
        f"{step.name}: an earlier try (intent of {effect.opened_at if effect else 'unknown time'}) may have been done, "
        f"and the target cannot be searched for it{f': {said}' if said else ''}. Look in the target: reject this hold "
        "if it is there, release it to send once more if it is not",
        "unknown",
    )
