"""Is there enough to ship? A pure rule over quantities wanted and quantities available, per item and warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

ZERO = Decimal(0)

Place = tuple[str, str]
"""Item code and warehouse code."""


@dataclass(frozen=True, slots=True)
class Want:
    """A line's wish. `line` is whatever names the line to the caller."""

    line: int
    place: Place
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Shortage:
    """What one item lacks in one warehouse."""

    place: Place
    wanted: Decimal
    available: Decimal

    @property
    def missing(self) -> Decimal:
        return self.wanted - self.available


def shortages(wants: Sequence[Want], available: Mapping[Place, Decimal]) -> list[Shortage]:
    """Items whose lines together want more than there is. A negative figure counts as none; a missing one too."""
    wanted: dict[Place, Decimal] = {}
    for want in wants:
        wanted[want.place] = wanted.get(want.place, ZERO) + want.quantity
    found = [Shortage(place, total, max(available.get(place, ZERO), ZERO)) for place, total in wanted.items()]
    return [shortage for shortage in found if shortage.missing > 0]


def allot(wants: Sequence[Want], available: Mapping[Place, Decimal]) -> dict[int, Decimal]:
    """Line -> quantity that can ship now, first come first served. Whole pieces stay whole."""
    left = {place: max(quantity, ZERO) for place, quantity in available.items()}
    given: dict[int, Decimal] = {}
    for want in wants:
        quantity = min(want.quantity, left.get(want.place, ZERO))
        if want.quantity == want.quantity.to_integral_value():
            quantity = quantity.to_integral_value(ROUND_FLOOR)
        left[want.place] = left.get(want.place, ZERO) - quantity
        given[want.line] = quantity
    return given


def arithmetic(lacking: Sequence[Shortage]) -> list[tuple[str, str]]:
    """Rows of label and quantity, three for each item."""
    rows = []
    for shortage in lacking:
        name = "{} in {}".format(*shortage.place)
        rows += [
            (f"{name}: ordered", _plain(shortage.wanted)),
            (f"{name}: available", _plain(shortage.available)),
            (f"{name}: missing", _plain(shortage.missing)),
        ]
    return rows


def _plain(quantity: Decimal) -> str:
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
