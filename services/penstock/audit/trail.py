"""Every event has its fate, every canonical record one per target. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from penstock.audit import words
from penstock.audit.ledger import Ledger, Place
from penstock.audit.model import Difference, OpenMatter, Window

Committed = Callable[[str, Place], bool | None]
"""Has the service that reads this place for a target ('' for the processors) committed past it? None: unknown."""


@dataclass(frozen=True, slots=True)
class Trail:
    """What a flow's events came to. mine: `system:instance` of the flow's systems; grace: seconds that an event may be
    without a fate."""

    flow: str
    ledger: Ledger
    mine: frozenset[str]
    window: Window
    now: datetime
    grace: float

    def without_fate(self, committed: Committed) -> Iterator[Difference]:
        ledger = self.ledger
        decided = {event for event, _ in ledger.fates}
        for event, place in ledger.events.items():
            if event not in decided and event not in ledger.made and self._judged(place):
                yield self._no_fate(event, "", place, committed("", place))
        for event, made in ledger.made.items():
            if not self._judged(made.place):
                continue
            for target in made.targets or ("",):
                if (event, target) not in ledger.fates:
                    yield self._no_fate(event, target, made.place, committed(target, made.place))
        for place in ledger.unreadable:
            if self._judged(place):
                yield words.unreadable(str(place))

    def open(self) -> list[OpenMatter]:
        """The oldest first."""
        out = []
        for event, target, said in self.ledger.open_fates():
            if not self._is_mine(event):
                continue
            at = datetime.fromisoformat(said.at)
            if at in self.window:
                age = (self.now - at).total_seconds()
                out.append(
                    OpenMatter(
                        said.state,
                        target,
                        event,
                        document_of(event),
                        said.entity,
                        said.reason,
                        at.astimezone(UTC).isoformat(timespec="seconds"),
                        round(age, 1),
                    )
                )
        return sorted(out, key=lambda each: -each.age_seconds)

    def fates(self) -> Mapping[str, int]:
        """How many events ended how, by state."""
        counted: dict[str, int] = {}
        for (event, _), said in self.ledger.fates.items():
            if self._is_mine(event):
                counted[said.state] = counted.get(said.state, 0) + 1
        return dict(sorted(counted.items()))

    def _is_mine(self, event: str) -> bool:
        """By the event id, which begins with its source."""
        return ":".join(event.split(":", 2)[:2]) in self.mine or event in self.ledger.events

    def _judged(self, place: Place) -> bool:
        at = datetime.fromtimestamp(place.at / 1000, UTC)
        return at in self.window and (self.now - at).total_seconds() > self.grace

    def _no_fate(self, event: str, target: str, place: Place, passed: bool | None) -> Difference:
        age = self.now - datetime.fromtimestamp(place.at / 1000, UTC)
        return words.no_fate(self.flow, event, document_of(event), target, str(place), age.total_seconds(), passed)


def document_of(event: str) -> str:
    """`prestashop:1:order:41` of the event id `prestashop:1:order:41:0f3a`; the place, where an event has no id."""
    return ":".join(event.split(":")[:4])
