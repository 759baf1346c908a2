"""One audit of one flow: list the systems, read the log, compare, and look again before anybody is alarmed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from penstock.audit import states, stock
from penstock.audit.kafkalog import Log
from penstock.audit.ledger import Ledger
from penstock.audit.listing import Listing, Lists, list_systems
from penstock.audit.model import Difference, Finding, Statement, SumKey, Sums, Window
from penstock.audit.orders import OrderBooks, Shop
from penstock.audit.reading import Reader, without_collector
from penstock.audit.revenue import Revenue
from penstock.audit.trail import Trail
from penstock.audit.wanted import Expectation
from penstock.flow.flow import Flow, System
from penstock.log.wire import Codec
from penstock.log.xref import XrefStore
from penstock.sinks.main import open_demand


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. grace: that an event may be without a fate; again: before a second look, which confirms what the first
    has found, at least and at most: news of a change take as long as the next poll."""

    grace: float = 300.0
    again: tuple[float, float] = (5.0, 45.0)


class Audit:
    """The audit of one flow. `lists` reads the systems, `now` is our clock."""

    def __init__(
        self,
        flow: Flow,
        log: Log,
        codec: Codec,
        *,
        times: Times = Times(),
        lists: Lists = list_systems,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._flow = flow
        self._log = log
        self._codec = codec
        self._times = times
        self._lists = lists
        self._now = now

    async def run(self, window: Window) -> Statement:
        """The statement of a window; a difference counts when two looks in a row show it.

        Raises NotListedError, ScanError.
        """
        began = time.monotonic()
        statement, news = await self.look(window)
        if statement.differences:
            least, most = self._times.again
            await asyncio.sleep(min(max(least, 2 * news), most))
            before = {each.key for each in statement.differences}
            statement, _ = await self.look(window)
            confirmed = [each for each in statement.differences if each.key in before]
            statement = replace(statement, differences=confirmed)
        return replace(statement, seconds=time.monotonic() - began)

    async def look(self, window: Window) -> tuple[Statement, float]:
        """The books as they are now, and how many seconds news take to the log. Systems first: what the log says is
        then not older than what they show."""
        began = time.monotonic()
        listings = await self._lists(self._flow, window)
        store = XrefStore()
        reader = Reader(self._flow, self._log, self._codec, window, store)
        news = max((each.news for each in listings), default=0.0)
        with without_collector():
            ledger = await asyncio.to_thread(reader.read)
            ledger.read_newest()
            return self._compare(window, listings, ledger, store, began), news

    def _compare(
        self, window: Window, listings: Sequence[Listing], ledger: Ledger, store: XrefStore, began: float
    ) -> Statement:
        flow, now = self._flow, self._now()
        mine = frozenset(system.target for system in flow.systems.values())
        trail = Trail(flow.name, ledger, mine, window, now, self._times.grace)
        differences = list(trail.without_fate(self._log.passed))
        counts = {"records": ledger.records, "events": len(ledger.events), "canonical records": len(ledger.made)}
        counts |= {f"fates {state}": number for state, number in trail.fates().items()}
        sums: dict[SumKey, Sums] = {}
        revenue: list[Mapping[str, Any]] = []
        open_items: list[Mapping[str, Any]] = []
        notes: list[str] = []
        shops = [_shop(system) for system in flow.shops]
        for listing in listings:
            target = listing.system.target
            if "order" not in listing.documents:
                notes.append(f"{target} lists no orders: what is there was not compared")
            elif listing.system.role == "erp":
                expectation = Expectation(flow, listing.system)
                found = self._orders(listing, shops, ledger, window, expectation)
                differences += found.differences
                sums |= found.sums
                counts |= {f"{name} {target}": number for name, number in found.counts.items()}
                own = Revenue(target, shops, ledger, expectation, window)
                differences += own.differences
                revenue += own.rows
                open_items += own.open_items
            differences += self._stale(listing, ledger, window)
            differences += self._stock(listing, ledger, window, store, notes)
        counts["orders"] = sum(1 for versions in ledger.orders.values() if versions[-1].record["placed_at"] in window)
        return Statement(
            flow=flow.name,
            window=window,
            at=now,
            seconds=time.monotonic() - began,
            counts=counts,
            differences=differences,
            open=trail.open(),
            sums=sums,
            revenue=revenue,
            open_items=open_items,
            notes=notes,
        )

    def _orders(
        self,
        listing: Listing,
        shops: Sequence[Shop],
        ledger: Ledger,
        window: Window,
        expectation: Expectation,
    ) -> Finding:
        return OrderBooks(
            target=listing.system.target,
            shops=shops,
            ledger=ledger,
            documents=listing.documents["order"],
            expectation=expectation,
            window=window,
            listed_at=listing.at,
            config=self._flow.config_version,
        ).finding()

    def _stale(self, listing: Listing, ledger: Ledger, window: Window) -> Iterator[Difference]:
        looked, documents = self._looked(listing), listing.documents.get("order", ())
        if listing.system.role == "shop":
            return states.shop_orders(looked, documents, ledger, window, self._flow.file.start.orders_from)
        return states.erp_orders(looked, documents, ledger, window)

    def _stock(
        self, listing: Listing, ledger: Ledger, window: Window, store: XrefStore, notes: list[str]
    ) -> Iterator[Difference]:
        mapping = self._flow.mappings.get((listing.system.alias, "from", "stock-level"))
        if listing.system.role != "shop" or mapping is None:
            return iter(())
        if "stock" not in listing.documents:
            notes.append(f"{listing.system.target} lists no stock: it was not compared")
            return iter(())
        if window.since is not None:
            notes.append("stock is compared only when the whole log is read: leave out --since")
            return iter(())
        env = self._flow.mapping_env(listing.system.alias)
        demand = open_demand(self._flow, store, self._codec)
        stock.feed(demand, ledger)
        return stock.differences(
            self._looked(listing),
            listing.documents["stock"],
            ledger,
            lambda record: mapping({"stock_level": record}, env),
            demand.unbooked,
        )

    def _looked(self, listing: Listing) -> states.Looked:
        system = listing.system
        return states.Looked(system.name, system.instance, listing.at, timedelta(seconds=listing.news))


def _shop(system: System) -> Shop:
    zone: tzinfo = getattr(system.settings, "zone", UTC)
    return Shop(system.name, system.instance, system.tag, zone)
