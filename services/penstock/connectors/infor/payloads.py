"""From the payload that the mapping made to what is written: property values, and the order's arithmetic. Pure.

An order's payload is `{order_number, reference, total, currency, cancelled, match_key, header, lines, customer,
ship_to}`; header, customer and ship_to are property values of SLCos and SLCustomers (mappings/order.payload.yaml).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from penstock.connectors.infor.client import Row
from penstock.connectors.infor.literals import co_num, plain, value_text
from penstock.records.money import minor_unit, to_minor_unit

Values = dict[str, str | None]
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Amounts:
    """The amounts of an order as Infor adds them up (systems/infor.md 4.6). All in the order's currency."""

    lines: Decimal
    discount: Decimal
    freight: Decimal
    charges: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        return self.lines - self.discount + self.freight + self.charges + self.tax

    def __str__(self) -> str:
        return (
            f"lines {plain(self.lines)} - discount {plain(self.discount)} + freight {plain(self.freight)} "
            f"+ charges {plain(self.charges)} + tax {plain(self.tax)} = {plain(self.total)}"
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One wanted line. `sku` is the shop's; `item`, `um` are the site's once resolved."""

    number: int
    sku: str
    code: str
    unit: str | None
    quantity: Decimal
    price: Decimal
    values: Values
    item: str = ""

    def resolved(self, item: str, um: str | None) -> Line:
        """The line with the site's item; both forms of quantity and price, equal, since the units match."""
        quantity, price = plain(self.quantity), plain(self.price)
        written = {
            **self.values,
            "Item": item,
            "UM": um,
            "QtyOrdered": quantity,
            "QtyOrderedConv": quantity,
            "Price": price,
            "PriceConv": price,
        }
        return Line(self.number, self.sku, self.code, self.unit, self.quantity, self.price, written, item)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order as it shall stand at the site. `number` is the padded CoNum that we choose, None where the site does.

    `released`: its Stat is O; until then, and while it is incomplete, it is P (planned).
    """

    number: str | None
    reference: str
    currency: str
    total: Decimal
    header: Values
    lines: Sequence[Line]
    released: bool
    cancelled: bool

    @property
    def amounts(self) -> Amounts:
        return Amounts(
            sum((line_amount(line.quantity, line.price, self.currency) for line in self.lines), ZERO),
            *(Decimal(self.header.get(name) or 0) for name in ("DiscAmount", "Freight", "MiscCharges", "SalesTax")),
        )


class PayloadError(ValueError):
    """The payload cannot be written as it is; the text says what to do."""


def wanted_order(payload: Mapping[str, Any], zone: ZoneInfo, *, numbered_by_us: bool, absorb: bool) -> Wanted:
    """Raises PayloadError with the arithmetic when the lines, as the site rounds them, miss the total by a cent.

    absorb: put the difference into SalesTax, else Freight or MiscCharges, when it comes from rounding: at most half a
    minor unit for each amount that had fractions of one or was converted.
    """
    header = values_of(payload["header"], zone)
    wanted = Wanted(
        number=co_num(payload["order_number"]) if numbered_by_us else None,
        reference=payload["reference"],
        currency=payload["currency"],
        total=payload["total"],
        header={name: value for name, value in header.items() if name != "Stat"},
        lines=[_line(row, zone) for row in payload["lines"]],
        released=header.get("Stat") == "O",
        cancelled=payload["cancelled"],
    )
    wanted.header["ExternalConfirmationRef"] = wanted.reference
    if wanted.number is not None and len(wanted.number) > 10:
        raise PayloadError(
            f"CoNum {wanted.number} is longer than 10 characters: shorten the prefix in table infor-order-prefix"
        )
    if not wanted.lines and not wanted.cancelled:
        raise PayloadError("it has no lines: correct it in the shop")
    return wanted if wanted.cancelled else _balanced(wanted, payload["fractions"], absorb=absorb)


def _balanced(wanted: Wanted, fractions: int, *, absorb: bool) -> Wanted:
    amounts = wanted.amounts
    missed = wanted.total - amounts.total
    if missed == 0:
        return wanted
    if absorb and abs(missed) <= minor_unit(wanted.currency) * fractions / 2:
        for name in ("SalesTax", "Freight", "MiscCharges"):
            amount = Decimal(wanted.header.get(name) or 0)
            if amount > 0 and amount + missed >= 0:
                wanted.header[name] = plain(amount + missed)
                return wanted
    raise PayloadError(
        f"{amounts} {wanted.currency} as Infor rounds them, but the shop charged "
        f"{plain(wanted.total)} ({plain(missed)} apart): correct the order in the shop, or book it by hand"
    )


def _line(row: Mapping[str, Any], zone: ZoneInfo) -> Line:
    own = {"sku", "code", "unit", "quantity", "price"}
    values = values_of({name: value for name, value in row.items() if name not in own}, zone)
    return Line(
        number=int(row["CoLine"]),
        sku=row["sku"],
        code=row["code"],
        unit=row.get("unit"),
        quantity=row["quantity"],
        price=row["price"],
        values=values,
    )


def values_of(fields: Mapping[str, Any], zone: ZoneInfo) -> Values:
    """Property values of a payload object; fields that are null are left to the site."""
    return {name: value_text(value, zone) for name, value in fields.items() if value is not None}


def line_amount(quantity: Decimal, price: Decimal, currency: str) -> Decimal:
    """Quantity x price, half up to the minor unit (systems/infor.md 4.6)."""
    return to_minor_unit(quantity * price, currency)


def amounts_of(header: Row, lines: Sequence[Row], currency: str) -> Amounts:
    """The amounts of an order as the site shows it."""
    goods = sum((line_amount(number(row, "QtyOrdered"), number(row, "Price"), currency) for row in lines), ZERO)
    discount, freight, charges, tax = (
        number(header, name) for name in ("DiscAmount", "Freight", "MiscCharges", "SalesTax")
    )
    return Amounts(goods, discount, freight, charges, tax)


def number(row: Mapping[str, str | None], name: str) -> Decimal:
    """A number of a row; absent and null are 0."""
    return Decimal(row.get(name) or 0)


def address_key(ship_to: Mapping[str, Any], key: str) -> str:
    """Keyed hash of a delivery address: names it in the cross-reference without saying it."""
    text = "\x1f".join(f"{name}={normal(ship_to[name])}" for name in sorted(ship_to) if ship_to[name])
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:24]


def normal(value: object) -> str:
    """For comparison: without capitals and superfluous space."""
    return " ".join(str(value or "").split()).casefold()
