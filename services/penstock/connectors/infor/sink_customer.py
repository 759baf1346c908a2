"""Customers: the lane that finds or creates them for orders, and updates of those that are there.

An order's delivery address is always a ship-to row of its own (CustSeq 1 …): a later change of the bill-to never
moves where an open order goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from penstock.connectors.contract import (
    UNTOLD,
    Decision,
    Done,
    Exists,
    Hold,
    Link,
    Plan,
    Retry,
    SendWindow,
    Settled,
    Step,
    StepResult,
    Task,
)
from penstock.connectors.http import LostReplyError
from penstock.connectors.infor.client import InforClient, Row
from penstock.connectors.infor.compare import same
from penstock.connectors.infor.errors import IdoRefusedError, Refusal
from penstock.connectors.infor.fields import problem
from penstock.connectors.infor.idos import read
from penstock.connectors.infor.literals import cust_num, quoted
from penstock.connectors.infor.outcomes import guarded, outcome_of, reading
from penstock.connectors.infor.payloads import Values, normal, values_of
from penstock.connectors.infor.settings import InforSettings

CUSTOMERS = "SLCustomers"
NEXT_SEQ_TRIES = 20


class CustomerRequestHandler:
    """A `Handler` of customer requests: `task.record` is the body that the order handler made."""

    entity = "customer-request"
    mapping: str | None = None
    fresh = True

    def __init__(self, client: InforClient) -> None:
        self._client = client

    async def plan(self, task: Task) -> Decision:
        body = task.record
        customer: Values = {**body["customer"], "CustSeq": "0"}
        ship_to: Values = {**body["ship_to"], "CustNum": "…", "CustSeq": "1"}
        for values in (customer, ship_to):
            checked = await guarded(partial(problem, self._client, CUSTOMERS, values, insert=True))
            if isinstance(checked, str):
                return Hold(f"customer of order {body['reference']}: {checked}")
            if isinstance(checked, Retry | Hold):
                return checked
        known = task.lookup.xref("customer", body["customer_id"])
        lane = _Lane(self._client, body, known.native_id if known else None)
        return Plan(
            [
                Step("bill-to", "probe", lane.send_bill_to, lane.find_bill_to),
                Step("ship-to", "probe", lane.send_ship_to, lane.find_ship_to, lane.rehearse_ship_to),
            ]
        )


class _Lane:
    """One request: the customer's number becomes known with its first step."""

    def __init__(self, client: InforClient, body: Mapping[str, Any], number: str | None) -> None:
        self._client = client
        self._body = body
        self._known = number
        self._number = ""
        self._rows: list[Row] = []

    async def find_bill_to(self) -> Done | Hold | Retry | None:
        rows = await reading(self._bill_tos)
        if isinstance(rows, Hold | Retry):
            return rows
        if len(rows) > 1:
            numbers = ", ".join((row["CustNum"] or "").strip() for row in rows)
            return Hold(
                f"several customers of Infor fit the buyer of order {self._body['reference']}: CustNum {numbers}; "
                "merge them, or change the e-mail of those that are not meant"
            )
        return self._is(rows[0]["CustNum"] or "", "found") if rows else None

    async def send_bill_to(self, window: SendWindow) -> StepResult:
        async def write() -> Done:
            values = {**self._body["customer"], "CustNum": None, "CustSeq": "0"}
            written = await self._client.insert(CUSTOMERS, values, window)
            number = written.values.get("CustNum")
            if not number:
                raise LostReplyError("the site added a customer and did not say its CustNum")
            return self._is(number, "added")

        return await guarded(write)

    async def find_ship_to(self) -> Done | Hold | Retry | None:
        rows = await reading(self._ship_tos)
        if isinstance(rows, Hold | Retry):
            return rows
        self._rows = rows
        wanted = self._body["ship_to"]
        names = set(wanted) | {"Addr_2", "Addr_3", "Addr_4", "State", "Phone_1"}
        for row in rows:
            if all(normal(wanted.get(name)) == normal(row.get(name)) for name in names if name in row):
                return self._at(row["CustSeq"] or "", "found")
        return None

    async def send_ship_to(self, window: SendWindow) -> StepResult:
        """CustSeq is ours to choose: highest + 1, the next where that is taken."""
        highest = max((int(row["CustSeq"] or 0) for row in self._rows), default=0)
        for seq in range(highest + 1, highest + 1 + NEXT_SEQ_TRIES):
            values = {**self._body["ship_to"], "CustNum": self._number, "CustSeq": str(seq)}
            try:
                await self._client.insert(CUSTOMERS, values, window)
            except IdoRefusedError as error:
                if error.refusal is Refusal.EXISTS:
                    continue
                return outcome_of(error)
            return self._at(str(seq), "added")
        return Retry(f"no free CustSeq from {highest + 1} on", 1.0)

    async def rehearse_ship_to(self, window: SendWindow) -> StepResult:
        """Of a customer whom the site has not numbered yet: there is no other ship-to row."""
        self._number = UNTOLD
        return await self.send_ship_to(window)

    async def _bill_tos(self) -> list[Row]:
        customer = self._body["customer"]
        if self._known:
            where = f"CustNum = {quoted(cust_num(self._known))}"
        elif email := customer.get("CustomerEmailAddr"):
            where = f"CustomerEmailAddr = {quoted(email)}"
        else:
            where = f"Name = {quoted(customer['Name'])} AND Zip = {quoted(customer.get('Zip') or '')}"
        page = await read(self._client, CUSTOMERS, f"{where} AND CustSeq = '0'", cap=20)
        return list(page.rows)

    async def _ship_tos(self) -> list[Row]:
        page = await read(self._client, CUSTOMERS, f"CustNum = {quoted(self._number)} AND CustSeq > '0'")
        return list(page.rows)

    def _is(self, number: str, how: str) -> Done:
        self._number = number
        native_id = number.strip()
        link = Link("customer", self._body["customer_id"], native_id)
        return Done(native_id, f"customer {native_id} {how}", (link,))

    def _at(self, seq: str, how: str) -> Done:
        number = self._number.strip()
        link = Link("customer", f"{self._body['customer_id']}/{self._body['address_key']}", seq.strip())
        return Done(number, f"ship-to {number}/{seq.strip()} {how}", (link,))


class CustomerHandler:
    """A `Handler` of canonical customers: updates what we own of a bill-to; customers are created by their orders."""

    entity = "customer"
    mapping: str | None = "customer.from-canonical"
    fresh = False

    def __init__(self, client: InforClient, settings: InforSettings) -> None:
        self._client = client
        self._settings = settings

    async def plan(self, task: Task) -> Decision:
        known = task.lookup.xref("customer", task.record["id"])
        if known is None or known.native_id is None:
            return Settled("not-routed", "no order yet: a customer is created in Infor with the first order")
        number = known.native_id
        values = values_of(task.payload, self._settings.zone)
        outcome = await guarded(lambda: self._changes(number, values))
        if isinstance(outcome, Exists):
            return Hold(f"customer {number}: Infor answers a read with `already exists`")
        if isinstance(outcome, Retry | Hold):
            return outcome
        if outcome is None:
            return Settled("unchanged", "the bill-to agrees", number)
        return Plan([self._step(number, *outcome)], number)

    async def _changes(self, number: str, values: Values) -> tuple[Values, str] | Hold | None:
        """What differs from the bill-to row, and the row's handle."""
        page = await read(self._client, CUSTOMERS, f"CustNum = {quoted(cust_num(number))} AND CustSeq = '0'")
        if not page.rows:
            return Hold(f"customer {number} is no longer in Infor: restore it, or book its next order anew")
        row = page.rows[0]
        changed = {name: value for name, value in values.items() if not same(value, row.get(name))}
        if reason := await problem(self._client, CUSTOMERS, changed, insert=False):
            return Hold(f"customer {number}: {reason}")
        return (changed, row["_ItemId"] or "") if changed else None

    def _step(self, number: str, changed: Values, item_id: str) -> Step:
        async def send(window: SendWindow) -> StepResult:
            async def write() -> Done:
                await self._client.update(CUSTOMERS, "update", changed, item_id, window)
                return Done(number, f"customer {number}: {', '.join(changed)}")

            return await guarded(write)

        return Step("bill-to", "absolute", send)
