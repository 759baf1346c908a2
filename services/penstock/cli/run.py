"""`penstock run`: one service in the foreground, as a container or the supervisor starts it."""

import importlib
from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.errors import CommandError, Exit

app = typer.Typer(no_args_is_help=True, help="Run one service of a flow in the foreground until SIGTERM.")

Flow = Annotated[str, typer.Option("--flow", help="Name of a folder in flows/.")]
Env = Annotated[str, typer.Option("--env", help="Name of a file in flows/FLOW/env/.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port of /healthz, /readyz and /metrics, and of ingress' webhooks.")]
ReadyFile = Annotated[Path | None, typer.Option(help="JSON file written once the service is ready.")]

DEFAULT_FLOW = "prestashop-infor"
DEFAULT_ENV = "sandbox"


def _run(service: str, flow: str, env: str, host: str, port: int, ready_file: Path | None) -> None:
    """Returns once SIGTERM has stopped the service. Raises CommandError when the flow's files cannot be used."""
    main = importlib.import_module(f"penstock.{service}.main")
    from penstock.flow.flow import FlowError  # noqa: PLC0415 - the service has imported it; the help page need not

    try:
        main.run(flow, env, host, port, ready_file)
    except FlowError as error:
        raise CommandError(str(error), Exit.USAGE) from error


@app.command(epilog="Example: `penstock run ingress --flow prestashop-infor --env production --port 8080`")
def ingress(
    flow: Flow = DEFAULT_FLOW,
    env: Env = DEFAULT_ENV,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    ready_file: ReadyFile = None,
) -> None:
    """Webhooks in, polls and extraction: everything that fills the raw topics."""
    _run("ingress", flow, env, host, port, ready_file)


@app.command(epilog="Example: `penstock run processors --flow prestashop-infor --env production --port 8081`")
def processors(
    flow: Flow = DEFAULT_FLOW,
    env: Env = DEFAULT_ENV,
    host: Host = "127.0.0.1",
    port: Port = 8081,
    ready_file: ReadyFile = None,
) -> None:
    """The Faust stage: raw records become canonical records, holds or dead letters."""
    _run("processors", flow, env, host, port, ready_file)


@app.command(epilog="Example: `penstock run sinks --flow prestashop-infor --env production --port 8082`")
def sinks(
    flow: Flow = DEFAULT_FLOW,
    env: Env = DEFAULT_ENV,
    host: Host = "127.0.0.1",
    port: Port = 8082,
    ready_file: ReadyFile = None,
) -> None:
    """The effect protocol: canonical records become documents of the target systems."""
    _run("sinks", flow, env, host, port, ready_file)


@app.command(epilog="Example: `penstock run alerts --flow prestashop-infor --env production --port 8083`")
def alerts(
    flow: Flow = DEFAULT_FLOW,
    env: Env = DEFAULT_ENV,
    host: Host = "127.0.0.1",
    port: Port = 8083,
    ready_file: ReadyFile = None,
) -> None:
    """Alerts to people: by webhook and by mail, as the environment file names them."""
    _run("alerts", flow, env, host, port, ready_file)
