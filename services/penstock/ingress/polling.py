"""Pollers: one owner per poll set, found by the group assignment of the extraction consumer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog
from aiokafka import AIOKafkaProducer

from penstock.checkpoints import reach
from penstock.connectors.budget import backfill
from penstock.connectors.contract import Notification, PollSet, Source, SourceRefusedError, SourceUnavailableError
from penstock.connectors.http import LostReplyError, NotSentError
from penstock.ingress.extract import fresh_seconds, notify
from penstock.ingress.gathering import Gathering
from penstock.ingress.notes import note_bytes
from penstock.ingress.positions import Positions, mark_key
from penstock.log.kafka import KafkaSettings
from penstock.log.partition import partition_for

log = structlog.get_logger()

LONGEST_BACKOFF = 60.0


class Pollers:
    """Runs the poll sets of one source that this process owns.

    `after`: sets that run where the source's first set runs, and only once that has been through: they look for what
    it leaves out.
    """

    def __init__(
        self,
        source: Source,
        positions: Positions,
        producer: AIOKafkaProducer,
        settings: KafkaSettings,
        after: Sequence[PollSet] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._after = after
        self._positions = positions
        self._monotonic = monotonic
        self._fresh = fresh_seconds(settings)

        async def send(note: Notification) -> None:
            await notify(producer, settings, note, note_bytes(note))

        self._gathering = Gathering(send)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._began: float | None = None
        self._through = asyncio.Event()
        self.rounds: dict[str, int] = {}

    def own(self, partitions: set[int], count: int) -> None:
        """Starts the poll sets whose name falls on one of our partitions of the notification topic."""
        if self._began is None:
            self._began = asyncio.get_running_loop().time()
        for poll_set in self._source.polls:
            key = mark_key(self._source.instance, poll_set.name)
            if partition_for(key.encode(), count) in partitions and poll_set.name not in self._tasks:
                self._tasks[poll_set.name] = asyncio.create_task(self._run(poll_set, key, self._began))
        if self._source.polls and self._source.polls[0].name in self._tasks:
            for poll_set in self._after:
                if poll_set.name not in self._tasks:
                    key = mark_key(self._source.instance, poll_set.name)
                    run = self._run_after(poll_set, key, self._began)
                    self._tasks[poll_set.name] = asyncio.create_task(run)

    async def release(self) -> None:
        """Stops them all; what was published and not yet marked is published again by the next owner."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()
        self._gathering.drop()

    def failure(self) -> BaseException | None:
        """The exception of a poller that died, for the service to end with."""
        for task in self._tasks.values():
            if task.done() and not task.cancelled() and task.exception() is not None:
                return task.exception()
        return None

    async def _run_after(self, poll_set: PollSet, key: str, began: float) -> None:
        await self._through.wait()
        await self._run(poll_set, key, began)

    async def _run(self, poll_set: PollSet, key: str, began: float) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            try:
                with backfill():
                    await self._once(poll_set, key)
                failures = 0
                delay = until_next_round(poll_set.interval, loop.time() - began)
            except (SourceUnavailableError, NotSentError, LostReplyError, SourceRefusedError) as error:
                failures += 1
                delay = getattr(error, "retry_after", None) or min(poll_set.interval * 2**failures, LONGEST_BACKOFF)
                if failures in {1, 10} or failures % 60 == 0:
                    log.warning(
                        "poll_failed", system=self._source.system, set=poll_set.name, times=failures, reason=str(error)
                    )
            await asyncio.sleep(delay)

    async def _once(self, poll_set: PollSet, key: str) -> None:
        known = self._positions.get(key)
        mark = known["mark"] if known else None
        asked_at = self._monotonic()
        async for page in poll_set.poll(mark):
            reach("ingress.page-read")
            await self._publish(page.notifications, asked_at)
            reach("ingress.page-published")
            if page.mark is not None and page.mark != mark:
                # after the notifications are acknowledged: a crash in between only repeats them
                await self._positions.put(key, {"mark": dict(page.mark)})
                reach("ingress.mark-stored")
                mark = page.mark
            asked_at = self._monotonic()
        self.rounds[poll_set.name] = self.rounds.get(poll_set.name, 0) + 1
        if poll_set is self._source.polls[0]:
            self._through.set()

    async def _publish(self, notes: Sequence[Notification], asked_at: float) -> None:
        """Rows that are too old to stand for their documents do not travel along: extraction reads those itself.

        Of a poller that was frozen another has taken over, and what that one saw is newer.
        """
        if self._is_old(asked_at):
            notes = [replace(note, carried=()) for note in notes]
        await self._gathering.send(notes)
        if self._is_old(asked_at):
            await self._gathering.send([replace(note, carried=()) for note in notes if note.carried])

    def _is_old(self, asked_at: float) -> bool:
        return self._monotonic() - asked_at > self._fresh


def until_next_round(interval: float, elapsed: float) -> float:
    """Seconds until sets of this interval poll again, all at one time: then one document is told of once.

    `elapsed`: since the first round began. Between half of the interval, so that a slow source has a rest, and half as
    much again.
    """
    rest = interval - elapsed % interval
    return rest if rest >= interval / 2 else rest + interval
