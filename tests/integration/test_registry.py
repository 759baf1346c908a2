"""The embedded registry when processes die under it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.log.broker import LocalBroker
from penstock.log.registry_client import RegistryClient
from penstock.log.schemas import load_schemas

pytestmark = [pytest.mark.kafka, pytest.mark.crash]

SECOND = '{"type":"record","name":"T","fields":[{"name":"b","type":["null","string"],"default":null}]}'


class Registry:
    """`penstock registry` as its own process; `start()` may be called again after a kill."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def start(self) -> RegistryClient:
        line = [sys.executable, "-m", "penstock.cli.main", "registry", "--port", "0", "--bootstrap", self.bootstrap]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        assert self.process.stdout is not None
        return RegistryClient(json.loads(self.process.stdout.readline())["url"], timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.mark.timeout(180)
def test_what_was_answered_survives_sigkill_of_registry_and_broker(own_broker: LocalBroker) -> None:
    registry = Registry(own_broker.bootstrap)
    client = registry.start()
    schemas = load_schemas()
    ids = client.register_all(schemas)
    client.set_compatibility("other", "NONE")
    registry.kill()
    own_broker.kill()
    own_broker.start()

    client = registry.start()
    assert client.register_all(schemas) == ids
    assert client.compatibility("other") == "NONE"
    assert client.compatibility(schemas["Order"].subject) == "FULL_TRANSITIVE"
    assert client.register("other", SECOND) == max(ids.values()) + 1
    registry.kill()


@pytest.mark.timeout(180)
def test_it_goes_on_after_the_broker_was_killed(own_broker: LocalBroker) -> None:
    registry = Registry(own_broker.bootstrap)
    client = registry.start()
    first = client.register("one", '"string"')
    own_broker.kill()
    own_broker.start()
    assert client.register("two", SECOND) == first + 1
    assert client.schema(first) == '"string"'
    registry.process.terminate()
    assert registry.process.wait(20) == 0


def test_the_ready_file_appears_with_the_address(own_broker: LocalBroker, tmp_path: Path) -> None:
    ready = tmp_path / "registry.json"
    line = [sys.executable, "-m", "penstock.cli.main", "registry", "--port", "0", "--ready-file", ready]
    environment = {**os.environ, "PENSTOCK_BOOTSTRAP": own_broker.bootstrap}
    with subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL) as process:
        while not ready.exists():
            assert process.poll() is None
        assert RegistryClient(json.loads(ready.read_text())["url"]).subjects() == []
        process.terminate()
