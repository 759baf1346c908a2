"""Pauses of flows, targets and entities: kept on the log (`control`), so they survive every restart."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

import orjson
from confluent_kafka import Message

from penstock.log.kafka import KafkaSettings
from penstock.log.loader import Loader

Kind = Literal["flow", "target", "entity"]
POLL = 0.2


def pause_key(kind: Kind, name: str) -> bytes:
    return f"pause:{kind}:{name}".encode()


class Pauses:
    """What is paused now. Feed it by `open()`, or by `put()` in tests."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._loader: Loader | None = None

    @classmethod
    def open(cls, settings: KafkaSettings) -> Pauses:
        """Loads and follows the topic `control`. Serve nothing before `loader` has caught up."""
        pauses = cls()
        pauses._loader = Loader(settings, pauses._take, name="control")
        pauses._loader.follow(settings.topic("control"))
        return pauses

    @property
    def loader(self) -> Loader:
        if self._loader is None:
            raise RuntimeError("these pauses are not fed from a log")
        return self._loader

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.put(message.key() or b"", message.value())

    def put(self, key: bytes, value: bytes | None) -> None:
        name = key.decode()
        if value is None:
            self._reasons.pop(name, None)
        elif name.startswith("pause:"):
            self._reasons[name] = orjson.loads(value).get("why") or "paused"

    def reason(self, kind: Kind, name: str) -> str | None:
        """Why it is paused; None when it is not."""
        return self._reasons.get(pause_key(kind, name).decode())

    def any_of(self, flow: str, target: str) -> str | None:
        """Why the flow or the target (`system:instance`, or the system alone) is paused."""
        system = target.partition(":")[0]
        return self.reason("flow", flow) or self.reason("target", target) or self.reason("target", system)

    async def wait_open(self, flow: str, target: str) -> None:
        """Returns when neither the flow nor the target is paused."""
        while self.any_of(flow, target) is not None:  # noqa: ASYNC110 - fed from the loader's thread
            await asyncio.sleep(POLL)

    def close(self) -> None:
        if self._loader is not None:
            self._loader.close()
