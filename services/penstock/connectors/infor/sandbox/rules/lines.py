"""Order lines: quantities, prices, status, what they allocate (systems/infor.md 4.6, 4.7)."""

from penstock.connectors.infor.sandbox.idos.sales import LINES
from penstock.connectors.infor.sandbox.idos.stock import ITEMS, STOCK
from penstock.connectors.infor.sandbox.rules import orders
from penstock.connectors.infor.sandbox.rules.amounts import line_amount, net_price
from penstock.connectors.infor.sandbox.rules.stock import demand, reallocate
from penstock.connectors.infor.sandbox.site import Site, blank, exists_message, whole
from penstock.connectors.infor.sandbox.tables import Row
from penstock.connectors.infor.sandbox.values import SCALE, IdoError, Stored

_PAIRS = (("QtyOrdered", "QtyOrderedConv"), ("Price", "PriceConv"))
_STATUSES = frozenset("OPFC")


def insert(site: Site, values: Row) -> Row:
    """A new line of an order on file."""
    header = orders.order(site, values["CoNum"])
    if header["Stat"] in {"C", "H"}:
        raise IdoError(f"Order [{header['CoNum']}] is {'Complete' if header['Stat'] == 'C' else 'in History'}.")
    if whole(values["CoLine"]) <= 0:
        raise IdoError("CoLine must be greater than 0.")
    values["CoRelease"] = whole(values["CoRelease"])
    if site.tables.find(LINES, **{key: values[key] for key in LINES.keys}):
        raise IdoError(exists_message(LINES, values))
    item = _item(site, values["Item"])
    _pair(values, values)
    values["Whse"] = header["Whse"] if blank(values["Whse"]) else values["Whse"]
    if values["Price"] is None:
        values["Price"] = values["PriceConv"] = list_price(site, values["Item"], header["CurrCode"])
    values["UM"] = item["UM"] if blank(values["UM"]) else values["UM"]
    values["Description"] = item["Description"] if blank(values["Description"]) else values["Description"]
    values["DueDate"] = values["DueDate"] or header["OrderDate"]
    if header["Stat"] == "P":
        values["Stat"] = "P"
    _check(site, values, item)
    values |= _amounts(site, values, header["CurrCode"])
    row = site.tables.insert(LINES, values)
    reallocate(site, None, (row, demand(header, row)))
    orders.settle(site, header)
    return row


def update(site: Site, row: Row, changes: Row) -> Row:
    """Change a line; its amounts, the header's total and the allocation follow."""
    header = orders.order(site, row["CoNum"])
    _pair(changes, row)
    wanted = {**row, **changes}
    if wanted["Item"] != row["Item"] and whole(row["QtyShipped"]):
        raise IdoError(f"Item of line [{row['CoLine']}] cannot be changed. Shipped lines exist.")
    ordered, shipped = whole(wanted["QtyOrdered"]), whole(row["QtyShipped"])
    if row["Stat"] in {"F", "C"} and "Stat" not in changes and ordered > shipped:
        changes["Stat"] = wanted["Stat"] = "O"  # more is wanted than was shipped: open again
    _check(site, wanted, _item(site, wanted["Item"]))
    changes |= _amounts(site, wanted, header["CurrCode"])
    written = site.tables.update(LINES, row, changes)
    reallocate(site, (row, demand(header, row)), (written, demand(header, written)))
    orders.settle(site, header)
    return written


def delete(site: Site, row: Row) -> None:
    """Delete a line of which nothing was shipped."""
    if whole(row["QtyShipped"]):
        raise IdoError("Shipped lines exist.")
    header = orders.order(site, row["CoNum"])
    reallocate(site, (row, demand(header, row)), None)
    site.tables.delete(LINES, row)
    orders.settle(site, header)


def list_price(site: Site, item: Stored, currency: Stored) -> int:
    """The site's list price in this currency, else in the base currency, else 0; of the newest effective date."""
    row = site.storage.one(
        'SELECT UnitPrice1 FROM itemprice WHERE "Item" = ? AND "CurrCode" IN (?, ?) AND "EffectDate" <= ?'
        ' ORDER BY "CurrCode" = ? DESC, "EffectDate" DESC',
        [item, currency, site.options.base_currency, site.tables.today(), currency],
    )
    return whole(row["UnitPrice1"]) if row else 0


def _item(site: Site, code: Stored) -> Row:
    item = site.tables.find(ITEMS, Item=code)
    if item is None:
        raise IdoError(f"Item [{code}] is not on file.")
    return item


def _pair(given: Row, before: Row) -> None:
    """One of a pair stands for both; two that differ are refused: each item has one unit."""
    for stocking, ordering in _PAIRS:
        sent = [given[name] for name in (stocking, ordering) if name in given and given[name] is not None]
        if len(set(sent)) > 1:
            raise IdoError(f"{stocking} and {ordering} differ, but the units of measure are the same.")
        if sent:
            given[stocking] = given[ordering] = sent[0]
        elif given is not before and (stocking in given or ordering in given):
            raise IdoError(f"Property [{stocking}] is required.")


def _check(site: Site, line: Row, item: Row) -> None:
    ordered, shipped, invoiced = (whole(line[name]) for name in ("QtyOrdered", "QtyShipped", "QtyInvoiced"))
    if ordered <= 0:
        raise IdoError("Quantity Ordered must be greater than 0.")
    if ordered < shipped:
        raise IdoError("Quantity Ordered cannot be less than Quantity Shipped.")
    if line["UM"] != item["UM"]:
        raise IdoError(f"U/M [{line['UM']}] is not valid for Item [{line['Item']}].")
    if item["Stat"] == "O" and not shipped:
        raise IdoError(f"Item [{line['Item']}] is Obsolete.")
    if not 0 <= whole(line["Disc"]) <= 100 * SCALE:
        raise IdoError("Disc must be between 0 and 100.")
    if line["Stat"] not in _STATUSES:
        raise IdoError(f"Status [{line['Stat']}] is not valid.")
    if line["Stat"] in {"F", "C"} and shipped < ordered:
        raise IdoError(f"Line [{line['CoLine']}] is not filled: {ordered - shipped} is open.")
    if line["Stat"] == "C" and invoiced < ordered:
        raise IdoError(f"Line [{line['CoLine']}] is not fully invoiced.")
    site.check_codes({"Whse": line["Whse"]})
    if not site.tables.find(STOCK, Item=line["Item"], Whse=line["Whse"]):
        raise IdoError(f"Item [{line['Item']}] is not stocked in Warehouse [{line['Whse']}].")


def _amounts(site: Site, line: Row, currency: Stored) -> Row:
    quantity, price, discount = (whole(line[name]) for name in ("QtyOrdered", "Price", "Disc"))
    return {
        "DerNetPrice": net_price(price, discount),
        "DerExtPrice": line_amount(quantity, price, discount, site.minor_unit(currency)),
    }
