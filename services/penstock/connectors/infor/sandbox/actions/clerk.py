"""What clerks do: edit orders, customers and items by the site's own rules, take orders by phone, count stock."""

from decimal import Decimal

from pydantic import ConfigDict, Field

from penstock.connectors.infor.sandbox.actions.inputs import Input, padded, scaled, wire
from penstock.connectors.infor.sandbox.idos import IDOS
from penstock.connectors.infor.sandbox.idos.parties import CUSTOMER_ITEMS, CUSTOMERS
from penstock.connectors.infor.sandbox.idos.sales import LINES, ORDERS
from penstock.connectors.infor.sandbox.idos.stock import ITEM_PRICES, ITEMS, STOCK
from penstock.connectors.infor.sandbox.rules import RULES, orders
from penstock.connectors.infor.sandbox.rules.items import MAIN_WAREHOUSE, NOTHING_IN_STOCK
from penstock.connectors.infor.sandbox.site import Site
from penstock.connectors.infor.sandbox.tables import Row
from penstock.connectors.infor.sandbox.update import change, insert
from penstock.connectors.infor.sandbox.values import IdoError, show

_EPOCH = "20200101 00:00:00.000"


class ChangeStock(Input):
    Item: str
    Whse: str = MAIN_WAREHOUSE
    QtyOnHand: Decimal | None = None
    QtyAllocjob: Decimal | None = None
    QtyRsvdCo: Decimal | None = None


class AddItem(Input):
    """`alias`: also known by this name under `alias_customer`."""

    Item: str
    Description: str = ""
    UM: str = "EA"
    Whse: str = MAIN_WAREHOUSE
    QtyOnHand: Decimal = Decimal(0)
    UnitPrice: Decimal = Decimal(0)
    TaxCode1: str = "STD"
    alias: str | None = None
    alias_customer: str = "1042"


class ChangeStatus(Input):
    CoNum: str
    Stat: str


class Hold(Input):
    """An order, or a customer with all orders."""

    CoNum: str | None = None
    CustNum: str | None = None
    reason: str = "CL"


class ChangeCustomer(Input):
    """Other fields are properties of SLCustomers."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    CustNum: str
    CustSeq: int = 0


class ChangeOrder(Input):
    """Other fields are properties of SLCos."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    CoNum: str


class ChangeOrderLine(ChangeOrder):
    """Other fields are properties of SLCoitems."""

    CoLine: int


class PhoneLine(Input):
    Item: str
    QtyOrdered: Decimal = Decimal(1)
    Price: Decimal | None = None


class PhoneOrder(Input):
    CustNum: str = "1042"
    CustPo: str = "PHONE"
    lines: list[PhoneLine] = Field(min_length=1)


class DeleteOrder(Input):
    CoNum: str
    CoLine: int | None = None


def change_stock(site: Site, given: ChangeStock) -> dict[str, object]:
    """Count an item in a warehouse; a new warehouse of an item gets its row."""
    quantities = {
        name: scaled(value)
        for name in ("QtyOnHand", "QtyAllocjob", "QtyRsvdCo")
        if (value := getattr(given, name)) is not None
    }
    if not site.tables.find(ITEMS, Item=given.Item):
        raise IdoError(f"Item [{given.Item}] is not on file.")
    site.check_codes({"Whse": given.Whse})
    row = site.tables.find(STOCK, Item=given.Item, Whse=given.Whse)
    if row is None:
        new: Row = {**NOTHING_IN_STOCK, "Item": given.Item, "Whse": given.Whse, **quantities}
        return _shown("SLItemwhses", site.tables.insert(STOCK, new))
    return _shown("SLItemwhses", site.tables.update(STOCK, row, quantities))


def add_item(site: Site, given: AddItem) -> dict[str, object]:
    """Put an item on file, with stock and a list price in the base currency."""
    row = insert(
        site,
        ITEMS,
        {
            "Item": given.Item,
            "Description": (given.Description or given.Item)[:40],
            "UM": given.UM,
            "TaxCode1": given.TaxCode1,
        },
    )
    change_stock(site, ChangeStock(Item=given.Item, Whse=given.Whse, QtyOnHand=given.QtyOnHand))
    price: Row = {prop.name: 0 for prop in ITEM_PRICES.columns if prop.default == "0"}
    key: Row = {"Item": given.Item, "CurrCode": site.options.base_currency, "EffectDate": _EPOCH}
    site.tables.insert(ITEM_PRICES, {**price, **key, "UnitPrice1": scaled(given.UnitPrice)})
    if given.alias is not None:
        customer = padded(given.alias_customer, 7)
        insert(site, CUSTOMER_ITEMS, {"Item": given.Item, "CustNum": customer, "CustItem": given.alias})
    return _shown("SLItems", row)


def change_status(site: Site, given: ChangeStatus) -> dict[str, object]:
    """Set a header's status."""
    row = orders.order(site, padded(given.CoNum, 10))
    return _shown("SLCos", change(site, ORDERS, row, {"Stat": given.Stat}))


def hold_credit(site: Site, given: Hold) -> dict[str, object]:
    """Put an order or a customer on credit hold."""
    return _set_hold(site, given, "1", given.reason)


def release_credit(site: Site, given: Hold) -> dict[str, object]:
    """Take an order or a customer off credit hold."""
    return _set_hold(site, given, "0", "")


def change_customer(site: Site, given: ChangeCustomer) -> dict[str, object]:
    """Change a bill-to or ship-to row."""
    row = site.customer(padded(given.CustNum, 7), given.CustSeq)
    return _shown("SLCustomers", change(site, CUSTOMERS, row, _extra(given)))


def change_order(site: Site, given: ChangeOrder) -> dict[str, object]:
    """Change a header."""
    row = orders.order(site, padded(given.CoNum, 10))
    return _shown("SLCos", change(site, ORDERS, row, _extra(given)))


def change_order_line(site: Site, given: ChangeOrderLine) -> dict[str, object]:
    """Change a line."""
    return _shown("SLCoitems", change(site, LINES, _line(site, given.CoNum, given.CoLine), _extra(given)))


def place_phone_order(site: Site, given: PhoneOrder) -> dict[str, object]:
    """An order that carries no reference of ours."""
    customer = padded(given.CustNum, 7)
    header = insert(site, ORDERS, {"CustNum": customer, "CustPo": given.CustPo, "TakenBy": "phone"})
    for number, line in enumerate(given.lines, start=1):
        values = {"CoNum": str(header["CoNum"]), "CoLine": str(number), "Item": line.Item}
        price = {} if line.Price is None else {"Price": wire(line.Price)}
        insert(site, LINES, {**values, "QtyOrdered": wire(line.QtyOrdered), **price})
    return _shown("SLCos", orders.order(site, header["CoNum"]))


def delete_order(site: Site, given: DeleteOrder) -> dict[str, object]:
    """Delete an order, or one line of it. Polling does not show deletes."""
    if given.CoLine is not None:
        RULES["SLCoitems"].delete(site, _line(site, given.CoNum, given.CoLine))
    else:
        RULES["SLCos"].delete(site, orders.order(site, padded(given.CoNum, 10)))
    return {"deleted": padded(given.CoNum, 10), "CoLine": given.CoLine}


def _set_hold(site: Site, given: Hold, flag: str, reason: str) -> dict[str, object]:
    if (given.CoNum is None) == (given.CustNum is None):
        raise IdoError("Give one of CoNum and CustNum.")
    values = {"CreditHold": flag, "CreditHoldReason": reason}
    if given.CoNum is not None:
        dated = {**values, "CreditHoldDate": site.tables.today() if flag == "1" else ""}
        return _shown("SLCos", change(site, ORDERS, orders.order(site, padded(given.CoNum, 10)), dated))
    customer = site.customer(padded(str(given.CustNum), 7))
    return _shown("SLCustomers", change(site, CUSTOMERS, customer, values))


def _line(site: Site, order_number: str, number: int) -> Row:
    row = site.tables.find(LINES, CoNum=padded(order_number, 10), CoLine=number)
    if row is None:
        raise IdoError(f"Line [{number}] of Order [{order_number}] is not on file.")
    return row


def _extra(given: Input) -> dict[str, str]:
    return {name: str(value) for name, value in (given.model_extra or {}).items()}


def _shown(name: str, row: Row) -> dict[str, object]:
    """Stored columns of a row as a load would show them."""
    return {prop.name: show(prop.kind, row[prop.name]) for prop in IDOS[name].columns}
