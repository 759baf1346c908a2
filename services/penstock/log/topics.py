"""`topics.yaml`: the topics that a cluster must have, and how to make it have them without destroying anything."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from penstock.resources import resource

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_BYTES = {"kB": 1024, "MB": 1024**2, "GB": 1024**3}


class TopicsError(Exception):
    """`topics.yaml` is wrong; the message names the place in it."""


class ClusterError(Exception):
    """The cluster does not answer, or refuses to be changed."""


def _milliseconds(value: object) -> object:
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+)([smhd])", value)):
        return int(found[1]) * _SECONDS[found[2]] * 1000
    raise ValueError(f"{value!r} is no duration: write for example 24h or 730d")


def _bytes(value: object) -> object:
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+)(kB|MB|GB)", value)):
        return int(found[1]) * _BYTES[found[2]]
    raise ValueError(f"{value!r} is no size: write for example 12MB")


Duration = Annotated[int, BeforeValidator(_milliseconds)]
Size = Annotated[int, BeforeValidator(_bytes)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    cleanup: Literal["delete", "compact"] | None = None
    partitions: int | None = Field(default=None, ge=1)
    retention: Duration | None = None
    compression: Literal["zstd", "lz4", "producer"] | None = None
    max_message: Size | None = None
    min_compaction_lag: Duration | None = None
    segment: Duration | None = None


class _Entry(_Shape):
    name: str
    key: str
    holds: str
    like: str | None = None
    topic_schema: bool = Field(default=False, alias="schema")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    partitions: int = Field(ge=1)
    replication: int = Field(ge=1)
    kinds: dict[str, _Shape]
    topics: list[_Entry]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it should be. `config` in Kafka's names, values as Kafka writes them."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str]
    key: str
    holds: str
    has_schema: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One setting of a topic that differs from `topics.yaml`."""

    topic: str
    setting: str
    now: str | None
    wanted: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What would make the cluster match. `refused` says what is different and is never changed by `apply`."""

    create: list[Topic] = field(default_factory=list)
    change: list[Change] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)

    @property
    def in_step(self) -> bool:
        return not (self.create or self.change or self.refused)


def load_topics(path: Path | None = None, *, prefix: str = "", replication: int | None = None) -> tuple[Topic, ...]:
    """The topics of `path` (default: the `topics.yaml` of penstock), `prefix` put before every name.

    Raises:
        TopicsError: names the file, the place in it and what is wrong.
    """
    path = path or resource("topics.yaml")
    try:
        file = _File.model_validate(yaml.safe_load(path.read_text()))
        found = [topic for entry in file.topics for topic in _expand(file, entry, prefix, replication)]
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise TopicsError(f"{path}: " + "; ".join(lines)) from None
    except (yaml.YAMLError, ValueError) as error:
        raise TopicsError(f"{path}: {error}") from None
    names = [topic.name for topic in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise TopicsError(f"{path}: named twice: {', '.join(sorted(twice))}")
    return tuple(found)


def _expand(file: _File, entry: _Entry, prefix: str, replication: int | None) -> Iterator[Topic]:
    if entry.like is not None and entry.like not in file.kinds:
        raise ValueError(f"{entry.name}: there is no kind {entry.like!r}, only {', '.join(file.kinds)}")
    kind = file.kinds[entry.like] if entry.like else _Shape()
    own = entry.model_dump(include=set(_Shape.model_fields), exclude_none=True)
    shape = kind.model_copy(update=own)
    if shape.cleanup is None or (shape.cleanup == "delete" and shape.retention is None):
        raise ValueError(f"{entry.name}: cleanup (and for delete: retention) must be given, here or in its kind")
    config = {
        "cleanup.policy": shape.cleanup,
        "retention.ms": shape.retention,
        "compression.type": shape.compression,
        "max.message.bytes": shape.max_message,
        "min.compaction.lag.ms": shape.min_compaction_lag,
        "segment.ms": shape.segment,
        # acks=all means two of three; with fewer replicas there is nothing to ask for
        "min.insync.replicas": 2 if (replication or file.replication) >= 3 else None,
    }
    for name in braces(entry.name):
        yield Topic(
            name=prefix + name,
            partitions=shape.partitions or file.partitions,
            replication=replication or file.replication,
            config={setting: str(value) for setting, value in config.items() if value is not None},
            key=entry.key,
            holds=entry.holds,
            has_schema=entry.topic_schema,
        )


def braces(pattern: str) -> list[str]:
    """`a.{b,c}` -> `a.b`, `a.c`."""
    parts = re.split(r"\{([^}]*)\}", pattern)
    choices = [part.split(",") if index % 2 else [part] for index, part in enumerate(parts)]
    return ["".join(combination) for combination in itertools.product(*choices)]


def partitions_of(name: str) -> int:
    """Partitions that `topics.yaml` gives a topic (named without prefix). Raises TopicsError when it is not listed."""
    for topic in load_topics():
        if topic.name == name:
            return topic.partitions
    raise TopicsError(f"topics.yaml does not list {name}")


def plan(client: AdminClient, topics: Sequence[Topic], *, timeout: float = 8) -> Plan:
    """Compare the cluster with `topics`.

    Raises:
        ClusterError: the cluster does not answer.
    """
    try:
        there = client.list_topics(timeout=timeout).topics
    except KafkaException as error:
        raise ClusterError(f"the cluster does not answer: {error.args[0].str()}") from error
    out = Plan()
    known = [topic for topic in topics if topic.name in there]
    out.create.extend(topic for topic in topics if topic.name not in there)
    configs = _configs(client, [topic.name for topic in known], timeout)
    for topic in known:
        partitions = len(there[topic.name].partitions)
        if partitions != topic.partitions:
            out.refused.append(
                f"{topic.name} has {partitions} partitions, topics.yaml says {topic.partitions}: keys would move to "
                "other partitions. Keep the number, or copy the topic with its consumers stopped"
            )
        now = configs[topic.name]
        for setting, wanted in topic.config.items():
            if setting == "cleanup.policy" and wanted == "delete" and now.get(setting) == "compact":
                out.refused.append(f"{topic.name} is compacted, topics.yaml says delete: old keys would be lost")
            elif setting == "retention.ms" and _shorter(wanted, now.get(setting)):
                out.refused.append(
                    f"{topic.name} keeps records {now[setting]} ms, topics.yaml says {wanted}: records would be lost. "
                    "Shorten it by hand if that is meant"
                )
            elif now.get(setting) != wanted:
                out.change.append(Change(topic.name, setting, now.get(setting), wanted))
    listed = {topic.name for topic in topics}
    out.unlisted.extend(sorted(name for name in there if name not in listed and not name.startswith("_")))
    return out


def _shorter(wanted: str, now: str | None) -> bool:
    """Is the wanted retention a cut? -1 means for ever. Kafka's own default (7 days) is nobody's decision."""
    return now is not None and int(wanted) >= 0 and (int(now) < 0 or int(wanted) < int(now))


def _configs(client: AdminClient, names: Sequence[str], timeout: float) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    asked = client.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in names])
    return {
        resource.name: {entry.name: entry.value for entry in future.result(timeout).values()}
        for resource, future in asked.items()
    }


def apply(client: AdminClient, todo: Plan, *, timeout: float = 30) -> None:
    """Create what is missing and set what differs. What the plan refuses is left as it is.

    Raises:
        ClusterError: the broker refused; names the topic and the broker's words. Applying again is safe.
    """
    problems: list[str] = []
    if todo.create:
        made = client.create_topics(
            [
                NewTopic(
                    topic.name,
                    num_partitions=topic.partitions,
                    replication_factor=topic.replication,
                    config=topic.config,
                )
                for topic in todo.create
            ],
            operation_timeout=timeout,
        )
        problems += _failures(made)
    by_topic: dict[str, list[ConfigEntry]] = {}
    for change in todo.change:
        entry = ConfigEntry(change.setting, change.wanted, incremental_operation=AlterConfigOpType.SET)
        by_topic.setdefault(change.topic, []).append(entry)
    if by_topic:
        resources = [ConfigResource(ResourceType.TOPIC, name, incremental_configs=x) for name, x in by_topic.items()]
        problems += _failures(client.incremental_alter_configs(resources))
    if problems:
        raise ClusterError("; ".join(problems))
    _settle(client, todo, timeout)


def _settle(client: AdminClient, todo: Plan, timeout: float) -> None:
    """Wait until the broker shows what has been applied: it acknowledges before every part of it knows."""
    wanted: dict[str, dict[str, str]] = {topic.name: {} for topic in todo.create}
    for change in todo.change:
        wanted.setdefault(change.topic, {})[change.setting] = change.wanted
    deadline = time.monotonic() + timeout
    while pending := _pending(client, wanted):
        if time.monotonic() > deadline:
            raise ClusterError(f"applied, but not shown by the cluster after {timeout} s: {', '.join(pending)}")
        time.sleep(0.05)


def _pending(client: AdminClient, wanted: dict[str, dict[str, str]]) -> list[str]:
    there = client.list_topics(timeout=15).topics
    led = {name for name, about in there.items() if all(each.leader >= 0 for each in about.partitions.values())}
    configs = _configs(client, [name for name, settings in wanted.items() if settings], 15)
    return [
        name
        for name, settings in wanted.items()
        if name not in led or any(configs[name].get(setting) != value for setting, value in settings.items())
    ]


def _failures(futures: dict[Any, Any]) -> list[str]:
    out = []
    for what, future in futures.items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":  # another `apply` was faster
                out.append(f"{getattr(what, 'name', what)}: {error.args[0].str()}")
    return out
