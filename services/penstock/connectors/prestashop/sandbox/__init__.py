"""A PrestaShop to talk to: the webservice with its odd answers, our shop module's webhooks, and a back office.

Written from systems/prestashop.md alone; knows nothing of the connector. `penstock.sandbox.serve` calls `create`.
"""

from pathlib import Path
from typing import Any

from starlette.routing import Route

from penstock.connectors.prestashop.sandbox.actions import register_actions
from penstock.connectors.prestashop.sandbox.api import Webservice
from penstock.connectors.prestashop.sandbox.hooks import FAULT_KINDS, Hooks
from penstock.connectors.prestashop.sandbox.options import Options
from penstock.connectors.prestashop.sandbox.seed import seed_shop
from penstock.connectors.prestashop.sandbox.shop import Shop
from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.engine import Sandbox, SandboxApp
from penstock.sandbox.faults import FaultBox
from penstock.sandbox.storage import Storage

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
COLLECTIONS = (
    "addresses",
    "combinations",
    "customer_messages",
    "customers",
    "order_carriers",
    "order_cart_rules",
    "order_details",
    "order_histories",
    "order_invoices",
    "order_payments",
    "orders",
    "products",
    "stock_availables",
)


def create(data: Path | None, seed: int, options: dict[str, Any]) -> SandboxApp:
    """The sandbox as an ASGI application. `data`: folder of its SQLite file, None = memory; `options`: see Options."""
    chosen = Options.model_validate(options)
    storage = Storage(data / "prestashop.sqlite" if data is not None else None)
    clock = SandboxClock(chosen.time_zone)
    sandbox = Sandbox("prestashop", storage, clock, FaultBox(seed, FAULT_KINDS), time_scale=chosen.time_scale)
    hooks = Hooks(sandbox, chosen)
    shop = Shop(storage, clock, chosen, hooks, seed)
    seed_shop(shop)
    for name in COLLECTIONS:
        sandbox.collections[name] = lambda name=name: shop.rows(name)  # type: ignore[misc]
    sandbox.collections["order_slips"] = lambda: shop.rows("order_slip")
    sandbox.collections["webhooks"] = lambda: storage.query("SELECT * FROM webhooks ORDER BY id")
    sandbox.collections["mails"] = lambda: storage.query("SELECT * FROM mails ORDER BY id")
    sandbox.closing.append(hooks.close)
    register_actions(sandbox, shop)
    webservice = Webservice(shop)
    return sandbox.app(
        [
            Route("/api", webservice.handle, methods=METHODS),
            Route("/api/{rest:path}", webservice.handle, methods=METHODS),
        ]
    )
