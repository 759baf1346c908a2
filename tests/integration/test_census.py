"""No order is lost without a word: lost webhooks, a clock that was put back, a crowded second, edits during paging.

Every order must be on the log, each that no webhook brought must be named, and closed in at most two polls of the
census. `PENSTOCK_CENSUS_ORDERS=1000` runs the crowded second at its full size.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.integration.census_world import CROWD, KINDS, World, until, world_of

from penstock.log.kafka import KafkaSettings
from penstock.log.topics import Topic

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.topics(
        "raw.prestashop.*", "raw.clarity.*", "position.prestashop", "position.clarity", "fate", "dlq.ingress", "alert",
        "audit", "control",
    ),
]  # fmt: skip


@pytest.fixture(params=sorted(KINDS))
def open_world(
    request: pytest.FixtureRequest,
    kafka: KafkaSettings,
    topics: Sequence[Topic],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., AbstractAsyncContextManager[World]]:
    """`open_world(**settings of the census)`."""
    return partial(world_of, KINDS[request.param], kafka, tmp_path, monkeypatch)


@pytest.fixture
async def world(open_world: Callable[..., AbstractAsyncContextManager[World]]) -> AsyncIterator[World]:
    """Here the test drives the census."""
    async with open_world() as made:
        yield made


async def closed_in_two_polls(world: World, lost: set[str]) -> None:
    """The gaps are exactly the orders of which no webhook told, and the second poll closes them all."""
    before = set(world.audit("gap"))
    assert await world.poll() == set(), "an order that is missing for the first time may be under way"
    assert await world.poll() == lost
    await world.on_the_log(lost)
    await world.quiet()
    assert await world.poll() == set()
    assert sorted(world.audit("gap")) == sorted(world.alerted()) == sorted(before | lost), "each gap is named, once"
    assert sorted(world.audit("gap-closed")) == sorted(before | lost)
    assert world.audit("gap-open") == []


async def test_a_tenth_of_the_webhooks_is_dropped(world: World) -> None:
    await world.faults({"kind": "webhook_lost", "probability": 0.1, "times": None})
    placed = await world.place(CROWD)
    await world.quiet()
    lost = placed - world.told("webhook")
    assert lost, "the fault must have hit"
    assert world.orders() & placed == placed - lost
    await closed_in_two_polls(world, lost)
    assert placed <= world.orders()
    assert world.census.counts["gaps"] == len(lost)


async def test_the_shops_clock_is_shifted_and_put_back_in_autumn(world: World) -> None:
    """Webhooks with a time that is off are refused, all of them."""
    before = await world.place(2)
    await world.on_the_log(before)
    for hours in (-1, 1):
        await world.faults({"kind": "clock_shift", "seconds": hours * 3600, "times": None})
        lost = await world.place(3)
        await world.quiet()
        assert not lost & world.orders()
        await closed_in_two_polls(world, lost)
    put_back = datetime(2026, 10, 25, 1, tzinfo=UTC)
    lost = set()
    for seconds in (-90, -30, 30, 90):  # orders of the second pass of the hour look older than those of the first
        await world.at(put_back + timedelta(seconds=seconds))
        lost |= await world.place(2)
    await world.quiet()
    await closed_in_two_polls(world, lost)


async def test_many_orders_in_one_second_are_edited_while_the_census_pages(world: World) -> None:
    lost = await world.place(CROWD, webhook="lost")
    edited = sorted(lost, key=int)[: CROWD // 3]

    async def edits() -> None:
        for native_id in edited:
            await world.edit(native_id)

    editing = asyncio.create_task(edits())
    await closed_in_two_polls(world, lost)
    await editing


async def test_ingress_counts_by_itself(open_world: Callable[..., AbstractAsyncContextManager[World]]) -> None:
    async with open_world(interval=0.5) as world:
        await world.faults({"kind": "webhook_lost", "probability": 0.5, "times": None})
        placed = await world.place(12)
        await world.on_the_log(placed)
        await until(lambda: sorted(world.audit("gap-closed")) == sorted(world.audit("gap")))
        assert set(world.audit("gap")) == world.told("census")
        assert world.instance.gauges()[f"census_{world.kind.name}_gaps_total"] == len(world.audit("gap"))
        assert placed - world.told("webhook"), "the fault must have hit"
        assert world.told("census") >= placed - world.told("webhook")
