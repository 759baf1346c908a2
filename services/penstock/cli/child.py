"""One child process of the supervisor: how it is started, when it is ready, how it is stopped."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx

# The children may not outlive their parent. Looked up here, because nothing may be loaded after the fork.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run. `stage` orders the stop: the highest goes first. `needs` are children that must be ready before.

    Ready is: the exit code 0 of a `once` child, else that `ready_file` exists, `ready_url` answers 200 and what the
    URL of `keep` answers is in its file, as far as given.
    """

    name: str
    argv: tuple[str, ...]
    stage: int
    needs: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
    ready_file: Path | None = None
    ready_url: str | None = None
    keep: tuple[str, Path] | None = None
    listens: str = ""


class Child:
    """The process of a spec, started any number of times. Its output is appended to `log`."""

    def __init__(self, spec: ChildSpec, log: Path) -> None:
        self.spec = spec
        self.log = log
        self.starts = 0
        self.started_at = 0.0
        self.ready = False
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def pid(self) -> int | None:
        """Process id of the latest start; None before the first."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """As of subprocess: negative for a signal; None while it runs."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Call it from a thread that outlives the child: the kernel counts the parent's thread, not its process."""
        if self.spec.ready_file:
            self.spec.ready_file.unlink(missing_ok=True)
        self.ready = False
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.spec.argv,
                env={**os.environ, **self.spec.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # Ctrl-C is for the supervisor, which stops the children in order
                preexec_fn=_die_with_parent if _PRCTL else None,  # noqa: PLW1509 it makes one system call, no lock
            )
        self.starts += 1
        self.started_at = time.monotonic()

    def check_ready(self) -> bool:
        """Whether it has become ready; looks only until it has."""
        if not self.ready:
            self.ready = self.exit_code == 0 if self.spec.once else self.alive and self._answers()
        return self.ready

    def signal(self, number: signal.Signals) -> None:
        """To the child and whatever it started; nothing when it has ended."""
        if self.alive and self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def wait(self, timeout: float) -> bool:
        """Whether it has ended within `timeout` seconds."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def tail(self, lines: int = 15) -> str:
        if not self.log.is_file():
            return "(no output)"
        kept = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(kept) or "(no output)"

    def how_it_ended(self) -> str:
        code = self.exit_code
        if code is None:
            return "is running"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def _answers(self) -> bool:
        if self.spec.ready_file and not self.spec.ready_file.is_file():
            return False
        try:
            if self.spec.ready_url and _client().get(self.spec.ready_url).status_code != httpx.codes.OK:
                return False
            return self._keep()
        except httpx.HTTPError:
            return False

    def _keep(self) -> bool:
        if self.spec.keep is None:
            return True
        url, file = self.spec.keep
        answer = _client().get(url)
        if answer.status_code != httpx.codes.OK:
            return False
        file.touch(mode=0o600)
        file.write_bytes(answer.content)
        return True


@cache
def _client() -> httpx.Client:
    return httpx.Client(timeout=2.0, trust_env=False)


def _die_with_parent() -> None:
    if _PRCTL:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)
