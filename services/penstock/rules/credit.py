"""May this customer owe so much more? A pure rule over figures that the ERP keeps (systems/sage100.md 2.12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Credit:
    """A customer's account, in its currency. limit: 0 is no limit; open_orders: ordered and not yet invoiced."""

    limit: Decimal
    balance: Decimal
    open_orders: Decimal
    on_hold: bool = False

    def over(self, order: Decimal) -> Decimal:
        """How much the account would be over its limit with this order; zero or less is within it."""
        return self.balance + self.open_orders + order - self.limit if self.limit > 0 else ZERO

    def refuses(self, order: Decimal) -> bool:
        return self.on_hold or self.over(order) > 0

    def arithmetic(self, order: Decimal) -> Sequence[tuple[str, str]]:
        """The sum in rows: limit, balance, open, order, over."""
        rows = [
            ("credit limit", f"{self.limit:.2f}" if self.limit > 0 else "none"),
            ("balance", f"{self.balance:.2f}"),
            ("open orders", f"{self.open_orders:.2f}"),
            ("this order", f"{order:.2f}"),
            ("over the limit", f"{max(self.over(order), ZERO):.2f}"),
        ]
        return [*rows, ("credit hold", "yes")] if self.on_hold else rows
