"""An order's money as Sage 100 adds it up (systems/sage100.md 5.4). Pure; all amounts in the company's currency.

Extension = quantity x unit price x (1 - percent/100), half up to the cent; extensions + freight + tax - discount is the
total.
Every amount goes either to a header field or to a charge line, never to both, and no cent moves to another line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from penstock.connectors.sage100.policies import Policies
from penstock.connectors.sage100.settings import Charges

ZERO = Decimal(0)
CENT = Decimal("0.01")
PRICE = Decimal("0.000001")
PERCENT = Decimal("0.001")
Arithmetic = list[tuple[str, str]]


class AmountsError(ValueError):
    """The amounts cannot be written so that Sage comes to what the shop charged; `arithmetic` shows the sum."""

    def __init__(self, reason: str, arithmetic: Arithmetic) -> None:
        super().__init__(reason)
        self.arithmetic = arithmetic


@dataclass(frozen=True, slots=True)
class Line:
    """One wanted line. `sku` is the shop's, `item` Sage's once it is resolved; `discount` is in `net` already."""

    number: int
    sku: str
    quantity: Decimal
    net: Decimal
    tax: Decimal
    discount: Decimal = ZERO
    item: str = ""
    warehouse: str = ""
    unit: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Money:
    """Everything that an order costs beside its lines. `tax` is that of the whole order."""

    freight: Decimal
    handling: Decimal
    fee: Decimal
    discount: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        return self.freight + self.handling + self.fee + self.tax - self.discount


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def extension(quantity: Decimal, price: Decimal, percent: Decimal = ZERO) -> Decimal:
    """What Sage makes of a line."""
    return cents(quantity * price * (1 - percent / 100))


def total_of(lines: Sequence[Line], money: Money) -> Decimal:
    return sum((line.net for line in lines), ZERO) + money.total


def rows_of(lines: Sequence[Line], money: Money, charged: Decimal) -> Arithmetic:
    """The sum in rows, for a hold."""
    total = total_of(lines, money)
    return [
        ("lines", plain_cents(sum((line.net for line in lines), ZERO))),
        ("freight", plain_cents(money.freight)),
        ("handling", plain_cents(money.handling)),
        ("fees", plain_cents(money.fee)),
        ("discount", plain_cents(-money.discount)),
        ("tax", plain_cents(money.tax)),
        ("total in Sage 100", plain_cents(total)),
        ("charged by the shop", plain_cents(charged)),
        ("difference", plain_cents(charged - total)),
    ]


def balanced(lines: Sequence[Line], money: Money, charged: Decimal, *, fractions: int, absorb: bool) -> Money:
    """`money` with which the order comes to what was charged. Raises AmountsError.

    fractions: how many amounts were rounded to the cent. Together they are off by half a cent each at most, which goes
    into the tax, else into another amount that is there.
    """
    missed = charged - total_of(lines, money)
    if missed == 0:
        return money
    if absorb and abs(missed) <= CENT * fractions / 2:
        for name in ("tax", "freight", "handling", "fee"):
            amount: Decimal = getattr(money, name)
            if amount > 0 and amount + missed >= 0:
                return replace(money, **{name: amount + missed})
    raise AmountsError(
        f"the amounts come to {plain_cents(charged - missed)}, the shop charged {plain_cents(charged)}: correct the "
        "order in the shop, or book it by hand",
        rows_of(lines, money, charged),
    )


def priced(line: Line, way: str) -> dict[str, str]:
    """UnitPrice, and LineDiscountPercent where that is how the line's net comes out. Raises AmountsError.

    way: `price` folds the discount into the price first, `percent` sends it first; where one misses by a cent the other
    is taken.
    """
    name, row = f"line {line.number} ({line.sku})", [("net of the line", plain_cents(line.net))]
    if line.net < 0:
        raise AmountsError(f"{name} is negative: only charge lines may be", row)
    if line.quantity <= 0 or line.quantity != line.quantity.quantize(PRICE):
        quantity = ("quantity", f"{line.quantity:f}")
        raise AmountsError(f"{name}: a quantity is above zero and has six decimals at most", [*row, quantity])
    folded = (line.net / line.quantity).quantize(PRICE, ROUND_HALF_UP)
    full = line.net + line.discount
    listed = (full / line.quantity).quantize(PRICE, ROUND_HALF_UP)
    percent = (line.discount / full * 100).quantize(PERCENT, ROUND_HALF_UP) if full and line.discount > 0 else ZERO
    ways = {"price": (folded, ZERO), "percent": (listed, percent)}
    for price, share in (ways[way], *(pair for name, pair in ways.items() if name != way)):
        if extension(line.quantity, price, share) == line.net:
            # the percentage is always told, so that an edit takes an old one away
            return {"UnitPrice": f"{price:.6f}", "LineDiscountPercent": f"{share:.3f}"}
    for price, share in ways.values():
        label = f"{line.quantity.normalize():f} × {price:.6f}" + (f" less {share:.3f} %" if share else "")
        row.append((label, plain_cents(extension(line.quantity, price, share))))
    raise AmountsError(f"{name}: no unit price of six decimals gives its net amount: book it by hand", row)


def placed(money: Money, policies: Policies, charges: Charges) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Header amounts and charge lines, by the policies of the flow. Raises AmountsError."""
    header = {"FreightAmt": ZERO, "DiscountAmt": ZERO, "SalesTaxAmt": ZERO}
    lines = {charges.handling: money.handling, charges.fee: money.fee}
    if policies.shipping == "line":
        lines[charges.freight] = money.freight
    else:
        header["FreightAmt"] = money.freight
    if policies.discount == "line":
        lines[charges.discount] = -money.discount
    else:
        header["DiscountAmt"] = money.discount
    if policies.tax == "line":
        lines[charges.tax] = money.tax
    else:
        header["SalesTaxAmt"] = money.tax
    if below := next((name for name, amount in header.items() if amount < 0), None):
        raise AmountsError(
            f"{below} would be {plain_cents(header[below])}, and must not be negative: correct the order in the shop",
            [(name, plain_cents(amount)) for name, amount in header.items()],
        )
    if policies.tax == "schedule":
        del header["SalesTaxAmt"]
    return (
        {name: f"{amount:.2f}" for name, amount in header.items()},
        [charge_line(code, amount) for code, amount in lines.items() if amount],
    )


def charge_line(code: str, amount: Decimal) -> dict[str, str]:
    return {"ItemCode": code, "QuantityOrdered": "1.000000", "UnitPrice": f"{amount:.6f}"}


def split(
    lines: Sequence[Line], money: Money, now: Mapping[int, Decimal]
) -> tuple[tuple[list[Line], Money], tuple[list[Line], Money]]:
    """What ships now, and the remainder. Net and tax of a line by quantity, the remainder takes the rest to the cent.

    Freight, handling, fees and their tax are on the first order; so is the order discount as far as it goes.
    """
    first, rest = [], []
    for line in lines:
        quantity = min(now.get(line.number, ZERO), line.quantity)
        here = _share(line, quantity)
        if quantity:
            first.append(here)
        if quantity < line.quantity:
            left = line.quantity - quantity
            net, tax, discount = line.net - here.net, line.tax - here.tax, line.discount - here.discount
            rest.append(replace(line, quantity=left, net=net, tax=tax, discount=discount))
    # the order's tax may be some cents less than that of its lines, where it took up a rounding
    rest_tax = min(sum((line.tax for line in rest), ZERO), money.tax)
    own = replace(money, tax=money.tax - rest_tax, discount=ZERO)
    discount = min(money.discount, max(total_of(first, own), ZERO))
    remainder = Money(ZERO, ZERO, ZERO, money.discount - discount, rest_tax)
    return (first, replace(own, discount=discount)), (rest, remainder)


def _share(line: Line, quantity: Decimal) -> Line:
    net, tax, discount = (cents(amount * quantity / line.quantity) for amount in (line.net, line.tax, line.discount))
    return replace(line, quantity=quantity, net=net, tax=tax, discount=discount)


def plain_cents(amount: Decimal) -> str:
    return f"{amount:.2f}"
