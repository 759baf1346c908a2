"""`penstock check`: do the credentials let us in, and with every scope that we use."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.connectors.clarity.client import Shop
from penstock.connectors.clarity.errors import RefusedError
from penstock.connectors.contract import CheckResult
from penstock.connectors.http import NotSentError

READS = ("orders:read", "payments:read", "products:read", "customers:read")
WRITES = (
    *("orders:read", "orders:write", "shipments:read", "shipments:write", "inventory:read", "inventory:write"),
    *("products:read", "products:write", "customers:read", "customers:write"),
)


async def check(shop: Shop, scopes: Sequence[str]) -> Sequence[CheckResult]:
    """The way in first; only where that works, every scope. Writes nothing."""
    try:
        await shop.credentials.headers()
    except NotSentError as error:
        return [CheckResult("connection", ok=False, detail=str(error))]
    results = [CheckResult("connection", ok=True, detail=shop.settings.base_url)]
    return results + [await _scope(shop, scope) for scope in scopes]


async def _scope(shop: Shop, scope: str) -> CheckResult:
    granted = shop.credentials.scopes
    if granted is not None and scope not in granted:
        return CheckResult(scope, ok=False, detail=f"grant the client the scope {scope}")
    path = _lists(shop).get(scope)
    if path is None:
        told = "told by the token" if granted is not None else "not checked: nothing but a write would tell"
        return CheckResult(scope, ok=True, detail=told)
    try:
        await shop.page(path, {shop.settings.profile.lists.page_size: "1"})
    except (NotSentError, RefusedError) as error:
        return CheckResult(scope, ok=False, detail=str(error))
    return CheckResult(scope, ok=True)


def _lists(shop: Shop) -> dict[str, str]:
    paths = shop.paths
    return {
        "orders:read": paths.orders,
        "payments:read": paths.payments,
        "products:read": paths.products,
        "customers:read": paths.accounts,
        "shipments:read": paths.shipments,
        "inventory:read": paths.inventory,
    }
