"""What the mapping makes of raw documents now, against what is on the log. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from penstock.flow.flow import Flow
from penstock.log.fates import Fate
from penstock.log.kafka import KafkaSettings
from penstock.log.replays import original
from penstock.log.topics import partitions_of
from penstock.log.wire import Codec
from penstock.processors.deliver import Output
from penstock.processors.incoming import Incoming
from penstock.processors.routing import RouteStore
from penstock.processors.transform import Names, Transform
from penstock.replay.canonlog import CanonicalLog, Kept
from penstock.replay.diff import Difference, Report, differences
from penstock.replay.rawlog import Version
from penstock.rules.validate import Policy

End = Literal["same", "differs", "held", "dead-letter", "missing"]
LOAD_TIMEOUT = 300.0


@dataclass(frozen=True, slots=True)
class Compared:
    """One version.

    made: the canonical record that the mapping makes now, None when it makes none. kept: the one on the log, None when
    there is none. why: rules or error class, where it is stopped now.
    """

    version: Version
    end: End
    made: Output | None = None
    kept: Kept | None = None
    differences: tuple[Difference, ...] = ()
    why: str = ""


def transform_of(flow: Flow, codec: Codec, settings: KafkaSettings, routes: RouteStore) -> Transform:
    """The processors' own transform; `routes` are loaded when the flow keeps any."""
    names = Names(settings.topic_prefix, partitions_of("canonical.order"))
    transform = Transform(flow, codec, names, Policy.model_validate(flow.file.validation), routes)
    if transform.remembers:
        routes.open(settings).wait_caught_up(LOAD_TIMEOUT)
    return transform


class Comparer:
    """Maps versions, and compares each with its record on the log."""

    def __init__(self, transform: Transform, codec: Codec, log: CanonicalLog, known: Mapping[str, Kept]) -> None:
        """`known`: what `log` has, by event."""
        self._transform = transform
        self._codec = codec
        self._log = log
        self._known = known

    def run(self, versions: Iterator[Version], report: Report) -> Iterator[Compared]:
        """Each version with its outcome, which `report` has counted."""
        for version in versions:
            compared = self._compare(version)
            entity = version.topic.entity
            report.ends[compared.end] += 1
            if compared.differences:
                report.add(entity, (version.record.key or b"").decode("utf-8", "replace"), list(compared.differences))
            if compared.why:
                report.stopped[entity, f"{compared.end}: {compared.why}"] += 1
            yield compared

    def _compare(self, version: Version) -> Compared:
        record = version.record
        kept = self._known.get(original(version.event_id))
        incoming = Incoming(
            record.topic, record.partition, record.offset, record.key or b"", record.value or b"", record.headers
        )
        try:
            outputs = self._transform(incoming)
        except Exception as error:  # noqa: BLE001 - in a worker it would be a dead letter, whatever it is
            return Compared(version, "dead-letter", None, kept, why=type(error).__name__)
        made = next((each for each in outputs if each.topic.endswith(f"canonical.{version.topic.entity}")), None)
        if made is None or made.value is None:
            fates = [
                Fate.decode(each.key, each.value) for each in outputs if each.topic.endswith("fate") and each.value
            ]
            return Compared(version, "held", None, kept, why=fates[0].reason if fates else "")
        if kept is None:
            return Compared(
                version,
                "missing",
                made,
                why="no record of it is on the log: it is held, a dead letter, or not read yet",
            )
        was = self._log.value(kept)
        if was == made.value:
            return Compared(version, "same", made, kept)
        found = tuple(differences(self._codec.decode(was)[1], self._codec.decode(made.value)[1]))
        return Compared(version, "differs" if found else "same", made, kept, found)
