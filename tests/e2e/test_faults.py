"""Calls that go wrong, on both sides: afterwards every order is in the ERP once and the shop shows the right state.

All orders are placed at the start, each with its own fault; then every test looks at one of them. Nothing else is in
this file: a test that sets faults of its own would take these away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e.world import World, number_of, order_number

from penstock.cli.waiting import entries

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

ACCEPTED, PROCESSING = 2, 3

KINDS: Mapping[str, Mapping[str, Any]] = {
    "the reply is lost": {"kind": "reply_lost"},
    "503, and nothing done": {"kind": "error_before"},
    "502, and done": {"kind": "error_after", "status": 502},
    "an empty 500, and nothing done": {"kind": "empty_500_before"},
    "an empty 500, and done": {"kind": "empty_500_after"},
    "429 with Retry-After": {"kind": "rate_limit", "retry_after": "1"},
    "429 without Retry-After": {"kind": "rate_limit"},
    "silence, then nothing": {"kind": "hang", "seconds": 2.0},
    "the connection is reset": {"kind": "reset"},
    "half an answer": {"kind": "truncated"},
    "HTML instead of JSON": {"kind": "html"},
    "HTML with status 502": {"kind": "html", "status": 502},
}
LATE = {"kind": "hang", "seconds": 12.0, "then": "handle"}
"""Longer than our time-out and answer window together: done after everybody has given it up."""


@dataclass(frozen=True, slots=True)
class Case:
    """`where` a call is hit; `{number}` and `{co_num}` in the patterns stand for the order's."""

    where: str
    what: str
    system: str
    fault: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    def of(self, number: int, email: str) -> dict[str, Any]:
        filled = {"number": str(number), "co_num": f"PS{number:08d}", "email": re.escape(email)}
        patterns = {name: self.fault[name] for name in ("path", "body") if name in self.fault}
        for name, pattern in patterns.items():
            for key, value in filled.items():
                pattern = pattern.replace(f"<{key}>", value)  # noqa: PLW2901 - one pattern, filled in step by step
            patterns[name] = pattern
        return {**self.fault, **patterns, "id": str(self)}


HEADER = {"method": "POST", "path": r"/update/SLCos\?", "body": '"PS1-<number>"'}
LINE = {"method": "POST", "path": r"/update/SLCoitems\?", "body": '"<co_num>".*"CoLine","Value":"2"'}
CUSTOMER = {"method": "POST", "path": r"/update/SLCustomers\?", "body": '"<email>"'}
READ_BACK = {"method": "GET", "path": r"/load/SLCos\?.*<co_num>"}
ORDER_READ = {"method": "GET", "path": r"/api/orders\?.*%5Bid%5D=%5B<number>%5D"}
LINES_READ = {"method": "GET", "path": r"/api/order_details\?.*%5Bid_order%5D=%5B<number>%5D"}
HISTORY = {"method": "POST", "path": "/api/order_histories", "body": "<id_order><number></id_order>"}

CASES = [
    *(Case("the order's header", what, "infor", {**HEADER, **kind}) for what, kind in KINDS.items()),
    *(Case("a line of the order", what, "infor", {**LINE, **kind}) for what, kind in KINDS.items()),
    *(Case("a new customer", what, "infor", {**CUSTOMER, **kind}) for what, kind in KINDS.items()),
    *(Case("reading the order back", what, "infor", {**READ_BACK, **kind}) for what, kind in KINDS.items()),
    *(Case("reading the shop's order", what, "prestashop", {**ORDER_READ, **kind}) for what, kind in KINDS.items()),
    *(Case("reading the shop's lines", what, "prestashop", {**LINES_READ, **kind}) for what, kind in KINDS.items()),
    *(Case("the state in the shop", what, "prestashop", {**HISTORY, **kind}) for what, kind in KINDS.items()),
    Case("the order's header", "done long after the time-out", "infor", {**HEADER, **LATE}),
    Case("a line of the order", "done long after the time-out", "infor", {**LINE, **LATE}),
    # a token is dead for all calls: which order is hit does not matter
    *(
        Case(where, "401, the token is dead", "infor", {"path": call["path"], "kind": "token_expired", "after": 9})
        for where, call in (("the order's header", HEADER), ("a line of the order", LINE), ("a new customer", CUSTOMER))
    ),
]


@dataclass(frozen=True, slots=True)
class Placed:
    """What the tests look at: our references and the buyers' e-mails, by case."""

    world: World
    refs: Mapping[str, str]
    emails: Mapping[str, str]


@pytest.fixture(scope="module")
def placed(running: World) -> Iterator[Placed]:
    first = running.next_number()
    emails = {str(case): running.guest() for case in CASES}
    numbers = {str(case): first + index for index, case in enumerate(CASES)}
    for system in (running.shop, running.erp):
        name = "prestashop" if system is running.shop else "infor"
        faults = [case.of(numbers[str(case)], emails[str(case)]) for case in CASES if case.system == name]
        running.trouble(system, *faults)
    refs = {case: running.place(guest=email, country=None) for case, email in emails.items()}
    assert [int(number_of(ref)) for ref in refs.values()] == list(numbers.values())
    yield Placed(running, refs, emails)
    for system in (running.shop, running.erp):
        running.trouble(system)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_order_is_booked_once_whatever_happens_to(placed: Placed, case: Case) -> None:
    world, ref = placed.world, placed.refs[str(case)]
    world.booked(ref)
    world.until(lambda: world.states(ref)[-1] == PROCESSING, f"{ref} shown as {PROCESSING}: {world.states(ref)}")
    assert world.states(ref) == [ACCEPTED, PROCESSING]
    customers = world.erp.state("customers", CustomerEmailAddr=placed.emails[str(case)], CustSeq="0")
    assert len(customers) == 1
    system = world.shop if case.system == "prestashop" else world.erp
    assert world.fired(system)[str(case)] == 1, "the fault must have hit"


def test_every_event_of_these_orders_has_a_final_fate_and_nothing_waits(placed: Placed) -> None:
    world, ours = placed.world, {number_of(ref) for ref in placed.refs.values()}

    def open_fates() -> list[str]:
        found = [fate for fate in world.all_fates() if order_number(fate.event_id) in ours]
        none = ours - {order_number(fate.event_id) for fate in found}
        still_open = [f"{fate.event_id}: {fate.state} {fate.reason}" for fate in found if not fate.state.final]
        return [*(f"order {number}: no fate yet" for number in sorted(none)), *still_open]

    world.until(lambda: not open_fates(), f"final fates, without {open_fates()}")
    assert not [entry for entry in entries(world.log, "hold") if order_number(entry.data["event_id"]) in ours]
    assert not [entry for entry in entries(world.log, "parked.") if order_number(entry.data["event_id"]) in ours]
