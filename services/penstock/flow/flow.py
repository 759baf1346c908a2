"""A flow ready to run: its systems, routes, policies, ownership, mappings and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr

from penstock.connectors.budget import Budget
from penstock.connectors.contract import ConnectorSpec
from penstock.flow.functions import address_function, match_key_function
from penstock.flow.model import EnvFile, FlowFile, SystemEnv
from penstock.flow.policies import Policies
from penstock.flow.routes import NOWHERE, Route, Routes
from penstock.flow.shares import Service, share_of
from penstock.mapping import CodeTable, MappingEnv, Rates
from penstock.mapping import Mapping as RecordMapping


class FlowError(Exception):
    """The flow cannot be used; the message says which file, what, and what to do."""


@dataclass(frozen=True, slots=True)
class System:
    """One instance of a system in the flow, with its connector's typed settings.

    alias: its name in the flow. name: the system (the connector's), as in topics and ids.
    """

    alias: str
    name: str
    instance: str
    tag: str
    role: str
    spec: ConnectorSpec
    settings: Any
    env: SystemEnv

    @property
    def target(self) -> str:
        return f"{self.name}:{self.instance}"

    def budget(self, service: Service) -> Budget:
        """The share of the instance's budget that one process of `service` may use."""
        return Budget(share_of(self.env.budget, self.spec.limits, service))


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow ready to run. Systems, mappings and tables are by the system's name in the flow.

    mappings: (system, `to`|`from`, entity) -> compiled mapping. condition_env: the surroundings of `when` expressions.
    """

    file: FlowFile
    env: EnvFile
    systems: Mapping[str, System]
    mappings: Mapping[tuple[str, str, str], RecordMapping]
    tables: Mapping[str, Mapping[str, CodeTable]]
    rates: Rates | None
    routes: Routes
    policies: Policies
    condition_env: MappingEnv
    match_secret: bytes
    config_version: str

    @property
    def name(self) -> str:
        return self.file.flow

    @property
    def shops(self) -> tuple[System, ...]:
        return tuple(system for system in self.systems.values() if system.role == "shop")

    @property
    def erps(self) -> tuple[System, ...]:
        return tuple(system for system in self.systems.values() if system.role == "erp")

    @property
    def sink_options(self) -> dict[str, Any]:
        """What sinks ask of the flow file beside its policies (contract.Task.options)."""
        start = self.file.start
        given = {"notify_customers": self.file.notify_customers, "adopt_before": start.adopt_before}
        return given | self.file.settings

    def route(self, alias: str, entity: str) -> Route:
        """Where a system's documents of this kind go."""
        return self.routes.get((alias, entity), NOWHERE)

    def entities_to(self, alias: str) -> frozenset[str]:
        """Canonical entities that may be routed to a system."""
        target = self.systems[alias].target
        return frozenset(entity for (_, entity), route in self.routes.items() if target in route.possible)

    def mapping_env(self, alias: str) -> MappingEnv:
        """The surroundings of mappings of one system; `xref` is for the sink to put in.

        Policies are those where no condition holds: who has the record puts its own in.
        """
        one = self.systems[alias]
        # values of the connector's settings are open to its mappings, secrets are not
        own = {k: v for k, v in one.settings.model_dump().items() if not isinstance(v, SecretStr | BaseModel | dict)}
        return MappingEnv(
            system=one.name,
            instance=one.instance,
            tag=one.tag,
            tables=self.tables[alias],
            rates=self.rates,
            settings={**own, **self.file.settings},
            instances={each.tag: (each.name, each.instance) for each in self.systems.values() if each.tag},
            policies=self.policies.otherwise,
            address=address_function(),
            match_key=match_key_function(self.match_secret),
        )
