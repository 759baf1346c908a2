"""Exact money as a shop computes it: rounding half up, round type 2 (by line). No floats."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
MICRO = Decimal("0.000001")
ZERO = Decimal(0)


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def micro(value: Decimal) -> Decimal:
    return value.quantize(MICRO, ROUND_HALF_UP)


def six(value: Decimal) -> str:
    """As the shop stores a price: `12.500000`."""
    return f"{value:.6f}"


def gross(net: Decimal, rate: Decimal) -> Decimal:
    """Net plus `rate` per cent, unrounded."""
    return net * (100 + rate) / 100


@dataclass(frozen=True, slots=True)
class Amount:
    """A net and a gross amount of one thing."""

    net: Decimal
    gross: Decimal

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.net + other.net, self.gross + other.gross)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.net - other.net, self.gross - other.gross)


NOTHING = Amount(ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class PricedLine:
    """Units with 6 decimals, totals rounded to cents per line."""

    quantity: int
    unit: Amount
    total: Amount
    rate: Decimal


def price_line(unit_net: Decimal, rate: Decimal, quantity: int) -> PricedLine:
    """
    >>> price_line(Decimal("24.90"), Decimal("20.000"), 2).total
    Amount(net=Decimal('49.80'), gross=Decimal('59.76'))
    """
    net = micro(unit_net)
    unit = Amount(net, micro(gross(net, rate)))
    total = Amount(cents(unit.net * quantity), cents(unit.gross * quantity))
    return PricedLine(quantity, unit, total, rate)


def flat(net: Decimal, rate: Decimal) -> Amount:
    """A charge that is rounded once: shipping, wrapping."""
    return Amount(cents(net), cents(gross(cents(net), rate)))


def percent_off(percent: Decimal, products: Amount) -> Amount:
    return Amount(cents(products.net * percent / 100), cents(products.gross * percent / 100))


def amount_off(value: Decimal, products: Amount) -> Amount:
    """`value` is gross; never more than the goods; its net part follows their mix of rates."""
    taken = min(cents(value), products.gross)
    net = cents(taken * products.net / products.gross) if products.gross else ZERO
    return Amount(net, taken)


def order_totals(
    products: Amount, shipping: Amount, wrapping: Amount, discounts: Amount, extra: Decimal = ZERO
) -> Mapping[str, str]:
    """The total columns of an order. `extra` makes the amount due wrong by that much (for tests of the receiver)."""
    due = products + shipping + wrapping - discounts
    return {
        "total_discounts": six(discounts.gross),
        "total_discounts_tax_incl": six(discounts.gross),
        "total_discounts_tax_excl": six(discounts.net),
        "total_paid": six(due.gross + extra),
        "total_paid_tax_incl": six(due.gross + extra),
        "total_paid_tax_excl": six(due.net),
        "total_products": six(products.net),
        "total_products_wt": six(products.gross),
        "total_shipping": six(shipping.gross),
        "total_shipping_tax_incl": six(shipping.gross),
        "total_shipping_tax_excl": six(shipping.net),
        "total_wrapping": six(wrapping.gross),
        "total_wrapping_tax_incl": six(wrapping.gross),
        "total_wrapping_tax_excl": six(wrapping.net),
    }
