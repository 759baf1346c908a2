"""What one process may ask of an instance: the documented limits, unless the environment file says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.connectors.budget import BudgetSettings
from penstock.connectors.registry import connector, names
from penstock.flow.load import FlowError
from penstock.flow.model import BudgetEnv, ShareEnv
from penstock.flow.shares import BY_NEED, share_of, whole_parts
from tests.unit.flow.world import ENV, Flows


def test_a_system_keeps_its_documented_limits_where_the_file_says_nothing() -> None:
    assert share_of(BudgetEnv(), connector("sage100").limits, "sinks") == BudgetSettings(27.0, 1, 1)
    assert share_of(BudgetEnv(), connector("clarity").limits, "ingress") == BudgetSettings(54.0, 1, 18)
    assert share_of(BudgetEnv(), connector("clarity").limits, "tools") == BudgetSettings(12.0, 1, 4)
    assert share_of(BudgetEnv(), connector("infor").limits, "sinks").per_minute is None


def test_what_the_file_names_takes_their_place() -> None:
    limits = connector("sage100").limits
    share = {"ingress": 0.15, "sinks": 0.8, "tools": 0.05}
    given = BudgetEnv.model_validate({"per_minute": None, "burst": 20, "concurrency": 20, "share": share})
    assert share_of(given, limits, "sinks") == BudgetSettings(None, 16, 16)


@pytest.mark.parametrize("system", names())
def test_the_processes_of_an_instance_together_keep_its_limits(system: str) -> None:
    limits = connector(system).limits
    shares = [share_of(BudgetEnv(), limits, service) for service in BY_NEED]
    assert sum(each.per_minute or 0 for each in shares) <= (limits.per_minute or 0)
    assert sum(each.concurrency for each in shares) == max(limits.concurrency, 3), "each can make one call"
    assert sum(each.burst for each in shares) == max(limits.burst, 3)


@pytest.mark.parametrize("limit", [*range(1, 41), 1000])
@pytest.mark.parametrize("share", [{}, {"ingress": 0.9, "sinks": 0.05, "tools": 0.05}, {"ingress": 0.2, "sinks": 0.1}])
def test_slots_go_by_share_and_no_more_are_given_than_there_are(limit: int, share: dict[str, float]) -> None:
    given = ShareEnv.model_validate(share)
    parts = whole_parts(limit, given)
    assert min(parts.values()) >= 1
    assert sum(parts.values()) <= max(limit, 3)
    for service, slots in parts.items():
        assert slots == 1 or slots < limit * getattr(given, service) + 1


def sharing(**share: float) -> dict[str, Any]:
    """An environment file with these shares of `dallas`."""
    systems: dict[str, Any] = ENV["systems"]
    return {**ENV, "systems": {**systems, "dallas": {**systems["dallas"], "budget": {"share": share}}}}


def test_shares_that_leave_the_rest_its_part_are_taken(flows: Flows) -> None:
    flow = flows.load(sharing(ingress=0.3, sinks=0.6))
    assert flow.systems["dallas"].env.budget.share.tools == 0.1


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (
            {"ingress": 0.4, "sinks": 0.6},
            r"ingress 0.4 \+ sinks 0.6 \+ tools 0.1 \(default\) = 1.1, more than the whole budget; lower them",
        ),
        ({"sinks": 0.6}, r"ingress 0.45 \(default\) \+ sinks 0.6 \+ tools 0.1 \(default\) = 1.15"),
        ({"audit": 0.05}, "'audit' is now part of 'tools', the share of all commands: name that"),
        ({"sink": 0.4}, "there is no share 'sink'; did you mean 'sinks'?"),
    ],
)
def test_shares_that_are_more_than_the_budget_or_unknown_are_refused(
    flows: Flows, share: dict[str, float], said: str
) -> None:
    with pytest.raises(FlowError, match=rf"env/sandbox.yaml: systems.dallas.budget.share: .*{said}"):
        flows.load(sharing(**share))


@pytest.mark.parametrize(
    "budget", [{"share": {"tools": 0}}, {"per_minute": 0}, {"concurrency": 0}, {"burst": 0}], ids=str
)
def test_a_budget_that_lets_nobody_call_is_refused(budget: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"share\.tools|per_minute|concurrency|burst"):
        BudgetEnv.model_validate(budget)
