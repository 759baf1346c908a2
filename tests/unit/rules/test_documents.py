"""Validation of the records besides orders."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from penstock.rules.validate import Policy, validate
from tests.unit.rules.orders import ADDRESS

NOW = datetime(2025, 3, 4, tzinfo=UTC)
GOOD: dict[str, dict[str, Any]] = {
    "customer": {"email": "zoe@mail.example", "first_name": "Zoé", "last_name": "Lefèvre", "currency": "EUR",
                 "credit_limit": Decimal(5000), "addresses": [ADDRESS]},
    "product": {"sku": "APR", "name": "Linen apron", "price": Decimal("24.9"), "currency": "EUR",
                "weight": Decimal("0.2"),
                "variants": [{"id": "v", "native_id": "31", "sku": "APR-SND", "name": "Sand", "price": None}]},
    "price": {"sku": "APR", "amount": Decimal("24.9"), "currency": "EUR", "from_quantity": None},
    "order-status": {"order_reference": "PS1-41", "status": "processing", "source_status": "O", "changed_at": NOW},
    "payment": {"order_reference": "PS1-41", "currency": "EUR", "amount": Decimal("65.76"), "received_at": NOW},
    "invoice": {"number": "INV1", "currency": "EUR", "total": Decimal("65.76"), "tax": None, "invoiced_at": NOW,
                "lines": [{"sku": "APR", "quantity": Decimal(2), "amount": Decimal("49.8")}]},
    "shipment": {"order_reference": "PS1-41", "shipped_at": NOW, "tracking_numbers": ["1Z99"],
                 "lines": [{"sku": "APR", "quantity": Decimal(2)}]},
    "stock-level": {"sku": "APR", "warehouse": "MAIN", "on_hand": Decimal(5), "allocated": Decimal(9),
                    "reserved": Decimal(0), "available": Decimal(-4)},
    "refund": {"currency": "EUR", "net": Decimal(10), "gross": Decimal(12), "shipping_net": Decimal(0),
               "refunded_at": NOW,
               "lines": [{"order_line_native_id": "77", "quantity": Decimal(1), "net": Decimal(9),
                          "gross": Decimal(9)}]},
}  # fmt: skip


def rules(entity: str, record: dict[str, Any]) -> set[tuple[str, str]]:
    return {(verdict.rule, verdict.severity) for verdict in validate(entity, record, Policy())}


@pytest.mark.parametrize("entity", GOOD)
def test_a_sound_record_passes(entity: str) -> None:
    assert rules(entity, GOOD[entity]) == set()


@pytest.mark.parametrize(
    ("entity", "change", "rule", "severity"),
    [
        ("customer", {"email": "zoe"}, "email", "hold"),
        ("customer", {"first_name": None, "last_name": ""}, "name", "hold"),
        ("customer", {"currency": "EURO"}, "currency", "hold"),
        ("customer", {"addresses": [ADDRESS | {"country_code": "??"}]}, "country", "hold"),
        ("customer", {"credit_limit": Decimal("NaN")}, "number", "dead-letter"),
        ("product", {"name": " "}, "required", "dead-letter"),
        ("product", {"price": Decimal(-1)}, "price", "hold"),
        ("product", {"variants": [{"sku": "\x00"}]}, "text", "dead-letter"),
        ("price", {"amount": Decimal(-1)}, "price", "hold"),
        ("price", {"sku": None}, "required", "dead-letter"),
        ("order-status", {"status": "lost"}, "status", "hold"),
        ("payment", {"amount": Decimal(0)}, "price", "hold"),
        ("payment", {"currency": None}, "currency", "hold"),
        ("invoice", {"number": None}, "required", "dead-letter"),
        ("invoice", {"invoiced_at": None}, "date", "dead-letter"),
        ("invoice", {"lines": [{"sku": "", "quantity": Decimal(1), "amount": Decimal(1)}]}, "required", "dead-letter"),
        ("shipment", {"lines": [{"sku": "APR", "quantity": Decimal(-1)}]}, "quantity", "hold"),
        ("shipment", {"tracking_numbers": ["\x1b[2J"]}, "text", "dead-letter"),
        ("stock-level", {"available": None}, "required", "dead-letter"),
        ("stock-level", {"warehouse": ""}, "required", "dead-letter"),
        ("refund", {"gross": Decimal(-1)}, "price", "hold"),
    ],
)
def test_what_is_wrong_is_named(entity: str, change: dict[str, Any], rule: str, severity: str) -> None:
    assert rules(entity, GOOD[entity] | change) == {(rule, severity)}


def test_an_entity_without_rules_is_an_error() -> None:
    with pytest.raises(ValueError, match="no rules for 'Order'; there is order,"):
        validate("Order", {}, Policy())
