"""The policies of a flow, for one record: literals, or the first row whose condition holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.flow.model import PolicyRow
from penstock.flow.policy_list import POLICIES, PolicyValue
from penstock.mapping import MappingEnv
from penstock.mapping.conditions import Condition

if TYPE_CHECKING:
    from penstock.flow.flow import Flow
    from penstock.flow.when import Conditions

CUSTOMER_REQUEST = "customer-request"


class Policies:
    """Every policy with its value: those without conditions are known once and for all."""

    def __init__(
        self, fixed: Mapping[str, PolicyValue], rows: Mapping[str, Sequence[tuple[Condition | None, PolicyValue]]]
    ) -> None:
        self._fixed = fixed
        self._rows = rows

    @property
    def otherwise(self) -> Mapping[str, PolicyValue]:
        """The values where no condition holds."""
        return {**self._fixed, **{name: rows[-1][1] for name, rows in self._rows.items()}}

    def of(self, entity: str, record: Mapping[str, Any], env: MappingEnv) -> Mapping[str, PolicyValue]:
        """Values for one canonical record. Raises MappingError when a condition cannot work with it."""
        if not self._rows:
            return self._fixed
        name = entity.replace("-", "_")
        chosen = {
            policy: next(use for when, use in rows if when is None or when(name, record, env))
            for policy, rows in self._rows.items()
        }
        return {**self._fixed, **chosen}


def compile_policies(given: Mapping[str, Sequence[PolicyRow]], conditions: Conditions) -> Policies:
    """`policies:` of a flow file over the defaults. Raises MappingSyntaxError."""
    fixed = {name: spec.default for name, spec in POLICIES.items()}
    rows: dict[str, list[tuple[Condition | None, PolicyValue]]] = {}
    for name, each in given.items():
        if len(each) == 1:
            fixed[name] = each[0].use
        else:
            del fixed[name]
            rows[name] = [(conditions.of_any(row.when, f"policies.{name}"), row.use) for row in each]
    return Policies(fixed, rows)


def policies_for(flow: Flow, entity: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Policies of one record, by dotted name (`stock.unavailable`). Pure.

    A customer request is no canonical record: it has the policies of the record that asked for the customer, where its
    body carries them as `policies`.
    """
    found = dict(flow.policies.of(entity, record, flow.condition_env))
    if entity == CUSTOMER_REQUEST:
        found |= record.get("policies") or {}
    return found
