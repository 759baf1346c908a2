"""Event ids of what a replay writes again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from penstock.log.replays import new_run, original, replayed, run_of

AT = datetime(2026, 3, 4, 9, 6, tzinfo=UTC)
EVENT = "prestashop:1:order:41:0f3a"


def test_a_replayed_event_names_its_run_and_the_event_of_the_source():
    run = new_run(AT)
    assert run_of(replayed(EVENT, run)) == run
    assert original(replayed(EVENT, run)) == EVENT


def test_a_replay_of_a_replay_is_a_replay_of_the_sources_event():
    first, second = new_run(AT), new_run(AT + timedelta(seconds=1))
    assert replayed(replayed(EVENT, first), second) == f"{EVENT}~{second}"


def test_a_later_run_has_a_greater_name_and_no_run_the_least():
    assert new_run(AT + timedelta(seconds=1)) > new_run(AT) > run_of(EVENT)


def test_a_native_id_with_the_separator_is_no_run():
    assert run_of("clarity:acme:product:A~20260304:7") == ""
