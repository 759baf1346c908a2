"""`penstock demo`: everything on one machine, orders with trouble among them, and the books at the end."""

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from penstock.cli.demo_play import Play
from penstock.cli.demo_report import Books
from penstock.cli.demo_run import DemoRun
from penstock.cli.demo_view import View, summary
from penstock.cli.errors import CommandError, Exit
from penstock.cli.output import console, table
from penstock.cli.run import DEFAULT_ENV, DEFAULT_FLOW
from penstock.cli.stack import PREFERRED_PORTS, Stack
from penstock.cli.up import Stopped, rows, start_with_progress, stop_signal

app = typer.Typer(add_completion=False)

SETTLE_SECONDS = 120.0
SETTLE_SECONDS_PER_ORDER = 1.0


@app.command(
    epilog="Examples: `penstock demo`, `penstock demo --once --orders 200 --seed 7`, "
    "`penstock demo --once --orders 20 --json books.json`"
)
def demo(
    once: Annotated[bool, typer.Option("--once", help="End when all is settled, instead of going on.")] = False,
    orders: Annotated[int, typer.Option(min=1, help="Orders to place at the start.")] = 20,
    seed: Annotated[int, typer.Option(help="Same seed, same catalogue and orders.")] = 7,
    flow: Annotated[str, typer.Option(help="Name of a folder in flows/.")] = DEFAULT_FLOW,
    env: Annotated[str, typer.Option(help="Name of a file in flows/FLOW/env/ with sandboxes.")] = DEFAULT_ENV,
    json: Annotated[Path | None, typer.Option("--json", help="Write the books to this file; - is stdout.")] = None,
    data: Annotated[Path | None, typer.Option(help="Keep state and logs here; default: a temporary folder.")] = None,
) -> None:
    """Start broker, registry, both sandboxes and all services; place orders; end with books read from the two systems.

    Without --once a trickle of orders follows until Ctrl-C. Exit code 0 only if every order placed is accounted for.
    """
    out = console(stderr=json == Path("-"))
    folder = data or Path(tempfile.mkdtemp(prefix="penstock-demo-"))
    stack = Stack.load(flow, env, folder, preferred=None if once else PREFERRED_PORTS, seed=seed)
    if set(stack.sandboxes) != {"prestashop", "infor"}:
        raise CommandError(
            f"the demo needs both sandboxes; {flow}/env/{env}.yaml has {list(stack.sandboxes)}", Exit.USAGE
        )
    began = time.monotonic()
    with stop_signal() as stopped:
        view = View(out)
        supervisor = stack.supervisor(on_event=view.tell)
        try:
            start_with_progress(supervisor, out, stopped)
        except Stopped:
            raise typer.Exit(Exit.NO) from None
        out.print(table(("name", "pid", "listens", "log"), rows(supervisor)))
        try:
            report, good = play(stack, seed, orders, view, stopped, once=once)
        finally:
            supervisor.stop()
    report |= {"restarts": supervisor.restarts, "seconds": round(time.monotonic() - began, 1)}
    if json:
        write_json({**report, "flows": {flow: report}}, json)
    out.print("the books balance" if good else f"the books do not balance; logs are in {folder}", markup=False)
    if good and data is None:
        shutil.rmtree(folder, ignore_errors=True)
    raise typer.Exit(Exit.OK if good else Exit.NO)


def play(
    stack: Stack, seed: int, orders: int, view: View, stopped: threading.Event, *, once: bool
) -> tuple[dict[str, Any], bool]:
    """Place the orders, see them through, print the summary; gives the report and whether all is well."""
    began = time.monotonic()
    enough = SETTLE_SECONDS + orders * SETTLE_SECONDS_PER_ORDER

    def look(play: Play, books: Books, unsettled: Sequence[str]) -> None:
        view.show(play, books, unsettled, time.monotonic() - began)

    with view:
        run = DemoRun(stack, seed, look, stopped)
        run.place(orders, cancels=not once)
        if not once:
            run.trickle()
            view.tell("no more orders; waiting until all is settled (Ctrl-C again to skip)")
            stopped.clear()
        books, unsettled = run.settle(enough)
        stock_wrong = len(run.play.snapshot.stock_wrong(run.play.dead_lettered(books)))
        run.close()
    view.print(summary(books, stock_wrong, time.monotonic() - began))
    for line in dict.fromkeys([*books.problems, *unsettled]):
        view.tell(line)
    report = {**books.as_json(), "stock_wrong": stock_wrong, "unsettled": list(unsettled), "seed": seed}
    return report, books.balanced and not unsettled


def write_json(report: dict[str, Any], file: Path) -> None:
    text = orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n"
    if file == Path("-"):
        sys.stdout.write(text)
    else:
        file.write_text(text)
