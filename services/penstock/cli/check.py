"""`penstock check`: can every system of a flow be reached, and may we do there what the flow needs, and no more."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from penstock.cli.errors import Exit
from penstock.cli.flow import load
from penstock.cli.options import Json
from penstock.cli.output import print_json, print_table
from penstock.cli.run import DEFAULT_ENV, DEFAULT_FLOW
from penstock.connectors.contract import CheckResult, Sink, Source, SourceRefusedError, SourceUnavailableError
from penstock.connectors.http import LostReplyError, NotSentError
from penstock.flow.load import System

app = typer.Typer(add_completion=False)


@app.command(epilog="Examples: `penstock check --env production`, `penstock check --system infor --json`")
def check(
    flow: Annotated[str, typer.Option("--flow", help="Name of a folder in flows/.")] = DEFAULT_FLOW,
    env: Annotated[str, typer.Option("--env", help="Name of a file in flows/FLOW/env/.")] = DEFAULT_ENV,
    system: Annotated[str | None, typer.Option(help="Only this system.")] = None,
    json: Json = False,
) -> None:
    """Connection and rights per system; missing rights are named, with the remedy.

    Exit code 1 when something is missing, 3 when a system does not answer.
    """
    loaded = load(flow, env)
    systems = [one for name, one in loaded.systems.items() if system in {None, name}]
    if not systems:
        raise typer.BadParameter(f"the flow has {', '.join(loaded.systems)}", param_hint="--system")
    found = asyncio.run(check_all(systems))
    if json:
        print_json([{"system": target, "check": r.name, "ok": r.ok, "detail": r.detail} for target, r, _ in found])
    else:
        lines = ((target, result.name, "ok" if result.ok else "NO", result.detail) for target, result, _ in found)
        print_table(("system", "check", "", "detail"), lines)
    if any(unreachable for _, _, unreachable in found):
        raise typer.Exit(Exit.UNREACHABLE)
    if not all(result.ok for _, result, _ in found):
        raise typer.Exit(Exit.NO)


async def check_all(systems: Sequence[System]) -> list[tuple[str, CheckResult, bool]]:
    """(target, result, whether the system did not answer), of the source and the sink of each."""
    out: list[tuple[str, CheckResult, bool]] = []
    for one in systems:
        budget = one.budget("tools")
        for name, made in (("read", one.spec.source), ("write", one.spec.sink)):
            asked, answered = budget.asked, budget.answered
            results = await check_side(name, made(one.settings, budget))
            # a connector puts a connection that fails into its result: nobody answered any of its calls
            silent = budget.asked > asked and budget.answered == answered
            out += [(one.target, result, gone or (silent and not result.ok)) for result, gone in results]
    return out


async def check_side(name: str, side: Any) -> list[tuple[CheckResult, bool]]:
    """The checks of a source or a sink; one failed line when the system does not answer."""
    checked: Source | Sink = side
    try:
        return [(result, False) for result in await checked.check()]
    except (SourceUnavailableError, NotSentError, LostReplyError) as error:
        return [(CheckResult(name, ok=False, detail=str(error)), True)]
    except SourceRefusedError as error:
        return [(CheckResult(name, ok=False, detail=str(error)), False)]
    finally:
        await checked.close()
