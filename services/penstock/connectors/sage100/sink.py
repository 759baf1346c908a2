"""Writes to one Sage 100 company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx

from penstock.connectors.budget import Budget
from penstock.connectors.contract import CheckResult, Decision, Handler, Hold, Settled, Task
from penstock.connectors.sage100.check import SINK_READS, check_company
from penstock.connectors.sage100.client import SageClient
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.sink_customer import CustomerHandler, CustomerRequestHandler
from penstock.connectors.sage100.sink_order import OrderHandler
from penstock.records.money import to_minor_unit


class RefundHandler:
    """A `Handler` of refunds: the facade has no write for a credit memo, a clerk books it."""

    entity = "refund"
    mapping: str | None = None
    fresh = False

    async def plan(self, task: Task) -> Decision:
        refund = task.record
        crossing = task.lookup.xref("order", refund["order_id"]) if refund["order_id"] else None
        with_tax, without, shipping = (
            to_minor_unit(refund[name], refund["currency"]) for name in ("gross", "net", "shipping_net")
        )
        where = f"order {crossing.native_id}" if crossing and crossing.native_id else "the order, once it is booked"
        return Hold(
            f"Sage 100 has no write for refunds: {refund['order_reference']} was refunded {with_tax} "
            f"{refund['currency']} with tax ({without} without, of it {shipping} for shipping). Enter a credit memo "
            f"against the invoice of {where} in Sage 100; then reject this hold as done by hand",
            rule="refund",
        )


class ProductHandler:
    """A `Handler` of products: items are made in Sage 100, the facade only reads them."""

    entity = "product"
    mapping: str | None = None
    fresh = False

    async def plan(self, task: Task) -> Decision:
        sku = task.record["sku"] or task.record["source"]["native_id"]
        return Settled(
            "not-routed", f"Sage 100 has no write for items: add item {sku} in Inventory Management, or an alias"
        )


class Sage100Sink:
    """A `Sink`."""

    system = "sage100"

    def __init__(
        self, settings: Sage100Settings, budget: Budget, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.instance = settings.instance
        self.send_window = settings.send_window
        self.answer_window = settings.answer_window
        self._settings = settings
        self._client = SageClient(settings, budget, transport=transport)
        handlers: Sequence[Handler] = (
            OrderHandler(self._client, settings),
            CustomerRequestHandler(self._client, settings),
            CustomerHandler(self._client, settings),
            RefundHandler(),
            ProductHandler(),
        )
        self.handlers: Mapping[str, Handler] = {handler.entity: handler for handler in handlers}

    async def check(self) -> Sequence[CheckResult]:
        return await check_company(self._client, self._settings, SINK_READS)

    async def close(self) -> None:
        await self._client.close()
