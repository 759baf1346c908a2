"""A web order as it shall stand in Sage 100: what the mapping made, numbered and placed. Pure.

A web order is one sales order, or two where part of it waits for stock: the first, and the remainder under a letter of
its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

import orjson

from penstock.connectors.sage100.amounts import ZERO, Line, Money, balanced, cents, placed, priced
from penstock.connectors.sage100.client import Row
from penstock.connectors.sage100.policies import Policies
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.texts import FieldError, fitted
from penstock.connectors.sage100.vocabulary import HELD, PART, REFERENCE, WAITS_FOR

HEADER = "SO_SalesOrderHeader"
DETAIL = "SO_SalesOrderDetail"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PLACES = 6
PartName = Literal["whole", "first", "remainder"]


def base_36(native_id: str) -> str:
    """Native id of an order, six digits of base 36: `5120` -> `0003Y8`. Raises FieldError."""
    if not native_id.isdecimal() or int(native_id) >= len(_DIGITS) ** _PLACES:
        raise FieldError(
            "field-length",
            f"order {native_id} cannot be a SalesOrderNo: six digits of base 36 hold numbers up to 2,176,782,335 only",
        )
    number, digits = int(native_id), ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits.rjust(_PLACES, "0")


def reference_of(sales_order_no: str, settings: Sage100Settings) -> str | None:
    """Our reference behind a SalesOrderNo, ours or the remainder's: `W0003Y8` -> `CL1-5120`; None: not ours."""
    number = sales_order_no.strip()
    if len(number) != _PLACES + 1 or any(digit not in _DIGITS for digit in number):
        return None
    tag = next((tag for tag in settings.order_letters if number[0] in settings.letters(tag)), None)
    return f"{tag}-{int(number[1:], len(_DIGITS))}" if tag else None


def sibling_of(sales_order_no: str, settings: Sage100Settings) -> str | None:
    """The other sales order of a web order in two parts: `W0003Y8` <-> `X0003Y8`; None: not ours."""
    for tag in settings.order_letters:
        letters = settings.letters(tag)
        if sales_order_no[:1] in letters:
            return letters[1 - letters.index(sales_order_no[0])] + sales_order_no[1:]
    return None


@dataclass(frozen=True, slots=True)
class WebOrder:
    """What the shop wants. released: it may be shipped (paid, or on terms)."""

    reference: str
    numbers: tuple[str, str]
    lines: Sequence[Line]
    money: Money
    total: Decimal
    header: Mapping[str, Any]
    released: bool
    cancelled: bool
    policies: Policies


@dataclass(slots=True)
class Part:
    """One sales order of a web order. `row` is the order as Sage shows it, once it is there.

    again: event of a resync that books anew what Sage has lost; under the key of the first booking the facade would
    only repeat the answer that it gave then.
    """

    name: PartName
    number: str | None
    reference: str
    lines: Sequence[Line]
    money: Money
    body: Row
    tax_by_schedule: bool
    row: Row | None = None
    again: str = ""

    @property
    def total(self) -> Decimal:
        return sum((line.net for line in self.lines), ZERO) + self.money.total

    @property
    def key(self) -> str:
        """Idempotency key: the same for the same body."""
        body = orjson.dumps(self.body, option=orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(body + self.again.encode()).hexdigest()
        return f"{self.number or self.reference}-{digest[:16]}"


def web_order(payload: Mapping[str, Any], policies: Policies, settings: Sage100Settings) -> WebOrder:
    """Raises AmountsError and FieldError, which name what is wrong."""
    reference: str = payload["reference"]
    money = Money(*(payload["amounts"][name] for name in ("freight", "handling", "fee", "discount", "tax")))
    lines = [_line(row) for row in payload["lines"]]
    if not payload["cancelled"]:
        if not lines:
            raise FieldError("amounts", "the order has no lines: correct it in the shop")
        absorb = settings.rounding == "absorb"
        money = balanced(lines, money, payload["total"], fractions=payload["fractions"], absorb=absorb)
    return WebOrder(
        reference=reference,
        numbers=_numbers(reference, payload["native_id"], settings),
        lines=lines,
        money=money,
        total=payload["total"],
        header=fitted(HEADER, payload["header"], settings, transliterate=policies.transliterate),
        released=payload["released"],
        cancelled=payload["cancelled"],
        policies=policies,
    )


def _numbers(reference: str, native_id: str, settings: Sage100Settings) -> tuple[str, str]:
    if settings.profile.numbers == "facade":
        return "", ""
    tag = reference.removesuffix(f"-{native_id}")
    if tag not in settings.order_letters:
        raise FieldError("field-length", f"shop {tag} has no letter for SalesOrderNo: add it to order_letters")
    digits = base_36(native_id)
    first, remainder = settings.letters(tag)
    return first + digits, remainder + digits


def _line(row: Mapping[str, Any]) -> Line:
    own = {"number", "code", "unit", "quantity", "net", "tax", "discount", "WarehouseCode"}
    return Line(
        number=int(row["number"]),
        sku=row["code"],
        quantity=row["quantity"],
        net=row["net"],
        tax=cents(row["tax"]),
        discount=row.get("discount") or ZERO,
        warehouse=row["WarehouseCode"],
        unit=row.get("unit") or "",
        values={name: value for name, value in row.items() if name not in own and value is not None},
    )


def part_of(
    order: WebOrder, name: PartName, lines: Sequence[Line], money: Money, customer: str, settings: Sage100Settings
) -> Part:
    """The document of one part, for the customer `{division}-{number}`. Raises AmountsError and FieldError."""
    policies = order.policies
    amounts, charge_lines = placed(money, policies, settings.charges)
    division, _, number = customer.partition("-")
    own_number = order.numbers[name == "remainder"] or None
    body: Row = {
        "OrderType": "S",
        "ARDivisionNo": division,
        "CustomerNo": number,
        **order.header,
        **amounts,
        REFERENCE: order.reference,
    }
    waits = "stock" if name == "remainder" else "" if order.released else "payment"
    if waits:
        body |= {"OrderStatus": HELD, WAITS_FOR: waits}
    if name != "whole":
        body[PART] = name
    if own_number is not None:
        body["SalesOrderNo"] = own_number
    if "DepositAmt" in body:
        # the deposit is the first order's, and no more than that order costs
        total = sum((line.net for line in lines), ZERO) + money.total
        deposit = ZERO if name == "remainder" else min(Decimal(body["DepositAmt"]), total)
        body["DepositAmt"] = f"{deposit:.2f}"
    body["Lines"] = [
        *(_line_body(line, policies, settings) for line in lines),
        *charge_lines,
    ]
    return Part(name, own_number, order.reference, lines, money, body, policies.tax == "schedule")


def _line_body(line: Line, policies: Policies, settings: Sage100Settings) -> Row:
    texts = fitted(DETAIL, line.values, settings, transliterate=policies.transliterate, where=f"line {line.number}: ")
    prices = priced(line, policies.line_discount)
    if Decimal(prices["LineDiscountPercent"]) == 0:
        del prices["LineDiscountPercent"]
    return {
        "ItemCode": line.item,
        "WarehouseCode": line.warehouse,
        "QuantityOrdered": f"{line.quantity:.6f}",
        **prices,
        **texts,
    }


def with_items(order: WebOrder, items: Mapping[str, str]) -> WebOrder:
    """The order with Sage's item codes, by the shop's SKU."""
    return replace(order, lines=[replace(line, item=items[line.sku]) for line in order.lines])


def number(row: Mapping[str, Any], name: str) -> Decimal:
    """An amount or quantity of a row; zero when it is absent or blank."""
    return Decimal(str(row.get(name) or 0))


def sage_total(row: Mapping[str, Any]) -> Decimal:
    """What an order or invoice comes to: no field holds it (systems/sage100.md 5.4)."""
    added = ("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt")
    return sum((number(row, name) for name in added), ZERO) - number(row, "DiscountAmt")
