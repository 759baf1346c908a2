"""Fates of the flow's documents, loaded from the log and followed."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

import orjson
from confluent_kafka import Message

from penstock.log.fates import FateState
from penstock.log.kafka import KafkaSettings
from penstock.log.loader import Loader

LOAD_TIMEOUT = 300.0


class FateBook:
    """States only, for some targets and for what goes to none. A final fate stays, whatever is written after it."""

    def __init__(self, targets: Collection[str]) -> None:
        self._targets = frozenset({*targets, ""})
        self._states: dict[bytes, FateState] = {}
        self._open: dict[tuple[str, str], set[str]] = {}
        self._changed = threading.Condition()
        self._loader: Loader | None = None

    def open(self, settings: KafkaSettings) -> None:
        """Loads them; blocks until all are read. Raises LoaderError, TimeoutError."""
        self._loader = Loader(settings, self._take, name="fates")
        self._loader.follow(settings.topic("fate"))
        self._loader.wait_caught_up(LOAD_TIMEOUT)

    def take(self, key: bytes, value: bytes) -> None:
        """One record of the topic `fate`."""
        event_id, canonical_id, target = key.decode().rsplit("|", 2)
        known = self._states.get(key)
        if target not in self._targets or (known is not None and known.final):
            return
        state = self._states[key] = FateState(orjson.loads(value)["state"])
        if state.final:
            self._open.get((canonical_id, target), set()).discard(event_id)
        else:
            self._open.setdefault((canonical_id, target), set()).add(event_id)

    def state(self, event_id: str, canonical_id: str, target: str) -> FateState | None:
        return self._states.get(f"{event_id}|{canonical_id}|{target}".encode())

    def open_of(self, canonical_id: str, target: str) -> dict[str, FateState]:
        """Events of a document that have no final fate at a target."""
        events = list(self._open.get((canonical_id, target), ()))
        states = {event_id: self.state(event_id, canonical_id, target) for event_id in events}
        return {event_id: state for event_id, state in states.items() if state is not None and not state.final}

    def wait(self, seconds: float) -> None:
        """Until another fate is here, or so long. Raises LoaderError when none can come any more."""
        if self._loader is not None:
            self._loader.caught_up()
        with self._changed:
            self._changed.wait(seconds)

    def close(self) -> None:
        if self._loader is not None:
            self._loader.close()

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if (value := message.value()) is not None:
                self.take(message.key() or b"", value)
        with self._changed:
            self._changed.notify_all()
