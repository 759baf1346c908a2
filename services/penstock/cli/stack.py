"""Everything that a flow needs on one machine, as children of a supervisor: broker, registry, sandboxes, services.

What the environment file names elsewhere (a broker, a registry, a genuine system) is not started here.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import yaml
from pydantic import ValidationError

from penstock.cli.child import ChildSpec
from penstock.cli.errors import CommandError, Exit
from penstock.cli.ports import HOST, Ports
from penstock.cli.supervise import Supervisor
from penstock.connectors.registry import connector
from penstock.flow.model import EnvFile, SandboxEnv
from penstock.resources import resource

SERVICES = ("ingress", "processors", "sinks")
PENSTOCK = (sys.executable, "-m", "penstock.cli.main")
PREFERRED_PORTS = {"broker": 9092, "registry": 8081, "ingress": 8080, "prestashop": 8091, "infor": 8092}
"""Where the other commands look when nothing is said."""
SANDBOX_STAGE, BROKER_STAGE, REGISTRY_STAGE, SETUP_STAGE, SERVICE_STAGE = 4, 1, 2, 3, 5


class Stack:
    """Addresses and children of one flow in one environment. `data` keeps state, logs and ports between runs.

    `sandboxes` gives the address of each sandbox that is started; `preferred` are ports to take when they are free.
    """

    def __init__(
        self, flow: str, env: str, environment: EnvFile, data: Path, preferred: Mapping[str, int] | None = None
    ) -> None:
        self.flow, self.env, self.data = flow, env, data.absolute()
        self.data.mkdir(parents=True, exist_ok=True)
        self._ports = Ports(self.data / "ports.json", preferred)
        self._systems = environment.systems
        bootstrap = environment.kafka.bootstrap or os.environ.get("PENSTOCK_BOOTSTRAP")
        registry = environment.registry.url or os.environ.get("PENSTOCK_REGISTRY_URL")
        self._own_broker, self._own_registry = bootstrap is None, registry is None
        self.bootstrap = bootstrap or f"{HOST}:{self._ports.get('broker')}"
        self.registry_url = registry or f"http://{HOST}:{self._ports.get('registry')}"
        self._ingress_host = environment.ingress.host
        fixed = environment.ingress.port if "port" in environment.ingress.model_fields_set else None
        self._ingress_port = fixed or self._ports.get("ingress")
        self.ingress_url = f"http://{self._ingress_host}:{self._ingress_port}"
        self.sandboxes = {
            name: f"http://{HOST}:{self._ports.get(name)}"
            for name, system in self._systems.items()
            if system.sandbox is not None
        }

    @classmethod
    def load(
        cls, flow: str, env: str, data: Path, preferred: Mapping[str, int] | None = None, seed: int | None = None
    ) -> Self:
        """The stack of `flows/<flow>/env/<env>.yaml`; `seed` takes the place of the sandboxes' own.

        Raises CommandError naming the file and what is wrong in it.
        """
        environment = read_environment(flow, env)
        if seed is not None:
            systems = {
                name: system.model_copy(update={"sandbox": system.sandbox.model_copy(update={"seed": seed})})
                for name, system in environment.systems.items()
                if system.sandbox is not None
            }
            environment = environment.model_copy(update={"systems": {**environment.systems, **systems}})
        return cls(flow, env, environment, data, preferred)

    def supervisor(
        self, *, on_event: Callable[[str], None] = lambda _: None, ready_file: Path | None = None
    ) -> Supervisor:
        return Supervisor(
            [*self._log(), *self._sandboxes(), *self._setup(), *self._services()],
            self.data / "logs",
            on_event=on_event,
            ready_file=ready_file,
            about=self.about,
        )

    def about(self) -> dict[str, Any]:
        """Where everything listens."""
        return {
            "flow": self.flow,
            "env": self.env,
            "data": str(self.data),
            "bootstrap": self.bootstrap,
            "registry": self.registry_url,
            "ingress": self.ingress_url,
            "systems": self.sandboxes,
        }

    def variables(self) -> dict[str, str]:
        """The environment variables by which a child finds what was chosen here."""
        out = {
            "PENSTOCK_BOOTSTRAP": self.bootstrap,
            "PENSTOCK_REGISTRY_URL": self.registry_url,
        }
        for name, url in self.sandboxes.items():
            if self._opened_by_ionapi(name):
                out[f"PENSTOCK_IONAPI_{name.upper()}"] = str(self._ionapi(name))
            else:
                path = urlsplit(str(self._systems[name].settings.get("base_url", ""))).path
                out[f"PENSTOCK_URL_{name.upper()}"] = url + path
        return out

    def _opened_by_ionapi(self, name: str) -> bool:
        """An Infor gateway has no address of its own in the settings: the .ionapi file names it."""
        return "ionapi" in connector(name).settings.model_fields

    def _ionapi(self, name: str) -> Path:
        return self.data / f"{name}.ionapi"

    def _log(self) -> list[ChildSpec]:
        made = []
        if self._own_broker:
            folder, ready = str(self.data / "kafka"), self._ready_file("broker")
            port = self.bootstrap.rpartition(":")[2]
            argv: tuple[str, ...] = (*PENSTOCK, "broker", "--data", folder, "--port", port, "--ready-file", str(ready))
            made.append(self._spec("broker", argv, BROKER_STAGE, ready_file=ready, listens=self.bootstrap))
        if self._own_registry:
            argv = (*PENSTOCK, "registry", "--host", HOST, "--port", str(self._ports.get("registry")))
            needs = ("broker",) if self._own_broker else ()
            url = f"{self.registry_url}/readyz"
            made.append(self._spec("registry", argv, REGISTRY_STAGE, needs, ready_url=url, listens=self.registry_url))
        return made

    def _sandboxes(self) -> list[ChildSpec]:
        return [
            self._sandbox(name, system.sandbox, self.sandboxes[name])
            for name, system in self._systems.items()
            if system.sandbox is not None
        ]

    def _sandbox(self, name: str, given: SandboxEnv, url: str) -> ChildSpec:
        folder = self.data / name
        folder.mkdir(exist_ok=True)
        ready = self._ready_file(name)
        options = json.dumps(given.options).replace("${ingress.url}", self.ingress_url)
        argv = (
            *(sys.executable, "-m", "penstock.sandbox.serve", name, "--host", HOST),
            *("--port", str(self._ports.get(name)), "--data", str(folder), "--seed", str(given.seed)),
            *("--options", options, "--ready-file", str(ready)),
        )
        keep = (f"{url}/_sandbox/ionapi", self._ionapi(name)) if self._opened_by_ionapi(name) else None
        return self._spec(name, argv, SANDBOX_STAGE, ready_file=ready, keep=keep, listens=url)

    def _setup(self) -> list[ChildSpec]:
        broker = ("broker",) if self._own_broker else ()
        registry = ("registry",) if self._own_registry else ()
        return [
            self._spec("topics", (*PENSTOCK, "topics", "apply"), SETUP_STAGE, broker, once=True),
            self._spec("schemas", (*PENSTOCK, "schemas", "register"), SETUP_STAGE, (*broker, *registry), once=True),
        ]

    def _services(self) -> list[ChildSpec]:
        return [self._service(name) for name in SERVICES]

    def _service(self, name: str) -> ChildSpec:
        host, port = (self._ingress_host, self._ingress_port) if name == "ingress" else (HOST, self._ports.get(name))
        url = f"http://{host}:{port}"
        argv = (*PENSTOCK, "run", name, "--flow", self.flow, "--env", self.env, "--host", host, "--port", str(port))
        needs = ("topics", "schemas", *self.sandboxes)
        return self._spec(name, argv, SERVICE_STAGE, needs, ready_url=f"{url}/readyz", listens=url)

    def _spec(
        self, name: str, argv: tuple[str, ...], stage: int, needs: tuple[str, ...] = (), **more: Any
    ) -> ChildSpec:
        return ChildSpec(name, argv, stage, needs, env={**self.variables(), "PYTHONUNBUFFERED": "1"}, **more)

    def _ready_file(self, name: str) -> Path:
        folder = self.data / "ready"
        folder.mkdir(exist_ok=True)
        return folder / f"{name}.json"


def read_environment(flow: str, env: str) -> EnvFile:
    """`flows/<flow>/env/<env>.yaml`. Raises CommandError naming the file, the field and what is wrong."""
    folder = resource("flows") / flow / "env"
    path = folder / f"{env}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in folder.glob("*.yaml"))) or "none"
        raise CommandError(f"{path} does not exist; environments of {flow}: {known}", Exit.USAGE)
    try:
        return EnvFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except yaml.YAMLError as error:
        raise CommandError(f"{path}: {error}", Exit.USAGE) from error
    except ValidationError as error:
        lines = [f"{path}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise CommandError("\n".join(lines), Exit.USAGE) from error
