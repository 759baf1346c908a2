"""Where an order stands, as rungs of a ladder: an order climbs, it never goes back.

The statuses are those of the canonical records `Order` and `OrderStatus` (schemas/avro).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

Step = Literal["forward", "same", "backward", "closed", "aside"]


class UnknownStatusError(LookupError):
    """A status that is not on the ladder."""

    def __init__(self, status: str, known: Sequence[str]) -> None:
        close = get_close_matches(status, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there is {', '.join(known)}"
        super().__init__(f"status {status!r} is not on the ladder; {hint}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Move:
    """What going from one status to another is; only a step `forward` is to be written."""

    step: Step
    why: str

    @property
    def allowed(self) -> bool:
        return self.step == "forward"


@dataclass(frozen=True, slots=True)
class Ladder:
    """rungs: from the first to the last; equals share a rung.
    ends: final status -> the rung (one of its statuses) from which on it cannot be reached any more, None: always. An
    end is left only for a later end. aside: statuses that say nothing on how far the order is.
    """

    rungs: Sequence[Sequence[str]]
    ends: Mapping[str, str | None]
    aside: frozenset[str]

    def __post_init__(self) -> None:
        listed = [*(status for rung in self.rungs for status in rung), *self.ends, *self.aside]
        twice = sorted({status for status in listed if listed.count(status) > 1})
        if twice:
            raise ValueError(f"on the ladder twice: {', '.join(twice)}")
        for barrier in self.ends.values():
            if barrier is not None:
                self.rank(barrier)

    def rank(self, status: str) -> int:
        """Number of the rung, from 0; ends are above all rungs, aside is -1. Raises UnknownStatusError."""
        for number, rung in enumerate(self.rungs):
            if status in rung:
                return number
        if status in self.ends:
            return len(self.rungs) + list(self.ends).index(status)
        if status in self.aside:
            return -1
        raise UnknownStatusError(status, self.statuses)

    @property
    def statuses(self) -> list[str]:
        return [*(status for rung in self.rungs for status in rung), *self.ends, *sorted(self.aside)]

    def move(self, current: str, new: str) -> Move:
        """What going from `current` to `new` is. Raises UnknownStatusError."""
        before, after = self.rank(current), self.rank(new)
        if current == new:
            return Move("same", f"it is {new} already")
        if new in self.aside:
            return Move("aside", f"{new} does not say how far the order is")
        if new in self.ends:
            return self._end(current, new, before, after)
        if current in self.ends:
            return Move("closed", f"{current} is final, {new} cannot follow")
        if after > before:
            return Move("forward", f"{new} comes after {current}")
        if after == before:
            return Move("same", f"{new} is as far as {current}")
        return Move("backward", f"{new} comes before {current}: an order never goes back")

    def _end(self, current: str, new: str, before: int, after: int) -> Move:
        if current in self.ends:
            return (
                Move("forward", f"{new} may follow {current}")
                if after > before
                else Move("closed", f"{current} is final")
            )
        barrier = self.ends[new]
        if barrier is not None and before >= self.rank(barrier):
            return Move("closed", f"{current}: too far for {new}")
        return Move("forward", f"{new} ends {current}")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Ladder:
        """`{rungs: [[paid], [shipped]], ends: {cancelled: shipped, refunded: null}, aside: [stopped]}`.

        Raises ValueError.
        """
        unknown = set(data) - {"doc", "rungs", "ends", "aside"}
        if unknown or not data.get("rungs"):
            raise ValueError(f"a ladder has rungs, ends and aside, not {', '.join(sorted(unknown)) or 'nothing'}")
        return cls(
            tuple(tuple(rung) for rung in data["rungs"]),
            dict(data.get("ends") or {}),
            frozenset(data.get("aside") or ()),
        )


ORDER_LADDER = Ladder.from_dict(
    {
        "rungs": [
            ["awaiting-payment", "payment-error"],
            ["backorder", "planned"],
            ["paid"],
            ["processing"],
            ["part-shipped"],
            ["shipped"],
            ["delivered", "complete"],
        ],
        "ends": {"cancelled": "part-shipped", "refunded": None},
        "aside": ["stopped"],
    }
)
"""The default: cancelled until something has left, refunded at any time (also after a cancellation)."""
