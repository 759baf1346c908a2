"""Which partitions a topic has and where they begin and end; patient with a broker that has just started or made them.

Asked through an admin client, never through a consumer: behind its waiting fetch each question takes half a second.
"""

import time
from collections.abc import Iterable
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

Partition = tuple[str, int]

EARLIEST, LATEST = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]

_PATIENCE = 30.0
_COORDINATOR_MOVES = {
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
}
_NEW_TOPIC_SECONDS = 5.0  # a topic that has just been made is not known everywhere at once


class NoTopicError(Exception):
    """The cluster has no such topic."""


def partitions_of(client: AdminClient, topic: str) -> list[int]:
    """Numbers of the topic's partitions.

    Raises:
        NoTopicError: it is not there.
        KafkaException: the cluster does not answer.
    """
    deadline = time.monotonic() + _NEW_TOPIC_SECONDS
    while True:
        about = client.list_topics(topic, timeout=15).topics[topic]
        if about.partitions and about.error is None:
            return list(about.partitions)
        if time.monotonic() > deadline:
            raise NoTopicError(
                f"no topic {topic}: `penstock topics list` names them, `penstock topics apply` makes them"
            )
        time.sleep(0.05)


def offsets(client: AdminClient, partitions: Iterable[Partition], spec: Any) -> dict[Partition, int]:
    """Offsets by EARLIEST, LATEST or `OffsetSpec.for_timestamp(milliseconds)` (-1: nothing that new).

    Raises:
        KafkaException: no answer within half a minute.
    """
    asked = {TopicPartition(*each): spec for each in partitions}
    refused = False
    deadline = time.monotonic() + _PATIENCE
    while asked:
        try:
            if refused:
                # librdkafka keeps the leaders that it knew; a broker that was restarted refuses their epoch for ever
                client.list_topics(timeout=10)
            answers = client.list_offsets(asked, request_timeout=10)
            return {(place.topic, place.partition): future.result().offset for place, future in answers.items()}
        except KafkaException:
            refused = True
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    return {}


def group_offsets(client: AdminClient, group: str) -> dict[Partition, int]:
    """Offsets that a consumer group reads next, negative where it has read nothing.

    Raises:
        KafkaException: the cluster does not answer, or says for half a minute that it is not ready to.
    """
    _await_coordinator(client, group)
    answer = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=10)
    return {(at.topic, at.partition): at.offset for at in answer[group].result().topic_partitions}


def _await_coordinator(client: AdminClient, group: str) -> None:
    """Asked for offsets while the group's coordinator is on its way, librdkafka may end the process (SIGSEGV)."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            client.describe_consumer_groups([group], request_timeout=10)[group].result()
        except KafkaException as error:
            code = error.args[0].code()
            if code == KafkaError.GROUP_ID_NOT_FOUND:
                return
            if code not in _COORDINATOR_MOVES or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def committed(client: AdminClient, group: str, topic: str) -> dict[int, int]:
    """Partition -> offset that a consumer group reads next; partitions of which it has read nothing are left out.

    Raises:
        KafkaException: as `group_offsets`.
    """
    found = group_offsets(client, group).items()
    return {number: offset for (name, number), offset in found if name == topic and offset >= 0}
