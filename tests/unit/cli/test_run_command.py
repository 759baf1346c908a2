"""`penstock run`, before a service runs."""

import pytest
from typer.testing import CliRunner

from penstock.cli.main import app


@pytest.mark.parametrize("service", ["ingress", "sinks", "alerts"])
def test_a_service_of_a_flow_that_is_not_there_is_wrong_usage(service: str) -> None:
    found = CliRunner().invoke(app, ["run", service, "--flow", "nix"])
    assert (found.exit_code, "bug" in found.output) == (2, False)
    assert "nix" in found.output
