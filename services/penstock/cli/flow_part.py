"""What one flow needs on this machine beside the log: its sandboxes and its services, as children of a supervisor."""

import json
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pydantic import ValidationError

from penstock.cli.child import ChildSpec
from penstock.cli.errors import CommandError, Exit
from penstock.cli.ports import HOST, Ports
from penstock.connectors.registry import connector
from penstock.flow.load import FlowError, read_flow_file, variable
from penstock.flow.model import EnvFile, SandboxEnv, SystemEnv
from penstock.resources import resource

SERVICES = ("ingress", "processors", "sinks")
"""Of every flow; where the environment names who is told of alerts, `alerts` too."""
PENSTOCK = (sys.executable, "-m", "penstock.cli.main")
SANDBOX_STAGE, SERVICE_STAGE = 4, 5


class FlowPart:
    """Addresses and children of one flow. `data` keeps the state of its sandboxes.

    `prefix` begins the names of its services, where several flows run (`clarity-sage100/`); `taken` are names of
    sandboxes that other flows have. `log` gives the variables by which a child finds broker and registry.
    """

    def __init__(
        self,
        flow: str,
        env: str,
        environment: EnvFile,
        data: Path,
        ports: Ports,
        log: Callable[[], Mapping[str, str]],
        *,
        prefix: str = "",
        taken: Collection[str] = (),
    ) -> None:
        self.flow, self.env = flow, env
        self._data, self._ports, self._log, self._prefix = data, ports, log, prefix
        self._sandboxed: dict[str, SystemEnv] = {
            name: system for name, system in environment.systems.items() if system.sandbox is not None
        }
        self._connectors = connectors_of(flow)
        self.children_of = {name: f"{flow}/{name}" if name in taken else name for name in self._sandboxed}
        fixed = environment.ingress.port if "port" in environment.ingress.model_fields_set else None
        self._ingress_host, self._ingress_port = environment.ingress.host, fixed or ports.get(f"{prefix}ingress")
        self.ingress_url = f"http://{self._ingress_host}:{self._ingress_port}"
        told = environment.alerts is not None and environment.alerts.has_targets
        self._services = (*SERVICES, "alerts") if told else SERVICES
        self.sandboxes = {name: f"http://{HOST}:{ports.get(child)}" for name, child in self.children_of.items()}

    def variables(self) -> dict[str, str]:
        """The environment variables by which a child of this flow finds its systems."""
        out = {}
        for name, url in self.sandboxes.items():
            if self._opened_by_ionapi(name):
                out[variable("IONAPI", name)] = str(self._ionapi(name))
            else:
                path = urlsplit(str(self._sandboxed[name].settings.get("base_url", ""))).path
                out[variable("URL", name)] = url + path
        return out

    def sandbox_children(self) -> list[ChildSpec]:
        return [
            self._sandbox(name, system.sandbox)
            for name, system in self._sandboxed.items()
            if system.sandbox is not None
        ]

    def service_children(self) -> list[ChildSpec]:
        return [self._service(name) for name in self._services]

    def _opened_by_ionapi(self, name: str) -> bool:
        """An Infor gateway has no address of its own in the settings: the .ionapi file names it."""
        return "ionapi" in connector(self._connectors.get(name, name)).settings.model_fields

    def _ionapi(self, name: str) -> Path:
        return self._data / f"{self.children_of[name]}.ionapi"

    def _sandbox(self, name: str, given: SandboxEnv) -> ChildSpec:
        child, url = self.children_of[name], self.sandboxes[name]
        folder = self._data / child
        folder.mkdir(parents=True, exist_ok=True)
        ready = self._data / "ready" / f"{child}.json"
        ready.parent.mkdir(parents=True, exist_ok=True)
        options = json.dumps(given.options).replace("${ingress.url}", self.ingress_url)
        argv = (
            *(sys.executable, "-m", "penstock.sandbox.serve", self._connectors.get(name, name), "--host", HOST),
            *("--port", str(self._ports.get(child)), "--data", str(folder), "--seed", str(given.seed)),
            *("--options", options, "--ready-file", str(ready)),
        )
        keep = (f"{url}/_sandbox/ionapi", self._ionapi(name)) if self._opened_by_ionapi(name) else None
        return self._spec(child, argv, SANDBOX_STAGE, ready_file=ready, keep=keep, listens=url)

    def _service(self, name: str) -> ChildSpec:
        child = self._prefix + name
        host, port = (self._ingress_host, self._ingress_port) if name == "ingress" else (HOST, self._ports.get(child))
        url = f"http://{host}:{port}"
        argv = (*PENSTOCK, "run", name, "--flow", self.flow, "--env", self.env, "--host", host, "--port", str(port))
        needs = ("topics", "schemas", *self.children_of.values())
        return self._spec(child, argv, SERVICE_STAGE, needs, ready_url=f"{url}/readyz", listens=url)

    def _spec(
        self, name: str, argv: tuple[str, ...], stage: int, needs: tuple[str, ...] = (), **more: Any
    ) -> ChildSpec:
        env = {**self._log(), **self.variables(), "PYTHONUNBUFFERED": "1"}
        return ChildSpec(name, argv, stage, needs, env=env, **more)


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


def connectors_of(flow: str) -> dict[str, str]:
    """The connector of each system whose name in `flows/<flow>/flow.yaml` is another. Raises CommandError."""
    if not (resource("flows") / flow / "flow.yaml").is_file():
        return {}
    try:
        file = read_flow_file(flow)
    except FlowError as error:
        raise CommandError(str(error), Exit.USAGE) from error
    return {alias: file.connector_of(alias) for alias in file.systems}


def all_flows(env: str) -> list[str]:
    """Names of the flows that have an environment of this name. Raises CommandError when there is none."""
    found = sorted(path.parents[1].name for path in resource("flows").glob(f"*/env/{env}.yaml"))
    if not found:
        raise CommandError(f"no flow has an env/{env}.yaml: name the flow, or another environment", Exit.USAGE)
    return found
