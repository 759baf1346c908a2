"""The tables of docs/connectors.md are those of the specs."""

from __future__ import annotations

import pytest

from penstock.connectors.reference import BEGIN, END, with_tables
from penstock.connectors.registry import connector, names
from penstock.resources import checkout


def test_the_docs_show_the_connectors_as_they_are() -> None:
    """To renew: `penstock connector docs`."""
    root = checkout()
    assert root is not None
    document = (root / "docs" / "connectors.md").read_text(encoding="utf-8")
    assert with_tables(document, [connector(name) for name in names()]) == document


def test_what_stands_outside_the_markers_is_left_alone() -> None:
    made = with_tables(f"before\n{BEGIN}\nold\n{END}\nafter\n", [connector("infor")])
    assert made.startswith(f"before\n{BEGIN}\n")
    assert made.endswith(f"{END}\nafter\n")
    assert "old" not in made
    assert "| infor | Infor CloudSuite Industrial (SyteLine) | order-status, " in made
    assert "| order | header | keyed | " in made


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="markers"):
        with_tables("nothing here", [])


def test_the_registry_finds_every_folder_and_names_them_to_who_errs() -> None:
    assert {"prestashop", "infor", "clarity", "sage100"} <= set(names())
    with pytest.raises(LookupError, match="prestashop"):
        connector("prestashopp")
