"""Which documents a replay is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from penstock.flow.flow import Flow
from penstock.flow.when import ENTITIES
from penstock.log.headers import HeadersError, Position
from penstock.log.replays import original
from penstock.log.scan import Record
from penstock.mapping.errors import nearest
from penstock.records.ids import canonical_id
from penstock.replay.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Selection:
    """What a person asked for; what is empty does not narrow it.

    entities: canonical ones. shop: instance that the documents come from. keys: our reference, `instance:native id`, or
    a canonical id. since, until: by the log's time stamps, until not included. starts: from there to the end of their
    partitions, and nothing of other partitions.
    """

    entities: tuple[str, ...] = ()
    shop: str | None = None
    keys: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    starts: tuple[Position, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "entities": list(self.entities),
            "shop": self.shop,
            "keys": list(self.keys),
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "starts": [str(each) for each in self.starts],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Selection:
        since, until = data["since"], data["until"]
        return cls(
            tuple(data["entities"]),
            data["shop"],
            tuple(data["keys"]),
            datetime.fromisoformat(since) if since else None,
            datetime.fromisoformat(until) if until else None,
            tuple(Position.parse(each) for each in data["starts"]),
        )

    def __str__(self) -> str:
        """For the audit record: no personal data."""
        said = [f"{name} {value}" for name, value in self.to_dict().items() if value]
        return ", ".join(said) or "everything"


class Picker:
    """A selection over one flow. `prefix` is that of the topics on the cluster."""

    def __init__(self, selection: Selection, flow: Flow, prefix: str = "") -> None:
        """Raises RefusedError when the flow has nothing of what was asked for."""
        self._selection = selection
        self._starts: dict[tuple[str, int], int] = {}
        for start in selection.starts:
            self._starts[prefix + start.topic.removeprefix(prefix), start.partition] = start.offset
        _known("entity", selection.entities, ENTITIES)
        shops = {shop.instance: shop for shop in flow.shops}
        _known("shop", (selection.shop,) if selection.shop else (), shops)
        self._ids: set[bytes] = set()
        self._raw_keys: set[bytes] = set()
        tags = {system.tag: system for system in flow.shops if system.tag}
        for key in selection.keys:
            tag, dash, native_id = key.partition("-")
            if dash and (system := tags.get(tag)) is not None:
                self._ids.add(canonical_id(system.name, system.instance, "order", native_id).encode())
                self._raw_keys.add(f"{system.instance}:{native_id}".encode())
            elif ":" in key:
                self._raw_keys.add(key.encode())
            else:
                self._ids.add(key.encode())

    def wants(self, entity: str) -> bool:
        return not self._selection.entities or entity in self._selection.entities

    def wants_topic(self, topic: str) -> bool:
        """`topic` as on the cluster."""
        return not self._starts or any(topic == named for named, _ in self._starts)

    def raw(self, record: Record, system: str, entity: str) -> bool:
        """Is this record of `raw.<system>.*` wanted, whose canonical entity is `entity`?"""
        key = record.key or b""
        instance, _, native_id = key.decode("utf-8", "replace").partition(":")
        if not self._in_range(record) or self._selection.shop not in {None, instance}:
            return False
        if not self._selection.keys or key in self._raw_keys:
            return True
        return bool(self._ids) and canonical_id(system, instance, entity, native_id).encode() in self._ids

    def canonical(self, record: Record, said: Mapping[str, str], own_id: str) -> bool:
        """Is this record of `canonical.<entity>` wanted? `said` are its headers, `own_id` its record's id."""
        _, _, instance = said.get("ce_source", "").partition(":")
        if not self._in_range(record) or self._selection.shop not in {None, instance}:
            return False
        if not self._selection.keys or {record.key, own_id.encode()} & self._ids:
            return True
        names = original(said.get("ce_id", "")).split(":")
        return len(names) > 4 and f"{names[1]}:{':'.join(names[3:-1])}".encode() in self._raw_keys

    def _in_range(self, record: Record) -> bool:
        chosen = self._selection
        if self._starts and record.offset < self._starts.get((record.topic, record.partition), record.offset + 1):
            return False
        return (chosen.since is None or record.at >= chosen.since) and (
            chosen.until is None or record.at < chosen.until
        )


def start_of(text: str) -> Position:
    """`TOPIC-PARTITION-OFFSET`. Raises RefusedError."""
    try:
        return Position.parse(text)
    except HeadersError as error:
        raise RefusedError(f"--from-offset {error}") from error


def _known(what: str, given: tuple[str, ...], known: Mapping[str, Any] | tuple[str, ...]) -> None:
    for each in given:
        if each not in known:
            raise RefusedError(f"there is no {what} {each!r} in this flow: {', '.join(known)}{nearest(each, known)}")
