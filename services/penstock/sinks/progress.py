"""One try of one record: what is known of it while it runs, how it ends, and the effect records that tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from penstock.connectors.contract import Handler, Link, Plan, Sink
from penstock.log.replays import original
from penstock.sinks.model import CUSTOMER_REQUEST, Effect, Item, attempt, newest_attempts


@dataclass(frozen=True, slots=True)
class Finished:
    """The record has its fate (or, held, its entry): its offset may be committed.

    clears_on: it is held, and tried again every `after` seconds until this condition lets it pass.
    """

    state: str
    clears_on: str | None = None
    reason: str = ""
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """The record waits for a condition; the lane goes on."""

    on: str
    reason: str
    after: float


@dataclass(slots=True)
class Progress:
    """One try of one record, over all its attempts.

    written: its id in the target, once a step has said so. wrote: a write may have left, whatever became of it.
    """

    item: Item
    handler: Handler
    payload: Mapping[str, Any]
    hash: str
    policies: Mapping[str, Any]
    not_ours: frozenset[str]
    previous: Effect | None
    effect: Effect | None = None
    resuming: bool = False
    started: float = 0.0
    tries: int = 0
    attempts: list[dict[str, Any]] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    native_id: str | None = None
    written: str | None = None
    wrote: bool = False

    @property
    def began_before(self) -> bool:
        """Has an earlier try of the same event left a trace? What that one wrote, nobody counted."""
        return self.previous is not None and self.previous.event_id == self.item.event_id

    def note(self, at: str, outcome: str, reply: str, step: str = "") -> None:
        self.attempts.append(attempt(at, step, outcome, reply))

    def note_once(self, at: str, outcome: str, reply: str) -> None:
        """Of a wait that lasts: an hour of the same answer is one line."""
        last = self.attempts[-1] if self.attempts else None
        if last is None or (last["outcome"], last["reply"]) != (outcome, reply[:500]):
            self.note(at, outcome, reply)

    def sent(self) -> None:
        """Some write of it is, or may be, in the target: from here on a later attempt looks before it sends."""
        if self.effect is not None:
            self.effect.sent = True

    def known_native_id(self, effect: Effect | None) -> str | None:
        return self.native_id or (effect.native_id if effect else None)

    def links_of(self, state: str, native_id: str | None) -> list[Link]:
        """The cross-references that this ending makes true; a link keeps the time at which its content was applied."""
        known = self.previous is not None and self.previous.applied_event is not None
        if state == "held":
            native_id = self.written  # an id that was only planned is no document yet
        elif not (state == "applied" or (state == "unchanged" and not known)):
            return []
        links = list(dict.fromkeys(self.links))
        if native_id and self.item.entity != CUSTOMER_REQUEST:
            links.append(Link(self.item.entity, self.item.canonical_id, native_id))
        return links


def links_told(effect: Effect | None, item: Item) -> list[list[str]]:
    """Cross-references that this very event has made true before, or the one that it is a replay of.

    An older version's say nothing of its content.
    """
    return effect.links if effect is not None and original(effect.event_id) == original(item.event_id) else []


def intent_of(progress: Progress, plan: Plan, sink: Sink, epoch: int, now: str) -> Effect:
    """The effect record that says: from now on a write may be under way."""
    item, before = progress.item, progress.effect or progress.previous
    return Effect(
        state="intent",
        epoch=epoch,
        event_id=item.event_id,
        position=str(item.position),
        native_id=plan.native_id or (before.native_id if before else None),
        order_id=item.order_id,
        flow=item.flow,
        opened_at=now,
        send_window=sink.send_window,
        answer_window=sink.answer_window,
        attempts=newest_attempts(progress.attempts),
        links=links_told(before, item),
        sent=before.sent if before else False,
        notices=_to_tell(plan, before),
        applied_event=before.applied_event if before else None,
        applied_position=before.applied_position if before else None,
        applied_hash=before.applied_hash if before else "",
    )


def _to_tell(plan: Plan, before: Effect | None) -> list[list[Any]]:
    """The plan's notices, and what an unfinished try left to be told."""
    left = before.notices if before is not None and (before.sent or before.state == "intent") else []
    by_kind = {row[0]: row for row in left} | {n.kind: [n.kind, n.reason, n.priority] for n in plan.notices}
    return list(by_kind.values())


def failed_of(progress: Progress, intent: Effect, reason: str, now: str) -> Effect:
    """Closes an intent of this try without having applied; what was sent stays marked."""
    attempts = newest_attempts(progress.attempts)
    return replace(intent, state="failed", reason=reason, closed_at=now, attempts=attempts)


def closed_of(
    progress: Progress, effect: Effect | None, state: str, reason: str, links: list[Link], epoch: int, now: str
) -> Effect:
    """The effect record that ends a try with the fate `state`."""
    item, applied = progress.item, state in {"applied", "unchanged"}
    return Effect(
        state="applied" if applied else "failed",
        epoch=epoch,
        event_id=item.event_id,
        position=str(item.position),
        native_id=progress.known_native_id(effect),
        order_id=item.order_id,
        flow=item.flow,
        opened_at=effect.opened_at if effect and effect.event_id == item.event_id else now,
        closed_at=now,
        attempts=newest_attempts(progress.attempts),
        links=[[link.entity, link.canonical_id, link.native_id] for link in links] or links_told(effect, item),
        reason=reason or None,
        fate=state,
        sent=False if applied else bool(effect and effect.sent),
        notices=effect.notices if effect and not applied else [],
        applied_event=item.event_id if applied else (effect.applied_event if effect else None),
        applied_position=str(item.position) if applied else (effect.applied_position if effect else None),
        applied_hash=progress.hash if applied else (effect.applied_hash if effect else ""),
    )
