"""The mark of a poll: how far the shop's own dates were read, and what the newest rows looked like.

A mark is made of returned dates only, never of a clock. One second holds several changes, so the newest seconds are
read again at every poll, and a row counts as changed when its content differs from what the mark remembers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from penstock.connectors.prestashop import localtime
from penstock.connectors.prestashop.fingerprint import row_hash
from penstock.connectors.prestashop.wire import Row, text

MOST_REMEMBERED = 5000
SETTLED_AFTER = 60.0
"""Seconds of the shop after which a second that was newest all the while is taken as over."""


@dataclass(slots=True)
class Mark:
    """`at`: newest date read; `since`: epoch seconds of the shop when it became so; `settled`: that second is over, and
    what comes next is later. `seen`: id -> (date, content hash) of the rows that the next poll reads again. `overlap`:
    seconds that are read again.
    """

    at: str
    zone: ZoneInfo
    overlap: float
    since: float = 0.0
    settled: bool = False
    seen: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, stored: Mapping[str, Any] | None, start: str, *, zone: ZoneInfo, overlap: float) -> Mark:
        if stored is None:
            return cls(start, zone, overlap)
        seen = {str(native_id): (str(at), str(content)) for native_id, (at, content) in stored["seen"].items()}
        return cls(str(stored["at"]), zone, overlap, float(stored["since"]), bool(stored["settled"]), seen)

    def stored(self) -> dict[str, Any]:
        head = {"at": self.at, "since": self.since, "settled": self.settled}
        return head | {"seen": {native_id: list(entry) for native_id, entry in self.seen.items()}}

    def reads_from(self) -> str:
        """Where the next poll starts: a few seconds back, and over the hour that the clock is about to repeat."""
        if self.settled:
            return localtime.earlier(self.at, -1)
        return localtime.earlier(self.at, self.overlap + localtime.repeated(self.at, self.zone))

    def changed(self, rows: Sequence[Row], date_field: str) -> list[Row]:
        """The rows that the mark does not know with this content; from now on it does."""
        fresh = []
        for row in rows:
            native_id, entry = text(row.get("id")), (text(row.get(date_field)), row_hash(row))
            if self.seen.get(native_id) != entry:
                self.seen[native_id] = entry
                fresh.append(row)
        return fresh

    def advance(self, newest: str, present: float) -> None:
        """Moves to the newest date read, but never past the shop's present (epoch seconds): a row dated in the future
        would hide all changes until then. Forgets rows that will not be read again; of too many, the oldest.
        """
        at = max(self.at, min(newest, localtime.from_epoch(present, self.zone)))
        if at != self.at or not self.since:
            self.at, self.since, self.settled = at, present, False
        horizon = self.reads_from()
        kept = [(native_id, entry) for native_id, entry in self.seen.items() if entry[0] >= horizon]
        kept.sort(key=lambda item: item[1][0])
        self.seen = dict(kept[-MOST_REMEMBERED:])

    def settle(self, present: float) -> bool:
        """After a whole poll: whether the newest second has now passed for good, so that it need not be read again.

        Told by how long it has been the newest, not by comparing clocks: the zone may be set wrongly.
        """
        quiet = SETTLED_AFTER + self.overlap + 2 * localtime.repeated(self.at, self.zone)
        if self.settled or not self.since or present - self.since < quiet:
            return False
        self.settled, self.seen = True, {}
        return True
