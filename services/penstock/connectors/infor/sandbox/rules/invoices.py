"""What an invoice of an order amounts to (systems/infor.md 4.6, invoices).

Freight and charges are all on the first invoice. Tax and order discount are shared by value of goods, the remainder on
the last one, so that all invoices of an order add up to its total.
"""

from dataclasses import dataclass

from penstock.connectors.infor.sandbox.idos.finance import INVOICES
from penstock.connectors.infor.sandbox.rules.amounts import half_up, line_amount, percent_of
from penstock.connectors.infor.sandbox.site import Site, whole
from penstock.connectors.infor.sandbox.tables import Row


@dataclass(frozen=True, slots=True)
class BilledLine:
    """`quantity` is invoiced now; `amount` is what that adds to what was invoiced of the line before."""

    line: Row
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class InvoiceAmounts:
    """In stored form."""

    lines: tuple[BilledLine, ...]
    freight: int
    charges: int
    tax: int
    discount: int

    @property
    def total(self) -> int:
        goods = sum(line.amount for line in self.lines)
        return goods + self.freight + self.charges + self.tax - self.discount


def next_invoice(site: Site, header: Row, lines: list[Row]) -> InvoiceAmounts | None:
    """The amounts of an invoice over all that is shipped and not invoiced; None when there is nothing."""
    unit = site.minor_unit(header["CurrCode"])
    billed = tuple(_billed(line, unit) for line in lines if whole(line["QtyShipped"]) > whole(line["QtyInvoiced"]))
    if not billed:
        return None
    ordered = sum(whole(line["DerExtPrice"]) for line in lines)
    discount = percent_of(ordered, whole(header["Disc"]), unit) + whole(header["DiscAmount"])
    tax = whole(header["SalesTax"])
    before = site.storage.one(
        "SELECT COALESCE(SUM(SalesTax), 0) AS tax, COALESCE(SUM(Discount), 0) AS discount FROM invoice_tax"
        " WHERE CoNum = ?",
        [header["CoNum"]],
    ) or {"tax": 0, "discount": 0}
    if all(whole(line["QtyShipped"]) >= whole(line["QtyOrdered"]) for line in lines):
        tax, discount = tax - before["tax"], discount - before["discount"]
    else:
        goods = sum(line.amount for line in billed)
        tax = half_up(tax * goods, ordered, unit) if ordered > 0 else 0
        discount = half_up(discount * goods, ordered, unit) if ordered > 0 else 0
    first = site.tables.find(INVOICES, CoNum=header["CoNum"]) is None
    freight, charges = (whole(header["Freight"]), whole(header["MiscCharges"])) if first else (0, 0)
    return InvoiceAmounts(billed, freight, charges, tax, discount)


def _billed(line: Row, unit: int) -> BilledLine:
    """Rounded on the running total, so that the parts of a line add up to its amount."""
    shipped, invoiced = whole(line["QtyShipped"]), whole(line["QtyInvoiced"])
    price, discount = whole(line["Price"]), whole(line["Disc"])
    amount = line_amount(shipped, price, discount, unit) - line_amount(invoiced, price, discount, unit)
    return BilledLine(line, shipped - invoiced, amount)
