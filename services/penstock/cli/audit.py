"""`penstock audit`: who changed what and why, and what penstock itself left alone."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from penstock.cli.logview import LogView, body
from penstock.cli.options import Bootstrap, Json
from penstock.cli.output import console, print_json, print_table
from penstock.log.scan import Record

app = typer.Typer(no_args_is_help=True, help="What people did, and what penstock did not write.")


@app.callback()
def audit() -> None:
    """A group of commands, though it has one so far."""


@app.command(
    "list",
    epilog="Examples: `penstock audit list`, `penstock audit list --what not-written`, "
    "`penstock audit list --what 'holds release' --json`",
)
def list_(
    what: Annotated[
        str | None, typer.Option(help="Only these: not-written, pause, 'holds release', 'dlq retry', …")
    ] = None,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """The audit log, the oldest first."""
    found = select(LogView.connect(bootstrap).records("audit"), what)
    if json:
        print_json(found)
    elif found:
        print_table(("at", "who", "what", "subject", "target", "fields", "why"), (row(each) for each in found))
    else:
        console().print("nothing is in the audit log" + (f" as {what!r}" if what else ""), markup=False)


def select(records: Iterable[Record], what: str | None) -> list[dict[str, Any]]:
    """Audit records of one kind, or of all."""
    said = [body(record) for record in sorted(records, key=lambda record: record.at)]
    return [each for each in said if each and what in {None, each.get("what")}]


def row(said: dict[str, Any]) -> list[object]:
    fields = ", ".join(said.get("fields") or ())
    names = ("at", "who", "what", "subject", "target")
    return [*(said.get(name) for name in names), fields, said.get("why")]
