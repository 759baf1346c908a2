"""The table of `penstock alerts list`."""

from datetime import UTC, datetime, timedelta

import pytest

from penstock.alerts.alert import Alert
from penstock.cli.alerts import grouped, span
from penstock.cli.errors import CommandError

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def test_an_outage_and_its_end_are_one_row_with_the_highest_priority() -> None:
    rows = grouped(
        [
            Alert(at(0), "outage", "infor:DALS", 1, "answered 503", seconds=3),
            Alert(at(60), "outage", "infor:DALS", 2, "answered 502", seconds=63),
            Alert(at(70), "outage-over", "infor:DALS", 1, "the target answers again", seconds=73),
            Alert(at(100), "outage", "infor:DALS", 1, "answered 500", seconds=3),
        ]
    )
    assert [(row["count"], row["priority"], row["kind"], row["reason"]) for row in rows] == [
        (3, 2, "outage-over", "answered 502; over after 1 min"),
        (1, 1, "outage", "answered 500"),
    ]
    assert (rows[0]["first"], rows[0]["last"]) == (at(0), at(70))


def test_an_end_without_a_beginning_says_so_much() -> None:
    [row] = grouped([Alert(at(0), "outage-over", "infor:DALS", 1, "the target answers again", seconds=7)])
    assert row["reason"] == "the target answers again; over after 7 s"


def test_alerts_of_one_rule_are_one_row_and_count_what_they_stand_for() -> None:
    rows = grouped(
        [
            Alert(at(0), "held", "sage100:ABC", 1, "owes 12", rule="credit", document="CL1-1"),
            Alert(at(5), "held", "sage100:ABC", 2, "owes 13", rule="credit", document="CL1-2", count=3),
            Alert(at(3), "held", "sage100:ABC", 1, "who", rule="customer-match"),
        ]
    )
    assert [(row["count"], row["priority"], row["reason"]) for row in rows] == [(1, 1, "who"), (4, 2, "owes 13")]


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h", 3600), ("7d", 604_800)])
def test_a_length_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["1", "h", "-1h", "1 week", ""])
def test_another_text_is_wrong_usage(text: str) -> None:
    with pytest.raises(CommandError, match="30m"):
        span(text)
