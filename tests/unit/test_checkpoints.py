"""Steps cost nothing when off, act once when armed, and are known without running anything."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from penstock import checkpoints
from penstock.checkpoints import LOG_VARIABLE, VARIABLE, Arming, CheckpointError, Checkpoints, existing, reach
from tests.crash.matrix_plan import places, plan


def armed(tmp_path: Path, text: str) -> Checkpoints:
    made = Checkpoints.of({VARIABLE: text, LOG_VARIABLE: str(tmp_path / "log")})
    assert made is not None
    return made


def lines(tmp_path: Path) -> list[str]:
    return [line.partition(" ")[2] for line in (tmp_path / "log").read_text().splitlines()]


def test_nothing_is_armed_unless_the_environment_says_so():
    assert Checkpoints.of({}) is None
    assert checkpoints._armed is None
    reach("sinks.taken")


def test_a_step_fails_at_the_hit_that_was_named_and_only_there(tmp_path: Path):
    steps = armed(tmp_path, "sinks.taken:2:raise")
    steps.reach("sinks.taken")
    steps.reach("sinks.ended")
    with pytest.raises(CheckpointError, match=r"sinks\.taken:2:raise"):
        steps.reach("sinks.taken")
    steps.reach("sinks.taken")
    assert lines(tmp_path) == [
        "sinks.taken",
        "sinks.ended",
        "sinks.taken",
        "sinks.taken raise",
        "sinks.taken",
    ]


def test_a_file_arms_a_process_that_runs_and_goes_when_it_has_acted(tmp_path: Path):
    file = tmp_path / "armed"
    steps = armed(tmp_path, f"@{file}")
    steps.reach("sinks.taken")
    file.write_text("sinks.taken:1:raise")
    with pytest.raises(CheckpointError):
        steps.reach("sinks.taken")
    assert not file.exists()
    steps.reach("sinks.taken")


def test_a_file_that_another_process_has_taken_away_does_nothing(tmp_path: Path):
    file = tmp_path / "armed"
    steps = armed(tmp_path, f"@{file}")
    file.write_text("sinks.taken:2:raise")
    steps.reach("sinks.taken")
    file.unlink()
    steps.reach("sinks.taken")


def test_a_step_of_the_broker_waits_until_the_harness_has_acted(tmp_path: Path):
    steps = armed(tmp_path, "sinks.taken:1:broker-kill")
    (tmp_path / "log.acted").touch()
    steps.reach("sinks.taken")
    assert lines(tmp_path) == ["sinks.taken", "sinks.taken broker-kill"]


def test_a_killed_process_has_said_so_first(tmp_path: Path):
    env = {**os.environ, VARIABLE: "a.b:1:kill", LOG_VARIABLE: str(tmp_path / "log")}
    code = "from penstock.checkpoints import reach; reach('a.b')"
    done = subprocess.run([sys.executable, "-c", code], env=env, check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL
    assert lines(tmp_path) == ["a.b", "a.b kill"]


@pytest.mark.parametrize(
    "text", ["sinks.taken", "sinks.taken:0:kill", "sinks.taken:x:kill", "sinks.taken:1:burn", ":1:kill"]
)
def test_what_cannot_be_understood_is_refused(text: str):
    with pytest.raises(ValueError, match="write <name>:<hit>:<action>"):
        Arming.parse(text)


def test_every_step_of_the_source_has_a_name_of_its_own():
    found = existing()
    assert found
    assert {name: where for name, where in found.items() if len(where) > 1} == {}


def test_a_name_that_is_no_literal_is_refused(tmp_path: Path):
    (tmp_path / "part.py").write_text('step = "a.b"\nreach(step)\n')
    with pytest.raises(ValueError, match=r"part\.py:2"):
        existing(tmp_path)


def test_the_matrix_has_every_step_with_every_fault():
    steps = list(existing())
    runs = plan(steps, seed=1)
    first = {(run.service, run.arming.name, run.arming.action) for run in runs if run.arming.hit == 1}
    assert first == {(service, name, action) for service, name in places(steps) for action in checkpoints.ACTIONS}
    assert {run.arming.hit for run in runs} == {1, 2, 3}
    assert runs == plan(steps, seed=1)
    assert runs != plan(steps, seed=2)
