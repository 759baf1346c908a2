"""customKey: unique per resource."""

from penstock.connectors.clarity.sandbox.answers import duplicate
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.tables import RESOURCES


def claim_key(shop: Shop, name: str, key: str | None, own: int | None = None) -> None:
    """ApiError 409 when another document than `own` has the key."""
    if key is None:
        return
    taken = shop.store.by_key(name, key)
    if taken is not None and taken["id"] != own:
        raise duplicate(RESOURCES[name].noun, key, taken["id"])
