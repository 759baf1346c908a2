"""Amounts of an order, to the smallest unit of its currency (systems/clarity.md 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from penstock.records.money import minor_places, to_minor_unit

ZERO = Decimal(0)
_QUANTITY = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class LineInput:
    """`discount` is an amount off the whole line; `rate` a fraction."""

    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Charges:
    """What stands beside the lines. `shipping_taxed`: at the highest rate of the lines."""

    discount: Decimal = ZERO
    shipping: Decimal = ZERO
    handling: Decimal = ZERO
    fees: Decimal = ZERO
    shipping_taxed: bool = False


@dataclass(frozen=True, slots=True)
class Priced:
    """`line_totals`, `shares` (of the order discount) and `taxes` go by line; `by_rate` has the shipping tax in it."""

    line_totals: tuple[Decimal, ...]
    shares: tuple[Decimal, ...]
    taxes: tuple[Decimal, ...]
    sub_total: Decimal
    tax: Decimal
    total: Decimal
    by_rate: dict[Decimal, Decimal]


def price(lines: Sequence[LineInput], charges: Charges, currency: str, *, tax_included: bool) -> Priced:
    """Line discount, then the order discount shared by lineTotal, then tax per line, then tax on shipping."""
    totals = tuple(to_minor_unit(line.unit_price * line.quantity, currency) - line.discount for line in lines)
    sub_total = sum(totals, ZERO)
    shares = share(charges.discount, totals, currency)
    taxes = tuple(
        tax_on(total - part, line.rate, currency, included=tax_included)
        for total, part, line in zip(totals, shares, lines, strict=True)
    )
    by_rate: dict[Decimal, Decimal] = {}
    for line, tax in zip(lines, taxes, strict=True):
        by_rate[line.rate] = by_rate.get(line.rate, ZERO) + tax
    if charges.shipping_taxed and by_rate:
        highest = max(by_rate)
        by_rate[highest] += tax_on(charges.shipping, highest, currency, included=tax_included)
    tax = sum(by_rate.values(), ZERO)
    total = sub_total - charges.discount + charges.shipping + charges.handling + charges.fees
    return Priced(totals, shares, taxes, sub_total, tax, total + (ZERO if tax_included else tax), by_rate)


def share(discount: Decimal, totals: Sequence[Decimal], currency: str) -> tuple[Decimal, ...]:
    """The order discount over the lines, in proportion to their totals; what rounding leaves is on the last.

    >>> [str(part) for part in share(Decimal("1.00"), [Decimal(1), Decimal(1), Decimal(1)], "USD")]
    ['0.33', '0.33', '0.34']
    """
    whole = sum(totals, ZERO)
    if not discount or not whole:
        return tuple(ZERO for _ in totals)
    parts = [to_minor_unit(discount * total / whole, currency) for total in totals[:-1]]
    return (*parts, discount - sum(parts, ZERO))


def tax_on(base: Decimal, rate: Decimal, currency: str, *, included: bool) -> Decimal:
    """
    >>> tax_on(Decimal("99.60"), Decimal("0.0825"), "USD", included=False)
    Decimal('8.22')
    >>> tax_on(Decimal("120.00"), Decimal("0.20"), "EUR", included=True)
    Decimal('20.00')
    """
    return to_minor_unit(base - base / (1 + rate) if included else base * rate, currency)


def amount(value: Decimal, currency: str) -> str:
    """In the currency's smallest unit: `12.00`, JPY `12`, KWD `12.000`."""
    return f"{to_minor_unit(value, currency):f}"


def unit(value: Decimal, currency: str) -> str:
    """A unit price: the places of the currency, and up to 4 where it has them.

    >>> unit(Decimal("24.9"), "USD"), unit(Decimal("0.0375"), "USD"), unit(Decimal("1500"), "JPY")
    ('24.90', '0.0375', '1500')
    """
    return at_least(value, minor_places(currency))


def at_least(value: Decimal, places: int) -> str:
    """With this many decimals, more (up to 4) only where there are some."""
    whole, _, fraction = f"{value.quantize(_QUANTITY, ROUND_HALF_UP):f}".partition(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole


def quantity(value: Decimal) -> str:
    """Four places: `4.0000`."""
    return f"{value.quantize(_QUANTITY, ROUND_HALF_UP):f}"


def rate_text(value: Decimal) -> str:
    """A fraction with at least four places: `0.0825`, `0.08875`."""
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(4, '0')}"
