"""Invoices: data entry, packages, posting to history (systems/sage100.md 2.5, 2.7-2.10).

Tax, discount and deposit of an order are shared out over its invoices, so that the sum of all is the order's to the
cent; freight and charge lines are on the first.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from penstock.connectors.sage100.sandbox.company import Company
from penstock.connectors.sage100.sandbox.dictionary.codes import TERMS
from penstock.connectors.sage100.sandbox.dictionary.invoices import INVOICE_LINES, INVOICES
from penstock.connectors.sage100.sandbox.dictionary.sales import ORDER_LINES, ORDERS
from penstock.connectors.sage100.sandbox.errors import RefusedError, not_on_file
from penstock.connectors.sage100.sandbox.rules import orders
from penstock.connectors.sage100.sandbox.rules.amounts import TAXED, cents, extension, total
from penstock.connectors.sage100.sandbox.rules.lines import CHARGE_TYPES
from penstock.connectors.sage100.sandbox.rules.stock import move
from penstock.connectors.sage100.sandbox.store import Row, Store

_FIRST_INVOICE = 100231
_FROM_ORDER = (
    "SalesOrderNo",
    "OrderDate",
    "OrderType",
    "ARDivisionNo",
    "CustomerNo",
    "ShipToCode",
    *(
        f"{prefix}{part}"
        for prefix in ("BillTo", "ShipTo")
        for part in ("Name", "Address1", "Address2", "Address3", "City", "State", "ZipCode", "CountryCode")
    ),
    "CustomerPONo",
    "TermsCode",
    "TaxSchedule",
    "PaymentType",
)
Picked = list[tuple[Row, Decimal]]


def enter_invoice(
    company: Company, number: str, wanted: dict[str, Decimal] | None, ship_via: str | None, ship_status: str
) -> Row:
    """Enter an invoice for quantities by LineKey, for all that is open without `wanted`."""
    store = company.store
    order = orders.open_order(company, number)
    if order["OrderType"] not in {"S", "B"} or order["OrderStatus"] == "H":
        raise orders.closed(order, f"Sales order {number} is on hold, or of a type that is not invoiced.")
    lines = orders.lines_of(store, number)
    picked = _pick(number, lines, wanted)
    invoice_no = f"{store.next_number('InvoiceNo', _FIRST_INVOICE):07d}"
    today = store.today()
    invoice = {
        **{name: order[name] for name in _FROM_ORDER},
        "OrderStatus": "O",
        "InvoiceNo": invoice_no,
        "InvoiceDate": today,
        "ShipDate": today,
        "ShipVia": order["ShipVia"] if ship_via is None else ship_via,
        "InvoiceDueDate": _due(store, order),
        "ShipStatus": ship_status,
        **_amounts(store, order, lines, picked),
    }
    for at, (line, quantity) in enumerate(picked, start=1):
        store.insert(INVOICE_LINES, _invoice_line(invoice_no, line, quantity, at))
        in_entry = Decimal(line["InEntry"]) + quantity
        store.update(ORDER_LINES, line, {"InEntry": f"{in_entry:f}", "LotSerialFullyDistributed": "Y"})
        if line["Stocked"] == "Y":
            move(store, line["ItemCode"], line["WarehouseCode"], QuantityInShipping=quantity)
    store.update(ORDERS, order, {"OrderStatus": "O", "CurrentInvoiceNo": invoice_no})
    return store.insert(INVOICES, invoice)


def find_invoice(store: Store, number: str) -> Row:
    """An invoice in entry."""
    invoice = store.find(INVOICES, InvoiceNo=number)
    if invoice is None:
        raise not_on_file(INVOICES.business, "InvoiceNo", number)
    return invoice


def _pick(number: str, lines: Sequence[Row], wanted: dict[str, Decimal] | None) -> Picked:
    """Lines and quantities of an invoice; charges come along with the first one."""
    opened = {line["LineKey"]: (line, _open(line)) for line in lines if _open(line) > 0}
    if wanted is None:
        picked = list(opened.values())
    else:
        asked = {key.zfill(6): quantity for key, quantity in wanted.items()}
        for key, quantity in asked.items():
            if key not in opened or not 0 < quantity <= opened[key][1]:
                raise _not_open(number, key, f"{quantity:f}")
        charges = {key for key, (line, _) in opened.items() if line["ItemType"] in CHARGE_TYPES}
        picked = [(line, asked.get(key, left)) for key, (line, left) in opened.items() if key in {*asked, *charges}]
    if not picked:
        raise _not_open(number, "", "")
    return picked


def _not_open(number: str, key: str, quantity: str) -> RefusedError:
    message = f"Line {key} of sales order {number} has no {quantity} open." if key else f"{number} has nothing open."
    return RefusedError("SO_OrderClosed", message, business=ORDER_LINES.business, column="LineKey", value=key)


def _open(line: Row) -> Decimal:
    return Decimal(line["QuantityOrdered"]) - _gone(line)


def _gone(line: Row) -> Decimal:
    return Decimal(line["QuantityShipped"]) + Decimal(line["InEntry"])


def _amounts(store: Store, order: Row, lines: Sequence[Row], picked: Picked) -> dict[str, str]:
    """Amounts of the next invoice: what is due by now less what earlier invoices took."""
    quantities = {line["LineKey"]: quantity for line, quantity in picked}
    taxable = other = now_taxable = now_other = Decimal(0)
    complete = True
    for line in lines:
        until = _gone(line) + quantities.get(line["LineKey"], Decimal(0))
        amount = extension(line, until)
        complete = complete and until >= Decimal(line["QuantityOrdered"])
        part = amount - extension(line, _gone(line))
        if line["TaxClass"] == TAXED:
            taxable, now_taxable = taxable + amount, now_taxable + part
        else:
            other, now_other = other + amount, now_other + part
    earlier = _earlier(store, order["SalesOrderNo"])
    tax = _share(order["SalesTaxAmt"], taxable, Decimal(order["TaxableAmt"]), complete=complete)
    goods = Decimal(order["TaxableAmt"]) + Decimal(order["NonTaxableAmt"])
    discount = _share(order["DiscountAmt"], taxable + other, goods, complete=complete)
    made = {
        "TaxableAmt": now_taxable,
        "NonTaxableAmt": now_other,
        "SalesTaxAmt": tax - earlier["SalesTaxAmt"],
        "FreightAmt": Decimal(order["FreightAmt"]) - earlier["FreightAmt"],
        "DiscountAmt": discount - earlier["DiscountAmt"],
    }
    shown = {name: INVOICES.amount(name, value) for name, value in made.items()}
    deposit = min(max(Decimal(0), Decimal(order["DepositAmt"]) - earlier["DepositAmt"]), max(Decimal(0), total(shown)))
    return {**shown, "DepositAmt": INVOICES.amount("DepositAmt", deposit)}


def _share(amount: str, part: Decimal, whole: Decimal, *, complete: bool) -> Decimal:
    """What of an order's amount is due when `part` of `whole` is invoiced; all of it where there is no whole."""
    if complete or whole <= 0:
        return Decimal(amount)
    return cents(Decimal(amount) * part / whole)


def _earlier(store: Store, number: str) -> dict[str, Decimal]:
    """Sums over the order's invoices, in entry and posted."""
    names = ("SalesTaxAmt", "FreightAmt", "DiscountAmt", "DepositAmt")
    sums = dict.fromkeys(names, Decimal(0))
    for table in ("SO_InvoiceHeader", "AR_InvoiceHistoryHeader"):
        for row in store.storage.query(f"SELECT * FROM {table} WHERE SalesOrderNo = ?", [number]):  # noqa: S608
            for name in names:
                sums[name] += Decimal(row[name])
    return sums


def _invoice_line(invoice_no: str, line: Row, quantity: Decimal, at: int) -> Row:
    gone = _gone(line)
    left = Decimal(line["QuantityOrdered"]) - gone - quantity
    return {
        "InvoiceNo": invoice_no,
        "LineKey": f"{at:06d}",
        "OrderLineKey": line["LineKey"],
        "AppliedSalesOrderNo": line["SalesOrderNo"],
        "ItemCode": line["ItemCode"],
        "WarehouseCode": line["WarehouseCode"],
        "QuantityOrdered": line["QuantityOrdered"],
        "QuantityShipped": INVOICE_LINES.amount("QuantityShipped", quantity),
        "QuantityBackordered": INVOICE_LINES.amount("QuantityBackordered", left),
        "UnitPrice": line["UnitPrice"],
        "ExtensionAmt": INVOICE_LINES.amount("ExtensionAmt", extension(line, gone + quantity) - extension(line, gone)),
    }


def _due(store: Store, order: Row) -> str:
    terms = store.find(TERMS, TermsCode=order["TermsCode"])
    days = int(terms["DaysBeforeDue"] or 0) if terms else 0
    return (date.fromisoformat(store.today()) + timedelta(days=days)).isoformat()
