"""What one process may ask of an instance: the documented limits, unless the environment file says otherwise."""

from __future__ import annotations

from penstock.connectors.budget import BudgetSettings
from penstock.connectors.registry import connector
from penstock.flow.flow import share_of
from penstock.flow.model import BudgetEnv


def test_a_system_keeps_its_documented_limits_where_the_file_says_nothing() -> None:
    assert share_of(BudgetEnv(), connector("sage100").limits, "sinks") == BudgetSettings(30.0, 1, 1)
    assert share_of(BudgetEnv(), connector("clarity").limits, "ingress") == BudgetSettings(60.0, 2, 20)
    assert share_of(BudgetEnv(), connector("infor").limits, "sinks").per_minute is None


def test_what_the_file_names_takes_their_place() -> None:
    limits = connector("sage100").limits
    given = BudgetEnv.model_validate({"per_minute": None, "burst": 20, "share": {"ingress": 0.2, "sinks": 0.8}})
    assert share_of(given, limits, "sinks") == BudgetSettings(None, 2, 16)
