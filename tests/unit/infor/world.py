"""What the tests of the Infor connector share: an order, its payload, a log's look-ups, and a small sink runtime."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from penstock.connectors.contract import (
    Applied,
    Crossing,
    Decision,
    Done,
    Exists,
    Handler,
    Hold,
    Link,
    Plan,
    Retry,
    Step,
    StepResult,
    Task,
    Unknown,
)
from penstock.connectors.http import LostReplyError, NotSentError
from penstock.connectors.infor import SPEC
from penstock.connectors.infor.settings import InforSettings
from penstock.flow.functions import address_function, decide_function, match_key_function
from penstock.flow.load import avro_schema
from penstock.mapping import FUNCTIONS, CodeTable, MappingEnv, Rates, compile_mapping
from penstock.mapping import Mapping as RecordMapping
from penstock.resources import resource
from penstock.rules.decision import DecisionTable

IONAPI = {
    "ti": "ACME_TST", "ci": "ACME_TST~app1", "cs": "client-secret", "iu": "http://gateway.test",
    "pu": "http://sso.test/ACME_TST/as/", "ot": "token.oauth2", "saak": "ACME_TST#svc1", "sask": "service-secret",
}  # fmt: skip
ORDER_ID = "0c1b9d1e-0000-5000-8000-000000000041"
CUSTOMER_ID = "0c1b9d1e-0000-5000-8000-000000000012"


def settings(**changes: Any) -> InforSettings:
    given: dict[str, Any] = {
        "instance": "DALS",
        "ionapi": IONAPI,
        "configuration": "ACME_TST_DALS",
        "time_zone": "America/Chicago",
        "alias_customer": "1042",
        "hash_key": "plain:test-key",
    }
    return InforSettings.model_validate({**given, **changes})


def _address(**changes: Any) -> dict[str, Any]:
    names = ("native_id", "company", "line2", "line3", "state_code", "vat_number")
    address: dict[str, Any] = dict.fromkeys(names)
    address |= {
        "first_name": "Zoé", "last_name": "Lefèvre", "line1": "12 rue de l'Église", "postal_code": "75011",
        "city": "Paris", "country_code": "FR", "phone": "+33 6 12 34 56 78", "changes": [],
    }  # fmt: skip
    return address | changes


def line(number: int, sku: str, quantity: str, net: str, tax: str = "0", **changes: Any) -> dict[str, Any]:
    amounts = {
        "quantity": Decimal(quantity),
        "net": Decimal(net),
        "tax": Decimal(tax),
        "gross": Decimal(net) + Decimal(tax),
    }
    return {
        "native_id": str(90 + number), "number": number, "product_id": None, "variant_id": None,
        "variant_native_id": None, "product_native_id": None, "sku": sku, "name": f"Name of {sku}",
        "category": "Kitchen", "unit": None, "unit_price": Decimal(0), "unit_price_gross": Decimal(0), "taxes": [],
        "quantity_refunded": Decimal(0), **amounts, **changes,
    }  # fmt: skip


def canonical_order(lines: list[dict[str, Any]] | None = None, native_id: str = "42", **changes: Any) -> dict[str, Any]:
    """An order of 2 x 19.95, freight 7.50 and tax 3.29: 50.69, as in systems/infor.md 6."""
    lines = lines if lines is not None else [line(1, "LAMP-01", "2", "39.90", "3.29")]
    net = sum((row["net"] for row in lines), Decimal(0))
    tax = sum((row["tax"] for row in lines), Decimal(0))
    freight = changes.pop("freight", Decimal("7.50"))
    discount = changes.pop("discount", Decimal(0))
    zero = {"net": Decimal(0), "tax": Decimal(0), "gross": Decimal(0), "rate": None}
    gross = net + tax + freight - discount
    record: dict[str, Any] = {
        "id": ORDER_ID,
        "source": {"system": "prestashop", "instance": "1", "native_id": native_id, "version": None,
                   "observed_at": datetime(2026, 2, 3, tzinfo=UTC)},
        "deleted_at": None, "extras": {}, "number": "WEB-100045", "reference": f"PS1-{native_id}", "customer_po": None,
        "shop": "1", "placed_at": datetime(2026, 2, 3, 15, 10, 11, tzinfo=UTC), "status": "paid", "source_status": "2",
        "currency": "EUR", "language": "fr", "customer_id": CUSTOMER_ID,
        "customer": {"native_id": "12", "email": "zoe.lefevre@example.com", "first_name": "Zoé", "last_name": "Lefèvre",
                     "company": None, "is_guest": False, "group": "3", "vat_number": None, "phone": None},
        "bill_to": _address(), "ship_to": _address(line1="3 quai du Port", postal_code="13002", city="Marseille"),
        "payment_method": "card", "payment_module": "ps_checkout", "payments": [], "paid_total": gross,
        "carrier": {"code": "3", "name": "UPS Standard"}, "lines": lines, "discounts": [],
        "shipping": {"net": freight, "tax": Decimal(0), "gross": freight, "rate": None}, "wrapping": zero,
        "totals": {"lines_net": net, "lines_gross": net + tax, "discounts_net": discount, "discounts_gross": discount,
                   "net": net + freight - discount, "tax": tax, "gross": gross},
        "messages": [], "gift_message": None,
    }  # fmt: skip
    return copy.deepcopy(record | changes)


# --- mappings of the connector with the tables of the flow


@cache
def mapping(name: str) -> RecordMapping:
    """`order.from-canonical`, checked against its target."""
    path = SPEC.mappings / f"{name}.yaml"
    entity, _, direction = name.partition(".")
    functions = FUNCTIONS.extended([decide_function(_decisions())])
    if direction == "to-canonical":
        schema: Any = avro_schema(SPEC.reads[entity] or entity)
        source = None
    else:
        schema, source = path.with_name(f"{entity}.payload.yaml").read_text(encoding="utf-8"), avro_schema(entity)
    return compile_mapping(
        str(path), path.read_text(encoding="utf-8"), target_schema=schema, direction=direction, source_schema=source,
        functions=functions,
    )  # fmt: skip


def mapping_env(given: InforSettings | None = None) -> MappingEnv:
    given = given or settings()
    return MappingEnv(
        system="infor",
        instance="DALS",
        tables=_tables(),
        rates=Rates.from_text(
            "base: EUR\nmax_age_days: 7\nrounding: {mode: half_up}\nrates:\n  2026-02-02: {USD: '1.10'}\n", "rates.yaml"
        ),
        settings={name: value for name, value in given.model_dump().items() if isinstance(value, str | int | float)},
        instances={"PS1": ("prestashop", "1")},
        address=address_function(),
        match_key=match_key_function(b"match"),
    )


def _folder() -> Path:
    return resource("flows") / "prestashop-infor" / "tables"


@cache
def _decisions() -> dict[str, DecisionTable]:
    texts = {path.stem: path.read_text(encoding="utf-8") for path in _folder().glob("*.yaml")}
    return {
        name: DecisionTable.from_text(name, text) for name, text in texts.items() if "rules" in yaml.safe_load(text)
    }


@cache
def _tables() -> dict[str, CodeTable]:
    texts = {path.stem: path.read_text(encoding="utf-8") for path in _folder().glob("*.yaml")}
    return {
        name: CodeTable.from_text(name, text, name)
        for name, text in texts.items()
        if "rules" not in yaml.safe_load(text)
    }


def payload_of(record: Mapping[str, Any], entity: str = "order", given: InforSettings | None = None) -> dict[str, Any]:
    made: dict[str, Any] = mapping(f"{entity}.from-canonical")({entity: record}, mapping_env(given))
    return made


# --- a sink runtime without a log


@dataclass
class LookupTable:
    """What the log knows: canonical id -> native id or refusal."""

    links: dict[tuple[str, str], Crossing] = field(default_factory=dict)

    def know(self, entity: str, canonical_id: str, native_id: str) -> None:
        self.links[entity, canonical_id] = Crossing(native_id)

    def learn(self, links: list[Link]) -> None:
        for link in links:
            self.know(link.entity, link.canonical_id, link.native_id)

    def xref(self, entity: str, canonical_id: str) -> Crossing | None:
        return self.links.get((entity, canonical_id))

    def canonical_of(self, entity: str, native_id: str, *, system: str, instance: str) -> str | None:
        return None

    def native_in(self, entity: str, canonical_id: str, *, system: str, instance: str) -> str | None:
        return None

    def unbooked(self, sku: str) -> Decimal:
        return Decimal(0)


class OpenWindow:
    def check(self) -> None:
        return None


@dataclass
class Run:
    """What became of a task: the decision that ended it, the steps done, their links."""

    end: Decision | StepResult
    done: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    resumed: int = 0

    @property
    def native_id(self) -> str | None:
        return next((link.native_id for link in self.links if link.entity == "order"), None)


async def apply(
    handler: Handler,
    lookup: LookupTable,
    record: Mapping[str, Any],
    payload: Mapping[str, Any],
    *,
    previous: str | None = None,
    resuming: bool = False,
    may_be_there: bool = False,
    released: tuple[str, ...] = (),
    attempts: int = 6,
) -> Run:
    """Plans and runs the steps by the rules of the effect protocol, without waiting."""
    run = Run(Retry("not tried"))
    before = Applied(previous, "hash", "event") if previous else None
    for _ in range(attempts):
        task = Task(
            handler.entity, record, payload, "event-1", before, lookup,
            resuming=resuming, may_be_there=may_be_there, released=frozenset(released),
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
        run.end = await _steps(run, run.end, resuming=resuming)
        if not isinstance(run.end, Retry | Unknown):
            lookup.learn(run.links)
            return run
        run.resumed += 1
        resuming = resuming or isinstance(run.end, Unknown) or bool(run.done)
    return run


async def _steps(run: Run, plan: Plan, *, resuming: bool) -> StepResult:
    result: StepResult = Done()
    for step in plan.steps:
        try:
            result = await _one(step, resuming=resuming)
        except NotSentError as error:
            return Retry(str(error))
        except LostReplyError as error:
            return Unknown(str(error))
        if not isinstance(result, Done):
            return result
        run.done.append(step.name)
        run.links += result.links
    return result


async def _one(step: Step, *, resuming: bool) -> StepResult:
    if step.find is not None and (resuming or step.kind == "probe") and (found := await step.find()) is not None:
        return found
    result = await step.send(OpenWindow())
    if isinstance(result, Exists):
        assert step.find is not None, f"{step.name} says Exists and cannot be found"
        return await step.find() or Retry("said to exist, not found")
    return result


def reason(run: Run) -> str:
    """Why it is held; fails when it is not."""
    assert isinstance(run.end, Hold), run.end
    return run.end.reason
