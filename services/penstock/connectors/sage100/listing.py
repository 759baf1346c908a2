"""Lists the orders, customers and stock of a company, in the order of their audit stamps (systems/sage100.md 5.3).

A row that is edited between pages moves to the end and shows again. What was created since was changed since, so the
list starts there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from penstock.connectors.contract import Listed, SourceRefusedError, SourceUnavailableError
from penstock.connectors.http import NotSentError
from penstock.connectors.listing import Window, facts, once
from penstock.connectors.sage100.client import CUSTOMER, SALES_ORDER, STOCK, Row, SageClient
from penstock.connectors.sage100.customers import key_of
from penstock.connectors.sage100.errors import RefusedError
from penstock.connectors.sage100.items import available_of
from penstock.connectors.sage100.orders import number, reference_of, sage_total
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.vocabulary import COMMENT, REFERENCE, created_at, is_charge

ENTITIES = frozenset({"order", "customer", "stock"})

_Made = Callable[[Row, datetime | None], Listed]


class Listings:
    """Listings of one company (penstock.connectors.contract.Source.listing)."""

    def __init__(self, client: SageClient, settings: Sage100Settings) -> None:
        self._client = client
        self._settings = settings

    def of(self, entity: str, window: Window) -> AsyncIterator[Sequence[Listed]]:
        match entity:
            case "order":
                pages = self._pages(SALES_ORDER, {"includeLines": "true"}, window, self._order)
            case "customer":
                pages = self._pages(CUSTOMER, {}, window, _customer)
            case "stock":
                pages = self._pages(STOCK, {}, Window(None, None), self._stock)
            case _:
                raise SourceRefusedError(f"sage100 lists no {entity}: there are {', '.join(sorted(ENTITIES))}")
        return once(pages)

    async def _pages(
        self, path: str, filters: Mapping[str, str], window: Window, made: _Made
    ) -> AsyncIterator[Sequence[Listed]]:
        zone = self._settings.zone
        since, _ = window.local(zone)
        asked = {**filters, "updatedSince": since.isoformat(timespec="seconds")} if since else filters
        try:
            async for page in self._client.pages(path, asked, self._settings.page_size):
                found = []
                for row in page.rows:
                    local = created_at(row)
                    at = window.moment(datetime.fromisoformat(local), zone) if local else None
                    if at is not None or not local:
                        found.append(made(row, at))
                yield found
        except RefusedError as error:
            raise SourceRefusedError(str(error)) from error
        except NotSentError as error:
            raise SourceUnavailableError(str(error), error.retry_after) from error

    def _order(self, row: Row, at: datetime | None) -> Listed:
        native_id = str(row["SalesOrderNo"])
        goods = [line for line in row.get("Lines") or () if not _aside(line)]
        shown = facts(
            currency=self._settings.base_currency,
            total=sage_total(row),
            tax=number(row, "SalesTaxAmt"),
            quantity=sum((number(line, "QuantityOrdered") for line in goods), Decimal(0)),
            state=str(row.get("OrderStatus") or ""),
        )
        reference = str(row.get(REFERENCE) or "").strip() or reference_of(native_id, self._settings)
        return Listed("order", native_id, reference, at, shown)

    def _stock(self, row: Row, at: datetime | None) -> Listed:
        free = max(available_of(row, self._settings.available), Decimal(0))
        item = str(row["ItemCode"])
        return Listed("stock", f"{item}|{row['WarehouseCode']}", None, at, facts(sku=item, available=free))


def _customer(row: Row, at: datetime | None) -> Listed:
    return Listed("customer", key_of(row), None, at)


def _aside(line: Mapping[str, object]) -> bool:
    """A line that is no goods: a charge or a comment."""
    return is_charge(str(line.get("ItemCode") or "")) or line.get("ItemType") == COMMENT
