"""Everything that flows need on one machine, as children of a supervisor: broker, registry, sandboxes, services.

What the environment file names elsewhere (a broker, a registry, a genuine system) is not started here.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from penstock.cli.child import ChildSpec
from penstock.cli.errors import CommandError, Exit
from penstock.cli.flow_part import PENSTOCK, SERVICES, FlowPart, all_flows, read_environment
from penstock.cli.ports import HOST, Ports
from penstock.cli.supervise import Supervisor
from penstock.flow.model import EnvFile

__all__ = ["PENSTOCK", "PREFERRED_PORTS", "SERVICES", "Stack", "all_flows", "read_environment"]

PREFERRED_PORTS = {
    "broker": 9092,
    "registry": 8081,
    "ingress": 8080,
    "prestashop": 8091,
    "infor": 8092,
    "clarity": 8093,
    "sage100": 8094,
}
"""Where the other commands look when nothing is said."""
BROKER_STAGE, REGISTRY_STAGE, SETUP_STAGE = 1, 2, 3


class Stack:
    """Addresses and children of some flows over one log. `data` keeps state, logs and ports between runs.

    `flows` are the parts of each flow by its name, `sandboxes` the addresses of all sandboxes by their names;
    `preferred` are ports to take when they are free. Services are called `sinks`; of several flows, `FLOW/sinks`.
    """

    def __init__(
        self, environments: Mapping[str, EnvFile], env: str, data: Path, preferred: Mapping[str, int] | None = None
    ) -> None:
        self.env, self.data = env, data.absolute()
        self.data.mkdir(parents=True, exist_ok=True)
        first = next(iter(environments))
        wanted = preferred or {}
        first_ingress = {f"{first}/ingress": wanted["ingress"]} if "ingress" in wanted else {}
        self._ports = Ports(self.data / "ports.json", {**wanted, **first_ingress})
        bootstrap = the_same(environments, lambda each: each.kafka.bootstrap) or os.environ.get("PENSTOCK_BOOTSTRAP")
        registry = the_same(environments, lambda each: each.registry.url) or os.environ.get("PENSTOCK_REGISTRY_URL")
        self._own_broker, self._own_registry = bootstrap is None, registry is None
        self.bootstrap = bootstrap or f"{HOST}:{self._ports.get('broker')}"
        self.registry_url = registry or f"http://{HOST}:{self._ports.get('registry')}"
        self.flows: dict[str, FlowPart] = {}
        for name, environment in environments.items():
            self.flows[name] = FlowPart(
                name,
                env,
                environment,
                self.data,
                self._ports,
                self._log_variables,
                prefix=f"{name}/" if len(environments) > 1 else "",
                taken=self.sandboxes,
            )

    @classmethod
    def load(
        cls,
        flows: str | Sequence[str],
        env: str,
        data: Path,
        preferred: Mapping[str, int] | None = None,
    ) -> Self:
        """The stack of `flows/<flow>/env/<env>.yaml` of each flow.

        Raises CommandError naming the file and what is wrong in it.
        """
        names = [flows] if isinstance(flows, str) else list(dict.fromkeys(flows))
        environments = {name: read_environment(name, env) for name in names}
        return cls(environments, env, data, preferred)

    @property
    def sandboxes(self) -> dict[str, str]:
        """Address of each sandbox by the name of its child."""
        return {part.children_of[name]: url for part in self.flows.values() for name, url in part.sandboxes.items()}

    @property
    def ingress_url(self) -> str:
        """Where webhooks come in; of several flows, those of the first."""
        return next(iter(self.flows.values())).ingress_url

    def supervisor(
        self, *, on_event: Callable[[str], None] = lambda _: None, ready_file: Path | None = None
    ) -> Supervisor:
        parts = self.flows.values()
        sandboxes = [child for part in parts for child in part.sandbox_children()]
        services = [child for part in parts for child in part.service_children()]
        return Supervisor(
            [*self._log(), *sandboxes, *self._setup(), *services],
            self.data / "logs",
            on_event=on_event,
            ready_file=ready_file,
            about=self.about,
        )

    def about(self) -> dict[str, Any]:
        """Where everything listens."""
        return {
            "env": self.env,
            "data": str(self.data),
            "bootstrap": self.bootstrap,
            "registry": self.registry_url,
            "ingress": self.ingress_url,
            "systems": self.sandboxes,
            "flows": {
                name: {"ingress": part.ingress_url, "systems": part.sandboxes} for name, part in self.flows.items()
            },
        }

    def variables(self) -> dict[str, str]:
        """The environment variables by which a command finds what was chosen here."""
        out = self._log_variables()
        for part in self.flows.values():
            out |= part.variables()
        return out

    def _log_variables(self) -> dict[str, str]:
        return {"PENSTOCK_BOOTSTRAP": self.bootstrap, "PENSTOCK_REGISTRY_URL": self.registry_url}

    def _log(self) -> list[ChildSpec]:
        made = []
        if self._own_broker:
            folder, ready = str(self.data / "kafka"), self.data / "ready" / "broker.json"
            ready.parent.mkdir(exist_ok=True)
            port = self.bootstrap.rpartition(":")[2]
            argv: tuple[str, ...] = (*PENSTOCK, "broker", "--data", folder, "--port", port, "--ready-file", str(ready))
            made.append(self._spec("broker", argv, BROKER_STAGE, ready_file=ready, listens=self.bootstrap))
        if self._own_registry:
            argv = (*PENSTOCK, "registry", "--host", HOST, "--port", str(self._ports.get("registry")))
            needs = ("broker",) if self._own_broker else ()
            url = f"{self.registry_url}/readyz"
            made.append(self._spec("registry", argv, REGISTRY_STAGE, needs, ready_url=url, listens=self.registry_url))
        return made

    def _setup(self) -> list[ChildSpec]:
        broker = ("broker",) if self._own_broker else ()
        registry = ("registry",) if self._own_registry else ()
        return [
            self._spec("topics", (*PENSTOCK, "topics", "apply"), SETUP_STAGE, broker, once=True),
            self._spec("schemas", (*PENSTOCK, "schemas", "register"), SETUP_STAGE, (*broker, *registry), once=True),
        ]

    def _spec(
        self, name: str, argv: tuple[str, ...], stage: int, needs: tuple[str, ...] = (), **more: Any
    ) -> ChildSpec:
        return ChildSpec(name, argv, stage, needs, env={**self._log_variables(), "PYTHONUNBUFFERED": "1"}, **more)


def the_same(environments: Mapping[str, EnvFile], ask: Callable[[EnvFile], str | None]) -> str | None:
    """What all flows say of their log. Raises CommandError when they name different ones."""
    said = {name: ask(environment) for name, environment in environments.items()}
    if len(set(said.values())) > 1:
        raise CommandError(f"flows that run together need one log; their environments name {said}", Exit.USAGE)
    return next(iter(said.values()))
