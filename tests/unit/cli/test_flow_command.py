"""`penstock flow check` and `ownership` on a flow with several instances; its children on one machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.flow.world import ENV, ROUTES, Flows, only, resource_of
from typer.testing import CliRunner

from penstock.cli.main import app
from penstock.cli.stack import Stack

run = CliRunner()


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flows:
    for module in ("penstock.flow.load", "penstock.cli.flow_part"):
        monkeypatch.setattr(f"{module}.resource", resource_of(tmp_path / "flows"))
    return Flows(tmp_path / "flows")


def test_the_check_shows_the_conditions_of_routes(flows: Flows) -> None:
    flows.write(routes=only({"when": "order.totals.gross > 5", "to": ["paris"]}, {"to": ["dallas"]}))
    found = run.invoke(app, ["flow", "check", "two", "--json"])
    assert found.exit_code == 0, found.output
    assert json.loads(found.output)["routes"][:2] == [
        {"from": "shop-fr", "entity": "order", "when": "order.totals.gross > 5", "to": ["paris"]},
        {"from": "shop-fr", "entity": "order", "when": None, "to": ["dallas"]},
    ]


def test_the_check_names_what_is_wrong(flows: Flows) -> None:
    flows.write(policies={"tax": "lines"})
    found = run.invoke(app, ["flow", "check", "two"])
    assert found.exit_code == 2
    assert "tax: lines is none of header, line, schedule" in found.output.replace("\n", " ")


def test_the_check_shows_policies_with_their_rows_and_which_are_defaults(flows: Flows) -> None:
    rows = [{"when": "order.totals.gross > 5", "use": "hold"}, {"use": "partial"}]
    flows.write(policies={"stock.unavailable": rows, "customers.match_name": False})
    found = run.invoke(app, ["flow", "check", "two", "--json"])
    assert found.exit_code == 0, found.output
    shown = [row for row in json.loads(found.output)["policies"] if row["policy"] in {"stock.unavailable", "credit"}]
    assert shown == [
        {"policy": "credit", "when": None, "use": "check", "default": True},
        {"policy": "stock.unavailable", "when": "order.totals.gross > 5", "use": "hold", "default": False},
        {"policy": "stock.unavailable", "when": None, "use": "partial", "default": False},
    ]
    text = run.invoke(app, ["flow", "check", "two"]).output
    assert "order.totals.gross > 5" in text
    assert "check (default)" in text
    assert "false" in text


def test_the_flow_may_be_named_as_everywhere_else(flows: Flows) -> None:
    flows.write()
    plain = run.invoke(app, ["flow", "check", "two"])
    assert plain.output.startswith("two: live")
    assert run.invoke(app, ["flow", "check", "--flow", "two"]).output == plain.output
    assert "no cases in" in run.invoke(app, ["flow", "test", "two"]).output.replace("\n", " ")


def test_ownership_shows_master_and_payload_fields(flows: Flows) -> None:
    routes = ROUTES | {"shop-fr": {"customer": ["dallas"]}}
    flows.write(routes=routes, ownership={"customer": {"master": "shop-fr", "fields": {"email": "dallas"}}})
    found = run.invoke(app, ["flow", "ownership", "two", "--json"])
    assert found.exit_code == 0, found.output
    (email,) = [row for row in json.loads(found.output) if row["field"] == "email"]
    assert (email["master"], email["payload"]["dallas"]) == ("dallas", ["CustomerEmailAddr"])
    assert "CustomerEmailAddr" in run.invoke(app, ["flow", "ownership", "two"]).output


def test_a_flow_without_ownership_says_so(flows: Flows) -> None:
    flows.write()
    assert "every change is written" in run.invoke(app, ["flow", "ownership", "two"]).output


def test_every_instance_has_a_sandbox_of_its_own_and_is_found_by_its_name(flows: Flows, tmp_path: Path) -> None:
    systems = {
        name: {**each, "sandbox": {"options": {"webhook_url": "${ingress.url}/webhooks/prestashop/2"}}}
        for name, each in ENV["systems"].items()
    }
    flows.write({**ENV, "systems": systems})
    stack = Stack.load("two", "sandbox", tmp_path / "data")
    children = stack.supervisor().children
    argv = children["shop-de"].spec.argv
    assert argv[argv.index("penstock.sandbox.serve") + 1] == "prestashop"
    assert f"{stack.ingress_url}/webhooks/prestashop/2" in argv[argv.index("--options") + 1]
    handed = children["sinks"].spec.env
    assert handed["PENSTOCK_URL_SHOP_DE"] == stack.sandboxes["shop-de"] + "/api"
    assert handed["PENSTOCK_IONAPI_PARIS"].endswith("paris.ionapi")
    assert len(set(stack.sandboxes.values())) == 4
