"""Customers: the lane that finds or creates them for orders, and updates of those that are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.connectors.contract import (
    Decision,
    Done,
    Hold,
    Link,
    Plan,
    Retry,
    SendWindow,
    Settled,
    Step,
    StepResult,
    Task,
    Wait,
)
from penstock.connectors.sage100.client import CUSTOMER, Row, SageClient, keyed
from penstock.connectors.sage100.compare import owned_elsewhere, same
from penstock.connectors.sage100.customers import (
    TABLE,
    alike,
    counted_number,
    customer_request,
    hashed_number,
    is_same_person,
    key_of,
    new_customer,
)
from penstock.connectors.sage100.errors import RefusedError
from penstock.connectors.sage100.outcomes import guarded, reading
from penstock.connectors.sage100.policies import Policies
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.texts import FieldError, fitted
from penstock.connectors.sage100.vocabulary import customer_key

NUMBERS_TRIED = 25


class CustomerRequestHandler:
    """A `Handler` of customer requests: `task.record` is the body that `customer_request` made."""

    entity = "customer-request"
    mapping: str | None = None
    fresh = True

    def __init__(self, client: SageClient, settings: Sage100Settings) -> None:
        self._client = client
        self._settings = settings
        self._count = settings.counter_start

    async def plan(self, task: Task) -> Decision:
        known = task.lookup.xref("customer", task.record["customer_id"])
        lane = _Lane(self, self._client, self._settings, task.record, known.native_id if known else None)
        return Plan([Step("customer", "probe", lane.send, lane.find)])

    async def add(self, body: Mapping[str, Any], window: SendWindow) -> tuple[str, str]:
        """Key of the customer and how it came to be. A number that another has is passed over."""
        customer = body["customer"]
        by_counter = Policies.of(body["policies"]).numbers == "counter"
        for attempt in range(NUMBERS_TRIED):
            if by_counter:
                number = counted_number(self._settings, self._count)
            else:
                number = hashed_number(customer, self._settings, attempt)
            document = new_customer(customer, number, self._settings)
            try:
                await self._client.create(CUSTOMER, document, window, blind=True)
            except RefusedError as error:
                if error.code != "WS_AlreadyExists":
                    raise
                found = await self._client.get(keyed(CUSTOMER, key_of(document)))
                if found is not None and is_same_person(customer, found[0]):
                    return key_of(document), "was added before"
                if by_counter:
                    self._count = await self._free_after(self._count)
                continue
            self._count += 1
            return key_of(document), "added"
        raise FieldError(
            "customer", f"{NUMBERS_TRIED} CustomerNos in a row were taken: change the prefix, or counter_start"
        )

    async def _free_after(self, taken: int) -> int:
        """A number that is free, next to one that is taken: a company of many customers is not asked one by one."""
        step = 1
        while await self._is_taken(taken + step):
            taken, step = taken + step, step * 2
        free = taken + step
        while free - taken > 1:
            middle = (taken + free) // 2
            if await self._is_taken(middle):
                taken = middle
            else:
                free = middle
        return free

    async def _is_taken(self, count: int) -> bool:
        number = counted_number(self._settings, count)
        return await self._client.get(keyed(CUSTOMER, customer_key(self._settings.division, number))) is not None


class _Lane:
    """One request."""

    def __init__(
        self,
        handler: CustomerRequestHandler,
        client: SageClient,
        settings: Sage100Settings,
        body: Mapping[str, Any],
        known: str | None,
    ) -> None:
        self._handler = handler
        self._client = client
        self._settings = settings
        self._body = body
        self._customer: Mapping[str, Any] = body["customer"]
        self._known = known
        self._policies = Policies.of(body["policies"])

    async def find(self) -> Done | Hold | Retry | None:
        return await reading(self._find)

    async def _find(self) -> Done | Hold | None:
        if self._known and await self._client.get(keyed(CUSTOMER, self._known)) is not None:
            return self._is(self._known, "known by cross-reference")
        mail = self._customer.get("EmailAddress")
        if mail:
            rows = await self._client.rows(CUSTOMER, {"EmailAddress": mail})
            if len(rows) > 1:
                return self._ambiguous([key_of(row) for row in rows], "have the buyer's e-mail")
            if rows:
                return self._is(key_of(rows[0]), "found by e-mail")
        if not self._policies.match_name or not self._customer.get("ZipCode"):
            return None
        rows = await self._client.rows(CUSTOMER, {"ZipCode": self._customer["ZipCode"]})
        candidates = alike(self._customer, rows, self._settings.match_score)
        if len(candidates) > 1:
            return self._ambiguous([str(each) for each in candidates], "fit name and postal code (score)")
        if candidates:
            return self._is(candidates[0].key, f"found by name and postal code, score {candidates[0].score:.2f}")
        return None

    async def send(self, window: SendWindow) -> StepResult:
        if self._policies.create == "review" and not self._waives("customer-review"):
            return Hold(
                f"customer-review: the buyer of {self._body['reference']} is not in Sage 100: add the customer there "
                "with the buyer's e-mail, or release the order to have it added",
                rule="customer-review",
            )

        async def write() -> Done:
            return self._is(*await self._handler.add(self._body, window))

        try:
            return await guarded(write)
        except FieldError as error:
            return Hold(f"customer of {self._body['reference']}: {error}", rule=error.rule)

    def _waives(self, rule: str) -> bool:
        return rule in self._body["released"] or "*" in self._body["released"]

    def _ambiguous(self, candidates: list[str], how: str) -> Hold | None:
        if self._waives("customer-match"):
            return None
        return Hold(
            f"customer-match: several customers of Sage 100 {how}: {', '.join(candidates)}; merge them, change those "
            f"that are not meant, or release {self._body['reference']} to have a customer of its own added",
            rule="customer-match",
        )

    def _is(self, key: str, how: str) -> Done:
        return Done(key, f"customer {key} {how}", (Link("customer", self._body["customer_id"], key),))


class CustomerHandler:
    """A `Handler` of canonical customers: updates what the shop owns of a customer."""

    entity = "customer"
    mapping: str | None = "customer.from-canonical"
    fresh = False

    def __init__(self, client: SageClient, settings: Sage100Settings) -> None:
        self._client = client
        self._settings = settings

    async def plan(self, task: Task) -> Decision:
        policies = Policies.of(task.policies)
        known = task.lookup.xref("customer", task.record["id"])
        try:
            if known is None or known.native_id is None:
                return self._unknown(task, policies, known.refused if known else None)
            values = fitted(TABLE, task.payload["customer"], self._settings, transliterate=policies.transliterate)
        except FieldError as error:
            return Hold(f"customer {task.record['source']['native_id']}: {error}", rule=error.rule)
        key = known.native_id
        found = await reading(lambda: self._client.get(keyed(CUSTOMER, key)))
        if isinstance(found, Hold | Retry):
            return found
        if found is None:
            return Hold(f"customer {key} is no longer in Sage 100: restore it, or book its next order anew")
        differing = {name: value for name, value in values.items() if not same(value, found[0].get(name))}
        kept = tuple(sorted(set(differing) & owned_elsewhere(task.not_ours, "customer")))
        changed = {name: value for name, value in differing.items() if name not in kept}
        if not changed:
            return Settled("unchanged", "the customer agrees", key, kept=kept)
        return Plan([self._step(key, changed, kept)], key)

    def _unknown(self, task: Task, policies: Policies, refused: str | None) -> Decision:
        record = task.record
        if refused:
            return Settled("not-routed", f"not added: {refused}")
        if record["deleted_at"] is not None or record["is_guest"] or policies.create != "auto":
            return Settled("not-routed", "no order yet: a customer is added to Sage 100 with the first order")
        if not task.payload["customer"].get("EmailAddress") or not task.payload["customer"].get("CustomerName"):
            return Settled("not-routed", "without e-mail and name: added to Sage 100 with the first order")
        native = record["source"]["native_id"]
        request = customer_request(record["id"], f"customer {native}", task, self._settings)
        return Wait("customer", "the customer is not in Sage 100 yet", request=request)

    def _step(self, key: str, changed: Row, kept: tuple[str, ...]) -> Step:
        async def send(window: SendWindow) -> StepResult:
            async def write() -> Done:
                await self._client.change(keyed(CUSTOMER, key), changed, window)
                return Done(key, f"customer {key}: {', '.join(changed)}", kept=kept)

            return await guarded(write)

        return Step("customer", "absolute", send)
