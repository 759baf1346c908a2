"""The docs of a flow's files say what the code does."""

from __future__ import annotations

import re

import pytest
import yaml

from penstock.flow.model import EnvFile, FlowFile, said
from penstock.flow.policy_list import POLICIES
from penstock.resources import resource

DOCS = resource("schemas").parent / "docs"
TEXT = (DOCS / "flow.md").read_text("utf-8")


def test_every_policy_is_in_the_table_with_its_values_and_its_default() -> None:
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| (.+)$", TEXT.partition("### Policies")[2], re.MULTILINE))
    for name, spec in POLICIES.items():
        shown = ", ".join(f"**`{said(v)}`**" if v == spec.default else f"`{said(v)}`" for v in spec.values)
        assert rows[name] == f"{shown} | {spec.doc} |"


def test_the_examples_are_files_of_a_flow() -> None:
    blocks = [
        yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT.replace("    …\n", ""), re.DOTALL)
    ]
    parts: dict[str, object] = {}
    for name in ("policies", "ownership"):
        parts |= {name: next(block[name] for block in blocks if name in block)}
    several = next(block for block in blocks if "shop-fr" in block.get("systems", {}))
    routes = next(block for block in blocks if "shop-fr" in block.get("routes", {}))
    file = FlowFile.model_validate(
        {"flow": "f", "mode": "live", "start": {"orders_from": "2026-01-01"}, **several, **routes, **parts}
    )
    assert len(file.routes["shop-fr"]["order"]) == 5


@pytest.mark.parametrize("page", ["flow.md", "operations.md", "alerts.md"])
def test_the_examples_of_environment_files_are_taken(page: str) -> None:
    text = (DOCS / page).read_text("utf-8").replace("    …\n", "")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    found = [block for block in blocks if not block.keys() - EnvFile.model_fields and "shop-fr" not in str(block)]
    assert found, "the page has an example"
    for block in found:
        EnvFile.model_validate({"systems": {}, **block})
