"""A connector at its sandbox: prepared once per connector, copied for each test."""

from __future__ import annotations

import asyncio
import importlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from tests.contract.conformance.facts import Act, Facts, Write, read_facts
from tests.contract.conformance.wire import Wire

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import (
    Applied,
    ConnectorSpec,
    Crossing,
    Notification,
    PollSet,
    Sink,
    Source,
    Task,
)
from penstock.connectors.registry import connector
from penstock.mapping import from_payload
from penstock.mapping.documents import from_json
from penstock.records.raw import RawDocument

SEED = 7
Names = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """A connector, what it says of itself, and what the suite knows of it."""

    name: str
    spec: ConnectorSpec
    facts: Facts

    @property
    def folder(self) -> Path:
        return self.spec.mappings.parent

    def settings(self, **changed: Any) -> Any:
        return self.spec.settings.model_validate({**self.facts.settings, **changed})


@cache
def subject(name: str) -> Subject:
    spec = connector(name)
    return Subject(name, spec, read_facts(spec))


def budget() -> Budget:
    return Budget(BudgetSettings(concurrency=4))


class Desk:
    """A running sandbox of one test, and the wire to it."""

    def __init__(self, subject: Subject, data: Path, names: Names, options: Mapping[str, Any] | None = None) -> None:
        self.subject = subject
        self.names = names
        module = importlib.import_module(f"penstock.connectors.{subject.name}.sandbox")
        self.app = module.create(data, SEED, {**subject.facts.options, **(options or {})})
        self.wire = Wire(self.app, subject.facts.token)

    def source(self, **changed: Any) -> Source:
        return self.subject.spec.source(self.subject.settings(**changed), budget(), transport=self.wire)

    def sink(self, **changed: Any) -> Sink:
        return self.subject.spec.sink(self.subject.settings(**changed), budget(), transport=self.wire)

    async def act(self, acts: Sequence[Act]) -> None:
        for act in acts:
            said = await self.app.sandbox.actions[act.do](filled(act.given, self.names))
            self.names |= {name: value for name, value in said.items() if isinstance(value, str | int)}

    async def close(self) -> None:
        await self.app.sandbox.settle()
        self.app.sandbox.storage.close()

    def task(self, write: Write, *, resuming: bool = False, resync: bool = False) -> Task:
        """The write as the sink runtime gives it; decimals of the payload get their type from its schema.

        resync: it was applied before, and the target is to be compared.
        """
        record, payload = filled(write.record, self.names), filled(write.payload or {}, self.names)
        schema = self.subject.spec.mappings / f"{write.entity}.payload.yaml"
        if schema.is_file():
            payload = from_json(payload, from_payload(schema.name, schema.read_text(encoding="utf-8")))
        applied = Applied(None, "hash", "event-1") if resync else None
        event = "event-2" if resync else "event-1"
        return Task(write.entity, record, payload, event, applied, Nothing(), resuming=resuming, resync=resync)


def filled(value: Any, names: Names) -> Any:
    """`{x}` alone is the value of x with its type, inside a text its text."""
    if isinstance(value, dict):
        return {key: filled(entry, names) for key, entry in value.items()}
    if isinstance(value, list):
        return [filled(entry, names) for entry in value]
    if isinstance(value, str) and value[:1] == "{" and value[1:-1] in names:
        return names[value[1:-1]]
    return value.format_map(names) if isinstance(value, str) and "{" in value else value


class Nothing:
    """A log that knows nothing but that the order was seen."""

    def xref(self, entity: str, canonical_id: str) -> Crossing | None:
        return None

    def canonical_of(self, entity: str, native_id: str, *, system: str, instance: str) -> str | None:
        return None

    def native_in(self, entity: str, canonical_id: str, *, system: str, instance: str) -> str | None:
        return None

    def unbooked(self, sku: str) -> Decimal:
        return Decimal(0)

    def seen(self, native_id: str) -> bool:
        return True


@dataclass
class Prepared:
    """A sandbox on disk in which everything has happened, and one document of each entity found in it."""

    data: Path
    names: Names
    found: dict[str, tuple[Notification, RawDocument]] = field(default_factory=dict)

    def copy(self, subject: Subject, folder: Path, **options: Any) -> Desk:
        data = folder / f"sandbox-{len(list(folder.iterdir()))}"
        shutil.copytree(self.data, data)
        return Desk(subject, data, dict(self.names), options)


@cache
def prepared(name: str, folder: Path) -> Prepared:
    one = subject(name)
    made = Prepared(folder / name, {})
    made.data.mkdir(parents=True)

    async def prepare() -> None:
        desk = Desk(one, made.data, made.names)
        await desk.act(one.facts.prepare)
        hook = one.facts.webhook
        source = desk.source(**({} if hook is None else {"webhook_secret": f"plain:{hook.key}"}))
        notes = [note for poll in source.polls for note in (await polled(poll))[0]]
        if hook is not None:
            notes += received(source, one)
        for note in notes:
            if note.ref.entity not in made.found:
                document = await source.extract(note.ref, note.carried)
                if document is not None:
                    made.found[note.ref.entity] = (note, RawDocument.from_bytes(document.to_bytes()))
        await source.close()
        await desk.close()

    asyncio.run(prepare())
    return made


def received(source: Source, subject: Subject) -> list[Notification]:
    """The genuine message of conformance.yaml, taken in its time."""
    hook = subject.facts.webhook
    assert hook is not None
    return list(source.receive(hook.body.encode(), hook.headers, hook.at))


async def polled(poll: PollSet, mark: Mapping[str, Any] | None = None) -> tuple[list[Notification], Any]:
    """All notifications since `mark`, and the mark after them as the log would keep it."""
    notes: list[Notification] = []
    async for page in poll.poll(mark):
        notes += page.notifications
        mark = mark if page.mark is None else orjson.loads(orjson.dumps(page.mark))
    return notes, mark
