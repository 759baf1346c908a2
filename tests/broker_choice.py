"""Which broker a test run uses: one for the whole run, whatever the number of pytest-xdist workers.

1. PENSTOCK_TEST_BOOTSTRAP: that one; it is never stopped.
2. Java and Kafka's jars: a process on free loopback ports in a temporary folder.
3. Docker with the image PENSTOCK_TEST_KAFKA_IMAGE there already: a container.
4. Otherwise tests that need Kafka are skipped, or fail with PENSTOCK_REQUIRE_KAFKA=1.
"""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

import docker
import docker.errors
import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from penstock.log.broker import COMPACTION_TEST_PROPERTIES, BrokerError, LocalBroker
from penstock.log.jars import JarsError

IMAGE = os.environ.get("PENSTOCK_TEST_KAFKA_IMAGE", "apache/kafka:4.3.1")


def no_broker(why: str) -> None:
    """Skip, or fail where a broker is required."""
    if os.environ.get("PENSTOCK_REQUIRE_KAFKA") == "1":
        pytest.fail(f"PENSTOCK_REQUIRE_KAFKA=1, but {why}")
    pytest.skip(why)


@contextmanager
def shared_broker(folder: Path) -> Iterator[str]:
    """The bootstrap address of the run's broker. `folder` is common to all workers of the run.

    The worker that starts it stops it after the last one has let go: every user holds a shared lock.
    """
    if given := os.environ.get("PENSTOCK_TEST_BOOTSTRAP"):
        yield given
        return
    about = folder / "broker.json"
    with (folder / "users.lock").open("w") as users, ExitStack() as owned:
        with (folder / "start.lock").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if not about.exists():
                about.write_text(json.dumps({"bootstrap": owned.enter_context(_start())}))
                # leaves before the broker does
                owned.callback(_last_one_out, folder, about, users)
            bootstrap: str = json.loads(about.read_text())["bootstrap"]
            fcntl.flock(users, fcntl.LOCK_SH)
        yield bootstrap


def _last_one_out(folder: Path, about: Path, users: TextIO) -> None:
    with (folder / "start.lock").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        about.unlink()
    fcntl.flock(users, fcntl.LOCK_EX)


@contextmanager
def _start() -> Iterator[str]:
    try:
        broker = LocalBroker(properties=COMPACTION_TEST_PROPERTIES)
        broker.start()
    except (BrokerError, JarsError) as error:
        why = str(error)
    else:
        try:
            yield broker.bootstrap
        finally:
            broker.close()
        return
    if not _image_is_there():
        no_broker(f"no broker: {why}; and no Docker with the image {IMAGE}")
    with _container() as bootstrap:
        yield bootstrap


def _image_is_there() -> bool:
    try:
        client = docker.from_env(timeout=2)
        client.ping()
        client.images.get(IMAGE)
    except (docker.errors.DockerException, OSError):
        return False
    return True


@contextmanager
def _container() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    properties = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@127.0.0.1:9093",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    }
    container = DockerContainer(IMAGE).with_bind_ports(9092, port)
    for name, value in properties.items():
        container = container.with_env(name, value)
    with container.waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(60)):
        yield f"127.0.0.1:{port}"
