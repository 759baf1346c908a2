"""Sends records behind live traffic: so many a second, and never more under way than a few."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Producer

from penstock.checkpoints import reach
from penstock.log.fates import FateState
from penstock.processors.deliver import Output
from penstock.replay.errors import StalledError
from penstock.replay.fatebook import FateBook

BY_KEY = -1
"""librdkafka's partition number for: by the key."""
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Sending:
    """Records to send for one document, in order, and the targets whose fates will answer them (`""`: nobody's)."""

    entity: str
    canonical_id: str
    event_id: str
    targets: tuple[str, ...]
    outputs: tuple[Output, ...]


class Sender:
    """`window`: documents without a fate at any time, so that a live record has few of them before it.

    patience: seconds without any fate before it gives up. tick is called often, with the number of documents done.
    """

    def __init__(
        self,
        producer: Producer,
        fates: FateBook,
        *,
        rate: float | None,
        window: int,
        patience: float,
        tick: Callable[[int], object],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._producer = producer
        self._fates = fates
        self._rate = rate
        self._window = window
        self._patience = patience
        self._tick = tick
        self._clock = clock
        self._sleep = sleep
        self._under_way: dict[str, Sending] = {}
        self._failed: list[str] = []
        self.ends: Counter[str] = Counter()
        """How the documents of this run have ended so far, by state and target."""
        self.done = 0

    def run(self, sendings: Iterable[Sending]) -> None:
        """Sends what has no fate yet of this run. Raises StalledError, LoaderError."""
        due = self._clock()
        for sending in sendings:
            if self._answered(sending):
                self._count(sending)
                continue
            if self._rate is not None:
                while (left := due - self._clock()) > 0:
                    self._sleep(min(left, LOOK_SECONDS))
                    self._look()
                due = max(due, self._clock() - 1.0) + 1 / self._rate
            self._make_room(self._window - 1)
            self._send(sending)
            self._look()
        self._make_room(0)

    def _send(self, sending: Sending) -> None:
        for output in sending.outputs:
            self._producer.produce(
                output.topic,
                value=output.value,
                key=output.key,
                partition=BY_KEY if output.partition is None else output.partition,
                headers=list(output.headers),
                on_delivery=self._delivered,
            )
        self._under_way[sending.event_id] = sending
        reach("replay.produced")

    def _delivered(self, error: Any, _: Any) -> None:
        if error is not None:
            self._failed.append(error.str())

    def _make_room(self, most: int) -> None:
        """Waits until at most `most` documents are without a fate."""
        moved = self._clock()
        while len(self._under_way) > most:
            if self._look():
                moved = self._clock()
                continue
            if self._clock() - moved > self._patience:
                waiting = next(iter(self._under_way))
                raise StalledError(
                    f"no fate came for {self._patience:.0f} s; {len(self._under_way)} documents wait, the first is "
                    f"{waiting}: do the sinks of the flow run, and is the target there (`penstock status`)?"
                )
            self._fates.wait(LOOK_SECONDS)

    def _look(self) -> bool:
        """Has anything been answered since the last look?"""
        self._producer.poll(0)
        if self._failed:
            raise StalledError(f"the log took no more records: {self._failed[0]}")
        answered = [sending for sending in self._under_way.values() if self._answered(sending)]
        for sending in answered:
            del self._under_way[sending.event_id]
            self._count(sending)
            reach("replay.answered")
        self._tick(self.done)
        return bool(answered)

    def _answered(self, sending: Sending) -> bool:
        """An unknown outcome is none: the sink looks what became of it."""
        states = [self._fates.state(sending.event_id, sending.canonical_id, target) for target in sending.targets]
        return all(state is not None and state is not FateState.UNKNOWN for state in states)

    def _count(self, sending: Sending) -> None:
        self.done += 1
        for target in sending.targets:
            state = self._fates.state(sending.event_id, sending.canonical_id, target)
            if state is not None:
                self.ends[f"{state.value} {target}".strip()] += 1
