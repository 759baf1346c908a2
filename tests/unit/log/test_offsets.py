"""Offsets of groups: a broker that has just started finds their coordinators first."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from penstock.log.offsets import committed, group_offsets


class Broker:
    """An admin client whose broker refuses with these codes, one after another, before it answers."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)

    def describe_consumer_groups(self, groups: list[str], **_: Any) -> dict[str, Any]:
        made: Future[Any] = Future()
        if self.codes:
            made.set_exception(KafkaException(KafkaError(self.codes.pop(0))))
        else:
            made.set_result(SimpleNamespace())
        return {groups[0]: made}

    def list_consumer_group_offsets(self, asked: Any, **_: Any) -> dict[str, Any]:
        assert not self.codes, "librdkafka may end the process when it is asked this early"
        places = [TopicPartition("a", 0, 7), TopicPartition("a", 1, -1001), TopicPartition("b", 0, 3)]
        made: Future[Any] = Future()
        made.set_result(SimpleNamespace(topic_partitions=places))
        return {asked[0].group_id: made}


def test_a_coordinator_that_is_on_its_way_is_waited_for() -> None:
    broker: Any = Broker(KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.NOT_COORDINATOR)
    assert group_offsets(broker, "g") == {("a", 0): 7, ("a", 1): -1001, ("b", 0): 3}
    assert committed(broker, "g", "a") == {0: 7}


def test_a_group_that_nobody_has_joined_has_offsets_too() -> None:
    broker: Any = Broker(KafkaError.GROUP_ID_NOT_FOUND)
    assert committed(broker, "g", "a") == {0: 7}


def test_any_other_refusal_is_told_at_once() -> None:
    broker: Any = Broker(KafkaError.GROUP_AUTHORIZATION_FAILED)
    with pytest.raises(KafkaException):
        group_offsets(broker, "g")
