"""`penstock replay`: map raw documents once more, send records once more, rebuild the cross-reference."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import typer

from penstock.cli import replay_options as option
from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import LogView, Outgoing, audit, who
from penstock.cli.options import Bootstrap, Json, Registry
from penstock.cli.options import registry as registry_client
from penstock.cli.output import console
from penstock.cli.replay_options import flow_of, selected, system_of, told
from penstock.cli.replay_view import progress, show_report, show_runs, show_sent, show_xref
from penstock.cli.run import DEFAULT_ENV, Env
from penstock.cli.run import Flow as FlowName
from penstock.flow.flow import Flow, System
from penstock.flow.load import flow_names, load_flow
from penstock.log.replays import new_run
from penstock.replay import runs as records
from penstock.replay.diff import Report
from penstock.replay.safety import refuse_unready, refuse_unsearchable
from penstock.replay.selection import Selection
from penstock.replay.session import Sent, Session

app = typer.Typer(
    no_args_is_help=True,
    help="Map raw documents once more, send records once more, rebuild the cross-reference.",
)


@app.command(
    "dry-run",
    epilog="Examples: `penstock replay dry-run --flow prestashop-infor`, `penstock replay dry-run --flow "
    "prestashop-infor --entity order --from 2026-03-01`, "
    "`penstock replay dry-run --flow clarity-sage100 --key CL1-5120`",
)
def dry_run(
    flow: FlowName,
    env: Env = DEFAULT_ENV,
    since: option.From = None,
    until: option.To = None,
    starts: option.Starts = None,
    keys: option.Keys = None,
    entities: option.Entities = None,
    shop: option.Shop = None,
    every_version: option.EveryVersion = False,
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
        session = Session(loaded, view.settings, registry_client(registry))
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
    flow: option.FlowUnlessResumed = "",
    env: Env = DEFAULT_ENV,
    since: option.From = None,
    until: option.To = None,
    starts: option.Starts = None,
    keys: option.Keys = None,
    entities: option.Entities = None,
    shop: option.Shop = None,
    every: option.Every = False,
    every_version: option.EveryVersion = False,
    rate: option.Rate = 50.0,
    window: option.Window = 40,
    patience: option.Patience = 120.0,
    yes: option.Yes = False,
    why: option.Why = "",
    resume: option.Resume = None,
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
        session = Session(loaded, view.settings, registry_client(registry))
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
    target: option.Target,
    flow: option.FlowOfTarget = "",
    env: Env = DEFAULT_ENV,
    since: option.From = None,
    until: option.To = None,
    starts: option.Starts = None,
    keys: option.Keys = None,
    entities: option.Entities = None,
    shop: option.Shop = None,
    rate: option.Rate = 10.0,
    window: option.Window = 20,
    patience: option.Patience = 120.0,
    yes: option.Yes = False,
    why: option.Why = "",
    resume: option.Resume = None,
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
        session = Session(loaded, view.settings, registry_client(registry))
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
    from_target: option.FromTarget = False,
    yes: option.Yes = False,
    why: option.Why = "",
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
        session = Session(loaded, view.settings, registry_client(registry))
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
    run: option.RunName,
    why: option.Reason,
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
