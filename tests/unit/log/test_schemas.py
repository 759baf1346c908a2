import json
from pathlib import Path
from typing import Any

import pytest

from penstock.log.schemas import SchemaError, check, incompatibilities, load_schemas, release

FIELDS = [
    {"name": "id", "type": "string", "doc": "Id."},
    {"name": "note", "type": ["null", "string"], "default": None, "doc": "Note."},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "avro"
    made.mkdir()
    write(made, FIELDS)
    release(made, tmp_path / "baseline")
    return made


def write(folder: Path, fields: list[dict[str, Any]], doc: str = "A price.") -> None:
    (folder / "price.avsc").write_text(json.dumps({"type": "record", "name": "Price", "doc": doc, "fields": fields}))


def problems(folder: Path) -> list[str]:
    return check(folder, folder.parent / "baseline")


def test_the_schemas_of_this_repository_may_be_released() -> None:
    assert check() == []
    assert load_schemas()["OrderStatus"].subject == "canonical.order-status-value"


def test_an_optional_field_may_be_added_and_removed(folder: Path) -> None:
    extra = {"name": "unit", "type": ["null", "string"], "default": None, "doc": "Unit."}
    write(folder, [*FIELDS, extra])
    assert problems(folder) == []
    write(folder, FIELDS[:1])
    assert problems(folder) == []


@pytest.mark.parametrize(
    "fields",
    [
        [*FIELDS, {"name": "unit", "type": "string", "doc": "No default: old records have none."}],
        FIELDS[1:],
        [{**FIELDS[0], "type": "long"}, FIELDS[1]],
        [{**FIELDS[0], "name": "ident"}, FIELDS[1]],
    ],
    ids=["added without default", "removed without default", "other type", "renamed"],
)
def test_a_change_that_breaks_other_teams_is_refused(folder: Path, fields: list[dict[str, Any]]) -> None:
    write(folder, fields)
    assert [problem for problem in problems(folder) if "price.avsc: not compatible with price.1.avsc" in problem]


def test_every_released_version_counts_not_only_the_last(folder: Path) -> None:
    unit = {"name": "unit", "type": ["null", "string"], "default": None, "doc": "Unit."}
    write(folder, [*FIELDS, unit])
    assert [path.name for path in release(folder, folder.parent / "baseline")] == ["price.2.avsc"]
    write(folder, FIELDS)
    release(folder, folder.parent / "baseline")
    write(folder, [*FIELDS, {**unit, "type": ["null", "long"]}])
    assert any("price.2.avsc" in problem for problem in problems(folder))


def test_a_schema_that_has_not_changed_is_not_released_again(folder: Path) -> None:
    assert release(folder, folder.parent / "baseline") == []


def test_a_released_schema_is_never_removed(folder: Path) -> None:
    (folder / "price.avsc").unlink()
    assert problems(folder) == ["price.avsc: it was released and is gone; released schemas are never removed"]


def test_every_field_needs_a_doc_nested_ones_too(folder: Path) -> None:
    inner = {"type": "record", "name": "Inner", "fields": [{"name": "a", "type": "string"}]}
    extra = {"name": "inner", "type": {"type": "array", "items": inner}, "default": [], "doc": "Inner."}
    write(folder, [*FIELDS, extra], doc="")
    places = [problem.split(": ")[1].split(" ")[0] for problem in problems(folder)]
    assert places == ["/Price", "/Price/Inner", "/Price/Inner/a"]


@pytest.mark.parametrize("text", ["{", '{"type": "record", "name": "X"}', '{"type": "strng"}'])
def test_a_file_that_is_no_schema_is_named(folder: Path, text: str) -> None:
    (folder / "bad.avsc").write_text(text)
    with pytest.raises(SchemaError, match=r"bad\.avsc"):
        load_schemas(folder)


def test_what_a_level_allows() -> None:
    old, new = '"int"', '"long"'  # a reader of long reads int, not the other way round
    assert incompatibilities(new, old, "BACKWARD") == []
    assert incompatibilities(new, old, "FORWARD")
    assert incompatibilities(new, old, "FULL_TRANSITIVE")
    assert incompatibilities('"string"', old, "NONE") == []
