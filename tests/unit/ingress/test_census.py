"""The census of orders: what is a gap, what is none, and what becomes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from penstock.connectors.contract import Listed, SourceUnavailableError
from penstock.flow.model import CensusEnv
from penstock.ingress import census
from penstock.ingress.census import Census
from penstock.ingress.main import census_env
from penstock.ingress.notes import note_key
from penstock.log.loader import LoaderError
from penstock.records.raw import EntityRef

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Shop:
    """A source and its orders: native id -> when it was created."""

    system, instance = "prestashop", "1"

    def __init__(self) -> None:
        self.orders: dict[str, datetime] = {}
        self.windows: list[tuple[datetime | None, datetime | None]] = []
        self.page = 100

    async def listing(
        self, entity: str, since: datetime | None, until: datetime | None
    ) -> AsyncIterator[Sequence[Listed]]:
        assert entity == "order"
        self.windows.append((since, until))
        rows = [
            Listed("order", native_id, None, at)
            for native_id, at in self.orders.items()
            if (since is None or since <= at) and (until is None or at < until)
        ]
        for start in range(0, len(rows), self.page):
            yield rows[start : start + self.page]


class Log:
    def __init__(self) -> None:
        self.documents: set[str] = set()
        self.told: set[str] = set()
        self.error: Exception | None = None

    async def refresh(self) -> None:
        if self.error is not None:
            raise self.error

    def has(self, ref: EntityRef) -> bool:
        return ref.native_id in self.documents

    async def unanswered(self) -> frozenset[str]:
        return frozenset(note_key(EntityRef("prestashop", "1", "order", native_id)).decode() for native_id in self.told)


class Clerk:
    """What was said, as (what, ids), in order."""

    def __init__(self) -> None:
        self.said: list[tuple[str, list[str]]] = []
        self.windows: list[tuple[str, str]] = []

    async def found(self, orders: Mapping[str, str], window: tuple[str, str]) -> None:
        assert all(at for at in orders.values())
        self._say("gap", list(orders), window)

    async def closed(self, native_ids: list[str], window: tuple[str, str]) -> None:
        self._say("closed", native_ids, window)

    async def left(self, native_ids: list[str], window: tuple[str, str]) -> None:
        self._say("left", native_ids, window)

    def _say(self, what: str, ids: list[str], window: tuple[str, str]) -> None:
        self.said.append((what, ids))
        self.windows.append(window)


class World:
    def __init__(self, *, behind: bool = False, **settings: float) -> None:
        self.shop, self.log, self.clerk = Shop(), Log(), Clerk()
        source: Any = self.shop  # a part of one
        self.now = NOW
        self.slept = 0.0
        given = CensusEnv(**{"interval": 60.0, "recent": 3600.0, "behind_interval": 600.0, **settings})
        self.census = Census(
            source, self.log, self.clerk, given, START, behind=behind, now=lambda: self.now, sleep=self.sleep
        )
        self.mark: Any = None

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds

    async def round(self) -> list[str]:
        """What is put on the log in one round; the mark is kept as the log keeps it."""
        notes: list[str] = []
        async for page in self.census.poll(self.mark):
            notes += [note.ref.native_id for note in page.notifications]
            assert all(note.via == "census" for note in page.notifications)
            if page.notifications:
                assert self.clerk.said, "a gap is named before it is put on the log"
            self.mark = orjson.loads(orjson.dumps(page.mark))
        return notes

    def placed(self, *native_ids: str, ago: timedelta = timedelta(minutes=5)) -> None:
        self.shop.orders |= dict.fromkeys(native_ids, self.now - ago)


@pytest.fixture
def world() -> World:
    return World()


async def test_an_order_whose_webhook_is_under_way_is_no_gap(world: World) -> None:
    world.placed("41")
    assert await world.round() == []
    world.log.documents.add("41")
    assert await world.round() == []
    assert world.clerk.said == []


async def test_an_order_that_is_missing_twice_is_named_and_put_on_the_log(world: World) -> None:
    world.placed("41", "42", "43")
    world.log.documents.add("42")
    assert await world.round() == []
    assert await world.round() == ["41", "43"]
    assert world.clerk.said == [("gap", ["41", "43"])]
    assert world.clerk.windows == [((NOW - HOUR).isoformat(), "")]


async def test_a_gap_that_is_closed_is_said_once(world: World) -> None:
    world.placed("41")
    await world.round()
    await world.round()
    world.log.documents.add("41")
    for _ in range(3):
        assert await world.round() == []
    assert world.clerk.said == [("gap", ["41"]), ("closed", ["41"])]
    assert world.census.counts == {"compared": 5, "gaps": 1, "closed": 1, "left": 0}


async def test_a_gap_that_does_not_close_is_said_once_and_not_put_on_the_log_again(world: World) -> None:
    world.placed("41")
    assert [await world.round() for _ in range(6)] == [[], ["41"], [], [], [], []]
    assert world.clerk.said == [("gap", ["41"]), ("left", ["41"])]
    world.log.documents.add("41")
    await world.round()
    assert world.clerk.said[-1] == ("closed", ["41"])


async def test_an_order_whose_notification_waits_to_be_answered_is_no_gap(world: World) -> None:
    world.placed("41")
    world.log.told.add("41")
    assert [await world.round() for _ in range(4)] == [[]] * 4
    world.log.told.clear()
    assert await world.round() == ["41"], "it was answered, and did not come: gone, say, before its row was visible"
    world.log.told.add("41")
    await world.round()
    assert world.clerk.said == [("gap", ["41"])], "its own notification waits: nothing is left open yet"


async def test_an_order_that_comes_while_the_log_is_asked_is_no_gap(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answered_meanwhile() -> frozenset[str]:
        world.log.documents.add("41")
        return frozenset()

    monkeypatch.setattr(world.log, "unanswered", answered_meanwhile)
    world.placed("41")
    await world.round()
    assert await world.round() == []
    assert world.clerk.said == []


async def test_the_recent_window_has_no_end_since_a_shops_clock_may_be_ahead(world: World) -> None:
    world.placed("41", ago=-HOUR)
    world.placed("42", ago=2 * HOUR)
    await world.round()
    assert await world.round() == ["41"]
    assert world.shop.windows == [(NOW - HOUR, None)] * 2


async def test_orders_from_before_the_flow_began_are_not_counted() -> None:
    world = World(recent=90 * 86400.0)
    await world.round()
    assert world.shop.windows == [(START, None)]


async def test_the_window_behind_doubles_back_to_the_start_and_begins_anew() -> None:
    world = World(behind=True, recent=240 * 3600.0)
    for _ in range(3):
        await world.round()
    ten, twenty = NOW - timedelta(days=10), NOW - timedelta(days=20)
    assert world.shop.windows == [(twenty, ten), (START, twenty), (twenty, ten)]


async def test_nothing_lies_between_the_windows_however_late_a_round_is() -> None:
    world = World(behind=True)
    for _ in range(4):
        await world.round()
        world.now += timedelta(minutes=37)
    for newer, older in zip(world.shop.windows, world.shop.windows[1:], strict=False):
        assert newer[0] is not None
        assert older[1] is not None
        assert older[1] >= newer[0]


async def test_an_order_that_shows_long_after_its_neighbours_is_found_behind() -> None:
    world = World(behind=True)
    world.placed("41", ago=90 * timedelta(minutes=1))
    assert world.census.interval == 600
    await world.round()
    assert world.census.interval == 60, "what may be a gap is judged soon"
    assert await world.round() == ["41"]


async def test_the_window_behind_is_read_at_a_bounded_rate() -> None:
    world = World(behind=True, behind_per_minute=600)
    world.placed(*map(str, range(250)), ago=90 * timedelta(minutes=1))
    await world.round()
    assert world.slept == pytest.approx(25.0)


async def test_more_missing_than_can_be_remembered_are_found_in_later_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census, "MOST", 10)
    world = World()
    world.placed(*map(str, range(25)))
    found: list[str] = []
    for _ in range(8):
        notes = await world.round()
        world.log.documents |= set(notes)
        found += notes
    assert sorted(found, key=int) == [str(number) for number in range(25)]


async def test_a_log_that_does_not_answer_is_an_outage_and_names_nobody(world: World) -> None:
    world.placed("41")
    await world.round()
    world.log.error = LoaderError("stopped")
    with pytest.raises(SourceUnavailableError, match="log"):
        await world.round()
    assert world.clerk.said == []
    world.log.error = None
    assert await world.round() == ["41"]


async def test_a_crash_before_the_mark_is_kept_names_and_notifies_again_and_loses_nothing(world: World) -> None:
    world.placed("41")
    await world.round()
    before = world.mark
    await world.round()
    world.mark = before
    assert await world.round() == ["41"]
    assert world.clerk.said == [("gap", ["41"])] * 2


@pytest.mark.parametrize(("secret", "interval"), [("plain:key", 120.0), (None, 1800.0)])
def test_a_shop_without_webhooks_is_counted_no_sooner_than_polls_have_had_their_turn(
    secret: str | None, interval: float
) -> None:
    flow: Any = SimpleNamespace(env=SimpleNamespace(ingress=SimpleNamespace(census=CensusEnv())))
    system: Any = SimpleNamespace(settings=SimpleNamespace(webhook_secret=secret, interval=lambda _set: 900.0))
    assert census_env(flow, system).interval == interval
