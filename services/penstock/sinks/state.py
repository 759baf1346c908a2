"""Effects and waiting entries of the partitions that this process owns, loaded from the log and followed."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson
import structlog
from confluent_kafka import Message

from penstock.log.kafka import KafkaSettings
from penstock.log.loader import Loader
from penstock.log.replays import run_of
from penstock.sinks.model import Effect, Entry, Item

log = structlog.get_logger()

Document = tuple[str, str]
"""(entity, canonical id)"""
READ_SECONDS = 30.0


class OwnershipError(Exception):
    """Another process has the partition by now, or it cannot be told: nothing may be sent."""


class SinkState:
    """What is known of the documents of the owned partitions of one target instance.

    Own writes are taken in by `put_*` once acknowledged and skipped when they come round again on the log, which may
    be later than the next write of the same key.
    """

    def __init__(
        self, settings: KafkaSettings, system: str, instance: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.owner = uuid.uuid4().hex
        self.target = f"{system}:{instance}"
        self.effect_topic = settings.topic(f"effect.{system}")
        self.parked_topic = settings.topic(f"parked.{system}")
        self.hold_topic = settings.topic("hold")
        self._instance = instance
        self._clock = clock
        self._effects: dict[str, Effect] = {}
        self._entries: dict[tuple[str, str], Entry] = {}
        self._of_document: dict[Document, set[tuple[str, str]]] = defaultdict(set)
        self._epochs: dict[int, int] = {}
        self._fences: dict[int, int] = {}
        self._overwritten: dict[str, int] = {}
        self._read: dict[int, int] = {}
        self._unread: list[tuple[int, int, asyncio.Future[None]]] = []
        self._lock = threading.Lock()
        self._loader = Loader(settings, self._take, name=f"state-{system}-{instance}")

    # --- life

    async def open(self, epochs: dict[int, int], timeout: float = 120.0) -> None:
        """Loads the partitions, whose fences this process has just written (`epochs`: partition -> fence offset)."""
        self._epochs = dict(epochs)
        wanted = {(topic, n) for n in epochs for topic in (self.effect_topic, self.parked_topic, self.hold_topic)}
        self._loader.add(wanted)
        await self._loader.until_caught_up(timeout, wanted)

    def release(self) -> None:
        """Forgets everything: another process may own the partitions from now on."""
        topics = (self.effect_topic, self.parked_topic, self.hold_topic)
        self._loader.remove([(topic, n) for n in self._epochs for topic in topics])
        for known in (self._effects, self._entries, self._of_document, self._epochs, self._fences, self._read):
            known.clear()
        self._overwritten.clear()
        self._unread.clear()
        # Partitions may come back to this very process: what it wrote before must count then as read from the log.
        self.owner = uuid.uuid4().hex

    def check(self) -> None:
        """Raises LoaderError once the log is followed no more."""
        self._loader.caught_up()

    def close(self) -> None:
        self._loader.close()

    # --- questions

    def key(self, item: Item) -> str:
        return f"{self._instance}:{item.entity}:{item.canonical_id}"

    def effect(self, item: Item) -> Effect | None:
        return self._effects.get(self.key(item))

    def epoch(self, partition: int) -> int:
        return self._epochs[partition]

    async def confirm(self, partition: int, offset: int) -> None:
        """Returns once everything up to our own record at `offset` was read, and no later fence was among it.

        A fence behind it is no danger: whoever wrote it finds our intent, and waits until our windows are over.
        Raises OwnershipError.
        """
        seen: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            if self._read.get(partition, -1) >= offset:
                seen.set_result(None)
            else:
                self._unread.append((partition, offset, seen))
        where = f"partition {partition} of {self.effect_topic}"
        try:
            await asyncio.wait_for(seen, READ_SECONDS)
        except TimeoutError:
            raise OwnershipError(f"{where}: our record at {offset} was not read within {READ_SECONDS:.0f} s") from None
        fence, epoch = self._fences.get(partition, -1), self._epochs.get(partition)
        if epoch is None or fence > epoch:
            raise OwnershipError(f"{where}: another process has it since {fence}, we had it since {epoch}")

    def _wake(self, read: dict[int, int]) -> None:
        """Tells those who wait for their own records, in their own thread."""
        found, rest = [], []
        with self._lock:
            self._read |= read
            for partition, offset, seen in self._unread:
                if self._read.get(partition, -1) >= offset:
                    found.append(seen)
                else:
                    rest.append((partition, offset, seen))
            self._unread = rest
        if found:
            found[0].get_loop().call_soon_threadsafe(_settle, found)

    def entries_of(self, entity: str, canonical_id: str) -> list[Entry]:
        return [self._entries[place] for place in list(self._of_document.get((entity, canonical_id), ()))]

    def older_entries(self, item: Item) -> list[Entry]:
        """Entries of earlier versions of the item's document."""
        found = self.entries_of(item.entity, item.canonical_id)
        return [each for each in found if each.position is not None and item.replaces(each.position, each.event_id)]

    def newer_entry(self, item: Item) -> bool:
        """Does a later version of the item's document wait already?"""
        found = self.entries_of(item.entity, item.canonical_id)
        return any(each.position is not None and item.yields_to(each.position, each.event_id) for each in found)

    def own_entries(self, item: Item) -> list[Entry]:
        return [e for e in self.entries_of(item.entity, item.canonical_id) if e.event_id == item.event_id]

    def waiting(self) -> list[Entry]:
        """Entries of the owned partitions that are tried again without a person: parked ones, holds that clear."""
        found = list(self._entries.values())
        return [entry for entry in found if entry.topic == self.parked_topic or entry.clears_on is not None]

    def superseded_holds(self) -> list[Entry]:
        """Holds of a document of which a later version is held too: only the newest needs a person."""
        out = []
        for places in list(self._of_document.values()):
            held = [e for e in (self._entries.get(place) for place in list(places)) if e and e.position]
            if len(held) > 1:
                newest = max(held, key=_age)
                out += [e for e in held if e.event_id != newest.event_id]
        return out

    def is_open(self, item: Item) -> bool:
        """Is there an intent of this very event that nobody has ended? Who took its entry away was fenced off."""
        effect = self.effect(item)
        return effect is not None and effect.state == "intent" and effect.event_id == item.event_id

    def open_intents(self) -> int:
        return sum(1 for effect in list(self._effects.values()) if effect.state == "intent")

    def take_overwritten(self) -> list[tuple[str, int]]:
        """Keys (with partition) whose newest record on the log is an earlier owner's: ours is to be written again."""
        keys, self._overwritten = self._overwritten, {}
        return [(key, partition) for key, partition in keys.items() if key in self._effects]

    def effect_of(self, key: str) -> Effect | None:
        return self._effects.get(key)

    # --- own writes, once acknowledged

    def put_effect(self, key: str, effect: Effect) -> None:
        self._effects[key] = effect

    def put_entry(self, entry: Entry) -> None:
        place = (entry.topic, entry.key)
        self._entries[place] = entry
        self._of_document[entry.data["entity"], entry.data["canonical_id"]].add(place)

    def drop_entry(self, topic: str, key: str) -> None:
        entry = self._entries.pop((topic, key), None)
        if entry is not None:
            document = (entry.data["entity"], entry.data["canonical_id"])
            places = self._of_document.get(document, set())
            places.discard((topic, key))
            if not places:
                self._of_document.pop(document, None)

    # --- from the log, in the loader's thread

    def _take(self, messages: Sequence[Message]) -> None:
        read: dict[int, int] = {}
        for message in messages:
            topic, key, value = message.topic() or "", (message.key() or b"").decode(), message.value()
            partition, offset = message.partition() or 0, message.offset() or 0
            if topic == self.effect_topic:
                read[partition] = offset
                if value is not None and self._is_ours(key):
                    self._take_effect(key, partition, offset, orjson.loads(value))
            elif dict(message.headers() or ()).get("owner") != self.owner.encode():
                self._take_entry(topic, key, partition, value)
        if read:
            self._wake(read)

    def _is_ours(self, key: str) -> bool:
        return key.startswith(f"{self._instance}:") or key == f"fence:{self._instance}"

    def _take_effect(self, key: str, partition: int, offset: int, data: dict[str, Any]) -> None:
        if data["type"] == "fence":
            self._fences[partition] = max(offset, self._fences.get(partition, -1))
            return
        epoch = data["epoch"]
        if epoch < self._fences.get(partition, -1):
            # written by an owner that had already been fenced off
            log.warning("fenced_write_ignored", key=key, epoch=epoch, offset=offset)
            self._overwritten[key] = partition
            return
        if epoch == self._epochs.get(partition):
            return
        effect = Effect.from_dict(data)
        if effect.state == "intent":
            # its owner may still be inside the call: wait from when we first see it
            effect.clear_at = self._clock() + effect.send_window + effect.answer_window
        self._effects[key] = effect

    def _take_entry(self, topic: str, key: str, partition: int, value: bytes | None) -> None:
        if value is None:
            self.drop_entry(topic, key)
            return
        data = orjson.loads(value)
        if data["target"] == self.target:
            self.put_entry(Entry(topic, key, partition, data))


def _age(entry: Entry) -> tuple[int, str, str]:
    return (entry.position.offset if entry.position else -1, run_of(entry.event_id), entry.topic)


def _settle(futures: Iterable[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def partitions_per_topic(assigned: Iterable[Any]) -> dict[str, set[int]]:
    out: dict[str, set[int]] = defaultdict(set)
    for place in assigned:
        out[place.topic].add(place.partition)
    return out
