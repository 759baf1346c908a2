"""Which offsets may be committed: the low watermark of what is done, per partition."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)


class Watermark(Generic[P]):
    """Counts offsets under way. A partition's watermark is the lowest offset not done yet (the next one to read)."""

    def __init__(self) -> None:
        self._open: dict[P, dict[int, None]] = {}
        self._next: dict[P, int] = {}
        self._committed: dict[P, int] = {}
        self.finished = 0

    def begin(self, partition: P, offset: int) -> None:
        self._open.setdefault(partition, {})[offset] = None
        self._next[partition] = offset + 1

    def done(self, partition: P, offset: int) -> None:
        self.finished += 1
        self._open.get(partition, {}).pop(offset, None)

    def under_way_by(self, group: Callable[[P], str]) -> dict[str, int]:
        """Offsets under way per group of partitions."""
        out: dict[str, int] = {}
        for partition, offsets in self._open.items():
            name = group(partition)
            out[name] = out.get(name, 0) + len(offsets)
        return out

    @property
    def under_way(self) -> int:
        return sum(len(offsets) for offsets in self._open.values())

    def to_commit(self) -> dict[P, int]:
        """Watermarks that moved since `committed` was told."""
        moved: dict[P, int] = {}
        for partition, upcoming in self._next.items():
            waiting = self._open[partition]
            # dicts keep insertion order and offsets begin in order, so the first key is the lowest
            mark = next(iter(waiting)) if waiting else upcoming
            if mark != self._committed.get(partition):
                moved[partition] = mark
        return moved

    def committed(self, marks: dict[P, int]) -> None:
        self._committed.update(marks)

    def clear(self) -> None:
        self._open.clear()
        self._next.clear()
        self._committed.clear()
