"""Named steps at which a crash test makes a process die, freeze or fail. Free while nothing is armed.

PENSTOCK_CHECKPOINT=<name>:<hit>:<action> arms one step, at its first, second, … hit. `@<file>` says the same in a file
that may come at any time; who acts takes it away, so that it counts once whatever is started again. Each hit and each
action is a line of PENSTOCK_CHECKPOINT_LOG. The actions of the broker are the harness's: it reads of them in the log,
and writes `<log>.acted` when it is done.
"""

import ast
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

ACTIONS = ("kill", "stop", "raise", "broker-kill", "broker-freeze")
VARIABLE, LOG_VARIABLE = "PENSTOCK_CHECKPOINT", "PENSTOCK_CHECKPOINT_LOG"
ACTED_SECONDS = 60.0
"""How long a step waits at most for the harness."""


class CheckpointError(Exception):
    """A step was told to fail."""


@dataclass(frozen=True, slots=True)
class Arming:
    """What is to happen, where, and at which hit (the first is 1)."""

    name: str
    hit: int
    action: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError saying how it is written."""
        name, _, rest = text.strip().partition(":")
        hit, _, action = rest.partition(":")
        if not name or not hit.isdigit() or int(hit) < 1 or action not in ACTIONS:
            raise ValueError(f"{text!r}: write <name>:<hit>:<action>, the action one of {', '.join(ACTIONS)}")
        return cls(name, int(hit), action)

    def __str__(self) -> str:
        return f"{self.name}:{self.hit}:{self.action}"


@dataclass(slots=True)
class Checkpoints:
    """The steps of this process. `source`: the file that arms; `hits` are counted from when it came."""

    log: Path | None
    arming: Arming | None = None
    source: Path | None = None
    hits: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Self | None:
        """None when the environment asks for nothing. Raises ValueError on what cannot be understood."""
        said, log = env.get(VARIABLE, ""), env.get(LOG_VARIABLE)
        if not said and not log:
            return None
        place = Path(log) if log else None
        if said.startswith("@"):
            return cls(place, source=Path(said[1:]))
        return cls(place, Arming.parse(said) if said else None)

    def reach(self, name: str) -> None:
        self._note(name)
        self._look()
        self.hits[name] += 1
        armed = self.arming
        if armed is None or armed.name != name or armed.hit != self.hits[name] or not self._claim():
            return
        self.arming = None
        self._note(f"{name} {armed.action}")
        self._act(armed)

    def _look(self) -> None:
        """Reads the file once it has come; it may have gone again, when another process has acted."""
        if self.source is None:
            return
        try:
            found = Arming.parse(self.source.read_text(encoding="ascii"))
        except FileNotFoundError:
            self.arming = None
            return
        if found != self.arming:
            self.arming = found
            self.hits.clear()

    def _claim(self) -> bool:
        if self.source is None:
            return True
        try:
            self.source.unlink()
        except FileNotFoundError:
            return False
        return True

    def _act(self, armed: Arming) -> None:
        match armed.action:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "stop":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "raise":
                raise CheckpointError(str(armed))
            case _:
                self._wait_acted()

    def _wait_acted(self) -> None:
        """Blocks the whole process, as a step that takes long would."""
        if self.log is None:
            return
        acted = self.log.with_name(f"{self.log.name}.acted")
        deadline = time.monotonic() + ACTED_SECONDS
        while not acted.exists() and time.monotonic() < deadline:
            time.sleep(0.005)

    def _note(self, text: str) -> None:
        if self.log is None:
            return
        opened = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(opened, f"{os.getpid()} {text}\n".encode())
        finally:
            os.close(opened)


_armed = Checkpoints.of(os.environ)


def reach(name: str) -> None:
    """A step of this name has been reached; `name` is `<service>.<step>`, a literal that stands nowhere else."""
    if _armed is not None:
        _armed.reach(name)


def existing(package: Path = Path(__file__).parent) -> dict[str, list[str]]:
    """Every step of the source, found without running it: name -> places, as `sinks/runner.py:120`.

    Raises ValueError where a name is not a literal.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(package.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "reach(" not in text or path == Path(__file__):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reach":
                place = f"{path.relative_to(package)}:{node.lineno}"
                match node.args:
                    case [ast.Constant(value=str(name))]:
                        found[name].append(place)
                    case _:
                        raise ValueError(f"{place}: reach() takes the name of the step as a literal")
    return dict(sorted(found.items()))
