from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.clarity.client import Shop
from penstock.connectors.clarity.settings import ClaritySettings
from penstock.connectors.clarity.sink import ClaritySink
from penstock.connectors.clarity.source import ClaritySource
from tests.unit.clarity.fake_shop import FakeShop
from tests.unit.clarity.rows import TABLES

Settings = Callable[..., ClaritySettings]


@pytest.fixture
def shop() -> FakeShop:
    return FakeShop(TABLES)


@pytest.fixture
def settings() -> Settings:
    def make(**changed: Any) -> ClaritySettings:
        given = {
            "instance": "acme",
            "base_url": "https://shop.example",
            "client_id": "penstock",
            "client_secret": "plain:secret",
            "webhook_secret": "plain:new key",
            "webhook_secret_previous": "plain:old key",
            "bulk_wait": 0.005,
            "new_account_patience": 0,
        }
        return ClaritySettings(**(given | changed))

    return make


def budget() -> Budget:
    return Budget(BudgetSettings(concurrency=8))


@pytest.fixture
async def client(shop: FakeShop, settings: Settings) -> AsyncIterator[Shop]:
    made = Shop(settings(), budget(), shop.transport)
    yield made
    await made.close()


@pytest.fixture
async def source(shop: FakeShop, settings: Settings) -> AsyncIterator[ClaritySource]:
    made = ClaritySource(settings(), budget(), shop.transport)
    yield made
    await made.close()


@pytest.fixture
async def sink(shop: FakeShop, settings: Settings) -> AsyncIterator[ClaritySink]:
    made = ClaritySink(settings(), budget(), shop.transport)
    yield made
    await made.close()
