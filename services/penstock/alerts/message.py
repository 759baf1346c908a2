"""What a person is told: a title, a text, and the same as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from penstock.alerts.alert import OUTAGE, OUTAGE_OVER

NEXT_STEPS = {
    OUTAGE: "penstock status",
    "held": "penstock holds list",
    "parked": "penstock parked list",
    "dead-letter": "penstock dlq groups",
    "gap": "penstock audit list --what gap",
}
"""Where a person looks next, by kind; with a document: its trace."""


@dataclass(frozen=True, slots=True)
class Message:
    """One or many alerts of a group. `group` is the same for all messages of a thread, `id` for repeats of one message.

    `seconds` is the length of an outage; `documents` are examples, `more` counts those that are not among them.
    """

    id: str
    group: str
    flow: str
    kind: str
    target: str
    priority: int
    reason: str
    count: int
    first: datetime
    last: datetime
    seconds: float | None = None
    documents: tuple[str, ...] = ()
    more: int = 0

    @property
    def title(self) -> str:
        start = f"[penstock] P{self.priority}"
        lasted = "" if self.seconds is None else duration(self.seconds)
        if self.kind == OUTAGE:
            return " ".join(f"{start} outage {self.target} {lasted and f'for {lasted}'}".split())
        if self.kind == OUTAGE_OVER:
            return " ".join(f"{start} outage over {self.target} {lasted and f'after {lasted}'}".split())
        times = f", {self.count} times" if self.count > 1 else ""
        return " ".join(f"{start} {self.kind} {self.target}".split()) + times

    @property
    def text(self) -> str:
        """Plain text of a mail, without the title."""
        until = f" to {_time(self.last)}" if self.last != self.first else ""
        rows = [
            ("flow", self.flow),
            ("target", self.target),
            ("kind", self.kind),
            ("priority", str(self.priority)),
            ("count", str(self.count)),
            ("at", f"{_time(self.first)}{until}"),
            ("documents", ", ".join(self.documents) + (f" and {self.more} more" if self.more else "")),
            ("next", self._next_step()),
            ("thread", self.group),
        ]
        return "\n".join([self.reason, "", *(f"{name:<10} {value}" for name, value in rows if value), ""])

    def to_json(self, sent_at: datetime) -> dict[str, Any]:
        """The body of the webhook."""
        return {
            "id": self.id,
            "group": self.group,
            "sent_at": sent_at,
            "flow": self.flow,
            "kind": self.kind,
            "target": self.target,
            "priority": self.priority,
            "closed": self.kind == OUTAGE_OVER,
            "reason": self.reason,
            "count": self.count,
            "first": self.first,
            "last": self.last,
            "seconds": self.seconds,
            "documents": self.documents,
            "more": self.more,
            "text": f"{self.title}: {self.reason}" if self.reason else self.title,
        }

    def _next_step(self) -> str:
        if self.kind in NEXT_STEPS:
            return NEXT_STEPS[self.kind]
        return f"penstock trace {self.documents[0]}" if self.documents else ""


def duration(seconds: float) -> str:
    """`6 s`, `5 min`, `2 h 5 min`, `3 d 4 h`: the two largest units, rounded down.

    >>> duration(301.7), duration(7500)
    ('5 min', '2 h 5 min')
    """
    left = int(seconds)
    if left < 60:
        return f"{left} s"
    days, left = divmod(left, 86_400)
    hours, left = divmod(left, 3_600)
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (left // 60, "min")) if count]
    return " ".join(parts[:2])


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
