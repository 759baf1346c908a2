"""The canonical records that are on the log, kept by the event that they come from."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from penstock.flow.flow import Flow
from penstock.log.headers import Position, texts
from penstock.log.kafka import KafkaSettings
from penstock.log.replays import RESYNC, original
from penstock.log.scan import Record, scan
from penstock.log.wire import Codec
from penstock.replay.errors import RefusedError
from penstock.replay.selection import Picker, Selection
from penstock.replay.spool import Place, Spool


@dataclass(frozen=True, slots=True)
class Kept:
    """A canonical record in the spool."""

    entity: str
    key: bytes
    partition: int
    offset: int
    value: Place
    headers: Place


class CanonicalLog:
    """Reads `canonical.*` of one flow; what was only sent to compare a target (resync) is passed over."""

    def __init__(self, settings: KafkaSettings, flow: Flow, codec: Codec) -> None:
        self._settings = settings
        self._flow = flow
        self._codec = codec
        self._spool = Spool()

    def by_event(self, entities: Sequence[str], wanted: Container[str]) -> Mapping[str, Kept]:
        """Event id as its source gave it -> the record that speaks for it now: the last one. Raises ScanError.

        wanted: those that anybody asks for.
        """
        out: dict[str, Kept] = {}
        for entity in entities:
            for record, said in self._records(entity):
                event_id = original(said.get("ce_id", ""))
                if record.value is not None and event_id in wanted:
                    out[event_id] = self._keep(entity, record, said)
        return out

    def newest(self, entities: Sequence[str], selection: Selection, target: str) -> list[tuple[str, Kept]]:
        """(canonical id, record) of the newest version of each selected document that is routed to `target`.

        Partitions take turns; within one they are in log order, and so those of one key are. Raises ScanError, and
        RefusedError when none of `entities` is meant.
        """
        picker = Picker(selection, self._flow, self._settings.topic_prefix)
        lanes: dict[int, list[tuple[int, str, Kept]]] = {}
        meant = [e for e in entities if picker.wants(e) and picker.wants_topic(self._settings.topic(f"canonical.{e}"))]
        if not meant:
            raise RefusedError(
                f"{target} takes {', '.join(entities)}: --entity must name one of them, and --from-offset a place in "
                "canonical.<entity>"
            )
        for entity in meant:
            known: dict[str, tuple[Position, Kept]] = {}
            chosen: set[str] = set()
            for record, said in self._records(entity):
                if record.value is None or target not in said.get("targets", "").split(","):
                    continue
                own_id = str(self._codec.decode(record.value)[1]["id"])
                if picker.canonical(record, said, own_id):
                    chosen.add(own_id)
                version, before = _version(record, said), known.get(own_id)
                if before is None or version.partition != before[0].partition or version.offset >= before[0].offset:
                    known[own_id] = version, self._keep(entity, record, said)
            for own_id in chosen:
                kept = known[own_id][1]
                lanes.setdefault(kept.partition, []).append((kept.offset, own_id, kept))
        return list(_in_turn(lanes))

    def value(self, kept: Kept) -> bytes:
        return self._spool.get(kept.value)

    def record(self, kept: Kept) -> dict[str, Any]:
        return self._codec.decode(self.value(kept))[1]

    def headers(self, kept: Kept) -> dict[str, str]:
        found: dict[str, str] = orjson.loads(self._spool.get(kept.headers))
        return found

    def close(self) -> None:
        self._spool.close()

    def _records(self, entity: str) -> Iterator[tuple[Record, dict[str, str]]]:
        for record in scan(self._settings, self._settings.topic(f"canonical.{entity}")):
            said = texts(record.headers)
            if said.get("flow") == self._flow.name and RESYNC not in said:
                yield record, said

    def _keep(self, entity: str, record: Record, said: Mapping[str, str]) -> Kept:
        value, headers = self._spool.put(record.value or b""), self._spool.put(orjson.dumps(said))
        return Kept(entity, record.key or b"", record.partition, record.offset, value, headers)


def _version(record: Record, said: Mapping[str, str]) -> Position:
    return Position.parse(said["raw"]) if "raw" in said else Position(record.topic, record.partition, record.offset)


def _in_turn(lanes: Mapping[int, list[tuple[int, str, Kept]]]) -> Iterator[tuple[str, Kept]]:
    """Order by topic offsets only within a topic: an order goes before what is about it."""
    waiting = [
        sorted(lane, key=lambda each: (each[2].entity != "order", each[2].entity, each[0])) for lane in lanes.values()
    ]
    for turn in range(max(map(len, waiting), default=0)):
        for lane in waiting:
            if turn < len(lane):
                yield lane[turn][1], lane[turn][2]
