"""The `penstock` command."""

import logging
import sys
from collections.abc import Mapping
from typing import Annotated, ClassVar

import structlog
import typer

from penstock.cli.lazy import LazyGroup


class Penstock(LazyGroup):
    """All commands, in the order of the help page."""

    modules: ClassVar[Mapping[str, str]] = {
        name: f"penstock.cli.{name}"
        for name in (
            "demo",
            "up",
            "run",
            "broker",
            "registry",
            "topics",
            "schemas",
            "map",
            "flow",
            "connector",
            "check",
            "status",
            "trace",
            "alerts",
            "dlq",
            "parked",
            "holds",
            "audit",
            "backfill",
            "replay",
            "pause",
            "resume",
            "decode",
        )
    }


app = typer.Typer(
    name="penstock",
    cls=Penstock,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

EPILOG = (
    "Exit codes: 0 ok; 1 the answer is no, or problems were found; 2 wrong usage or configuration; "
    "3 something cannot be reached; 70 a bug. Examples: `penstock demo --once --orders 20`, `penstock trace PS1-41`."
)


def show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 only for this option

        typer.echo(f"penstock {version('penstock')}")
        raise typer.Exit


@app.callback(epilog=EPILOG)
def penstock(
    version: Annotated[  # noqa: ARG001 its callback does the work
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Keeps shops and ERPs in step through a Kafka log."""
    # A command's stdout is for its answer. Services set up their own logs.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


if __name__ == "__main__":
    app()
