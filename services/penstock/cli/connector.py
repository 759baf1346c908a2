"""`penstock connector`: which connectors there are, and the folder of a new one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.errors import CommandError, Exit
from penstock.cli.options import Json
from penstock.cli.output import console, print_json, print_table
from penstock.cli.scaffold import topic_lines, write_connector
from penstock.connectors.contract import ConnectorSpec
from penstock.connectors.reference import (
    CAPABILITIES,
    COLUMNS,
    capabilities,
    capability_rows,
    is_implemented,
    with_tables,
)
from penstock.connectors.registry import connector, names
from penstock.resources import checkout

app = typer.Typer(no_args_is_help=True, help="Which connectors there are, and the folder of a new one.")


@app.command("list", epilog="Examples: `penstock connector list`, `penstock connector list --json`")
def list_(json: Json = False) -> None:
    """What each connector reads, writes and can do, from its spec."""
    specs = [connector(name) for name in names()]
    if json:
        print_json([_as_json(spec) for spec in specs])
    else:
        print_table((*COLUMNS, *CAPABILITIES.values()), capability_rows(specs))


def _as_json(spec: ConnectorSpec) -> dict[str, object]:
    return {
        "connector": spec.system,
        "title": spec.title,
        "implemented": is_implemented(spec),
        "reads": dict(spec.reads),
        "lists": sorted(spec.lists),
        "writes": [asdict(write) for write in spec.writes],
        "capabilities": capabilities(spec.capabilities),
        "settings": list(spec.settings.model_fields),
    }


@app.command(epilog='Example: `penstock connector new acme --title "Acme Shop"`')
def new(
    name: Annotated[str, typer.Argument(help="Name of the system in ids and topics: small letters and digits.")],
    title: Annotated[str | None, typer.Option(help="Its name for people; default: the name.")] = None,
) -> None:
    """Write the folder of a connector that does nothing yet and says so, with its unit tests."""
    root = _checkout()
    written = write_connector(root, name, title or name.capitalize())
    say = console()
    for path in written:
        say.print(str(path.relative_to(root)), markup=False)
    say.print(_NEXT.format(name=name, topics=topic_lines(name)), markup=False)


_NEXT = """
The connector {name} passes the conformance suite as "not implemented". Next:
1. penstock connector docs
2. pytest tests/contract -k {name}
3. docs/connectors.md: the guide. Declare in SPEC what you have built; the suite then asks for it.
4. Once it reads or writes, these lines belong into topics.yaml, with the entities of SPEC.reads (and, if its sink
   creates customers, {name} into customer-request):
{topics}"""


@app.command()
def docs() -> None:
    """Bring the tables of docs/connectors.md up to date with the specs."""
    path = _checkout() / "docs" / "connectors.md"
    try:
        before = path.read_text(encoding="utf-8")
        after = with_tables(before, [connector(name) for name in names()])
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: {error}", Exit.USAGE) from error
    if after != before:
        path.write_text(after, encoding="utf-8")
    console().print(f"docs/connectors.md {'is as it was' if after == before else 'written'}", markup=False)


def _checkout() -> Path:
    root = checkout()
    if root is None:
        raise CommandError("penstock is installed without its sources: clone the repository", Exit.USAGE)
    return root
