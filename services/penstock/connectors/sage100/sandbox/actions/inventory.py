"""What inventory management does: count stock, change items, aliases and customer prices."""

from decimal import Decimal
from typing import Any

from pydantic import Field

from penstock.connectors.sage100.sandbox.actions.inputs import Fields, columns
from penstock.connectors.sage100.sandbox.company import Company
from penstock.connectors.sage100.sandbox.dictionary.codes import WAREHOUSES
from penstock.connectors.sage100.sandbox.dictionary.items import ALIASES, ITEM_WAREHOUSES, ITEMS, PRICE_CODES
from penstock.connectors.sage100.sandbox.errors import not_on_file
from penstock.connectors.sage100.sandbox.rules.references import taken
from penstock.connectors.sage100.sandbox.rules.stock import move
from penstock.connectors.sage100.sandbox.store import Row, Store
from penstock.connectors.sage100.sandbox.views import show

Shown = dict[str, Any]


class ChangeStock(Fields):
    """Any quantity of IM_ItemWarehouse, or `delta`: what is added to QuantityOnHand."""

    ItemCode: str
    WarehouseCode: str = "001"
    delta: Decimal | None = None


class ChangeItem(Fields):
    ItemCode: str


class AddItem(Fields):
    """Any column of CI_Item, with stock in a warehouse and perhaps an alias."""

    ItemCode: str = Field(max_length=30)
    WarehouseCode: str = "001"
    QuantityOnHand: str = "0"
    alias: str | None = None


class AddAlias(Fields):
    """A row of IM_AliasItem."""


class ChangePriceCode(Fields):
    """Sets a row of IM_PriceCode by its key; `delete` takes it away."""

    PriceCodeRecord: str = "2"
    PriceCode: str = ""
    ItemCode: str = ""
    CustomerPriceLevel: str = ""
    ARDivisionNo: str = ""
    CustomerNo: str = ""
    delete: bool = False


def change_stock(company: Company, given: ChangeStock) -> Shown:
    """Count an item in a warehouse."""
    store = company.store
    _item(store, given.ItemCode)
    if store.find(WAREHOUSES, WarehouseCode=given.WarehouseCode) is None:
        raise not_on_file(ITEM_WAREHOUSES.business, "WarehouseCode", given.WarehouseCode)
    row = move(store, given.ItemCode, given.WarehouseCode, QuantityOnHand=given.delta or Decimal(0))
    quantities = given.columns(ITEM_WAREHOUSES)
    return show(store, ITEM_WAREHOUSES, store.update(ITEM_WAREHOUSES, row, quantities) if quantities else row)


def change_item(company: Company, given: ChangeItem) -> Shown:
    """Change any column of an item."""
    store = company.store
    return show(store, ITEMS, store.update(ITEMS, _item(store, given.ItemCode), given.columns(ITEMS)))


def add_item(company: Company, given: AddItem) -> Shown:
    """Put an item on file; regular items get their row in the warehouse."""
    store = company.store
    if store.find(ITEMS, ItemCode=given.ItemCode) is not None:
        raise taken(ITEMS, "ItemCode", given.ItemCode)
    row = store.insert(ITEMS, {"ItemCode": given.ItemCode, **given.columns(ITEMS)})
    if row["ItemType"] == "1":
        quantity = columns(ITEM_WAREHOUSES, {"QuantityOnHand": given.QuantityOnHand})
        key = {"ItemCode": given.ItemCode, "WarehouseCode": given.WarehouseCode}
        store.insert(ITEM_WAREHOUSES, {**key, **quantity})
    if given.alias is not None:
        store.insert(ALIASES, {"ItemCode": given.ItemCode, "AliasItemNo": given.alias})
    return show(store, ITEMS, row)


def add_alias(company: Company, given: AddAlias) -> Shown:
    """Give an item another name."""
    values = given.columns(ALIASES)
    _item(company.store, values.get("ItemCode", ""))
    return show(company.store, ALIASES, company.store.insert(ALIASES, values))


def change_price_code(company: Company, given: ChangePriceCode) -> Shown:
    """Set or delete a price by item, price code, level or customer."""
    store = company.store
    key = {name: str(getattr(given, name)) for name in PRICE_CODES.keys}
    if given.delete:
        store.delete(PRICE_CODES, **key)
        return {"deleted": key}
    row = store.find(PRICE_CODES, **key)
    values = given.columns(PRICE_CODES)
    written = store.insert(PRICE_CODES, {**key, **values}) if row is None else store.update(PRICE_CODES, row, values)
    return show(store, PRICE_CODES, written)


def _item(store: Store, code: str) -> Row:
    found = store.find(ITEMS, ItemCode=code)
    if found is None:
        raise not_on_file(ITEMS.business, "ItemCode", code)
    return found
