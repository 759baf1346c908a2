"""What a sink knows of the documents of its partitions, as it comes from the log."""

from __future__ import annotations

import orjson

from penstock.log.kafka import KafkaSettings
from penstock.sinks.state import SinkState

EVENT = "prestashop:1:order:41:a"


class Message:
    """A record of the log, as the loader gives it."""

    def __init__(self, topic: str, value: bytes, owner: str) -> None:
        self.topic, self.value, self.key = (lambda: topic), (lambda: value), (lambda: b"key")
        self.headers = lambda: [("owner", owner.encode())]
        self.partition = self.offset = lambda: 0


def parked(state: SinkState, owner: str) -> Message:
    entry = {"target": "infor:DALS", "entity": "order", "canonical_id": "id", "event_id": EVENT}
    return Message(state.parked_topic, orjson.dumps(entry), owner)


def test_own_entries_that_come_round_on_the_log_are_known_already():
    state = SinkState(KafkaSettings(bootstrap="127.0.0.1:1"), "infor", "DALS")
    state._take([parked(state, state.owner)])  # type: ignore[list-item]  # as much of a message as is asked for
    assert state.waiting() == []


def test_partitions_that_come_back_bring_what_this_process_itself_had_parked():
    state = SinkState(KafkaSettings(bootstrap="127.0.0.1:1"), "infor", "DALS")
    before = state.owner
    state.release()
    state._take([parked(state, before)])  # type: ignore[list-item]
    assert [entry.event_id for entry in state.waiting()] == [EVENT]
