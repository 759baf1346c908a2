"""The source of the histories: documents as they are now, read by extraction; and their way to the canonical topics."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from penstock.connectors.contract import Notification
from penstock.ingress.notes import note_bytes, note_key
from penstock.log.dlq import dead_letter
from penstock.log.headers import Headers, Position, texts
from penstock.records.raw import EntityRef, Part, RawDocument
from tests.sim.log import MemoryLog, Written

AT = datetime(2026, 2, 1, tzinfo=UTC)
READ = 0.05
"""Seconds that a read takes: what it gives is as old."""
Ref = tuple[str, str]
"""(entity, native id)"""


class Source:
    """A `Source` of contract.py, as far as extraction asks."""

    system, instance = "shop", "1"
    polls: Sequence[Any] = ()

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self.documents: dict[Ref, dict[str, Any]] = {}

    async def extract(self, ref: EntityRef, carried: Sequence[Part] = ()) -> RawDocument | None:
        content = self.documents.get((ref.entity, ref.native_id))
        body = orjson.dumps(content)
        await asyncio.sleep(READ)
        if content is None:
            return None
        return RawDocument(ref, (Part("document", "/", 200, "application/json", "", body),))

    def fingerprint(self, document: RawDocument) -> str:
        return hashlib.sha256(document.parts[0].body).hexdigest()

    def change(self, ref: Ref, **content: Any) -> None:
        self.documents[ref] = {**self.documents.get(ref, {}), **content}

    def notify(self, ref: Ref) -> None:
        note = Notification(EntityRef(self.system, self.instance, *ref), "webhook", "changed")
        self._log.append("raw.shop.notification", note_key(note.ref), note_bytes(note))


class Processors:
    """What the processors do with a raw record, without a mapping: in order, at least once, dead letters included.

    `poison`: the next raw record of these becomes a dead letter.
    """

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._waiting: deque[Written] = deque()
        self.poison: set[Ref] = set()
        self.delay = 0.02
        log.on_append.append(self.see)

    @property
    def idle(self) -> bool:
        return not self._waiting

    def see(self, record: Written) -> None:
        if record.topic.startswith("raw.") and not record.topic.endswith(".notification"):
            if not self._waiting:
                asyncio.get_running_loop().call_later(self.delay, self._work)
            self._waiting.append(record)

    def repeat(self, count: int) -> None:
        """They crash before they have committed: the last of each partition are read again."""
        for (topic, _), records in list(self._log.records.items()):
            if topic.startswith("raw.") and not topic.endswith(".notification"):
                for record in records[-count:]:
                    self._emit(record)

    def _work(self) -> None:
        while self._waiting:
            record = self._waiting.popleft()
            ref = RawDocument.from_bytes(record.value or b"").ref
            if (ref.entity, ref.native_id) in self.poison:
                self.poison.discard((ref.entity, ref.native_id))
                self._log.append("dlq.processors", *dead_letter(record, "processors", ValueError("poison")))  # type: ignore[arg-type]
                continue
            self._emit(record)

    def _emit(self, record: Written) -> None:
        document = RawDocument.from_bytes(record.value or b"")
        said = texts(record.headers)
        entity, native_id = document.ref.entity, document.ref.native_id
        content = orjson.loads(document.parts[0].body)
        at = {"system": "shop", "instance": "1", "native_id": native_id}
        own_id = f"{entity}-{native_id}"
        first = (
            Position.parse(said["raw"]) if "raw" in said else Position(record.topic, record.partition, record.offset)
        )
        headers = Headers(
            ce_id=said["ce_id"],
            ce_source="shop:1",
            ce_type=f"penstock.canonical.{entity}",
            ce_time=AT,
            raw=first,
            flow="test",
            targets=("erp:1",),
        )
        value = {"id": own_id, "reference": f"PS1-{native_id}", "source": at, **content}
        key = content.get("order_id") or own_id
        self._log.append(f"canonical.{entity}", key.encode(), orjson.dumps(value), headers.encode())
