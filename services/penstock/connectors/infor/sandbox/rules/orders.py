"""Order headers: numbers, defaults, checks, total, credit hold, status (systems/infor.md 4.6, 4.7)."""

import re

from penstock.connectors.infor.sandbox.idos.finance import INVOICES
from penstock.connectors.infor.sandbox.idos.parties import CUSTOMERS
from penstock.connectors.infor.sandbox.idos.sales import LINES, ORDERS
from penstock.connectors.infor.sandbox.rules.amounts import order_price
from penstock.connectors.infor.sandbox.rules.stock import demand, reallocate
from penstock.connectors.infor.sandbox.site import Site, blank, exists_message, whole
from penstock.connectors.infor.sandbox.tables import Row
from penstock.connectors.infor.sandbox.values import SCALE, IdoError

_STATUSES = {"O": "Ordered", "P": "Planned", "S": "Stopped", "C": "Complete", "H": "History"}
_PADDED = re.compile(r"[A-Z][A-Z0-9]*[0-9]|[A-Z]+[0-9]+| *[0-9]+")
_FROM_CUSTOMER = ("TermsCode", "ShipCode", "TaxCode1", "CurrCode")


def insert(site: Site, values: Row) -> Row:
    """A new order. The same content twice makes two orders: nothing here looks for a repeat."""
    _number(site, values)
    customer = site.customer(values["CustNum"])
    values["CustSeq"] = whole(values["CustSeq"])
    for name in _FROM_CUSTOMER:
        if blank(values.get(name)):
            values[name] = customer[name]
    if blank(values["CurrCode"]):
        values["CurrCode"] = site.options.base_currency
    if values["OrderDate"] is None:
        values["OrderDate"] = site.tables.today()
    _check(site, values, customer)
    values["Price"] = order_price(values, 0, site.minor_unit(values["CurrCode"]))
    row = site.tables.insert(ORDERS, values)
    held = _credit_hold(site, row, 0)
    return site.tables.update(ORDERS, row, held) if held else row


def update(site: Site, row: Row, changes: Row) -> Row:
    """Change a header; a status carries its lines and their allocations with it."""
    if row["Stat"] == "H":
        raise IdoError(f"Order [{row['CoNum']}] is in History and cannot be changed.")
    wanted = {**row, **changes}
    customer = site.customer(wanted["CustNum"])
    lines = site.tables.select(LINES, CoNum=row["CoNum"])
    if any(whole(line["QtyShipped"]) for line in lines) and any(
        wanted[name] != row[name] for name in ("CustNum", "Type", "CurrCode")
    ):
        raise IdoError(f"Customer, type and currency of Order [{row['CoNum']}] cannot be changed. Shipped lines exist.")
    _check(site, wanted, customer)
    if wanted["Stat"] != row["Stat"]:
        _change_status(site, row, wanted, lines)
        changes = {**changes, "CloseDate": site.tables.today() if wanted["Stat"] == "C" else wanted["CloseDate"]}
    elif wanted["Type"] != row["Type"]:
        for line in lines:
            reallocate(site, (line, demand(row, line)), (line, demand(wanted, line)))
    written = site.tables.update(ORDERS, row, {**changes, "CurrCode": wanted["CurrCode"]})
    return settle(site, written)


def delete(site: Site, row: Row) -> None:
    """Delete an order with its lines and release what they had allocated."""
    lines = site.tables.select(LINES, CoNum=row["CoNum"])
    if any(whole(line["QtyShipped"]) for line in lines) or site.tables.find(INVOICES, CoNum=row["CoNum"]):
        raise IdoError("Shipped lines exist.")
    for line in lines:
        reallocate(site, (line, demand(row, line)), None)
        site.tables.delete(LINES, line)
    site.tables.delete(ORDERS, row)


def settle(site: Site, header: Row) -> Row:
    """After a write to header or line: total, credit hold, completion. The header row moves only when one changed."""
    goods = site.storage.one(
        'SELECT COALESCE(SUM("DerExtPrice"), 0) AS goods, COUNT(*) AS lines, SUM("Stat" <> \'C\') AS unfinished'
        ' FROM coitem WHERE "CoNum" = ?',
        [header["CoNum"]],
    ) or {"goods": 0, "lines": 0, "unfinished": 0}
    price = order_price(header, goods["goods"], site.minor_unit(header["CurrCode"]))
    changes: Row = {} if price == header["Price"] else {"Price": price}
    changed = site.tables.update(ORDERS, header, changes) if changes else header
    more = _credit_hold(site, changed, whole(header["Price"]))
    if goods["lines"] and not goods["unfinished"] and changed["Stat"] == "O":
        more |= {"Stat": "C", "CloseDate": site.tables.today()}
    return site.tables.update(ORDERS, changed, more) if more else changed


def order(site: Site, number: object) -> Row:
    """The header of this padded number. Raises IdoError when it is not on file."""
    row = site.tables.find(ORDERS, CoNum=str(number))
    if row is None:
        raise IdoError(f"Order [{number}] is not on file.")
    return row


def _number(site: Site, values: Row) -> None:
    given = values["CoNum"]
    if blank(given):
        if site.options.numbering == "caller":
            raise IdoError("Property [CoNum] is required.")
        prefix = site.options.order_prefix
        while blank(values["CoNum"]) or site.tables.find(ORDERS, CoNum=values["CoNum"]):
            number = site.tables.next_number("order", 42)
            values["CoNum"] = f"{prefix}{number:0{10 - len(prefix)}d}" if prefix else f"{number:>10d}"
        return
    if site.options.numbering == "site":
        raise IdoError("CoNum is given by the site and must be blank.")
    if len(str(given)) != 10 or not _PADDED.fullmatch(str(given)):
        raise IdoError(f"CoNum [{given}] is not a valid key: prefix and zeroes, or spaces, fill it to 10 characters.")
    if site.tables.find(ORDERS, CoNum=given):
        raise IdoError(exists_message(ORDERS, values))


def _check(site: Site, values: Row, customer: Row) -> None:
    if whole(values["CustSeq"]):
        site.customer(values["CustNum"], values["CustSeq"])
    if blank(values["CurrCode"]) or site.options.require_customer_currency:
        values["CurrCode"] = customer["CurrCode"]
    site.check_codes(values)
    if values["Type"] not in {"R", "B", "E"}:
        raise IdoError(f"Type [{values['Type']}] is not valid.")
    if values["Stat"] not in _STATUSES:
        raise IdoError(f"Status [{values['Stat']}] is not valid.")
    if not 0 <= whole(values["Disc"]) <= 100 * SCALE:
        raise IdoError("Disc must be between 0 and 100.")
    if whole(values["Freight"]) < 0:
        raise IdoError("Freight must not be negative.")
    if whole(values["ExchRate"]) <= 0:
        raise IdoError("ExchRate must be greater than 0.")


def _change_status(site: Site, row: Row, wanted: Row, lines: list[Row]) -> None:
    status = wanted["Stat"]
    if status == "C" and any(line["Stat"] not in {"F", "C"} for line in lines):
        raise IdoError(f"Order [{row['CoNum']}] has open lines.")
    if status == "H" and row["Stat"] != "C":
        raise IdoError(f"Order [{row['CoNum']}] is not Complete.")
    if status == "P" and any(whole(line["QtyShipped"]) for line in lines):
        raise IdoError("Shipped lines exist.")
    for line in lines:
        moved = {("P", "O"): "P", ("O", "P"): "O", ("S", "P"): "O"}.get((str(status), str(line["Stat"])))
        changed = site.tables.update(LINES, line, {"Stat": moved}) if moved else line
        reallocate(site, (line, demand(row, line)), (changed, demand(wanted, changed)))


def _credit_hold(site: Site, header: Row, price_before: int) -> Row:
    """Over the limit at save: held, not refused; only where the site has a reason code set (systems/infor.md 4.6)."""
    reason = site.options.credit_limit_hold_reason
    if not reason or header["CreditHold"] or whole(header["Price"]) <= price_before:
        return {}
    limit = whole(site.customer(header["CustNum"])["CreditLimit"])
    if limit <= 0:  # no limit
        return {}
    props = CUSTOMERS.props
    row = site.storage.one(
        f"SELECT {props['DerOrderBal'].sql} + {props['DerPostedBal'].sql} AS balance FROM customer AS cus"  # noqa: S608 - our own names
        " WHERE cus.CustNum = ? AND cus.CustSeq = 0",
        [header["CustNum"]],
    )
    if row is None or row["balance"] <= limit:
        return {}
    return {"CreditHold": 1, "CreditHoldReason": reason, "CreditHoldDate": site.tables.today()}
