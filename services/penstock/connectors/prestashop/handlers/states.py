"""Where an order stands in the shop, and whether it may move on. Pure but for the flags of the shop's states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from penstock.connectors.contract import Hold, Wait
from penstock.connectors.prestashop.wire import Row, flag, integer, text

ORDER_FIELDS = "[id,reference,id_currency,id_carrier,current_state,total_paid,total_paid_real,conversion_rate,payment]"


@cache
def _table() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "states.yaml").read_text(encoding="utf-8"))
    return loaded


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """An order as the shop shows it now. Amounts in the order's currency."""

    native_id: str
    reference: str
    state: int
    currency_id: str
    carrier_id: str
    total: Decimal
    paid: Decimal
    conversion_rate: str

    @classmethod
    def of(cls, row: Row) -> ShopOrder:
        return cls(
            native_id=text(row.get("id")),
            reference=text(row.get("reference")),
            state=integer(row.get("current_state")),
            currency_id=text(row.get("id_currency")),
            carrier_id=text(row.get("id_carrier")),
            total=amount(row.get("total_paid")),
            paid=amount(row.get("total_paid_real")),
            conversion_rate=text(row.get("conversion_rate")) or "1",
        )

    @property
    def due(self) -> Decimal:
        """What the shop has not seen paid: entering a state with the flag `paid` would book this as a payment."""
        return max(self.total - self.paid, Decimal(0))


Verdict = Literal["there", "past", "go"] | Wait | Hold


class Ladder:
    """Ranks of order states."""

    def __init__(self, overrides: Mapping[int, int]) -> None:
        table = _table()
        self._ranks: dict[int, int] = {**table["ranks"], **overrides}
        self._flags: Mapping[str, int] = table["flags"]
        self._otherwise: int = table["otherwise"]
        self._shipped: int = table["shipped"]
        self.closed = frozenset(table["closed"])

    def rank(self, state: int, row: Row | None) -> int:
        if state in self._ranks:
            return self._ranks[state]
        found = (rank for name, rank in self._flags.items() if row is not None and flag(row.get(name)))
        return next(found, self._otherwise)

    def verdict(self, order: ShopOrder, current: Row | None, target_id: int, target: Row) -> Verdict:
        """Whether the order may enter the target state: there already, past it, go, or a reason not to.

        `current` and `target` are the shop's order_states rows; `current` may be missing (state 0, deleted).
        """
        here, there = self.rank(order.state, current), self.rank(target_id, target)
        if order.state == target_id:
            return "there"
        if order.state in self.closed:
            if there >= self._shipped and target_id not in self.closed:
                return Hold(
                    f"order {order.native_id} is closed in the shop (state {order.state}), but the ERP has shipped it: "
                    f"decide which is right, then set state {target_id} in the shop or stop the delivery"
                )
            return "past"
        if target_id in self.closed:
            if here >= self._shipped:
                return Hold(
                    f"the ERP cancelled order {order.native_id}, but the shop says its goods have left (state "
                    f"{order.state}): decide which is right and set the state in the shop by hand"
                )
            return "go"
        if here >= there:
            return "past"
        if flag(target.get("paid")) and order.due > 0:
            return Wait(
                "paid",
                f"order {order.native_id} is unpaid in the shop: entering state {target_id} would book a payment "
                "that nobody made",
                after=30.0,
            )
        return "go"


def amount(value: Any) -> Decimal:
    """A decimal of the shop; empty is 0. Raises ValueError."""
    found = text(value) or "0"
    try:
        read = Decimal(found)
    except InvalidOperation as error:
        raise ValueError(f"{found[:40]!r} is no amount") from error
    if not read.is_finite():
        raise ValueError(f"{found[:40]!r} is no amount")
    return read
