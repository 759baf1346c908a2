"""What the sinks of ERPs share of taking over orders that were there before penstock (penstock.rules.adoption)."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from penstock.connectors.contract import Hold, Link, Settled, Task
from penstock.rules.adoption import RULE, SENT, Present, Unclear, chosen

NUMBER = "{number}"


def with_number(form: str) -> str:
    """A setting that says how the shop's number is written in the ERP. ValueError: it has no place for it."""
    if form.count(NUMBER) != 1:
        raise ValueError(f"{form!r} names the shop's number not once: write for example WEB-{NUMBER}")
    return form


def numbered(form: str, task: Task) -> str | None:
    """The order's number as the ERP has it; None for an order without one."""
    number = task.record["number"]
    return form.replace(NUMBER, number) if number else None


def decided(
    task: Task, currency: str, total: Decimal, present: Collection[Present], field: str, *, cancelled: bool
) -> Present | Hold | None:
    """The document to take over, a hold where a person must look, None where the order is to be booked.

    `currency`, `total`: as the ERP is to have them. `field`: where it keeps our reference.
    """
    if task.waives(RULE):
        return None
    reference = task.payload["reference"]
    found = chosen(reference, currency, total, present, field)
    if isinstance(found, Unclear):
        return Hold(f"order {reference}: {found.reason}", rule=RULE, arithmetic=found.arithmetic)
    if found is None and not cancelled and task.record["status"] in SENT:
        return Hold(
            f"order {reference} was {task.record['status']} before penstock took over, and is not to be found by its "
            f"number {task.record['number']}: write {reference} into {field} of its document, or reject it; releasing "
            "it books it anew, and its goods are sent once more",
            rule=RULE,
        )
    return found


def taken_over(task: Task, native_id: str) -> Settled:
    """Nothing is to be written of a document that says already whose it is, or that takes no writes any more."""
    order_id = str(task.record["id"])
    return Settled("unchanged", f"{native_id} was there before", native_id, links=(Link("order", order_id, native_id),))


def left_open(task: Task, native_id: str) -> Hold:
    """Cancelled in the shop, and there in the ERP: who entered it there must end it."""
    return Hold(
        f"order {task.payload['reference']} is cancelled in the shop, and was entered as {native_id} before penstock "
        "took over: end it there, then reject this hold",
        rule=RULE,
    )
