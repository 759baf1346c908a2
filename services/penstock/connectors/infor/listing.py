"""Lists the orders, customers and stock of a site, by bookmark over the key: keys never change, so rows that are edited
between pages stay in their place.

An order keeps the day it is of (`OrderDate`), and no moment of its creation; customers and stock keep neither.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from decimal import Decimal

from penstock.connectors.contract import Listed, SourceRefusedError, SourceUnavailableError
from penstock.connectors.http import NotSentError
from penstock.connectors.infor.client import InforClient, Row
from penstock.connectors.infor.errors import IdoRefusedError, Refusal
from penstock.connectors.infor.extract import trimmed
from penstock.connectors.infor.idos import KEYS, read
from penstock.connectors.infor.literals import any_of, parse_site_time, quoted, site_time
from penstock.connectors.infor.payloads import number
from penstock.connectors.infor.settings import InforSettings
from penstock.connectors.listing import Window, facts, once

ENTITIES = frozenset({"order", "customer", "stock"})
CHUNK = 50
"""Orders whose lines one call reads; the URL stays short."""
_ORDER = ("CoNum", "OrderDate", "Stat", "CurrCode", "SalesTax", "Price", "ExternalConfirmationRef")
_STOCK = ("Item", "Whse", "QtyOnHand", "QtyAllocCo", "QtyAllocjob", "QtyRsvdCo")

_Made = Callable[[Sequence[Row]], Awaitable[Sequence[Listed]]]


class Listings:
    """Listings of one site (penstock.connectors.contract.Source.listing)."""

    def __init__(self, client: InforClient, settings: InforSettings) -> None:
        self._client = client
        self._settings = settings

    def of(self, entity: str, window: Window) -> AsyncIterator[Sequence[Listed]]:
        match entity:
            case "order":
                pages = self._pages("SLCos", _ORDER, self._days(window), self._orders)
            case "customer":
                pages = self._pages("SLCustomers", ("CustNum", "CustSeq"), "CustSeq = '0'", self._customers)
            case "stock":
                pages = self._pages("SLItemwhses", _STOCK, "", self._stock)
            case _:
                raise SourceRefusedError(f"infor lists no {entity}: there are {', '.join(sorted(ENTITIES))}")
        return once(pages)

    def _days(self, window: Window) -> str:
        """The days that the window touches."""
        since, until = window.local(self._settings.zone)
        parts = []
        if since is not None:
            day = since.replace(hour=0, minute=0, second=0, microsecond=0)
            parts.append(f"OrderDate >= {quoted(site_time(day))}")
        if until is not None:
            parts.append(f"OrderDate < {quoted(site_time(until))}")
        return " AND ".join(parts)

    async def _pages(
        self, ido: str, properties: Sequence[str], filter_: str, made: _Made
    ) -> AsyncIterator[Sequence[Listed]]:
        try:
            names = await self._client.known(ido, properties)
            pages = self._client.pages(ido, names, filter_, ",".join(KEYS[ido]), self._settings.page_size)
            async for page in pages:
                yield await made(page.rows)
        except IdoRefusedError as error:
            if error.refusal is Refusal.PRIVILEGE:
                raise SourceUnavailableError(str(error), 30.0) from error
            raise SourceRefusedError(str(error)) from error
        except NotSentError as error:
            raise SourceUnavailableError(str(error), error.retry_after) from error

    async def _orders(self, rows: Sequence[Row]) -> Sequence[Listed]:
        quantities: dict[str, Decimal] = {}
        numbers = [row["CoNum"] or "" for row in rows]
        for start in range(0, len(numbers), CHUNK):
            lines = await read(self._client, "SLCoitems", any_of("CoNum", numbers[start : start + CHUNK]))
            for line in lines.rows:
                key = line["CoNum"] or ""
                quantities[key] = quantities.get(key, Decimal(0)) + number(line, "QtyOrdered")
        return [self._order(row, quantities.get(row["CoNum"] or "", Decimal(0))) for row in rows]

    def _order(self, row: Row, quantity: Decimal) -> Listed:
        day = row.get("OrderDate")
        shown = facts(
            currency=trimmed(row, "CurrCode"),
            total=number(row, "Price"),
            tax=number(row, "SalesTax"),
            quantity=quantity,
            state=trimmed(row, "Stat"),
        )
        at = parse_site_time(day).replace(tzinfo=self._settings.zone) if day else None
        return Listed("order", trimmed(row, "CoNum"), trimmed(row, "ExternalConfirmationRef") or None, at, shown)

    async def _customers(self, rows: Sequence[Row]) -> Sequence[Listed]:
        return [Listed("customer", trimmed(row, "CustNum")) for row in rows]

    async def _stock(self, rows: Sequence[Row]) -> Sequence[Listed]:
        """Available as mappings/stock.to-canonical.yaml counts it."""
        taken = ("QtyRsvdCo",) if self._settings.available == "reserved" else ("QtyAllocCo", "QtyAllocjob")
        found = []
        for row in rows:
            item = trimmed(row, "Item")
            free = number(row, "QtyOnHand") - sum((number(row, name) for name in taken), Decimal(0))
            shown = facts(sku=item, available=max(free, Decimal(0)))
            found.append(Listed("stock", f"{item}|{trimmed(row, 'Whse')}", None, None, shown))
        return found
