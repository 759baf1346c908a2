"""Books, edits and cancels orders (systems/infor.md 4.7).

A new order: header (planned), each line, a read-back that compares counts and amounts to the cent, and only then the
release (Stat O) that triggers fulfilment. An order that may be there already is read first, and only what is missing
or differs is written: so planning again after a lost reply resumes.
"""

from __future__ import annotations

from dataclasses import replace

from penstock.connectors.adopting import decided, left_open, numbered, taken_over
from penstock.connectors.contract import CustomerRequest, Decision, Exists, Hold, Plan, Settled, Task, Wait
from penstock.connectors.infor.client import InforClient, Row
from penstock.connectors.infor.compare import (
    CLOSED,
    Change,
    Current,
    Delete,
    Refused,
    Update,
    differences,
    foreign,
    remainder,
)
from penstock.connectors.infor.errors import IdoRefusedError
from penstock.connectors.infor.fields import problem
from penstock.connectors.infor.items import Items, UnresolvedError
from penstock.connectors.infor.literals import co_num, cust_num
from penstock.connectors.infor.orders import LINES, Orders
from penstock.connectors.infor.outcomes import outcome_of
from penstock.connectors.infor.payloads import PayloadError, Wanted, address_key, number, values_of, wanted_order
from penstock.connectors.infor.settings import InforSettings
from penstock.rules.adoption import Present


class OrderHandler:
    """A `Handler` of canonical orders."""

    entity = "order"
    mapping: str | None = "order.from-canonical"
    fresh = False

    def __init__(self, client: InforClient, settings: InforSettings, items: Items) -> None:
        self._client = client
        self._settings = settings
        self._items = items
        self._orders = Orders(client)

    async def plan(self, task: Task) -> Decision:
        try:
            return await self._plan(task, self._wanted(task))
        except (PayloadError, UnresolvedError) as error:
            return Hold(f"order {task.payload['reference']}: {error}")
        except IdoRefusedError as error:
            outcome = outcome_of(error)
            return Hold(str(error)) if isinstance(outcome, Exists) else outcome

    def _wanted(self, task: Task) -> Wanted:
        settings = self._settings
        return wanted_order(
            task.payload,
            settings.zone,
            numbered_by_us=settings.order_numbers == "ours",
            absorb=settings.rounding == "tax",
        )

    async def _plan(self, task: Task, wanted: Wanted) -> Decision:
        booked = task.previous is not None or task.resuming or task.resync
        if task.record["deleted_at"] is not None:
            if task.previous is None:
                return Settled("gone", f"order {wanted.reference} was deleted in the shop before it was booked")
            return Hold(f"order {wanted.reference} was deleted in the shop: cancel {task.previous.native_id} by hand")
        known = wanted
        if task.previous is not None and task.previous.native_id is not None:
            # one that was taken over has the number that it had
            known = replace(wanted, number=co_num(task.previous.native_id))
        current = await self._orders.find(known) if booked or known.number is None else None
        if isinstance(current, Hold):
            return current
        if current is not None:
            wanted = known
        if current is None and task.may_be_there and (taken := await self._there_before(task, wanted)) is not None:
            return taken
        if wanted.cancelled:
            return self._cancel(wanted, current)
        if current is None and task.record["status"] == "refunded":
            return Hold(f"order {wanted.reference} was refunded before it was booked: reject it, or book it by hand")
        if current is None and task.previous is not None and not (task.resuming or task.resync):
            return Hold(
                f"order {wanted.reference} was booked as {task.previous.native_id} and is no longer in Infor "
                "(cancelled, or deleted by a clerk): reject this change, or have the buyer order anew"
            )
        customer = self._customer(task)
        if not isinstance(customer, tuple):
            return customer
        wanted.header["CustNum"], wanted.header["CustSeq"] = cust_num(customer[0]), customer[1]
        wanted = replace(wanted, lines=await self._items.resolve(wanted.lines))
        if reason := await self._refusable(wanted):
            return Hold(f"order {wanted.reference}: {reason}")
        steps = self._orders.booking(wanted)
        if current is not None:
            changes = differences(wanted, current)
            if isinstance(changes, Refused):
                return Hold(f"order {wanted.reference}: {changes.reason}")
            steps = [self._orders.changing(change, current) for change in changes]
        number = current.co_num if current is not None else wanted.number
        steps += self._orders.ending(wanted, str(task.record["id"]), current)
        return Plan(steps, number.strip() if number else None)

    async def _there_before(self, task: Task, wanted: Wanted) -> Decision | None:
        """What becomes of an order that other hands may have entered; None when it is to be booked."""
        rows = await self._orders.present(numbered(self._settings.adopt_by, task), wanted.reference)
        by_number = {(row["CoNum"] or "").strip(): row for row in rows}
        present = [_present(native_id, row) for native_id, row in by_number.items()]
        cancelled = wanted.cancelled
        found = decided(task, wanted.currency, wanted.total, present, "ExternalConfirmationRef", cancelled=cancelled)
        if found is None or isinstance(found, Hold):
            return found
        row = by_number[found.native_id]
        stat = (row.get("Stat") or "").strip()
        if cancelled and stat != "S":
            return left_open(task, found.native_id)
        if found.reference or stat in CLOSED or cancelled:
            return taken_over(task, found.native_id)
        return Plan([self._orders.adopting(row, wanted.reference, str(task.record["id"]))], found.native_id)

    async def _refusable(self, wanted: Wanted) -> str | None:
        """Why the site would refuse a row of the order; asked before the first of them is written."""
        rows = [("SLCos", wanted.header), *((LINES, {"CoNum": "…", **line.values}) for line in wanted.lines)]
        for ido, values in rows:
            if reason := await problem(self._client, ido, values, insert=True):
                return reason
        return None

    def _customer(self, task: Task) -> tuple[str, str] | Wait | Hold:
        """CustNum and CustSeq of the order's customer, or the request for them."""
        payload, customer_id = task.payload, task.record["customer_id"]
        key = address_key(payload["ship_to"], self._settings.hash_key.get_secret_value())
        customer = task.lookup.xref("customer", customer_id)
        address = task.lookup.xref("customer", f"{customer_id}/{key}")
        if customer and customer.native_id and address and address.native_id:
            return customer.native_id, address.native_id
        refused = next((found.refused for found in (customer, address) if found is not None and found.refused), None)
        if refused is not None:
            return Hold(f"order {payload['reference']}: its customer cannot be booked: {refused}")
        body = {
            "customer_id": customer_id,
            "address_key": key,
            "reference": payload["reference"],
            "customer": values_of(payload["customer"], self._settings.zone),
            "ship_to": values_of(payload["ship_to"], self._settings.zone),
        }
        request = CustomerRequest(payload["match_key"], customer_id, body)
        return Wait("customer", "the customer or the delivery address is not in Infor yet", request=request)

    def _cancel(self, wanted: Wanted, current: Current | None) -> Decision:
        """By systems/infor.md 4.7: delete or stop what is unshipped, end a part-shipped order at what was shipped."""
        if current is None:
            return Settled("unchanged", f"order {wanted.reference} is cancelled, and not in Infor")
        number = current.co_num.strip()
        changes: list[Change] | Refused
        if refused := foreign(wanted, current):
            changes = refused
        elif current.shipped:
            changes = remainder(wanted, current)
        elif current.stat in CLOSED:
            changes = Refused(f"{number} is {CLOSED[current.stat]} in Infor: reopen it there to cancel it")
        elif self._settings.cancel == "delete":
            changes = [Delete("SLCos", current.header["_ItemId"] or "", "header")]
        elif current.stat == "S":
            changes = []
        else:
            changes = [Update("SLCos", {"Stat": "S"}, current.header["_ItemId"] or "", "header")]
        if isinstance(changes, Refused):
            return Hold(f"order {wanted.reference}: {changes.reason}")
        if not changes:
            return Settled("unchanged", f"nothing of {number} remains to cancel", number)
        return Plan([self._orders.changing(change, current) for change in changes], number)


def _present(native_id: str, row: Row) -> Present:
    reference = (row.get("ExternalConfirmationRef") or "").strip()
    return Present(native_id, reference, (row.get("CurrCode") or "").strip(), number(row, "Price"))
