import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penstock.cli.main import app
from penstock.resources import resource

GOOD = {"type": "record", "name": "T", "doc": "T.", "fields": [{"name": "a", "type": "string", "doc": "A."}]}


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """A folder with one released schema."""
    (tmp_path / "avro").mkdir()
    (tmp_path / "avro" / "t.avsc").write_text(json.dumps(GOOD))
    given = ["--folder", str(tmp_path / "avro"), "--baseline", str(tmp_path / "released")]
    assert CliRunner().invoke(app, ["schemas", "release", *given]).exit_code == 0
    return given


def test_the_schemas_of_this_repository_pass() -> None:
    assert CliRunner().invoke(app, ["schemas", "check"]).exit_code == 0


def test_an_incompatible_change_fails_with_the_file_and_the_reason(arguments: list[str]) -> None:
    path = Path(arguments[1]) / "t.avsc"
    path.write_text(json.dumps(GOOD | {"fields": [{"name": "a", "type": "long", "doc": "A."}]}))
    ran = CliRunner().invoke(app, ["schemas", "check", *arguments])
    assert ran.exit_code == 1
    assert "t.avsc: not compatible with t.1.avsc" in ran.stderr
    answer = CliRunner().invoke(app, ["schemas", "check", "--json", *arguments])
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["ok"] is False


def test_an_incompatible_change_is_not_released(arguments: list[str]) -> None:
    path = Path(arguments[1]) / "t.avsc"
    path.write_text(json.dumps(GOOD | {"fields": []}))
    assert CliRunner().invoke(app, ["schemas", "release", *arguments]).exit_code == 1
    assert len(list(Path(arguments[3]).iterdir())) == 1


def test_a_file_that_is_no_schema_is_wrong_usage(arguments: list[str]) -> None:
    (Path(arguments[1]) / "t.avsc").write_text("{")
    assert CliRunner().invoke(app, ["schemas", "check", *arguments]).exit_code == 2


def test_every_schema_has_been_released() -> None:
    released = {path.name.split(".")[0] for path in (resource("schemas") / "baseline").glob("*.avsc")}
    assert released == {path.stem for path in (resource("schemas") / "avro").glob("*.avsc")}
