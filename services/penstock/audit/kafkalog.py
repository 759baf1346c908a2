"""The log as an audit reads it, on Kafka."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol, cast

from confluent_kafka import KafkaException

from penstock.audit.ledger import Place
from penstock.log.kafka import KafkaSettings, admin
from penstock.log.offsets import group_offsets
from penstock.log.scan import batches


class Message(Protocol):
    """A consumed record, as the client gives it; the types of confluent's own allow None everywhere."""

    def key(self) -> bytes | str | None: ...
    def value(self) -> bytes | str | None: ...
    def headers(self) -> Sequence[tuple[str, bytes | str | None]] | None: ...
    def partition(self) -> int | None: ...
    def offset(self) -> int | None: ...
    def timestamp(self) -> tuple[int, int]: ...


class Log(Protocol):
    """Topics by their names in `topics.yaml`; `prefix` stands before them on the cluster."""

    prefix: str

    def batches(self, topic: str, since: datetime | None) -> Iterator[Sequence[Message]]:
        """Everything on a topic up to its present end, from `since` on by the log's time."""
        ...

    def passed(self, target: str, place: Place) -> bool | None:
        """Has the service that reads this place for a target ('': the processors) committed past it? None: unknown."""
        ...


class KafkaLog:
    """A `Log`. Committed offsets are asked for once, when first needed."""

    def __init__(self, settings: KafkaSettings, flow: str) -> None:
        self.prefix = settings.topic_prefix
        self._settings = settings
        self._group_prefix = f"{settings.topic_prefix}penstock.{flow}"
        self._committed: dict[str, dict[tuple[str, int], int]] = {}

    def batches(self, topic: str, since: datetime | None) -> Iterator[Sequence[Message]]:
        """Raises ScanError."""
        return cast("Iterator[Sequence[Message]]", batches(self._settings, self._settings.topic(topic), since=since))

    def passed(self, target: str, place: Place) -> bool | None:
        if target not in self._committed:
            name = f"sink.{target.replace(':', '.', 1)}" if target else "processors"
            self._committed[target] = self._ask(f"{self._group_prefix}.{name}")
        committed = self._committed[target].get((self._settings.topic(place.topic), place.partition))
        return None if committed is None else committed > place.offset

    def _ask(self, group: str) -> dict[tuple[str, int], int]:
        try:
            return group_offsets(admin(self._settings), group)
        except KafkaException:
            return {}
