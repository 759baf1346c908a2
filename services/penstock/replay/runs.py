"""Runs that write, on the log: who, why, what, and that no two of them work on the same target.

Topic `control`, key `replay:<run>`: there while the run is not at its end, also when its process was killed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
import structlog
from confluent_kafka import Message, Producer

from penstock.log.kafka import KafkaSettings, producer
from penstock.log.scan import scan
from penstock.replay.errors import RefusedError

log = structlog.get_logger()

TOPIC = "control"
PREFIX = "replay:"
BEAT_SECONDS = 5.0
DEAD_SECONDS = 30.0
"""After so long without a sign a run's process is taken for dead."""
SEND_SECONDS = 30.0

Mode = Literal["canonical", "resync"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run. targets: `system:instance` that it may write to. claim: offset of its first record, its rank.

    selection, options: as they were given; a run that is resumed goes by them. beat: last sign of life.
    """

    name: str
    mode: Mode
    flow: str
    env: str
    targets: tuple[str, ...]
    selection: dict[str, Any]
    options: dict[str, Any]
    who: str
    why: str
    at: str
    beat: str
    claim: int | None = None

    def to_bytes(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Run:
        return cls(**{**data, "targets": tuple(data["targets"])})

    def alive(self, now: datetime) -> bool:
        return (now - datetime.fromisoformat(self.beat)).total_seconds() < DEAD_SECONDS


class Runs:
    """The runs that are not at their end."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: Producer = producer(settings)

    def open_runs(self) -> list[Run]:
        """The oldest first. Raises ScanError."""
        found: dict[str, Run] = {}
        for record in scan(self._settings, self._settings.topic(TOPIC)):
            name = (record.key or b"").decode()
            if not name.startswith(PREFIX):
                continue
            found.pop(name, None)
            if record.value is not None:
                run = Run.from_dict(orjson.loads(record.value))
                found[name] = run if run.claim is not None else replace(run, claim=record.offset)
        return sorted(found.values(), key=lambda run: run.claim or 0)

    def begin(self, run: Run) -> Run:
        """Enters a run. Raises RefusedError when an earlier one works on one of its targets."""
        self._send(run)
        runs = self.open_runs()
        mine = next(each for each in runs if each.name == run.name)
        for other in runs:
            if other.name != run.name and set(other.targets) & set(run.targets) and rank(other) < rank(mine):
                self.end(run.name)
                shared = ", ".join(sorted(set(other.targets) & set(run.targets)))
                raise RefusedError(f"{other.name} ({other.mode}, {other.who}: {other.why}) {_state(other)} on {shared}")
        return mine

    def resume(self, name: str) -> Run:
        """An open run whose process is gone. Raises RefusedError."""
        run = self.find(name)
        if run.alive(datetime.now(UTC)):
            raise RefusedError(f"{name} gave a sign of life at {run.beat}: it is running, or wait {DEAD_SECONDS:.0f} s")
        self._send(replace(run, beat=_now()))
        return run

    def find(self, name: str) -> Run:
        """Raises RefusedError when there is no such open run."""
        runs = {run.name: run for run in self.open_runs()}
        if name not in runs:
            raise RefusedError(f"no run {name!r} is open; there are: {', '.join(runs) or 'none'}")
        return runs[name]

    @contextmanager
    def beating(self, run: Run) -> Iterator[None]:
        """A sign of life every few seconds, from a thread."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(BEAT_SECONDS):
                try:
                    self._send(replace(run, beat=_now()))
                except OSError as error:
                    # at worst somebody resumes the run beside us, and the same events are sent twice
                    log.warning("replay_beat_failed", run=run.name, error=str(error))

        thread = threading.Thread(target=beat, name="penstock-replay-beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(SEND_SECONDS)

    def end(self, name: str) -> None:
        """The run is at its end, or given up."""
        self._produce(name, None)

    def _send(self, run: Run) -> None:
        self._produce(run.name, run.to_bytes())

    def _produce(self, name: str, value: bytes | None) -> None:
        failed: list[str] = []

        def delivered(error: Any, _: Message) -> None:
            if error is not None:
                failed.append(error.str())

        self._producer.produce(
            self._settings.topic(TOPIC), key=f"{PREFIX}{name}".encode(), value=value, on_delivery=delivered
        )
        if self._producer.flush(SEND_SECONDS) or failed:
            raise OSError(f"topic {TOPIC} cannot be written: {failed[0] if failed else 'no acknowledgement'}")


def rank(run: Run) -> int:
    return run.claim or 0


def new(
    name: str,
    mode: Mode,
    flow: str,
    env: str,
    *,
    targets: Sequence[str],
    selection: dict[str, Any],
    options: dict[str, Any],
    who: str,
    why: str,
) -> Run:
    at = _now()
    return Run(name, mode, flow, env, tuple(sorted(targets)), selection, options, who, why, at, at)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _state(run: Run) -> str:
    if run.alive(datetime.now(UTC)):
        return "works"
    return f"was cut off (go on with --resume {run.name}, or give it up by `penstock replay stop {run.name}`)"
