"""The function table in the docs is the one of the code."""

from __future__ import annotations

from penstock.mapping import FUNCTIONS
from penstock.mapping.reference import with_function_table
from penstock.resources import checkout


def test_the_docs_show_the_functions_as_they_are() -> None:
    """To renew: write `with_function_table(text, FUNCTIONS)` back to docs/mapping.md."""
    root = checkout()
    assert root is not None
    document = (root / "docs" / "mapping.md").read_text(encoding="utf-8")
    assert with_function_table(document, FUNCTIONS) == document
    assert all(f"`{function.signature}`" in document for function in FUNCTIONS)
