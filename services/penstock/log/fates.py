"""Fates: what became of one event, for one canonical record, at one target. Exactly one each, in the end.

Topic `fate`, key `event id|canonical id|target instance`, JSON value. An open fate may become final; a final one never
changes, whatever is written after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import orjson


class FateState(StrEnum):
    WAITING = "waiting"
    HELD = "held"
    PARKED = "parked"
    UNKNOWN = "unknown"
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    DISCARDED = "discarded"
    NOT_ROUTED = "not-routed"
    NOT_OURS = "not-ours"
    GONE = "gone"

    @property
    def final(self) -> bool:
        return self not in _OPEN


_OPEN = {FateState.WAITING, FateState.HELD, FateState.PARKED, FateState.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Fate:
    """One fate. It holds ids and words for a clerk, no personal data.

    Attributes:
        event_id, canonical_id, target: what it is about. `canonical_id` is empty for an event that never became a
            canonical record, `target` for one that was never routed.
        state, reason: what became of it and why.
        where: stage or sink that decided, e.g. `processors` or `sinks/infor`.
        entity: canonical entity, e.g. `order`.
        at: when it was decided; with a zone.
        attempts: calls made to the target for it.
        native_id: its id in the target, where it has one.
    """

    event_id: str
    canonical_id: str
    target: str
    state: FateState
    reason: str
    where: str
    entity: str
    at: datetime
    attempts: int = 0
    native_id: str | None = None

    @property
    def key(self) -> str:
        return f"{self.event_id}|{self.canonical_id}|{self.target}"

    def encode(self) -> tuple[bytes, bytes]:
        """Key and value for the topic `fate`."""
        value = {
            "state": self.state.value,
            "reason": self.reason,
            "where": self.where,
            "entity": self.entity,
            "at": self.at.isoformat(),
            "attempts": self.attempts,
            "native_id": self.native_id,
        }
        return self.key.encode(), orjson.dumps(value)

    @classmethod
    def decode(cls, key: bytes, value: bytes) -> Fate:
        """From a record of the topic `fate`. Raises ValueError when it is none."""
        # A native id, and so an event id, may hold the separator itself; the two parts behind it do not.
        event_id, canonical_id, target = key.decode().rsplit("|", 2)
        said = orjson.loads(value)
        try:
            return cls(
                event_id=event_id,
                canonical_id=canonical_id,
                target=target,
                state=FateState(said["state"]),
                reason=said["reason"],
                where=said["where"],
                entity=said["entity"],
                at=datetime.fromisoformat(said["at"]),
                attempts=said["attempts"],
                native_id=said.get("native_id"),
            )
        except KeyError as missing:
            raise ValueError(f"fate {key!r} has no {missing}") from None


def collapse(fates: Iterable[Fate]) -> dict[str, Fate]:
    """The fate that holds for each key, from fates in log order: the first final one, else the last open one."""
    out: dict[str, Fate] = {}
    for fate in fates:
        known = out.get(fate.key)
        if known is None or not known.state.final:
            out[fate.key] = fate
    return out
