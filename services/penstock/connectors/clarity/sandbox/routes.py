"""The addresses of the API, who may call them, and what answers (systems/clarity.md 3.3)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from penstock.connectors.clarity.sandbox import bulk, handlers, subscriptions
from penstock.connectors.clarity.sandbox.answers import Answer, ApiError
from penstock.connectors.clarity.sandbox.call import Call
from penstock.connectors.clarity.sandbox.lists import listed
from penstock.connectors.clarity.sandbox.shop import Shop

Handler = Callable[[Shop, Call], Answer]
Takes = Literal["json", "merge-patch", "nothing"]


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern`: parts of the address, `*` stands for any. `takes`: what kind of body the request must have."""

    method: str
    pattern: tuple[str, ...]
    scope: str
    handler: Handler
    takes: Takes


_TAKES: dict[str, Takes] = {
    "POST": "json",
    "PUT": "json",
    "PATCH": "merge-patch",
    "GET": "nothing",
    "DELETE": "nothing",
}


def _route(method: str, path: str, scope: str, handler: Handler, takes: Takes | None = None) -> Route:
    return Route(method, tuple(path.split("/")), scope, handler, takes or _TAKES[method])


def _reads(name: str, scope: str) -> list[Route]:
    """A list and single reads."""
    return [
        _route("GET", name, f"{scope}:read", partial(listed, name=name)),
        _route("GET", f"{name}/*", f"{scope}:read", partial(handlers.read, name=name)),
    ]


ROUTES = (
    *_reads("sales-orders", "orders"),
    _route("GET", "sales-orders/by-key/*", "orders:read", partial(handlers.read_by_key, name="sales-orders")),
    _route("PATCH", "sales-orders/*", "orders:write", handlers.patch_order),
    _route("POST", "sales-orders/*/status", "orders:write", handlers.post_status),
    *_reads("shipments", "shipments"),
    _route("POST", "shipments", "shipments:write", handlers.post_shipment),
    _route("PATCH", "shipments/*", "shipments:write", handlers.patch_shipment),
    _route("GET", "payments", "payments:read", partial(listed, name="payments")),
    _route("POST", "refunds", "orders:write", handlers.post_refund),
    *_reads("products", "products"),
    _route("PUT", "products/by-key/*", "products:write", partial(handlers.put_by_key, name="products")),
    _route("GET", "inventory", "inventory:read", partial(listed, name="inventory")),
    _route("PUT", "inventory/bulk", "inventory:write", bulk.put_stock),
    _route("GET", "prices/bulk", "products:read", partial(listed, name="prices")),
    _route("PUT", "prices/bulk", "products:write", bulk.put_prices),
    *_reads("accounts", "customers"),
    _route("PUT", "accounts/by-key/*", "customers:write", partial(handlers.put_by_key, name="accounts")),
    *_reads("users", "customers"),
    *_reads("contacts", "customers"),
    _route("GET", "webhooks", "webhooks:read", partial(listed, name="webhooks")),
    _route("POST", "webhooks", "webhooks:write", subscriptions.subscribe),
    _route("DELETE", "webhooks/*", "webhooks:write", subscriptions.unsubscribe),
    _route("GET", "webhooks/*/deliveries", "webhooks:read", subscriptions.deliveries),
    _route("POST", "webhooks/*/deliveries/*/redeliver", "webhooks:write", subscriptions.redeliver, takes="nothing"),
)


def find(method: str, segments: tuple[str, ...]) -> tuple[Route, tuple[str, ...]]:
    """The route of a call and the parts it leaves open. ApiError 404, 405 with Allow."""
    known = [route for route in ROUTES if _fits(route.pattern, segments)]
    if not known:
        raise ApiError(404, "not_found", f"there is nothing at /api/v1/{'/'.join(segments)}")
    for route in known:
        if route.method == method:
            args = tuple(part for part, wanted in zip(segments, route.pattern, strict=True) if wanted == "*")
            return route, args
    allow = ", ".join(sorted({route.method for route in known}))
    raise ApiError(405, "method_not_allowed", f"{method} is not known here; {allow} is", headers={"Allow": allow})


def _fits(pattern: tuple[str, ...], segments: tuple[str, ...]) -> bool:
    return len(pattern) == len(segments) and all(
        wanted in {"*", part} for wanted, part in zip(pattern, segments, strict=True)
    )
