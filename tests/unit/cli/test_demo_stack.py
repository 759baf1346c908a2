from pathlib import Path

import pytest

from penstock.cli.errors import CommandError
from penstock.cli.flow_part import all_flows, read_environment
from penstock.cli.stack import Stack
from penstock.flow.model import EnvFile


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PENSTOCK_BOOTSTRAP", "PENSTOCK_REGISTRY_URL"):
        monkeypatch.delenv(name, raising=False)


def shop_only(**more: object) -> EnvFile:
    sandbox = {"settings": {"base_url": "http://127.0.0.1:1/api"}, "sandbox": {"options": {"hook": "${ingress.url}/h"}}}
    return EnvFile.model_validate({"systems": {"prestashop": sandbox}, **more})


def test_several_flows_share_the_log_and_have_services_of_their_own(tmp_path: Path) -> None:
    stack = Stack({"a": read_environment("prestashop-infor", "sandbox"), "b": shop_only()}, "sandbox", tmp_path)
    children = stack.supervisor().children
    assert [name for name in children if "/" not in name] == [
        "broker",
        "registry",
        "prestashop",
        "infor",
        "topics",
        "schemas",
    ]
    services = [f"{flow}/{name}" for flow in ("a", "b") for name in ("ingress", "processors", "sinks")]
    assert [name for name in children if "/" in name] == ["b/prestashop", *services]
    assert children["a/sinks"].spec.env["PENSTOCK_BOOTSTRAP"] == children["b/sinks"].spec.env["PENSTOCK_BOOTSTRAP"]
    ports = [child.spec.listens for child in children.values() if child.spec.listens]
    assert len(ports) == len(set(ports))


def test_each_flow_finds_its_own_sandbox_and_its_webhooks_its_own_ingress(tmp_path: Path) -> None:
    stack = Stack({"a": shop_only(), "b": shop_only()}, "sandbox", tmp_path, {"ingress": 8080})
    children = stack.supervisor().children
    for flow, sandbox in (("a", "prestashop"), ("b", "b/prestashop")):
        part = stack.flows[flow]
        assert children[f"{flow}/sinks"].spec.env["PENSTOCK_URL_PRESTASHOP"] == stack.sandboxes[sandbox] + "/api"
        argv = children[sandbox].spec.argv
        assert f"{part.ingress_url}/h" in argv[argv.index("--options") + 1]
    assert stack.flows["a"].ingress_url != stack.flows["b"].ingress_url


def test_flows_that_name_different_brokers_cannot_run_together(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="need one log"):
        Stack({"a": shop_only(), "b": shop_only(kafka={"bootstrap": "kafka:9092"})}, "sandbox", tmp_path)


def test_all_flows_are_those_with_such_an_environment() -> None:
    assert "prestashop-infor" in all_flows("sandbox")
    with pytest.raises(CommandError, match="name the flow"):
        all_flows("nix")


def test_alerts_are_a_service_where_somebody_is_to_be_told(tmp_path: Path) -> None:
    webhook = {"url": "https://alerts.example", "secret": "env:NOT_SET_HERE"}
    stack = Stack({"a": shop_only(alerts={"webhook": webhook}), "b": shop_only(alerts={})}, "sandbox", tmp_path)
    assert [name for name in stack.supervisor().children if name.endswith("/alerts")] == ["a/alerts"]
