"""A Clarity shop's arithmetic, written from systems/clarity.md 5 alone: documents whose every amount is right."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import strategies as st

ZERO = Decimal(0)
PLACES = {"JPY": 0, "USD": 2, "EUR": 2, "KWD": 3}
TAX_RATES = tuple(map(Decimal, ("0", "0.05", "0.0825", "0.08875", "0.1", "0.2")))
ADDRESS = {"street1": "400 Main St", "city": "Austin", "regionCode": "TX", "postalCode": "78701", "countryCode": "US"}
CONTACT = {"id": 901, "firstName": "Dana", "lastName": "Ruiz", "company": "Acme Tools", "address": ADDRESS}

quantities = st.one_of(
    st.integers(1, 40).map(Decimal),
    st.integers(1, 400_000).map(lambda ten_thousandths: Decimal(ten_thousandths) / 10_000),
    st.integers(1_000, 90_000).map(Decimal),
)
"""Pieces; fractions of four places; more pieces than a price of six decimals can be exact for."""
shares = st.one_of(st.just(0), st.just(0), st.integers(1, 100))
"""Per cent off; mostly nothing."""


def rounded(amount: Decimal, places: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def tax_of(base: Decimal, rate: Decimal, places: int, *, included: bool) -> Decimal:
    return rounded(base - base / (1 + rate) if included else base * rate, places)


@st.composite
def items(draw: st.DrawFn, places: int) -> dict[str, Any]:
    """One line before the order's discount and its tax."""
    quantity = draw(quantities)
    price = Decimal(draw(st.integers(0, 3_000_000))).scaleb(-draw(st.sampled_from([places, 4])))
    listed = rounded(quantity * price, places)
    off = rounded(listed * draw(shares) / 100, places)
    return {"quantity": quantity, "unitPrice": price, "discount": off, "lineTotal": listed - off,
            "taxRate": draw(st.sampled_from(TAX_RATES))}  # fmt: skip


@st.composite
def orders(draw: st.DrawFn, currencies: Sequence[str] = tuple(sorted(PLACES))) -> dict[str, Any]:
    """An opened document `clarity/order.to-canonical` maps, with Decimals where the shop has texts."""
    currency = draw(st.sampled_from(currencies))
    places, included = PLACES[currency], draw(st.booleans())
    lines = draw(st.lists(items(places), min_size=1, max_size=4))
    charge = st.one_of(st.just(0), st.integers(0, 30_000)).map(lambda units: Decimal(units).scaleb(-places))
    shipping, handling, fees = draw(charge), draw(charge), draw(charge)

    sub_total = sum((line["lineTotal"] for line in lines), ZERO)
    discount = rounded(sub_total * draw(shares) / 100, places)
    for line, share in zip(lines, _shared(discount, lines, sub_total, places), strict=True):
        line["taxAmount"] = tax_of(line["lineTotal"] - share, line["taxRate"], places, included=included)
    tax = sum((line["taxAmount"] for line in lines), ZERO)
    if draw(st.booleans()):
        tax += tax_of(shipping, max(line["taxRate"] for line in lines), places, included=included)
    total = sub_total - discount + shipping + handling + fees + (ZERO if included else tax)
    order = {
        "id": 5120, "orderNumber": "WEB-5120", "status": "Pending", "paymentStatus": "paid", "currency": currency,
        "createdDate": "2026-02-03T15:05:02Z", "email": "ap@acme.example", "userId": 412, "taxIncluded": included,
        "items": [
            {"id": 9000 + at, "lineNumber": at, "productId": 310 + at, "sku": f"APR-{at}", "name": "Apron", **line}
            for at, line in enumerate(lines, 1)
        ],
        "discounts": [{"code": "SPRING", "amount": discount}] if discount else [],
        "totals": {"subTotal": sub_total, "discount": discount, "shipping": shipping, "handling": handling,
                   "fees": fees, "tax": tax, "total": total, "balanceDue": ZERO},
    }  # fmt: skip
    return {"order": order, "account": None, "user": None, "payments": [], "billing": CONTACT, "shipping": CONTACT}


def _shared(discount: Decimal, lines: Sequence[dict[str, Any]], sub_total: Decimal, places: int) -> Sequence[Decimal]:
    if not discount:
        return [ZERO] * len(lines)
    most = [rounded(discount * line["lineTotal"] / sub_total, places) for line in lines[:-1]]
    return [*most, discount - sum(most, ZERO)]


@st.composite
def refunds(draw: st.DrawFn) -> dict[str, Any]:
    """A refund of some lines of an order, each for a part of its pieces."""
    document = draw(orders())
    order = document["order"]
    places, given_back = PLACES[order["currency"]], []
    for line in order["items"]:
        part = draw(st.integers(0, 4))
        amount = line["lineTotal"] + (ZERO if order["taxIncluded"] else line["taxAmount"])
        if part:
            given_back.append({"salesOrderItemId": line["id"], "quantity": line["quantity"] * part / 4,
                               "amount": rounded(amount * part / 4, places)})  # fmt: skip
    amount = sum((row["amount"] for row in given_back), ZERO)
    refund = {"id": 7, "salesOrderId": 5120, "amount": amount, "currency": order["currency"], "reason": "returned",
              "createdDate": "2026-02-09T10:00:00Z", "items": given_back}  # fmt: skip
    return {"refund": refund, "order": order}


def as_sent(document: Any) -> Any:
    """Amounts as the shop's JSON has them: decimal texts."""
    if isinstance(document, dict):
        return {name: as_sent(value) for name, value in document.items()}
    if isinstance(document, list):
        return [as_sent(value) for value in document]
    return f"{document:f}" if isinstance(document, Decimal) else document
