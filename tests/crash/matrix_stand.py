"""A stack under certification: its broker, its services with armed steps, and what the harness does for a step.

One broker serves one stack after another; each stack has a topic prefix of its own, and sandboxes of its own.
"""

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from tests.crash.matrix_plan import Fault

from penstock.checkpoints import LOG_VARIABLE, VARIABLE
from penstock.cli.child import Child
from penstock.cli.logview import LogView
from penstock.cli.ports import Ports
from penstock.cli.stack import SERVICES, Stack
from penstock.cli.supervise import Supervisor
from penstock.flow.model import EnvFile
from penstock.log.broker import LocalBroker
from penstock.log.kafka import KafkaSettings, admin
from penstock.resources import resource

SESSION_SECONDS = 4.0
FROZEN_SECONDS = 6.0
"""How long a service or the broker is frozen: the group gives a member up before that."""
SECOND_SECONDS = 15.0
PATIENCE_SECONDS = 0.2
QUICK: Mapping[str, float] = {"send_window": 3.0, "answer_window": 1.5}
BROKER = {"group.min.session.timeout.ms": "1000"}


def local_broker(data: Path) -> LocalBroker:
    """The broker of many stacks, not started."""
    return LocalBroker(data, properties=BROKER)


class Stand:
    """One stack of one flow. `number` makes its topics its own."""

    def __init__(self, flow: str, data: Path, broker: LocalBroker, number: int, tell: Callable[[str], None]) -> None:
        self.flow, self.broker = flow, broker
        self._data = data
        for folder in ("armed", "hits"):
            (data / folder).mkdir(parents=True, exist_ok=True)
        env = quick_environment(flow, data / "env" / "crash.yaml", broker.bootstrap)
        self.stack = Stack({flow: env}, str(data / "env" / "crash"), data)
        self.settings = KafkaSettings(bootstrap=broker.bootstrap, topic_prefix=f"m{number}.")
        self._tell = tell
        self._ports = Ports(data / "second-ports.json")
        self._second: Child | None = None
        self._read: dict[str, int] = {}
        self.supervisor = self._supervisor()

    def _supervisor(self) -> Supervisor:
        made = self.stack.supervisor(on_event=self._tell)
        for name, child in made.children.items():
            common = {"PENSTOCK_TOPIC_PREFIX": self.settings.topic_prefix}
            more = self.environment(name) if name in SERVICES else common
            child.spec = replace(child.spec, env={**child.spec.env, **more})
        return made

    def environment(self, service: str) -> dict[str, str]:
        """What a process of ours is told, beside where its systems are."""
        return {
            "PENSTOCK_TOPIC_PREFIX": self.settings.topic_prefix,
            "PENSTOCK_SESSION_SECONDS": str(SESSION_SECONDS),
            "PENSTOCK_PATIENCE_SECONDS": str(PATIENCE_SECONDS),
            VARIABLE: f"@{self._arm_file(service)}",
            LOG_VARIABLE: str(self._log(service)),
        }

    def start(self) -> None:
        self.supervisor.start()
        self.look_afresh()

    def look_afresh(self) -> None:
        """An administrative client of librdkafka may wait in vain for a broker that was killed, and started again."""
        self.view = LogView(self.settings)

    def stop(self, *, keep: bool) -> None:
        """`keep`: its topics are left for a person to look at."""
        for service in SERVICES:
            self.disarm(service)
        self.end_second()
        self.supervisor.stop()
        if not keep:
            self._forget()

    def _forget(self) -> None:
        """Its topics go with it: a broker that is killed takes long to come back with those of ten stacks."""
        client = admin(self.settings)
        names = [name for name in client.list_topics(timeout=30).topics if name.startswith(self.settings.topic_prefix)]
        for done in client.delete_topics(names).values() if names else ():
            done.result(60)

    # --- steps

    def _arm_file(self, service: str) -> Path:
        return self._data / "armed" / service

    def _log(self, service: str) -> Path:
        return self._data / "hits" / f"{service}.log"

    def arm(self, fault: Fault) -> None:
        log = self._log(fault.service)
        log.with_name(f"{log.name}.acted").unlink(missing_ok=True)
        file = self._arm_file(fault.service)
        part = file.with_suffix(".part")
        part.write_text(str(fault.arming), encoding="ascii")
        part.replace(file)

    def disarm(self, service: str) -> None:
        self._arm_file(service).unlink(missing_ok=True)

    def news(self, service: str) -> tuple[Counter[str], int | None]:
        """Hits by step since the last time it was asked, and the process that has come to its fault, if one has."""
        path = self._log(service)
        if not path.exists():
            return Counter(), None
        with path.open("rb") as file:
            file.seek(self._read.get(service, 0))
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read[service] = self._read.get(service, 0) + len(whole)
        hits: Counter[str] = Counter()
        acted: int | None = None
        for line in whole.decode().splitlines():
            pid, name, *action = line.split(" ")
            if action:
                acted = int(pid)
            else:
                hits[name] += 1
        return hits, acted

    # --- faults

    def carry_out(self, fault: Fault, pid: int) -> None:
        """What the harness does once a step has been reached by the process `pid`; returns when it is over."""
        match fault.arming.action:
            case "stop":
                self._take_over(fault.service, pid)
            case "broker-kill":
                self.broker.kill()
                self._acted(fault.service)
                self.broker.start()
                self.look_afresh()
            case "broker-freeze":
                self.broker.pause()
                self._acted(fault.service)
                time.sleep(FROZEN_SECONDS)
                self.broker.resume()

    def _acted(self, service: str) -> None:
        log = self._log(service)
        log.with_name(f"{log.name}.acted").touch()

    def _take_over(self, service: str, pid: int) -> None:
        """A second worker takes the partitions of the frozen one, which then goes on as if nothing had happened."""
        began = time.monotonic()
        grouped = service in SERVICES
        if grouped:
            self._start_second(service)
        while time.monotonic() - began < FROZEN_SECONDS or (grouped and not self._second_ready()):
            if time.monotonic() - began > SECOND_SECONDS:
                break
            time.sleep(0.1)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def _start_second(self, service: str) -> None:
        spec = self.supervisor.children[service].spec
        port = self._ports.get(service)
        argv = list(spec.argv)
        argv[argv.index("--port") + 1] = str(port)
        env = {name: value for name, value in spec.env.items() if name not in {VARIABLE, LOG_VARIABLE}}
        env["PENSTOCK_MEMBER"] = "1"
        url = f"http://127.0.0.1:{port}/readyz"
        second = replace(spec, name=f"{service}-second", argv=tuple(argv), env=env, ready_url=url)
        self._second = Child(second, self._data / "logs" / f"{second.name}.log")
        self._second.start()

    def _second_ready(self) -> bool:
        return self._second is not None and self._second.check_ready()

    def end_second(self) -> None:
        """Stops the second worker in order, if there is one."""
        if self._second is None:
            return
        self._second.signal(signal.SIGTERM)
        if not self._second.wait(15):
            self._second.signal(signal.SIGKILL)
            self._second.wait(15)
        self._second = None

    def logs(self) -> Path:
        return self._data / "logs"


def quick_environment(flow: str, file: Path, bootstrap: str) -> EnvFile:
    """The flow's sandbox environment with short windows, written to `file` for the services."""
    given: dict[str, Any] = yaml.safe_load((resource("flows") / flow / "env" / "sandbox.yaml").read_text("utf-8"))
    for system in given["systems"].values():
        system["settings"] |= QUICK
    given["kafka"] = {"bootstrap": bootstrap}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    return EnvFile.model_validate(given)
