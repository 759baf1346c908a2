"""What a refusal of the site means for a step or a plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from penstock.connectors.contract import Exists, Hold, Retry
from penstock.connectors.infor.errors import ConfigurationError, IdoRefusedError, Refusal

T = TypeVar("T")


def outcome_of(error: IdoRefusedError) -> Exists | Retry | Hold:
    """Raises ConfigurationError when the service account lacks a right: no other document would fare better."""
    match error.refusal:
        case Refusal.EXISTS:
            return Exists()
        case Refusal.ROW_CHANGED:
            return Retry(str(error), 0.5)
        case Refusal.PRIVILEGE:
            raise ConfigurationError(f"{error}: grant it to the service account's user") from error
        case Refusal.NOT_ON_FILE:
            return Hold(f"Infor refuses: {error}: create it in Infor, or correct the code table that names it")
        case Refusal.OTHER:
            return Hold(f"Infor refuses: {error}")


async def guarded(work: Callable[[], Awaitable[T]]) -> T | Exists | Retry | Hold:
    """`work`, with a refusal of the site as its outcome."""
    try:
        return await work()
    except IdoRefusedError as error:
        return outcome_of(error)


async def reading(work: Callable[[], Awaitable[T]]) -> T | Retry | Hold:
    """`work` that only reads, with a refusal of the site as its outcome."""
    outcome = await guarded(work)
    if isinstance(outcome, Exists):
        return Hold("Infor answers a read with `already exists`: look at the requests of the site")
    return outcome
