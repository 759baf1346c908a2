"""The function table of `docs/mapping.md`, made from the functions themselves."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from penstock.mapping.functions import FunctionTable

BEGIN = "<!-- functions: made by penstock.mapping.reference, see tests/unit/mapping/test_reference.py -->"
END = "<!-- end of functions -->"


def function_table(functions: FunctionTable) -> str:
    """Markdown: a heading and a table per group, in the order of the table of functions."""
    parts = []
    for group, members in groupby(functions, key=lambda function: function.group):
        rows = [
            f"| `{function.signature}` | {_cell(function.doc)} | {_examples(function.examples)} |"
            for function in members
        ]
        parts.append("\n".join([f"### {group}", "", "| function | what it gives | examples |", "|---|---|---|", *rows]))
    return "\n\n".join(parts)


def with_function_table(document: str, functions: FunctionTable) -> str:
    """`document` with the table between its two markers brought up to date."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{function_table(functions)}\n\n{END}{after}"


def _examples(examples: Mapping[str, str]) -> str:
    return "<br>".join(f"`{_cell(call)}` → `{_cell(result)}`" for call, result in examples.items())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
