"""A replay of one flow on one cluster, from selection to the last fate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

from penstock.checkpoints import reach
from penstock.flow.flow import Flow, System
from penstock.log.kafka import KafkaSettings, producer
from penstock.log.registry_client import RegistryClient
from penstock.log.wire import Codec
from penstock.log.xref import Link, XrefStore
from penstock.processors.routing import RouteStore
from penstock.replay.canonlog import CanonicalLog
from penstock.replay.compare import Compared, Comparer, transform_of
from penstock.replay.diff import Report
from penstock.replay.fatebook import FateBook
from penstock.replay.plan import Canonical, Resync
from penstock.replay.rawlog import RawLog
from penstock.replay.runs import Run
from penstock.replay.safety import Safety, ended_orders, open_writes
from penstock.replay.selection import Selection
from penstock.replay.send import Sender, Sending
from penstock.replay.xref import Rebuilt, from_canonical, from_effects, from_fates, listed_orders, of_nobody, rebuilt

Advance = Callable[[int, int], object]
"""(done, of how many)"""
LOAD_TIMEOUT = 300.0
PREVIEW = "preview"


@dataclass(slots=True)
class Sent:
    """ends: how many ended how (`applied infor:DALS`). left: why others were not sent. report: of a canonical run."""

    ends: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    report: Report | None = None


class Session:
    """Open it for one command; it keeps what it has loaded."""

    def __init__(self, flow: Flow, settings: KafkaSettings, registry: RegistryClient) -> None:
        self._flow = flow
        self._settings = settings
        self._codec = Codec(registry)
        self._log = CanonicalLog(settings, flow, self._codec)
        self._routes = RouteStore(flow.name)
        self._fates: FateBook | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._log.close()
        self._routes.close()
        if self._fates is not None:
            self._fates.close()

    def dry_run(self, selection: Selection, *, every_version: bool, advance: Advance) -> Report:
        """Raises RefusedError, ScanError, LoaderError."""
        report = Report()
        for done, of, _ in self._compared(selection, report, every_version=every_version):
            advance(done, of)
        return report

    def preview(
        self, selection: Selection, *, every: bool, every_version: bool, advance: Advance
    ) -> tuple[Report, Counter[str], int]:
        """What `canonical` would send: the report, why others are left, and how many documents."""
        report, count = Report(), 0
        plan = self._canonical(PREVIEW, every=every, every_version=every_version)
        for done, of, compared in self._compared(selection, report, every_version=every_version):
            count += sum(1 for sending in plan.sendings([compared]) if sending is not None)
            advance(done, of)
        return report, plan.left, count

    def canonical(self, selection: Selection, run: Run, *, advance: Advance) -> Sent:
        """Sends what differs. Raises StalledError too; then the run can be resumed."""
        report = Report()
        options = run.options
        plan = self._canonical(run.name, every=options["every"], every_version=options["every_version"])

        def sendings() -> Iterator[Sending | None]:
            for done, of, compared in self._compared(selection, report, every_version=options["every_version"]):
                advance(done, of)
                yield from plan.sendings([compared])

        ends = self._send(run, sendings(), lambda _: None)
        return Sent(ends, plan.left, report)

    def resync_preview(self, system: System, selection: Selection) -> tuple[int, Counter[str]]:
        """How many documents `resync` would send, and why others are left."""
        plan = Resync(self._settings, self._log, self._safety_at(system, selection), PREVIEW, system.target)
        documents = self._log.newest(self._entities_to(system), selection, system.target)
        return sum(1 for sending in plan.sendings(documents) if sending is not None), plan.left

    def resync(self, system: System, selection: Selection, run: Run, *, advance: Advance) -> Sent:
        """Sends the newest record of each document to the target alone. Raises StalledError too."""
        documents = self._log.newest(self._entities_to(system), selection, system.target)
        plan = Resync(self._settings, self._log, self._safety_at(system, selection), run.name, system.target)
        ends = self._send(run, plan.sendings(documents), lambda done: advance(done + plan.left.total(), len(documents)))
        advance(len(documents), len(documents))
        return Sent(ends, plan.left)

    async def rebuild_xref(self, *, from_target: bool) -> Rebuilt:
        """What the cross-reference lacks. Raises SourceUnavailableError, SourceRefusedError with `from_target`."""
        systems = [self._flow.systems[alias] for alias in self._flow.systems]
        links = [*from_fates(self._settings, systems), *from_effects(self._settings, systems)]
        linked = {(link.entity, link.canonical_id) for link in links}
        links += from_canonical(self._settings, self._flow, self._codec, linked)
        with XrefStore.open(self._settings) as store:
            await store.loader.until_caught_up(LOAD_TIMEOUT)
            several: list[str] = []
            for system in self._listable() if from_target else ():
                listed = await self._listed(system)
                found, said = of_nobody(listed, links, store)
                links += found
                several += said
            out = rebuilt(links, store)
        out.conflicts += several
        return out

    def _listable(self) -> list[System]:
        return [system for system in self._flow.erps if "order" in system.spec.lists]

    async def _listed(self, system: System) -> list[Link]:
        source = system.spec.source(system.settings, system.budget("tools"))
        try:
            return await listed_orders(self._flow, system, source)
        finally:
            await source.close()

    def _entities_to(self, system: System) -> list[str]:
        return sorted(self._flow.entities_to(system.alias))

    def _compared(
        self, selection: Selection, report: Report, *, every_version: bool
    ) -> Iterator[tuple[int, int, Compared]]:
        """(done, of how many, outcome) of each version."""
        raw = RawLog(self._settings, self._flow, selection, newest_only=not every_version)
        of = raw.count()
        transform = transform_of(self._flow, self._codec, self._settings, self._routes)
        known = self._log.by_event(sorted({topic.entity for topic in raw.topics}), raw.events())
        comparer = Comparer(transform, self._codec, self._log, known)
        for done, compared in enumerate(comparer.run(iter(raw), report), 1):
            yield done, of, compared

    def _canonical(self, run: str, *, every: bool, every_version: bool) -> Canonical:
        safety = self._safety([system.target for system in self._flow.systems.values()])
        return Canonical(
            self._flow,
            self._settings,
            self._codec,
            self._log,
            safety,
            run,
            every=every,
            every_version=every_version,
        )

    def _safety_at(self, system: System, selection: Selection) -> Safety:
        orders = system.role == "erp" and (not selection.entities or "order" in selection.entities)
        ended = ended_orders(self._settings, self._codec, system.target) if orders else ()
        return self._safety([system.target], ended)

    def _safety(self, targets: Collection[str], ended: Collection[str] = ()) -> Safety:
        if self._fates is None:
            self._fates = FateBook(targets)
            self._fates.open(self._settings)
        return Safety(self._flow, self._fates, open_writes(self._settings, targets), ended)

    def _send(self, run: Run, sendings: Iterable[Sending | None], tick: Callable[[int], object]) -> Counter[str]:
        if self._fates is None:
            raise RuntimeError("fates are loaded before anything is sent")
        reach("replay.begun")
        options = run.options
        client = producer(self._settings, **{"linger.ms": 0})
        sender = Sender(
            client,
            self._fates,
            rate=options["rate"],
            window=options["window"],
            patience=options["patience"],
            tick=tick,
        )
        try:
            sender.run(sending for sending in sendings if sending is not None)
            reach("replay.sent")
        finally:
            client.flush(10)
        return sender.ends
