"""A worker that lives and does nothing: Faust consumers are known to stop advancing without an error.

Work is possible and not done when a partition has records past its committed offset and nothing has moved for a while.
Then the process ends, and its successor takes over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

STALLED_AFTER = 60.0


class StallWatch:
    """Feed it what is committed and what there is, per partition, every few seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[Any, int] = {}
        self._since: dict[Any, float] = {}

    def stalled(self, committed: Mapping[Any, int], ends: Mapping[Any, int]) -> list[Any]:
        """Partitions with records left (`end` is the offset after the last) on which nothing moved for a minute."""
        now = self._clock()
        out = []
        for place, end in ends.items():
            mark = committed.get(place, 0)
            if mark >= end or self._seen.get(place) != mark:
                self._seen[place] = mark
                self._since[place] = now
            elif now - self._since[place] > STALLED_AFTER:
                out.append(place)
        for gone in self._seen.keys() - ends.keys():
            del self._seen[gone], self._since[gone]
        return out
