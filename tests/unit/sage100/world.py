"""What the tests of the Sage 100 connector share: an order, its payload, a company in memory, a small sink runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.contract import Applied, Crossing, Handler, Hold, Plan, Retry, Task, Unknown, Wait
from penstock.connectors.http import NotSentError
from penstock.connectors.sage100 import SPEC
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.sink import Sage100Sink
from penstock.flow.functions import address_function, match_key_function
from penstock.flow.policy_list import POLICIES
from penstock.flow.when import avro_schema
from penstock.mapping import FUNCTIONS, CodeTable, MappingEnv, Rates, compile_mapping, from_payload
from penstock.mapping import Mapping as RecordMapping
from tests.unit.infor.world import CUSTOMER_ID, LookupTable, Run, _steps, canonical_order, line, reason
from tests.unit.sage100.facade import Facade

__all__ = ["CUSTOMER_ID", "Company", "Run", "canonical_order", "held", "line", "reason", "sage_order", "settings"]
RATES = "base: USD\nmax_age_days: 7\nrounding: {mode: half_up}\nrates:\n  2026-02-02: {EUR: '0.90'}\n"


def settings(**changes: Any) -> Sage100Settings:
    given: dict[str, Any] = {
        "instance": "ABC",
        "base_url": "http://sage.test",
        "username": "webshop",
        "password": "plain:secret",
        "time_zone": "America/Chicago",
        "order_letters": {"CL1": "W"},
    }
    return Sage100Settings.model_validate({**given, **changes})


def sage_order(lines: list[dict[str, Any]] | None = None, native_id: str = "5120", **changes: Any) -> dict[str, Any]:
    """The order of systems/sage100.md 6: 2 x 19.95, freight 7.50, tax 3.39: 50.79."""
    given = {"currency": "USD", "fees": None, "terms": None, "requested_ship_at": None, "tax_included": False}
    lines = lines if lines is not None else [line(1, "LAMP-01", "2", "39.90", "3.39")]
    record = canonical_order(lines, native_id, **{**given, **changes})
    record["reference"] = f"CL1-{native_id}"
    record["source"] |= {"system": "clarity", "instance": "acme"}
    record["customer"] |= {"email": "ada@example.com", "first_name": "Ada", "last_name": "Brook"}
    address = {"first_name": "Ada", "last_name": "Brook", "line1": "12 Mill Lane", "city": "Springfield",
               "postal_code": "62701", "state_code": "IL", "country_code": "US"}  # fmt: skip
    record["bill_to"] |= address
    record["ship_to"] |= address
    for row in record["lines"]:
        row.setdefault("location", None)
        row.setdefault("discount", None)
    return record


@cache
def mapping(name: str) -> RecordMapping:
    """`order.from-canonical`, checked against its target."""
    path = SPEC.mappings / f"{name}.yaml"
    entity, _, direction = name.partition(".")
    if direction == "to-canonical":
        schema: Any = avro_schema(SPEC.reads[entity] or entity)
        source = None
    else:
        payload = path.with_name(f"{entity}.payload.yaml")
        schema, source = from_payload(str(payload), payload.read_text(encoding="utf-8")), avro_schema(entity)
    return compile_mapping(
        str(path), path.read_text(encoding="utf-8"), target_schema=schema, direction=direction, source_schema=source,
        functions=FUNCTIONS, tables=_tables(),
    )  # fmt: skip


@cache
def _tables() -> dict[str, CodeTable]:
    folder = SPEC.mappings.parent / "tables"
    return {path.stem: CodeTable.from_text(path.stem, path.read_text("utf-8"), path.name) for path in folder.iterdir()}


def mapping_env(given: Sage100Settings | None = None, **policies: Any) -> MappingEnv:
    given = given or settings()
    return MappingEnv(
        system="sage100",
        instance="ABC",
        tables=_tables(),
        rates=Rates.from_text(RATES, "rates.yaml"),
        settings={name: value for name, value in given.model_dump().items() if isinstance(value, str | int | float)},
        instances={"CL1": ("clarity", "acme")},
        policies={name: spec.default for name, spec in POLICIES.items()} | named(policies),
        address=address_function(),
        match_key=match_key_function(b"match"),
    )


def named(policies: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments as policy names: `stock__unavailable` is `stock.unavailable`."""
    return {name.replace("__", "."): value for name, value in policies.items()}


@dataclass
class Company:
    """A company in memory, a sink that writes to it, and what the log knows."""

    facade: Facade = field(default_factory=Facade)
    given: Sage100Settings = field(default_factory=settings)
    lookup: LookupTable = field(default_factory=LookupTable)

    def __post_init__(self) -> None:
        budget = Budget(BudgetSettings(concurrency=2))
        self.sink = Sage100Sink(self.given, budget, transport=self.facade.transport())

    async def apply(self, record: Mapping[str, Any], entity: str = "order", **options: Any) -> Run:
        """As the sink runtime does, the customer lane first when it is asked for."""
        for _ in range(2):
            run = await self._apply(self.sink.handlers[entity], record, **options)
            if not isinstance(run.end, Wait) or run.end.request is None:
                return run
            body = {**run.end.request.body, "customer_id": run.end.request.customer_id}
            lane = await self._apply(self.sink.handlers["customer-request"], body)
            if isinstance(lane.end, Hold):
                crossing = replace(self.lookup.links.get(("customer", ""), _NOBODY), refused=lane.end.reason)
                self.lookup.links["customer", body["customer_id"]] = crossing
        return await self._apply(self.sink.handlers[entity], record, **options)

    async def _apply(
        self,
        handler: Handler,
        record: Mapping[str, Any],
        *,
        previous: str | None = None,
        resuming: bool = False,
        resync: bool = False,
        may_be_there: bool = False,
        released: tuple[str, ...] = (),
        not_ours: tuple[str, ...] = (),
        attempts: int = 6,
        **policies: Any,
    ) -> Run:
        env = mapping_env(self.given, **policies)
        payload = record
        if handler.mapping is not None:
            payload = mapping(handler.mapping)({handler.entity: record}, env)
        run = Run(Retry("not tried"))
        before = Applied(previous, "hash", "event") if previous else None
        for _ in range(attempts):
            task = Task(
                handler.entity, record, payload, "event-2" if resync else "event-1", before, self.lookup,
                resuming=resuming, policies=env.policies, released=frozenset(released),
                not_ours=frozenset(not_ours), resync=resync, may_be_there=may_be_there,
            )  # fmt: skip
            try:
                run.end = await handler.plan(task)
            except NotSentError as error:
                run.end = Retry(str(error))
                continue
            if not isinstance(run.end, Plan):
                if isinstance(run.end, Retry):
                    continue
                return run
            run.end = await _steps(run, run.end, resuming=resuming or resync)
            if not isinstance(run.end, Retry | Unknown):
                self.lookup.learn(run.links)
                return run
            resuming = resuming or isinstance(run.end, Unknown) or bool(run.done)
        return run


_NOBODY = Crossing(None)


def held(run: Run) -> Hold:
    assert isinstance(run.end, Hold), run.end
    return run.end
