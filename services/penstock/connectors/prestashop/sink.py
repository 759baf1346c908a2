"""Writes to one shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx

from penstock.connectors.budget import Budget
from penstock.connectors.contract import CheckResult, Handler
from penstock.connectors.prestashop import rights
from penstock.connectors.prestashop.client import Shop
from penstock.connectors.prestashop.handlers.customer import CustomerHandler
from penstock.connectors.prestashop.handlers.moves import Mover
from penstock.connectors.prestashop.handlers.payment import PaymentHandler
from penstock.connectors.prestashop.handlers.shipment import ShipmentHandler
from penstock.connectors.prestashop.handlers.states import Ladder
from penstock.connectors.prestashop.handlers.status import StatusHandler
from penstock.connectors.prestashop.handlers.stock import StockHandler
from penstock.connectors.prestashop.reference import ReferenceData
from penstock.connectors.prestashop.settings import PrestashopSettings


class PrestashopSink:
    """Sink of one shop (penstock.connectors.contract.Sink)."""

    system = "prestashop"

    def __init__(
        self, settings: PrestashopSettings, budget: Budget, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.instance = settings.instance
        self.send_window = settings.send_window
        self.answer_window = settings.answer_window
        self._shop = Shop(settings, budget, transport)
        reference = ReferenceData(self._shop, settings.reference_ttl)
        mover = Mover(self._shop, reference, Ladder(settings.state_ranks))
        handlers: list[Handler] = [
            StatusHandler(self._shop, reference, mover),
            ShipmentHandler(self._shop, reference, mover),
            PaymentHandler(self._shop, reference, mover),
            StockHandler(self._shop, reference),
            CustomerHandler(self._shop, reference),
        ]
        self.handlers: Mapping[str, Handler] = {handler.entity: handler for handler in handlers}

    async def check(self) -> Sequence[CheckResult]:
        return await rights.check(self._shop, rights.WRITES)

    async def close(self) -> None:
        await self._shop.close()
