"""The raw documents of a flow that a replay is about, as they lie on the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from penstock.flow.flow import Flow
from penstock.log.headers import Position, texts
from penstock.log.kafka import KafkaSettings
from penstock.log.scan import Record, scan
from penstock.replay.errors import RefusedError
from penstock.replay.selection import Picker, Selection

Place = tuple[int, int]
"""(partition, offset)"""


@dataclass(frozen=True, slots=True)
class RawTopic:
    """`name` as on the cluster; `entity` is the canonical one that its documents become."""

    name: str
    system: str
    entity: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a document: a record of a raw topic."""

    topic: RawTopic
    record: Record
    said: Mapping[str, str]

    @property
    def event_id(self) -> str:
        return self.said.get("ce_id", "")

    @property
    def position(self) -> Position:
        return position_of(self.record, self.said)


def position_of(record: Record, said: Mapping[str, str]) -> Position:
    """Which version it is: one that was tried again keeps the place at which it came first."""
    if "raw" in said:
        return Position.parse(said["raw"])
    return Position(record.topic, record.partition, record.offset)


class RawLog:
    """`newest_only`: of each selected document the newest version on the log, be it selected itself or not."""

    def __init__(self, settings: KafkaSettings, flow: Flow, selection: Selection, *, newest_only: bool = True) -> None:
        """Raises RefusedError when nothing of the flow can be meant."""
        self._settings = settings
        self._since = selection.since
        self._newest_only = newest_only
        self._picker = Picker(selection, flow, settings.topic_prefix)
        self._instances: dict[str, set[str]] = {}
        topics: dict[str, RawTopic] = {}
        for alias, system in flow.systems.items():
            self._instances.setdefault(system.name, set()).add(system.instance)
            for raw, entity in system.spec.reads.items():
                if entity is not None and (alias, "to", raw) in flow.mappings and self._picker.wants(entity):
                    name = settings.topic(f"raw.{system.name}.{raw}")
                    topics[name] = RawTopic(name, system.name, entity)
        self.topics = [topics[name] for name in sorted(topics) if self._picker.wants_topic(name)]
        if not self.topics:
            raise RefusedError(
                f"no raw topic of the flow {flow.name} is meant: --from-offset and --entity must name one of "
                f"{', '.join(sorted(topics)) or 'its own'}"
            )
        self._wanted: dict[str, dict[Place, str]] | None = None

    def count(self) -> int:
        """How many versions there are; reads the log once."""
        return sum(map(len, self._chosen().values()))

    def events(self) -> frozenset[str]:
        """Their event ids."""
        return frozenset(event_id for wanted in self._chosen().values() for event_id in wanted.values())

    def __iter__(self) -> Iterator[Version]:
        """In log order within each partition. Raises ScanError."""
        for topic in self.topics:
            wanted = self._chosen()[topic.name]
            for record in self._records(topic):
                if (record.partition, record.offset) in wanted:
                    yield Version(topic, record, texts(record.headers))

    def _chosen(self) -> dict[str, dict[Place, str]]:
        """Places of the wanted records and their event ids, by topic."""
        if self._wanted is None:
            self._wanted = {topic.name: self._places(topic) for topic in self.topics}
        return self._wanted

    def _places(self, topic: RawTopic) -> dict[Place, str]:
        picked: dict[Place, str] = {}
        newest: dict[bytes, tuple[Position, Place, str]] = {}
        keys: set[bytes] = set()
        for record in self._records(topic):
            key, place, said = record.key or b"", (record.partition, record.offset), texts(record.headers)
            event_id = said.get("ce_id", "")
            if self._picker.raw(record, topic.system, topic.entity):
                keys.add(key)
                picked[place] = event_id
            if self._newest_only:
                version, known = position_of(record, said), newest.get(key)
                if known is None or version.partition != known[0].partition or version.offset >= known[0].offset:
                    newest[key] = version, place, event_id
        return {newest[key][1]: newest[key][2] for key in keys} if self._newest_only else picked

    def _records(self, topic: RawTopic) -> Iterator[Record]:
        for record in scan(self._settings, topic.name, since=self._since):
            instance = (record.key or b"").decode("utf-8", "replace").partition(":")[0]
            if record.value is not None and instance in self._instances[topic.system]:
                yield record
