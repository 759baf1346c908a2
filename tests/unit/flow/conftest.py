from __future__ import annotations

import pytest

from tests.unit.flow.world import Flows, resource_of


@pytest.fixture
def flows(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Flows:
    """A folder of flows of this test's own."""
    folder = tmp_path_factory.mktemp("flows")
    monkeypatch.setattr("penstock.flow.load.resource", resource_of(folder))
    return Flows(folder)
