"""PUT by key of products and accounts: a merge, and the list price that a product shows (systems/clarity.md 3.5)."""

from decimal import Decimal
from typing import Any

from penstock.connectors.clarity.sandbox.answers import invalid
from penstock.connectors.clarity.sandbox.bodies import AccountPut, ProductPut
from penstock.connectors.clarity.sandbox.checks import merge
from penstock.connectors.clarity.sandbox.money import at_least, unit
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import Doc

BODIES: dict[str, type[ProductPut] | type[AccountPut]] = {"products": ProductPut, "accounts": AccountPut}
EVENTS = {"products": "product", "accounts": "customer"}
_LISTS = frozenset({"images", "categories", "priceLists"})


def upsert(shop: Shop, name: str, key: str, body: ProductPut | AccountPut, found: Doc | None) -> Doc:
    """Create or change one. ApiError 422 on what does not fit."""
    skipped = {"version", "custom_key"}
    changes = body.model_dump(by_alias=True, exclude_unset=found is not None, exclude=skipped)
    _canonical(shop, changes)
    doc = found or {"customKey": key, **({"attributes": {}} if name == "products" else {})}
    merge(doc, changes)
    if found is None:
        doc = shop.store.add(name, doc)
        shop.outbox.fire(f"{EVENTS[name]}.created", name, doc)
    else:
        save(shop, name, doc)
    if changes.get("price") is not None:
        set_list_price(shop, doc)
    return doc


def save(shop: Shop, name: str, doc: Doc) -> None:
    """Store a changed product or account, and tell it if it did change."""
    previous = shop.store.save(name, doc)
    if previous is not None:
        shop.outbox.fire(f"{EVENTS[name]}.updated", name, doc, previous)


def set_list_price(shop: Shop, product: Doc) -> None:
    """The list price of a product's own currency is the one that the product shows."""
    price = product["price"]
    wanted = {"sku": product["customKey"], "currency": price["currency"], "accountKey": None}
    put_price(shop, wanted, price["list"], price["sale"])


def put_price(shop: Shop, wanted: Doc, list_price: str, sale: str | None) -> bool:
    """Create or replace the price of (sku, currency, accountKey); whether it is new."""
    rows = shop.store.where("prices", **wanted)
    if not rows:
        shop.store.add("prices", {**wanted, "list": list_price, "sale": sale})
        return True
    rows[0].update(list=list_price, sale=sale)
    shop.store.save("prices", rows[0])
    return False


def _canonical(shop: Shop, changes: dict[str, Any]) -> None:
    """Amounts in the places they are shown with; lists that are cleared are empty."""
    price = changes.get("price")
    if price is not None:
        for name in ("list", "sale"):
            value = price.get(name)
            price[name] = None if value is None else unit(Decimal(value), price["currency"])
    if changes.get("weight") is not None:
        changes["weight"] = at_least(Decimal(changes["weight"]), 2)
    if changes.get("creditLimit") is not None:
        changes["creditLimit"] = at_least(Decimal(changes["creditLimit"]), 2)
    for name in _LISTS & changes.keys():
        changes[name] = changes[name] or []
    parent = changes.get("parentKey")
    if parent is not None and shop.store.by_key("products", parent) is None:
        raise invalid("parentKey", "reference", f"there is no product {parent!r}")
