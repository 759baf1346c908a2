"""Runs of `penstock replay` on the topic `control`: one at a time on a target, and none forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from penstock.log.kafka import KafkaSettings
from penstock.log.topics import Topic
from penstock.replay import runs as replay_runs
from penstock.replay.errors import RefusedError
from penstock.replay.runs import Run, Runs, new

pytestmark = [pytest.mark.kafka, pytest.mark.topics("control")]


@pytest.fixture
def runs(kafka: KafkaSettings, topics: Sequence[Topic]) -> Runs:
    return Runs(kafka)


def run(name: str, *targets: str) -> Run:
    return new(name, "resync", "f", "sandbox", targets=targets, selection={}, options={}, who="ann", why="restored")


def test_a_second_run_on_a_target_is_refused_until_the_first_is_at_its_end(runs: Runs):
    runs.begin(run("one", "infor:DALS", "infor:PARI"))
    with pytest.raises(RefusedError, match=r"one \(resync, ann: restored\) works on infor:DALS"):
        runs.begin(run("two", "infor:DALS"))
    assert [each.name for each in runs.open_runs()] == ["one"], "the one that was refused leaves nothing behind"
    runs.begin(run("three", "sage100:ABC"))
    runs.end("one")
    runs.begin(run("four", "infor:DALS"))


def test_of_runs_that_begin_at_the_same_moment_one_begins(kafka: KafkaSettings, topics: Sequence[Topic]):
    def begin(number: int) -> bool:
        try:
            Runs(kafka).begin(run(f"run-{number}", "infor:DALS"))
        except RefusedError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        begun = list(pool.map(begin, range(6)))
    assert begun.count(True) == 1
    assert len(Runs(kafka).open_runs()) == 1


def test_a_run_keeps_its_rank_when_it_gives_signs_of_life(runs: Runs, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(replay_runs, "BEAT_SECONDS", 0.01)
    first = runs.begin(run("one", "infor:DALS"))
    beaten = first.beat
    with runs.beating(first):
        while runs.find("one").beat == beaten:
            pass
    assert runs.find("one").claim == first.claim
    with pytest.raises(RefusedError):
        runs.begin(run("two", "infor:DALS"))


def test_a_run_is_resumed_when_it_is_dead_and_not_before(runs: Runs, monkeypatch: pytest.MonkeyPatch):
    first = runs.begin(run("one", "infor:DALS"))
    with pytest.raises(RefusedError, match="sign of life"):
        runs.resume("one")
    monkeypatch.setattr(replay_runs, "DEAD_SECONDS", 0.0)
    assert runs.resume("one") == first
    with pytest.raises(RefusedError, match="no run 'two' is open; there are: one"):
        runs.resume("two")
