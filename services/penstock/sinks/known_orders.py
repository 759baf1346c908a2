"""Every order that has ever been on the log, or held before it, and which version of it is the newest.

Orders are remembered for ever: a replay may bring back any old version, and a shop may ask about any old order. So each
costs two numbers, its id and a place on the log, and some 130 bytes.
"""

from __future__ import annotations

from penstock.log.headers import Position

PLACES = 2**32
"""A packed position is offset × PLACES + number of the partition, counted as they come."""
NO_POSITION = -1


def number_of(order_id: str) -> int:
    """A canonical id in half of its memory. Raises ValueError for what is no UUID.

    >>> f"{number_of('72d8999c-9b7e-5cff-9323-4ce94558fad2'):x}"
    '72d8999c9b7e5cff93234ce94558fad2'
    """
    if len(order_id) != 36:
        raise ValueError(f"{order_id!r} is no canonical id")
    return int(order_id.replace("-", ""), 16)


class KnownOrders:
    """Canonical ids, each with the position of the newest version, where one is known."""

    def __init__(self) -> None:
        self._newest: dict[int, int] = {}
        self._partitions: dict[tuple[str, int], int] = {}

    def __contains__(self, order_id: str) -> bool:
        return number_of(order_id) in self._newest

    def add(self, order_id: str) -> None:
        """It is known, in whatever version."""
        self._newest.setdefault(number_of(order_id), NO_POSITION)

    def advance(self, order_id: str, position: Position) -> bool:
        """Takes the version at `position` for the newest, unless a newer one is known: then False.

        On one partition the higher offset is newer; after a repartition the new place wins, as in `model.newer`.
        """
        partition = self._partitions.setdefault((position.topic, position.partition), len(self._partitions))
        number, version = number_of(order_id), position.offset * PLACES + partition
        known = self._newest.get(number, NO_POSITION)
        if known > version and known % PLACES == partition:
            return False
        self._newest[number] = version
        return True
