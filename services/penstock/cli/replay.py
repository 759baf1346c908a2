"""`penstock replay`: map raw documents once more, send records once more, rebuild the cross-reference."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import LogView, Outgoing, audit, who
from penstock.cli.options import Bootstrap, Json, Registry, reachable
from penstock.cli.options import registry as registry_client
from penstock.cli.output import console
from penstock.cli.replay_view import progress, show_report, show_runs, show_sent, show_xref
from penstock.cli.run import DEFAULT_ENV, Env
from penstock.connectors.contract import SourceRefusedError, SourceUnavailableError
from penstock.flow.flow import Flow, FlowError, System
from penstock.flow.load import flow_names, load_flow, read_flow_file
from penstock.log.replays import new_run
from penstock.replay import runs as records
from penstock.replay.diff import Report
from penstock.replay.errors import RefusedError, StalledError
from penstock.replay.safety import refuse_unready, refuse_unsearchable
from penstock.replay.selection import Selection, start_of
from penstock.replay.session import Sent, Session

app = typer.Typer(
    no_args_is_help=True,
    help="Map raw documents once more, send records once more, rebuild the cross-reference.",
)

FlowName = Annotated[str, typer.Option("--flow", help="Name of a folder in flows/.")]
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
EveryVersion = Annotated[
    bool, typer.Option("--every-version", help="All versions of each document, not the newest alone.")
]
Rate = Annotated[float, typer.Option(help="Documents a second, at most.", min=0.01)]
Window = Annotated[int, typer.Option(help="Documents on their way at once, at most.", min=1, max=1000)]
Patience = Annotated[float, typer.Option(help="Seconds without any fate before it gives up.", min=1)]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without it nothing is written.")]
Why = Annotated[str, typer.Option("--why", help="Reason, kept in the audit log; needed with --yes.")]
Resume = Annotated[str | None, typer.Option("--resume", metavar="RUN", help="Go on with a run that was cut off.")]


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


@app.command(
    "dry-run",
    epilog="Examples: `penstock replay dry-run --flow prestashop-infor`, `penstock replay dry-run --flow "
    "prestashop-infor --entity order --from 2026-03-01`, "
    "`penstock replay dry-run --flow clarity-sage100 --key CL1-5120`",
)
def dry_run(
    flow: FlowName,
    env: Env = DEFAULT_ENV,
    since: From = None,
    until: To = None,
    starts: Starts = None,
    keys: Keys = None,
    entities: Entities = None,
    shop: Shop = None,
    every_version: EveryVersion = False,
    registry: Registry = None,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """What the mapping makes now of each raw document, against the canonical record on the log. Nothing is written.

    Exit code 1 when anything differs or is stopped.
    """
    with told():
        selection = selected(since, until, starts, keys, entities, shop)
        loaded, view = load_flow(flow, env), LogView.connect(bootstrap)
        session = open_session(loaded, view, registry)
        with session, progress("mapping", "documents") as advance:
            report = session.dry_run(selection, every_version=every_version, advance=advance)
    show_report(report, json=json)
    if report.ends.total() > report.ends["same"]:
        raise typer.Exit(Exit.NO)


@app.command(
    epilog="Examples: `penstock replay canonical --flow prestashop-infor --entity order` (shows what would be sent), "
    "`penstock replay canonical --flow prestashop-infor --entity order --yes --why 'tax mapping corrected'`"
)
def canonical(
    flow: Annotated[str, typer.Option("--flow", help="Name of a folder in flows/; a resumed run knows its own.")] = "",
    env: Env = DEFAULT_ENV,
    since: From = None,
    until: To = None,
    starts: Starts = None,
    keys: Keys = None,
    entities: Entities = None,
    shop: Shop = None,
    every: Annotated[bool, typer.Option("--all", help="Also records that the mapping makes just so.")] = False,
    every_version: EveryVersion = False,
    rate: Rate = 50.0,
    window: Window = 40,
    patience: Patience = 120.0,
    yes: Yes = False,
    why: Why = "",
    resume: Resume = None,
    registry: Registry = None,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """Write canonical records again that the mapping makes otherwise now; they go where they went before.

    Each has an event id of its own (`<event id>~<run>`) and so a fate of its own.
    """
    with told():
        selection = selected(since, until, starts, keys, entities, shop)
        view = LogView.connect(bootstrap)
        options = {"every": every, "every_version": every_version, "rate": rate, "window": window, "patience": patience}
        run = resumed(view, resume, "canonical", selection) if resume else None
        if run is None and not flow:
            raise CommandError(f"--flow is missing: {', '.join(flow_names())}", Exit.USAGE)
        loaded = load_flow(run.flow if run else flow, run.env if run else env)
        chosen = Selection.from_dict(run.selection) if run else selection
        systems = [loaded.systems[alias] for alias in loaded.systems if loaded.entities_to(alias)]
        refuse_unready(loaded, view.settings, systems, chosen.entities)
        session = open_session(loaded, view, registry)
        with session:
            if run is None and not yes:
                with progress("comparing", "documents") as advance:
                    report, left, count = session.preview(
                        chosen, every=every, every_version=every_version, advance=advance
                    )
                show_report(report, json=json, left=left, would_send=count)
                raise CommandError("nothing was written: add --yes and --why to send these", Exit.NO)
            run = run or begin(view, "canonical", loaded, env, systems, selection, options, why)
            with records.Runs(view.settings).beating(run), progress("sending", "documents") as advance:
                sent = session.canonical(chosen, run, advance=advance)
        finish(view, run, sent)
    show_sent(run, sent, json=json)


@app.command(
    epilog="Examples: `penstock replay resync infor:DALS --key PS1-41` (shows how many), `penstock replay resync "
    "infor:DALS --entity order --from 2026-03-01 --rate 5 --yes --why 'restored from the backup of 1 March'`"
)
def resync(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="system:instance, for example infor:DALS.")],
    flow: Annotated[str, typer.Option("--flow", help="Needed where several flows write to the target.")] = "",
    env: Env = DEFAULT_ENV,
    since: From = None,
    until: To = None,
    starts: Starts = None,
    keys: Keys = None,
    entities: Entities = None,
    shop: Shop = None,
    rate: Rate = 10.0,
    window: Window = 20,
    patience: Patience = 120.0,
    yes: Yes = False,
    why: Why = "",
    resume: Resume = None,
    registry: Registry = None,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """Compare a target with the newest canonical record of each document, and write there only what differs.

    The flow's sink does it, behind live traffic. A document that the target has lost is written again.
    """
    with told():
        selection = selected(since, until, starts, keys, entities, shop)
        view = LogView.connect(bootstrap)
        options = {"rate": rate, "window": window, "patience": patience}
        run = resumed(view, resume, "resync", selection) if resume else None
        if run is not None and run.targets != (target,):
            raise CommandError(f"{run.name} is a run on {', '.join(run.targets)}", Exit.USAGE)
        loaded = load_flow(run.flow if run else flow or flow_of(target), run.env if run else env)
        chosen = Selection.from_dict(run.selection) if run else selection
        system = system_of(loaded, target)
        refuse_unsearchable(system)
        refuse_unready(loaded, view.settings, [system], chosen.entities)
        session = open_session(loaded, view, registry)
        with session:
            if run is None and not yes:
                count, left = session.resync_preview(system, chosen)
                show_report(Report(), json=json, left=left, would_send=count)
                raise CommandError(f"nothing was sent to {target}: add --yes and --why", Exit.NO)
            run = run or begin(view, "resync", loaded, env, [system], selection, options, why)
            with records.Runs(view.settings).beating(run), progress(f"comparing {target}", "documents") as advance:
                sent = session.resync(system, chosen, run, advance=advance)
        finish(view, run, sent)
    show_sent(run, sent, json=json)


@app.command(
    "rebuild-xref",
    epilog="Examples: `penstock replay rebuild-xref --flow prestashop-infor` (shows what is missing), `penstock replay "
    "rebuild-xref --flow prestashop-infor --from-target --yes --why 'the topic was lost'`",
)
def rebuild_xref(
    flow: FlowName,
    env: Env = DEFAULT_ENV,
    from_target: Annotated[
        bool, typer.Option("--from-target", help="Read the orders of the ERPs too, by our reference.")
    ] = False,
    yes: Yes = False,
    why: Why = "",
    registry: Registry = None,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """Links that effects, fates and canonical records tell of, and the cross-reference has not. It overwrites none.

    Safe to repeat: a second time finds nothing missing. Exit code 1 when something is missing or contradicts.
    """
    with told():
        loaded = load_flow(flow, env)
        view = LogView.connect(bootstrap)
        entry = audit("replay rebuild-xref", flow, why) if yes else None
        session = open_session(loaded, view, registry)
        with session:
            found = asyncio.run(session.rebuild_xref(from_target=from_target))
        if entry is not None and found.records:
            view.send([entry])
            view.send([Outgoing(each.topic, each.key, each.value) for each in found.records])
    show_xref(found, written=yes, json=json)
    if found.conflicts or (found.records and not yes):
        raise typer.Exit(Exit.NO)


@app.command(epilog="Example: `penstock replay runs`")
def runs(bootstrap: Bootstrap = None, json: Json = False) -> None:
    """Runs that are not at their end: at work, or cut off."""
    with told():
        found = records.Runs(LogView.connect(bootstrap).settings).open_runs()
    show_runs(found, datetime.now(UTC), json=json)


@app.command(epilog="Example: `penstock replay stop 20260304T090600Z12ab --why 'the mapping was wrong'`")
def stop(
    run: Annotated[str, typer.Argument(help="Name of a run, as `runs` shows it.")],
    why: Annotated[str, typer.Option("--why", help="Reason, kept in the audit log.")],
    bootstrap: Bootstrap = None,
) -> None:
    """Give up a run that was cut off. What it has sent stays sent."""
    with told():
        view = LogView.connect(bootstrap)
        known = records.Runs(view.settings)
        known.resume(run)
        view.send([audit("replay stop", run, why)])
        known.end(run)
    console().print(f"{run} is given up", markup=False)


def selected(
    since: datetime | None,
    until: datetime | None,
    starts: list[str] | None,
    keys: list[str] | None,
    entities: list[str] | None,
    shop: str | None,
) -> Selection:
    return Selection(
        tuple(entities or ()),
        shop,
        tuple(keys or ()),
        since.replace(tzinfo=UTC) if since else None,
        until.replace(tzinfo=UTC) if until else None,
        tuple(start_of(each) for each in starts or ()),
    )


def open_session(flow: Flow, view: LogView, registry: str | None) -> Session:
    return Session(flow, view.settings, registry_client(registry))


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


def begin(
    view: LogView,
    mode: records.Mode,
    flow: Flow,
    env: str,
    systems: list[System],
    selection: Selection,
    options: dict[str, Any],
    why: str,
) -> records.Run:
    """Enters the run, and its audit record. Raises RefusedError, CommandError."""
    targets = [system.target for system in systems]
    name = new_run(datetime.now(UTC))
    # refuses an empty reason before anything is written
    entry = audit(f"replay {mode}", name, why, flow=flow.name, target=", ".join(targets), selection=str(selection))
    run = records.new(
        name, mode, flow.name, env, targets=targets, selection=selection.to_dict(), options=options, who=who(), why=why
    )
    entered = records.Runs(view.settings).begin(run)
    view.send([entry])
    console(stderr=True).print(f"run {name}: if it is cut off, go on with --resume {name}", markup=False)
    return entered


def resumed(view: LogView, name: str, mode: records.Mode, selection: Selection) -> records.Run:
    if selection != Selection():
        raise CommandError("a resumed run has its own selection: give none", Exit.USAGE)
    run = records.Runs(view.settings).resume(name)
    if run.mode != mode:
        raise CommandError(f"{name} is a run of `penstock replay {run.mode}`", Exit.USAGE)
    view.send([audit("replay resume", name, run.why, flow=run.flow, target=", ".join(run.targets))])
    return run


def finish(view: LogView, run: records.Run, sent: Sent) -> None:
    counts = ", ".join(f"{count} {end}" for end, count in sorted(sent.ends.items())) or "nothing to send"
    view.send([audit("replay end", run.name, run.why, flow=run.flow, target=", ".join(run.targets), ends=counts)])
    records.Runs(view.settings).end(run.name)
