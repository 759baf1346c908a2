"""What nobody outside the vendor can confirm, as configuration (systems/clarity.md 7): paths, headers, the signature's
form, the envelope of events, names of list parameters, the status machine. Our proposal is the default.

The vocabulary (orders have items, items have a SKU) is in the mappings and handlers, and is no part of this.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Paths(_Strict):
    """Below `api_prefix`; `{id}` and `{key}` are filled in."""

    orders: str = "sales-orders"
    order_status: str = "sales-orders/{id}/status"
    shipments: str = "shipments"
    payments: str = "payments"
    refunds: str = "refunds"
    products: str = "products"
    product_by_key: str = "products/by-key/{key}"
    accounts: str = "accounts"
    account_by_key: str = "accounts/by-key/{key}"
    users: str = "users"
    contacts: str = "contacts"
    inventory: str = "inventory"
    inventory_bulk: str = "inventory/bulk"
    prices_bulk: str = "prices/bulk"


class ListForm(_Strict):
    """How lists are asked for and answered. `next_cursor` is looked up in the member `pagination`."""

    page: str = "page"
    page_size: str = "pageSize"
    since: str = "updatedSince"
    sort: str = "sort"
    by_change: str = "updatedDate"
    cursor: str = "cursor"
    data: str = "data"
    pagination: str = "pagination"
    next_cursor: str = "nextCursor"


class Signature(_Strict):
    """`pairs` is `t=…,v1=…` with several v1 during a rotation; `bare` is the signature alone.

    timestamped: the signed text is `<t>.<body>`, else the body; a bare signature has its time in `timestamp_header`.
    """

    header: str = "X-Clarity-Signature"
    form: Literal["pairs", "bare"] = "pairs"
    encoding: Literal["hex", "base64"] = "hex"
    timestamped: bool = True
    timestamp_header: str = "X-Clarity-Timestamp"
    time_key: str = "t"
    value_key: str = "v1"


class Envelope(_Strict):
    """Dotted places of what is read of an event, and the resource names that it may use."""

    type: str = "type"
    tenant: str = "tenant"
    resource: str = "data.resource"
    id: str = "data.id"
    object: str = "data.object"
    resources: dict[str, str] = Field(
        default={
            "sales-orders": "order",
            "products": "product",
            "accounts": "account",
            "users": "user",
            "payments": "payment",
            "refunds": "refund",
        },
        description="the event's resource -> order, product, account, user, payment or refund",
    )


class Statuses(_Strict):
    """The status machine (systems/clarity.md 5). Names are written exactly so; read without case and spaces.

    ranks: how far an order is; aside: statuses in which it stands still; between: those that may be passed through.
    shippable: shipments are taken; held: they wait until the order is released; closed: an order does not leave it, and
    enters it while nothing has left.
    """

    transitions: dict[str, list[str]] = {
        "Pending": ["Confirmed", "Processing", "On Hold", "Backordered", "Cancelled"],
        "Confirmed": ["Processing", "On Hold", "Backordered", "Cancelled"],
        "On Hold": ["Pending", "Processing", "Cancelled"],
        "Backordered": ["Processing", "On Hold", "Cancelled"],
        "Processing": ["Partially Shipped", "Shipped", "Ready For Pickup", "On Hold", "Cancelled"],
        "Partially Shipped": ["Shipped", "Cancelled"],
        "Shipped": ["Completed"],
        "Ready For Pickup": ["Completed"],
        "Completed": [],
        "Cancelled": [],
    }
    ranks: dict[str, int] = {
        "Pending": 10,
        "Confirmed": 20,
        "On Hold": 25,
        "Backordered": 25,
        "Processing": 30,
        "Partially Shipped": 40,
        "Shipped": 50,
        "Ready For Pickup": 50,
        "Completed": 60,
        "Cancelled": 90,
    }
    aside: frozenset[str] = frozenset({"On Hold", "Backordered"})
    between: frozenset[str] = frozenset({"Processing", "Shipped"})
    working: str = "Processing"
    shippable: frozenset[str] = frozenset({"Processing", "Partially Shipped"})
    shipped_from: int = Field(default=40, description="from this rank on goods have left")
    held: frozenset[str] = frozenset({"On Hold"})
    closed: frozenset[str] = frozenset({"Cancelled"})

    @model_validator(mode="after")
    def _names_agree(self) -> Statuses:
        known = set(self.transitions)
        named = {name for targets in self.transitions.values() for name in targets}
        named |= {*self.ranks, *self.aside, *self.between, *self.shippable, *self.held, *self.closed, self.working}
        if unknown := sorted(named - known):
            raise ValueError(f"transitions has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        if missing := sorted(known - set(self.ranks)):
            raise ValueError(f"ranks lacks {', '.join(missing)}")
        return self


class ClarityProfile(_Strict):
    """One installation's dialect."""

    api_prefix: str = "/api/v1"
    token_path: str = "/oauth/token"  # noqa: S105 - an address
    api_key_header: str = "X-Api-Key"
    idempotency_header: str = "Idempotency-Key"
    patch_type: str = "application/merge-patch+json"
    bulk_limit: int = Field(default=500, ge=1)
    paths: Paths = Paths()
    lists: ListForm = ListForm()
    signature: Signature = Signature()
    envelope: Envelope = Envelope()
    statuses: Statuses = Statuses()
