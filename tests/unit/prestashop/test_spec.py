"""What the connector says of itself agrees with what it does."""

from __future__ import annotations

import re
from pathlib import Path

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.prestashop import SPEC, rights
from penstock.connectors.prestashop.settings import PrestashopSettings
from penstock.connectors.prestashop.sink import PrestashopSink
from penstock.connectors.prestashop.source import PrestashopSource
from penstock.records.raw import EntityRef
from tests.unit.prestashop.fake_shop import FakeShop

README = (Path(str(SPEC.mappings)).parent / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_every_setting() -> None:
    table = README.split("## Settings")[1].split("## Reading")[0]
    assert set(re.findall(r"`(\w+)`", table)) >= set(PrestashopSettings.model_fields)


def test_the_readme_names_every_write_with_its_class() -> None:
    table = README.split("## Writing")[1]
    for write in SPEC.writes:
        name = "".join(word.capitalize() for word in write.canonical.split("-"))
        assert f"| {name} | `{write.step}` | {write.kind} |" in table


def test_every_handler_has_a_write_and_a_mapping(shop: FakeShop, settings) -> None:
    sink = PrestashopSink(settings(), Budget(BudgetSettings()), shop.transport)
    assert set(sink.handlers) == {write.canonical for write in SPEC.writes}
    for handler in sink.handlers.values():
        assert (SPEC.mappings / f"{handler.mapping}.yaml").is_file()
    for entity in SPEC.reads:
        assert (SPEC.mappings / f"{entity}.to-canonical.yaml").is_file()


async def test_every_resource_that_is_read_is_checked(source: PrestashopSource, shop: FakeShop) -> None:
    for entity, native_id in (("order", "41"), ("customer", "12"), ("product", "8"), ("refund", "1")):
        await source.extract(EntityRef("prestashop", "1", entity, native_id))
    for poll in source.polls:
        async for _ in poll.poll(None):
            pass
    assert {path for _, path, _ in shop.calls} <= set(rights.READS)


def test_only_a_version_that_can_patch_needs_the_right_to() -> None:
    assert rights.WRITES["customers"] == ("GET", "PATCH")
    assert "CHANGE" in rights.WRITES["stock_availables"]
