"""Bulk writes: prices and stock, one result per entry (systems/clarity.md 3.3, 3.5)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from penstock.connectors.clarity.sandbox import stock
from penstock.connectors.clarity.sandbox.answers import Answer, ApiError, answer, not_found
from penstock.connectors.clarity.sandbox.bodies import Entries, PriceEntry, StockEntry
from penstock.connectors.clarity.sandbox.call import Call
from penstock.connectors.clarity.sandbox.checks import checked, parse_object
from penstock.connectors.clarity.sandbox.money import unit
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import epoch
from penstock.connectors.clarity.sandbox.upserts import put_price, save

Entry = Callable[[Shop, Any], bool]


def put_prices(shop: Shop, call: Call) -> Answer:
    return _bulk(shop, call, _price)


def put_stock(shop: Shop, call: Call) -> Answer:
    return _bulk(shop, call, _stock)


def _bulk(shop: Shop, call: Call, write: Entry) -> Answer:
    """207. An entry that is refused leaves the others as they are."""
    body = checked(Entries, parse_object(call.body))
    results = []
    for index, entry in enumerate(body.entries):
        key = entry.get("sku") if isinstance(entry, dict) else None
        result: dict[str, Any] = {"index": index, "key": key}
        try:
            with shop.storage.transaction():
                result["status"] = 201 if write(shop, entry) else 200
        except ApiError as error:
            result["status"] = error.status
            result["error"] = error.shown(call.headers["x-request-id"])
        results.append(result)
    return answer({"results": results}, 207)


def _price(shop: Shop, given: Any) -> bool:
    entry = checked(PriceEntry, given)
    product = shop.store.by_key("products", entry.sku)
    if product is None:
        raise not_found(f"product {entry.sku!r}")
    if entry.account_key is not None and shop.store.by_key("accounts", entry.account_key) is None:
        raise not_found(f"account {entry.account_key!r}")
    wanted = {"sku": entry.sku, "currency": entry.currency, "accountKey": entry.account_key}
    list_price = unit(Decimal(entry.list_price), entry.currency)
    sale = None if entry.sale is None else unit(Decimal(entry.sale), entry.currency)
    shown = product["price"]
    if entry.account_key is None and (shown is None or shown["currency"] == entry.currency):
        product["price"] = {"list": list_price, "sale": sale, "currency": entry.currency}
        save(shop, "products", product)
    return put_price(shop, wanted, list_price, sale)


def _stock(shop: Shop, given: Any) -> bool:
    entry = checked(StockEntry, given)
    if shop.store.by_key("products", entry.sku) is None:
        raise not_found(f"product {entry.sku!r}")
    on_hand = Decimal(entry.quantity_on_hand)
    where = {"sku": entry.sku, "locationKey": entry.location_key, "sectionKey": entry.section_key}
    rows = shop.store.rows("inventory", "id, as_of", **where)
    if not rows:
        fields = stock.stock_fields(entry.sku, entry.location_key, entry.section_key, on_hand)
        shop.outbox.fire("inventory.updated", "inventory", shop.store.add("inventory", fields, as_of=entry.as_of))
        return True
    known = rows[0]["as_of"]
    if known is not None and entry.as_of is not None and epoch(entry.as_of) < epoch(known):
        raise ApiError(409, "stale", f"the stock is known as of {known}, which is after {entry.as_of}")
    doc = shop.store.need("inventory", rows[0]["id"])
    stock.set_on_hand(doc, on_hand)
    previous = shop.store.save("inventory", doc, as_of=entry.as_of or known)
    if previous is not None:
        shop.outbox.fire("inventory.updated", "inventory", doc, previous)
    return False
