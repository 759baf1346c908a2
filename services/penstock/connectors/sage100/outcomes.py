"""What a refusal of the facade means for a step or a plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from penstock.connectors.contract import Exists, Hold
from penstock.connectors.sage100.errors import RefusedError

T = TypeVar("T")

_RULES = {
    "CI_CharLength": ("field-length", "shorten it in the shop, or give the field's length of this version in lengths"),
    "CI_NOF": ("not-on-file", "create it in Sage 100, or correct the table or setting that names it"),
    "CI_InactiveItem": ("item", "activate the item in Sage 100, or name another by an alias"),
    "AR_InactiveCustomer": ("customer", "activate the customer in Sage 100"),
    "AR_CreditHold": ("credit", "take the customer off credit hold in Sage 100"),
    "AR_CreditLimit": ("credit", "raise the limit in Sage 100, or wait for a payment"),
    "SO_OrderClosed": ("closed", "the order can no longer be changed: settle it with the buyer"),
}


def outcome_of(error: RefusedError, credit_after: float = 300.0) -> Exists | Hold:
    """A hold under the rule that the code stands for, with the facade's own figures where they are of credit."""
    if error.code == "WS_AlreadyExists":
        return Exists()
    rule, remedy = _RULES.get(error.code, ("target", "correct the document or the mapping"))
    reason = f"Sage 100 refuses: {error}: {remedy}"
    if rule != "credit":
        return Hold(reason, rule=rule)
    names = ("CreditLimit", "CurrentBalance", "OpenOrderAmt", "OrderAmt")
    labels = ("credit limit", "balance", "open orders", "this order")
    rows = [(label, str(error.detail[name])) for label, name in zip(labels, names, strict=True) if name in error.detail]
    return Hold(reason, rule="credit", arithmetic=rows, clears_on="credit", after=credit_after)


async def guarded(work: Callable[[], Awaitable[T]], credit_after: float = 300.0) -> T | Exists | Hold:
    """`work`, with a refusal of the facade as the outcome. That it is busy is no outcome: the runtime waits."""
    try:
        return await work()
    except RefusedError as error:
        return outcome_of(error, credit_after)


async def reading(work: Callable[[], Awaitable[T]]) -> T | Hold:
    """`work` that only reads, with a refusal of the facade as its outcome."""
    outcome = await guarded(work)
    if isinstance(outcome, Exists):
        return Hold("Sage 100 answers a read with `already exists`: look at the facade")
    return outcome
