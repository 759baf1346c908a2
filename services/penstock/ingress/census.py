"""The census: the orders that a shop lists against those on the log, so that none is lost without a word.

Webhooks get lost, and polling by change time has its blind spots: a row that becomes visible after its neighbours, a
clock that was put back, a crowded second that is edited while it is paged. The census decides by ids, not by times.

An order is missing when it is neither on the log nor in a notification that waits to be answered. One that is missing
in two rounds running is a gap: it is named and put on the log as a notification. An order that has just been placed,
and whose webhook is under way, is missing once at most. No clock is compared with another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from confluent_kafka import KafkaException

from penstock.connectors.contract import Notification, PollPage, Source, SourceUnavailableError
from penstock.flow.model import CensusEnv
from penstock.ingress.notes import note_key
from penstock.log.loader import LoaderError
from penstock.log.scan import ScanError
from penstock.records.raw import EntityRef

ENTITY = "order"
VIA = "census"
MOST = 10_000
"""Orders that a census remembers as missing; further ones are found in later rounds."""

Window = tuple[datetime, datetime | None]


class Log(Protocol):
    """See known.Known."""

    async def refresh(self) -> None: ...

    def has(self, ref: EntityRef) -> bool: ...

    async def unanswered(self) -> frozenset[str]: ...


class Clerk(Protocol):
    """See gaps.Gaps."""

    async def found(self, orders: Mapping[str, str], window: tuple[str, str]) -> None: ...

    async def closed(self, native_ids: list[str], window: tuple[str, str]) -> None: ...

    async def left(self, native_ids: list[str], window: tuple[str, str]) -> None: ...


@dataclass(slots=True)
class Memory:
    """The mark. `missing`: native id -> when it was created, of orders that were missing in the last round; `named`:
    gaps -> whether they were read again and still did not come. `since`, `until`, `compared`: the window of that round
    and how many orders it held. `reach`: seconds to which the window behind has grown.
    """

    missing: dict[str, str] = field(default_factory=dict)
    named: dict[str, bool] = field(default_factory=dict)
    since: str = ""
    until: str = ""
    compared: int = 0
    reach: float = 0.0


class Census:
    """A `PollSet`. Two of them watch a shop: the recent orders often, and behind them a window that doubles with every
    round, back to `start` and then anew, at a bounded rate.
    """

    def __init__(
        self,
        source: Source,
        log: Log,
        clerk: Clerk,
        settings: CensusEnv,
        start: datetime,
        *,
        behind: bool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = "census-behind" if behind else "census"
        self.interval = settings.behind_interval if behind else settings.interval
        self._source = source
        self._log = log
        self._clerk = clerk
        self._settings = settings
        self._start = start
        self._behind = behind
        self._now = now
        self._sleep = sleep
        self.counts: dict[str, int] = {"compared": 0, "gaps": 0, "closed": 0, "left": 0}

    async def poll(self, mark: Mapping[str, Any] | None) -> AsyncIterator[PollPage]:
        """Raises SourceUnavailableError or SourceRefusedError, also when the log does not answer."""
        memory = Memory(**mark) if mark else Memory(reach=self._settings.recent)
        try:
            await self._log.refresh()
            gaps = await self._judge(memory)
        except (KafkaException, LoaderError, ScanError, TimeoutError) as error:
            raise SourceUnavailableError(f"the census cannot read the log: {error}") from error
        yield PollPage([Notification(self._ref(native_id), VIA) for native_id in gaps], asdict(memory))
        await self._count(memory)
        yield PollPage((), asdict(memory))

    async def _judge(self, memory: Memory) -> list[str]:
        """What became of the orders that were missing; those to put on the log. They are named before they are."""
        absent, told = self._absent(memory), frozenset[str]()
        if absent:
            told = await self._log.unanswered()
            # in this order: what was answered before the notifications were read is on the log by now
            await self._log.refresh()
            absent = self._absent(memory)
        silent = {each for each in absent if note_key(self._ref(each)).decode() not in told}
        window = (memory.since, memory.until)
        closed = [each for each in memory.named if each not in absent]
        left = [each for each, known in memory.named.items() if each in silent and not known]
        gaps = {each: at for each, at in memory.missing.items() if each in silent and each not in memory.named}
        for what, ids in (("closed", closed), ("left", left), ("gaps", gaps)):
            self.counts[what] += len(ids)
        if closed:
            await self._clerk.closed(closed, window)
        if left:
            await self._clerk.left(left, window)
        if gaps:
            await self._clerk.found(gaps, window)
        still = {each: known or each in left for each, known in memory.named.items() if each in absent}
        memory.named = dict(list({**still, **dict.fromkeys(gaps, False)}.items())[-MOST:])
        memory.missing = {each: at for each, at in memory.missing.items() if each in absent and each not in silent}
        return list(gaps)

    def _absent(self, memory: Memory) -> set[str]:
        return {each for each in (*memory.missing, *memory.named) if not self._log.has(self._ref(each))}

    async def _count(self, memory: Memory) -> None:
        """Lists the window, and remembers what is missing."""
        since, until = self._window(memory.reach)
        memory.compared = 0
        async for page in self._source.listing(ENTITY, since, until):
            memory.compared += len(page)
            for row in page:
                if row.native_id not in memory.named and not self._log.has(self._ref(row.native_id)):
                    memory.missing.setdefault(row.native_id, row.at.isoformat() if row.at else "")
            if self._behind:
                await self._sleep(len(page) * 60 / self._settings.behind_per_minute)
        self.counts["compared"] += memory.compared
        memory.since, memory.until = since.isoformat(), until.isoformat() if until else ""
        if len(memory.missing) > MOST:
            memory.missing = dict(list(memory.missing.items())[:MOST])
        elif self._behind:
            memory.reach = self._settings.recent if since == self._start else memory.reach * 2
        if self._behind:  # what may be a gap is judged soon
            self.interval = self._settings.interval if memory.missing else self._settings.behind_interval

    def _window(self, reach: float) -> Window:
        """The recent one has no end: a shop's clock may be ahead of ours."""
        now = self._now()
        if not self._behind:
            return max(now - timedelta(seconds=self._settings.recent), self._start), None
        until = max(now - timedelta(seconds=reach), self._start)
        return max(now - timedelta(seconds=reach * 2), self._start), until

    def _ref(self, native_id: str) -> EntityRef:
        return EntityRef(self._source.system, self._source.instance, ENTITY, native_id)
