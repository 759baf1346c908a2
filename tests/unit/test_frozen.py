"""A process that was frozen, replaced and thaws again sends and publishes nothing that is old news by then.

And one whose log is out blames no document.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from penstock.connectors.contract import Notification, PollPage
from penstock.ingress.polling import Pollers
from penstock.records.raw import EntityRef, Part
from tests.property.freshness.world import SESSION, World
from tests.sim.log import ACK
from tests.sim.process import simulated

STOCK = ("stock-level", "APR")


@pytest.fixture
def world() -> Iterator[World]:
    with simulated():
        made = World()
        made.run(1.0)
        yield made
        made.close()


def restock(world: World, available: int) -> None:
    world.source.change(STOCK, available=available)
    world.do(lambda: world.source.notify(STOCK))


def test_a_document_that_was_read_before_a_freeze_does_not_overtake_its_newer_state(world: World) -> None:
    restock(world, 1)
    world.run(3.0)
    restock(world, 2)
    world.run(ACK + 0.02)
    world.do(lambda: world.freeze("extraction"))
    world.source.change(STOCK, available=3)
    world.run(SESSION + 4.0)
    assert world.target.fields == {"stock-level-APR": 3}, "who took over has read the newer state"
    world.do(world.thaw)
    world.run(20.0)
    assert world.target.fields == {"stock-level-APR": 3}


def test_a_frozen_sink_sends_nothing_once_its_partition_was_taken_over(world: World) -> None:
    restock(world, 1)
    world.run(3.0)
    world.do(lambda: world.freeze("sink"))
    restock(world, 2)
    frozen: Any = world.sink
    world.run(SESSION + 2.0)
    assert world.target.fields == {"stock-level-APR": 2}
    # what a clerk sets in the target is not ours to undo, and a second write of the same would
    world.target.fields["stock-level-APR"] = 7
    world.do(world.thaw)
    world.run(5.0)
    assert "another process has it" in str(frozen.failure)
    assert world.target.fields == {"stock-level-APR": 7}


def test_a_log_that_takes_nothing_is_no_fault_of_a_document(world: World) -> None:
    world.log.refused = {"fate"}
    restock(world, 1)
    world.run(5.0)
    failures = {type(each.failure).__name__ for each in world.lives if each.failure}
    assert failures == {"UnknownTopicOrPartitionError"}
    world.log.refused = set()
    world.run(20.0)
    assert world.target.fields == {"stock-level-APR": 1}
    assert world.letters() == []


class OnePage:
    """A poll set that was asked a while ago."""

    name, interval = "stock", 5.0

    def __init__(self, age: float) -> None:
        self.now, self._age = 0.0, age

    async def poll(self, _mark: Any) -> Any:
        self.now += self._age
        part = Part("stock", "/", 200, "application/json", "", b"{}")
        yield PollPage([Notification(EntityRef("shop", "1", *STOCK), "poll:stock", carried=(part,))], None)


@pytest.mark.parametrize(("age", "carried"), [(0.5, 1), (6.0, 0)])
async def test_a_polled_row_that_is_old_news_does_not_stand_for_its_document(age: float, carried: int) -> None:
    poll_set, sent = OnePage(age), []

    class Gathered:
        async def send(self, notes: Any) -> None:
            sent.extend(notes)

    class Nothing:
        def get(self, _key: str) -> None:
            return None

    source: Any = SimpleNamespace(polls=[poll_set])
    nothing: Any = Nothing()
    settings: Any = SimpleNamespace(session_seconds=10.0)
    pollers = Pollers(source, nothing, nothing, settings, monotonic=lambda: poll_set.now)
    pollers._gathering = Gathered()  # type: ignore[assignment]  # what is sent is all that is asked
    await pollers._once(poll_set, "poll:1:stock")
    assert [len(note.carried) for note in sent] == [carried]
