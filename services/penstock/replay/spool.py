"""Bytes that are too many for memory, in a file without a name: gone with the process, however it ends."""

from __future__ import annotations

import tempfile
from typing import NamedTuple


class Place(NamedTuple):
    """Where in the spool, in bytes."""

    offset: int
    length: int


class Spool:
    """Written once, read in any order."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="penstock-replay-")  # noqa: SIM115 - closed with the spool
        self._end = 0

    def put(self, value: bytes) -> Place:
        self._file.seek(self._end)
        self._file.write(value)
        place = Place(self._end, len(value))
        self._end += len(value)
        return place

    def get(self, place: Place) -> bytes:
        self._file.seek(place.offset)
        return self._file.read(place.length)

    def close(self) -> None:
        self._file.close()
