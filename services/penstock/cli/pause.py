"""`penstock pause`: stop the calls to a target, a whole flow or one entity, without losing anything."""

from typing import Annotated

import typer

from penstock.cli.logview import LogView, Why
from penstock.cli.options import Bootstrap, Json
from penstock.cli.output import console, print_json, print_table
from penstock.cli.pauses import Name, paused_now, set_pause

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Examples: `penstock pause infor:DALS --why 'month end'`, `penstock pause stock-level --why 'counting'`, "
    "`penstock pause --list`"
)
def pause(
    name: Name = "",
    why: Why = "",
    show: Annotated[bool, typer.Option("--list", help="Show what is paused now.")] = False,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """Pause a flow, a target or an entity until `penstock resume`. What arrives meanwhile waits on the log."""
    view = LogView.connect(bootstrap)
    if show or not name:
        paused = paused_now(view)
        if json:
            print_json(paused)
        else:
            columns = ("kind", "name", "why", "who", "at")
            print_table(columns, ([each[column] for column in columns] for each in paused))
        return
    kind = set_pause(view, name, why, paused=True)
    console().print(f"{kind} {name} is paused", markup=False)
