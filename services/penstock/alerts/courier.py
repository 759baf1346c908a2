"""One channel's way from the log to people: read, group, deliver, and only then commit.

Every channel has a consumer group of its own, so that a dead webhook does not hold back the mails.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from penstock.alerts.alert import Alert, AlertError, read_alert
from penstock.alerts.channel import Channel, DeliveryError, RefusedError
from penstock.alerts.desk import Desk, Outgoing
from penstock.log.kafka import KafkaSettings
from penstock.log.lanes import LaneConsumer, Record
from penstock.log.scan import ScanError, scan

log = structlog.get_logger()

BACKOFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
FIRST_START = timedelta(hours=1)
"""A service that is new on a log tells of the last hour, not of two years."""
HISTORY = timedelta(days=30)
"""How far back the outages of a predecessor are looked for."""


class Courier:
    """Delivers the alerts that `concerns` accepts. `backoff`: seconds before the next try, the last one for ever."""

    def __init__(
        self,
        channel: Channel,
        desk: Desk,
        consumer: AIOKafkaConsumer,
        settings: KafkaSettings,
        *,
        concerns: Callable[[Alert], bool] = lambda _: True,
        backoff: tuple[float, ...] = BACKOFF,
    ) -> None:
        self.channel = channel
        self.desk = desk
        self.counts: Counter[str] = Counter({"delivered": 0, "failed": 0, "refused": 0, "unreadable": 0})
        self._consumer = consumer
        self._settings = settings
        self._concerns = concerns
        self._backoff = backoff
        self._failures = 0
        self._broken: Exception | None = None
        self._came = asyncio.Event()
        self._topic = settings.topic("alert")
        self._lanes = LaneConsumer(
            consumer,
            [self._topic],
            lane_of=lambda record: f"{record.topic}-{record.partition}",
            handle=self._take,
            lanes={"": 1},
            on_assigned=self._assigned,
            on_revoked=self._revoked,
        )

    @property
    def ready(self) -> bool:
        return self._lanes.ready.is_set()

    async def read(self, stop: asyncio.Event) -> None:
        """Fills the desk until `stop`. The consumer must be started."""
        await self._lanes.run(stop)

    async def deliver(self, stop: asyncio.Event) -> None:
        """Empties the desk until `stop`; never gives up but on a message that the receiver refuses again and again."""
        while not stop.is_set():
            self._came.clear()
            if self._broken is not None:
                raise self._broken
            outgoing = self.desk.next()
            if outgoing is None:
                await _first(self._came, stop, self.desk.seconds_to_next())
            elif (wait := await self._attempt(outgoing)) > 0:
                await _first(stop, stop, wait)

    async def _attempt(self, outgoing: Outgoing) -> float:
        """Seconds to wait before the next call. What is due then is asked anew: meanwhile alerts gather."""
        try:
            await self.channel.deliver(outgoing.message)
        except RefusedError as error:
            if self.desk.refuse(outgoing):
                self.counts["refused"] += 1
                self._tell("alert_given_up", outgoing, reason=str(error), documents=outgoing.message.documents)
                return 0.0
            return self._later(outgoing, error)
        except DeliveryError as error:
            return self._later(outgoing, error)
        self._failures = 0
        self.counts["delivered"] += 1
        self.desk.settle(outgoing)
        log.info("alert_delivered", channel=self.channel.name, title=outgoing.message.title)
        return 0.0

    def _later(self, outgoing: Outgoing, error: DeliveryError) -> float:
        pause = self._backoff[min(self._failures, len(self._backoff) - 1)] * random.uniform(0.8, 1.2)
        wait = max(pause, error.retry_after or 0.0)
        self._failures += 1
        self.counts["failed"] += 1
        self._tell("alert_not_delivered", outgoing, reason=str(error), again_in=round(wait, 1))
        return wait

    def _tell(self, event: str, outgoing: Outgoing, **more: object) -> None:
        log.warning(event, channel=self.channel.name, title=outgoing.message.title, **more)

    async def _take(self, _lane: str, records: list[Record]) -> None:
        for record in records:
            alert = self._read(record)
            if alert is None:
                record.done()
            else:
                self.desk.take(alert, record.done)
        self._came.set()

    def _read(self, record: Record) -> Alert | None:
        """The alert, when it is one and concerns this flow."""
        try:
            alert = read_alert(record.value, datetime.fromtimestamp(record.timestamp / 1000, UTC))
        except AlertError as error:
            self.counts["unreadable"] += 1
            place = f"{record.topic}-{record.partition}-{record.offset}"
            log.warning("alert_unreadable", channel=self.channel.name, place=place, reason=str(error))
            return None
        return alert if self._concerns(alert) else None

    async def _assigned(self, partitions: set[TopicPartition]) -> None:
        try:
            starts = {partition: await self._start_of(partition) for partition in partitions}
            told = await asyncio.to_thread(self._history, starts) if starts else []
        except (KafkaError, ScanError) as error:
            self._broken = error  # aiokafka only logs what a listener raises: `deliver` ends the process with it
            raise
        else:
            self.desk.clear()
            self.desk.restore(told)
        finally:
            self._came.set()

    async def _start_of(self, partition: TopicPartition) -> int:
        """Where reading begins; without a committed offset it is made one, so that it holds after a kill."""
        committed = await self._consumer.committed(partition)
        if committed is not None:
            return int(committed)
        since = int((datetime.now(UTC) - FIRST_START).timestamp() * 1000)
        found = (await self._consumer.offsets_for_times({partition: since}))[partition]
        start = found.offset if found else (await self._consumer.end_offsets([partition]))[partition]
        self._consumer.seek(partition, start)
        await self._consumer.commit({partition: OffsetAndMetadata(start, "")})
        return int(start)

    def _history(self, starts: dict[TopicPartition, int]) -> list[Alert]:
        """Alerts before the starts, in log order: what a predecessor has dealt with. Unreadable ones are no news."""
        ends = {partition.partition: offset for partition, offset in starts.items()}
        told = []
        since = datetime.now(UTC) - HISTORY
        for record in scan(self._settings, self._topic, partitions=ends, since=since):
            if record.offset < ends[record.partition]:
                with suppress(AlertError):
                    told.append(read_alert(record.value, record.at))
        return [alert for alert in told if self._concerns(alert)]

    async def _revoked(self) -> None:
        self.desk.clear()


async def _first(one: asyncio.Event, other: asyncio.Event, seconds: float | None) -> None:
    """Returns when either is set, or after `seconds`."""
    waits = [asyncio.create_task(event.wait()) for event in {one, other}]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
