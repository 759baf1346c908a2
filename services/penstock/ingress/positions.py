"""What ingress remembers, on the log: poll marks, and the last event of every document (`position.<system>`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer
from confluent_kafka import Message

from penstock.connectors.http import now_text
from penstock.log.kafka import KafkaSettings
from penstock.log.loader import Loader
from penstock.records.raw import EntityRef


def mark_key(instance: str, poll_set: str) -> str:
    return f"poll:{instance}:{poll_set}"


def document_key(ref: EntityRef) -> str:
    return f"doc:{ref.instance}:{ref.entity}:{ref.native_id}"


class Positions:
    """Poll marks and last events of one system. Written only after the records they speak of are acknowledged."""

    def __init__(self, settings: KafkaSettings, system: str, producer: AIOKafkaProducer) -> None:
        self._topic = settings.topic(f"position.{system}")
        self._settings = settings
        self._producer = producer
        self._known: dict[str, dict[str, Any]] = {}
        self._loader: Loader | None = None

    async def load(self, timeout: float = 120.0) -> None:
        """Reads the topic to its end: before anything else, and again when partitions come from another process."""
        self.close()
        known: dict[str, dict[str, Any]] = {}

        def take(messages: Sequence[Message]) -> None:
            for message in messages:
                key, value = (message.key() or b"").decode(), message.value()
                if value is None:
                    known.pop(key, None)
                else:
                    known[key] = orjson.loads(value)

        self._loader = Loader(self._settings, take, name=self._topic)
        self._loader.follow(self._topic)
        await self._loader.until_caught_up(timeout)
        self._loader.close()
        self._known = known

    def get(self, key: str) -> Mapping[str, Any] | None:
        return self._known.get(key)

    async def put(self, key: str, value: dict[str, Any]) -> None:
        value = {**value, "at": now_text()}
        await self._producer.send_and_wait(self._topic, orjson.dumps(value), key=key.encode())
        self._known[key] = value

    def close(self) -> None:
        if self._loader is not None:
            self._loader.close()
