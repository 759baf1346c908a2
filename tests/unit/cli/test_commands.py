import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penstock.cli.errors import CommandError, Exit
from penstock.cli.lazy import LazyGroup
from penstock.cli.main import Penstock, app
from penstock.cli.stack import Stack, read_environment

COMMANDS = list(Penstock.modules)
run = CliRunner().invoke


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    result = run(app, [name, "--help"])
    assert result.exit_code == Exit.OK
    assert f"penstock {name}" in result.output or "COMMAND" in result.output


def test_exit_codes_are_documented() -> None:
    text = " ".join(run(app, ["--help"]).output.split())
    assert "0 ok; 1 the answer is no" in text
    assert "70 a bug" in text


def test_an_unknown_command_is_wrong_usage() -> None:
    assert run(app, ["demonstrate"]).exit_code == Exit.USAGE


def test_a_broker_that_does_not_answer_is_unreachable_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.cli.logview.ANSWER_SECONDS", 0.2)
    result = run(app, ["holds", "list", "--bootstrap", "127.0.0.1:1"])
    assert result.exit_code == Exit.UNREACHABLE
    assert "no broker answers on 127.0.0.1:1" in result.output


def test_an_unexpected_error_is_a_bug_with_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr("penstock.cli.dlq.open_letters", broken)
    monkeypatch.setattr("penstock.cli.logview.LogView.connect", lambda *_: None)
    result = run(app, ["dlq", "list"])
    assert result.exit_code == Exit.INTERNAL
    assert "surprise" in result.output


def test_a_command_is_imported_only_when_it_is_asked_for() -> None:
    group = LazyGroup(name="x", commands={})
    group.modules = {"nothing": "penstock.cli.no_such_module"}  # type: ignore[misc]  # for this one object
    assert group.get_command(None, "other") is None
    assert "penstock.cli.no_such_module" not in sys.modules


def test_flow_check_reads_the_flow_and_flow_test_runs_its_cases() -> None:
    assert run(app, ["flow", "check"]).exit_code == Exit.OK
    result = run(app, ["flow", "test", "--json"])
    assert result.exit_code == Exit.OK, result.output


def test_an_unknown_flow_or_environment_is_named() -> None:
    assert "there is no flow 'nix'" in run(app, ["flow", "check", "--flow", "nix"]).output
    with pytest.raises(CommandError, match=r"environments of prestashop-infor: .*sandbox"):
        read_environment("prestashop-infor", "nix")


def test_what_listens_where_is_chosen_once_and_handed_to_every_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PENSTOCK_BOOTSTRAP", "PENSTOCK_REGISTRY_URL"):
        monkeypatch.delenv(name, raising=False)
    stack = Stack.load("prestashop-infor", "sandbox", tmp_path)
    children = stack.supervisor().children
    assert list(children) == [
        "broker",
        "registry",
        "prestashop",
        "infor",
        "topics",
        "schemas",
        "ingress",
        "processors",
        "sinks",
    ]
    handed = children["sinks"].spec.env
    assert handed["PENSTOCK_BOOTSTRAP"] == stack.bootstrap
    assert handed["PENSTOCK_URL_PRESTASHOP"] == stack.sandboxes["prestashop"] + "/api"
    assert handed["PENSTOCK_IONAPI_INFOR"] == str(tmp_path / "infor.ionapi")
    argv = children["prestashop"].spec.argv
    assert argv[argv.index("--seed") + 1] == "7", "the flow's tables name items of this catalogue"
    assert f"{stack.ingress_url}/webhooks/prestashop/1" in argv[argv.index("--options") + 1]
    assert {"prestashop", "infor", "topics", "schemas"} <= set(children["ingress"].spec.needs)


def test_a_broker_and_a_registry_that_are_named_are_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_BOOTSTRAP", "kafka.example:9092")
    monkeypatch.setenv("PENSTOCK_REGISTRY_URL", "http://registry.example")
    children = Stack.load("prestashop-infor", "sandbox", tmp_path).supervisor().children
    assert not {"broker", "registry"} & set(children)
    assert children["topics"].spec.needs == ()
