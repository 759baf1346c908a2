"""Amounts of documents as a listing shows them, against what they must be. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Literal

from penstock.audit.model import ZERO, money
from penstock.audit.wanted import Wanted
from penstock.connectors.contract import Listed

What = Literal["currency", "total", "tax", "quantity"]


def fact(document: Listed, name: str) -> Decimal | None:
    """A number of a listed document; None where the list does not show it."""
    try:
        return Decimal(document.facts[name])
    except (KeyError, InvalidOperation):
        return None


def total_of(documents: Sequence[Listed]) -> Wanted:
    """All of them together: a web order may be several documents."""
    taxes = [fact(each, "tax") for each in documents]
    return Wanted(
        currency=next((each.facts["currency"] for each in documents if "currency" in each.facts), ""),
        total=sum((fact(each, "total") or ZERO for each in documents), ZERO),
        tax=None if None in taxes else sum((tax for tax in taxes if tax is not None), ZERO),
        quantity=sum((fact(each, "quantity") or ZERO for each in documents), ZERO),
    )


def disagreement(wanted: Wanted, documents: Sequence[Listed]) -> What | None:
    """The first amount that is not as it must be; what the list does not show is not judged."""
    there = total_of(documents)
    if there.currency and there.currency != wanted.currency:
        return "currency"
    if _shown(documents, "total") and there.total != wanted.total:
        return "total"
    if wanted.tax is not None and there.tax is not None and abs(there.tax - wanted.tax) > wanted.slack:
        return "tax"
    if _shown(documents, "quantity") and there.quantity != wanted.quantity:
        return "quantity"
    return None


def too_many(documents: Sequence[Listed], wanted: Wanted, is_ours: Callable[[Listed], bool]) -> list[Listed]:
    """Those of several documents of one order that should not be there; none when together they are the order.

    Parts of an order are all known to us, and together they come to its total.
    """
    if len(documents) < 2 or disagreement(wanted, documents) is None:
        return []
    ours = [each for each in documents if is_ours(each)]
    if not ours:
        return list(documents[1:])
    whole = [each for each in ours if disagreement(wanted, [each]) is None]
    if len(ours) > 1 and whole:
        ours = whole[:1]
    return [each for each in documents if each not in ours]


def shown(document: Listed) -> str:
    """Its total, as far as the list has one."""
    total = fact(document, "total")
    return "no total" if total is None else f"{money(total)} {document.facts.get('currency', '')}".rstrip()


def _shown(documents: Sequence[Listed], name: str) -> bool:
    return bool(documents) and all(name in each.facts for each in documents)
