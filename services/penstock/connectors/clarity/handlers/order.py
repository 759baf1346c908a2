"""An order as the shop shows it now, and whether it may move on along the status machine. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from penstock.connectors.clarity.profile import Statuses
from penstock.connectors.contract import Hold

Verdict = Literal["there", "past"] | tuple[str, ...] | Hold
"""`there` already, `past` it, the statuses to go through (the last is the wanted one), or why a person must look."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line. `open` is the quantity neither shipped nor cancelled."""

    native_id: int
    line_number: str
    sku: str
    open: Decimal
    shipped: Decimal


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """`status` as profile.statuses spells it."""

    native_id: str
    version: int
    status: str
    custom_key: str | None
    erp_status: str | None
    attributes: Mapping[str, Any]
    items: Sequence[Item]

    @classmethod
    def of(cls, row: Mapping[str, Any], statuses: Statuses) -> ShopOrder | Hold:
        status = spelled(str(row.get("status")), statuses)
        if status is None:
            return Hold(
                f"order {row['id']} is in the status {row.get('status')!r}, which profile.statuses does not know: "
                "add it there, or move the order on in the shop"
            )
        return cls(
            native_id=str(row["id"]),
            version=int(row["version"]),
            status=status,
            custom_key=row.get("customKey"),
            erp_status=row.get("erpStatus"),
            attributes=row.get("attributes") or {},
            items=[_item(item) for item in row.get("items") or ()],
        )


def _item(row: Mapping[str, Any]) -> Item:
    shipped = Decimal(str(row.get("quantityShipped") or 0))
    cancelled = Decimal(str(row.get("quantityCancelled") or 0))
    left = Decimal(str(row["quantity"])) - shipped - cancelled
    return Item(int(row["id"]), str(row.get("lineNumber")), str(row.get("sku")), left, shipped)


def spelled(name: str, statuses: Statuses) -> str | None:
    """The name as the shop writes it; read without case and spaces (systems/clarity.md 5)."""
    wanted = "".join(name.split()).casefold()
    return next((each for each in statuses.transitions if "".join(each.split()).casefold() == wanted), None)


def verdict(order: ShopOrder, target: str, statuses: Statuses) -> Verdict:
    """Never backwards and never the same twice; aside (On Hold) and back again as the machine allows."""
    here, ranks = order.status, statuses.ranks
    if here == target:
        return "there"
    if here in statuses.closed:
        if ranks[target] >= statuses.shipped_from and target not in statuses.closed:
            return Hold(
                f"order {order.native_id} is {here} in the shop, but the ERP has it as {target}: decide which is "
                "right, then stop the delivery or open the order in the shop"
            )
        return "past"
    if target in statuses.closed and ranks[here] >= statuses.shipped_from:
        return Hold(
            f"the ERP cancelled order {order.native_id}, but the shop says its goods have left ({here}): decide which "
            "is right and set the status in the shop by hand"
        )
    if ranks[target] <= ranks[here] and target not in statuses.aside:
        return "past"
    found = way(here, target, statuses)
    if found is not None:
        return found
    if target in statuses.aside:
        return "past"
    return Hold(f"order {order.native_id}: the status machine has no way from {here} to {target} (profile.statuses)")


def way(here: str, target: str, statuses: Statuses) -> tuple[str, ...] | None:
    """The shortest way through statuses that may be passed; None when there is none."""
    ways: list[tuple[str, ...]] = [(name,) for name in statuses.transitions[here]]
    seen = {here}
    while ways:
        found = next((each for each in ways if each[-1] == target), None)
        if found is not None:
            return found
        ends = [each for each in ways if each[-1] in statuses.between and each[-1] not in seen]
        seen |= {each[-1] for each in ends}
        ways = [(*each, name) for each in ends for name in statuses.transitions[each[-1]]]
    return None
