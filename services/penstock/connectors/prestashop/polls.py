"""Polling for changes, by the shop's own dates (systems/prestashop.md 7).

Pages move by filter, never by offset: `date >= last date seen`, and inside a second that holds more than a page
`id > last id`; rows that change meanwhile cannot shift others out of sight.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.connectors.contract import Notification, PollPage, SourceRefusedError, SourceUnavailableError
from penstock.connectors.http import NotSentError
from penstock.connectors.prestashop import fields, localtime
from penstock.connectors.prestashop.client import Listing, Shop, ShopRefusedError, any_of, since
from penstock.connectors.prestashop.document import ids
from penstock.connectors.prestashop.extract import reply_part
from penstock.connectors.prestashop.marks import Mark
from penstock.connectors.prestashop.wire import Row, text
from penstock.records.raw import EntityRef

_Named = tuple[str, str]
"""Entity and native id of a document."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What one set polls: a resource by a date of its rows, and the documents that changed rows speak of."""

    resource: str
    date_field: str
    documents: Callable[[Shop, Sequence[Row]], Awaitable[Sequence[_Named]]]
    display: str = "full"
    everything: bool = False
    """First run from the beginning (customers, products) instead of the flow's start."""


class ShopPoll:
    """One poll set. Raises SourceUnavailableError or SourceRefusedError while polling."""

    def __init__(self, name: str, shop: Shop, changes: Changes) -> None:
        settings = shop.settings
        self.name = name
        self.interval = settings.poll_interval
        self._shop = shop
        self._changes = changes
        self._zone = settings.zone
        self._start = localtime.BEGINNING if changes.everything else localtime.first(settings.start, self._zone)

    async def poll(self, mark: Mapping[str, Any] | None) -> AsyncIterator[PollPage]:
        known = Mark.load(mark, self._start, zone=self._zone, overlap=self._shop.settings.poll_overlap)
        begin = self._start if mark is None else known.reads_from()
        before, present = mark, 0.0
        try:
            async for listing in self._pages(begin):
                present = _present(listing)
                fresh = known.changed(listing.rows, self._changes.date_field)
                if listing.rows:
                    known.advance(text(listing.rows[-1].get(self._changes.date_field)), present)
                documents = await self._changes.documents(self._shop, fresh) if fresh else ()
                stored = known.stored()
                yield PollPage([self._notify(*found) for found in documents], stored if stored != before else None)
                before = stored
            if known.settle(present):
                yield PollPage((), known.stored())
        except ShopRefusedError as error:
            raise SourceRefusedError(str(error), [reply_part(error.reply)]) from error
        except NotSentError as error:
            raise SourceUnavailableError(str(error), error.retry_after) from error

    def _notify(self, entity: str, native_id: str) -> Notification:
        settings = self._shop.settings
        return Notification(EntityRef("prestashop", settings.instance, entity, native_id), f"poll:{self.name}")

    async def _pages(self, begin: str) -> AsyncIterator[Listing]:
        size, date_field = self._shop.settings.page_size, self._changes.date_field
        lower = begin
        while True:
            page = await self._read({date_field: since(lower)}, f"[{date_field}_ASC,id_ASC]")
            yield page
            if len(page.rows) < size:
                return
            last = text(page.rows[-1].get(date_field))
            if last == lower:
                async for crowded in self._crowded(lower, page):
                    yield crowded
                lower = localtime.earlier(lower, -1)
            else:
                lower = last

    async def _crowded(self, second: str, page: Listing) -> AsyncIterator[Listing]:
        """The rest of a second that holds more than a page."""
        while len(page.rows) == self._shop.settings.page_size:
            after = {self._changes.date_field: since(second, second), "id": f">[{text(page.rows[-1].get('id'))}]"}
            page = await self._read(after, "[id_ASC]")
            yield page

    async def _read(self, filters: Mapping[str, str], sort: str) -> Listing:
        changes = self._changes
        return await self._shop.rows(
            changes.resource, filters, display=changes.display, sort=sort, limit=self._shop.settings.page_size
        )


def _present(listing: Listing) -> float:
    """Epoch seconds of the shop, from its Access-Time header; else of this machine."""
    try:
        return float(listing.reply.headers.get("access-time", ""))
    except ValueError:
        return time.time()


def own(entity: str, field: str = "id") -> Callable[[Shop, Sequence[Row]], Awaitable[Sequence[_Named]]]:
    """Documents named by an id field of the rows."""

    async def documents(_shop: Shop, rows: Sequence[Row]) -> Sequence[_Named]:
        return [(entity, native_id) for native_id in ids(rows, field)]

    return documents


async def _of_payments(shop: Shop, rows: Sequence[Row]) -> Sequence[_Named]:
    """A payment names its order by reference; orders split from one cart share it."""
    references = {text(row.get("order_reference")) for row in rows} - {""}
    if not references:
        return ()
    orders = await shop.rows("orders", {"reference": any_of(references)}, display="[id,reference]")
    return [("order", native_id) for native_id in ids(orders.rows, "id")]


async def _of_addresses(shop: Shop, rows: Sequence[Row]) -> Sequence[_Named]:
    """An address is edited in place, also one that orders use, and moves no date of theirs."""
    changed = any_of(ids(rows, "id"))
    found: list[_Named] = [("customer", native_id) for native_id in ids(rows, "id_customer")]
    orders: set[str] = set()
    for used_as in ("id_address_delivery", "id_address_invoice"):
        listing = await shop.rows("orders", {used_as: changed}, display="[id]")
        orders |= set(ids(listing.rows, "id"))
    return found + [("order", native_id) for native_id in sorted(orders, key=int)]


async def _of_slips(_shop: Shop, rows: Sequence[Row]) -> Sequence[_Named]:
    """A slip is a refund, and changes the refunded quantities of its order."""
    refunds = [("refund", native_id) for native_id in ids(rows, "id")]
    return refunds + [("order", native_id) for native_id in ids(rows, "id_order")]


SETS: Mapping[str, Changes] = {
    "orders": Changes("orders", "date_upd", own("order")),
    "order_histories": Changes("order_histories", "date_add", own("order", "id_order")),
    "order_carriers": Changes("order_carriers", "date_add", own("order", "id_order")),
    "order_payments": Changes("order_payments", "date_add", _of_payments, fields.PAYMENT),
    "order_slip": Changes("order_slip", "date_add", _of_slips),
    "customers": Changes("customers", "date_upd", own("customer"), fields.CUSTOMER, everything=True),
    "addresses": Changes("addresses", "date_upd", _of_addresses),
    "products": Changes("products", "date_upd", own("product"), fields.PRODUCT, everything=True),
}
"""By the name of the poll set, which is its key among the stored positions: never rename one."""
