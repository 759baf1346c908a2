"""Orders, invoices and payments per shop and day, and every open item with its reason. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from penstock.audit import words
from penstock.audit.ledger import Ledger, Version
from penstock.audit.model import ZERO, Difference, Window, money
from penstock.audit.orders import Shop
from penstock.audit.wanted import ENDED, Expectation, Standing, standings
from penstock.records.money import minor_unit


@dataclass(slots=True)
class Row:
    """Amounts of one shop, day and currency; each by its own day."""

    ordered: Decimal = ZERO
    invoiced: Decimal = ZERO
    paid: Decimal = ZERO


@dataclass(slots=True)
class _Item:
    """What one order came to so far."""

    invoices: list[Version] = field(default_factory=list)
    payments: list[Version] = field(default_factory=list)

    @property
    def invoiced(self) -> Decimal:
        return sum((each.record["total"] for each in self.invoices), ZERO)

    @property
    def paid(self) -> Decimal:
        return sum((each.record["amount"] for each in self.payments), ZERO)


class Revenue:
    """Of the orders of some shops at one ERP."""

    def __init__(
        self, target: str, shops: Sequence[Shop], ledger: Ledger, expectation: Expectation, window: Window
    ) -> None:
        self._target = target
        self._shops = {shop.name: shop for shop in shops}
        self._ledger = ledger
        self._expectation = expectation
        self._window = window
        self._rows: defaultdict[tuple[str, str, str], Row] = defaultdict(Row)
        self.differences: list[Difference] = []
        self.open_items: list[Mapping[str, Any]] = []
        self._stands = {key: version.record for key, version in _of_orders(ledger.statuses, self._target)}
        self._add_up()

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        return [
            {"shop": shop, "erp": self._target, "day": day, "currency": currency, "ordered": money(row.ordered),
             "invoiced": money(row.invoiced), "paid": money(row.paid)}
            for (shop, day, currency), row in sorted(self._rows.items())
        ]  # fmt: skip

    def _add_up(self) -> None:
        items: defaultdict[str, _Item] = defaultdict(_Item)
        for order_id, version in _of_orders(self._ledger.invoices, self._target):
            items[order_id].invoices.append(version)
        for order_id, version in _of_orders(self._ledger.payments, self._target):
            items[order_id].payments.append(version)
        for order in standings(self._ledger, self._target):
            if order.shop in self._shops and order.written is not None:
                self._order(order, items[order.canonical_id])

    def _order(self, order: Standing, item: _Item) -> None:
        if order.written is None:
            return
        wanted = self._expectation.of(order.written)
        ordered = ZERO if order.cancelled else wanted.total
        self._count(order.shop, order.placed_at, wanted.currency, "ordered", ordered)
        for each in item.invoices:
            at = each.record["invoiced_at"] or each.record["source"]["observed_at"]
            self._count(order.shop, at, str(each.record["currency"]), "invoiced", each.record["total"])
        for each in item.payments:
            at = each.record["received_at"] or each.record["source"]["observed_at"]
            self._count(order.shop, at, str(each.record["currency"]), "paid", each.record["amount"])
        if order.placed_at in self._window:
            self._judge(order, item, ordered, wanted.currency)

    def _judge(self, order: Standing, item: _Item, ordered: Decimal, currency: str) -> None:
        invoiced, paid = item.invoiced, item.paid
        # each invoice of an order in parts may be a cent off
        slack = minor_unit(currency) * len(item.invoices)
        if not order.cancelled and invoiced > ordered + slack:
            said = words.more_than_ordered("over-invoiced", self._target, order, "invoices", ordered, invoiced)
            self.differences.append(said)
        if paid > max(ordered, invoiced) + slack and not order.cancelled:
            said = words.more_than_ordered("overpaid", self._target, order, "payments", max(ordered, invoiced), paid)
            self.differences.append(said)
        if not order.cancelled and (abs(ordered - invoiced) > slack or invoiced != paid):
            self.open_items.append(
                {
                    "reference": order.reference,
                    "day": self._day(order.shop, order.placed_at),
                    "currency": currency,
                    "ordered": money(ordered),
                    "invoiced": money(invoiced),
                    "paid": money(paid),
                    "why": "; ".join(self._why(order, item, ordered, slack)),
                }
            )

    def _why(self, order: Standing, item: _Item, ordered: Decimal, slack: Decimal) -> Iterator[str]:
        stands = self._stands.get(order.canonical_id)
        status = str(stands["status"]) if stands else "not told yet"
        if item.invoiced < ordered - slack:
            if order.open and order.fate is not None:
                yield f"{order.fate.state}: {order.fate.reason}"
            elif order.status in ENDED:
                yield f"{order.status} in the shop"
            elif status in {"shipped", "complete"}:
                yield "shipped, and not invoiced yet" if not item.invoices else "the rest is not invoiced yet"
            elif item.invoices or status == "part-shipped":
                yield "part of it has not been shipped"
            else:
                yield f"not shipped yet ({status})"
        if item.paid < item.invoiced:
            numbers = ", ".join(str(each.record["number"]) for each in item.invoices)
            record = order.newest.record
            if record["paid_total"] >= record["totals"]["gross"] > 0:
                yield f"paid in the shop by {record['payment_method']}; the ERP has no receipt for {numbers}"
            else:
                yield f"invoice {numbers} is not paid yet"
        elif item.paid > item.invoiced:
            yield "paid before it was invoiced"

    def _count(self, shop: str, at: datetime, currency: str, what: str, amount: Decimal) -> None:
        if at in self._window and amount:
            row = self._rows[shop, self._day(shop, at), currency]
            setattr(row, what, getattr(row, what) + amount)

    def _day(self, shop: str, at: datetime) -> str:
        known = self._shops.get(shop)
        return at.astimezone(known.zone if known else UTC).date().isoformat()


def _of_orders(versions: Mapping[str, Version], erp: str) -> Iterator[tuple[str, Version]]:
    """(order's id, record) of what one ERP says of orders of ours and has not taken back."""
    for version in versions.values():
        source = version.record["source"]
        order_id, system = version.record["order_id"], f"{source['system']}:{source['instance']}"
        if order_id and system == erp and not version.record["deleted_at"]:
            yield str(order_id), version
