"""What a person sees: tables and colours on a terminal, plain lines elsewhere, JSON for machines."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 160


def console(*, stderr: bool = False) -> Console:
    """Colours only on a terminal (and not with NO_COLOR); a pipe gets wide plain lines."""
    stream = sys.stderr if stderr else sys.stdout
    if stream.isatty():
        return Console(stderr=stderr, highlight=False, emoji=False)
    return Console(stderr=stderr, highlight=False, emoji=False, no_color=True, width=PLAIN_WIDTH, soft_wrap=True)


def print_json(value: Any) -> None:
    """One indented JSON document on stdout; dates and decimals as texts."""
    sys.stdout.write(orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2).decode() + "\n")
    sys.stdout.flush()


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> Table:
    """A borderless table; None shows as nothing. Text is taken as it is, never as rich markup."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", highlight=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(_plain("" if cell is None else str(cell)) for cell in row))
    return made


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    console().print(table(columns, rows, title))


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
