"""The guide in docs/connectors.md is followed: its commands are run, in order, in a copy of the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.resources import checkout

NEEDED = (
    "pyproject.toml", "topics.yaml", "services", "schemas", "flows", "docs/connectors.md", "tests/__init__.py",
    "tests/conftest.py", "tests/broker_choice.py", "tests/unit/__init__.py", "tests/contract/conftest.py",
    "tests/contract/conformance",
)  # fmt: skip


def guide() -> list[str]:
    root = checkout()
    assert root is not None
    steps = (root / "docs" / "connectors.md").read_text(encoding="utf-8").partition("in twelve steps")[2]
    blocks = re.findall(r"```sh\n(.*?)```", steps, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, there = checkout(), tmp_path_factory.mktemp("repository")
    assert root is not None
    cases = [str(path.relative_to(root)) for path in root.glob("tests/contract/test_conformance_*.py")]
    for name in (*NEEDED, *cases):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        if (root / name).is_dir():
            shutil.copytree(root / name, there / name)
        else:
            shutil.copy2(root / name, there / name)
    return there


def run(copy: Path, command: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(copy / "services")}
    return subprocess.run(["sh", "-c", command], cwd=copy, env=env, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
def test_following_the_guide_makes_a_connector_that_passes_as_not_implemented(copy: Path) -> None:
    commands = guide()
    assert commands[0].startswith("penstock connector new acme")
    for command in commands:
        done = run(copy, command)
        assert done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr}"
        if command.startswith("pytest -q tests/contract"):
            assert "not implemented" in done.stdout
        if command == "penstock connector list":
            assert "Acme Shop" in done.stdout


def test_the_guide_has_at_most_twelve_steps() -> None:
    root = checkout()
    assert root is not None
    text = (root / "docs" / "connectors.md").read_text(encoding="utf-8")
    assert [int(number) for number in re.findall(r"^\*\*(\d+)\. ", text, re.MULTILINE)] == list(range(1, 13))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("penstock connector new contract", "is there already; nothing was written"),
        ("penstock connector new Acme-Shop", "is no name of a connector"),
        ("penstock connector new class", "is no name of a connector"),
        ("""penstock connector new shop --title 'a "b"'""", "a title has at most 50 characters"),
    ],
)
def test_a_name_or_title_that_cannot_be_is_refused_and_nothing_is_written(copy: Path, command: str, said: str) -> None:
    before = sorted(copy.glob("services/penstock/connectors/*"))
    done = run(copy, command)
    assert done.returncode == 2
    assert said in done.stderr
    assert sorted(copy.glob("services/penstock/connectors/*")) == before


def test_a_waiver_that_excuses_nothing_fails(copy: Path) -> None:
    facts = copy / "services/penstock/connectors/infor/conformance.yaml"
    before = facts.read_text(encoding="utf-8")
    case = "test_the_spec_has_the_name_of_its_folder_and_a_title"
    facts.write_text(f"{before}\nwaivers: {{{case}: a reason of more than twenty letters}}\n", encoding="utf-8")
    done = run(copy, f"pytest -q tests/contract/test_conformance_spec.py -k 'infor and {case}'")
    facts.write_text(before, encoding="utf-8")
    assert done.returncode == 1
    assert "XPASS(strict)" in done.stdout


def test_what_a_connector_declares_is_asked_of_it(copy: Path) -> None:
    run(copy, "penstock connector new halfway")
    folder = copy / "services/penstock/connectors/halfway"
    spec = folder / "__init__.py"
    spec.write_text(spec.read_text(encoding="utf-8").replace("reads={}", 'reads={"order": "order"}'), encoding="utf-8")
    done = run(copy, "pytest -q tests/contract -k halfway")
    shutil.rmtree(folder)
    assert done.returncode == 1
    assert "topics.yaml lacks ['position.halfway', 'raw.halfway.notification', 'raw.halfway.order']" in done.stdout
    for case in ("every_entity_read_has_a_mapping", "a_document_is_read_when_all_is_well", "check_is_all_right"):
        assert re.search(f"(FAILED|ERROR) .*{case}.*halfway", done.stdout), case
