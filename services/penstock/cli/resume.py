"""`penstock resume`: go on after `penstock pause`."""

import typer

from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import LogView, Why
from penstock.cli.options import Bootstrap
from penstock.cli.output import console
from penstock.cli.pauses import Name, paused_now, set_pause

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: `penstock resume infor:DALS --why 'month end is done'`")
def resume(name: Name, why: Why, bootstrap: Bootstrap = None) -> None:
    """Go on with a flow, a target or an entity. Exit code 1 when it is not paused."""
    view = LogView.connect(bootstrap)
    if not any(each["name"] == name for each in paused_now(view)):
        raise CommandError(f"{name} is not paused; `penstock pause --list` shows what is", Exit.NO)
    kind = set_pause(view, name, why, paused=False)
    console().print(f"{kind} {name} goes on", markup=False)
