"""`penstock audit`: do the books balance; who changed what and why, and what penstock itself left alone."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from penstock.audit.kafkalog import KafkaLog
from penstock.audit.listing import NotListedError
from penstock.audit.model import Statement, Window
from penstock.audit.run import Audit, Times
from penstock.cli.alerts import span
from penstock.cli.audit_view import record_of, show, show_revenue
from penstock.cli.errors import CommandError, Exit
from penstock.cli.flow import load
from penstock.cli.flow_part import all_flows
from penstock.cli.logview import LogView, body
from penstock.cli.options import Bootstrap, Json, Registry, reachable, registry
from penstock.cli.output import console, print_json, print_table
from penstock.cli.run import DEFAULT_ENV
from penstock.log.kafka import KafkaSettings
from penstock.log.scan import Record
from penstock.log.wire import Codec

EXAMPLES = 10
"""Ids of a record that the table shows; `--json` has all."""

app = typer.Typer(no_args_is_help=True, help="Do the books balance; what people did, and what penstock did not write.")

Flows = Annotated[
    list[str] | None, typer.Option("--flow", help="Folder in flows/; give it again for more. Default: all.")
]
Env = Annotated[str, typer.Option("--env", help="Name of a file in flows/FLOW/env/.")]
Since = Annotated[str | None, typer.Option(help="From then on: 2026-03-01, 2026-03-01T06:00:00+01:00, or 7d ago.")]
Until = Annotated[str | None, typer.Option(help="Before then, as --since. A day begins at midnight UTC.")]


@app.command(
    epilog="Examples: `penstock audit run`, `penstock audit run --flow prestashop-infor --since 7d`, "
    "`penstock audit run --every 3600 --json`"
)
def run(
    flow: Flows = None,
    env: Env = DEFAULT_ENV,
    since: Since = None,
    until: Until = None,
    every: Annotated[float | None, typer.Option(min=1, help="Again and again, so many seconds apart.")] = None,
    grace: Annotated[float, typer.Option(min=0, help="Seconds that an event may be without a fate.")] = 300.0,
    bootstrap: Bootstrap = None,
    registry_url: Registry = None,
    json: Json = False,
) -> None:
    """Compare the log with what all systems list: every event, document, amount and state. Nothing is changed.

    Each statement goes to the topic `audit`. Exit code 1 when anything differs.
    """
    names = flow or all_flows(env)
    times = Times(grace=grace)
    while True:
        began = time.monotonic()
        try:
            statements = [audited(name, env, window_of(since, until), times, bootstrap, registry_url) for name in names]
        except CommandError as error:
            if every is None or error.code != Exit.UNREACHABLE:
                raise
            console(stderr=True).print(f"penstock: {error}", markup=False)
            statements = []
        tell(statements, json=json)
        if every is None:
            break
        time.sleep(max(0.0, every - (time.monotonic() - began)))
    if any(not statement.balanced for statement in statements):
        raise typer.Exit(Exit.NO)


@app.command(epilog="Examples: `penstock audit revenue --since 30d`, `penstock audit revenue --json`")
def revenue(
    flow: Flows = None,
    env: Env = DEFAULT_ENV,
    since: Since = None,
    until: Until = None,
    bootstrap: Bootstrap = None,
    registry_url: Registry = None,
    json: Json = False,
) -> None:
    """Orders, invoices and payments per shop and day, and every open item with its reason."""
    window = window_of(since, until)
    statements = [audited(name, env, window, Times(), bootstrap, registry_url) for name in flow or all_flows(env)]
    if json:
        print_json([{name: each.as_json()[name] for name in ("flow", "revenue", "open_items")} for each in statements])
    else:
        for statement in statements:
            show_revenue(statement.as_json())


@app.command(epilog="Examples: `penstock audit statement`, `penstock audit statement --last 7 --json`")
def statement(
    last: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    flow: Annotated[str | None, typer.Option(help="Only of this flow.")] = None,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """The last statements, as they were recorded. Exit code 1 when the newest of them has differences."""
    said = select(LogView.connect(bootstrap).records("audit"), "statement")
    found = [each["statement"] for each in said if flow in {None, each["statement"]["flow"]}][-last:]
    if json:
        print_json(found)
    elif not found:
        console().print("no statement has been recorded: `penstock audit run` makes one")
    for each in [] if json else found:
        show(each)
    if found and not found[-1]["balanced"]:
        raise typer.Exit(Exit.NO)


@app.command(
    "list",
    epilog="Examples: `penstock audit list`, `penstock audit list --what not-written`, "
    "`penstock audit list --what 'holds release' --json`",
)
def list_(
    what: Annotated[
        str | None, typer.Option(help="Only these: not-written, gap, pause, 'holds release', 'dlq retry', …")
    ] = None,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """The audit log, the oldest first."""
    found = select(LogView.connect(bootstrap).records("audit"), what)
    if json:
        print_json(found)
    elif found:
        print_table(("at", "who", "what", "subject", "target", "fields, ids", "why"), (row(each) for each in found))
    else:
        console().print("nothing is in the audit log" + (f" as {what!r}" if what else ""), markup=False)


def audited(
    name: str, env: str, window: Window, times: Times, bootstrap: str | None, registry_url: str | None
) -> Statement:
    """Audits one flow and records the statement. Raises CommandError."""
    flow = load(name, env)
    settings = KafkaSettings.from_env(bootstrap=bootstrap or flow.env.kafka.bootstrap)
    view = LogView(settings)
    with reachable():
        codec = Codec(registry(registry_url or flow.env.registry.url))
        try:
            found = asyncio.run(Audit(flow, KafkaLog(settings, flow.name), codec, times=times).run(window))
        except NotListedError as error:
            raise CommandError(str(error), Exit.UNREACHABLE) from error
    view.send([record_of(found)])
    return found


def tell(statements: Sequence[Statement], *, json: bool) -> None:
    said = [each.as_json() for each in statements]
    if json:
        print_json(said)
        return
    for each in said:
        show(each)


def window_of(since: str | None, until: str | None) -> Window:
    """Raises CommandError."""
    return Window(moment_of("--since", since), moment_of("--until", until))


def moment_of(option: str, text: str | None) -> datetime | None:
    """A date, a time, or a length of time ago. Raises CommandError."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        try:
            return datetime.now(UTC) - span(text)
        except CommandError:
            said = f"{option} {text!r} is no moment: write 2026-03-01, 2026-03-01T06:00:00+01:00 or 7d"
            raise CommandError(said, Exit.USAGE) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def select(records: Iterable[Record], what: str | None) -> list[dict[str, Any]]:
    """Audit records of one kind, or of all."""
    said = [body(record) for record in sorted(records, key=lambda record: record.at)]
    return [each for each in said if each and what in {None, each.get("what")}]


def row(said: dict[str, Any]) -> list[object]:
    listed = said.get("fields") or said.get("ids") or ()
    more = f" and {len(listed) - EXAMPLES} more" if len(listed) > EXAMPLES else ""
    names = ("at", "who", "what", "subject", "target")
    return [*(said.get(name) for name in names), ", ".join(listed[:EXAMPLES]) + more, said.get("why")]
