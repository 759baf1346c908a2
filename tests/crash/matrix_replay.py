"""A replay of a run's orders: it must change nothing, whatever happens to it in the middle."""

import os
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime

import orjson
from tests.crash.matrix_stand import Stand

from penstock.cli.stack import PENSTOCK
from penstock.replay.runs import DEAD_SECONDS

TRIES = 4
RUN_SECONDS = 120.0


class ReplayFailedError(Exception):
    """The replay did not come to its end; the text says what it said."""


def replay(stand: Stand, since: datetime, look: Callable[[], object]) -> None:
    """Sends the orders of the run once more; goes on with the replay when it was cut off. `look` is called all along.

    Raises ReplayFailedError.
    """
    chosen = ["--flow", stand.flow, "--env", stand.stack.env, "--entity", "order", "--all"]
    chosen += ["--from", f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S}", "--yes", "--why", "certification"]
    said = ""
    for _ in range(TRIES):
        code, said = _run(stand, ["replay", "canonical", *chosen], look)
        if code == 0:
            return
        if name := _open_run(stand, look):
            _wait(DEAD_SECONDS + 1, look)
            chosen = ["--resume", name]
    raise ReplayFailedError(f"the replay did not come to its end: {said}")


def _open_run(stand: Stand, look: Callable[[], object]) -> str | None:
    code, said = _run(stand, ["replay", "runs", "--json"], look)
    runs = orjson.loads(said) if code == 0 else []
    return str(runs[0]["run"]) if runs else None


def _run(stand: Stand, arguments: list[str], look: Callable[[], object]) -> tuple[int, str]:
    env = {**os.environ, **stand.stack.variables(), **stand.environment("replay")}
    command = [*PENSTOCK, *arguments, "--bootstrap", stand.settings.bootstrap]
    out = stand.logs() / "replay.log"
    began = out.stat().st_size if out.exists() else 0
    with out.open("ab") as log:
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + RUN_SECONDS
        while process.poll() is None:
            look()
            if time.monotonic() > deadline:
                process.kill()
            time.sleep(0.1)
    with out.open("rb") as log:
        log.seek(began)
        return process.returncode, log.read().decode(errors="replace").strip()


def _wait(seconds: float, look: Callable[[], object]) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        look()
        time.sleep(0.2)
