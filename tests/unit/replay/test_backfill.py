"""A first load keeps to its window and its order, and says so when nothing comes of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from penstock.connectors.contract import Listed, Notification
from penstock.records.ids import canonical_id
from penstock.replay.backfill import Feeder
from penstock.replay.errors import StalledError


class Services:
    """Answers an order some time after it was told of it, unless it is one of `never`."""

    def __init__(self, never: frozenset[str] = frozenset()) -> None:
        self.never = never
        self.sent: list[str] = []
        self.most = 0
        self._ends: dict[str, str] = {}

    async def send(self, note: Notification) -> None:
        ref = note.ref
        self.sent.append(ref.native_id)
        self.most = max(self.most, len(self.sent) - len(self._ends))
        if ref.native_id not in self.never:
            canonical = canonical_id(ref.system, ref.instance, "order", ref.native_id)
            asyncio.get_running_loop().call_later(
                0.01, self._ends.__setitem__, canonical, "unchanged infor:DALS" if ref.native_id == "2" else "applied"
            )

    def of(self, canonical: str) -> str | None:
        return self._ends.get(canonical)


def order(number: int, day: int) -> Listed:
    return Listed("order", str(number), at=datetime(2026, 3, day, tzinfo=UTC))


def feeder(services: Services, window: int, seen: list[tuple[int, int]], patience: float = 5) -> Feeder:
    return Feeder(
        services.send, services, window=window, rate=1e6, patience=patience, advance=lambda *done: seen.append(done)
    )


async def test_the_oldest_come_first_and_never_more_than_the_window():
    services, seen = Services(), list[tuple[int, int]]()
    loaded = await feeder(services, 3, seen).run("prestashop", "1", [order(n, 20 - n) for n in range(1, 13)])
    assert services.sent == [str(n) for n in range(12, 0, -1)]
    assert services.most == 3
    assert (loaded.sent, loaded.ends) == (12, {"applied": 11, "unchanged infor:DALS": 1})
    assert seen[-1] == (12, 12)


async def test_it_gives_up_when_no_fate_comes_any_more():
    services = Services(never=frozenset({"7"}))
    with pytest.raises(StalledError, match="1 orders wait"):
        await feeder(services, 3, [], patience=0.3).run("prestashop", "1", [order(n, n) for n in range(1, 9)])
    assert services.sent == [str(n) for n in range(1, 9)]


async def test_nothing_to_load_is_no_fault():
    assert (await feeder(Services(), 3, []).run("prestashop", "1", [])).sent == 0
