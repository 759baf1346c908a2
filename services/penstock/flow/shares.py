"""One rate budget for each instance, divided between the processes that call it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from penstock.connectors.budget import BudgetSettings
from penstock.flow.model import BudgetEnv, ShareEnv

Service = Literal["ingress", "sinks", "tools"]
"""Who calls. `tools` is every command that a person runs beside the services: audit, check, preview, rebuild-xref."""

BY_NEED: tuple[Service, ...] = ("sinks", "ingress", "tools")
"""Of equal shares the first gets the odd slot: a write that waits holds up its lane, a read only itself."""


def share_of(budget: BudgetEnv, limits: BudgetSettings, service: Service) -> BudgetSettings:
    """What one process of `service` may use. What the environment file does not name is as the system documents it."""
    given = {name: getattr(budget, name) for name in {"per_minute", "concurrency", "burst"} & budget.model_fields_set}
    whole = replace(limits, **given)
    per_minute = None if whole.per_minute is None else whole.per_minute * getattr(budget.share, service)
    return BudgetSettings(
        per_minute,
        whole_parts(whole.concurrency, budget.share)[service],
        whole_parts(whole.burst, budget.share)[service],
    )


def whole_parts(limit: int, share: ShareEnv) -> dict[Service, int]:
    """`limit` slots by share, together no more than there are. Nobody gets none: of fewer than three each has one.

    >>> whole_parts(4, ShareEnv())
    {'sinks': 2, 'ingress': 1, 'tools': 1}
    """
    exact: dict[Service, float] = {service: limit * getattr(share, service) for service in BY_NEED}
    parts: dict[Service, int] = dict.fromkeys(BY_NEED, 1)
    for _ in range(math.floor(sum(exact.values()) + 1e-9) - len(parts)):
        neediest = max(BY_NEED, key=lambda service: exact[service] - parts[service])
        parts[neediest] += 1
    return parts
