"""Dead letters of documents, so that a newer version of one can close the fates that they left open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import cast

from confluent_kafka import Message

from penstock.log.headers import HeadersError, Position, texts
from penstock.log.kafka import KafkaSettings
from penstock.log.loader import Loader
from penstock.sinks.model import Item, outranks

TARGET, RECORD = "dlq-target", "dlq-record"
"""Headers that a sink adds to its dead letters: who it is, and the canonical id."""


class Letters:
    """Followed on the log, all partitions: ids and places only, never the bytes.

    A letter of the processors is found by the place and key of its raw record, one of the sinks by target and
    canonical id.
    """

    def __init__(self, settings: KafkaSettings, target: str) -> None:
        self._target = target
        self._topics = [settings.topic("dlq.processors"), settings.topic("dlq.sinks")]
        self._known: dict[tuple[str, str], dict[str, Position]] = defaultdict(dict)
        self._own: set[str] = set()  # written by this process and not yet seen on the log
        self.loader = Loader(settings, self.take, name=f"letters-{target}")
        self._followed = False

    async def open(self, timeout: float = 120.0) -> None:
        """Loads them once; a later call returns at once."""
        if not self._followed:
            self.loader.follow(*self._topics)
            self._followed = True
        await self.loader.until_caught_up(timeout)

    def close(self) -> None:
        self.loader.close()

    def writes(self, item: Item) -> None:
        """This process writes a letter of the item: a newer version may be there before the log has shown it."""
        self._own.add(item.event_id)
        self._known["", item.canonical_id][item.event_id] = item.position

    def take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            said = texts(cast("Iterable[tuple[str, bytes | None]] | None", message.headers()))
            try:
                self._add(said, (message.key() or b"").decode("utf-8", "replace"))
            except (HeadersError, KeyError, ValueError):
                continue  # a letter of what is no record of ours: of which document it is, nobody knows

    def _add(self, said: dict[str, str], key: str) -> None:
        event_id = said["ce_id"]
        if said["dlq-stage"] == "processors":
            topic = said["dlq-topic"]
            # a letter that was retried keeps the place at which it came first
            first = Position(topic, int(said["dlq-partition"]), int(said["dlq-offset"]))
            self._known[topic, key][event_id] = Position.parse(said["raw"]) if "raw" in said else first
        elif said[TARGET] == self._target and event_id in self._own:
            self._own.remove(event_id)
        elif said[TARGET] == self._target:
            self._known["", said[RECORD]][event_id] = Position.parse(said["raw"])

    def take_older(self, item: Item) -> list[str]:
        """Events of older versions of the item's document that ended as dead letters; each is given once."""
        source = item.record.get("source") or {}
        raw = f"{source.get('instance')}:{source.get('native_id')}"
        out: list[str] = []
        for place in ((item.position.topic, raw), ("", item.canonical_id)):
            letters = self._known.get(place, {})
            for event_id, position in list(letters.items()):
                if event_id != item.event_id and outranks(item.position, item.event_id, position, event_id):
                    out.append(event_id)
                    letters.pop(event_id, None)
        return out
