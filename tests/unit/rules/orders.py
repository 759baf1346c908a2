"""Orders whose figures agree, as shops make them: for tests that then disturb one of them."""

from copy import deepcopy
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import strategies as st

RATES = ("0", "5.5", "20", "21", "8.875")
PLACES = {"EUR": 2, "JPY": 0, "KWD": 3, "USD": 2}
ADDRESS: dict[str, Any] = {
    "native_id": "17", "company": None, "first_name": "Zoé", "last_name": "Lefèvre", "line1": "12 Rue de l'Église",
    "line2": None, "line3": None, "postal_code": "75011", "city": "Paris", "state_code": None, "country_code": "FR",
    "phone": "+33 6 12 34 56 78", "vat_number": None, "changes": [],
}  # fmt: skip


def rounded(amount: Decimal, places: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def line(number: int, quantity: int, net_price: Decimal, rate: Decimal, places: int, rounding: str) -> dict[str, Any]:
    """One line: `item` rounds each item, `line` the line, `total` nothing yet (round_type 1, 2, 3 of PrestaShop)."""
    price, price_gross = net_price, (net_price * (100 + rate) / 100).quantize(Decimal("0.000001"))
    if rounding == "item":
        price, price_gross = rounded(price, places), rounded(price_gross, places)
    net, gross = quantity * price, quantity * price_gross
    if rounding == "line":
        net, gross = rounded(net, places), rounded(gross, places)
    return {
        "native_id": str(76 + number), "number": number, "product_id": "p", "variant_id": None,
        "variant_native_id": None, "product_native_id": "8", "sku": f"APR-{number}",
        "name": "Linen apron", "category": "Kitchen",
        "quantity": Decimal(quantity), "unit": None, "unit_price": price, "unit_price_gross": price_gross,
        "net": net, "tax": gross - net, "gross": gross, "quantity_refunded": Decimal(0),
        "taxes": [{"code": "1", "rate": rate, "amount": gross - net}] if rate else [],
    }  # fmt: skip


def charge(net: Decimal, rate: Decimal, places: int) -> dict[str, Any]:
    gross = rounded(net * (100 + rate) / 100, places)
    return {"net": net, "tax": gross - net, "gross": gross, "rate": rate}


def order(
    currency: str,
    lines: list[dict[str, Any]],
    *,
    shipping: Decimal,
    wrapping: Decimal,
    discount: Decimal,
    rate: Decimal,
) -> dict[str, Any]:
    """An order of these lines. `discount` is a part of the goods, from 0 to 1."""
    places = PLACES[currency]
    lines_net = rounded(sum((one["net"] for one in lines), Decimal(0)), places)
    lines_gross = rounded(sum((one["gross"] for one in lines), Decimal(0)), places)
    off = {"net": rounded(lines_net * discount, places), "gross": rounded(lines_gross * discount, places)}
    ship, wrap = charge(shipping, rate, places), charge(wrapping, rate, places)
    net = lines_net - off["net"] + ship["net"] + wrap["net"]
    gross = lines_gross - off["gross"] + ship["gross"] + wrap["gross"]
    return {
        "id": "o", "source": {"system": "prestashop", "observed_at": datetime(2025, 3, 4, 9, 6, tzinfo=UTC)},
        "deleted_at": None, "extras": {}, "number": "QWLRTKZPA", "reference": "PS1-41", "customer_po": None,
        "shop": "1", "placed_at": datetime(2025, 3, 4, 9, 5, tzinfo=UTC), "status": "paid", "source_status": "2",
        "currency": currency, "language": "fr", "customer_id": "c",
        "customer": {"native_id": "12", "email": "zoe.lefevre@mail.example", "first_name": "Zoé",
                     "last_name": "Lefèvre", "company": None, "is_guest": False, "group": "3",
                     "vat_number": None, "phone": None},
        "bill_to": deepcopy(ADDRESS), "ship_to": deepcopy(ADDRESS), "payment_method": "bank-transfer",
        "payment_module": "ps_wirepayment",
        "payments": [{"amount": gross, "method": "Bank transfer", "transaction_id": "", "paid_at": None}],
        "paid_total": gross, "carrier": {"code": "3", "name": "My carrier"}, "lines": lines,
        "discounts": [{"code": "HELLO", "name": "Hello", **off, "free_shipping": False}] if discount else [],
        "shipping": ship, "wrapping": wrap,
        "totals": {"lines_net": lines_net, "lines_gross": lines_gross, "discounts_net": off["net"],
                   "discounts_gross": off["gross"], "net": net, "tax": gross - net, "gross": gross},
        "messages": [{"text": "Please ring.\nThank you!", "at": None, "private": False}], "gift_message": None,
    }  # fmt: skip


def plain_order(currency: str = "EUR", count: int = 4) -> dict[str, Any]:
    """Lines of 2 × 24.90, shipping 5.00, all at 20 %."""
    places, rate = PLACES[currency], Decimal(20)
    lines = [line(number, 2, Decimal("24.90"), rate, places, "line") for number in range(1, count + 1)]
    return order(currency, lines, shipping=Decimal(5), wrapping=Decimal(0), discount=Decimal(0), rate=rate)


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """Consistent orders of all currencies, rates and ways of rounding."""
    currency = draw(st.sampled_from(sorted(PLACES)))
    places, rounding = PLACES[currency], draw(st.sampled_from(["item", "line", "total"]))
    lines = [
        line(number, draw(st.integers(1, 500)), draw(st.decimals(0, 9999, places=draw(st.sampled_from([places, 6])))),
             Decimal(draw(st.sampled_from(RATES))), places, rounding)
        for number in range(1, draw(st.integers(1, 5)) + 1)
    ]  # fmt: skip
    flat = st.decimals(0, 200, places=places)
    discount = draw(st.sampled_from([Decimal(0), Decimal("0.1"), Decimal(1) / 3]))
    rate = Decimal(draw(st.sampled_from(RATES)))
    return order(currency, lines, shipping=draw(flat), wrapping=draw(flat), discount=discount, rate=rate)


def money_paths(given: dict[str, Any]) -> list[tuple[str | int, ...]]:
    """Where an order holds amounts that the other amounts bind. What was paid binds nothing: it may be more or less."""
    paths: list[tuple[str | int, ...]] = [("totals", name) for name in given["totals"]]
    for name in ("shipping", "wrapping"):
        paths += [(name, part) for part in ("net", "tax", "gross")]
    for index, one in enumerate(given["lines"]):
        paths += [("lines", index, name) for name in ("net", "tax", "gross", "unit_price", "unit_price_gross")]
        paths += [("lines", index, "taxes", at, "amount") for at in range(len(one["taxes"]))]
    paths += [("discounts", index, name) for index in range(len(given["discounts"])) for name in ("net", "gross")]
    return paths


def at(given: Any, path: tuple[str | int, ...], change: Any) -> dict[str, Any]:
    """A copy with the value at the path replaced, by a value or by a function of the old one."""
    copy = deepcopy(given)
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = change(inner[path[-1]]) if callable(change) else change
    return copy  # type: ignore[no-any-return]  # deepcopy of Any
