"""`penstock dlq`: records that a stage could not work with, with their original bytes."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import typer

from penstock.cli import dlq_repair
from penstock.cli.causes import Cause
from penstock.cli.dlq_query import Place, Stage, Where, chosen_by, query_of
from penstock.cli.errors import Exit
from penstock.cli.letters import about, cause, died_at, expires, find, forward, name_of, open_letters, today
from penstock.cli.logview import LogView, Why, audit
from penstock.cli.options import Bootstrap, Json
from penstock.cli.output import console, print_json, print_table
from penstock.log.scan import Record

app = typer.Typer(no_args_is_help=True, help="Dead letters: original bytes, the reason, and ways out.")
dlq_repair.register(app)


@app.command("list", epilog="Examples: `penstock dlq list`, `penstock dlq list --where class=BadValue,since=2h --json`")
def list_(stage: Stage = None, where: Where = "", bootstrap: Bootstrap = None, json: Json = False) -> None:
    """Dead letters whose event has no final fate and that nobody has dealt with, the oldest first.

    Exit code 1 when there are any.
    """
    query = query_of(where, today())
    found = [about(record) for record in chosen_by(query, open_letters(LogView.connect(bootstrap), stage))]
    if json:
        print_json(found)
    elif found:
        columns = ("place", "at", "from", "error class", "error", "attempts", "kept until")
        names = ("place", "at", "from", "error_class", "error", "attempts", "kept_until")
        print_table(columns, ([letter[name] for name in names] for letter in found))
    else:
        console().print("no dead letters")
    if found:
        raise typer.Exit(Exit.NO)


@app.command(epilog="Examples: `penstock dlq groups`, `penstock dlq groups --stage processors --json`")
def groups(stage: Stage = None, where: Where = "", bootstrap: Bootstrap = None, json: Json = False) -> None:
    """Open dead letters by cause: how many, since when, an example, and what to do. Exit code 1 when there are any."""
    query = query_of(where, today())
    found = grouped(chosen_by(query, open_letters(LogView.connect(bootstrap), stage)))
    if json:
        print_json(found)
    else:
        for group in found:
            _print_group(group)
        if not found:
            console().print("no dead letters")
    if found:
        raise typer.Exit(Exit.NO)


def grouped(letters: Sequence[Record]) -> list[dict[str, Any]]:
    """One entry per cause, the most frequent first."""
    by_cause: dict[Cause, list[Record]] = defaultdict(list)
    for letter in letters:
        by_cause[cause(letter)].append(letter)
    out = []
    for each, found in sorted(by_cause.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        found.sort(key=died_at)
        out.append(
            {
                "cause": each.id,
                "count": len(found),
                "stage": each.stage,
                "error_class": each.error_class,
                "rule": each.rule or None,
                "message": each.message,
                "first": died_at(found[0]).isoformat(timespec="seconds"),
                "last": died_at(found[-1]).isoformat(timespec="seconds"),
                "example": name_of(found[-1]),
                "remedy": each.remedy,
            }
        )
    return out


def _print_group(group: dict[str, Any]) -> None:
    out = console()
    out.print(
        f"{group['count']} × {group['error_class']} in {group['stage']}, cause {group['cause']}",
        markup=False,
        style="bold",
    )
    said = group["message"] or f"rule {group['rule']}"
    out.print(f"  {said}", markup=False)
    out.print(f"  from {group['first']} to {group['last']}, for example {group['example']}", markup=False)
    out.print(f"  {group['remedy']}", markup=False)
    out.print(f"  all of them: penstock dlq retry --where cause={group['cause']} --why '…'", markup=False)
    out.print()


@app.command(
    epilog="Examples: `penstock dlq show processors-2-17`, `penstock dlq show processors-2-17 --document`, "
    "`penstock dlq show processors-2-17 --bytes > raw`"
)
def show(
    place: Place,
    document: Annotated[
        bool, typer.Option("--document", help="With the document and the values of its fields: personal data.")
    ] = False,
    original: Annotated[
        bool, typer.Option("--bytes", help="Write the original bytes to stdout, nothing else.")
    ] = False,
    flow: Annotated[str | None, typer.Option(help="Flow whose mappings are traced; default: the letter's own.")] = None,
    env: Annotated[str, typer.Option(help="Name of a file in flows/FLOW/env/.")] = "sandbox",
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """What, where, why, what to do, and how each field came about; values only with --document."""
    view = LogView.connect(bootstrap)
    record = find(view, place)
    if original:
        typer.get_binary_stream("stdout").write(record.value or b"")
        return
    from penstock.cli.dlq_show import print_letter, story_of  # noqa: PLC0415 - it loads flows and mappings

    told = story_of(view, record, flow, env, document=document)
    if json:
        print_json(told)
    else:
        print_letter(told)


@app.command(epilog="Examples: `penstock dlq keep --why 'weekly'`, `penstock dlq keep --days 60 --why 'on leave'`")
def keep(
    why: Why,
    days: Annotated[int, typer.Option(help="Those that would expire within so many days.", min=1)] = 30,
    stage: Stage = None,
    bootstrap: Bootstrap = None,
) -> None:
    """Copy open dead letters forward before they expire; run it weekly, for example from cron."""
    view = LogView.connect(bootstrap)
    until = today() + timedelta(days=days)
    chosen = [record for record in open_letters(view, stage) if (end := expires(record)) is not None and end < until]
    for record in chosen:
        name = name_of(record)
        # the copy first: it names the letter whose place it takes, so that a crash loses none and shows none twice
        view.send([forward(record), audit("dlq keep", name, why)])
        console().print(f"kept {name}", markup=False)
    if not chosen:
        console().print(f"no open dead letter expires within {days} days")
