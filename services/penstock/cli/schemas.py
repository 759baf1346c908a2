"""`penstock schemas`: the Avro schemas of the canonical topics."""

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.errors import CommandError
from penstock.cli.options import Json, Registry, reachable, registry
from penstock.cli.output import print_json
from penstock.log import schemas as files

app = typer.Typer(no_args_is_help=True, help="The Avro schemas in schemas/avro.")

Folder = Annotated[Path | None, typer.Option("--folder", help="Another folder of .avsc files.")]
Baseline = Annotated[Path | None, typer.Option("--baseline", help="Another folder of released versions.")]


@app.command(epilog="Example: `penstock schemas check` (CI runs it)")
def check(folder: Folder = None, baseline: Baseline = None, json: Json = False) -> None:
    """Every field documented, and compatible in both directions with every released version. Exit code 1 if not."""
    with reachable():
        problems = files.check(folder, baseline)
    if json:
        print_json({"ok": not problems, "problems": problems})
        raise typer.Exit(1 if problems else 0)
    if problems:
        raise CommandError("\n".join(problems))
    typer.echo("the schemas may be released")


@app.command(epilog="Example: `penstock schemas release`, then commit schemas/baseline")
def release(folder: Folder = None, baseline: Baseline = None) -> None:
    """Keep the present schemas as released versions: what comes later must be compatible with them."""
    with reachable():
        if problems := files.check(folder, baseline):
            raise CommandError("\n".join(problems))
        written = files.release(folder, baseline)
    for path in written:
        typer.echo(f"wrote {path}")


@app.command(epilog="Example: `penstock schemas register --registry http://127.0.0.1:8081`")
def register(registry_url: Registry = None, folder: Folder = None, json: Json = False) -> None:
    """Register what the registry does not have, and hold each subject to FULL_TRANSITIVE. May be repeated."""
    with reachable():
        schemas = files.load_schemas(folder)
        ids = registry(registry_url).register_all(schemas)
    if json:
        print_json({schemas[name].subject: number for name, number in ids.items()})
        return
    for name, number in ids.items():
        typer.echo(f"{schemas[name].subject} {number}")
