"""Extensions, tax, discount and total of an order (systems/sage100.md 5.4). Money is Decimal, rounded half up."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from penstock.connectors.sage100.sandbox.dictionary.sales import ORDERS
from penstock.connectors.sage100.sandbox.store import Row

CENT = Decimal("0.01")
TAXED = "TX"


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def extension(line: Mapping[str, str], quantity: Decimal) -> Decimal:
    """What `quantity` of a line costs, its discount taken off."""
    rate = 1 - Decimal(line["LineDiscountPercent"]) / 100
    return cents(quantity * Decimal(line["UnitPrice"]) * rate)


def order_amounts(header: Mapping[str, str], lines: Sequence[Row], rate: Decimal) -> dict[str, str]:
    """The computed amounts of a header. `rate`: percent of its tax schedule; tax and discount that were sent stay."""
    taxable = sum((Decimal(line["ExtensionAmt"]) for line in lines if line["TaxClass"] == TAXED), Decimal(0))
    other = sum((Decimal(line["ExtensionAmt"]) for line in lines if line["TaxClass"] != TAXED), Decimal(0))
    made = {"TaxableAmt": taxable, "NonTaxableAmt": other}
    if header["TaxSent"] != "Y":
        made["SalesTaxAmt"] = taxable * rate / 100
    if header["DiscountSent"] != "Y":
        made["DiscountAmt"] = max(Decimal(0), (taxable + other) * Decimal(header["DiscountRate"]) / 100)
    return {name: ORDERS.amount(name, value) for name, value in made.items()}


def total(row: Mapping[str, str]) -> Decimal:
    """TaxableAmt + NonTaxableAmt + FreightAmt + SalesTaxAmt − DiscountAmt, of an order or an invoice."""
    added = ("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt")
    return sum((Decimal(row[name]) for name in added), Decimal(0)) - Decimal(row["DiscountAmt"])


def open_amount(header: Mapping[str, str]) -> Decimal:
    """What an order still adds to its customer's OpenOrderAmt."""
    if header["OrderType"] not in {"S", "B"} or header["OrderStatus"] == "C":
        return Decimal(0)
    return max(Decimal(0), total(header) - Decimal(header["InvoicedAmt"] or "0"))
