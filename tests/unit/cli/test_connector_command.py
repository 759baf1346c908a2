"""`penstock connector`: what there is. What `new` writes is tried in tests/contract/test_connector_kit.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penstock.cli import connector as command
from penstock.cli.scaffold import topic_lines
from penstock.connectors.reference import BEGIN, END
from penstock.connectors.registry import connector, names
from penstock.log.topics import load_topics
from penstock.resources import resource


def invoke(*arguments: str) -> str:
    done = CliRunner().invoke(command.app, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_table_has_every_connector() -> None:
    said = invoke("list")
    for name in names():
        assert name in said


def test_machines_get_all_of_the_spec() -> None:
    rows = {row["connector"]: row for row in json.loads(invoke("list", "--json"))}
    assert set(rows) == set(names())
    infor, spec = rows["infor"], connector("infor")
    assert infor["reads"] == dict(spec.reads)
    assert infor["capabilities"]["search_by_reference"] is True
    assert infor["capabilities"]["webhooks"] is False
    assert infor["implemented"] is True
    assert [write["kind"] for write in infor["writes"]] == [write.kind for write in spec.writes]


def test_the_docs_are_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "checkout", lambda: tmp_path)
    page = tmp_path / "docs" / "connectors.md"
    page.parent.mkdir()
    page.write_text(f"text\n{BEGIN}\n{END}\n", encoding="utf-8")
    assert "written" in invoke("docs")
    assert "| infor |" in page.read_text(encoding="utf-8")
    assert "as it was" in invoke("docs")


def test_an_installed_package_has_no_place_for_a_new_connector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "checkout", lambda: None)
    done = CliRunner().invoke(command.app, ["new", "acme"])
    assert done.exit_code != 0
    assert "without its sources" in str(done.exception)


def test_the_lines_for_topics_are_those_of_a_connector(tmp_path: Path) -> None:
    listed = tmp_path / "topics.yaml"
    listed.write_text(resource("topics.yaml").read_text(encoding="utf-8") + topic_lines("acme"), encoding="utf-8")
    added = {topic.name for topic in load_topics(listed)} - {topic.name for topic in load_topics()}
    assert added >= {"raw.acme.notification", "raw.acme.order", "position.acme", "effect.acme", "parked.acme"}
