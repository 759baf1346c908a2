"""Two sink workers of one group: the second comes while the first still waits for replies.

No order is doubled, although the target has no key for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from tests.integration.sink_world import World, booked_once, until
from tests.unit.sinks.fakes import FakeTarget, OrderHandler

from penstock.connectors.contract import Done, Step, StepResult
from penstock.log import lanes
from penstock.log.kafka import KafkaSettings
from penstock.log.topics import Topic

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.topics(
        *("canonical.order", "customer-request.infor", "effect.infor", "parked.infor", "hold", "fate", "dlq.*"),
        *("xref.*", "alert", "audit", "control", "route"),
    ),
]
ORDERS = [f"order-{number}" for number in range(16)]


class HoldingHandler(OrderHandler):
    """The target does every write at once; its replies wait for `reply`."""

    def __init__(self, target: FakeTarget) -> None:
        super().__init__(target)
        self.reply = asyncio.Event()
        self.held = 0

    def _step(self, number: str, line: int) -> Step:
        step = super()._step(number, line)

        async def send(window: Any) -> StepResult:
            result = await step.send(window)
            if isinstance(result, Done):
                self.held += 1
                await self.reply.wait()
            return result

        return Step(step.name, step.kind, send, step.find)


async def test_a_second_worker_that_joins_while_the_first_waits_for_replies_doubles_nothing(
    kafka: KafkaSettings, topics: Sequence[Topic], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "QUIESCE_SECONDS", 1.0)
    target, world = FakeTarget(keyed=False), World(kafka)
    await world.send(ORDERS)
    first = HoldingHandler(target)
    async with world.runner(first, member="first") as old:
        await until(lambda: first.held == len(ORDERS))
        second = OrderHandler(target)
        async with world.runner(second, member="second") as new:
            await until(lambda: new.ready and bool(new.settled), 60)
            assert not first.reply.is_set()
            first.reply.set()
            await until(lambda: list(world.fates().values()) == ["applied"] * len(ORDERS), 60)
            assert new.settled["applied"] > 0, "the second one took some of them over"
            assert old.ready
    assert booked_once(target, ORDERS)
