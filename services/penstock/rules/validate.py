"""Validation of canonical records: complete, well-formed, and the figures add up. Never changes a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from penstock.rules import documents
from penstock.rules.order import check_order
from penstock.rules.verdict import RULES, Findings, Policy, Severity, Verdict

__all__ = ["RULES", "Policy", "Severity", "Verdict", "validate"]

_CHECKS: Mapping[str, Callable[[Findings, Mapping[str, Any]], None]] = {
    "order": check_order,
    "order-status": documents.check_order_status,
    "customer": documents.check_customer,
    "product": documents.check_product,
    "price": documents.check_price,
    "payment": documents.check_payment,
    "invoice": documents.check_invoice,
    "shipment": documents.check_shipment,
    "stock-level": documents.check_stock_level,
    "refund": documents.check_refund,
}


def validate(entity: str, record: Mapping[str, Any], policy: Policy) -> list[Verdict]:
    """All that is wrong with a canonical record; empty when it may go on.

    `entity` is the word of the topic (`order`, `order-status`); amounts are Decimal, times have a zone. A deleted
    record is not judged: its fields are whatever was last known. Of a cancelled order nothing will be booked: only what
    makes it unreadable counts, so that cancelling is a remedy. Raises ValueError for an entity without rules.
    """
    check = _CHECKS.get(entity)
    if check is None:
        raise ValueError(f"no rules for {entity!r}; there is {', '.join(_CHECKS)}")
    if record.get("deleted_at") is not None:
        return []
    found = Findings(policy)
    check(found, record)
    extras = record.get("extras")
    if extras and (size := sum(map(len, extras.values()))) > policy.extras_limit:
        name = max(extras, key=lambda field: len(extras[field]))
        what = f"The extra fields have {size:,} characters, most of them in {name}; at most {policy.extras_limit:,} go."
        remedy = "Shorten the source's own fields, or leave them out in the mapping."
        found.refuse(f"extras.{name}", size, "text", what, remedy)
    if entity == "order" and record.get("status") == "cancelled":
        return [verdict for verdict in found.verdicts if verdict.severity == "dead-letter"]
    return found.verdicts
