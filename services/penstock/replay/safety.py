"""What must not be sent once more, because it might be there twice then or undo what a person decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from penstock.flow.flow import Flow, System
from penstock.log.fates import FateState
from penstock.log.headers import texts
from penstock.log.kafka import KafkaSettings
from penstock.log.pauses import Pauses
from penstock.log.scan import scan
from penstock.log.wire import Codec
from penstock.replay.errors import RefusedError
from penstock.replay.fatebook import FateBook

_IN_TARGET = frozenset({FateState.APPLIED, FateState.UNCHANGED})
_ENDED = frozenset({"part-shipped", "shipped", "complete", "cancelled"})
"""Of the canonical statuses of an ERP's order: booked anew it would be delivered twice."""
_TRIED = _IN_TARGET | {FateState.REJECTED, FateState.HELD, FateState.WAITING, FateState.PARKED}

OpenWrites = Collection[tuple[str, str, str]]
"""(target, entity, canonical id) of documents of which a write was begun and has no known end."""


def open_writes(settings: KafkaSettings, targets: Collection[str]) -> OpenWrites:
    """From the effects on the log. Raises ScanError."""
    found: set[tuple[str, str, str]] = set()
    for system in {target.partition(":")[0] for target in targets}:
        for record in scan(settings, settings.topic(f"effect.{system}")):
            instance, _, rest = (record.key or b"").decode().partition(":")
            target, (entity, _, canonical_id) = f"{system}:{instance}", rest.partition(":")
            if record.value is None or target not in targets:
                continue
            begun = orjson.loads(record.value).get("state") == "intent"
            (found.add if begun else found.discard)((target, entity, canonical_id))
    return found


def ended_orders(settings: KafkaSettings, codec: Codec, target: str) -> Collection[str]:
    """Canonical ids of orders of which a target has said that goods left, or that they are at their end. ScanError."""
    found: set[str] = set()
    for entity in ("shipment", "invoice", "order-status"):
        for record in scan(settings, settings.topic(f"canonical.{entity}")):
            order_id = (record.key or b"").decode()
            if record.value is None or order_id in found or texts(record.headers).get("ce_source") != target:
                continue
            if entity != "order-status" or codec.decode(record.value)[1]["status"] in _ENDED:
                found.add(order_id)
    return found


class Safety:
    """Judges single documents. ended: orders that must not come back should the target have them no more."""

    def __init__(self, flow: Flow, fates: FateBook, writes: OpenWrites, ended: Collection[str] = ()) -> None:
        self._start = flow.file.start.orders_from
        self._fates = fates
        self._writes = writes
        self._ended = ended

    def too_old(self, entity: str, record: Mapping[str, Any]) -> str | None:
        """Why an order was never this flow's."""
        return "older than start.orders_from" if entity == "order" and record["placed_at"] < self._start else None

    def against_resync(self, entity: str, canonical_id: str, event_id: str, target: str) -> str | None:
        """Why a document is left as it is at a target; None when it may be compared there."""
        if entity == "order" and canonical_id in self._ended:
            return "it was shipped, invoiced, completed or cancelled there"
        if why := self._unknown(entity, canonical_id, target):
            return why
        if waiting := self._fates.open_of(canonical_id, target):
            return f"an event of it is {min(state.value for state in waiting.values())}"
        return self._decided(self._fates.state(event_id, canonical_id, target), _IN_TARGET)

    def against_sending(self, entity: str, canonical_id: str, event_id: str, target: str) -> str | None:
        """Why a corrected record must not go to a target; None when it may. One that is held there may be cured."""
        if why := self._unknown(entity, canonical_id, target):
            return why
        return self._decided(self._fates.state(event_id, canonical_id, target), _TRIED)

    def _unknown(self, entity: str, canonical_id: str, target: str) -> str | None:
        unknown = FateState.UNKNOWN in self._fates.open_of(canonical_id, target).values()
        if unknown or (target, entity, canonical_id) in self._writes:
            return "nobody knows yet what became of a write"
        return None

    @staticmethod
    def _decided(state: FateState | None, allowed: Collection[FateState]) -> str | None:
        if state is None:
            return "live traffic has not come to it"
        return None if state in allowed else f"its fate is {state.value}"


def refuse_unready(flow: Flow, settings: KafkaSettings, systems: Collection[System], entities: Collection[str]) -> None:
    """Raises RefusedError when the flow, a target or an entity is in no state to be written to."""
    if flow.file.mode == "shadow":
        raise RefusedError(f"the flow {flow.name} is in shadow: nothing may be written; `replay dry-run` may be used")
    pauses = Pauses()
    for record in scan(settings, settings.topic("control")):
        pauses.put(record.key or b"", record.value)
    for system in systems:
        if (why := pauses.any_of(flow.name, system.target)) is not None:
            raise RefusedError(f"{flow.name} or {system.target} is paused ({why}): resume it first")
    for entity in entities:
        if (why := pauses.reason("entity", entity)) is not None:
            raise RefusedError(f"{entity} is paused ({why}): resume it first, or name other entities")


def refuse_unsearchable(system: System) -> None:
    """Raises RefusedError: what cannot be found cannot be compared, and would be written twice."""
    if not system.spec.capabilities.search_by_reference:
        raise RefusedError(
            f"{system.spec.title} cannot be searched by our reference: a document that is there would not be found and "
            "would be written twice. Compare by hand"
        )
