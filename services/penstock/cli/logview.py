"""The log as the operator's commands see it: read to its end, shown, and now and then written to."""

import base64
import binascii
import getpass
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from penstock.cli.errors import CommandError, Exit
from penstock.log.headers import EDITED
from penstock.log.kafka import KafkaSettings, admin, producer
from penstock.log.partition import partition_for
from penstock.log.scan import Record, ScanError, scan

Why = Annotated[str, typer.Option("--why", help="Reason, kept in the audit log.")]

ANSWER_SECONDS = 10.0
UNASSIGNED = -1
"""librdkafka's partition number for: by the key."""


class LogView:
    """Topics by their names in `topics.yaml`, whatever the prefix of the cluster."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self.admin: AdminClient = admin(settings)
        try:
            found = self.admin.list_topics(timeout=ANSWER_SECONDS).topics
        except KafkaException as error:
            raise CommandError(
                f"no broker answers on {settings.bootstrap}: {error.args[0].str()}. Start one (`penstock up`), or name "
                "it by --bootstrap or PENSTOCK_BOOTSTRAP",
                Exit.UNREACHABLE,
            ) from error
        prefix = settings.topic_prefix
        self._partitions = {
            name.removeprefix(prefix): sorted(about.partitions)
            for name, about in found.items()
            if name.startswith(prefix)
        }

    @classmethod
    def connect(cls, bootstrap: str | None = None) -> "LogView":
        return cls(KafkaSettings.from_env(bootstrap=bootstrap))

    def topics(self, start: str = "") -> list[str]:
        """Names that begin with `start`."""
        return sorted(name for name in self._partitions if name.startswith(start))

    def partitions(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(self.settings.topic(topic), number) for number in self._partitions.get(topic, [])]

    def records(self, topic: str, partition: int | None = None) -> Iterator[Record]:
        """All records of a topic up to its present end; none when the topic is not there."""
        if topic not in self._partitions:
            return
        try:
            only = None if partition is None else [partition]
            yield from scan(self.settings, self.settings.topic(topic), partitions=only)
        except ScanError as error:
            raise CommandError(str(error), Exit.UNREACHABLE) from error

    def latest(self, topic: str) -> dict[str, Record]:
        """The newest record of each key of a compacted topic; keys closed by a tombstone are left out."""
        out: dict[str, Record] = {}
        for record in self.records(topic):
            key = (record.key or b"").decode("utf-8", "replace")
            if record.value is None:
                out.pop(key, None)
            else:
                out[key] = record
        return out

    def partition_of(self, topic: str, key: str) -> int:
        """Where records of this key are in a topic."""
        return partition_for(key.encode(), len(self._partitions[topic]))

    def of_key(self, topic: str, key: str) -> list[Record]:
        """All records of one key, the oldest first; reads one partition."""
        if topic not in self._partitions:
            return []
        wanted = key.encode()
        return [record for record in self.records(topic, self.partition_of(topic, key)) if record.key == wanted]

    def name(self, topic: str) -> str:
        """Name in `topics.yaml` of a topic on the cluster."""
        return topic.removeprefix(self.settings.topic_prefix)

    def send(self, records: Sequence["Outgoing"]) -> None:
        """Write records in order; returns when the broker has acknowledged all. Raises CommandError."""
        failed: list[str] = []

        def delivered(error: Any, _: Any) -> None:
            if error is not None:
                failed.append(error.str())

        client = producer(self.settings)
        for each in records:
            topic = each.topic if each.exact else self.settings.topic(each.topic)
            client.produce(
                topic,
                value=each.value,
                key=each.key,
                partition=UNASSIGNED if each.partition is None else each.partition,
                on_delivery=delivered,
                headers=list(each.headers.items()),
            )
        left = client.flush(30)
        if failed or left:
            said = failed[0] if failed else "no acknowledgement within 30 s"
            raise CommandError(f"{len(failed) + left} records could not be written: {said}", Exit.UNREACHABLE)


class Outgoing:
    """A record to write. `topic` is a name of `topics.yaml`, or with `exact` the one on the cluster."""

    def __init__(
        self,
        topic: str,
        key: bytes,
        value: bytes | None,
        headers: Mapping[str, str | bytes] | None = None,
        *,
        partition: int | None = None,
        exact: bool = False,
    ) -> None:
        self.topic, self.key, self.value = topic, key, value
        self.headers = dict(headers or {})
        self.partition, self.exact = partition, exact


def audit(what: str, subject: str, why: str, **about: str) -> Outgoing:
    """The record of an operator's action; `about` are more fields. Raises CommandError when no reason is given."""
    if not why.strip():
        raise CommandError("--why is empty: say in a few words why, it is kept in the audit log", Exit.USAGE)
    value = {"at": now(), "who": who(), "what": what, "subject": subject, "why": why.strip(), **about}
    return Outgoing("audit", subject.encode(), orjson.dumps(value))


def who() -> str:
    """The person at the keyboard, as the system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def body(record: Record) -> dict[str, Any]:
    """The JSON object of a record; an empty one when it holds none."""
    try:
        value = orjson.loads(record.value or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def header(record: Record, name: str) -> str:
    """A header as text; empty when it is absent. The last of a repeated name counts."""
    return next((value.decode("utf-8", "replace") for known, value in reversed(record.headers) if known == name), "")


def edited_by(record: Record) -> str:
    """`; edited by ann: why`, where a person has changed its bytes; else nothing."""
    try:
        said = orjson.loads(header(record, EDITED) or "null")
    except orjson.JSONDecodeError:
        said = None
    return f"; edited by {said.get('by')}: {said.get('why')}" if isinstance(said, dict) else ""


def place(record: Record) -> str:
    return f"{record.topic}-{record.partition}-{record.offset}"


def from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise CommandError(f"the entry carries no readable record: {error}", Exit.NO) from error
