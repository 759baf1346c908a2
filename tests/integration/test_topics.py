import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from penstock.cli.main import app
from penstock.log.kafka import KafkaSettings, admin
from penstock.log.topics import ClusterError, Topic, apply, load_topics, plan

pytestmark = pytest.mark.kafka


def topic(kafka: KafkaSettings, partitions: int = 2, **config: str) -> Topic:
    settings = {"cleanup.policy": "delete", "retention.ms": "600000"} | {
        k.replace("_", "."): v for k, v in config.items()
    }
    return Topic(kafka.topic("thing"), partitions, 1, settings, "key", "holds", has_schema=False)


def test_the_whole_list_is_made_and_then_matches(kafka: KafkaSettings, topics: Sequence[Topic]) -> None:
    found = plan(admin(kafka), topics)
    assert found.in_step
    assert not [name for name in found.unlisted if name.startswith(kafka.topic_prefix)]


def test_a_setting_that_differs_is_set(kafka: KafkaSettings) -> None:
    client = admin(kafka)
    apply(client, plan(client, [topic(kafka)]))
    longer = topic(kafka, retention_ms="1200000", compression_type="zstd")
    found = plan(client, [longer])
    assert {(change.setting, change.wanted) for change in found.change} == {
        ("retention.ms", "1200000"),
        ("compression.type", "zstd"),
    }
    apply(client, found)
    assert plan(client, [longer]).in_step


@pytest.mark.parametrize(
    ("now", "wanted", "said"),
    [
        ({"partitions": 2}, {"partitions": 4}, "has 2 partitions"),
        ({"partitions": 4}, {"partitions": 2}, "has 4 partitions"),
        ({}, {"retention_ms": "1000"}, "would be lost"),
        ({"retention_ms": "-1"}, {}, "would be lost"),
        ({"cleanup_policy": "compact"}, {}, "is compacted"),
    ],
)
def test_nothing_is_destroyed(kafka: KafkaSettings, now: dict[str, int], wanted: dict[str, int], said: str) -> None:
    client = admin(kafka)
    apply(client, plan(client, [topic(kafka, **now)]))  # type: ignore[arg-type] # a test's table of mixed settings
    found = plan(client, [topic(kafka, **wanted)])  # type: ignore[arg-type] # a test's table of mixed settings
    assert any(said in refusal for refusal in found.refused)
    apply(client, found)
    assert plan(client, [topic(kafka, **now)]).in_step  # type: ignore[arg-type] # a test's table of mixed settings


def test_two_at_once_both_succeed(kafka: KafkaSettings) -> None:
    client = admin(kafka)
    found = plan(client, [topic(kafka)])
    apply(client, found)
    apply(client, found)


def test_what_the_broker_refuses_is_said_with_the_topic(kafka: KafkaSettings) -> None:
    client = admin(kafka)
    with pytest.raises(ClusterError, match=r"thing.*replication"):
        apply(client, plan(client, [replace(topic(kafka), replication=3)]))


def test_the_command_applies_and_then_finds_no_difference(kafka: KafkaSettings) -> None:
    run = CliRunner(env={"PENSTOCK_BOOTSTRAP": kafka.bootstrap, "PENSTOCK_TOPIC_PREFIX": kafka.topic_prefix}).invoke
    assert run(app, ["topics", "diff"]).exit_code == 1
    applied = run(app, ["topics", "apply", "--json"])
    assert applied.exit_code == 0
    assert len(json.loads(applied.stdout)["create"]) == len(load_topics())
    again = run(app, ["topics", "diff"])
    assert (again.exit_code, again.stdout) == (0, "the cluster matches topics.yaml\n")


def test_a_cluster_that_does_not_answer_is_exit_code_3() -> None:
    ran = CliRunner().invoke(app, ["topics", "diff", "--bootstrap", "127.0.0.1:1"])
    assert ran.exit_code == 3
