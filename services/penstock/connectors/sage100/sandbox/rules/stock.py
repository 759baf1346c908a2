"""Movements of IM_ItemWarehouse (systems/sage100.md 2.5).

Open quantities of standard and back orders are on sales order until they are posted, also while the order is on hold
and while the invoice is in entry; what is in entry is in shipping beside that.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from penstock.connectors.sage100.sandbox.dictionary.items import ITEM_WAREHOUSES
from penstock.connectors.sage100.sandbox.store import Row, Store

Demand = Mapping[tuple[str, str], Decimal]


def demand(header: Mapping[str, str], lines: Iterable[Row]) -> Demand:
    """Quantities on sales order of an order, by item and warehouse."""
    made: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    if header["OrderType"] in {"S", "B"} and header["OrderStatus"] != "C":
        for line in lines:
            if line["Stocked"] == "Y":
                opened = Decimal(line["QuantityOrdered"]) - Decimal(line["QuantityShipped"])
                made[line["ItemCode"], line["WarehouseCode"]] += opened
    return made


def reserve(store: Store, before: Demand, after: Demand) -> None:
    """Bring QuantityOnSalesOrder from one demand of an order to another."""
    for item, warehouse in {**before, **after}:
        change = after.get((item, warehouse), Decimal(0)) - before.get((item, warehouse), Decimal(0))
        if change:
            move(store, item, warehouse, QuantityOnSalesOrder=change)


def move(store: Store, item: str, warehouse: str, **changes: Decimal) -> Row:
    """Add to quantities; an item that was never in the warehouse gets its row."""
    row = store.find(ITEM_WAREHOUSES, ItemCode=item, WarehouseCode=warehouse)
    if row is None:
        row = store.insert(ITEM_WAREHOUSES, {"ItemCode": item, "WarehouseCode": warehouse})
    moved = {name: ITEM_WAREHOUSES.amount(name, Decimal(row[name]) + change) for name, change in changes.items()}
    return store.update(ITEM_WAREHOUSES, row, moved)
