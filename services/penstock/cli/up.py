"""`penstock up`: everything that the flows need on this machine, until Ctrl-C."""

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from penstock.cli.child import Child
from penstock.cli.output import console, print_table
from penstock.cli.run import DEFAULT_ENV
from penstock.cli.stack import PREFERRED_PORTS, Stack, all_flows
from penstock.cli.supervise import Supervisor

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Examples: `penstock up`, `penstock up --flow prestashop-infor --env staging --data /var/lib/penstock`"
)
def up(
    flow: Annotated[
        list[str] | None, typer.Option(help="Folder in flows/; give it again for more. Default: all.")
    ] = None,
    env: Annotated[str, typer.Option(help="Name of a file in flows/FLOW/env/.")] = DEFAULT_ENV,
    data: Annotated[Path, typer.Option(help="Folder for state, logs and ports; kept between runs.")] = Path(
        ".penstock"
    ),
    ready_file: Annotated[
        Path | None, typer.Option(help="JSON file with addresses and process ids, written once all is ready.")
    ] = None,
) -> None:
    """Start broker, registry, sandboxes and services; start again what dies; stop all on Ctrl-C or SIGTERM.

    A system without a `sandbox:` block in the environment file is taken as it is there: nothing is started for it.
    """
    out = console()
    stack = Stack.load(flow or all_flows(env), env, data, PREFERRED_PORTS)
    supervisor = stack.supervisor(on_event=lambda line: out.print(line, markup=False), ready_file=ready_file)
    with stop_signal() as stopped:
        try:
            start_with_progress(supervisor, out, stopped)
        except Stopped:
            return
        print_table(("name", "pid", "listens", "log"), rows(supervisor))
        stopped.wait()
        out.print("stopping")
        supervisor.stop()
        out.print("stopped")


class Stopped(Exception):  # noqa: N818 not an error: the person changed their mind
    """A signal came before everything was ready; what had been started has been stopped again."""


def start_with_progress(supervisor: Supervisor, out: Console, stopped: threading.Event) -> None:
    """Start, showing who is ready: a live table on a terminal, else a line each. Raises StartError, Stopped."""
    began = time.monotonic()
    told: set[str] = set()

    def progress(children: Sequence[Child]) -> None:
        for child in children:
            if child.ready and child.name not in told:
                told.add(child.name)
                out.print(f"{child.name} ready after {time.monotonic() - began:.1f} s", markup=False)
        status.update(f"starting {', '.join(child.name for child in children if not child.ready)}")
        if stopped.is_set():
            raise Stopped

    with out.status("starting") as status:
        supervisor.start(on_progress=progress)


def rows(supervisor: Supervisor) -> list[tuple[object, ...]]:
    return [(name, about["pid"], about["listens"], about["log"]) for name, about in supervisor.describe().items()]


@contextmanager
def stop_signal() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set while inside."""
    event = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        event.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
