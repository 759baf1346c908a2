"""Grouping, escalation and threads, on a clock of the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from penstock.alerts.alert import Alert
from penstock.alerts.desk import CROWDED, MOST_LIKENESSES, TIMES_REFUSED, Desk, Outgoing
from penstock.alerts.message import Message

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Case:
    """A desk, its clock in seconds, and the alerts that have been told."""

    min_priority: int = 1
    now: float = 0.0
    told: list[Alert] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = self.successor()

    def successor(self) -> Desk:
        return Desk("test", 60, self.min_priority, lambda: self.now)

    def alert(self, kind: str = "held", target: str = "infor:DALS", **more: Any) -> Alert:
        return Alert(START + timedelta(seconds=self.now), kind, target, **more)

    def take(self, kind: str = "held", target: str = "infor:DALS", **more: Any) -> Alert:
        alert = self.alert(kind, target, **more)
        self.desk.take(alert, lambda: self.told.append(alert))
        return alert

    def outage(self, priority: int, seconds: float) -> Alert:
        return self.take("outage", priority=priority, seconds=seconds, reason="answered 503")

    def over(self, seconds: float) -> Alert:
        return self.take("outage-over", priority=1, seconds=seconds, reason="the target answers again")

    def due(self) -> Outgoing:
        outgoing = self.desk.next()
        assert outgoing is not None
        return outgoing

    def send(self) -> Message:
        outgoing = self.due()
        self.desk.settle(outgoing)
        return outgoing.message


@pytest.fixture
def case() -> Case:
    return Case()


def test_the_first_of_a_group_goes_out_at_once_and_the_rest_of_the_window_as_one(case: Case):
    case.take(document="PS1-1")
    assert case.send().count == 1
    for number in range(2, 30):
        case.now += 1
        case.take(document=f"PS1-{number}")
    assert case.desk.next() is None
    assert case.desk.seconds_to_next() == pytest.approx(60 - case.now)
    case.now = 60
    rest = case.send()
    assert (rest.count, rest.more) == (28, 18)
    assert rest.documents == tuple(f"PS1-{number}" for number in range(2, 12))
    assert (rest.first, rest.last) == (START + timedelta(seconds=1), START + timedelta(seconds=28))


def test_after_the_rest_a_new_window_begins(case: Case):
    case.take()
    case.send()
    case.take()
    case.now = 60
    case.send()
    case.now = 119
    case.take()
    assert case.desk.next() is None
    case.now = 120
    assert case.send().count == 1


def test_kinds_targets_and_rules_are_groups_of_their_own(case: Case):
    case.take(rule="credit")
    case.take(rule="customer-match")
    case.take(target="infor:OTHER", rule="credit")
    case.take(kind="parked", rule="credit")
    assert len({case.send().group for _ in range(4)}) == 4


def test_an_alert_that_stands_for_many_counts_as_many(case: Case):
    case.take(count=5)
    case.take(count=7)
    assert case.send().count == 12


def test_the_most_urgent_goes_first(case: Case):
    case.take(kind="parked")
    case.take(kind="dead-letter", priority=3)
    assert [case.send().kind, case.send().kind] == ["dead-letter", "parked"]


def test_a_higher_priority_does_not_wait_for_the_window(case: Case):
    case.take(priority=1)
    case.send()
    case.take(priority=1)
    case.take(priority=2)
    assert (case.due().message.priority, case.send().count) == (2, 2)


def test_an_outage_grows_in_one_thread_and_its_end_closes_it(case: Case):
    messages = []
    for priority, seconds in ((1, 3), (2, 60), (3, 300)):
        case.now = seconds
        case.outage(priority, seconds)
        messages.append(case.send())
    assert case.desk.open_outages == 1
    case.now = 310
    case.over(310)
    messages.append(case.send())
    assert len({message.group for message in messages}) == 1
    assert len({message.id for message in messages}) == 4
    assert [message.priority for message in messages] == [1, 2, 3, 3]
    assert [message.kind for message in messages] == ["outage", "outage", "outage", "outage-over"]
    assert messages[-1].reason == "the target answers again; it was: answered 503"
    assert case.desk.open_outages == 0


def test_the_next_outage_is_another_thread(case: Case):
    case.outage(1, 3)
    first = case.send()
    case.over(6)
    case.send()
    case.now = 100
    case.outage(1, 3)
    assert case.send().group != first.group


def test_a_target_that_flaps_makes_one_message_a_window(case: Case):
    for _ in range(20):
        case.outage(1, 1)
        while case.desk.next() is not None:
            case.send()
        case.over(1)
        while case.desk.next() is not None:
            case.send()
        case.now += 1
    assert len(case.told) == 2
    case.now = 61
    assert (case.due().message.kind, case.send().count) == ("outage-over", 38)


def test_the_end_of_an_outage_that_nobody_was_told_of_is_told_with_it(case: Case):
    case.outage(1, 3)
    case.outage(2, 60)
    case.over(70)
    message = case.send()
    assert (message.kind, message.priority, message.count, message.seconds) == ("outage-over", 2, 3, 70)
    assert case.desk.next() is None


def test_below_the_least_priority_nobody_is_told_until_the_outage_grows():
    case = Case(min_priority=2)
    case.take(priority=1)
    case.outage(1, 3)
    assert (case.desk.next(), len(case.told)) == (None, 2)
    case.outage(2, 60)
    assert case.send().priority == 2
    case.over(70)
    assert (case.due().message.kind, case.send().priority) == ("outage-over", 2)


def test_a_short_outage_below_the_least_priority_ends_unsaid():
    case = Case(min_priority=2)
    case.outage(1, 3)
    case.over(6)
    assert (case.desk.next(), len(case.told), case.desk.open_outages) == (None, 2, 0)


def test_an_alert_is_told_only_when_its_message_is_settled(case: Case):
    first = case.take()
    outgoing = case.due()
    late = case.take()
    assert case.told == []
    case.desk.settle(outgoing)
    assert (case.told, case.desk.pending) == ([first], 1)
    case.now = 60
    case.send()
    assert (case.told, case.desk.pending) == ([first, late], 0)


def test_what_is_not_delivered_stays_due_and_takes_up_what_comes(case: Case):
    case.outage(1, 3)
    assert case.due().message.priority == 1
    case.outage(4, 900)
    message = case.due().message
    assert (message.priority, message.count, message.seconds) == (4, 2, 900)


def test_a_message_that_is_refused_again_and_again_is_given_up_and_others_pass(case: Case):
    case.take()
    for _ in range(TIMES_REFUSED - 1):
        assert case.desk.refuse(case.due()) is False
    assert case.told == []
    assert case.desk.refuse(case.due()) is True
    assert len(case.told) == 1
    case.take(kind="parked")
    assert case.send().kind == "parked"


def test_a_successor_goes_on_with_the_thread_of_an_open_outage(case: Case):
    before = [case.outage(1, 3), case.outage(2, 60)]
    thread = case.send().group
    case.desk = case.successor()
    case.desk.restore([case.alert("held"), *before])
    assert case.desk.open_outages == 1
    case.over(70)
    message = case.send()
    assert (message.kind, message.group, message.priority) == ("outage-over", thread, 2)


def test_a_successor_leaves_outages_that_are_over(case: Case):
    before = [case.outage(1, 3), case.over(6)]
    case.desk = case.successor()
    case.desk.restore(before)
    assert (case.desk.open_outages, case.desk.next()) == (0, None)


def test_the_end_of_an_unknown_outage_is_told(case: Case):
    case.over(6)
    assert case.send().kind == "outage-over"


def test_a_message_of_before_a_rebalance_does_not_count_what_came_after_it(case: Case):
    case.take()
    outgoing = case.due()
    case.desk.clear()
    case.take()
    case.desk.settle(outgoing)
    assert case.desk.pending == 1
    assert case.send().count == 1


def test_a_flood_of_ever_new_reasons_is_one_group_more(case: Case):
    for number in range(500):
        case.take(rule=f"rule-{number}", document=f"PS1-{number}")
    counts = []
    while case.desk.next() is not None:
        counts.append(case.send().count)
    assert sorted(counts) == [1] * MOST_LIKENESSES + [500 - MOST_LIKENESSES]


def test_a_crowd_does_not_wait_for_its_window(case: Case):
    case.take()
    case.send()
    for _ in range(CROWDED):
        case.take()
    assert case.send().count == CROWDED


def test_groups_with_nothing_to_say_are_forgotten(case: Case):
    for number in range(100):
        case.take(target=f"infor:{number}")
        case.send()
    case.now = 60
    case.take()
    assert len(case.desk._groups) == 1
