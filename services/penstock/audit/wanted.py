"""What a target must hold of an order: the version that was written last, through the mapping that wrote it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from penstock.audit.ledger import OPEN, WRITTEN, Ledger, Said, Version
from penstock.audit.model import ZERO
from penstock.flow.flow import Flow, System
from penstock.flow.policies import policies_for
from penstock.mapping import MappingError
from penstock.records.money import minor_unit, to_minor_unit

ENDED = frozenset({"cancelled", "refunded", "payment-error"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order as a target must hold it, in the currency of its books. `tax` is None where nobody can tell it
    beforehand; it may be off by `slack`, where roundings were put into it."""

    currency: str
    total: Decimal
    tax: Decimal | None
    quantity: Decimal
    slack: Decimal = ZERO


NOTHING = Wanted("", ZERO, ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Standing:
    """One order at one target: the newest version and its fate, and the newest version that was written there."""

    reference: str
    canonical_id: str
    shop: str
    versions: Sequence[Version]
    target: str
    fate: Said | None
    written: Version | None

    @property
    def newest(self) -> Version:
        return self.versions[-1]

    @property
    def placed_at(self) -> datetime:
        at: datetime = self.newest.record["placed_at"]
        return at

    @property
    def status(self) -> str:
        return str(self.newest.record["status"])

    @property
    def cancelled(self) -> bool:
        return self.status == "cancelled"

    @property
    def routed(self) -> bool:
        return self.target in self.newest.made.targets

    @property
    def open(self) -> bool:
        """Something of it is still to be decided."""
        return self.routed and (self.fate is None or self.fate.state in OPEN)


def held_before(ledger: Ledger, target: str) -> dict[str, Said]:
    """Canonical id -> open fate of an order's event that never became a record: a hold or dead letter of the
    processors. A newer version that passes closes it, so it is of the newest."""
    return {
        said.canonical_id: said
        for event, at, said in ledger.open_fates()
        if said.entity == "order" and at in {target, ""} and event not in ledger.made
    }


def standings(ledger: Ledger, target: str) -> list[Standing]:
    """Every order of the flow's shops at one target."""
    held = held_before(ledger, target)
    out = []
    for canonical_id, versions in ledger.orders.items():
        routed = [version for version in versions if target in version.made.targets]
        written = next((v for v in reversed(routed) if _is_written(ledger, v, target)), None)
        fate = held.get(canonical_id) or ledger.fate(versions[-1].made.event, target)
        source = versions[-1].record["source"]
        shop = f"{source['system']}:{source['instance']}"
        reference = str(versions[-1].record["reference"])
        out.append(Standing(reference, canonical_id, shop, versions, target, fate, written))
    return out


def _is_written(ledger: Ledger, version: Version, target: str) -> bool:
    said = ledger.fate(version.made.event, target)
    return said is not None and said.state in WRITTEN and ledger.reads(version)


class Expectation:
    """What the mapping of a target makes of an order."""

    def __init__(self, flow: Flow, system: System) -> None:
        self._flow = flow
        self._mapping = flow.mappings.get((system.alias, "from", "order"))
        self._env = flow.mapping_env(system.alias)
        self._known: dict[str, Wanted] = {}

    def of(self, version: Version) -> Wanted:
        """Amounts of the canonical record, where the target's mapping says nothing else."""
        event = version.made.event
        if event not in self._known:
            self._known[event] = self._made(version.record)
        return self._known[event]

    def _made(self, record: Mapping[str, Any]) -> Wanted:
        policies = policies_for(self._flow, "order", record)
        payload = self._payload(record, policies)
        currency = str(payload.get("currency") or record["currency"])
        totals = record["totals"]
        total, tax = payload.get("total"), self._tax(record, currency, policies)
        fractions = int(payload.get("fractions") or 0)
        quantity: Decimal = sum((line["quantity"] for line in record["lines"]), ZERO)
        return Wanted(
            currency=currency,
            total=totals["gross"] if total is None else total,
            tax=tax,
            quantity=quantity,
            slack=minor_unit(currency) * fractions / 2,
        )

    def _payload(self, record: Mapping[str, Any], policies: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._mapping is None:
            return {}
        env = replace(self._env, policies=policies)
        try:
            made: Mapping[str, Any] = self._mapping({"order": record}, env)
        except MappingError:
            return {}
        return made

    def _tax(self, record: Mapping[str, Any], currency: str, policies: Mapping[str, Any]) -> Decimal | None:
        """Only where it is an amount of the header: a charge line is none, and a schedule is the target's own."""
        if policies.get("tax") != "header":
            return None
        tax: Decimal = record["totals"]["tax"]
        if currency == record["currency"]:
            return to_minor_unit(tax, currency)
        if self._flow.rates is None:
            return None
        converted = self._flow.rates.convert(tax, record["currency"], currency, record["placed_at"].date())
        return to_minor_unit(converted, currency)
