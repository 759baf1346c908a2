"""`penstock trace`: the whole way of an order, found by any of its numbers."""

from typing import Annotated, Any

import typer
from rich.console import Console

from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import LogView
from penstock.cli.options import Bootstrap, Json, Registry, reachable
from penstock.cli.options import registry as registry_client
from penstock.cli.output import console, print_json, table
from penstock.cli.story import Story, Storyteller
from penstock.log.fates import collapse
from penstock.log.wire import Codec

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Examples: `penstock trace PS1-41`, `penstock trace 1Z999AA10123456784`, `penstock trace 41 --json`"
)
def trace(
    number: Annotated[
        str,
        typer.Argument(
            help="Our reference, the shop's reference or id, the ERP's order number, a tracking or invoice number, or a"
            " canonical id."
        ),
    ],
    registry: Registry = None,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """Raw, canonical, rules, attempts, replies, target ids, fates and the times between, read from the log.

    Exit code 1 when nothing on the log has this number.
    """
    with reachable():
        teller = Storyteller(LogView.connect(bootstrap), Codec(registry_client(registry)).decode)
        stories = [teller.tell(order_id) for order_id in teller.find(number)]
    if not stories:
        raise CommandError(f"nothing on the log has the number {number!r}", Exit.NO)
    if json:
        print_json([as_json(story) for story in stories])
        return
    out = console()
    for story in stories:
        show(story, out)


def show(story: Story, out: Console) -> None:
    out.print(
        f"{story.reference or '(no reference)'}  shop's number {story.number or '?'}  {story.order_id}", markup=False
    )
    rows = []
    before = None
    for step in story.steps:
        gap = "" if before is None else f"+{(step.at - before).total_seconds():.3f}"
        rows.append((f"{step.at:%Y-%m-%d %H:%M:%S.%f}"[:-3], gap, step.step, step.what, step.detail, step.place))
        before = step.at
    out.print(table(("time (UTC)", "s", "step", "document", "detail", "on the log"), rows))
    if story.rules:
        out.print(table(("rules that fired",), ([rule] for rule in story.rules)))
    if story.targets:
        out.print(table(("document", "id there"), sorted(story.targets.items())))
    fates = collapse(story.fates).values()
    out.print(
        table(
            ("fate", "document", "target", "attempts", "reason"),
            ((f.state, story.documents.get(f.canonical_id, f.entity), f.target, f.attempts, f.reason) for f in fates),
        )
    )
    out.print()


def as_json(story: Story) -> dict[str, Any]:
    fates = collapse(story.fates).values()
    return {
        "order_id": story.order_id,
        "reference": story.reference,
        "number": story.number,
        "steps": [
            {"at": s.at.isoformat(), "step": s.step, "document": s.what, "detail": s.detail, "place": s.place}
            for s in story.steps
        ],
        "rules": story.rules,
        "targets": story.targets,
        "open": story.open,
        "fates": [
            {
                "state": fate.state,
                "event_id": fate.event_id,
                "canonical_id": fate.canonical_id,
                "target": fate.target,
                "entity": fate.entity,
                "reason": fate.reason,
                "attempts": fate.attempts,
                "at": fate.at.isoformat(),
            }
            for fate in fates
        ],
        "seconds": (story.steps[-1].at - story.steps[0].at).total_seconds() if story.steps else 0.0,
    }
