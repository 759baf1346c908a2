"""Writes to one installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx

from penstock.connectors.budget import Budget
from penstock.connectors.clarity.bulk import Bulk
from penstock.connectors.clarity.check import WRITES, check
from penstock.connectors.clarity.client import Shop
from penstock.connectors.clarity.handlers.keyed import AccountHandler, ProductHandler
from penstock.connectors.clarity.handlers.notes import InvoiceHandler, PaymentHandler
from penstock.connectors.clarity.handlers.price import PriceHandler
from penstock.connectors.clarity.handlers.shipment import ShipmentHandler
from penstock.connectors.clarity.handlers.status import StatusHandler
from penstock.connectors.clarity.handlers.stock import StockHandler
from penstock.connectors.clarity.settings import ClaritySettings
from penstock.connectors.contract import CheckResult, Handler


class ClaritySink:
    """A `Sink`."""

    system = "clarity"

    def __init__(
        self, settings: ClaritySettings, budget: Budget, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.instance = settings.instance
        self.send_window = settings.send_window
        self.answer_window = settings.answer_window
        self._shop = Shop(settings, budget, transport)
        paths = settings.profile.paths
        handlers: Sequence[Handler] = (
            StatusHandler(self._shop),
            ShipmentHandler(self._shop),
            InvoiceHandler(self._shop),
            PaymentHandler(self._shop),
            StockHandler(self._shop, Bulk(self._shop, paths.inventory_bulk)),
            ProductHandler(self._shop),
            PriceHandler(self._shop, Bulk(self._shop, paths.prices_bulk)),
            AccountHandler(self._shop),
        )
        self.handlers: Mapping[str, Handler] = {handler.entity: handler for handler in handlers}

    async def check(self) -> Sequence[CheckResult]:
        return await check(self._shop, WRITES)

    async def close(self) -> None:
        await self._shop.close()
