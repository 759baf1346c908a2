"""A Clarity eCommerce to talk to: the REST API, webhooks and people of systems/clarity.md 3 to 6, our proposal.

Written from that text alone; knows nothing of the connector. `penstock.sandbox.serve` calls `create`.
"""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from starlette.routing import Route

from penstock.connectors.clarity.sandbox.access import TOKEN_EXPIRED
from penstock.connectors.clarity.sandbox.actions import register_actions
from penstock.connectors.clarity.sandbox.events import FAULT_KINDS
from penstock.connectors.clarity.sandbox.failures import LOGIN_REDIRECT
from penstock.connectors.clarity.sandbox.gateway import Gateway
from penstock.connectors.clarity.sandbox.options import Options
from penstock.connectors.clarity.sandbox.seed import seed_shop
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.subscriptions import subscribe_at_start
from penstock.connectors.clarity.sandbox.tables import RESOURCES
from penstock.sandbox.clock import SandboxClock, utc_now
from penstock.sandbox.engine import Sandbox, SandboxApp
from penstock.sandbox.faults import FaultBox
from penstock.sandbox.storage import Storage

__all__ = ["create"]

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create(data: Path | None, seed: int, options: dict[str, Any]) -> SandboxApp:
    """The sandbox as an ASGI application. `data`: folder of its SQLite file, None = memory; `options`: see Options."""
    chosen = Options.model_validate(options)
    storage = Storage(data / "clarity.sqlite" if data is not None else None)
    clock = SandboxClock("UTC", source=lambda: utc_now() + timedelta(seconds=chosen.clock_skew))
    faults = FaultBox(seed, {*FAULT_KINDS, TOKEN_EXPIRED, LOGIN_REDIRECT})
    sandbox = Sandbox("clarity", storage, clock, faults, time_scale=chosen.time_scale)
    shop = Shop(sandbox, chosen, seed)
    seed_shop(shop)
    subscribe_at_start(shop)
    for name, resource in RESOURCES.items():
        sandbox.collections[resource.table] = partial(shop.store.where, name)
    sandbox.collections["notifications_sent"] = lambda: storage.query("SELECT * FROM notifications ORDER BY id")
    sandbox.opening.append(shop.sender.resume)
    sandbox.closing.append(shop.sender.close)
    register_actions(sandbox, shop)
    gateway = Gateway(shop)
    return sandbox.app([Route("/{path:path}", gateway.handle, methods=_METHODS)])
