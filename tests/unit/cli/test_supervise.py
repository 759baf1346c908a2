import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penstock.cli.child import ChildSpec
from penstock.cli.ports import Ports
from penstock.cli.supervise import StartError, Supervisor

NOTE = "import pathlib, signal, sys, time\nnote = pathlib.Path(sys.argv[1]).open('a')\n"
SLEEP = NOTE + "pathlib.Path(sys.argv[2]).touch()\ntime.sleep(600)"


def sleeper(tmp_path: Path, name: str, stage: int = 1, needs: tuple[str, ...] = (), code: str = SLEEP) -> ChildSpec:
    ready = tmp_path / f"{name}.ready"
    argv = (sys.executable, "-c", code, str(tmp_path / "notes"), str(ready), name)
    return ChildSpec(name, argv, stage, needs, ready_file=ready)


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def made(tmp_path: Path, lines: list[str]) -> Iterator[Callable[..., Supervisor]]:
    supervisors: list[Supervisor] = []

    def make(*specs: ChildSpec, **more: object) -> Supervisor:
        supervisor = Supervisor(specs, tmp_path / "logs", on_event=lines.append, **more)  # type: ignore[arg-type]  # given by name
        supervisors.append(supervisor)
        return supervisor

    yield make
    for supervisor in supervisors:
        supervisor.stop()


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "Z"


def test_a_child_that_was_killed_is_started_again_and_the_log_says_so(
    tmp_path: Path, made: Callable[..., Supervisor], lines: list[str]
) -> None:
    supervisor = made(sleeper(tmp_path, "sinks"), ready_file=tmp_path / "ready.json")
    supervisor.start()
    first = supervisor.kill("sinks")
    until(lambda: supervisor.children["sinks"].pid != first)
    supervisor.wait_ready("sinks")
    assert supervisor.restarts == 1
    assert any("sinks" in line and "SIGKILL" in line for line in lines)
    until(lambda: json.loads((tmp_path / "ready.json").read_text())["children"]["sinks"]["pid"] != first)


def test_a_child_waits_for_what_it_needs(tmp_path: Path, made: Callable[..., Supervisor]) -> None:
    slow = "import time\ntime.sleep(0.5)\n" + SLEEP
    supervisor = made(sleeper(tmp_path, "late", needs=("early",)), sleeper(tmp_path, "early", code=slow))
    supervisor.start()
    late, early = supervisor.children["late"], supervisor.children["early"]
    assert late.started_at >= early.started_at + 0.5


def test_a_child_that_fails_at_the_start_is_named_with_the_end_of_its_log_and_the_others_stop(
    tmp_path: Path, made: Callable[..., Supervisor]
) -> None:
    bad = ChildSpec(
        "registry",
        (sys.executable, "-c", "print('port taken'); raise SystemExit(4)"),
        1,
        ("broker",),
        ready_file=tmp_path / "never",
    )
    supervisor = made(sleeper(tmp_path, "broker"), bad)
    with pytest.raises(StartError, match=r"registry ended with exit code 4(.|\n)*port taken"):
        supervisor.start()
    assert not supervisor.children["broker"].alive


def test_a_child_that_never_becomes_ready_is_named(tmp_path: Path, made: Callable[..., Supervisor]) -> None:
    supervisor = made(sleeper(tmp_path, "sinks", code="import time; print('loading', flush=True); time.sleep(600)"))
    with pytest.raises(StartError, match="sinks is not ready after 1 s"):
        supervisor.start(timeout=1)


def test_a_task_that_runs_once_is_ready_when_it_ends_well(tmp_path: Path, made: Callable[..., Supervisor]) -> None:
    once = ChildSpec("topics", (sys.executable, "-c", "pass"), 1, once=True)
    supervisor = made(once, sleeper(tmp_path, "sinks", needs=("topics",)))
    supervisor.start()
    assert "topics" not in supervisor.describe()


def test_children_stop_from_the_last_stage_to_the_first(tmp_path: Path, made: Callable[..., Supervisor]) -> None:
    code = NOTE + (
        "def end(*_):\n    note.write(sys.argv[3] + '\\n'); note.flush(); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\npathlib.Path(sys.argv[2]).touch()\ntime.sleep(600)"
    )
    supervisor = made(
        sleeper(tmp_path, "broker", 1, code=code),
        sleeper(tmp_path, "registry", 2, code=code),
        sleeper(tmp_path, "sinks", 3, code=code),
    )
    supervisor.start()
    supervisor.stop()
    assert (tmp_path / "notes").read_text().split() == ["sinks", "registry", "broker"]


def test_a_child_that_does_not_stop_is_killed(
    tmp_path: Path, made: Callable[..., Supervisor], lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.cli.supervise.STOP_SECONDS", 0.3)
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEP
    supervisor = made(sleeper(tmp_path, "sinks", code=deaf))
    supervisor.start()
    supervisor.stop()
    assert not supervisor.children["sinks"].alive
    assert any("was killed" in line for line in lines)


def test_children_die_with_their_parent(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from penstock.cli.child import ChildSpec; from penstock.cli.supervise import Supervisor\n"
        "spec = ChildSpec('sinks', (sys.executable, '-c', 'import time; time.sleep(600)'), 1)\n"
        "supervisor = Supervisor([spec], Path(sys.argv[1])); supervisor.start()\n"
        "print(supervisor.children['sinks'].pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until(lambda: is_gone(pid))


def test_an_answer_is_kept_in_a_file_before_others_start(tmp_path: Path, made: Callable[..., Supervisor]) -> None:
    port = Ports(tmp_path / "ports.json").get("web")
    (tmp_path / "ionapi").write_text('{"ti": "ACME"}')
    url = f"http://127.0.0.1:{port}/ionapi"
    argv = (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path))
    web = ChildSpec("infor", argv, 1, ready_url=url, keep=(url, tmp_path / "kept"))
    made(web).start()
    assert (tmp_path / "kept").read_text() == '{"ti": "ACME"}'
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0


def test_ports_are_the_same_the_next_time(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports.json")
    given = {name: first.get(name) for name in ("a", "b")}
    again = Ports(tmp_path / "ports.json")
    assert {name: again.get(name) for name in ("a", "b")} == given
    assert given["a"] != given["b"]
