"""The status machine of sales orders (systems/clarity.md 5)."""

PENDING, CONFIRMED, ON_HOLD, BACKORDERED = "Pending", "Confirmed", "On Hold", "Backordered"
PROCESSING, PARTIALLY_SHIPPED, SHIPPED = "Processing", "Partially Shipped", "Shipped"
READY, COMPLETED, CANCELLED = "Ready For Pickup", "Completed", "Cancelled"

ALLOWED: dict[str, tuple[str, ...]] = {
    PENDING: (CONFIRMED, PROCESSING, ON_HOLD, BACKORDERED, CANCELLED),
    CONFIRMED: (PROCESSING, ON_HOLD, BACKORDERED, CANCELLED),
    ON_HOLD: (PENDING, PROCESSING, CANCELLED),
    BACKORDERED: (PROCESSING, ON_HOLD, CANCELLED),
    PROCESSING: (PARTIALLY_SHIPPED, SHIPPED, READY, ON_HOLD, CANCELLED),
    PARTIALLY_SHIPPED: (SHIPPED, CANCELLED),
    SHIPPED: (COMPLETED,),
    READY: (COMPLETED,),
    COMPLETED: (),
    CANCELLED: (),
}
STATUSES = tuple(ALLOWED)
SHIPPABLE = frozenset({PROCESSING, PARTIALLY_SHIPPED})
HISTORY = frozenset({COMPLETED, CANCELLED})


def allowed(current: str, wanted: str) -> bool:
    return wanted in ALLOWED.get(current, ())
