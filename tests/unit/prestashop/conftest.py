from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.prestashop.settings import PrestashopSettings
from penstock.connectors.prestashop.sink import PrestashopSink
from penstock.connectors.prestashop.source import PrestashopSource
from tests.unit.prestashop.fake_shop import FakeShop
from tests.unit.prestashop.shop_tables import TABLES

Settings = Callable[..., PrestashopSettings]


@pytest.fixture
def shop() -> FakeShop:
    return FakeShop(TABLES)


@pytest.fixture
def settings() -> Settings:
    def make(**changed: Any) -> PrestashopSettings:
        given = {
            "base_url": "https://shop.example/api",
            "key": "plain:ABCDEFGHIJKLMNOPQRSTUVWXYZ123456",
            "webhook_secret": "plain:new key",
            "webhook_secret_previous": "plain:old key",
        }
        return PrestashopSettings(**(given | changed))

    return make


@pytest.fixture
async def source(shop: FakeShop, settings: Settings) -> AsyncIterator[PrestashopSource]:
    made = PrestashopSource(settings(), Budget(BudgetSettings(concurrency=8)), shop.transport)
    yield made
    await made.close()


@pytest.fixture
async def sink(shop: FakeShop, settings: Settings) -> AsyncIterator[PrestashopSink]:
    made = PrestashopSink(settings(), Budget(BudgetSettings(concurrency=8)), shop.transport)
    yield made
    await made.close()
