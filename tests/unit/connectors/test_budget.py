"""Whose turn it is at a target: live before backfill, backfill not never, and nobody before Retry-After."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from penstock.connectors.budget import LIVE_IN_A_ROW, Budget, BudgetSettings, backfill


class Line:
    """Callers of one budget with one slot, which the test holds until `open`."""

    def __init__(self, settings: BudgetSettings | None = None) -> None:
        self.budget = Budget(settings or BudgetSettings(concurrency=1, burst=1000))
        self.served: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def call(self, name: str) -> None:
        async with self.budget.slot():
            self.served.append(name)

    def live(self, name: str) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(self.call(name)))
        return self.tasks[-1]

    def rest(self, name: str) -> asyncio.Task[None]:
        with backfill():
            return self.live(name)

    async def done(self) -> list[str]:
        await asyncio.wait_for(asyncio.gather(*self.tasks, return_exceptions=True), 5)
        return self.served


async def test_a_live_call_goes_before_backfill_that_has_waited_longer():
    line = Line()
    async with line.budget.slot():
        line.rest("poll")
        line.live("order")
        await asyncio.sleep(0)
    assert await line.done() == ["order", "poll"]


async def test_backfill_has_every_tenth_turn_however_many_live_calls_stand_in_line():
    line = Line()
    async with line.budget.slot():
        for number in range(3):
            line.rest(f"poll {number}")
        for number in range(40):
            line.live(f"order {number}")
        await asyncio.sleep(0)
    served = await line.done()
    places = [place for place, name in enumerate(served) if name.startswith("poll")]
    assert len(places) == 3
    assert all(later - earlier == LIVE_IN_A_ROW + 1 for earlier, later in pairwise(places))
    assert places[0] <= LIVE_IN_A_ROW


async def test_no_more_calls_are_under_way_than_the_target_takes():
    budget, under_way, most = Budget(BudgetSettings(concurrency=2, burst=1000)), 0, 0

    async def call() -> None:
        nonlocal under_way, most
        async with budget.slot():
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    await asyncio.gather(*(call() for _ in range(20)))
    assert most == 2


async def test_a_caller_that_gives_up_in_line_costs_nobody_a_turn():
    line = Line()
    async with line.budget.slot():
        given_up = line.live("gone")
        line.live("order")
        await asyncio.sleep(0)
        given_up.cancel()
    assert await line.done() == ["order"]


async def test_a_caller_that_gives_up_when_its_turn_has_come_hands_it_on():
    line = Line()
    holding = line.budget.slot()
    await holding.__aenter__()
    given_up = line.live("gone")
    line.live("order")
    await asyncio.sleep(0)
    await holding.__aexit__(None, None, None)  # the turn is given to the first in line, who has not run yet
    given_up.cancel()
    assert await line.done() == ["order"]


async def test_an_error_in_a_call_gives_the_slot_back():
    budget = Budget(BudgetSettings(concurrency=1, burst=1000))
    with pytest.raises(ZeroDivisionError):
        async with budget.slot():
            raise ZeroDivisionError
    async with asyncio.timeout(1), budget.slot():
        pass


async def test_a_retry_after_stops_every_caller():
    line = Line(BudgetSettings(concurrency=4, burst=1000))
    loop = asyncio.get_running_loop()
    began = loop.time()
    line.budget.pause_for(0.2)
    for number in range(4):
        line.live(f"order {number}")
    assert len(await line.done()) == 4
    assert loop.time() - began >= 0.2


async def test_beyond_the_burst_calls_come_at_the_rate():
    line = Line(BudgetSettings(per_minute=600, concurrency=10, burst=2))
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(4):
        line.live(f"order {number}")
    await line.done()
    assert loop.time() - began >= 0.19


async def test_what_is_started_inside_backfill_gives_way_too_and_what_comes_after_does_not():
    line = Line()
    async with line.budget.slot():
        with backfill():

            async def both() -> None:
                await asyncio.gather(line.call("page 1"), line.call("page 2"))

            line.tasks.append(asyncio.create_task(both()))
        line.live("order")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert await line.done() == ["order", "page 1", "page 2"]
