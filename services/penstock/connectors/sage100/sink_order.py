"""Books, edits and cancels orders.

A new order: customer, items, credit and stock are asked first, then one POST is the whole document. An order that may
be there already is read first, and only what differs is written: so planning again after a lost reply resumes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from penstock.connectors.adopting import decided, left_open, numbered, taken_over
from penstock.connectors.contract import Decision, Exists, Hold, Link, Notice, Plan, Settled, Step, Task, Wait
from penstock.connectors.sage100.amounts import ZERO, AmountsError, Line, Money, split
from penstock.connectors.sage100.booking import Booking, closed, tax_hold
from penstock.connectors.sage100.client import Row, SageClient
from penstock.connectors.sage100.compare import RefusedChangeError, changes_of, owned_elsewhere, shipped
from penstock.connectors.sage100.customers import customer_request
from penstock.connectors.sage100.errors import RefusedError
from penstock.connectors.sage100.items import Item, Items, UnresolvedError
from penstock.connectors.sage100.orders import (
    Part,
    PartName,
    WebOrder,
    number,
    part_of,
    sage_total,
    web_order,
    with_items,
)
from penstock.connectors.sage100.outcomes import outcome_of
from penstock.connectors.sage100.policies import Policies
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.texts import FieldError
from penstock.connectors.sage100.vocabulary import HELD, PART, REFERENCE
from penstock.rules.adoption import Present
from penstock.rules.stock import Shortage, Want, allot, arithmetic, shortages

_CUSTOMER_RULES = ("customer-match", "customer-review")


class OrderHandler:
    """A `Handler` of canonical orders."""

    entity = "order"
    mapping: str | None = "order.from-canonical"
    fresh = False

    def __init__(self, client: SageClient, settings: Sage100Settings) -> None:
        self._client = client
        self._settings = settings
        self._items = Items(client, settings)
        self._booking = Booking(client, settings, self._items)

    async def plan(self, task: Task) -> Decision:
        reference = task.payload["reference"]
        try:
            return await self._plan(task)
        except FieldError as error:
            return Hold(f"order {reference}: {error}", rule=error.rule)
        except AmountsError as error:
            return Hold(f"order {reference}: {error}", rule="amounts", arithmetic=error.arithmetic)
        except UnresolvedError as error:
            return Hold(f"order {reference}: {error}", rule="item")
        except RefusedChangeError as error:
            return Hold(f"order {reference}: {error}", rule="change")
        except RefusedError as error:
            outcome = outcome_of(error)
            return Hold(str(error)) if isinstance(outcome, Exists) else outcome

    async def _plan(self, task: Task) -> Decision:
        policies = Policies.of(task.policies)
        order = web_order(task.payload, policies, self._settings)
        if task.payload["currency"] != self._settings.base_currency:
            return Hold(
                f"order {order.reference} is in {task.payload['currency']}, the company keeps "
                f"{self._settings.base_currency}: set the policy currency to convert, or book it by hand",
                rule="currency",
            )
        if task.record["deleted_at"] is not None:
            if task.previous is None:
                return Settled("gone", f"order {order.reference} was deleted in the shop before it was booked")
            return Hold(f"order {order.reference} was deleted in the shop: cancel {task.previous.native_id} by hand")
        if task.may_be_there and (taken := await self._there_before(task, order)) is not None:
            return taken
        if order.cancelled and task.previous is None and not (task.resuming or task.resync):
            return Settled("unchanged", f"order {order.reference} is cancelled, and not in Sage 100")
        customer = self._customer(task, policies)
        if not isinstance(customer, str):
            return customer
        known = self._as_taken_over(task, order)
        current = await self._current(task, known, customer)
        if isinstance(current, Hold):
            return current
        order = known if current else order
        if order.cancelled:
            return self._cancel(order, current)
        if not current:
            if task.record["status"] == "refunded":
                return Hold(f"order {order.reference} was refunded before it was booked: reject it, or book it by hand")
            if task.previous is not None and not (task.resuming or task.resync):
                return Hold(
                    f"order {order.reference} was booked as {task.previous.native_id} and is no longer in Sage 100: "
                    "reject this change, or have the buyer order anew"
                )
        items = await self._items.resolve(order.lines, customer)
        order = with_items(order, {sku: item.code for sku, item in items.items()})
        if not current:
            return await self._new(task, order, customer, items)
        return await self._edit(task, order, customer, items, current)

    # --- what is there

    async def _there_before(self, task: Task, order: WebOrder) -> Decision | None:
        """What becomes of an order that other hands may have entered; None when it is to be booked."""
        number_there = numbered(self._settings.adopt_by, task)
        rows = {str(row["SalesOrderNo"]): row for row in await self._booking.present(number_there or order.reference)}
        currency = self._settings.base_currency
        present = [Present(no, str(row.get(REFERENCE) or ""), currency, sage_total(row)) for no, row in rows.items()]
        found = decided(task, currency, order.total, present, REFERENCE, cancelled=order.cancelled)
        if found is None or isinstance(found, Hold):
            return found
        if found.reference and order.numbers[0] in {found.native_id, ""}:
            return None  # our own booking of it, under way
        row = rows[found.native_id]
        if order.cancelled and not self._cancelled_there(row):
            return left_open(task, found.native_id)
        if found.reference or closed(row) or order.cancelled:
            return taken_over(task, found.native_id)
        step = self._booking.adopting(found.native_id, order.reference, str(task.record["id"]))
        return Plan([step], found.native_id)

    def _cancelled_there(self, row: Row) -> bool:
        reason = self._settings.cancel_reason
        return bool(reason) and row.get("OrderStatus") == HELD and row.get("CancelReasonCode") == reason

    def _as_taken_over(self, task: Task, order: WebOrder) -> WebOrder:
        """An order that was there before has the number that it had."""
        native_id = task.previous.native_id if task.previous is not None else None
        if native_id is None or native_id in order.numbers or self._settings.profile.numbers != "ours":
            return order
        return replace(order, numbers=(native_id, ""))

    async def _current(self, task: Task, order: WebOrder, customer: str) -> list[Row] | Hold:
        """The order's documents in Sage, the first one first; none for an order that nobody has tried to book."""
        if task.previous is None and not (task.resuming or task.resync) and self._settings.profile.numbers == "ours":
            return []
        names: Sequence[PartName] = ("whole", "remainder")
        found: list[Row] = []
        for name in names:
            part = part_of(order, name, order.lines, order.money, customer, self._settings)
            row = await self._booking.find(part)
            if isinstance(row, Hold):
                return row
            if row is None and name == "whole":
                if self._settings.profile.numbers == "ours":
                    return []
                part = part_of(order, "first", order.lines, order.money, customer, self._settings)
                row = await self._booking.find(part)
                if isinstance(row, Hold):
                    return row
            if row is not None:
                found.append(row)
        return found

    def _customer(self, task: Task, policies: Policies) -> str | Wait | Hold:
        """`{division}-{number}` of the order's customer, or the request for it."""
        payload = task.payload
        if payload["guest"] and policies.guests == "house":
            house = self._settings.house_customer
            return house or Hold("guests are booked on the house account: name it in house_customer", rule="customer")
        customer_id = task.record["customer_id"]
        known = task.lookup.xref("customer", customer_id)
        if known is not None and known.native_id:
            return known.native_id
        if known is not None and known.refused:
            rule = next((rule for rule in _CUSTOMER_RULES if known.refused.startswith(rule)), "customer")
            return Hold(f"order {payload['reference']}: its customer cannot be booked: {known.refused}", rule=rule)
        request = customer_request(customer_id, payload["reference"], task, self._settings)
        return Wait("customer", "the customer is not in Sage 100 yet", request=request)

    # --- a new order

    async def _new(self, task: Task, order: WebOrder, customer: str, items: Mapping[str, Item]) -> Decision:
        if hold := await self._over_credit(task, order, customer, order.total):
            return hold
        wants = _wants(order.lines, items)
        free = await self._items.available(want.place for want in wants)
        lacking = shortages(wants, free)
        notices: list[Notice] = []
        unavailable = "back-order" if task.waives("stock") else order.policies.unavailable
        parts: list[tuple[PartName, Sequence[Line], Money]] = [("whole", order.lines, order.money)]
        if lacking and unavailable == "back-order":
            notices.append(_back_order(order, lacking))
        elif lacking:
            now = {line.number: line.quantity for line in order.lines} | allot(wants, free)
            if unavailable == "hold" or not any(now.values()):
                return self._stock_hold(order, lacking)
            first, rest = split(order.lines, order.money, now)
            parts = [("first", *first), ("remainder", *rest)]
        made = [part_of(order, *each, customer, self._settings) for each in parts]
        for part in made if task.resync else ():
            part.again = task.event_id
        if made[0].tax_by_schedule and self._settings.profile.preview and not task.waives("tax"):
            tax = sum([number(await self._client.preview(part.body), "SalesTaxAmt") for part in made], ZERO)
            if tax != order.money.tax:
                return tax_hold(f"order {order.reference}", tax, order.money.tax)
        return self._booked(task, order, customer, made, notices, tax_waived=task.waives("tax") or len(made) > 1)

    def _booked(
        self,
        task: Task,
        order: WebOrder,
        customer: str,
        parts: Sequence[Part],
        notices: Sequence[Notice],
        *,
        tax_waived: bool,
    ) -> Plan:
        """Creates the parts that are not there, then takes each off the hold that it need not have."""
        order_id = str(task.record["id"])
        ignore = order.policies.credit == "ignore" or task.waives("credit")
        steps = [
            self._booking.creating(part, order_id, tax_waived=tax_waived)
            for part in parts
            if part.row is None or task.previous is None  # one that is there is found again, and linked
        ]
        steps += [
            self._booking.standing(part, customer, released=order.released, ignore_credit=ignore) for part in parts
        ]
        return Plan(steps, order.numbers[0] or None, notices)

    async def _over_credit(self, task: Task, order: WebOrder, customer: str, more: Decimal) -> Hold | None:
        if order.policies.credit == "ignore" or task.waives("credit"):
            return None
        credit = await self._booking.credit(customer)
        if not credit.refuses(more):
            return None
        why = "is on credit hold" if credit.on_hold else "would be over its credit limit"
        return Hold(
            f"order {order.reference}: customer {customer} {why}: wait for a payment, raise the limit, or release it",
            rule="credit",
            arithmetic=credit.arithmetic(more),
            clears_on="credit",
            after=self._settings.credit_retry_seconds,
        )

    def _stock_hold(self, order: WebOrder, lacking: Sequence[Shortage]) -> Hold:
        codes = ", ".join(shortage.place[0] for shortage in lacking)
        return Hold(
            f"order {order.reference} waits for stock of {codes}",
            rule="stock",
            arithmetic=arithmetic(lacking),
            clears_on="stock",
            after=self._settings.stock_retry_seconds,
        )

    # --- an order that is there

    async def _edit(
        self, task: Task, order: WebOrder, customer: str, items: Mapping[str, Item], current: Sequence[Row]
    ) -> Decision:
        parts = self._parts(order, customer, current)
        if task.previous is not None and any(part.row is None for part in parts):
            raise RefusedChangeError(f"the remainder {parts[-1].number} is no longer in Sage 100: a clerk must look")
        more = order.total - sum((sage_total(row) for row in current), ZERO) if len(current) == len(parts) else ZERO
        if more > 0 and (hold := await self._over_credit(task, order, customer, more)):
            return hold
        notices = []
        if lacking := await self._lacking_more(parts, items):
            if order.policies.unavailable == "hold" and not task.waives("stock"):
                return self._stock_hold(order, lacking)
            notices.append(_back_order(order, lacking))
        steps: list[Step] = []
        kept: tuple[str, ...] = ()
        for part in parts:
            if part.row is None:
                continue
            changes = changes_of(part, part.row, owned_elsewhere(task.not_ours, "header"))
            kept += changes.kept
            if changes.body:
                steps.append(self._booking.changing(part, changes))
        rest = self._booked(task, order, customer, parts, notices, tax_waived=True)
        standing = any(part.row is None or part.row.get("OrderStatus") == HELD for part in parts)
        if task.previous is not None and not steps and not standing:
            native = str(current[0]["SalesOrderNo"])
            return Settled(
                "unchanged",
                "the order agrees",
                native,
                kept=kept,
                links=(Link("order", str(task.record["id"]), native),),
            )
        return Plan([*steps, *rest.steps], str(current[0]["SalesOrderNo"]), notices)

    def _parts(self, order: WebOrder, customer: str, current: Sequence[Row]) -> list[Part]:
        """The order as wanted, in as many documents as it has, or was to have when it was first booked."""
        first = current[0]
        if first.get(PART) != "first" and len(current) == 1:
            part = part_of(order, "whole", order.lines, order.money, customer, self._settings)
            part.row = first
            return [part]
        now = _given(order.lines, first)
        halves = split(order.lines, order.money, now)
        made = []
        names: Sequence[PartName] = ("first", "remainder")
        for index, (name, (lines, money)) in enumerate(zip(names, halves, strict=True)):
            part = part_of(order, name, lines, money, customer, self._settings)
            part.row = current[index] if index < len(current) else None
            made.append(part)
        return made

    async def _lacking_more(self, parts: Sequence[Part], items: Mapping[str, Item]) -> list[Shortage]:
        """Shortages of what an edit adds to quantities that are booked already."""
        wants = []
        for part in parts:
            if part.row is None:
                continue
            booked: dict[str, Decimal] = {}
            for row in part.row.get("Lines") or ():
                booked[str(row["ItemCode"])] = booked.get(str(row["ItemCode"]), ZERO) + number(row, "QuantityOrdered")
            for want in _wants(part.lines, items):
                had = min(booked.get(want.place[0], ZERO), want.quantity)
                booked[want.place[0]] = booked.get(want.place[0], ZERO) - had
                if want.quantity > had:
                    wants.append(Want(want.line, want.place, want.quantity - had))
        return shortages(wants, await self._items.available(want.place for want in wants)) if wants else []

    def _cancel(self, order: WebOrder, current: Sequence[Row]) -> Decision:
        if not current:
            return Settled("unchanged", f"order {order.reference} is cancelled, and not in Sage 100")
        if done := next((row for row in current if closed(row) or shipped(row)), None):
            return Hold(
                f"order {order.reference} was cancelled, and {done['SalesOrderNo']} is shipped or complete: "
                "take the goods back with a return, and end what is open in Sage 100",
                rule="cancel",
            )
        if order.policies.cancel == "delete":
            return Plan([self._booking.deleting(row) for row in current], str(current[0]["SalesOrderNo"]))
        standing = [row for row in current if row.get("OrderStatus") != HELD]
        if not standing:
            return Settled("unchanged", "the order is on hold already", str(current[0]["SalesOrderNo"]))
        return Plan([self._booking.stopping(row) for row in standing], str(current[0]["SalesOrderNo"]))


def _wants(lines: Sequence[Line], items: Mapping[str, Item]) -> list[Want]:
    return [Want(line.number, (line.item, line.warehouse), line.quantity) for line in lines if items[line.sku].stocked]


def _given(lines: Sequence[Line], first: Mapping[str, Any]) -> dict[int, Decimal]:
    """Line -> quantity in the first order, as it stands there."""
    there: dict[str, list[Decimal]] = {}
    for row in first.get("Lines") or ():
        there.setdefault(str(row["ItemCode"]), []).append(number(row, "QuantityOrdered"))
    given = {}
    for line in lines:
        quantities = there.get(line.item)
        given[line.number] = min(quantities.pop(0), line.quantity) if quantities else ZERO
    return given


def _back_order(order: WebOrder, lacking: Sequence[Shortage]) -> Notice:
    what = "; ".join(f"{label} {amount}" for label, amount in arithmetic(lacking))
    return Notice("back-order", f"order {order.reference} is booked as a back order: {what}")
