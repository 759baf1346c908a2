"""The first load of a shop that has orders already: they come to the log behind live traffic, the oldest first.

What the shop lists and the log does not know is told to extraction like any notification. Only a few are under way at a
time, counted to their fates in the targets, so a live order never has more than those before it. Who is cut off begins
anew: what is on the log by then is left out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import orjson
from confluent_kafka import Message

from penstock.connectors.contract import Listed, Notification
from penstock.log.fates import FateState
from penstock.log.headers import BACKFILL
from penstock.log.kafka import KafkaSettings
from penstock.log.loader import Loader
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef
from penstock.replay.errors import StalledError

ENTITY = "order"
LOAD_SECONDS = 300.0
LOOK_SECONDS = 0.2

Send = Callable[[Notification], Awaitable[None]]
Advance = Callable[[int, int], object]
"""(done, of how many)"""


class Ends(Protocol):
    """How documents have ended so far."""

    def of(self, canonical: str) -> str | None: ...


class Fates:
    """The last fate of each order, `applied infor:DALS`, followed on the log."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._ends: dict[str, str] = {}
        self._loader = Loader(settings, self._take, name="fates")
        self._topic = settings.topic("fate")

    async def open(self) -> None:
        """Raises LoaderError, TimeoutError."""
        self._loader.follow(self._topic)
        await self._loader.until_caught_up(LOAD_SECONDS)

    def of(self, canonical: str) -> str | None:
        """None as long as nothing, or nothing certain, is known. Raises LoaderError when the log is not followed."""
        self._loader.caught_up()
        return self._ends.get(canonical)

    def close(self) -> None:
        self._loader.close()

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if (value := message.value()) is None:
                continue
            _, canonical, target = (message.key() or b"").decode().rsplit("|", 2)
            data = orjson.loads(value)
            if data["entity"] == ENTITY and data["state"] != FateState.UNKNOWN:
                self._ends[canonical] = f"{data['state']} {target}".strip()


@dataclass(slots=True)
class Loaded:
    """How many were sent, and how they stand in the end: `applied infor:DALS`."""

    sent: int = 0
    ends: Counter[str] = field(default_factory=Counter)


class Feeder:
    """Tells extraction of orders. `window`: so many without a fate at a time; `rate`: so many a second, at most.

    patience: seconds without any fate before it gives up.
    """

    def __init__(self, send: Send, ends: Ends, *, window: int, rate: float, patience: float, advance: Advance) -> None:
        self._send = send
        self._ends = ends
        self._window = window
        self._rate = rate
        self._patience = patience
        self._advance = advance
        self._sent: list[str] = []
        self._under_way: list[str] = []

    async def run(self, system: str, instance: str, orders: Sequence[Listed]) -> Loaded:
        """Of these orders. Raises StalledError, LoaderError."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for row in in_order(orders):
            await self._make_room(self._window - 1, len(orders))
            await asyncio.sleep(due - loop.time())
            due = max(due, loop.time() - 1.0) + 1 / self._rate
            await self._send(Notification(EntityRef(system, instance, ENTITY, row.native_id), BACKFILL))
            canonical = canonical_id(system, instance, ENTITY, row.native_id)
            self._under_way.append(canonical)
            self._sent.append(canonical)
        await self._make_room(0, len(orders))
        return Loaded(len(self._sent), Counter(self._ends.of(each) or "" for each in self._sent))

    async def _make_room(self, most: int, of: int) -> None:
        loop = asyncio.get_running_loop()
        moved = loop.time()
        while True:
            before = len(self._under_way)
            self._under_way = [each for each in self._under_way if self._ends.of(each) is None]
            if len(self._under_way) < before:
                moved = loop.time()
            self._advance(len(self._sent) - len(self._under_way), of)
            if len(self._under_way) <= most:
                return
            if loop.time() - moved > self._patience:
                raise StalledError(
                    f"no fate came for {self._patience:.0f} s; {len(self._under_way)} orders wait: do ingress, "
                    "processors and sinks of the flow run, and are its systems there (`penstock status`)? "
                    "Begin the backfill again, it goes on where it was"
                )
            await asyncio.sleep(LOOK_SECONDS)


def in_order(orders: Iterable[Listed]) -> list[Listed]:
    """The oldest first: what a customer ordered first is booked first."""
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(orders, key=lambda row: row.at or never)
