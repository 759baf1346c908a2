"""What runs the golden cases of a flow: the rules by name, and the flow's own mappings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from penstock.flow.cases import Runner
from penstock.flow.flow import Flow
from penstock.flow.policies import policies_for
from penstock.flow.typed import Schema, typed
from penstock.flow.when import ENTITIES
from penstock.mapping import Mapping as RecordMapping
from penstock.mapping import Rates, root_name
from penstock.rules import stock
from penstock.rules.address import standardise
from penstock.rules.credit import Credit
from penstock.rules.decision import DecisionTable
from penstock.rules.matching import match_key
from penstock.rules.status import ORDER_LADDER
from penstock.rules.validate import Policy, validate

SchemaOf = Callable[[str], Schema]
"""Canonical entity (`order-status`) -> its Avro schema."""

_SECRET = b"golden cases"


def rule_runners(
    policy: Policy, decisions: Mapping[str, DecisionTable], rates: Rates | None, schema_of: SchemaOf
) -> dict[str, Runner]:
    """`address`, `validate order` …, `convert`, `decide cost-centre` …, `status`, `same customer`, `credit` …"""
    runners: dict[str, Runner] = {
        "address": standardise,
        "status": _status,
        "same customer": _same_customer,
        "credit": _credit,
        "stock": _stock,
    }
    for entity in ENTITIES:
        runners[f"validate {entity}"] = _validation(entity, policy, schema_of(entity))
    for name, table in decisions.items():
        runners[f"decide {name}"] = _decision(table)
    if rates is not None:
        runners["convert"] = _conversion(rates)
    return runners


def mapping_runners(flow: Flow, schema_of: SchemaOf) -> dict[str, Runner]:
    """`prestashop/order.to-canonical` takes an opened document, `infor/order.from-canonical` a canonical record."""
    return {
        f"{system}/{entity}.{direction}-canonical": _mapping(flow, system, entity, mapping, schema_of)
        for (system, direction, entity), mapping in flow.mappings.items()
    }


def _mapping(flow: Flow, system: str, entity: str, mapping: RecordMapping, schema_of: SchemaOf) -> Runner:
    def run(given: Any) -> Any:
        env = flow.mapping_env(system)
        if mapping.direction == "to-canonical":
            return mapping(given, env)
        # `policies` of a case win over what the flow file says for the record
        policies = given.pop("policies", {})
        record = typed(given, schema_of(entity))
        env = replace(env, policies={**policies_for(flow, entity, record), **policies})
        return mapping({root_name(mapping.source): record}, env)

    return run


def _validation(entity: str, policy: Policy, schema: Schema) -> Runner:
    def run(given: Any) -> Any:
        verdicts = validate(entity, typed(given, schema), policy)
        return {
            "verdicts": [
                {
                    "field": verdict.field,
                    "rule": verdict.rule,
                    "severity": verdict.severity,
                    "value": verdict.value,
                    "message": verdict.message,
                    "remedy": verdict.remedy,
                }
                for verdict in verdicts
            ]
        }

    return run


def _decision(table: DecisionTable) -> Runner:
    def run(given: Any) -> Any:
        decision = table.decide(**given)
        return {"value": decision.value, "row": decision.row, "why": decision.why}

    return run


def _conversion(rates: Rates) -> Runner:
    def run(given: Any) -> Any:
        on = date.fromisoformat(given["on"])
        return {"amount": rates.convert(Decimal(given["amount"]), given["from"], given["to"], on)}

    return run


def _status(given: Any) -> Any:
    move = ORDER_LADDER.move(given["current"], given["new"])
    return {"step": move.step, "allowed": move.allowed, "why": move.why}


def _same_customer(given: Any) -> Any:
    keys = {
        match_key(one.get("email"), one.get("name"), one.get("postal_code"), _SECRET)
        for one in (given["one"], given["other"])
    }
    return {"same": len(keys) == 1}


def _credit(given: Any) -> Any:
    """limit, balance, open_orders and this order in the customer's currency; on_hold."""
    amounts = {name: Decimal(given.get(name, 0)) for name in ("limit", "balance", "open_orders")}
    credit, order = Credit(**amounts, on_hold=given.get("on_hold", False)), Decimal(given["order"])
    return {"refused": credit.refuses(order), "arithmetic": dict(credit.arithmetic(order))}


def _stock(given: Any) -> Any:
    """ordered: quantities by line, each of one item in one warehouse; available: by item."""
    wants = [
        stock.Want(line, (row["item"], row.get("warehouse", "001")), Decimal(row["quantity"]))
        for line, row in enumerate(given["ordered"])
    ]
    available = {want.place: Decimal(given["available"].get(want.place[0], 0)) for want in wants}
    return {
        "ships now": list(stock.allot(wants, available).values()),
        "arithmetic": dict(stock.arithmetic(stock.shortages(wants, available))),
    }
