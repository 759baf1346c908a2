"""Sending behind live traffic: few at once, at a rate, and not what has its fate already."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from penstock.processors.deliver import Output
from penstock.replay.errors import StalledError
from penstock.replay.fatebook import FateBook
from penstock.replay.send import Sender, Sending

TARGET = "infor:DALS"


class Log:
    """A producer whose records get their fates from `answer`, and a clock that only moves by waiting."""

    def __init__(self, *, answered: bool = True) -> None:
        self.book = FateBook([TARGET])
        self.book.wait = self.sleep  # type: ignore[method-assign]
        self.now = 0.0
        self.sent: list[tuple[float, str]] = []
        self.most = 0
        self.answered = answered

    def produce(self, topic: str, *, key: bytes, on_delivery: Any, **_: Any) -> None:
        self.sent.append((self.now, key.decode()))
        waiting = [event for _, event in self.sent if self.book.state(event, event, TARGET) is None]
        self.most = max(self.most, len(waiting))

    def poll(self, _: float) -> None:
        return None

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.answered:
            for _, event in self.sent[:-1] or self.sent:
                self.fate(event, "unchanged")
            self.fate(self.sent[-1][1], "unchanged")

    def fate(self, event: str, state: str) -> None:
        self.book.take(f"{event}|{event}|{TARGET}".encode(), orjson.dumps({"state": state}))

    def sender(self, **given: Any) -> Sender:
        settings: dict[str, Any] = {"rate": None, "window": 5, "patience": 60.0, "tick": lambda _: None} | given
        return Sender(self, self.book, clock=lambda: self.now, sleep=self.sleep, **settings)  # type: ignore[arg-type]


def sendings(count: int) -> list[Sending]:
    return [
        Sending("order", name, name, (TARGET,), (Output("canonical.order", name.encode(), b""),))
        for name in (f"e{number}" for number in range(count))
    ]


def test_everything_is_sent_once_in_its_order_and_counted():
    log = Log()
    sender = log.sender()
    sender.run(sendings(20))
    assert [event for _, event in log.sent] == [f"e{number}" for number in range(20)]
    assert (sender.ends, sender.done) == ({f"unchanged {TARGET}": 20}, 20)


def test_no_more_are_under_way_than_the_window():
    log = Log()
    log.sender(window=3).run(sendings(20))
    assert log.most == 3


def test_the_rate_is_kept():
    log = Log()
    log.sender(rate=2.0, window=100).run(sendings(5))
    assert log.sent[-1][0] >= 2.0


def test_what_has_its_fate_already_is_counted_and_not_sent_again():
    log = Log()
    log.fate("e0", "applied")
    log.fate("e1", "held")
    sender = log.sender()
    sender.run(sendings(3))
    assert [event for _, event in log.sent] == ["e2"]
    assert sender.ends == {f"applied {TARGET}": 1, f"held {TARGET}": 1, f"unchanged {TARGET}": 1}


def test_without_any_fate_it_gives_up_and_says_what_to_look_at():
    log = Log(answered=False)
    with pytest.raises(StalledError, match="penstock status"):
        log.sender(patience=3.0, window=2).run(sendings(5))
    assert len(log.sent) == 2


def test_an_unknown_outcome_is_no_answer():
    log = Log(answered=False)
    log.fate("e0", "unknown")
    with pytest.raises(StalledError):
        log.sender(patience=3.0).run(sendings(1))


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_run_that_is_cut_off_anywhere_is_finished_by_the_next_one(cut: int):
    class Cut(Log):
        """Its process dies with the record `cut`; what was sent before gets its fate."""

        def produce(self, topic: str, **given: Any) -> None:
            super().produce(topic, **given)
            if len(self.sent) == cut:
                raise KeyboardInterrupt

    log = Cut()
    with pytest.raises(KeyboardInterrupt):
        log.sender(window=3).run(sendings(7))
    log.sleep(1.0)
    again = log.sender(window=3)
    again.run(sendings(7))
    assert again.ends == {f"unchanged {TARGET}": 7}
    assert [event for _, event in log.sent] == [f"e{number}" for number in range(7)]
