"""`penstock check`: is the key good, the version right, and does the key have every right that we use, and no less.

Rights on methods are asked by calls without a body: the shop refuses a method that the key may not use (405/25) before
it looks at the body, and refuses the empty body itself with 127. Nothing is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from penstock.connectors.contract import CheckResult
from penstock.connectors.http import NotSentError, Reply
from penstock.connectors.prestashop.client import Shop, configuration_fault

_READ = (
    *("orders", "order_details", "order_cart_rules", "order_payments", "order_carriers", "order_histories"),
    *("order_slip", "order_states", "customers", "addresses", "countries", "states", "currencies", "languages"),
    *("carriers", "taxes", "products", "combinations", "categories", "stock_availables", "cart_rules"),
    *("customer_threads", "customer_messages"),
)
READS: Mapping[str, tuple[str, ...]] = dict.fromkeys(_READ, ("GET",))
"""What the source uses: resource -> methods."""

WRITES: Mapping[str, tuple[str, ...]] = {
    "orders": ("GET",),
    "order_states": ("GET",),
    "order_histories": ("GET", "POST"),
    "order_carriers": ("GET", "CHANGE"),
    "order_payments": ("GET", "POST", "CHANGE"),
    "currencies": ("GET",),
    "products": ("GET",),
    "combinations": ("GET",),
    "stock_availables": ("GET", "CHANGE"),
    "customers": ("GET", "PATCH"),
}
"""What the sink uses; CHANGE is PATCH, on 1.7 PUT. What only PATCH can do is not done on 1.7."""


async def check(shop: Shop, needed: Mapping[str, tuple[str, ...]]) -> Sequence[CheckResult]:
    """The connection first; only where that works, every right."""
    try:
        reply, answer = await shop.probe("GET", "orders", {"display": "[id]", "limit": "1", "sort": "[id_DESC]"})
    except NotSentError as error:
        return [CheckResult("connection", ok=False, detail=str(error))]
    fault = configuration_fault(reply.status, answer.codes)
    if fault is not None and 26 not in answer.codes:
        return [CheckResult("connection", ok=False, detail=fault)]
    if 300 <= reply.status < 400:
        return [CheckResult("connection", ok=False, detail=shop.redirected(reply))]
    if "psws-version" not in reply.headers:
        detail = f"status {reply.status} without PSWS-Version: {shop.settings.base_url} is no PrestaShop webservice"
        return [CheckResult("connection", ok=False, detail=detail)]
    skipped = set() if shop.settings.can_patch else {"PATCH"}
    pairs = [(resource, method) for resource, methods in needed.items() for method in methods if method not in skipped]
    found = await asyncio.gather(*(_right(shop, resource, method) for resource, method in pairs))
    return [CheckResult("connection", ok=True, detail=shop.settings.base_url), _version(shop, reply), *found]


def _version(shop: Shop, reply: Reply) -> CheckResult:
    told, wanted = reply.headers["psws-version"], shop.settings.version
    ok = told == wanted or told.startswith(f"{wanted}.")
    remedy = "" if ok else f"; set version to {'1.7' if told.startswith('1.7') else told.partition('.')[0]}"
    return CheckResult("version", ok=ok, detail=f"the shop is {told}, settings say {wanted}{remedy}")


async def _right(shop: Shop, resource: str, method: str) -> CheckResult:
    verb = ("PATCH" if shop.settings.can_patch else "PUT") if method == "CHANGE" else method
    name = f"{verb} {resource}"
    params = {"display": "[id]", "limit": "1", "sort": "[id_DESC]"} if verb == "GET" else None
    try:
        reply, answer = await shop.probe(verb, resource, params)
    except NotSentError as error:
        return CheckResult(name, ok=False, detail=str(error))
    fault = configuration_fault(reply.status, answer.codes)
    if fault is None and 27 in answer.codes:
        fault = "the shop does not have this resource (code 27); is `version` right?"
    if fault is None and verb == "GET" and answer.fault:
        fault = f"status {reply.status}, codes {', '.join(map(str, answer.codes))}"
    return CheckResult(name, ok=fault is None, detail=fault or "")
