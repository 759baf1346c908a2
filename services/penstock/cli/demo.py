"""`penstock demo`: everything on one machine, orders with trouble among them, and the books at the end."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from penstock.cli.demo_report import together
from penstock.cli.demo_run import DemoRun, Looks
from penstock.cli.demo_view import View, summary
from penstock.cli.errors import CommandError, Exit
from penstock.cli.output import console, table
from penstock.cli.run import DEFAULT_ENV
from penstock.cli.stack import PENSTOCK, PREFERRED_PORTS, Stack, all_flows
from penstock.cli.up import Stopped, rows, start_with_progress, stop_signal

app = typer.Typer(add_completion=False)

SETTLE_SECONDS = 300.0
SETTLE_SECONDS_PER_ORDER = 1.0
AUDIT_SECONDS = 300.0


@app.command(
    epilog="Examples: `penstock demo`, `penstock demo --once --orders 200 --seed 7`, "
    "`penstock demo --flow clarity-sage100 --orders 20 --json books.json`"
)
def demo(
    once: Annotated[bool, typer.Option("--once", help="End when all is settled, instead of going on.")] = False,
    orders: Annotated[int, typer.Option(min=1, help="Orders to place in each shop at the start.")] = 20,
    seed: Annotated[
        int, typer.Option(help="Same seed, same orders. The catalogue is the one that the flow's tables name.")
    ] = 7,
    flow: Annotated[
        list[str] | None, typer.Option(help="Folder in flows/; give it again for more. Default: all.")
    ] = None,
    env: Annotated[str, typer.Option(help="Name of a file in flows/FLOW/env/ with sandboxes.")] = DEFAULT_ENV,
    json: Annotated[Path | None, typer.Option("--json", help="Write the books to this file; - is stdout.")] = None,
    data: Annotated[Path | None, typer.Option(help="Keep state and logs here; default: a temporary folder.")] = None,
) -> None:
    """Start broker, registry, sandboxes and services of all flows; place orders; end with books read from the systems.

    Without --once a trickle of orders follows until Ctrl-C. Exit code 0 only if every order placed is accounted for.
    """
    out = console(stderr=json == Path("-"))
    folder = data or Path(tempfile.mkdtemp(prefix="penstock-demo-"))
    stack = Stack.load(flow or all_flows(env), env, folder, preferred=None if once else PREFERRED_PORTS)
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
            statements = audited(stack)
        finally:
            supervisor.stop()
    for statement in statements:
        out.print(f"audit of {statement['flow']}: {statement['said']}", markup=False)
    good = good and all(statement["balanced"] for statement in statements)
    report |= {"audit": statements, "restarts": supervisor.restarts, "seconds": round(time.monotonic() - began, 1)}
    if json:
        write_json(report, json)
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

    def look(looks: Looks) -> None:
        view.show(looks, time.monotonic() - began)

    with view:
        run = DemoRun(stack, seed, look, stopped)
        run.place(orders, cancels=not once)
        if not once:
            run.trickle()
            view.tell("no more orders; waiting until all is settled (Ctrl-C again to skip)")
            stopped.clear()
        looks = run.settle(enough)
        policies = {name: run.policies(look.flow) for name, look in looks.items()}
        run.close()
    report = books_of(looks, policies, seed)
    stock_wrong = {name: part["stock_wrong"] for name, part in report["flows"].items()}
    view.print(
        summary({name: each.books for name, each in looks.items()}, stock_wrong, policies, time.monotonic() - began)
    )
    for line in dict.fromkeys(line for each in looks.values() for line in (*each.books.problems, *each.unsettled)):
        view.tell(line)
    return report, all(each.books.balanced and not each.unsettled for each in looks.values())


def audited(stack: Stack) -> list[dict[str, Any]]:
    """The audit of every flow, by a command of its own: it finds the sandboxes by the environment. Raises
    CommandError when it cannot be had."""
    flows = [part for name in stack.flows for part in ("--flow", name)]
    command = [*PENSTOCK, "audit", "run", "--env", stack.env, "--json", *flows]
    done = subprocess.run(
        command, env={**os.environ, **stack.variables()}, capture_output=True, check=False, timeout=AUDIT_SECONDS
    )
    if done.returncode not in {Exit.OK, Exit.NO}:
        raise CommandError(f"penstock audit run: {done.stderr.decode(errors='replace').strip()}")
    found: list[dict[str, Any]] = orjson.loads(done.stdout)
    return found


def books_of(looks: Looks, policies: Mapping[str, Mapping[str, int]], seed: int) -> dict[str, Any]:
    """Totals of all flows, and `flows` with the same fields of each."""
    flows = {
        name: {
            **each.books.as_json(),
            "stock_wrong": len(each.flow.play.stock_wrong(each.books)),
            "policies": dict(policies[name]),
            "unsettled": list(each.unsettled),
            "seed": seed,
        }
        for name, each in looks.items()
    }
    parts = flows.values()
    counted = sum((Counter(part["policies"]) for part in parts), Counter[str]())
    return {
        **together(each.books for each in looks.values()).as_json(),
        "stock_wrong": sum(part["stock_wrong"] for part in parts),
        "policies": dict(sorted(counted.items())),
        "unsettled": [line for part in parts for line in part["unsettled"]],
        "seed": seed,
        "flows": flows,
    }


def write_json(report: dict[str, Any], file: Path) -> None:
    text = orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n"
    if file == Path("-"):
        sys.stdout.write(text)
    else:
        file.write_text(text)
