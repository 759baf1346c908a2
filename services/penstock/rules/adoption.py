"""Which document of a target is the order that was there before penstock: by number, currency and total. Pure.

A shop's number in the ERP is no key: a clerk may have entered it twice, or for another order. So a document is taken
over only where everything agrees and nothing else could be meant; what is not clear is for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

RULE = "adoption"
"""What a person waives by releasing an order to be booked although it may be there."""
SENT = frozenset({"shipped", "delivered"})
"""Statuses of a shop's order whose goods have left: booking it anew would send them once more."""


@dataclass(frozen=True, slots=True)
class Present:
    """A document of the target that has the order's number. `reference`: whose it says it is; empty for nobody's."""

    native_id: str
    reference: str
    currency: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Unclear:
    """A person must say which document is the order. `arithmetic`: rows of label and amount."""

    reason: str
    arithmetic: Sequence[tuple[str, str]] = ()


def may_be_there(record: Mapping[str, Any], adopt_before: datetime | None) -> bool:
    """Was the document placed before penstock took over? Only orders have a time at which they were placed."""
    placed_at = record.get("placed_at")
    return adopt_before is not None and placed_at is not None and placed_at < adopt_before


def chosen(
    reference: str, currency: str, total: Decimal, present: Collection[Present], field: str
) -> Present | Unclear | None:
    """The order itself; None when none of `present` can be it. `field`: where the target keeps our reference."""
    ours = [each for each in present if each.reference == reference]
    if len(ours) > 1:
        return Unclear(f"{reference} stands in several orders: {_ids(ours)}; take it off those that are not the order")
    if ours:
        return ours[0]
    others = [each for each in present if not _of_same_shop(each.reference, reference)]
    free = [each for each in others if not each.reference]
    fitting = [each for each in free if (each.currency, each.total) == (currency, total)]
    if len(fitting) == 1:
        return fitting[0]
    if not others:
        return None
    cure = f"write {reference} into {field} of the right one, or release the order to book it anew"
    if fitting:
        return Unclear(f"several orders have its number and its total, {_ids(fitting)}: {cure}")
    rows = [("charged by the shop", f"{total} {currency}")]
    rows += [(_label(each), f"{each.total} {each.currency}") for each in others]
    return Unclear(f"its number stands in {_ids(others)}, with another total or of another system: {cure}", rows)


def _of_same_shop(reference: str, ours: str) -> bool:
    """Another order of the same shop: the parts of a split order share one number."""
    tag, _, _ = ours.rpartition("-")
    return bool(reference) and reference.startswith(f"{tag}-")


def _label(each: Present) -> str:
    return f"{each.native_id} ({each.reference})" if each.reference else each.native_id


def _ids(present: Collection[Present]) -> str:
    return ", ".join(sorted(each.native_id for each in present))
