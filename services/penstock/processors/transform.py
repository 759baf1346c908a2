"""One raw document -> one canonical record, or a hold; with its fate where that is already decided.

A pure function of the record and the flow: replay and preview run it without Faust.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from penstock.flow.load import Flow, System
from penstock.log.fates import Fate, FateState
from penstock.log.headers import Headers, Position, RawHeaders, texts
from penstock.log.partition import partition_for
from penstock.log.wire import Codec
from penstock.mapping import Mapping as RecordMapping
from penstock.mapping import MappingEnv, MappingError, UnknownCode
from penstock.processors.deliver import Output
from penstock.processors.stage import Incoming
from penstock.records.ids import canonical_id
from penstock.records.raw import RawDocument
from penstock.rules.validate import Policy, Verdict, validate

ORDER_BOUND = frozenset({"order-status", "shipment", "invoice", "payment", "refund"})
WHERE = "processors"
LARGEST = 8 * 1024 * 1024
"""Bytes of a record that can still be held or parked: there it is base64 in a record of 12 MiB at most."""
VERDICTS_KEPT = 100
VERDICTS_SAID = 5


class InvalidDocumentError(Exception):
    """The document cannot become a canonical record, and no correction in the source will change that."""


@dataclass(frozen=True, slots=True)
class Names:
    """Topic names on the cluster, and the number of partitions of document topics."""

    prefix: str
    partitions: int

    def topic(self, name: str) -> str:
        return self.prefix + name


@dataclass(frozen=True, slots=True)
class _Route:
    system: System
    mapping: RecordMapping
    env: MappingEnv
    canonical: str
    targets: tuple[str, ...]


class Transform:
    """The transform of one flow. Call it with a consumed raw record; see `stage.Transform`."""

    def __init__(self, flow: Flow, codec: Codec, names: Names, policy: Policy) -> None:
        self._flow = flow
        self._codec = codec
        self._names = names
        self._policy = policy
        self._routes = {
            names.topic(f"raw.{name}.{raw}"): self._route(system, raw, canonical)
            for name, system in flow.systems.items()
            for raw, canonical in system.spec.reads.items()
            if canonical is not None and (name, "to", raw) in flow.mappings
        }

    @property
    def topics(self) -> list[str]:
        return sorted(self._routes)

    def _route(self, system: System, raw: str, canonical: str) -> _Route:
        mapping = self._flow.mappings[system.name, "to", raw]
        targets = self._flow.targets(system.name, canonical)
        return _Route(system, mapping, self._flow.mapping_env(system.name), canonical, targets)

    def __call__(self, incoming: Incoming) -> Sequence[Output]:
        route = self._routes[incoming.topic]
        given = texts(incoming.headers)
        raw = RawDocument.from_bytes(incoming.value)
        event_id = given.get("ce_id")
        if event_id is None:
            raise InvalidDocumentError("header ce_id is missing: the record was not written by penstock")
        position = Position.parse(given["raw"]) if "raw" in given else Position(*incoming_place(incoming))
        observed = observed_at(raw, given)
        own_id = canonical_id(raw.ref.system, raw.ref.instance, route.canonical, raw.ref.native_id)
        try:
            record = self._record(route, raw, own_id, observed)
        except (UnknownCode, MappingError) as error:
            if isinstance(error, UnknownCode) and route.targets:
                found = [code_verdict(error)]
                return self._hold(incoming, route, own_id, own_id, event_id, position, raw, found, {}, observed)
            raise
        key = record["order_id"] or own_id if route.canonical in ORDER_BOUND else own_id
        verdicts = () if raw.deleted else validate(route.canonical, record, self._policy)
        released = given.get("released")
        standing = [verdict for verdict in verdicts if released not in ("*", verdict.rule)]
        if dead := [verdict for verdict in standing if verdict.severity == "dead-letter"]:
            raise InvalidDocumentError(said(dead))
        targets = self._targets(route, record)
        if standing and targets:
            return self._hold(incoming, route, own_id, key, event_id, position, raw, standing, record, observed)
        headers = Headers(
            ce_id=event_id,
            ce_source=f"{raw.ref.system}:{raw.ref.instance}",
            ce_type=f"penstock.canonical.{route.canonical}",
            ce_time=observed,
            traceparent=given.get("traceparent"),
            cause=given.get("cause"),
            raw=position,
            flow=self._flow.name,
            targets=targets,
            config_version=self._flow.config_version,
        ).encode()
        headers += [(name, text.encode()) for name, text in given.items() if name in {"retry", "released"}]
        value = self._codec.encode(route.mapping.target, record)
        if len(value) > LARGEST:
            raise InvalidDocumentError(f"{len(value):,} bytes as a canonical record; at most {LARGEST:,} are taken")
        out = [Output(self._names.topic(f"canonical.{route.canonical}"), key.encode(), value, headers)]
        if not targets:
            reason = "older than start.orders_from" if route.targets else "the flow routes it nowhere"
            out.append(self._fate(event_id, own_id, "", route.canonical, FateState.NOT_ROUTED, reason, observed))
        return out

    def epitaph(self, incoming: Incoming, error: Exception) -> Sequence[Output]:
        """The open fates of a dead letter, one per target, under the keys that a later success will close."""
        given = texts(incoming.headers)
        event_id = given.get("ce_id") or str(Position(*incoming_place(incoming)))
        route = self._routes[incoming.topic]
        own_id = ""
        targets: tuple[str, ...] = ("",)
        try:
            ref = RawDocument.from_bytes(incoming.value).ref
        except ValueError:
            pass  # nobody can say of which document it is
        else:
            own_id = canonical_id(ref.system, ref.instance, route.canonical, ref.native_id)
            targets = route.targets or ("",)
        reason = f"dlq.{WHERE}: {type(error).__name__}"
        at = datetime.now(UTC)
        return [
            self._fate(event_id, own_id, target, route.canonical, FateState.PARKED, reason, at) for target in targets
        ]

    def _record(self, route: _Route, raw: RawDocument, own_id: str, observed: datetime) -> dict[str, Any]:
        if raw.deleted and not raw.parts:
            raise InvalidDocumentError(f"{raw.ref} was deleted and its last content is not in the document")
        try:
            document = route.system.spec.open_document(raw, route.system.settings)
        except ValueError as error:
            raise InvalidDocumentError(str(error)) from error
        record: dict[str, Any] = route.mapping(document, route.env)
        record["id"] = own_id
        record["source"] = {
            "system": raw.ref.system,
            "instance": raw.ref.instance,
            "native_id": raw.ref.native_id,
            "version": raw.version,
            "observed_at": observed,
        }
        record["deleted_at"] = observed if raw.deleted else None
        return record

    def _targets(self, route: _Route, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Decided from what never changes of a document, so that it sticks to it for life."""
        if route.canonical == "order" and record["placed_at"] < self._flow.file.start.orders_from:
            return ()
        return route.targets

    def _hold(
        self,
        incoming: Incoming,
        route: _Route,
        own_id: str,
        key: str,
        event_id: str,
        position: Position,
        raw: RawDocument,
        verdicts: Sequence[Verdict],
        record: Mapping[str, Any],
        at: datetime,
    ) -> list[Output]:
        """The hold and its fate, one per target. The partition is that of the document's canonical records."""
        reason = said(verdicts)
        if len(incoming.value) > LARGEST:
            raise InvalidDocumentError(f"{reason} (and with {len(incoming.value):,} bytes it is too large for a hold)")
        out: list[Output] = []
        kept = {name: text for name, text in texts(incoming.headers).items() if name != "released"}
        for target in route.targets:
            entry = {
                "flow": self._flow.name,
                "stage": WHERE,
                "target": target,
                "entity": route.canonical,
                "canonical_id": own_id,
                "order_id": key if route.canonical in ORDER_BOUND or route.canonical == "order" else None,
                "event_id": event_id,
                "document": record.get("reference") or raw.ref.native_id,
                "on": verdicts[0].rule,
                "reason": reason,
                "verdicts": [verdict_dict(verdict) for verdict in verdicts[:VERDICTS_KEPT]],
                "since": at.isoformat(timespec="milliseconds"),
                "attempts": int(kept.get("retry", "0")),
                "next_try": None,
                "demand": demand_of(record),
                "republish": {
                    "topic": incoming.topic,
                    "key_base64": base64.b64encode(incoming.key).decode("ascii"),
                    "value_base64": base64.b64encode(incoming.value).decode("ascii"),
                    "headers": {**kept, "raw": str(position)},
                },
            }
            name = f"{self._flow.name}:{route.canonical}:{own_id}:{event_id}"
            partition = partition_for(key.encode(), self._names.partitions)
            headers: RawHeaders = [("ce_id", event_id.encode())]
            out.append(Output(self._names.topic("hold"), name.encode(), orjson.dumps(entry), headers, partition))
            out.append(self._fate(event_id, own_id, target, route.canonical, FateState.HELD, broken(verdicts), at))
        return out

    def _fate(
        self, event_id: str, own_id: str, target: str, entity: str, state: FateState, reason: str, at: datetime
    ) -> Output:
        fate = Fate(event_id, own_id, target, state, reason, WHERE, entity, at)
        return Output(self._names.topic("fate"), *fate.encode())


def incoming_place(incoming: Incoming) -> tuple[str, int, int]:
    return incoming.topic, incoming.partition, incoming.offset


def observed_at(raw: RawDocument, headers: Mapping[str, str]) -> datetime:
    """When the source document was read: from the log, never from our clock, so that a replay gives the same."""
    text = raw.parts[0].fetched_at if raw.parts else headers.get("ce_time")
    if text is None:
        raise InvalidDocumentError(f"{raw.ref}: neither a part nor the header ce_time says when it was read")
    return datetime.fromisoformat(text)


def code_verdict(error: UnknownCode) -> Verdict:
    """An unknown code is a clerk's matter: the table is completed and the document tried again."""
    return Verdict(
        field=error.field,
        value=str(error.value),
        rule="unknown-code",
        message=error.reason,
        remedy=error.remedy,
        severity="hold",
    )


def said(verdicts: Sequence[Verdict]) -> str:
    """The first verdicts in words: an order of a thousand lines can have a thousand."""
    left = len(verdicts) - VERDICTS_SAID
    first = "; ".join(verdict.message for verdict in verdicts[:VERDICTS_SAID])
    return f"{first}; and {left} more" if left > 0 else first


def broken(verdicts: Sequence[Verdict]) -> str:
    """Rules and fields, for the fate: messages may hold personal data and stay with the hold."""
    left = len(verdicts) - VERDICTS_SAID
    first = ", ".join(f"{verdict.rule} ({verdict.field})" for verdict in verdicts[:VERDICTS_SAID])
    return f"{first}, and {left} more" if left > 0 else first


def verdict_dict(verdict: Verdict) -> dict[str, str]:
    return {
        "field": verdict.field,
        "value": str(verdict.value)[:200],
        "rule": verdict.rule,
        "message": verdict.message,
        "remedy": verdict.remedy,
    }


def demand_of(record: Mapping[str, Any]) -> dict[str, str]:
    """Quantities per SKU of a held order, so that its units are not sold again."""
    quantities: dict[str, Decimal] = {}
    for line in record.get("lines", ()):
        if line.get("sku") and "unit_price_gross" in line:
            quantities[line["sku"]] = quantities.get(line["sku"], Decimal(0)) + line["quantity"]
    return {sku: format(quantity, "f") for sku, quantity in quantities.items()}
