"""Whether the figures of an order agree with each other, to the smallest unit of its currency.

Nothing is forgiven: a shop rounds each item, each line or only the total (systems/prestashop.md 5, round_type), so a
line may have fractions of a cent, but a sum, rounded once, is the stated total or it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from penstock.rules.checks import Record
from penstock.rules.verdict import Findings, shown

_SHOWN_TERMS = 12
_ZERO, _ONE = Decimal(0), Decimal(1)
_SPLIT = Decimal("0.00001")  # a mapping that splits a line's tax among its rates cuts each part to six decimals
_REMEDY = "Correct the order in the shop. If the shop's figures are right as they are, release the order by hand."


class Arithmetic:
    """The figures of one order in one currency."""

    __slots__ = ("_cent", "_currency", "_found", "_rounded")

    def __init__(self, found: Findings, currency: str) -> None:
        self._found = found
        self._currency = currency
        self._cent = found.policy.cent(currency)
        self._rounded = found.policy.rounded

    def line(self, line: Record, index: int) -> None:
        """Price, tax and rates of one line, whose amounts are finite."""
        net, tax, gross, quantity = line["net"], line["tax"], line["gross"], line["quantity"]
        if net + tax != gross:
            self.gross(f"lines[{index}].", _name(line), line)
        if quantity > 0:
            exact, exact_gross = quantity * line["unit_price"], quantity * line["unit_price_gross"]
            if exact != net and self._rounded(exact, self._cent) != net:
                self._price(f"lines[{index}].net", f"{_name(line)} without tax", quantity, line["unit_price"], net)
            if exact_gross != gross and self._rounded(exact_gross, self._cent) != gross:
                self._price(
                    f"lines[{index}].gross", f"{_name(line)} with tax", quantity, line["unit_price_gross"], gross
                )
        if line.get("taxes"):
            self._taxes(line, index)

    def gross(self, where: str, name: str, part: Record) -> None:
        """Net and tax of a line, a charge or the order make its gross."""
        net, tax, gross = part["net"], part["tax"], part["gross"]
        if net + tax != gross and self._differ(net + tax, gross):
            sum_ = f"{self._say(net)} + tax {self._say(tax)} = {self._say(net + tax)} {self._currency}"
            self._hold(where + "gross", gross, "gross", f"{name}: {sum_}, but with tax it is stated as", net + tax)

    def total(self, what: str, side: str, tax: str, terms: Sequence[Decimal], stated: Decimal) -> None:
        """The `lines` or `discounts` add up to their total. `side`: net or gross; `tax`: the words for it."""
        total = sum(terms, _ZERO)
        if total != stated and self._differ(total, stated):
            self._hold_sum(f"totals.{what}_{side}", f"{what}-total", f"{what.capitalize()} {tax}", terms, stated)

    def order(
        self, side: str, tax: str, lines: Decimal, discounts: Decimal, charges: dict[str, Decimal], stated: Decimal
    ) -> None:
        """charges: shipping, wrapping and what further charges the order has, by name."""
        total = lines - discounts + sum(charges.values(), _ZERO)
        if total != stated and self._differ(total, stated):
            added = "".join(f" + {name} {self._say(amount)}" for name, amount in charges.items())
            told = (
                f"lines {self._say(lines)} − discounts {self._say(discounts)}{added} = {self._say(total)} "
                f"{self._currency}"
            )
            self._hold(f"totals.{side}", stated, "order-total", f"Order {tax}: {told}, but the order states", total)

    def rate(self, where: str, name: str, net: Decimal, rate: Decimal, tax: Decimal) -> None:
        """The tax of a charge that was rounded once."""
        if abs(net * rate / 100 - tax) > self._cent and not self._within_rounding(net, rate, tax, _ONE, _ONE):
            self._hold_rate(where + "tax", name, net, rate, tax)

    def _price(self, field: str, name: str, quantity: Decimal, price: Decimal, amount: Decimal) -> None:
        """Where the rounded product is not the amount: items may have been rounded, or the price cut to its places."""
        exact = quantity * price
        stated = self._rounded(amount, self._cent)
        if quantity * self._rounded(price, self._cent) == stated:
            return
        slack = quantity * Decimal(5).scaleb(-self._found.policy.price_places - 1)
        if self._rounded(exact - slack, self._cent) <= stated <= self._rounded(exact + slack, self._cent):
            return
        told = f"{name}: {quantity.normalize():f} × {self._say(price)} = {self._say(exact)} {self._currency}"
        self._hold(field, amount, "unit-price", f"{told}, but the line states", exact)

    def _taxes(self, line: Record, index: int) -> None:
        rows, tax = line["taxes"], line["tax"]
        base: Decimal | None = rows[0].get("base")
        net: Decimal = line["net"] if base is None else base
        rate, charged = rows[0]["rate"], rows[0]["amount"]
        for row in rows[1:]:
            rate, charged = rate + row["rate"], charged + row["amount"]
        if charged != tax and abs(charged - tax) > _SPLIT and self._differ(charged, tax):
            terms = [row["amount"] for row in rows]
            self._hold_sum(f"lines[{index}].tax", "tax-total", f"{_name(line)}, taxes", terms, tax)
        if abs(net * rate / 100 - tax) <= self._cent:
            return
        quantity = line["quantity"]
        by_item = quantity > 0 and self._whole(net / quantity) and self._whole(line["gross"] / quantity)
        items = quantity if by_item else _ONE
        compound = len(rows) > 1 and self._within_rounding(net, _compound(rows), tax, items, quantity)
        if not compound and not self._within_rounding(net, rate, tax, items, quantity):
            self._hold_rate(f"lines[{index}].tax", _name(line), net, rate, tax)

    def _within_rounding(self, net: Decimal, rate: Decimal, tax: Decimal, items: Decimal, quantity: Decimal) -> bool:
        """Net and gross are each off by half a cent at most, per item where the shop rounds items; their prices by half
        of the last place.
        """
        off = items * self._cent + quantity * Decimal(1).scaleb(-self._found.policy.price_places)
        return abs(net * rate / 100 - tax) <= off * (1 + rate / 200)

    def _hold_sum(self, field: str, rule: str, name: str, terms: Sequence[Decimal], stated: Decimal) -> None:
        total = sum(terms, _ZERO)
        told = " + ".join(map(self._say, terms[:_SHOWN_TERMS]))
        if len(terms) > _SHOWN_TERMS:
            told += f" + … ({len(terms)} in all)"
        sum_ = f"{told} = {self._say(total)}" if len(terms) > 1 else self._say(total)
        self._hold(field, stated, rule, f"{name}: {sum_} {self._currency}, but the order states", total)

    def _hold_rate(self, field: str, name: str, net: Decimal, rate: Decimal, tax: Decimal) -> None:
        due = self._rounded(net * rate / 100, self._cent)
        told = (
            f"{name}: {rate.normalize():f} % of {self._say(net)} is {self._say(due)} {self._currency}, but its tax is"
        )
        remedy = "Check the tax rule of the product and the country in the shop; correct or release the order."
        self._hold(field, tax, "tax-rate", told, due, remedy)

    def _hold(
        self, field: str, stated: Decimal, rule: str, told: str, expected: Decimal, remedy: str = _REMEDY
    ) -> None:
        more = stated - expected
        by = f"{self._say(abs(more))} {'more' if more > 0 else 'less'}"
        self._found.hold(field, stated, rule, f"{told} {self._say(stated)} {self._currency}, {by}.", remedy)

    def _differ(self, one: Decimal, other: Decimal) -> bool:
        return self._rounded(one, self._cent) != self._rounded(other, self._cent)

    def _whole(self, amount: Decimal) -> bool:
        return amount == self._rounded(amount, self._cent)

    def _say(self, amount: Decimal) -> str:
        """With the decimals of the currency; more where there are more."""
        return f"{self._rounded(amount, self._cent):f}" if self._whole(amount) else f"{amount.normalize():f}"


def _name(line: Record) -> str:
    return f"Line {line.get('number')} ({shown(line.get('sku'))})"


def _compound(rows: Sequence[Record]) -> Decimal:
    """Rate in percent of taxes that are each charged on the ones before (tax on tax)."""
    factor = Decimal(1)
    for row in rows:
        factor *= 1 + row["rate"] / 100
    return (factor - 1) * 100
