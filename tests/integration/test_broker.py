"""The broker for one machine: what it keeps, and how it comes and goes."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from penstock.log.broker import BrokerError, LocalBroker
from penstock.log.kafka import KafkaSettings, admin, producer
from penstock.log.offsets import LATEST, offsets
from penstock.log.scan import scan
from penstock.log.topics import Topic, apply, plan

Started = tuple["subprocess.Popen[bytes]", dict[str, str]]

pytestmark = [pytest.mark.kafka, pytest.mark.crash]


def settings_with_topic(bootstrap: str) -> KafkaSettings:
    settings = KafkaSettings(bootstrap=bootstrap)
    client = admin(settings)
    wanted = Topic("t", 2, 1, {"cleanup.policy": "delete", "retention.ms": "-1"}, "", "", has_schema=False)
    apply(client, plan(client, [wanted]))
    return settings


def write(settings: KafkaSettings, start: int, count: int) -> None:
    client = producer(settings)
    for number in range(start, start + count):
        client.produce("t", key=b"%d" % number, value=b"x" * 100)
    assert client.flush(30) == 0


def keys(settings: KafkaSettings) -> list[int]:
    return sorted(int(record.key or b"-1") for record in scan(settings, "t"))


def test_kill_9_and_restart_loses_nothing_that_was_acknowledged(own_broker: LocalBroker) -> None:
    before = own_broker.bootstrap
    settings = settings_with_topic(before)
    write(settings, 0, 5_000)
    own_broker.kill()
    assert own_broker.start() == before
    write(settings, 5_000, 10)
    assert keys(settings) == list(range(5_010))


def test_a_producer_that_writes_through_a_kill_loses_and_doubles_nothing(own_broker: LocalBroker) -> None:
    settings = settings_with_topic(own_broker.bootstrap)
    client = producer(settings)
    for number in range(6_000):
        client.produce("t", key=b"%d" % number, value=b"x" * 100)
        client.poll(0)
        if number == 3_000:
            own_broker.kill()
            own_broker.start()
    assert client.flush(60) == 0
    assert keys(settings) == list(range(6_000))


def test_a_client_that_knew_the_broker_before_its_kill_still_gets_offsets(own_broker: LocalBroker) -> None:
    settings = settings_with_topic(own_broker.bootstrap)
    write(settings, 0, 10)
    client = admin(settings)
    places = [("t", 0), ("t", 1)]
    assert sum(offsets(client, places, LATEST).values()) == 10
    for _ in range(2):
        own_broker.kill()
        own_broker.start()
        assert sum(offsets(client, places, LATEST).values()) == 10


def test_a_data_folder_is_found_again_on_its_port(tmp_path: Path) -> None:
    with LocalBroker(tmp_path / "kafka") as first:
        address = first.bootstrap
        write(settings_with_topic(address), 0, 10)
    with LocalBroker(tmp_path / "kafka") as second:
        assert second.bootstrap == address
        assert keys(KafkaSettings(bootstrap=address)) == list(range(10))


def test_a_folder_whose_port_was_taken_moves_to_another(tmp_path: Path) -> None:
    with LocalBroker(tmp_path / "one") as first:
        address = first.bootstrap
        first.stop()
        port = int(address.rpartition(":")[2])
        with LocalBroker(tmp_path / "two", port), LocalBroker(tmp_path / "one") as moved:
            assert moved.bootstrap != address


def test_a_second_broker_on_one_folder_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    with LocalBroker(tmp_path / "kafka") as first:
        settings = settings_with_topic(first.bootstrap)
        with pytest.raises(BrokerError, match="another broker uses"):
            LocalBroker(tmp_path / "kafka").start()
        write(settings, 0, 10)
        assert keys(settings) == list(range(10))


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        broker = LocalBroker(tmp_path / "kafka", port=taken.getsockname()[1])
        with pytest.raises(BrokerError, match=r"(?s)broker\.log.*Address already in use"):
            broker.start()


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Started]:
    """`penstock broker` as its own process, and what its ready file says."""
    ready = tmp_path / "ready.json"
    line = [sys.executable, "-m", "penstock.cli.main", "broker", "--data", tmp_path / "kafka", "--ready-file", ready]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    announced = process.stdout.readline()
    yield process, json.loads(announced)
    process.kill()
    process.wait()


def test_the_ready_file_says_what_the_command_printed(command: Started, tmp_path: Path) -> None:
    settings_with_topic(command[1]["bootstrap"])
    assert json.loads((tmp_path / "ready.json").read_text()) == command[1]


def test_the_command_stops_its_broker_when_told(command: Started) -> None:
    process, about = command
    write(settings_with_topic(about["bootstrap"]), 0, 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert not psutil.pid_exists(int(about["pid"]))


def test_the_broker_does_not_outlive_a_command_that_was_killed(command: Started) -> None:
    process, about = command
    java = psutil.Process(int(about["pid"]))
    process.kill()
    assert psutil.wait_procs([java], timeout=10)[1] == []
