"""Stock rows per location section: what orders do to them (systems/clarity.md 5)."""

from decimal import Decimal

from penstock.connectors.clarity.sandbox.money import ZERO, quantity
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import Doc


def stock_fields(sku: str, location: str, section: str | None, on_hand: Decimal) -> Doc:
    """A new row."""
    fields = {"sku": sku, "locationKey": location, "sectionKey": section}
    return fields | _quantities(on_hand, ZERO, ZERO)


def set_on_hand(row: Doc, on_hand: Decimal) -> None:
    row.update(_quantities(on_hand, Decimal(row["quantityAllocated"]), Decimal(row["quantityPreSold"])))


def allocate(shop: Shop, sku: str, location: str | None, ordered: Decimal) -> None:
    """Promise goods to an order; what is not available is pre-sold. A negative quantity gives back."""
    row = _row(shop, sku, location)
    if row is None or not ordered:
        return
    on_hand, allocated, pre_sold = _of(row)
    if ordered > 0:
        free = min(ordered, max(ZERO, on_hand - allocated - pre_sold))
        row.update(_quantities(on_hand, allocated + free, pre_sold + ordered - free))
    else:
        back = min(-ordered, pre_sold)
        row.update(_quantities(on_hand, max(ZERO, allocated - (-ordered - back)), pre_sold - back))
    save(shop, row)


def ship(shop: Shop, sku: str, location: str | None, shipped: Decimal) -> None:
    """Promised goods leave the house."""
    row = _row(shop, sku, location)
    if row is None:
        return
    on_hand, allocated, pre_sold = _of(row)
    promised = min(shipped, allocated)
    row.update(_quantities(on_hand - shipped, allocated - promised, max(ZERO, pre_sold - (shipped - promised))))
    save(shop, row)


def _row(shop: Shop, sku: str, location: str | None) -> Doc | None:
    rows = shop.store.where("inventory", sku=sku)
    return next((row for row in rows if row["locationKey"] == location), rows[0] if rows else None)


def _of(row: Doc) -> tuple[Decimal, Decimal, Decimal]:
    return Decimal(row["quantityOnHand"]), Decimal(row["quantityAllocated"]), Decimal(row["quantityPreSold"])


def _quantities(on_hand: Decimal, allocated: Decimal, pre_sold: Decimal) -> Doc:
    return {
        "quantityOnHand": quantity(on_hand),
        "quantityAllocated": quantity(allocated),
        "quantityPreSold": quantity(pre_sold),
        "quantityAvailable": quantity(on_hand - allocated - pre_sold),
    }


def save(shop: Shop, row: Doc) -> None:
    previous = shop.store.save("inventory", row)
    if previous is not None:
        shop.outbox.fire("inventory.updated", "inventory", row, previous)
