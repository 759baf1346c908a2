"""Slow-moving rows that documents refer to, kept for a short while: an order reads none of them twice a minute.

The answer is stored in every document that uses it all the same, as a mapping may look at nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from penstock.connectors.prestashop import fields
from penstock.connectors.prestashop.client import Listing, Shop, any_of
from penstock.connectors.prestashop.wire import Row

_MOST = 2000
_Key = tuple[str, str]


class ReferenceData:
    """Rows by resource and ids. Concurrent askers of the same rows share one call; nothing found is not kept."""

    def __init__(self, shop: Shop, ttl: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._shop = shop
        self._ttl = ttl
        self._clock = clock
        self._kept: dict[_Key, tuple[float, Listing]] = {}
        self._locks: dict[_Key, asyncio.Lock] = {}

    async def rows(self, resource: str, native_ids: Iterable[object]) -> Listing | None:
        """One list call for the ids, or what was read before; None when no id is given."""
        wanted = [str(native_id) for native_id in native_ids]
        if not wanted:
            return None
        key = (resource, any_of(wanted))
        if (kept := self._fresh(key)) is not None:
            return kept
        try:
            async with self._locks.setdefault(key, asyncio.Lock()):
                if (kept := self._fresh(key)) is not None:
                    return kept
                listing = await self._shop.rows(resource, {"id": key[1]}, display=fields.REFERENCE[resource])
                if listing.rows:
                    self._keep(key, listing)
        finally:
            self._locks.pop(key, None)
        return listing

    async def row(self, resource: str, native_id: object) -> Row | None:
        listing = await self.rows(resource, [native_id])
        return None if listing is None else next(iter(listing.rows), None)

    def _fresh(self, key: _Key) -> Listing | None:
        at, listing = self._kept.get(key, (0.0, None))
        return listing if listing is not None and self._clock() - at < self._ttl else None

    def _keep(self, key: _Key, listing: Listing) -> None:
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[key] = (self._clock(), listing)
