"""What the connector says of itself agrees with what it does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.clarity import SPEC
from penstock.connectors.clarity.profile import ClarityProfile
from penstock.connectors.clarity.settings import ClaritySettings
from penstock.connectors.clarity.sink import ClaritySink
from penstock.connectors.clarity.source import ClaritySource
from penstock.connectors.registry import connector
from tests.unit.clarity.fake_shop import FakeShop

README = (Path(str(SPEC.mappings)).parent / "README.md").read_text(encoding="utf-8")


def test_the_registry_knows_it() -> None:
    assert connector("clarity") is SPEC


def test_the_readme_names_every_setting() -> None:
    table = README.split("## Settings")[1].split("## Reading")[0]
    assert set(re.findall(r"`(\w+)`", table)) >= set(ClaritySettings.model_fields) | set(ClarityProfile.model_fields)


def test_the_readme_names_every_write_with_its_class() -> None:
    table = README.split("## Writing")[1]
    for write in SPEC.writes:
        name = "".join(word.capitalize() for word in write.canonical.split("-"))
        assert f"| {name} | `{write.step}` | {write.kind} |" in table


def test_every_handler_has_a_write_and_a_mapping(shop: FakeShop, settings) -> None:
    sink = ClaritySink(settings(), Budget(BudgetSettings()), shop.transport)
    assert set(sink.handlers) == {write.canonical for write in SPEC.writes}
    for handler in sink.handlers.values():
        assert (SPEC.mappings / f"{handler.mapping}.yaml").is_file()
    for entity in SPEC.reads:
        assert (SPEC.mappings / f"{entity}.to-canonical.yaml").is_file()


async def test_check_names_every_missing_scope(source: ClaritySource, sink: ClaritySink, shop: FakeShop) -> None:
    shop.token["scope"] = "orders:read products:read customers:read payments:read orders:write"
    assert all(result.ok for result in await source.check())
    missing = {result.name for result in await sink.check() if not result.ok}
    assert missing == {"shipments:read", "shipments:write", "inventory:read", "inventory:write", "products:write",
                       "customers:write"}  # fmt: skip


async def test_check_finds_by_reading_what_no_token_tells(source: ClaritySource, shop: FakeShop) -> None:
    shop.hooks.append(lambda request: shop.error(403, "no") if "accounts" in request.url.path else None)
    assert [result.name for result in await source.check() if not result.ok] == ["customers:read"]


@pytest.mark.parametrize("field", ["client_secret", "webhook_secret"])
def test_secrets_do_not_print(settings, field: str) -> None:
    assert "secret'" not in repr(getattr(settings(), field))
