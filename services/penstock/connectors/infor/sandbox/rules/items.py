"""Items: a new one gets its stock row in the main warehouse."""

from penstock.connectors.infor.sandbox.idos.sales import LINES
from penstock.connectors.infor.sandbox.idos.stock import ITEM_PRICES, ITEMS, STOCK
from penstock.connectors.infor.sandbox.site import Site, exists_message
from penstock.connectors.infor.sandbox.tables import Row
from penstock.connectors.infor.sandbox.values import IdoError

MAIN_WAREHOUSE = "MAIN"
NOTHING_IN_STOCK = dict.fromkeys((prop.name for prop in STOCK.columns if prop.default == "0"), 0)


def insert(site: Site, values: Row) -> Row:
    """A new item, with nothing of it in stock."""
    if site.tables.find(ITEMS, Item=values["Item"]):
        raise IdoError(exists_message(ITEMS, values))
    site.check_codes({"TaxCode1": values["TaxCode1"]})
    row = site.tables.insert(ITEMS, values)
    site.tables.insert(STOCK, {**NOTHING_IN_STOCK, "Item": row["Item"], "Whse": MAIN_WAREHOUSE})
    return row


def update(site: Site, row: Row, changes: Row) -> Row:
    if changes.get("Stat", row["Stat"]) not in {"A", "O", "S"}:  # active, obsolete, slow moving
        raise IdoError(f"Status [{changes['Stat']}] is not valid.")
    site.check_codes({"TaxCode1": changes.get("TaxCode1")})
    return site.tables.update(ITEMS, row, changes)


def delete(site: Site, row: Row) -> None:
    """Delete an item that no order line names."""
    if site.tables.find(LINES, Item=row["Item"]):
        raise IdoError("Order lines exist.")
    for ido in (STOCK, ITEM_PRICES):
        for one in site.tables.select(ido, Item=row["Item"]):
            site.tables.delete(ido, one)
    site.tables.delete(ITEMS, row)
