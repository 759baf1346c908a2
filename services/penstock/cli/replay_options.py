"""Options of `penstock replay`, and how what they name fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from penstock.cli.errors import CommandError, Exit
from penstock.cli.options import reachable
from penstock.connectors.contract import SourceRefusedError, SourceUnavailableError
from penstock.flow.flow import Flow, FlowError, System
from penstock.flow.load import flow_names, read_flow_file
from penstock.replay.errors import RefusedError, StalledError
from penstock.replay.selection import Selection, start_of

FlowUnlessResumed = Annotated[
    str, typer.Option("--flow", help="Name of a folder in flows/; a resumed run knows its own.")
]
FlowOfTarget = Annotated[str, typer.Option("--flow", help="Needed where several flows write to the target.")]
Target = Annotated[str, typer.Argument(metavar="TARGET", help="system:instance, for example infor:DALS.")]
From = Annotated[
    datetime | None, typer.Option("--from", help="Documents of which something came on the log since then (UTC).")
]
To = Annotated[datetime | None, typer.Option("--to", help="… and before then (UTC).")]
Starts = Annotated[
    list[str] | None,
    typer.Option("--from-offset", metavar="TOPIC-PARTITION-OFFSET", help="From there to the end of that partition."),
]
Keys = Annotated[
    list[str] | None,
    typer.Option("--key", help="Our reference (PS1-41), instance:native id, or a canonical id. May be repeated."),
]
Entities = Annotated[
    list[str] | None, typer.Option("--entity", help="A canonical entity: order, shipment, … May be repeated.")
]
Shop = Annotated[str | None, typer.Option("--shop", metavar="INSTANCE", help="Documents that come from this shop.")]
Every = Annotated[bool, typer.Option("--all", help="Also records that the mapping makes just so.")]
EveryVersion = Annotated[
    bool, typer.Option("--every-version", help="All versions of each document, not the newest alone.")
]
Rate = Annotated[float, typer.Option(help="Documents a second, at most.", min=0.01)]
Window = Annotated[int, typer.Option(help="Documents on their way at once, at most.", min=1, max=1000)]
Patience = Annotated[float, typer.Option(help="Seconds without any fate before it gives up.", min=1)]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without it nothing is written.")]
Why = Annotated[str, typer.Option("--why", help="Reason, kept in the audit log; needed with --yes.")]
Resume = Annotated[str | None, typer.Option("--resume", metavar="RUN", help="Go on with a run that was cut off.")]
FromTarget = Annotated[bool, typer.Option("--from-target", help="Read the orders of the ERPs too, by our reference.")]
RunName = Annotated[str, typer.Argument(help="Name of a run, as `runs` shows it.")]
Reason = Annotated[str, typer.Option("--why", help="Reason, kept in the audit log.")]


@contextmanager
def told() -> Iterator[None]:
    """A refusal ends with 1, a flow that cannot be used with 2, what does not answer with 3."""
    with reachable():
        try:
            yield
        except FlowError as error:
            raise CommandError(str(error), Exit.USAGE) from error
        except RefusedError as error:
            raise CommandError(f"refused: {error}", Exit.NO) from error
        except SourceRefusedError as error:
            raise CommandError(f"a target cannot be listed: {error}", Exit.NO) from error
        except (StalledError, TimeoutError, SourceUnavailableError) as error:
            raise CommandError(str(error), Exit.UNREACHABLE) from error


def selected(
    since: datetime | None,
    until: datetime | None,
    starts: list[str] | None,
    keys: list[str] | None,
    entities: list[str] | None,
    shop: str | None,
) -> Selection:
    """What the options choose. Raises RefusedError for a start that is no position."""
    return Selection(
        tuple(entities or ()),
        shop,
        tuple(keys or ()),
        since.replace(tzinfo=UTC) if since else None,
        until.replace(tzinfo=UTC) if until else None,
        tuple(start_of(each) for each in starts or ()),
    )


def flow_of(target: str) -> str:
    """The one flow that has this system. Raises CommandError."""
    found = []
    for name in flow_names():
        file = read_flow_file(name)
        if target in {f"{file.connector_of(alias)}:{system.instance}" for alias, system in file.systems.items()}:
            found.append(name)
    if len(found) != 1:
        raise CommandError(
            f"{target} is a system of {len(found)} flows ({', '.join(found) or 'none'}): name one by --flow", Exit.USAGE
        )
    return found[0]


def system_of(flow: Flow, target: str) -> System:
    found = next((system for system in flow.systems.values() if system.target == target), None)
    if found is None or not flow.entities_to(found.alias):
        known = ", ".join(system.target for alias, system in flow.systems.items() if flow.entities_to(alias))
        raise CommandError(f"the flow {flow.name} writes nothing to {target!r}; it writes to {known}", Exit.USAGE)
    return found
