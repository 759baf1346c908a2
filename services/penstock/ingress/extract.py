"""Extraction: from "something changed" to the whole document, once per change, serial per key."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import structlog
from aiokafka import AIOKafkaProducer

from penstock.checkpoints import reach
from penstock.connectors.budget import backfill
from penstock.connectors.contract import Notification, Source, SourceRefusedError, SourceUnavailableError
from penstock.connectors.http import LostReplyError, NotSentError
from penstock.ingress.notes import note_headers, note_key, read_note
from penstock.ingress.positions import Positions, document_key
from penstock.log import alerts
from penstock.log.dlq import dead_letter
from penstock.log.fates import Fate, FateState
from penstock.log.headers import BACKFILL, Headers, Position, RawHeaders
from penstock.log.kafka import MAX_MESSAGE_BYTES, KafkaSettings
from penstock.log.lanes import Record
from penstock.log.scan import read_record
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef, Part, RawDocument

log = structlog.get_logger()

BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0)
LARGEST = MAX_MESSAGE_BYTES - 64 * 1024
"""Bytes of a document on the log; the rest is for the headers of its dead letter."""
RESTLESS_SECONDS = 60.0
"""A source that fails for longer than this is said to be out, once a minute."""


def fresh_seconds(settings: KafkaSettings) -> float:
    """How long after it was read a document may come to the log unseen again.

    No partition changes its owner sooner: the last heartbeat of a session is at most a third of it old.
    """
    return settings.session_seconds / 2


@dataclass(frozen=True, slots=True)
class Change:
    """A document as it is to be published: it differs from what was published last, or is no longer there."""

    ref: EntityRef
    value: bytes
    deleted: bool
    event_id: str
    fingerprint: str

    @property
    def topic(self) -> str:
        return f"raw.{self.ref.system}.{self.ref.entity}"

    def headers(self, flow: str, now: datetime, cause: str) -> RawHeaders:
        ref = self.ref
        headers = Headers(
            ce_id=self.event_id,
            ce_source=f"{ref.system}:{ref.instance}",
            ce_type=f"penstock.{self.topic}",
            ce_time=now,
            cause=cause,
            flow=flow,
        )
        return headers.encode()


async def change_of(
    source: Source,
    settings: KafkaSettings,
    ref: EntityRef,
    document: RawDocument | None,
    known: Mapping[str, Any] | None,
) -> Change | Literal["gone", "unchanged"]:
    """What is to be published of a document as the source has it now; `known`: what was published last.

    A deletion carries the last content that was seen: who reads it must know what is gone. Raises SourceRefusedError
    when it is too large for the log.
    """
    if document is None:
        if known is None or known.get("deleted"):
            return "gone"
        raw = known.get("raw")
        found = await asyncio.to_thread(read_record, settings, Position.parse(raw)) if raw else None
        parts = RawDocument.from_bytes(found.value).parts if found is not None and found.value is not None else ()
        document = RawDocument(ref, parts, None, deleted=True)
    fingerprint = "deleted" if document.deleted else source.fingerprint(document)
    if known is not None and known["hash"] == fingerprint:
        return "unchanged"
    value = document.to_bytes()
    if len(value) > LARGEST:
        raise SourceRefusedError(f"{ref} has {len(value):,} bytes; the log takes {LARGEST:,}: shorten its texts")
    before = known["event_id"] if known else ""
    counter = document.version or hashlib.sha256(f"{before}|{fingerprint}".encode()).hexdigest()[:24]
    return Change(ref, value, document.deleted, f"{ref}:{counter}", fingerprint)


class Extractor:
    """Reads documents of one system and publishes every change of them once."""

    def __init__(
        self,
        source: Source,
        positions: Positions,
        producer: AIOKafkaProducer,
        settings: KafkaSettings,
        flow: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._positions = positions
        self._producer = producer
        self._settings = settings
        self._flow = flow
        self._clock = clock
        self._monotonic = monotonic
        self._fresh = fresh_seconds(settings)
        self.counts: dict[str, int] = {"extracted": 0, "unchanged": 0, "gone": 0, "refused": 0, "failed_reads": 0}

    async def handle(self, _lane: str, records: list[Record]) -> None:
        """All notifications that have gathered for one key: one read answers them all."""
        reach("extraction.notified")
        notes: list[tuple[Record, Notification]] = []
        for record in records:
            try:
                notes.append((record, self._own(read_note(record.value))))
            except ValueError as error:
                await self._dead_letter(record, error)
        if notes:
            record, note = notes[-1]
            try:
                with backfill(note.via == BACKFILL):
                    await self._extract(record, note)
            except SourceRefusedError as error:
                self.counts["refused"] += 1
                await self._dead_letter(record, error, note.ref)
        for record in records:
            record.done()
        reach("extraction.done")

    def _own(self, note: Notification) -> Notification:
        ref = note.ref
        if (ref.system, ref.instance) != (self._source.system, self._source.instance):
            raise ValueError(
                f"the flow {self._flow} has no instance {ref.instance!r} of {ref.system}: add it to systems"
            )
        return note

    async def _extract(self, record: Record, note: Notification) -> None:
        """Reads and publishes; once more when that took so long that the partition may have another owner by now.

        He may have published a newer state of the document. Without the second look a process that was frozen between
        reading and publishing would put an old state behind it on the log, for good.
        """
        document, read_at = await self._read(note.ref, note.carried)
        if self._is_old(read_at):
            document, read_at = await self._read(note.ref)
        await self._publish_change(record, note, document)
        if self._is_old(read_at):
            document, _ = await self._read(note.ref)
            await self._publish_change(record, note, document)

    def _is_old(self, read_at: float) -> bool:
        return self._monotonic() - read_at > self._fresh

    async def _publish_change(self, record: Record, note: Notification, document: RawDocument | None) -> None:
        """Puts the document on the log if it differs from what was published last."""
        key = document_key(note.ref)
        change = await change_of(self._source, self._settings, note.ref, document, self._positions.get(key))
        if change == "gone":
            await self._gone(record, note.ref)
            return
        if change == "unchanged":
            self.counts["unchanged"] += 1
            return
        cause = f"{record.topic}-{record.partition}-{record.offset} {note.via}"
        headers = change.headers(self._flow, self._clock(), cause) + note_headers(note)
        topic, raw_key = self._settings.topic(change.topic), note.ref.key.encode()
        sent = await self._producer.send_and_wait(topic, change.value, key=raw_key, headers=headers)
        reach("extraction.raw-published")
        # only now: a crash in between reads the document again and finds the same event id
        await self._positions.put(
            key,
            {
                "event_id": change.event_id,
                "hash": change.fingerprint,
                "raw": str(Position(sent.topic, sent.partition, sent.offset)),
                "deleted": change.deleted,
            },
        )
        reach("extraction.position-put")
        self.counts["extracted"] += 1

    async def _read(self, ref: EntityRef, carried: Sequence[Part] = ()) -> tuple[RawDocument | None, float]:
        """The document, and when its reading began, monotonic. Until the source answers.

        An outage of the source holds back its own keys only.
        """
        tries = 0
        failing_since: float | None = None
        loop = asyncio.get_running_loop()
        while True:
            began = self._monotonic()
            try:
                document = await self._source.extract(ref, carried)
            except (SourceUnavailableError, NotSentError, LostReplyError) as error:
                self.counts["failed_reads"] += 1
                now = loop.time()
                failing_since = now if failing_since is None else failing_since
                if now - failing_since > RESTLESS_SECONDS:
                    failing_since = now
                    log.warning("source_out", document=str(ref), reason=str(error))
                delay = getattr(error, "retry_after", None) or BACKOFF[min(tries, len(BACKOFF) - 1)]
                tries += 1
                await asyncio.sleep(delay)
            else:
                reach("extraction.document-read")
                return document, began

    async def _gone(self, record: Record, ref: EntityRef) -> None:
        """Named by a notification, and not there: that is its fate."""
        reach("extraction.gone")
        self.counts["gone"] += 1
        event_id = f"{ref}:notification:{record.topic}-{record.partition}-{record.offset}"
        own_id = canonical_id(ref.system, ref.instance, ref.entity, ref.native_id)
        await self._fate(event_id, own_id, ref.entity, FateState.GONE, "the source does not have it")

    async def _dead_letter(self, record: Record, error: Exception, ref: EntityRef | None = None) -> None:
        key, value, headers = dead_letter(record, "ingress", error)
        event_id = f"notification:{record.topic}-{record.partition}-{record.offset}"
        headers.append(("ce_id", event_id.encode()))
        await self._producer.send_and_wait(self._settings.topic("dlq.ingress"), value, key=key, headers=headers)
        reach("extraction.letter-written")
        entity = ref.entity if ref else ""
        own_id = canonical_id(ref.system, ref.instance, ref.entity, ref.native_id) if ref else ""
        await self._fate(event_id, own_id, entity, FateState.PARKED, f"dlq.ingress: {error}")
        await self._tell(error, ref)
        log.warning("dead_letter", stage="ingress", document=str(ref or ""), error=type(error).__name__)

    async def _tell(self, error: Exception, ref: EntityRef | None) -> None:
        """The alert about a dead letter, under the source: where the document would have gone nobody has decided."""
        rule = type(error).__name__
        key, value = alerts.of_document(
            "dead-letter",
            f"{rule} in ingress",
            flow=self._flow,
            target=f"{self._source.system}:{self._source.instance}",
            document=ref.native_id if ref else "",
            entity=ref.entity if ref else "",
            rule=rule,
            at=self._clock().isoformat(timespec="milliseconds"),
        )
        await self._producer.send_and_wait(self._settings.topic(alerts.TOPIC), value, key=key)

    async def _fate(self, event_id: str, own_id: str, entity: str, state: FateState, reason: str) -> None:
        fate = Fate(event_id, own_id, "", state, reason, "ingress", entity, self._clock())
        key, value = fate.encode()
        await self._producer.send_and_wait(self._settings.topic("fate"), value, key=key)


async def notify(producer: AIOKafkaProducer, settings: KafkaSettings, note: Notification, value: bytes) -> None:
    """Puts a notification on the log; returns once the broker has it."""
    topic = settings.topic(f"raw.{note.ref.system}.notification")
    await producer.send_and_wait(topic, value, key=note_key(note.ref), headers=note_headers(note))
