"""Golden cases of a whole decision: `apply order to sage100` maps the record, asks the target and writes to it.

The target is made of the case's own rows by `case_target` of the connector's module `cases`, where it has one. The
result is what the connector decided: `hold`, `settled`, `wait` or `written`, each with its reason or reply.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

import httpx

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import (
    Crossing,
    Decision,
    Done,
    Handler,
    Hold,
    Notice,
    Plan,
    Settled,
    Sink,
    StepResult,
    Task,
    Wait,
)
from penstock.flow.cases import Runner
from penstock.flow.flow import Flow, System
from penstock.flow.policies import CUSTOMER_REQUEST, policies_for
from penstock.flow.typed import Schema, typed
from penstock.mapping import root_name

SchemaOf = Callable[[str], Schema]


class CaseTarget(Protocol):
    """A target that holds what the case says; `written` is what was sent to it."""

    written: list[dict[str, Any]]

    def transport(self) -> httpx.AsyncBaseTransport: ...


MakeTarget = Callable[[Mapping[str, Any], Any], CaseTarget]
"""Rows of the case and the connector's settings -> the target."""


def target_runners(flow: Flow, schema_of: SchemaOf) -> dict[str, Runner]:
    """`apply order to sage100` … for every entity that is routed to a system whose connector has `cases`."""
    runners: dict[str, Runner] = {}
    for alias, system in flow.systems.items():
        module = f"penstock.connectors.{system.name}.cases"
        if find_spec(module) is None:
            continue
        make: MakeTarget = import_module(module).case_target
        for entity in flow.entities_to(alias):
            runners[f"apply {entity} to {alias}"] = _application(flow, system, entity, make, schema_of(entity))
    return runners


def _application(flow: Flow, system: System, entity: str, make: MakeTarget, schema: Schema) -> Runner:
    def run(given: Any) -> Any:
        settings = system.settings.model_copy(update=given.get("settings", {}))
        target = make(given.get(system.alias, {}), settings)
        sink = system.spec.sink(settings, Budget(BudgetSettings()), transport=target.transport())
        return asyncio.run(_applied(_task(flow, system, entity, given, schema), sink, target))

    return run


def _task(flow: Flow, system: System, entity: str, given: Any, schema: Schema) -> Task:
    record = {"deleted_at": None, **typed(given[entity.replace("-", "_")], schema)}
    policies = {**policies_for(flow, entity, record), **given.get("policies", {})}
    env = flow.mapping_env(system.alias)
    env = replace(env, policies=policies, settings={**env.settings, **given.get("settings", {})})
    mapping = flow.mappings.get((system.alias, "from", entity))
    payload = mapping({root_name(mapping.source): record}, env) if mapping else record
    lookup = _Log(given.get("customer"), Decimal(given.get("unbooked", 0)))
    released = frozenset(given.get("released", ()))
    return Task(entity, record, payload, "case", None, lookup, policies=policies, released=released)


async def _applied(task: Task, sink: Sink, target: CaseTarget) -> dict[str, Any]:
    try:
        end, notices = await _decided(sink.handlers[task.entity], task)
        if isinstance(end, Wait) and end.request is not None:
            body = {**end.request.body, "customer_id": end.request.customer_id}
            lane = replace(task, entity=CUSTOMER_REQUEST, record=body, payload=body)
            end, notices = await _decided(sink.handlers[CUSTOMER_REQUEST], lane)
    finally:
        await sink.close()
    return {**_told(end), "written": target.written, "notices": [f"{each.kind}: {each.reason}" for each in notices]}


async def _decided(handler: Handler, task: Task) -> tuple[Decision | StepResult, Sequence[Notice]]:
    """The decision, or the end of its steps: done as the sink runtime does them while nothing goes wrong."""
    decision = await handler.plan(task)
    if not isinstance(decision, Plan):
        return decision, []
    end: StepResult = Done(decision.native_id)
    for step in decision.steps:
        found = await step.find() if step.kind == "probe" and step.find is not None else None
        end = found or await step.send(_OpenWindow())
        if not isinstance(end, Done):
            return end, []
    return end, decision.notices


def _told(end: Decision | StepResult) -> dict[str, Any]:
    match end:
        case Hold():
            told = {"hold": end.rule, "reason": end.reason, "clears_on": end.clears_on}
            return {**told, "arithmetic": dict(end.arithmetic)}
        case Settled():
            return {"settled": end.state, "reason": end.reason}
        case Done():
            return {"reply": end.reply}
    return {type(end).__name__.lower(): getattr(end, "reason", "")}


class _OpenWindow:
    def check(self) -> None:
        """It never closes."""


@dataclass(frozen=True, slots=True)
class _Log:
    """What the log knows: the customer's number in the target, and what was ordered and is not booked yet."""

    customer: str | None
    ordered: Decimal

    def xref(self, entity: str, canonical_id: str) -> Crossing | None:  # noqa: ARG002
        return Crossing(self.customer) if entity == "customer" and self.customer else None

    def canonical_of(self, entity: str, native_id: str, *, system: str, instance: str) -> str | None:  # noqa: ARG002
        return None

    def native_in(self, entity: str, canonical_id: str, *, system: str, instance: str) -> str | None:  # noqa: ARG002
        return None

    def unbooked(self, sku: str) -> Decimal:  # noqa: ARG002
        return self.ordered

    def seen(self, native_id: str) -> bool:  # noqa: ARG002
        return True
