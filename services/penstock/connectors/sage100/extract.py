"""Reads whole documents of a company: the main row, and what tells to which order it belongs and how far that is.

Native ids: order = SalesOrderNo, shipment = InvoiceNo (one through posting), invoice = InvoiceNo-HeaderSeqNo,
payment = its key fields joined with `|`, stock = ItemCode|WarehouseCode, customer = ARDivisionNo-CustomerNo,
item = ItemCode, price = item-ItemCode or customer-ARDivisionNo-CustomerNo-ItemCode.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from penstock.connectors.http import Reply, now_text
from penstock.connectors.sage100.client import (
    CASH_RECEIPT,
    CUSTOMER,
    INVOICE,
    ITEM,
    SALES_ORDER,
    SHIPMENT,
    STOCK,
    Row,
    SageClient,
    keyed,
)
from penstock.connectors.sage100.orders import reference_of, sibling_of
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.vocabulary import PART, REFERENCE
from penstock.records.raw import Part

PAYMENT_KEY = (
    "BankCode", "DepositDate", "DepositNo", "DepositType", "ARDivisionNo", "CustomerNo", "CreditCardEntryNo", "CheckNo",
    "SequenceNo",
)  # fmt: skip

Reader = Callable[["Extraction", str, Sequence[Part]], Awaitable[list[Part] | None]]


def row_part(role: str, row: Any, reply: Reply) -> Part:
    """A row, or rows, of a list as a part of its own."""
    return Part(role, reply.url, reply.status, "application/json", now_text(), orjson.dumps(row))


def payment_id(row: Row) -> str:
    return "|".join(str(row.get(name) or "") for name in PAYMENT_KEY)


def invoice_id(row: Row) -> str:
    return f"{row['InvoiceNo']}-{row.get('HeaderSeqNo') or '000000'}"


class Extraction:
    """Reads documents; a row that the poll carries is not read again."""

    def __init__(self, client: SageClient, settings: Sage100Settings) -> None:
        self._client = client
        self._settings = settings

    async def order(self, native_id: str, carried: Sequence[Part]) -> list[Part] | None:
        """With the other sales order of its web order, where that is in two parts."""
        main = _carried("order", carried) or await self._one("order", keyed(SALES_ORDER, native_id))
        if main is None:
            return None
        return [main, *await self._other(orjson.loads(main.body))]

    async def shipment(self, native_id: str, carried: Sequence[Part]) -> list[Part] | None:
        """With its order, and all shipments of that order: whether it is the last shows only beside the others."""
        main = _carried("shipment", carried) or await self._one("shipment", keyed(SHIPMENT, native_id))
        if main is None:
            return None
        number = str(orjson.loads(main.body).get("SalesOrderNo") or "")
        order = await self._one("order", keyed(SALES_ORDER, number)) if number else None
        if order is None or not self._is_ours(orjson.loads(order.body)):
            return [main] if order is None else [main, order]
        row = orjson.loads(order.body)
        others = await self._other(row)
        shipments: list[Row] = []
        reply = None
        for sales_order in (row, *(orjson.loads(other.body) for other in others)):
            filters = {"SalesOrderNo": str(sales_order["SalesOrderNo"]), "includeLines": "true"}
            async for page in self._client.pages(SHIPMENT, filters, 200):
                shipments += page.rows
                reply = page.reply
        assert reply is not None  # noqa: S101 - a list has at least one page
        return [main, order, *others, row_part("shipments", shipments, reply)]

    async def invoice(self, native_id: str, carried: Sequence[Part]) -> list[Part] | None:
        main = _carried("invoice", carried) or await self._one("invoice", keyed(INVOICE, native_id))
        return None if main is None else [main, *await self._order_of(orjson.loads(main.body))]

    async def payment(self, native_id: str, carried: Sequence[Part]) -> list[Part] | None:
        main = _carried("payment", carried)
        if main is None:
            values = native_id.split("|")
            if len(values) != len(PAYMENT_KEY):
                return None
            given = dict(zip(PAYMENT_KEY, values, strict=True))
            main = await self._first("payment", CASH_RECEIPT, {name: value for name, value in given.items() if value})
        if main is None:
            return None
        number = str(orjson.loads(main.body).get("InvoiceNo") or "")
        invoice = await self._first("invoice", INVOICE, {"InvoiceNo": number}) if number else None
        if invoice is None:
            return [main]
        return [main, invoice, *await self._order_of(orjson.loads(invoice.body))]

    async def stock(self, native_id: str, carried: Sequence[Part]) -> list[Part] | None:
        item, _, warehouse = native_id.rpartition("|")
        main = _carried("stock", carried)
        main = main or await self._first("stock", STOCK, {"ItemCode": item, "WarehouseCode": warehouse})
        return None if main is None else [main]

    async def customer(self, native_id: str, carried: Sequence[Part]) -> list[Part] | None:
        main = _carried("customer", carried) or await self._one("customer", keyed(CUSTOMER, native_id))
        return None if main is None else [main]

    async def item(self, native_id: str, carried: Sequence[Part]) -> list[Part] | None:
        main = _carried("item", carried) or await self._one("item", keyed(ITEM, native_id))
        return None if main is None else [main]

    async def price(self, native_id: str, carried: Sequence[Part]) -> list[Part] | None:
        """A list price is a part `item`, a customer's own a part `price`."""
        kind, _, key = native_id.partition("-")
        if kind == "item":
            return await self.item(key, carried)
        if main := _carried("price", carried):
            return [main]
        path = self._settings.profile.price_path
        if path is None:
            return None
        division, _, rest = key.partition("-")
        # customer numbers and item codes may both hold hyphens: the row that makes this very id is the one
        rows = await self._client.page(path, {"ARDivisionNo": division}, limit=500)
        row = next((row for row in rows.rows if f"{row.get('CustomerNo')}-{row.get('ItemCode')}" == rest), None)
        return [row_part("price", row, rows.reply)] if row else None

    def _is_ours(self, order: Row) -> bool:
        return bool(order.get(REFERENCE) or reference_of(str(order.get("SalesOrderNo") or ""), self._settings))

    async def _other(self, order: Row) -> list[Part]:
        if not order.get(PART):
            return []
        number = sibling_of(str(order["SalesOrderNo"]), self._settings)
        other = await self._one("other", keyed(SALES_ORDER, number)) if number else None
        return [other] if other else []

    async def _order_of(self, row: Row) -> list[Part]:
        """The order where its number does not say whose it is."""
        number = str(row.get("SalesOrderNo") or "")
        if not number or reference_of(number, self._settings):
            return []
        order = await self._one("order", keyed(SALES_ORDER, number))
        return [order] if order else []

    async def _one(self, role: str, path: str) -> Part | None:
        found = await self._client.get(path)
        return row_part(role, *found) if found else None

    async def _first(self, role: str, path: str, filters: Mapping[str, str]) -> Part | None:
        page = await self._client.page(path, filters, limit=1)
        return row_part(role, page.rows[0], page.reply) if page.rows else None


def _carried(role: str, carried: Sequence[Part]) -> Part | None:
    return next((part for part in carried if part.role == role), None)


READERS: Mapping[str, Reader] = {
    "order": Extraction.order,
    "shipment": Extraction.shipment,
    "invoice": Extraction.invoice,
    "payment": Extraction.payment,
    "stock": Extraction.stock,
    "customer": Extraction.customer,
    "item": Extraction.item,
    "price": Extraction.price,
}
