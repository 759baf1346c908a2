"""`penstock flow`: the files of a flow, checked, and its golden cases, run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.cli.errors import CommandError, Exit
from penstock.cli.options import Json
from penstock.cli.output import console, print_json, print_table
from penstock.cli.run import DEFAULT_ENV, DEFAULT_FLOW
from penstock.flow.case_runners import mapping_runners, rule_runners
from penstock.flow.case_targets import target_runners
from penstock.flow.cases import CaseResult, Runner, load_cases, run_case
from penstock.flow.load import Flow, FlowError, avro_schema, load_flow
from penstock.flow.model import PolicyRow, said
from penstock.flow.ownership import ownership_table
from penstock.flow.policy_list import POLICIES
from penstock.mapping import MappingSyntaxError
from penstock.resources import resource
from penstock.rules.decision import DecisionTable
from penstock.rules.validate import Policy

app = typer.Typer(no_args_is_help=True, help="The files in flows/FLOW.")

Name = Annotated[str, typer.Argument(help="Name of a folder in flows/.")]
Option = Annotated[str | None, typer.Option("--flow", hidden=True, help="The same as the argument, as in `run`.")]
Env = Annotated[str, typer.Option("--env", help="Name of a file in flows/FLOW/env/.")]


@app.command(epilog="Examples: `penstock flow check clarity-sage100`, `penstock flow check FLOW --env production`")
def check(flow: Name = DEFAULT_FLOW, named: Option = None, env: Env = DEFAULT_ENV, json: Json = False) -> None:
    """Read the flow with its environment, settings, mappings, tables and rates. Exit code 2 when something is wrong."""
    loaded = load(named or flow, env)
    routes: list[dict[str, Any]] = [
        {"from": source, "entity": entity, "when": row.when, "to": list(row.to)}
        for source, entities in loaded.file.routes.items()
        for entity, rows in entities.items()
        for row in rows
    ]
    policies: list[dict[str, Any]] = [
        {"policy": name, "when": row.when, "use": row.use, "default": name not in loaded.file.policies}
        for name, spec in POLICIES.items()
        for row in loaded.file.policies.get(name, (PolicyRow(use=spec.default),))
    ]
    if json:
        about = {"flow": loaded.name, "mode": loaded.file.mode, "routes": routes, "policies": policies}
        print_json({**about, "config_version": loaded.config_version, "mappings": len(loaded.mappings)})
        return
    out = console()
    out.print(f"{loaded.name}: {loaded.file.mode}, orders from {loaded.file.start.orders_from:%Y-%m-%d}", markup=False)
    print_table(
        ("from", "entity", "when", "to"),
        ([row["from"], row["entity"], row["when"] or "", ", ".join(row["to"]) or "not routed"] for row in routes),
    )
    out.print()
    print_table(
        ("policy", "when", "use"),
        (
            [row["policy"], row["when"] or "", said(row["use"]) + (" (default)" if row["default"] else "")]
            for row in policies
        ),
    )
    out.print(f"{len(loaded.mappings)} mappings, configuration {loaded.config_version}", markup=False)


@app.command(epilog="Examples: `penstock flow ownership clarity-sage100`, `penstock flow ownership FLOW --json`")
def ownership(flow: Name = DEFAULT_FLOW, env: Env = DEFAULT_ENV, json: Json = False) -> None:
    """Which system is the master of what, and the fields that it becomes in each target."""
    loaded = load(flow, env)
    rows = list(ownership_table(loaded))
    if json:
        print_json([{"entity": r.entity, "field": r.field, "master": r.master, "payload": r.payload} for r in rows])
    elif not rows:
        console().print(f"{loaded.name} has no `ownership:`: every change is written", markup=False)
    else:
        targets = [alias for alias in loaded.systems if any(alias in row.payload for row in rows)]
        print_table(
            ("entity", "field", "master", *(f"in {alias}" for alias in targets)),
            (
                [row.entity, row.field, row.master, *(", ".join(row.payload.get(alias, ())) for alias in targets)]
                for row in rows
            ),
        )


@app.command("test", epilog="Examples: `penstock flow test clarity-sage100`, `penstock flow test --only cost-centre`")
def golden(
    flow: Name = DEFAULT_FLOW,
    named: Option = None,
    env: Env = DEFAULT_ENV,
    only: Annotated[str, typer.Option(help="Only cases whose file or name contains this.")] = "",
    json: Json = False,
) -> None:
    """Run the golden cases in flows/FLOW/cases. Exit code 1 when one gives something else than its file says."""
    loaded = load(named or flow, env)
    folder = resource("flows") / loaded.name
    results = run(folder / "cases", runners_of(loaded, folder), only)
    failed = [result for result in results if not result.ok]
    if json:
        print_json({"cases": len(results), "failed": [{"case": str(r.case), "problems": r.problems} for r in failed]})
    else:
        out = console()
        for result in failed:
            out.print(str(result.case), markup=False)
            for problem in result.problems:
                out.print(f"  {problem}", markup=False)
        out.print(f"{len(results)} cases, {len(failed)} failed")
    if failed:
        raise typer.Exit(Exit.NO)


def load(flow: str, env: str) -> Flow:
    try:
        return load_flow(flow, env)
    except FlowError as error:
        raise CommandError(str(error), Exit.USAGE) from error


def runners_of(flow: Flow, folder: Path) -> dict[str, Runner]:
    """Everything that a case may name: rules, decision tables, mappings."""
    texts = {path.stem: path.read_text("utf-8") for path in (folder / "tables").glob("*.yaml")}
    decisions = {name: DecisionTable.from_text(name, text) for name, text in texts.items() if "\nrules:" in text}
    policy = Policy.model_validate(flow.file.validation)
    rules = rule_runners(policy, decisions, flow.rates, avro_schema)
    return rules | mapping_runners(flow, avro_schema) | target_runners(flow, avro_schema)


def run(folder: Path, runners: Mapping[str, Any], only: str = "") -> list[CaseResult]:
    """Raises CommandError when a case file cannot be read, or when there is no case."""
    try:
        cases = [
            case for path in sorted(folder.glob("*.yaml")) for case in load_cases(path.name, path.read_text("utf-8"))
        ]
    except MappingSyntaxError as error:
        raise CommandError(str(error), Exit.USAGE) from error
    chosen = [case for case in cases if only in str(case)]
    if not chosen:
        raise CommandError(f"no case in {folder} is called {only!r}" if only else f"no cases in {folder}", Exit.USAGE)
    return [run_case(case, runners) for case in chosen]
