"""Order arithmetic in stored integers (eight places), half up to the currency's minor unit (systems/infor.md 4.6)."""

from collections.abc import Mapping

from penstock.connectors.infor.sandbox.site import whole
from penstock.connectors.infor.sandbox.values import SCALE, Stored

_PERCENT = 100 * SCALE


def half_up(numerator: int, denominator: int, unit: int = 1) -> int:
    """The multiple of `unit` nearest to numerator / denominator, halves away from zero; `denominator` > 0."""
    step = denominator * unit
    rounded = (2 * abs(numerator) + step) // (2 * step) * unit
    return -rounded if numerator < 0 else rounded


def line_amount(quantity: int, price: int, discount: int, unit: int) -> int:
    """Quantity × price × (1 − discount/100), rounded to `unit`."""
    return half_up(quantity * price * (_PERCENT - discount), SCALE * _PERCENT, unit)


def net_price(price: int, discount: int) -> int:
    """Price less the line discount, to eight places."""
    return half_up(price * (_PERCENT - discount), _PERCENT)


def percent_of(amount: int, percent: int, unit: int) -> int:
    """`percent` of an amount, rounded to `unit`."""
    return half_up(amount * percent, _PERCENT, unit)


def order_price(header: Mapping[str, Stored], goods: int, unit: int) -> int:
    """`SLCos.Price`: goods − header discount − DiscAmount + Freight + MiscCharges + SalesTax."""
    discount = percent_of(goods, whole(header["Disc"]), unit) + whole(header["DiscAmount"])
    added = whole(header["Freight"]) + whole(header["MiscCharges"]) + whole(header["SalesTax"])
    return goods - discount + added
