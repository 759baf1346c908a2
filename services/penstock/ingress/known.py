"""What the log knows of documents, of all processes together: which are on it, and which are about to be read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from confluent_kafka import Message

from penstock.ingress.positions import document_key
from penstock.log.kafka import KafkaSettings, admin
from penstock.log.loader import Loader
from penstock.log.offsets import LATEST, committed, offsets, partitions_of
from penstock.log.scan import scan
from penstock.records.raw import EntityRef

PATIENCE = 60.0


def extracting_group(settings: KafkaSettings, flow: str, system: str) -> str:
    """The consumer group that answers notifications."""
    return f"{settings.topic_prefix}penstock.{flow}.extract.{system}"


class Known:
    """Follows `position.<system>` for one entity. `group` is the consumer group that answers notifications.

    Other processes extract too, so what this one has written is not enough.
    """

    def __init__(self, settings: KafkaSettings, system: str, group: str, entity: str) -> None:
        self._settings = settings
        self._admin = admin(settings)
        self._positions = settings.topic(f"position.{system}")
        self._notifications = settings.topic(f"raw.{system}.notification")
        self._group = group
        self._entity = entity
        self._keys: set[str] = set()
        self._loader: Loader | None = None
        self._one_at_a_time = asyncio.Lock()

    async def refresh(self) -> None:
        """Reads on to what is on the log now. Raises LoaderError or TimeoutError; the next call begins anew."""
        async with self._one_at_a_time:
            try:
                await asyncio.to_thread(self._catch_up)
            except Exception:
                self.close()
                raise

    def has(self, ref: EntityRef) -> bool:
        """Is the document on the log, also as deleted?"""
        return document_key(ref) in self._keys

    async def unanswered(self) -> frozenset[str]:
        """Keys of the notifications that nobody has answered yet: their documents are read next."""
        return await asyncio.to_thread(self._read_unanswered)

    def close(self) -> None:
        if self._loader is not None:
            self._loader.close()
        self._loader = None  # the keys stay: what was on the log once is

    def _catch_up(self) -> None:
        if self._loader is None:
            self._loader = Loader(self._settings, self._take, name=f"known {self._positions}")
            self._loader.follow(self._positions)
            self._loader.wait_caught_up(PATIENCE)
        places = [(self._positions, number) for number in partitions_of(self._admin, self._positions)]
        for place, end in offsets(self._admin, places, LATEST).items():
            if end > 0:
                self._loader.wait_position(place, end - 1, PATIENCE)

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            key = (message.key() or b"").decode()
            if key.startswith("doc:") and key.split(":", 3)[2] == self._entity:
                self._keys.add(key)

    def _read_unanswered(self) -> frozenset[str]:
        starts = committed(self._admin, self._group, self._notifications)
        records = scan(self._settings, self._notifications, starts=starts)
        return frozenset((record.key or b"").decode("utf-8", "replace") for record in records)
