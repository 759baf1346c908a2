"""The Sage 100 sandbox: one company behind the REST facade of systems/sage100.md 5, as sections 2, 5, 6, 7 describe it.

It knows nothing of our connector: both are written from the same facts. Beyond the facts it has `GET /IM/PriceCode`
(filters ItemCode, CustomerNo, ARDivisionNo, PriceCode; no `updatedSince`), which is our proposal.
"""

from pathlib import Path
from typing import Any

from starlette.routing import Route

from penstock.connectors.sage100.sandbox.access import Access
from penstock.connectors.sage100.sandbox.actions import actions
from penstock.connectors.sage100.sandbox.company import Company, Locks
from penstock.connectors.sage100.sandbox.facade import Facade
from penstock.connectors.sage100.sandbox.gateway import TOKEN_EXPIRED, Gateway
from penstock.connectors.sage100.sandbox.idempotency import Idempotency
from penstock.connectors.sage100.sandbox.limits import Limits
from penstock.connectors.sage100.sandbox.options import Options
from penstock.connectors.sage100.sandbox.seed import seed_company
from penstock.connectors.sage100.sandbox.state import collections
from penstock.connectors.sage100.sandbox.store import Store
from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.engine import Sandbox, SandboxApp
from penstock.sandbox.faults import FaultBox
from penstock.sandbox.storage import Storage

__all__ = ["create"]

_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create(data: Path | None, seed: int, options: dict[str, Any]) -> SandboxApp:
    """The sandbox as an ASGI application. `data`: folder of its database, None: in memory.

    Raises pydantic.ValidationError for an unknown option.
    """
    settings = Options.model_validate(options)
    clock = SandboxClock(settings.time_zone)
    faults = FaultBox(seed, {TOKEN_EXPIRED})
    storage = Storage(data / "sage100.sqlite" if data else None)
    sandbox = Sandbox("sage100", storage, clock, faults, time_scale=settings.time_scale)
    store = Store(storage, clock)
    seed_company(store, seed, settings.base_currency)
    company = Company(store, settings, Locks())
    access = Access(storage, settings)
    limits = Limits(settings, store.now)
    gateway = Gateway(company, Facade(company, Idempotency(storage)), access, limits, faults)
    sandbox.collections.update(collections(company, access))
    sandbox.actions.update(actions(company, limits))
    return sandbox.app([Route("/{path:path}", gateway.handle, methods=_ALL_METHODS)])
