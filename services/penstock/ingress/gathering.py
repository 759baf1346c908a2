"""Notifications of several poll sets, one for each document: a new order shows in four sets within a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from penstock.connectors.contract import Notification
from penstock.records.raw import EntityRef

GATHER_SECONDS = 0.5
LARGE = 100
"""Notifications of a page that do not wait: a first poll brings thousands, and hardly one of them twice."""


class Gathering:
    """Holds notifications back for a moment and sends one for each document.

    One may stand for another: it is sent after the pages of both were answered, so the document is read after them.
    """

    def __init__(self, send: Callable[[Notification], Awaitable[None]], seconds: float = GATHER_SECONDS) -> None:
        self._send_one = send
        self._seconds = seconds
        self._waiting: dict[EntityRef, Notification] = {}
        self._flush: asyncio.Task[None] | None = None

    async def send(self, notes: Sequence[Notification]) -> None:
        """Returns when every document of `notes` has been sent; raises what sending raises."""
        if len(notes) > LARGE:
            await self._all(notes)
            return
        # what carries a part of its own cannot stand for another, nor another for it
        await self._all([note for note in notes if note.carried])
        waiting = {note.ref: note for note in notes if not note.carried}
        if waiting:
            self._waiting |= waiting
            self._flush = self._flush or asyncio.create_task(self._later())
            # a poller that is stopped must not take the notifications of the others with it
            await asyncio.shield(self._flush)

    def drop(self) -> None:
        """Forgets what waits: those who wait are stopped too, and find it again."""
        if self._flush is not None:
            self._flush.cancel()
        self._waiting, self._flush = {}, None

    async def _later(self) -> None:
        await asyncio.sleep(self._seconds)
        notes, self._waiting, self._flush = list(self._waiting.values()), {}, None
        await self._all(notes)

    async def _all(self, notes: Sequence[Notification]) -> None:
        await asyncio.gather(*(self._send_one(note) for note in notes))
