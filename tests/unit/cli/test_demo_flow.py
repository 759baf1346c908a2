from pathlib import Path

import pytest

from penstock.cli.demo_flow import DemoFlow, first, read_flow, read_rates
from penstock.cli.errors import CommandError
from penstock.cli.flow_part import read_environment
from penstock.cli.pairs import PAIRS
from penstock.cli.stack import Stack


def test_there_is_a_demo_of_every_flow_that_is_shipped() -> None:
    for flow in ("prestashop-infor", "clarity-sage100"):
        file = read_flow(flow)
        (shop, _), (erp, _) = first(file, "shop"), first(file, "erp")
        assert (shop, erp) in PAIRS


def test_a_flow_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="nix"):
        read_flow("nix")
    assert read_rates("nix") is None


def test_a_demo_needs_both_sandboxes(tmp_path: Path) -> None:
    environment = read_environment("clarity-sage100", "sandbox")
    real = environment.systems["sage100"].model_copy(update={"sandbox": None})
    environment = environment.model_copy(update={"systems": {**environment.systems, "sage100": real}})
    stack = Stack({"clarity-sage100": environment}, "sandbox", tmp_path)
    with pytest.raises(CommandError, match="needs both sandboxes"):
        DemoFlow.open(stack, "clarity-sage100")
