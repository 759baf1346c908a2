"""docs/flow.md says what the code does."""

from __future__ import annotations

import re

import yaml

from penstock.flow.model import FlowFile, said
from penstock.flow.policy_list import POLICIES
from penstock.resources import resource

TEXT = (resource("schemas").parent / "docs" / "flow.md").read_text("utf-8")


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
