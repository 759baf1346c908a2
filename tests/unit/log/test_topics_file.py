from pathlib import Path

import pytest

from penstock.log.topics import Topic, TopicsError, load_topics
from penstock.log.xref import ENTITIES

FILE = """\
partitions: 4
replication: 1
kinds:
  raw: {cleanup: delete, retention: 2d, max_message: 12MB}
topics:
  - {name: "raw.a.{x,y}", like: raw, key: k, holds: h}
  - {name: table, cleanup: compact, min_compaction_lag: 24h, partitions: 1, key: k, holds: h}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "topics.yaml"
    path.write_text(FILE)
    return path


def by_name() -> dict[str, Topic]:
    return {topic.name: topic for topic in load_topics()}


def test_one_line_may_stand_for_several_topics(file: Path) -> None:
    assert [topic.name for topic in load_topics(file)] == ["raw.a.x", "raw.a.y", "table"]


def test_durations_and_sizes_become_kafkas_numbers(file: Path) -> None:
    raw, _, table = load_topics(file)
    assert raw.config == {"cleanup.policy": "delete", "retention.ms": "172800000", "max.message.bytes": "12582912"}
    assert table.config == {"cleanup.policy": "compact", "min.compaction.lag.ms": "86400000"}
    assert (raw.partitions, table.partitions) == (4, 1)


def test_prefix_and_replication_apply_to_all(file: Path) -> None:
    assert {(topic.name[:3], topic.replication) for topic in load_topics(file, prefix="t1.", replication=3)} == {
        ("t1.", 3)
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("like: raw", "like: rwa", "no kind 'rwa'"),
        ("retention: 2d", "retention: soon", "is no duration"),
        ("12MB", "12", "is no size"),
        ("cleanup: compact", "clean: compact", "topics.1.clean"),
        ("cleanup: compact", "cleanup: shred", "'delete' or 'compact'"),
        ("{x,y}", "{x,x}", "named twice: raw.a.x"),
        ("retention: 2d, ", "", "retention"),
        ("topics:", "topics: [", "topics.yaml"),
    ],
)
def test_a_mistake_is_named(file: Path, old: str, new: str, said: str) -> None:
    file.write_text(FILE.replace(old, new))
    with pytest.raises(TopicsError, match=said.replace("[", r"\[")):
        load_topics(file)


def test_three_replicas_make_acks_all_mean_two(file: Path) -> None:
    assert {topic.config.get("min.insync.replicas") for topic in load_topics(file)} == {None}
    assert {topic.config.get("min.insync.replicas") for topic in load_topics(file, replication=3)} == {"2"}


def test_everything_keyed_by_documents_has_the_same_number_of_partitions() -> None:
    families = ("canonical.", "effect.", "parked.", "customer-request.", "hold")
    counts = {topic.partitions for topic in by_name().values() if topic.name.startswith(families)}
    assert counts == {4}


def test_a_fence_outlives_compaction_by_a_day() -> None:
    assert by_name()["effect.infor"].config["min.compaction.lag.ms"] == "86400000"


def test_there_is_a_cross_reference_topic_for_every_entity() -> None:
    assert {name.removeprefix("xref.") for name in by_name() if name.startswith("xref.")} == set(ENTITIES)


def test_every_canonical_topic_has_a_schema_and_the_other_way_round() -> None:
    folder = Path(__file__).parents[3] / "schemas" / "avro"
    entities = {name.removeprefix("canonical.") for name, topic in by_name().items() if topic.has_schema}
    assert entities == {path.stem for path in folder.glob("*.avsc")}


def test_originals_are_kept_whole() -> None:
    large = {name for name, topic in by_name().items() if topic.config.get("max.message.bytes") == "12582912"}
    assert {"raw.prestashop.order", "dlq.processors", "hold", "parked.infor"} <= large
