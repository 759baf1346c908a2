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


@dataclass(slots=True)
class Mark:
    """`at`: newest date read. `seen`: id -> (date, content hash) of the rows that the next poll reads again."""

    at: str
    seen: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, stored: Mapping[str, Any] | None, start: str) -> Mark:
        if stored is None:
            return cls(start)
        seen = {str(native_id): (str(at), str(content)) for native_id, (at, content) in stored["seen"].items()}
        return cls(str(stored["at"]), seen)

    def stored(self) -> dict[str, Any]:
        return {"at": self.at, "seen": {native_id: list(entry) for native_id, entry in self.seen.items()}}

    def reads_from(self, overlap: float, zone: ZoneInfo) -> str:
        """Where the next poll starts: a few seconds back, and over the hour that the clock is about to repeat."""
        return localtime.earlier(self.at, overlap + localtime.repeated(self.at, zone))

    def changed(self, rows: Sequence[Row], date_field: str) -> list[Row]:
        """The rows that the mark does not know with this content; from now on it does."""
        fresh = []
        for row in rows:
            native_id, entry = text(row.get("id")), (text(row.get(date_field)), row_hash(row))
            if self.seen.get(native_id) != entry:
                self.seen[native_id] = entry
                fresh.append(row)
        return fresh

    def advance(self, at: str, *, ceiling: str, overlap: float, zone: ZoneInfo) -> None:
        """Moves to the newest date read, but never past the shop's present: a row dated in the future would hide all
        changes until then. Forgets rows that will not be read again; of too many, the oldest.
        """
        self.at = max(self.at, min(at, ceiling))
        horizon = self.reads_from(overlap, zone)
        kept = sorted(
            ((native_id, entry) for native_id, entry in self.seen.items() if entry[0] >= horizon),
            key=lambda item: item[1][0],
        )
        self.seen = dict(kept[-MOST_REMEMBERED:])
