"""Writes to one Infor CSI site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx

from penstock.connectors.budget import Budget
from penstock.connectors.contract import CheckResult, Decision, Handler, Hold, Task
from penstock.connectors.infor.check import check_site
from penstock.connectors.infor.client import InforClient
from penstock.connectors.infor.idos import SINK_READS, SINK_WRITES
from penstock.connectors.infor.items import Items
from penstock.connectors.infor.literals import plain
from penstock.connectors.infor.settings import InforSettings
from penstock.connectors.infor.sink_customer import CustomerHandler, CustomerRequestHandler
from penstock.connectors.infor.sink_order import OrderHandler


class RefundHandler:
    """A `Handler` of refunds: Infor CSI has no write for them over IDO REST, a clerk books the credit memo."""

    entity = "refund"
    mapping: str | None = None
    fresh = False

    async def plan(self, task: Task) -> Decision:
        refund = task.record
        crossing = task.lookup.xref("order", refund["order_id"]) if refund["order_id"] else None
        where = f"order {crossing.native_id}" if crossing and crossing.native_id else "the order, once it is booked"
        return Hold(
            f"Infor has no write for refunds: {refund['order_reference']} was refunded {plain(refund['gross'])} "
            f"{refund['currency']} with tax ({plain(refund['net'])} without, of it {plain(refund['shipping_net'])} for "
            f"shipping). Enter a credit memo against the invoice of {where} in Infor, or return the goods there; then "
            "reject this hold as done by hand"
        )


class InforSink:
    """A `Sink`."""

    system = "infor"

    def __init__(
        self, settings: InforSettings, budget: Budget, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.instance = settings.instance
        self.send_window = settings.send_window
        self.answer_window = settings.answer_window
        self._settings = settings
        self._client = InforClient(settings, budget, transport=transport)
        handlers: Sequence[Handler] = (
            OrderHandler(self._client, settings, Items(self._client, settings)),
            CustomerRequestHandler(self._client),
            CustomerHandler(self._client, settings),
            RefundHandler(),
        )
        self.handlers: Mapping[str, Handler] = {handler.entity: handler for handler in handlers}

    async def check(self) -> Sequence[CheckResult]:
        return await check_site(self._client, self._settings, SINK_READS, SINK_WRITES)

    async def close(self) -> None:
        await self._client.close()
