"""The broker dies among orders and comes back with its data: nothing is lost, nothing is done twice."""

from __future__ import annotations

import pytest
from tests.e2e.world import World, number_of, order_number

pytestmark = [pytest.mark.kafka, pytest.mark.crash, pytest.mark.timeout(300)]

ACCEPTED, PROCESSING = 2, 3
ORDERS = 30


def test_a_broker_killed_among_orders_and_started_again_books_every_order_once(world: World) -> None:
    emails = [world.guest() for _ in range(ORDERS)]
    refs = [world.place(guest=email) for email in emails[: ORDERS // 2]]
    world.until(lambda: sum(world.erp_order(ref) is not None for ref in refs) >= 5, "some orders under way")
    starts = world.supervisor.children["broker"].starts
    world.supervisor.kill("broker")
    # the shop goes on selling; these webhooks find a log that does not answer
    refs += [world.place(guest=email) for email in emails[ORDERS // 2 :]]
    world.until(lambda: world.supervisor.children["broker"].starts > starts, "the broker started again")
    world.supervisor.wait_ready("broker")
    for ref in refs:
        world.booked(ref)
        world.until(lambda ref=ref: world.states(ref)[-1] == PROCESSING, f"{ref} shown as {PROCESSING}")
        assert world.states(ref) == [ACCEPTED, PROCESSING]
    for email in emails:
        assert len(world.erp.state("customers", CustomerEmailAddr=email, CustSeq="0")) == 1
    ours = {number_of(ref) for ref in refs}

    def all_final() -> bool:
        return all(fate.state.final for fate in world.all_fates() if order_number(fate.event_id) in ours)

    world.until(all_final, "final fates")
