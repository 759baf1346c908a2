"""`penstock map`: on a made-up connector and flow."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from penstock.cli import map as map_command
from penstock.cli import mapping_files
from penstock.cli.errors import CommandError, Exit
from penstock.flow.load import avro_schema
from penstock.mapping import MappingEnv, compile_mapping

FROM = """from: Payment
to: shop.payment
fields:
  Amount: payment.amount
  Reference: optional(payment.order_reference)
  Customer: xref("customer", "any")
"""
PAYLOAD = """fields:
  Amount: {type: decimal, required: true}
  Reference: {type: string}
  Customer: {type: string}
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A connector `shop` with one mapping, and a flow `f` that uses it."""
    mappings = tmp_path / "shop" / "mappings"
    mappings.mkdir(parents=True)
    (mappings / "payment.from-canonical.yaml").write_text(FROM)
    (mappings / "payment.payload.yaml").write_text(PAYLOAD)
    flow = tmp_path / "flows" / "f"
    (flow / "tables").mkdir(parents=True)
    (flow / "flow.yaml").write_text("systems: {shop: {instance: one}}\n")
    (flow / "tables" / "carrier.yaml").write_text("entries: {a: b}\n")
    spec = SimpleNamespace(system="shop", mappings=mappings, reads={})
    real = mapping_files.resource
    monkeypatch.setattr(mapping_files, "names", lambda: ("shop",))
    monkeypatch.setattr(mapping_files, "connector", lambda _name: spec)
    monkeypatch.setattr(mapping_files, "resource", lambda name: tmp_path / "flows" if name == "flows" else real(name))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*args: str, **options: Any) -> Result:
    return CliRunner().invoke(map_command.app, args, **options)


def test_everything_in_order_is_said_in_one_line(world: Path) -> None:
    result = invoke("check")
    assert result.exit_code == 0, result.output
    assert result.output.strip() == "2 files checked, 0 problems"


def test_problems_are_shown_with_file_and_line_and_end_with_one(world: Path) -> None:
    path = world / "shop" / "mappings" / "payment.from-canonical.yaml"
    path.write_text(path.read_text().replace("payment.amount", "payment.amuont"))
    result = invoke("check")
    assert result.exit_code == Exit.NO
    where = "shop/mappings/payment.from-canonical.yaml:4: Amount: there is no payment.amuont; did you mean 'amount'?"
    assert result.output.splitlines()[0] == where
    assert result.output.splitlines()[-1] == "2 files checked, 1 problems"


def test_an_override_of_a_flow_is_checked_with_the_flows_tables(world: Path) -> None:
    folder = world / "flows" / "f" / "mappings" / "shop"
    folder.mkdir(parents=True)
    override = folder / "payment.from-canonical.yaml"
    override.write_text('override: payment.from-canonical\nfields:\n  Reference: code("carier", "a")\n')
    result = invoke("check", "--flow", "f", "--json")
    assert result.exit_code == Exit.NO
    problems = [problem for file in json.loads(result.output)["files"] for problem in file["problems"]]
    assert [problem["file"] for problem in problems] == ["flows/f/mappings/shop/payment.from-canonical.yaml"]
    assert problems[0]["line"] == 3
    assert "no code table 'carier'; did you mean 'carrier'" in problems[0]["message"]


def test_an_override_of_nothing_is_told(world: Path) -> None:
    folder = world / "flows" / "f" / "mappings"
    for path in (folder / "shop" / "paymnt.from-canonical.yaml", folder / "shpo" / "x.yaml"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("override: x\n")
    lines = invoke("check").output.splitlines()
    assert any("shop has no mapping 'paymnt.from-canonical.yaml'" in line and "payment.from" in line for line in lines)
    assert any("the flow has no system 'shpo'; did you mean 'shop'" in line for line in lines)


def test_a_payload_schema_that_is_not_there_is_told(world: Path) -> None:
    (world / "shop" / "mappings" / "payment.payload.yaml").unlink()
    assert "payment.payload.yaml is needed beside it" in invoke("check").output


def test_wrong_tables_are_told(world: Path) -> None:
    tables = world / "flows" / "f" / "tables"
    (tables / "carrier.yaml").write_text("entries: {a: [b]}\n")
    (tables / "cost.yaml").write_text("rules: x\n")
    output = invoke("check").output
    assert "carrier.yaml:1: a: a code table holds texts" in output
    assert "flows/f/tables/cost.yaml" in output


def test_an_unknown_flow_ends_with_wrong_usage(world: Path) -> None:
    result = invoke("check", "--flow", "g")
    assert isinstance(result.exception, CommandError)
    assert result.exception.code == Exit.USAGE


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """`run` and `explain` see one mapping, without a flow on disk."""
    mapping = compile_mapping(
        "payment.from-canonical", FROM, target_schema=PAYLOAD, source_schema=avro_schema("payment")
    )
    loaded = SimpleNamespace(
        mappings={("shop", "from", "payment"): mapping},
        mapping_env=lambda _system: MappingEnv("shop", "one"),
        systems={},
    )
    monkeypatch.setattr(map_command, "load_flow", lambda _flow, _env: loaded)


PAYMENT = {"amount": "12.50", "order_reference": "PS1-41"}
ARGS = ("shop/payment.from-canonical", "payment.json", "--xref", "customer=C01")


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "payment.json"
    path.write_text(json.dumps(PAYMENT))
    return path


@pytest.mark.usefixtures("flow", "document")
def test_run_prints_what_a_document_becomes() -> None:
    result = invoke("run", *ARGS)
    assert result.exit_code == 0, result.output
    assert json.loads(result.output) == {"Amount": "12.50", "Reference": "PS1-41", "Customer": "C01"}


@pytest.mark.usefixtures("flow")
def test_run_reads_a_document_from_a_pipe() -> None:
    result = invoke("run", ARGS[0], "-", *ARGS[2:], input=json.dumps({"payment": PAYMENT}))
    assert json.loads(result.output)["Amount"] == "12.50"


@pytest.mark.usefixtures("flow", "document")
def test_run_says_what_is_missing() -> None:
    result = invoke("run", *ARGS[:2])
    assert isinstance(result.exception, CommandError)
    assert "Customer: the target has no customer any yet" in str(result.exception)


@pytest.mark.usefixtures("flow", "document")
def test_explain_shows_a_table_and_json() -> None:
    table = invoke("explain", *ARGS)
    assert table.exit_code == 0, table.output
    assert "payment.amount = 12.50" in table.output
    steps = json.loads(invoke("explain", *ARGS, "--json", "--field", "Ref").output)["steps"]
    assert [(step["field"], step["result"]) for step in steps] == [("Reference", "PS1-41")]


@pytest.mark.usefixtures("flow", "document")
def test_explain_of_a_failure_ends_with_one_and_the_reason() -> None:
    result = invoke("explain", *ARGS[:2])
    assert result.exit_code == Exit.NO
    assert "the target has no customer any yet" in result.output


@pytest.mark.usefixtures("flow")
@pytest.mark.parametrize(
    ("content", "args", "message"),
    [
        ("{}", ("shop/paymnt.from-canonical", "payment.json"), "did you mean 'shop/payment.from-canonical'"),
        ("{", ARGS, "is not JSON"),
        ("[]", ARGS, "must be a JSON object"),
        ("{}", (ARGS[0], "nowhere.json"), "cannot be read"),
        ("{}", (*ARGS[:2], "--xref", "customer"), "write ENTITY=NATIVE"),
        ('{"amount": "a lot"}', ARGS, "'a lot' is not a number"),
    ],
)
def test_wrong_input_is_told(document: Path, content: str, args: tuple[str, ...], message: str) -> None:
    document.write_text(content)
    result = invoke("run", *args)
    assert isinstance(result.exception, CommandError)
    assert message in str(result.exception)
