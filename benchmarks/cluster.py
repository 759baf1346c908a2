"""A broker with all topics, a registry with all schemas, and processes beside them, for the length of a benchmark."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import report
from penstock.cli.child import Child, ChildSpec
from penstock.cli.logview import LogView
from penstock.cli.stack import PENSTOCK, Stack
from penstock.cli.status import is_quiet
from penstock.cli.supervise import Supervisor
from penstock.log.broker import LocalBroker
from penstock.log.kafka import KafkaSettings, admin
from penstock.log.registry_client import RegistryClient
from penstock.log.topics import apply, load_topics, plan
from penstock.log.wire import Codec

FLOW, ENV = "prestashop-infor", "sandbox"
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where broker and registry listen, and a codec that has registered all schemas."""

    settings: KafkaSettings
    registry_url: str
    codec: Codec
    folder: Path

    def prefixed(self, prefix: str) -> KafkaSettings:
        """All topics once more under a prefix of their own, so that a run begins with an empty log."""
        settings = self.settings.model_copy(update={"topic_prefix": prefix})
        make_topics(settings)
        return settings

    def environment(self, settings: KafkaSettings) -> dict[str, str]:
        """What a child process needs to find the log."""
        return {
            "PENSTOCK_BOOTSTRAP": settings.bootstrap,
            "PENSTOCK_TOPIC_PREFIX": settings.topic_prefix,
            "PENSTOCK_REGISTRY_URL": self.registry_url,
        }


def make_topics(settings: KafkaSettings) -> None:
    client = admin(settings)
    apply(client, plan(client, load_topics(prefix=settings.topic_prefix)))


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Starts a broker and a registry of its own; both are gone afterwards, with their data."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="penstock-bench-")))
        bootstrap = stack.enter_context(LocalBroker()).bootstrap
        settings = KafkaSettings(bootstrap=bootstrap)
        make_topics(settings)
        ready = folder / "registry.json"
        argv = [*PENSTOCK, "registry", "--port", "0", "--bootstrap", bootstrap, "--ready-file", str(ready)]
        stack.enter_context(process(argv, {}, folder / "registry.log"))
        until(ready.is_file, "the registry")
        url = json.loads(ready.read_text())["url"]
        yield Cluster(settings, url, Codec(RegistryClient.from_env(url=url), register=True), folder)


@contextmanager
def process(argv: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[int]:
    """A child process with its output in a file; gives its id. Ended by SIGTERM, and when this process dies."""
    child = Child(ChildSpec(log.stem, tuple(argv), stage=0, env=env), log)
    child.start()
    try:
        yield child.pid or 0
    finally:
        child.signal(signal.SIGTERM)
        if not child.wait(STOP_SECONDS):
            child.signal(signal.SIGKILL)
            child.wait(STOP_SECONDS)


@contextmanager
def served(argv: Sequence[str], folder: Path, name: str) -> Iterator[str]:
    """A server that writes its address to `--ready-file`; gives the URL."""
    ready = folder / f"{name}.ready"
    ready.unlink(missing_ok=True)
    with process([sys.executable, *argv, "--ready-file", str(ready)], {}, folder / f"{name}.log"):
        until(ready.is_file, name)
        url: str = json.loads(ready.read_text())["url"]
        yield url


@contextmanager
def running_stack() -> Iterator[tuple[Stack, Supervisor, LogView]]:
    """Everything that the flow needs, as `penstock up` starts it, after its first polls have come to rest."""
    for name in ("PENSTOCK_BOOTSTRAP", "PENSTOCK_REGISTRY_URL", "PENSTOCK_TOPIC_PREFIX"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
        stack = Stack.load(FLOW, ENV, Path(folder))
        with stack.supervisor(on_event=report.tell) as supervisor:
            report.tell("everything is up")
            view = LogView(KafkaSettings.from_env(stack.variables()))
            until_quiet(view)
            report.tell("the first polls have come to rest")
            yield stack, supervisor, view


def until_quiet(view: LogView, seconds: float = 120.0) -> None:
    """Three looks in a row at which no group has anything left to read and no write is under way."""
    looks = 0
    deadline = time.monotonic() + seconds
    while looks < 3:
        looks = looks + 1 if is_quiet(view) else 0
        if time.monotonic() > deadline:
            raise TimeoutError(f"the flow has not come to rest within {seconds:.0f} s")
        time.sleep(0.3)


def until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not there after {seconds:.0f} s")
        time.sleep(0.01)
