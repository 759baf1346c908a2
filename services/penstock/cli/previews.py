"""What a record would change in its targets if it were published now: the same transform, mapping, plan and steps."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
import structlog

from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import LogView, Outgoing
from penstock.cli.options import registry
from penstock.cli.output import console, print_json, print_table
from penstock.connectors.contract import CustomerRequest, Lookup, SourceRefusedError, SourceUnavailableError
from penstock.connectors.http import LostReplyError, NotSentError
from penstock.flow.load import Flow, FlowError, System, load_flow
from penstock.flow.policies import policies_for
from penstock.ingress.extract import change_of
from penstock.ingress.notes import note_headers, read_note
from penstock.ingress.positions import document_key
from penstock.log.headers import texts
from penstock.log.loader import Loader
from penstock.log.partition import partition_for
from penstock.log.scan import scan
from penstock.log.wire import Codec
from penstock.log.xref import XrefStore
from penstock.processors.deliver import Output
from penstock.processors.incoming import Incoming
from penstock.processors.routing import RouteStore
from penstock.processors.transform import Names, Transform
from penstock.records.raw import EntityRef
from penstock.rules.validate import Policy
from penstock.sinks.items import Items
from penstock.sinks.lookup import Demand, LogLookup, NoDemand
from penstock.sinks.main import OwnedElsewhere, Payloads, open_demand
from penstock.sinks.model import CUSTOMER_REQUEST, Entry, Item, republish, request_bytes
from penstock.sinks.preview import Preview, Surroundings, preview
from penstock.sinks.rehearsal import PreviewError, Rehearsal
from penstock.sinks.state import SinkState

LOAD_SECONDS = 300.0
AT_THE_END = 2**62
"""Offset of a record that would be published now: behind all that are there."""
NO_OWNER = -1
"""In place of a fence's offset: a preview owns nothing, and takes every record of the log as another's."""


async def preview_of(
    view: LogView,
    record: Outgoing,
    flow_name: str,
    env: str,
    registry_url: str | None = None,
    target: str | None = None,
) -> list[Preview]:
    """The change at each target of `record` (or only at `target`), which is as a retry would publish it.

    Raises CommandError when it cannot be told.
    """
    if not flow_name:
        raise CommandError("the record does not say its flow: give --flow", Exit.USAGE)
    # the protocol tells its decisions to the log of the service that it thinks it is
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        flow = load_flow(flow_name, env)
    except FlowError as error:
        raise CommandError(str(error), Exit.USAGE) from error
    desk = Desk(view, flow, Codec(registry(registry_url or flow.env.registry.url)))
    try:
        return await desk.of_record(record, target)
    except PreviewError as error:
        raise CommandError(str(error), Exit.UNREACHABLE) from error


class Desk:
    """One flow at one log."""

    def __init__(self, view: LogView, flow: Flow, codec: Codec) -> None:
        self._view = view
        self._settings = view.settings
        self._flow = flow
        self._codec = codec
        self._partitions = len(view.partitions("canonical.order"))

    async def of_record(self, record: Outgoing, target: str | None) -> list[Preview]:
        topic = self._view.name(record.topic)
        headers = texts((name, _bytes(value)) for name, value in record.headers.items())
        if topic.endswith(".notification"):
            return await self._of_note(record, headers, target)
        if topic.startswith("raw."):
            return await self._of_raw(record, headers, target)
        if topic.startswith("canonical."):
            targets = [target] if target else [each for each in headers.get("targets", "").split(",") if each]
            return [await self._at(each, record, headers) for each in targets]
        if topic.startswith(f"{CUSTOMER_REQUEST}."):
            wanted = target or str(orjson.loads(record.value or b"{}").get("target"))
            return [await self._at(wanted, record, headers)]
        raise CommandError(f"records of {topic} change nothing in a target", Exit.NO)

    async def _of_note(self, record: Outgoing, headers: dict[str, str], target: str | None) -> list[Preview]:
        """A retry has the document read: what the source shows of it now, and what that leads to."""
        again = partial(Preview, target or "", "", headers.get("ce_id", ""), "parked", rule="dead letter again")
        try:
            note = read_note(record.value or b"")
        except ValueError as error:
            return [again(str(error))]
        ref = note.ref
        own = (each for each in self._flow.systems.values() if (each.name, each.instance) == (ref.system, ref.instance))
        system = next(own, None)
        if system is None:
            return [again(f"the flow {self._flow.name} has no instance {ref.instance!r} of {ref.system}")]
        source = system.spec.source(system.settings, system.budget("tools"))
        try:
            document = await source.extract(ref, note.carried)
            change = await change_of(source, self._settings, ref, document, self._published(ref))
        except SourceRefusedError as error:
            return [again(str(error))]
        except (SourceUnavailableError, NotSentError, LostReplyError) as error:
            raise PreviewError(f"{ref.system}:{ref.instance} does not answer: {error}") from error
        finally:
            await source.close()
        if isinstance(change, str):
            why = {"gone": "the source does not have it", "unchanged": "it is on the log as the source has it now"}
            return [Preview(target or "", ref.entity, ref.native_id, change, why[change])]
        said = change.headers(self._flow.name, datetime.now(UTC), "preview") + note_headers(note)
        raw = Outgoing(self._settings.topic(change.topic), ref.key.encode(), change.value, dict(said), exact=True)
        return await self._of_raw(raw, texts(said), target)

    def _published(self, ref: EntityRef) -> Mapping[str, Any] | None:
        """What ingress remembers of the document that it published last."""
        key, found = document_key(ref).encode(), None
        for record in scan(self._settings, self._settings.topic(f"position.{ref.system}")):
            if record.key == key:
                found = record.value
        return orjson.loads(found) if found else None

    async def _of_raw(self, record: Outgoing, headers: dict[str, str], target: str | None) -> list[Preview]:
        """The processors first; what they hold or refuse never reaches a target."""
        routes = RouteStore(self._flow.name)
        names = Names(self._settings.topic_prefix, self._partitions)
        policy = Policy.model_validate(self._flow.file.validation)
        transform = Transform(self._flow, self._codec, names, policy, routes)
        given = [(name, text.encode()) for name, text in headers.items()]
        if record.topic not in transform.topics:
            raise CommandError(f"the flow {self._flow.name} reads nothing from {record.topic}", Exit.NO)
        partition = partition_for(record.key, len(self._view.partitions(self._view.name(record.topic))) or 1)
        if transform.remembers:
            await routes.open(self._settings).until_caught_up(LOAD_SECONDS)
        try:
            outputs = transform(Incoming(record.topic, partition, AT_THE_END, record.key, record.value or b"", given))
        except Exception as error:  # noqa: BLE001 - whatever makes a dead letter of it is the answer
            reason = f"{type(error).__name__}: {error}"
            return [Preview(target or "", "", headers.get("ce_id", ""), "parked", reason, "dead letter again")]
        finally:
            routes.close()
        found: list[Preview] = []
        for output in outputs:
            found += await self._of_output(output, target)
        return found

    async def _of_output(self, output: Output, target: str | None) -> list[Preview]:
        topic = self._view.name(output.topic)
        if topic == "hold" and output.value is not None:
            data = orjson.loads(output.value)
            if target in {None, data["target"]}:
                return [_held(data)]
        if topic.startswith("canonical."):
            said = {name: value.decode() for name, value in output.headers}
            targets = [each for each in said.get("targets", "").split(",") if each and target in {None, each}]
            made = Outgoing(output.topic, output.key, output.value, dict(output.headers), exact=True)
            if not targets:
                reason = "the flow routes it nowhere, or not to this target"
                return [Preview("", topic.partition(".")[2], said.get("ce_id", ""), "not-routed", reason)]
            return [await self._at(each, made, said) for each in targets]
        return []

    async def _at(self, target: str, record: Outgoing, headers: dict[str, str]) -> Preview:
        """The change of a canonical record, or of a customer request, at one target."""
        system = next((each for each in self._flow.systems.values() if each.target == target), None)
        if system is None:
            raise CommandError(f"the flow {self._flow.name} has no target {target}", Exit.USAGE)
        topics = {self._settings.topic(f"canonical.{each}"): each for each in self._flow.entities_to(system.alias)}
        requests = self._settings.topic(f"{CUSTOMER_REQUEST}.{system.name}")
        if record.topic not in {*topics, requests}:
            raise CommandError(f"{target} takes no records of {self._view.name(record.topic)}", Exit.NO)
        items = Items(target, self._flow.name, topics, requests, self._codec)

        def item_of(topic: str, key: bytes, value: bytes, said: dict[str, str]) -> Item:
            entry = Entry(
                "", "", partition_for(key, self._partitions), {"republish": republish(topic, key, value, said)}
            )
            found = items.of_entry(entry)
            if found is None:
                raise CommandError(f"the record is not meant for {target}", Exit.NO)
            return found

        def request_item(item: Item, request: CustomerRequest) -> Item:
            return item_of(requests, request.match_key.encode(), request_bytes(item, target, request), {})

        item = item_of(record.topic, record.key, record.value or b"", headers)
        async with self._known(system, item) as (state, lookup_of):
            around = Surroundings(
                effect_of=state.effect,
                lookup_of=lookup_of,
                payload_of=Payloads(self._flow, system),
                request_item=request_item,
                newer=state.newer_entry,
                policies_of=lambda each: policies_for(self._flow, each.entity, each.record),
                not_ours_of=OwnedElsewhere(self._flow, system),
                options=self._flow.sink_options,
            )
            budget = system.budget("tools")
            rehearsal = Rehearsal(lambda transport: system.spec.sink(system.settings, budget, transport=transport))
            try:
                return await preview(item, rehearsal, around)
            finally:
                await rehearsal.close()

    @asynccontextmanager
    async def _known(self, system: System, item: Item) -> AsyncIterator[tuple[SinkState, Any]]:
        """What the log says: effects of the document's partition, cross-reference, and demand where it counts."""
        store = XrefStore.open(self._settings)
        state = SinkState(self._settings, system.name, system.instance)
        demand: Demand = NoDemand()
        loaders: list[Loader] = [store.loader]
        async with AsyncExitStack() as stack:
            stack.callback(store.close)
            stack.callback(state.close)
            if system.role == "shop" and item.entity == "stock-level":
                everything = open_demand(self._flow, store, self._codec)
                stack.callback(everything.close)
                everything.open(self._settings)
                demand = everything.of((system.name, system.instance))
                loaders.append(everything.loader)
            for loader in loaders:
                await loader.until_caught_up(LOAD_SECONDS)
            await state.open({item.partition: NO_OWNER})

            def lookup_of(one: Item) -> Lookup:
                return LogLookup(store, demand, system.name, system.instance, one)

            yield state, lookup_of


def _held(data: dict[str, Any]) -> Preview:
    return Preview(data["target"], data["entity"], data["document"], "held", data["reason"], data["on"])


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


# --- for people and machines


def shown(found: Preview) -> dict[str, Any]:
    told = asdict(found)
    told["arithmetic"] = [list(row) for row in found.arithmetic]
    told["steps"] = [
        {
            "entity": step.entity,
            "step": step.name,
            "writes": [write.shown() for write in step.writes],
            "note": step.note,
            "depends_on_answers": step.untold,
        }
        for step in found.steps
    ]
    return told


def print_previews(found: Sequence[Preview], *, json: bool) -> None:
    """Exit code 0 whatever would happen: the question was what."""
    if json:
        print_json([shown(each) for each in found])
        return
    out = console()
    if not found:
        out.print("nothing would change at this target")
    for each in found:
        head = f"{each.target or 'no target'}: {each.entity} {each.document} would be {each.fate}"
        out.print(head, markup=False, style="bold")
        if each.reason or each.rule:
            out.print(f"  {each.rule + ': ' if each.rule else ''}{each.reason}", markup=False)
        if each.arithmetic:
            print_table(("the sum", "amount"), each.arithmetic)
        for number, step in enumerate(each.steps, 1):
            out.print(f"  {number}. {step.entity} {step.name}{': ' + step.note if step.note else ''}", markup=False)
            for write in step.writes:
                told = write.shown()
                out.print(f"     {told['method']} {told['path']}", markup=False)
                for name, value in told["headers"].items():
                    out.print(f"       {name}: {value}", markup=False)
                body = told["body"]
                text = body if isinstance(body, str) else orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
                for line in text.splitlines() if body is not None else ():
                    out.print(f"       {line}", markup=False)
        out.print()
