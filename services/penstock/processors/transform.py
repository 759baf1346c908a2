"""One raw document -> one canonical record, or a hold; with its fate where that is already decided.

A function of the record, the flow and the routes decided before: replay and preview run it without Faust.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from penstock.flow.flow import Flow, System
from penstock.flow.routes import ORDER_BOUND, Route
from penstock.log import alerts
from penstock.log.fates import Fate, FateState
from penstock.log.headers import CARRIED_ON, Headers, Position, RawHeaders, texts, waived
from penstock.log.partition import partition_for
from penstock.log.wire import Codec
from penstock.mapping import Mapping as RecordMapping
from penstock.mapping import MappingEnv, UnknownCode
from penstock.processors.deliver import Output
from penstock.processors.holds import Held, broken, code_verdict, hold_key, order_route_verdict, said
from penstock.processors.incoming import Incoming
from penstock.processors.routing import OPEN_KEPT, TOPIC, OrderNotRoutedError, Routed, Router, RouteStore
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef, RawDocument
from penstock.rules.validate import Policy, Verdict, validate

WHERE = "processors"
LARGEST = 8 * 1024 * 1024
"""Bytes of a record that can still be held or parked: there it is base64 in a record of 12 MiB at most."""


class InvalidDocumentError(Exception):
    """The document cannot become a canonical record. `rule`: the one that it breaks, where there is one."""

    def __init__(self, text: str, rule: str = "") -> None:
        super().__init__(text)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Names:
    """Topic names on the cluster, and the number of partitions of document topics."""

    prefix: str
    partitions: int

    def topic(self, name: str) -> str:
        return self.prefix + name


@dataclass(frozen=True, slots=True)
class _Kind:
    """Documents of one entity of one instance."""

    system: System
    mapping: RecordMapping
    env: MappingEnv
    canonical: str
    route: Route


@dataclass(frozen=True, slots=True)
class _Document:
    """One raw document under way. `key` is that of its canonical records."""

    incoming: Incoming
    kind: _Kind
    raw: RawDocument
    own_id: str
    event_id: str
    position: Position
    at: datetime


class Transform:
    """The transform of one flow. Call it with a consumed raw record; see `stage.Transform`."""

    def __init__(
        self, flow: Flow, codec: Codec, names: Names, policy: Policy, routes: RouteStore | None = None
    ) -> None:
        self._flow = flow
        self._codec = codec
        self._names = names
        self._policy = policy
        self._routes = RouteStore(flow.name) if routes is None else routes
        self._router = Router(flow, self._routes)
        self._kinds: dict[str, dict[str, _Kind]] = {}
        for alias, system in flow.systems.items():
            for raw, canonical in system.spec.reads.items():
                if canonical is not None and (mapping := flow.mappings.get((alias, "to", raw))) is not None:
                    kind = _Kind(system, mapping, flow.mapping_env(alias), canonical, flow.route(alias, canonical))
                    by_instance = self._kinds.setdefault(names.topic(f"raw.{system.name}.{raw}"), {})
                    by_instance[system.instance] = kind

    @property
    def topics(self) -> list[str]:
        return sorted(self._kinds)

    @property
    def remembers(self) -> bool:
        """Does any document of the flow have a route that is kept on the log?"""
        kinds = (kind for by_instance in self._kinds.values() for kind in by_instance.values())
        return any(self._router.remembers(kind.route) for kind in kinds)

    def __call__(self, incoming: Incoming) -> Sequence[Output]:
        given = texts(incoming.headers)
        document = self._document(incoming, given)
        kind, raw, own_id = document.kind, document.raw, document.own_id
        try:
            record = self._record(document)
        except UnknownCode as error:
            if not kind.route.possible:
                raise
            held = self._hold(document, own_id, self._waiting(kind, own_id), [code_verdict(error)], {})
            return [*held, *self._unrouted(kind, own_id, document.event_id)]
        key = record["order_id"] or own_id if kind.canonical in ORDER_BOUND else own_id
        verdicts = () if raw.deleted else validate(kind.canonical, record, self._policy)
        released = waived(given)
        standing = [] if "*" in released else [verdict for verdict in verdicts if verdict.rule not in released]
        if dead := [verdict for verdict in standing if verdict.severity == "dead-letter"]:
            raise InvalidDocumentError(said(dead), dead[0].rule)
        try:
            targets = self._router.decide(kind.system, kind.canonical, kind.route, record)
        except OrderNotRoutedError as error:
            held = self._hold(document, key, self._waiting(kind, own_id), [order_route_verdict(str(error))], record)
            return [*held, *self._unrouted(kind, own_id, document.event_id)]
        if standing and targets:
            out = self._hold(document, key, targets, standing, record)
        else:
            out = self._canonical(document, key, targets, record, given)
        # last: what is remembered here must be written, so nothing may fail after it
        return [*out, *self._routed(document, key, targets)]

    def epitaph(self, incoming: Incoming, error: Exception) -> Sequence[Output]:
        """The open fates and alerts of a dead letter, one per target; a later success closes fates by their keys."""
        given = texts(incoming.headers)
        event_id = given.get("ce_id") or str(Position(*incoming_place(incoming)))
        kinds = self._kinds[incoming.topic]
        canonical = next(iter(kinds.values())).canonical
        own_id = document = ""
        targets: tuple[str, ...] = ()
        noted: Sequence[Output] = ()
        try:
            ref = RawDocument.from_bytes(incoming.value).ref
        except ValueError:
            pass  # nobody can say of which document it is
        else:
            own_id = canonical_id(ref.system, ref.instance, canonical, ref.native_id)
            if (kind := kinds.get(str(ref.instance))) is not None:
                targets, noted = self._waiting(kind, own_id), self._unrouted(kind, own_id, event_id)
                document = name_of(kind, ref)
        rule, at = type(error).__name__, datetime.now(UTC)
        out: list[Output] = []
        for target in targets or ("",):
            out.append(self._fate(event_id, own_id, target, canonical, FateState.PARKED, f"dlq.{WHERE}: {rule}", at))
            # the error's own words may hold what the document holds
            alert = alerts.of_document(
                "dead-letter",
                f"{rule} in the processors",
                flow=self._flow.name,
                target=target,
                document=document,
                entity=canonical,
                rule=rule,
                at=at.isoformat(timespec="milliseconds"),
            )
            out.append(Output(self._names.topic(alerts.TOPIC), *alert))
        return [*out, *noted]

    def _document(self, incoming: Incoming, given: Mapping[str, str]) -> _Document:
        raw = RawDocument.from_bytes(incoming.value)
        event_id = given.get("ce_id")
        if event_id is None:
            raise InvalidDocumentError("header ce_id is missing: the record was not written by penstock")
        kinds = self._kinds[incoming.topic]
        kind = kinds.get(str(raw.ref.instance))
        if kind is None:
            known = ", ".join(sorted(kinds))
            raise InvalidDocumentError(
                f"the flow {self._flow.name} has no instance {raw.ref.instance!r} of {raw.ref.system}, only {known}: "
                "add it to systems in flow.yaml, and publish the record again"
            )
        position = Position.parse(given["raw"]) if "raw" in given else Position(*incoming_place(incoming))
        own_id = canonical_id(raw.ref.system, raw.ref.instance, kind.canonical, raw.ref.native_id)
        return _Document(incoming, kind, raw, own_id, event_id, position, observed_at(raw, given))

    def _record(self, document: _Document) -> dict[str, Any]:
        kind, raw = document.kind, document.raw
        if raw.deleted and not raw.parts:
            raise InvalidDocumentError(f"{raw.ref} was deleted and its last content is not in the document")
        try:
            opened = kind.system.spec.open_document(raw, kind.system.settings)
        except ValueError as error:
            raise InvalidDocumentError(str(error)) from error
        record: dict[str, Any] = kind.mapping(opened, kind.env)
        record["id"] = document.own_id
        record["source"] = {
            "system": raw.ref.system,
            "instance": raw.ref.instance,
            "native_id": raw.ref.native_id,
            "version": raw.version,
            "observed_at": document.at,
        }
        record["deleted_at"] = document.at if raw.deleted else None
        return record

    def _canonical(
        self,
        document: _Document,
        key: str,
        targets: tuple[str, ...],
        record: Mapping[str, Any],
        given: Mapping[str, str],
    ) -> list[Output]:
        kind, raw = document.kind, document.raw
        headers = Headers(
            ce_id=document.event_id,
            ce_source=f"{raw.ref.system}:{raw.ref.instance}",
            ce_type=f"penstock.canonical.{kind.canonical}",
            ce_time=document.at,
            traceparent=given.get("traceparent"),
            cause=given.get("cause"),
            raw=document.position,
            flow=self._flow.name,
            targets=targets,
            config_version=self._flow.config_version,
        ).encode()
        headers += [(name, text.encode()) for name, text in given.items() if name in CARRIED_ON]
        value = self._codec.encode(kind.mapping.target, record)
        if len(value) > LARGEST:
            raise InvalidDocumentError(f"{len(value):,} bytes as a canonical record; at most {LARGEST:,} are taken")
        out = [Output(self._names.topic(f"canonical.{kind.canonical}"), key.encode(), value, headers)]
        if not targets:
            reason = self._router.why_nowhere(kind.canonical, kind.route, record)
            state = FateState.NOT_ROUTED
            out.append(self._fate(document.event_id, document.own_id, "", kind.canonical, state, reason, document.at))
        return out

    def _routed(self, document: _Document, key: str, targets: tuple[str, ...]) -> list[Output]:
        """Remembers where the document goes for life; where its earlier events waited in vain, they come to an end."""
        kind, own_id = document.kind, document.own_id
        known = self._routes.get(own_id)
        if not self._router.remembers(kind.route) or (known is not None and known.targets is not None):
            return []
        out = [Output(self._names.topic(TOPIC), *self._routes.put(own_id, Routed(targets)))]
        reason = "the flow routes the document elsewhere"
        elsewhere = [target for target in kind.route.possible if target not in targets]
        for event_id in known.open if known is not None else ():
            for target in elsewhere:
                name = hold_key(self._flow.name, kind.canonical, own_id, event_id, target)
                state = FateState.NOT_ROUTED
                out.append(self._fate(event_id, own_id, target, kind.canonical, state, reason, document.at))
                # before it could be mapped nobody knew its order: the entry may lie on either partition
                places = sorted({self._partition(own_id), self._partition(key)})
                out += [Output(self._names.topic("hold"), name, None, (), place) for place in places]
        return out

    def _waiting(self, kind: _Kind, own_id: str) -> tuple[str, ...]:
        """The targets that wait with a document which cannot go on: where it goes, else wherever it might."""
        known = self._routes.get(own_id) if self._router.remembers(kind.route) else None
        if known is None or known.targets is None:
            return kind.route.possible
        return tuple(target for target in known.targets if target in kind.route.possible)

    def _unrouted(self, kind: _Kind, own_id: str, event_id: str) -> list[Output]:
        """Remembers an event that waits before anybody knows where its document goes."""
        known = self._routes.get(own_id) or Routed(None)
        if not self._router.remembers(kind.route) or known.targets is not None or event_id in known.open:
            return []
        noted = self._routes.put(own_id, Routed(None, (*known.open, event_id)[-OPEN_KEPT:]))
        return [Output(self._names.topic(TOPIC), *noted)]

    def _hold(
        self,
        document: _Document,
        key: str,
        targets: tuple[str, ...],
        verdicts: Sequence[Verdict],
        record: Mapping[str, Any],
    ) -> list[Output]:
        """The hold and its fate, one per target. The partition is that of the document's canonical records."""
        kind, own_id, event_id = document.kind, document.own_id, document.event_id
        size = len(document.incoming.value)
        if size > LARGEST:
            raise InvalidDocumentError(f"{said(verdicts)} (and with {size:,} bytes it is too large for a hold)")
        held = Held(
            incoming=document.incoming,
            flow=self._flow.name,
            entity=kind.canonical,
            canonical_id=own_id,
            order_id=key if kind.canonical in ORDER_BOUND or kind.canonical == "order" else None,
            event_id=event_id,
            position=document.position,
            document=record.get("reference") or name_of(kind, document.raw.ref),
            verdicts=verdicts,
            record=record,
            at=document.at,
        )
        headers: RawHeaders = [("ce_id", event_id.encode())]
        out: list[Output] = []
        for target in targets:
            name = hold_key(self._flow.name, kind.canonical, own_id, event_id, target)
            value = orjson.dumps(held.entry(WHERE, target))
            out.append(Output(self._names.topic("hold"), name, value, headers, self._partition(key)))
            state, reason = FateState.HELD, broken(verdicts)
            out.append(self._fate(event_id, own_id, target, kind.canonical, state, reason, document.at))
            if (alert := held.alert(target)) is not None:
                out.append(Output(self._names.topic(alerts.TOPIC), *alert))
        return out

    def _partition(self, key: str) -> int:
        return partition_for(key.encode(), self._names.partitions)

    def _fate(
        self, event_id: str, own_id: str, target: str, entity: str, state: FateState, reason: str, at: datetime
    ) -> Output:
        fate = Fate(event_id, own_id, target, state, reason, WHERE, entity, at)
        return Output(self._names.topic("fate"), *fate.encode())


def name_of(kind: _Kind, ref: EntityRef) -> str:
    """What people call a document that could not be mapped: our reference of an order, else the source's id."""
    tag = kind.system.tag if kind.canonical == "order" else None
    return f"{tag}-{ref.native_id}" if tag else str(ref.native_id)


def incoming_place(incoming: Incoming) -> tuple[str, int, int]:
    return incoming.topic, incoming.partition, incoming.offset


def observed_at(raw: RawDocument, headers: Mapping[str, str]) -> datetime:
    """When the source document was read: from the log, never from our clock, so that a replay gives the same."""
    text = raw.parts[0].fetched_at if raw.parts else headers.get("ce_time")
    if text is None:
        raise InvalidDocumentError(f"{raw.ref}: neither a part nor the header ce_time says when it was read")
    return datetime.fromisoformat(text)
