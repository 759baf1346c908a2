"""Lists the orders, customers and stock of an installation, by change time: what was created since changed since."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from decimal import Decimal

from penstock.connectors.clarity.client import Row, Shop
from penstock.connectors.clarity.document import one_list
from penstock.connectors.clarity.errors import RefusedError
from penstock.connectors.clarity.pages import changed, parsed
from penstock.connectors.clarity.polls import person
from penstock.connectors.contract import Listed, SourceRefusedError, SourceUnavailableError
from penstock.connectors.http import NotSentError
from penstock.connectors.listing import Window, facts, once

ENTITIES = frozenset({"order", "customer", "stock"})

_Made = Callable[[Row, datetime | None], Listed]


class Listings:
    """Listings of one installation (penstock.connectors.contract.Source.listing)."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def of(self, entity: str, window: Window) -> AsyncIterator[Sequence[Listed]]:
        paths = self._shop.paths
        match entity:
            case "order":
                pages = self._pages(paths.orders, window, _order)
            case "customer":
                pages = self._customers(window)
            case "stock":
                pages = self._pages(paths.inventory, Window(None, None), _stock)
            case _:
                raise SourceRefusedError(f"clarity lists no {entity}: there are {', '.join(sorted(ENTITIES))}")
        return once(pages)

    async def _customers(self, window: Window) -> AsyncIterator[Sequence[Listed]]:
        """Companies, and people without one: those of a company are part of its document."""
        async for page in self._pages(self._shop.paths.accounts, window, _account):
            yield page
        async for page in self._pages(self._shop.paths.users, window, _user):
            yield [row for row in page if row.native_id.startswith("user-")]

    async def _pages(self, path: str, window: Window, made: _Made) -> AsyncIterator[Sequence[Listed]]:
        try:
            async for page in changed(self._shop, path, window.since):
                found = []
                for row in page.rows:
                    at = parsed(row["createdDate"]) if row.get("createdDate") else None
                    if at is None or window.holds(at):
                        found.append(made(row, at))
                yield found
        except RefusedError as error:
            raise SourceRefusedError(str(error)) from error
        except NotSentError as error:
            raise SourceUnavailableError(str(error), error.retry_after) from error


def _order(row: Row, at: datetime | None) -> Listed:
    quantity = sum((Decimal(str(item["quantity"])) for item in one_list(row, "items")), Decimal(0))
    shown = facts(
        currency=str(row["currency"]),
        total=Decimal(str(row["totals"]["total"])),
        tax=Decimal(str(row["totals"]["tax"])),
        quantity=quantity,
        state=str(row["status"]),
    )
    return Listed("order", str(row["id"]), None, at, shown)


def _account(row: Row, at: datetime | None) -> Listed:
    return Listed("customer", f"account-{row['id']}", None, at)


def _user(row: Row, at: datetime | None) -> Listed:
    return Listed("customer", person(row)[1], None, at)


def _stock(row: Row, _at: datetime | None) -> Listed:
    """One row per SKU, location and section; its native id is made of them."""
    place = "|".join(str(row[name]) for name in ("sku", "locationKey", "sectionKey") if row.get(name))
    shown = facts(sku=str(row["sku"]), available=Decimal(str(row["quantityAvailable"])))
    return Listed("stock", place, None, None, shown)
