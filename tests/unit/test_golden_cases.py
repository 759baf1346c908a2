"""Every golden case of every flow gives what its file says."""

import json
from pathlib import Path
from typing import Any

import pytest

from penstock.flow.case_runners import mapping_runners, rule_runners
from penstock.flow.case_targets import target_runners
from penstock.flow.cases import Case, Runner, load_cases, run_case
from penstock.flow.load import Flow, avro_schema, load_flow
from penstock.resources import resource
from penstock.rules.decision import DecisionTable
from penstock.rules.validate import Policy

IONAPI = {
    "ti": "T", "ci": "c", "cs": "s", "iu": "https://ion.test", "pu": "https://ion.test/T/as/", "ot": "token.oauth2",
    "saak": "k", "sask": "s",
}  # fmt: skip
FILES = sorted(resource("flows").glob("*/cases/*.yaml"))
CASES = [(path.parents[1], case) for path in FILES for case in load_cases(path.name, path.read_text("utf-8"))]


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Runner]]:
    """The runners of each flow that has cases."""
    ionapi = tmp_path_factory.mktemp("ion") / "site.ionapi"
    ionapi.write_text(json.dumps(IONAPI))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PENSTOCK_IONAPI_INFOR", f"file:{ionapi}")
        folders = {folder for folder, _ in CASES}
        return {folder.name: _runners(load_flow(folder.name), folder) for folder in folders}


def _runners(flow: Flow, folder: Path) -> dict[str, Runner]:
    texts = {path.stem: path.read_text("utf-8") for path in (folder / "tables").glob("*.yaml")}
    decisions = {name: DecisionTable.from_text(name, text) for name, text in texts.items() if "\nrules:" in text}
    policy = Policy.model_validate(flow.file.validation)
    rules = rule_runners(policy, decisions, flow.rates, avro_schema)
    return rules | mapping_runners(flow, avro_schema) | target_runners(flow, avro_schema)


@pytest.mark.parametrize(("folder", "case"), CASES, ids=[f"{case.file}:{case.name}" for _, case in CASES])
def test_a_golden_case_gives_what_its_file_says(flows: dict[str, dict[str, Runner]], folder: Path, case: Case) -> None:
    result: Any = run_case(case, flows[folder.name])
    assert result.ok, f"{case}\n" + "\n".join(result.problems)
