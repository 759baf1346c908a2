"""Reads one Sage 100 company: polls by audit stamps, extracts whole documents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime

import httpx
import orjson
import structlog

from penstock.connectors.budget import Budget
from penstock.connectors.contract import (
    CheckResult,
    Listed,
    Notification,
    PollSet,
    SourceRefusedError,
    SourceUnavailableError,
    WebhookRefusedError,
)
from penstock.connectors.http import NotSentError, TooLargeError, now_text
from penstock.connectors.listing import Window
from penstock.connectors.sage100.check import SOURCE_READS, check_company
from penstock.connectors.sage100.client import (
    CASH_RECEIPT,
    CUSTOMER,
    INVOICE,
    ITEM,
    SALES_ORDER,
    SHIPMENT,
    STOCK,
    Page,
    Row,
    SageClient,
)
from penstock.connectors.sage100.customers import key_of
from penstock.connectors.sage100.document import fingerprint
from penstock.connectors.sage100.errors import RefusedError
from penstock.connectors.sage100.extract import PAYMENT_KEY, READERS, Extraction, invoice_id, payment_id, row_part
from penstock.connectors.sage100.listing import Listings
from penstock.connectors.sage100.orders import reference_of
from penstock.connectors.sage100.polling import KeysPoll, Notify, PollSpec, StampPoll
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.vocabulary import INVOICE as INVOICE_TYPE
from penstock.connectors.sage100.vocabulary import OVERRIDE_PRICE, PAYMENT, REFERENCE, REGULAR_ITEM
from penstock.records.raw import EntityRef, Part, RawDocument

SYSTEM = "sage100"
OPEN = ("N", "O", "H")
"""OrderStatus of an order that may still be deleted."""

RowId = Callable[[Row], str]

log = structlog.get_logger()


class Sage100Source:
    """A `Source`."""

    system = SYSTEM

    def __init__(
        self, settings: Sage100Settings, budget: Budget, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.instance = settings.instance
        self._settings = settings
        self._client = SageClient(settings, budget, transport=transport)
        self._extraction = Extraction(self._client, settings)
        self._listings = Listings(self._client, settings)
        self._ignored_prices: int | None = None
        self.polls: Sequence[PollSet] = self._poll_sets()

    async def extract(self, ref: EntityRef, carried: Sequence[Part]) -> RawDocument | None:
        reader = READERS.get(ref.entity)
        if reader is None:
            raise SourceRefusedError(f"sage100 has no {ref.entity}: there are {', '.join(READERS)}")
        try:
            parts = await reader(self._extraction, ref.native_id, carried)
        except RefusedError as error:
            body = Part("refusal", ref.entity, error.status, "application/json", now_text(), error.body)
            raise SourceRefusedError(str(error), [body]) from error
        except TooLargeError as error:
            raise SourceRefusedError(f"{ref} is too large to be read: {error}") from error
        except NotSentError as error:
            raise SourceUnavailableError(str(error), error.retry_after) from error
        return RawDocument(ref, tuple(parts)) if parts is not None else None

    def listing(self, entity: str, since: datetime | None, until: datetime | None) -> AsyncIterator[Sequence[Listed]]:
        return self._listings.of(entity, Window(since, until))

    def fingerprint(self, document: RawDocument) -> str:
        return fingerprint(document)

    def receive(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Sequence[Notification]:  # noqa: ARG002
        raise WebhookRefusedError(404, "Sage 100 sends no webhooks: changes are polled by DateUpdated and TimeUpdated")

    async def check(self) -> Sequence[CheckResult]:
        return await check_company(self._client, self._settings, SOURCE_READS)

    async def close(self) -> None:
        await self._client.close()

    # --- poll sets

    def _poll_sets(self) -> list[PollSet]:
        lines = {"includeLines": "true"}
        specs = [
            PollSpec("orders", SALES_ORDER, ("SalesOrderNo",), self._carrying("orders", "order", _order_id), lines,
                     dated=True),
            PollSpec("shipments", SHIPMENT, ("InvoiceNo",), self._carrying("shipments", "shipment", _shipment_id),
                     {**lines, "InvoiceType": INVOICE_TYPE}, dated=True),
            PollSpec("invoices", INVOICE, ("InvoiceNo", "HeaderSeqNo"),
                     self._carrying("invoices", "invoice", invoice_id), {**lines, "InvoiceType": INVOICE_TYPE},
                     dated=True),
            PollSpec("payments", CASH_RECEIPT, PAYMENT_KEY, self._carrying("payments", "payment", payment_id),
                     {"TransactionType": PAYMENT}, dated=True),
            PollSpec("stock", STOCK, ("ItemCode", "WarehouseCode"), self._carrying("stock", "stock", _stock_id)),
            PollSpec("customers", CUSTOMER, ("ARDivisionNo", "CustomerNo"),
                     self._carrying("customers", "customer", key_of)),
            PollSpec("items", ITEM, ("ItemCode",), self._items),
        ]  # fmt: skip
        polls: list[PollSet] = [StampPoll(spec, self._client, self._settings) for spec in specs]
        polls.append(KeysPoll("open-orders", self._settings, self._open_orders, self._gone, content=False))
        if self._settings.profile.price_path is not None:
            polls.append(KeysPoll("customer-prices", self._settings, self._customer_prices, self._priced, content=True))
        return polls

    def _note(self, poll_set: str, entity: str, native_id: str, carried: Sequence[Part] = ()) -> Notification:
        return Notification(EntityRef(SYSTEM, self.instance, entity, native_id), f"poll:{poll_set}", carried=carried)

    def _carrying(self, poll_set: str, entity: str, native_id: RowId) -> Notify:
        def notify(rows: Sequence[Row], page: Page) -> list[Notification]:
            return [self._note(poll_set, entity, native_id(row), [row_part(entity, row, page.reply)]) for row in rows]

        return notify

    def _items(self, rows: Sequence[Row], page: Page) -> list[Notification]:
        """Each item, and its list price as a document of its own; charges and comments are no products."""
        notes = []
        for row in rows:
            if str(row.get("ItemType") or REGULAR_ITEM) != REGULAR_ITEM:
                continue
            code, carried = str(row["ItemCode"]), [row_part("item", row, page.reply)]
            notes.append(self._note("items", "item", code, carried))
            notes.append(self._note("items", "price", f"item-{code}", carried))
        return notes

    async def _open_orders(self) -> dict[str, Row]:
        """Our open orders: a deleted one shows only by its absence."""
        found: dict[str, Row] = {}
        for status in OPEN:
            for row in await self._client.rows(SALES_ORDER, {"OrderStatus": status}, self._settings.page_size):
                number = str(row["SalesOrderNo"])
                if row.get(REFERENCE) or reference_of(number, self._settings):
                    found[number] = row
        return found

    def _gone(self, native_id: str, _row: Row | None) -> Notification:
        return self._note("open-orders", "order", native_id)

    async def _customer_prices(self) -> dict[str, Row]:
        """Prices that a customer has of its own; other pricing methods change a list price and are not read."""
        path = self._settings.profile.price_path or ""
        rows = await self._client.rows(path, {}, 500)
        own = [row for row in rows if row.get("CustomerNo") and row.get("ItemCode")]
        taken = [row for row in own if row.get("PricingMethod") == OVERRIDE_PRICE]
        if len(rows) - len(taken) != self._ignored_prices:
            self._ignored_prices = len(rows) - len(taken)
            log.info("prices_ignored", system=SYSTEM, count=self._ignored_prices, taken=len(taken))
        return {f"customer-{key_of(row)}-{row['ItemCode']}": row for row in taken}

    def _priced(self, native_id: str, row: Row | None) -> Notification:
        path = self._settings.profile.price_path or ""
        carried = [Part("price", path, 200, "application/json", now_text(), orjson.dumps(row))] if row else []
        return self._note("customer-prices", "price", native_id, carried)


def _order_id(row: Row) -> str:
    return str(row["SalesOrderNo"])


def _shipment_id(row: Row) -> str:
    return str(row["InvoiceNo"])


def _stock_id(row: Row) -> str:
    return f"{row['ItemCode']}|{row['WarehouseCode']}"
