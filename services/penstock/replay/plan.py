"""What a run sends: canonical records that the mapping makes otherwise now, or those that a target is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from penstock.flow.flow import Flow
from penstock.log.fates import Fate, FateState
from penstock.log.headers import RawHeaders, texts
from penstock.log.kafka import KafkaSettings
from penstock.log.replays import REPLAY, RESYNC, replayed
from penstock.log.wire import Codec
from penstock.processors.deliver import Output
from penstock.replay.canonlog import CanonicalLog, Kept
from penstock.replay.compare import Compared
from penstock.replay.safety import Safety
from penstock.replay.send import Sending


class Canonical:
    """Records to write again, to the targets that they went to. left: why others stay as they are, and how many."""

    def __init__(
        self,
        flow: Flow,
        settings: KafkaSettings,
        codec: Codec,
        log: CanonicalLog,
        safety: Safety,
        run: str,
        *,
        every: bool,
        every_version: bool,
    ) -> None:
        """`every`: also what the mapping makes just so. `every_version`: older ones go to readers, not to targets."""
        self._flow = flow
        self._settings = settings
        self._codec = codec
        self._log = log
        self._safety = safety
        self._run = run
        self._wanted = {"differs", "same"} if every else {"differs"}
        self._every_version = every_version
        self._takes = {system.target: flow.entities_to(alias) for alias, system in flow.systems.items()}
        self.left: Counter[str] = Counter()

    def sendings(self, compared: Iterable[Compared]) -> Iterator[Sending | None]:
        """One for each version; None where nothing is to be sent."""
        for each in compared:
            yield self._sending(each) if each.end in self._wanted else None

    def _sending(self, compared: Compared) -> Sending | None:
        made, kept = compared.made, compared.kept
        if made is None or made.value is None or kept is None:
            return None
        entity = compared.version.topic.entity
        record = self._codec.decode(made.value)[1]
        if (why := self._safety.too_old(entity, record)) is not None:
            self.left[why] += 1
            return None
        before, own_id = self._log.headers(kept), str(record["id"])
        targets: list[str] = []
        routed = [each for each in before.get("targets", "").split(",") if each]
        for target in routed:
            why = self._safety.against_sending(entity, own_id, before["ce_id"], target)
            if entity not in self._takes.get(target, ()):
                why = "the flow sends it there no more"
            if why is None:
                targets.append(target)
            else:
                self.left[f"{target}: {why}"] += 1
        if routed and not targets and not self._every_version:
            return None
        event_id = replayed(before["ce_id"], self._run)
        headers = _headers(texts(made.headers), before, event_id, targets) | {REPLAY: self._run}
        outputs = [Output(made.topic, made.key, made.value, encoded(headers))]
        if not targets:
            reason = (
                "an older version, written again for readers of the topic" if routed else "the flow routes it nowhere"
            )
            outputs.append(self._nowhere(event_id, own_id, entity, reason))
        return Sending(entity, own_id, event_id, tuple(targets) or ("",), tuple(outputs))

    def _nowhere(self, event_id: str, own_id: str, entity: str, reason: str) -> Output:
        now = datetime.now(UTC)
        fate = Fate(event_id, own_id, "", FateState.NOT_ROUTED, reason, "replay", entity, now)
        return Output(self._settings.topic("fate"), *fate.encode())


class Resync:
    """Records that go to one target to be compared. left: why others stay as they are, and how many."""

    def __init__(self, settings: KafkaSettings, log: CanonicalLog, safety: Safety, run: str, target: str) -> None:
        self._settings = settings
        self._log = log
        self._safety = safety
        self._run = run
        self._target = target
        self.left: Counter[str] = Counter()

    def sendings(self, documents: Iterable[tuple[str, Kept]]) -> Iterator[Sending | None]:
        """One for each document; None where nothing is to be sent."""
        for own_id, kept in documents:
            said = self._log.headers(kept)
            why = self._safety.too_old(kept.entity, self._log.record(kept)) or self._safety.against_resync(
                kept.entity, own_id, said["ce_id"], self._target
            )
            if why is not None:
                self.left[why] += 1
                yield None
                continue
            event_id = replayed(said["ce_id"], self._run)
            headers = _headers(said, said, event_id, [self._target]) | {REPLAY: self._run, RESYNC: self._run}
            topic = self._settings.topic(f"canonical.{kept.entity}")
            output = Output(topic, kept.key, self._log.value(kept), encoded(headers))
            yield Sending(kept.entity, own_id, event_id, (self._target,), (output,))


def _headers(made: Mapping[str, Any], before: Mapping[str, str], event_id: str, targets: list[str]) -> dict[str, str]:
    """Those of a record that is written again: what people have waived for this version stays waived."""
    out = {name: text for name, text in made.items() if name not in {"retry", "released", REPLAY}}
    out |= {"ce_id": event_id, "cause": before["ce_id"], "targets": ",".join(targets)}
    return out | ({"released": before["released"]} if "released" in before else {})


def encoded(headers: Mapping[str, str]) -> RawHeaders:
    return [(name, text.encode()) for name, text in headers.items()]
