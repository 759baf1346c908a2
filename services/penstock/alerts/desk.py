"""Groups alerts: the first of a group goes out at once, what follows within the window becomes one message.

The thread of an outage is one group from its first alert to `outage-over`. What waits here is not committed: a process
that dies leaves it on the log. One desk serves one channel, from one task; the clock is passed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from penstock.alerts.alert import OUTAGE, OUTAGE_OVER, Alert
from penstock.alerts.message import Message

EXAMPLES = 10
MOST_LIKENESSES = 10
"""Groups of one kind and target; a flood of ever new reasons gets one more group for all the rest."""
OTHER = "other reasons"
CROWDED = 1000
"""With so many alerts waiting no window holds them back: reading would stop, and an outage behind them go unsaid."""
TIMES_REFUSED = 5

Done = Callable[[], None]


@dataclass(slots=True, eq=False)
class Group:
    """`pending`: alerts that nobody has been told of, with what to call once somebody has.

    `highest` is the priority of an outage's thread, which never falls; `told_*` is what the last message said.
    """

    id: str
    is_open: bool = False
    highest: int = 0
    last_outage: Alert | None = None
    told_priority: int = 0
    told_open: bool = False
    quiet_until: float = float("-inf")
    refused: int = 0
    pending: list[tuple[Alert, Done]] = field(default_factory=list)

    @property
    def priority(self) -> int:
        return max([self.highest, *(alert.priority for alert, _ in self.pending)])

    def is_due(self, now: float) -> bool:
        """At once: the first, a higher priority than was told, and the end of what was told to be open."""
        if not self.pending:
            return False
        ends = self.told_open and not self.is_open
        return now >= self.quiet_until or self.priority > self.told_priority or ends


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message and the alerts that it stands for: `size` first ones of the group's pending."""

    message: Message
    group: Group
    size: int


class Desk:
    """Alerts below `min_priority` count as told; the end of an outage has the priority that the outage had."""

    def __init__(self, flow: str, group_seconds: float, min_priority: int, clock: Callable[[], float]) -> None:
        self._flow = flow
        self._window = group_seconds
        self._min_priority = min_priority
        self._clock = clock
        self._groups: dict[tuple[str, str, str], Group] = {}
        self.pending = 0

    @property
    def open_outages(self) -> int:
        return sum(group.is_open for group in self._groups.values())

    def clear(self) -> None:
        self._groups = {}
        self.pending = 0

    def restore(self, told: Iterable[Alert]) -> None:
        """Takes up the outages of a predecessor: these alerts, in log order, have been dealt with."""
        for alert in told:
            if alert.is_outage:
                group = self._follow(alert)
                group.told_priority, group.told_open = group.highest, group.is_open
                if not group.is_open:
                    del self._groups[_key(alert)]

    def take(self, alert: Alert, done: Done) -> None:
        """`done` is called once the alert has been delivered, or at once when nobody wants to hear of it."""
        self._forget(self._clock())
        group = self._follow(alert)
        if max(group.highest, alert.priority) < self._min_priority:
            done()
            return
        group.pending.append((alert, done))
        self.pending += 1

    def next(self) -> Outgoing | None:
        """The most urgent message that is due now. It stays due until it is settled."""
        now = self._clock()
        crowded = self.pending >= CROWDED
        due = [group for group in self._groups.values() if group.is_due(now) or (crowded and group.pending)]
        if not due:
            return None
        group = min(due, key=lambda group: (-group.priority, group.pending[0][0].at))
        return Outgoing(self._message(group), group, len(group.pending))

    def seconds_to_next(self) -> float | None:
        """How long until something is due if nothing comes; None when nothing waits."""
        ends = [group.quiet_until for group in self._groups.values() if group.pending]
        return max(0.0, min(ends) - self._clock()) if ends else None

    def settle(self, outgoing: Outgoing) -> None:
        """The message is delivered, or given up: the next of its group waits for the window."""
        group, message = outgoing.group, outgoing.message
        told, group.pending = group.pending[: outgoing.size], group.pending[outgoing.size :]
        group.told_priority, group.told_open = message.priority, message.kind == OUTAGE
        group.quiet_until = self._clock() + self._window
        group.refused = 0
        if any(known is group for known in self._groups.values()):  # else the desk was cleared meanwhile
            self.pending -= len(told)
        for _, done in told:
            done()

    def refuse(self, outgoing: Outgoing) -> bool:
        """The receiver will not take this message. True once it has been given up after the last try."""
        outgoing.group.refused += 1
        if outgoing.group.refused < TIMES_REFUSED:
            return False
        self.settle(outgoing)
        return True

    def _follow(self, alert: Alert) -> Group:
        """The group of the alert; the thread of an outage learns of it."""
        key = _key(alert)
        if key not in self._groups and sum(known[:2] == key[:2] for known in self._groups) >= MOST_LIKENESSES:
            key = (*key[:2], OTHER)
        group = self._groups.get(key)
        if group is None:
            began = alert.at.isoformat() if alert.is_outage else ""
            group = self._groups[key] = Group(_digest(self._flow, *key, began))
        if alert.is_outage:
            group.is_open = alert.kind == OUTAGE
            group.highest = max(group.highest, alert.priority)
            if group.is_open:
                group.last_outage = alert
        return group

    def _forget(self, now: float) -> None:
        """Groups with nothing to say. A target that flaps stays in its thread while the window lasts."""
        self._groups = {
            key: group
            for key, group in self._groups.items()
            if group.pending or group.is_open or now < group.quiet_until
        }

    def _message(self, group: Group) -> Message:
        alerts = [alert for alert, _ in group.pending]
        last = alerts[-1]
        documents = list(dict.fromkeys(alert.document for alert in alerts if alert.document))
        message = Message(
            id=_digest(group.id, alerts[0].at.isoformat(), last.at.isoformat(), str(len(alerts))),
            group=group.id,
            flow=self._flow,
            kind=last.kind,
            target=last.target,
            priority=group.priority,
            reason=last.reason,
            count=sum(alert.count for alert in alerts),
            first=min(alert.at for alert in alerts),
            last=max(alert.at for alert in alerts),
            seconds=last.seconds,
            documents=tuple(documents[:EXAMPLES]),
            more=len(documents[EXAMPLES:]),
        )
        if last.kind == OUTAGE_OVER and group.last_outage is not None:
            return replace(message, reason=f"{last.reason}; it was: {group.last_outage.reason}")
        return message


def _key(alert: Alert) -> tuple[str, str, str]:
    return (OUTAGE if alert.is_outage else alert.kind, alert.target, alert.likeness)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
