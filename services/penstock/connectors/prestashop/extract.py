"""Whole documents: the main row with everything it refers to, as parts in the shop's own words.

The parts of one document are read at the same time. The main row is read again at the end: if it moved meanwhile, the
parts may be of two moments, and all are read anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from penstock.connectors.contract import SourceUnavailableError
from penstock.connectors.http import Reply
from penstock.connectors.prestashop import fields
from penstock.connectors.prestashop.client import Listing, Shop, any_of
from penstock.connectors.prestashop.document import associated, ids
from penstock.connectors.prestashop.reference import ReferenceData
from penstock.connectors.prestashop.wire import Row, text
from penstock.records.raw import Part

READS_OF_A_MOVING_ROW = 3

_Found = Mapping[str, Listing | None]
"""Answers by role; None where there was nothing to ask for."""


class Extractor:
    """Reads documents of one shop. Every method gives None when the shop has no such document."""

    def __init__(self, shop: Shop, reference: ReferenceData) -> None:
        self._shop = shop
        self._reference = reference
        self.by_entity: dict[str, Callable[[str], Awaitable[list[Part] | None]]] = {
            "order": self.order,
            "customer": self.customer,
            "product": self.product,
            "refund": self.refund,
        }

    async def order(self, native_id: str) -> list[Part] | None:
        """About ten calls; three more when there are messages, vouchers or lines without a reference."""
        return await self._whole("order", "orders", native_id, "full", self._order_parts)

    async def customer(self, native_id: str) -> list[Part] | None:
        return await self._whole("customer", "customers", native_id, fields.CUSTOMER, self._customer_parts)

    async def product(self, native_id: str) -> list[Part] | None:
        return await self._whole("product", "products", native_id, fields.PRODUCT, self._product_parts)

    async def refund(self, native_id: str) -> list[Part] | None:
        return await self._whole("order_slip", "order_slip", native_id, "full", self._refund_parts)

    async def _whole(
        self, role: str, resource: str, native_id: str, display: str, parts_of: Callable[[Row], Awaitable[_Found]]
    ) -> list[Part] | None:
        async def main() -> Listing:
            return await self._shop.rows(resource, {"id": f"[{native_id}]"}, display=display)

        if not (native_id.isascii() and native_id.isdigit()):
            return None  # a filter is a small language of its own: nothing but a number goes into it
        before = await main()
        for _ in range(READS_OF_A_MOVING_ROW):
            if not before.rows:
                return None
            found = await parts_of(before.rows[0])
            after = await main()
            if after.rows == before.rows:
                return [part(role, before), *(part(name, answer) for name, answer in found.items() if answer)]
            before = after
        raise SourceUnavailableError(f"{resource} {native_id} changes faster than it can be read", 1.0)

    # --- parts of each -----------------------------------------------------------------------------------------

    async def _order_parts(self, order: Row) -> _Found:
        shop, of_order = self._shop, {"id_order": f"[{order['id']}]"}
        lines = associated(order, "order_rows")
        unnamed = [row for row in lines if not text(row.get("product_reference"))]
        found = await _together(
            order_details=shop.rows("order_details", of_order),
            order_cart_rules=shop.rows("order_cart_rules", of_order),
            order_payments=self._payments(text(order.get("reference"))),
            order_carriers=shop.rows("order_carriers", of_order),
            threads=shop.rows("customer_threads", of_order, display=fields.THREAD),
            customer=self._by_id("customers", ids([order], "id_customer"), fields.CUSTOMER),
            addresses=self._by_id("addresses", _both(order, "id_address_delivery", "id_address_invoice")),
            products=self._by_id("products", ids(lines, "product_id"), fields.LINE_PRODUCT),
            combinations=self._by_id("combinations", ids(unnamed, "product_attribute_id"), fields.LINE_COMBINATION),
            currencies=self._reference_rows("currencies", [order], "id_currency"),
            languages=self._reference_rows("languages", [order], "id_lang"),
            carriers=self._reference_rows("carriers", [order], "id_carrier"),
            order_states=self._reference_rows("order_states", [order], "current_state"),
        )
        threads = _rows(found.pop("threads"))
        taxes = [tax for row in _rows(found["order_details"]) for tax in associated(row, "taxes")]
        return found | await _together(
            countries=self._reference_rows("countries", _rows(found["addresses"]), "id_country"),
            states=self._reference_rows("states", _rows(found["addresses"]), "id_state"),
            taxes=self._reference_rows("taxes", taxes, "id"),
            categories=self._reference_rows("categories", _rows(found["products"]), "id_category_default"),
            cart_rules=self._by_id(
                "cart_rules", ids(_rows(found["order_cart_rules"]), "id_cart_rule"), fields.CART_RULE
            ),
            customer_messages=self._messages(threads),
        )

    async def _customer_parts(self, customer: Row) -> _Found:
        found = await _together(
            addresses=self._shop.rows("addresses", {"id_customer": f"[{customer['id']}]"}),
            languages=self._reference_rows("languages", [customer], "id_lang"),
        )
        return found | await _together(
            countries=self._reference_rows("countries", _rows(found["addresses"]), "id_country"),
            states=self._reference_rows("states", _rows(found["addresses"]), "id_state"),
        )

    async def _product_parts(self, product: Row) -> _Found:
        of_product = {"id_product": f"[{product['id']}]"}
        return await _together(
            combinations=self._shop.rows("combinations", of_product, display=fields.COMBINATION),
            stock_availables=self._shop.rows("stock_availables", of_product, display=fields.STOCK_ROW),
            categories=self._reference_rows("categories", [product], "id_category_default"),
        )

    async def _refund_parts(self, slip: Row) -> _Found:
        orders = await self._by_id("orders", ids([slip], "id_order"), fields.SLIP_ORDER)
        currencies = await self._reference_rows("currencies", _rows(orders), "id_currency")
        return {"orders": orders, "currencies": currencies}

    async def _payments(self, reference: str) -> Listing | None:
        if not reference:
            return None
        return await self._shop.rows("order_payments", {"order_reference": f"[{reference}]"}, display=fields.PAYMENT)

    async def _messages(self, threads: Sequence[Row]) -> Listing | None:
        wanted = ids(threads, "id")
        if not wanted:
            return None
        return await self._shop.rows(
            "customer_messages", {"id_customer_thread": any_of(wanted)}, display=fields.MESSAGE
        )

    async def _by_id(self, resource: str, wanted: Sequence[str], display: str = "full") -> Listing | None:
        return await self._shop.rows(resource, {"id": any_of(wanted)}, display=display) if wanted else None

    async def _reference_rows(self, resource: str, rows: Sequence[Row], field: str) -> Listing | None:
        return await self._reference.rows(resource, ids(rows, field))


async def _together(**calls: Awaitable[Listing | None]) -> dict[str, Listing | None]:
    return dict(zip(calls, await asyncio.gather(*calls.values()), strict=True))


def _both(row: Row, *names: str) -> list[str]:
    return sorted({native_id for name in names for native_id in ids([row], name)})


def _rows(listing: Listing | None) -> Sequence[Row]:
    return () if listing is None else listing.rows


def part(role: str, listing: Listing) -> Part:
    """The answer as a part of a raw document, byte for byte unless a secret field has to go."""
    reply, rows = listing.reply, list(listing.rows)
    clean = _clean(rows)
    body = reply.body if clean == rows else orjson.dumps({role: clean})
    return Part(role, reply.url, reply.status, reply.content_type, reply.received_at, body)


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _clean(entry) for name, entry in value.items() if name not in fields.SECRET_FIELDS}
    if isinstance(value, list):
        return [_clean(entry) for entry in value]
    return value


def reply_part(reply: Reply) -> Part:
    """A refused answer, for the dead letter."""
    return Part("refused", reply.url, reply.status, reply.content_type, reply.received_at, reply.body)
