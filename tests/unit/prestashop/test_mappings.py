"""The YAML mappings on whole documents, into the canonical schemas."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.connectors.prestashop import SPEC
from penstock.connectors.prestashop.source import PrestashopSource
from penstock.mapping import CodeTable, MappingEnv, MappingError, compile_mapping, from_payload, root_name
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef
from penstock.rules.address import standardise
from tests.unit.prestashop.fake_shop import FakeShop

ROOT = Path(__file__).parents[3]
TABLES = {
    path.stem: CodeTable(
        path.stem, {str(key): str(value) for key, value in data["entries"].items()}, path.name, data.get("default")
    )
    for path in (ROOT / "flows/prestashop-infor/tables").glob("*.yaml")
    if "entries" in (data := yaml.safe_load(path.read_text()))
}


def env(**settings: Any) -> MappingEnv:
    return MappingEnv(
        "prestashop",
        "1",
        tag="PS1",
        tables=TABLES,
        settings={"currency": "EUR", **settings},
        address=lambda **fields: standardise(fields),
    )


async def canonical(source: PrestashopSource, settings: Any, entity: str, native_id: str) -> dict[str, Any]:
    raw = await source.extract(EntityRef("prestashop", "1", entity, native_id))
    assert raw is not None
    schema = json.loads((ROOT / f"schemas/avro/{entity}.avsc").read_text())
    name = f"{entity}.to-canonical"
    mapping = compile_mapping(
        name, (SPEC.mappings / f"{name}.yaml").read_text(), target_schema=schema, secrets=SPEC.secret_fields
    )
    return mapping(SPEC.open_document(raw, settings()), env())


def payload(entity: str, record: dict[str, Any]) -> dict[str, Any]:
    name = f"{entity}.from-canonical"
    shape = from_payload(f"{entity}.payload.yaml", (SPEC.mappings / f"{entity}.payload.yaml").read_text())
    mapping = compile_mapping(name, (SPEC.mappings / f"{name}.yaml").read_text(), target_schema=shape)
    return mapping({root_name(mapping.source): record}, env())


async def test_an_order_is_mapped_as_the_shop_charged_it(source: PrestashopSource, settings) -> None:
    order = await canonical(source, settings, "order", "41")
    assert order["number"] == "QWLRTKZPA"
    assert order["reference"] == "PS1-41"
    assert order["status"] == "paid"
    assert order["source_status"] == "2"
    assert order["placed_at"].isoformat() == "2025-03-04T09:05:02+00:00"
    assert order["currency"] == "EUR"
    assert order["language"] == "fr"
    assert order["customer_id"] == canonical_id("prestashop", "1", "customer", "12")
    assert order["customer"]["email"] == "zoe.durand@example.com"
    assert order["customer"]["vat_number"] == "FR40303265045"
    assert order["ship_to"]["country_code"] == "FR"
    assert order["payment_method"] == "bank-transfer"
    assert order["carrier"] == {"code": "2", "name": "My carrier"}
    [line] = order["lines"]
    assert line["sku"] == "APR-SND"
    assert line["variant_native_id"] == "31"
    assert line["category"] == "Kitchen"
    assert (line["net"], line["tax"], line["gross"]) == (Decimal("49.8"), Decimal("9.96"), Decimal("59.76"))
    assert line["taxes"] == [{"code": "1", "rate": Decimal(20), "amount": Decimal("9.96")}]
    assert order["shipping"]["rate"] == Decimal(20)
    totals = order["totals"]
    assert totals["lines_net"] + order["shipping"]["net"] == totals["net"] == Decimal("54.8")
    assert totals["gross"] == Decimal("65.76")
    assert order["payments"][0]["amount"] == Decimal("65.76")
    assert json.loads(order["extras"]["invoice_number"]) == 23
    assert "secure_key" not in order["extras"]


async def test_the_same_order_from_1_7_where_every_number_is_text_is_the_same(
    source: PrestashopSource, shop: FakeShop, settings
) -> None:
    modern = await canonical(source, settings, "order", "41")

    def as_text(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: as_text(entry) for name, entry in value.items() if name != "note"}
        return [as_text(entry) for entry in value] if isinstance(value, list) else str(value)

    for rows in shop.tables.values():
        rows[:] = [as_text(row) | {"id": row["id"]} for row in rows]
    old = await canonical(source, settings, "order", "41")
    assert {**old, "extras": None} == {**modern, "extras": None}


async def test_a_line_without_combination_has_no_variant(source: PrestashopSource, shop: FakeShop, settings) -> None:
    shop.row("order_details", 77)["product_attribute_id"] = 0
    [line] = (await canonical(source, settings, "order", "41"))["lines"]
    assert line["variant_id"] is None
    assert line["variant_native_id"] is None


async def test_a_line_without_reference_takes_the_combinations(
    source: PrestashopSource, shop: FakeShop, settings
) -> None:
    shop.row("order_details", 77)["product_reference"] = ""
    shop.row("orders", 41)["associations"]["order_rows"][0]["product_reference"] = ""
    [line] = (await canonical(source, settings, "order", "41"))["lines"]
    assert line["sku"] == "APR-SND"


async def test_several_taxes_of_a_line_share_its_tax_by_rate(
    source: PrestashopSource, shop: FakeShop, settings
) -> None:
    shop.tables["taxes"] = [{"id": 1, "rate": "15.000"}, {"id": 2, "rate": "5.000"}]
    shop.row("order_details", 77)["associations"] = {"taxes": [{"id": 1}, {"id": 2}]}
    [line] = (await canonical(source, settings, "order", "41"))["lines"]
    assert [tax["amount"] for tax in line["taxes"]] == [Decimal("7.47"), Decimal("2.49")]


async def test_vouchers_and_messages_come_along(source: PrestashopSource, shop: FakeShop, settings) -> None:
    shop.tables["order_cart_rules"] = [
        {"id": 1, "id_order": 41, "id_cart_rule": 6, "name": "Spring", "value": "6.000000",
         "value_tax_excl": "5.000000", "free_shipping": "0", "deleted": "0"},
        {"id": 2, "id_order": 41, "id_cart_rule": 7, "name": "Gone", "value": "1", "value_tax_excl": "1",
         "free_shipping": "0", "deleted": "1"},
    ]  # fmt: skip
    shop.tables["cart_rules"] = [{"id": 6, "code": "SPRING5"}]
    shop.tables["customer_threads"] = [{"id": 3, "id_order": 41, "token": "abc"}]
    shop.tables["customer_messages"] = [
        {
            "id": 9,
            "id_customer_thread": 3,
            "message": "Please ring twice",
            "private": "0",
            "date_add": "2025-03-04 10:06:00",
        }
    ]
    order = await canonical(source, settings, "order", "41")
    assert order["discounts"] == [
        {"code": "SPRING5", "name": "Spring", "net": Decimal(5), "gross": Decimal(6), "free_shipping": False}
    ]
    assert order["messages"][0]["text"] == "Please ring twice"


@pytest.mark.parametrize(("flags", "status"), [("11101", "processing"), ("11111", "shipped"), ("11001", "paid")])
async def test_a_state_of_the_merchants_own_is_known_by_its_flags(
    source: PrestashopSource, shop: FakeShop, settings, flags: str, status: str
) -> None:
    names = ("invoice", "logable", "delivery", "shipped", "paid")
    shop.tables["order_states"].append({"id": 33, **dict(zip(names, flags, strict=True))})
    shop.row("orders", 41)["current_state"] = 33
    order = await canonical(source, settings, "order", "41")
    assert order["status"] == status
    assert order["source_status"] == "33"


async def test_a_state_that_says_nothing_is_an_error_that_names_the_table(
    source: PrestashopSource, shop: FakeShop, settings
) -> None:
    shop.row("orders", 41)["current_state"] = 99
    with pytest.raises(MappingError, match="prestashop-order-status") as caught:
        await canonical(source, settings, "order", "41")
    assert "99" in str(caught.value)


async def test_a_mapping_leaves_the_parts_that_documents_share_as_they_were(source: PrestashopSource, settings) -> None:
    raw = await source.extract(EntityRef("prestashop", "1", "order", "41"))
    assert raw is not None
    before = copy.deepcopy(SPEC.open_document(raw, settings()))
    first = await canonical(source, settings, "order", "41")
    assert SPEC.open_document(raw, settings()) == before
    assert await canonical(source, settings, "order", "41") == first


async def test_a_missing_country_is_an_error_that_names_it(source: PrestashopSource, shop: FakeShop, settings) -> None:
    shop.tables["countries"] = []
    with pytest.raises(MappingError, match="country"):
        await canonical(source, settings, "order", "41")


async def test_a_virtual_order_has_no_carrier(source: PrestashopSource, shop: FakeShop, settings) -> None:
    shop.row("orders", 41)["id_carrier"] = 0
    assert (await canonical(source, settings, "order", "41")).get("carrier") is None


async def test_a_customer_keeps_only_addresses_in_use(source: PrestashopSource, shop: FakeShop, settings) -> None:
    shop.row("addresses", 17)["deleted"] = "1"
    customer = await canonical(source, settings, "customer", "12")
    assert [address["native_id"] for address in customer["addresses"]] == ["18"]
    assert customer["vat_number"] == "FR40303265045"
    assert customer["active"] is True
    assert customer["phone"] == "+33 1 23 45 67 89"


async def test_a_product_has_its_combinations_as_variants(source: PrestashopSource, settings) -> None:
    product = await canonical(source, settings, "product", "8")
    assert product["name"] == "Linen apron"
    assert product["category"] == "Kitchen"
    [variant] = product["variants"]
    assert variant["sku"] == "APR-SND"
    assert variant["price"] == Decimal("26.4")
    assert variant["id"] == canonical_id("prestashop", "1", "variant", "31")


async def test_a_credit_slip_is_a_refund_of_its_order(source: PrestashopSource, shop: FakeShop, settings) -> None:
    shop.tables["order_slip"] = [
        {
            "id": 2, "id_customer": 12, "id_order": 41, "conversion_rate": "1.000000",
            "total_products_tax_excl": "24.900000",
            "total_products_tax_incl": "29.880000", "total_shipping_tax_excl": "5.000000",
            "total_shipping_tax_incl": "6.000000", "amount": "35.880000", "date_add": "2025-03-06 11:00:00",
            "date_upd": "2025-03-06 11:00:00", "order_slip_type": 0,
            "associations": {"order_slip_details": [{"id": 1, "id_order_detail": 77, "product_quantity": 1,
                             "amount_tax_excl": "24.900000", "amount_tax_incl": "29.880000"}]},
        }
    ]  # fmt: skip
    refund = await canonical(source, settings, "refund", "2")
    assert refund["order_id"] == canonical_id("prestashop", "1", "order", "41")
    assert refund["order_reference"] == "PS1-41"
    assert (refund["net"], refund["gross"]) == (Decimal("29.9"), Decimal("35.88"))
    assert refund["lines"][0]["order_line_native_id"] == "77"


def test_payloads_for_the_shop() -> None:
    source = {"system": "infor", "instance": "DALS", "native_id": "INV1/2"}
    assert payload("order-status", {"status": "shipped"}) == {"status": "shipped", "state": "4"}
    assert payload("shipment", {"tracking_numbers": [" 1Z9 ", ""], "complete": True}) == {
        "tracking_numbers": ["1Z9"],
        "complete": True,
        "state": "4",
    }
    paid = payload("payment", {"amount": Decimal("65.76"), "currency": "EUR", "method": None, "source": source})
    assert paid["transaction_id"] == "DALS:INV1/2"
    assert paid["state"] == "2"
    stock = payload("stock-level", {"sku": "LEGACY-1000", "warehouse": "MAIN", "available": Decimal(3)})
    assert stock["sku"] == "BAG-STR-WHT"
    assert payload("stock-level", {"sku": "MUG", "warehouse": "MAIN", "available": Decimal(3)})["sku"] == "MUG"
    assert payload("customer", {"company": None, "credit_limit": None}) == {}
