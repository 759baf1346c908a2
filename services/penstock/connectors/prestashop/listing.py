"""Lists the orders, customers and stock of a shop.

Pages move by `id > last id` (systems/prestashop.md 7): ids never change, so rows that come, change or go between pages
move no other out of sight. Dates only narrow the list.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from penstock.connectors.contract import Listed, SourceRefusedError, SourceUnavailableError
from penstock.connectors.http import NotSentError
from penstock.connectors.listing import Window, facts, once
from penstock.connectors.prestashop import fields, localtime
from penstock.connectors.prestashop.client import END_OF_TIME, Shop, ShopRefusedError, any_of, since
from penstock.connectors.prestashop.document import associated, ids
from penstock.connectors.prestashop.extract import reply_part
from penstock.connectors.prestashop.reference import ReferenceData
from penstock.connectors.prestashop.wire import Row, integer, text

ENTITIES = frozenset({"order", "customer", "stock"})

_Made = Callable[[Sequence[Row]], Awaitable[Sequence[Listed]]]


class Listings:
    """Listings of one shop (penstock.connectors.contract.Source.listing)."""

    def __init__(self, shop: Shop, reference: ReferenceData) -> None:
        self._shop = shop
        self._reference = reference

    def of(self, entity: str, window: Window) -> AsyncIterator[Sequence[Listed]]:
        match entity:
            case "order":
                pages = self._dated("orders", fields.LISTED_ORDER, window, self._order)
            case "customer":
                pages = self._dated("customers", fields.LISTED_CUSTOMER, window, self._customer)
            case "stock":
                pages = self._pages("stock_availables", fields.LISTED_STOCK, {}, self._stock)
            case _:
                raise SourceRefusedError(f"prestashop lists no {entity}: there are {', '.join(sorted(ENTITIES))}")
        return once(pages)

    async def _dated(
        self, resource: str, display: str, window: Window, made: Callable[[Row, datetime | None], Awaitable[Listed]]
    ) -> AsyncIterator[Sequence[Listed]]:
        """Rows by their `date_add`, naive local time of the shop to the second."""
        zone = self._shop.settings.zone
        low, high = (bound and bound.strftime(localtime.FORMAT) for bound in window.local(zone))

        async def within(rows: Sequence[Row]) -> Sequence[Listed]:
            found = []
            for row in rows:
                local = localtime.read(text(row.get("date_add")))
                moment = window.moment(local, zone) if local else None
                if moment is not None or local is None:
                    found.append(await made(row, moment))
            return found

        filters = {"date_add": since(low or localtime.BEGINNING, high or END_OF_TIME)} if low or high else {}
        async for page in self._pages(resource, display, filters, within):
            yield page

    async def _pages(
        self, resource: str, display: str, filters: Mapping[str, str], made: _Made
    ) -> AsyncIterator[Sequence[Listed]]:
        size, last = self._shop.settings.page_size, "0"
        try:
            while True:
                after = {**filters, "id": f">[{last}]"}
                rows = (await self._shop.rows(resource, after, display=display, limit=size)).rows
                yield await made(rows)
                if len(rows) < size:
                    return
                last = text(rows[-1].get("id"))
        except ShopRefusedError as error:
            raise SourceRefusedError(str(error), [reply_part(error.reply)]) from error
        except NotSentError as error:
            raise SourceUnavailableError(str(error), error.retry_after) from error

    async def _order(self, row: Row, at: datetime | None) -> Listed:
        currency = await self._reference.row("currencies", text(row.get("id_currency")))
        gross, net = (_number(row, f"total_paid_tax_{which}") for which in ("incl", "excl"))
        quantity = sum((_number(line, "product_quantity") for line in associated(row, "order_rows")), Decimal(0))
        shown = facts(
            currency=text((currency or {}).get("iso_code")),
            total=gross,
            tax=gross - net,
            quantity=quantity,
            state=text(row.get("current_state")),
        )
        return Listed("order", text(row.get("id")), None, at, shown)

    async def _customer(self, row: Row, at: datetime | None) -> Listed:
        return Listed("customer", text(row.get("id")), None, at)

    async def _stock(self, rows: Sequence[Row]) -> Sequence[Listed]:
        """What is sold: combinations, and products that have none; the row of the others is only their sum."""
        shop, own = self._shop, self._shop.settings.shop_id
        rows = [row for row in rows if own is None or integer(row.get("id_shop")) in {0, own}]
        if not rows:
            return ()
        of = any_of(ids(rows, "id_product"))
        products = await shop.rows("products", {"id": of}, display="[id,reference]")
        combinations = await shop.rows("combinations", {"id_product": of}, display="[id,id_product,reference]")
        sold = {(text(row.get("id")), "0"): text(row.get("reference")) for row in products.rows}
        for row in combinations.rows:
            product = text(row.get("id_product"))
            sold.pop((product, "0"), None)
            sold[product, text(row.get("id"))] = text(row.get("reference"))
        found = []
        for row in rows:
            key = text(row.get("id_product")), text(row.get("id_product_attribute"))
            if key in sold:
                shown = facts(sku=sold[key], available=_number(row, "quantity"))
                found.append(Listed("stock", text(row.get("id")), None, None, shown))
        return found


def _number(row: Row, name: str) -> Decimal:
    return Decimal(text(row.get(name)) or 0)
