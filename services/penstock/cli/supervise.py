"""Keeps a set of child processes running: starts them in order, starts again what died, stops them in order."""

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from penstock.cli.child import Child, ChildSpec
from penstock.cli.errors import CommandError, Exit

START_SECONDS = 180.0
STOP_SECONDS = 15.0
FIRST_BACK_OFF = 0.1
LONGEST_BACK_OFF = 10.0
SETTLED_SECONDS = 5.0
TICK = 0.05


class StartError(CommandError):
    """A child did not become ready; the text names it and ends with the tail of its log."""

    def __init__(self, child: Child, reason: str) -> None:
        super().__init__(f"{child.name} {reason}; the end of {child.log}:\n{child.tail()}", Exit.UNREACHABLE)


class Supervisor:
    """Children by name, in the order in which they were given.

    `on_event` gets one line per event worth telling (a child died, was started again, had to be killed).
    `ready_file` is written once all are ready, and again whenever a process id has changed.
    """

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        logs: Path,
        *,
        on_event: Callable[[str], None] = lambda _: None,
        ready_file: Path | None = None,
        about: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self.children = {spec.name: Child(spec, logs / f"{spec.name}.log") for spec in specs}
        self.restarts = 0
        self._on_event = on_event
        self._ready_file = ready_file
        self._about = about
        self._stopping = threading.Event()
        self._lock = threading.RLock()
        self._next_start: dict[str, float] = {}
        self._back_off: dict[str, float] = {}
        # A child dies with the thread that started it: one thread starts them all and lives until stop().
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter")
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(
        self, timeout: float = START_SECONDS, on_progress: Callable[[Sequence[Child]], None] = lambda _: None
    ) -> None:
        """Start all, each as soon as what it needs is ready; returns once all are ready.

        Raises:
            StartError: a child ended or was not ready after `timeout` seconds; the others have been stopped.
        """
        deadline = time.monotonic() + timeout
        try:
            while not self._advance(timeout, deadline):
                on_progress(list(self.children.values()))
                time.sleep(TICK)
        except BaseException:
            self.stop()
            raise
        on_progress(list(self.children.values()))
        self._announce()
        self._watcher.start()

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one child; it is started again. Gives the process id that was hit."""
        child = self.children[name]
        pid = child.pid
        if pid is None:
            raise CommandError(f"{name} has not been started")
        child.signal(number)
        if number == signal.SIGKILL:
            child.wait(STOP_SECONDS)
        return pid

    def wait_ready(self, name: str, timeout: float = START_SECONDS) -> None:
        """Wait until a child (started again) is ready. Raises StartError after `timeout` seconds."""
        child = self.children[name]
        deadline = time.monotonic() + timeout
        while not (child.alive and child.check_ready()):
            if time.monotonic() > deadline:
                raise StartError(child, f"is not ready after {timeout:.0f} s")
            time.sleep(TICK)

    def stop(self) -> None:
        """Stop all, the highest stage first; what does not end within 15 s is killed. Safe to call again."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for stage in sorted({child.spec.stage for child in self.children.values()}, reverse=True):
            self._stop_stage([child for child in self.children.values() if child.spec.stage == stage and child.alive])
        self._starter.shutdown()
        if self._ready_file:
            self._ready_file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _advance(self, timeout: float, deadline: float) -> bool:
        """Start what can be started, look what has become ready; True once all are."""
        for child in self.children.values():
            if child.starts == 0 and all(self.children[name].ready for name in child.spec.needs):
                self._start(child)
            elif child.starts and not child.check_ready() and not child.alive and child.exit_code is not None:
                raise StartError(child, child.how_it_ended())
        late = [child for child in self.children.values() if not child.ready]
        if late and time.monotonic() > deadline:
            raise StartError(late[0], f"is not ready after {timeout:.0f} s")
        return not late

    def _start(self, child: Child) -> None:
        self._starter.submit(child.start).result()

    def _stop_stage(self, children: Sequence[Child]) -> None:
        for child in children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            if not child.wait(max(0.0, deadline - time.monotonic())):
                self._tell(f"{child.name} did not stop within {STOP_SECONDS:.0f} s and was killed")
                child.signal(signal.SIGKILL)
                child.wait(STOP_SECONDS)

    def _watch(self) -> None:
        while not self._stopping.wait(TICK):
            for child in self.children.values():
                if not child.spec.once and not child.alive:
                    self._start_again(child)
                elif not child.ready:
                    child.check_ready()

    def _start_again(self, child: Child) -> None:
        """At once after a long life, later and later when it keeps dying."""
        now = time.monotonic()
        due = self._next_start.get(child.name)
        if due is None:
            if now - child.started_at > SETTLED_SECONDS:
                self._back_off.pop(child.name, None)
            wait = self._back_off.get(child.name, FIRST_BACK_OFF)
            self._back_off[child.name] = min(wait * 2, LONGEST_BACK_OFF)
            self._next_start[child.name] = now + wait
            self._tell(f"{child.name} (pid {child.pid}) {child.how_it_ended()}; starting it again in {wait:.1f} s")
        elif now >= due:
            del self._next_start[child.name]
            self._start(child)
            self.restarts += 1
            self._tell(f"{child.name} started again as pid {child.pid}")
            self._announce()

    def _announce(self) -> None:
        if self._ready_file is None:
            return
        part = self._ready_file.with_name(self._ready_file.name + ".part")
        part.write_text(json.dumps({**self._about(), "children": self.describe()}, indent=2))
        part.replace(self._ready_file)

    def describe(self) -> dict[str, dict[str, Any]]:
        """Process id, address and log of every child that stays."""
        return {
            child.name: {"pid": child.pid, "listens": child.spec.listens, "log": str(child.log)}
            for child in self.children.values()
            if not child.spec.once
        }

    def _tell(self, line: str) -> None:
        with self._lock, contextlib.suppress(BrokenPipeError):
            self._on_event(line)
