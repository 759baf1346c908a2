"""Small helpers: the value of one expression, and a mapping from a few lines of YAML."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from penstock.mapping import CodeTable, Mapping, MappingEnv, Rates, compile_mapping

Evaluate = Callable[..., Any]

RATES = """
base: EUR
max_age_days: 7
rounding: {mode: half_up}
rates:
  2025-03-03: {USD: "1.0465", GBP: "0.8279", JPY: "157.10"}
  2025-03-05: {USD: "1.0694"}
"""


@pytest.fixture
def env() -> MappingEnv:
    table = 'entries: {"2": paid, "3": processing, "4": shipped}'
    return MappingEnv(
        system="prestashop",
        instance="shop-fr",
        tag="PS1",
        tables={"order-status": CodeTable.from_text("order-status", table, "flows/f/tables/order-status.yaml")},
        rates=Rates.from_text(RATES),
        settings={"warehouse": "MAIN", "lead_days": 3},
        instances={"PS1": ("prestashop", "shop-fr")},
        policies={"tax": "header"},
        xref=lambda entity, canonical: "C000012" if (entity, canonical) == ("customer", "known") else None,
        address=lambda *parts, **fields: {**(parts[0] if parts else {}), **fields},
        match_key=lambda **fields: f"key-of-{fields['email']}",
    )


@pytest.fixture
def doc() -> dict[str, Any]:
    return {
        "order": {
            "id": 41,
            "reference": "XKBK",
            "current_state": "3",
            "gift": "1",
            "note": None,
            "total": "12.500000",
            "rows": [
                {"sku": "APR-S", "qty": "2", "price": "12.500000"},
                {"sku": "APR-M", "qty": "1", "price": "20.000000"},
                {"sku": "", "qty": "0", "price": "1.000000"},
            ],
        },
        "currency": {"iso_code": "EUR"},
        "number": Decimal("1.5"),
    }


@pytest.fixture
def evaluate(env: MappingEnv, doc: dict[str, Any]) -> Evaluate:
    """The value of one expression on `doc`, as a from-canonical mapping sees it (so that xref() is allowed)."""

    def value_of(expression: str, **names: Any) -> Any:
        return one_field(expression)({**doc, **names}, env)["it"]

    return value_of


def one_field(expression: str, **options: Any) -> Mapping:
    text = "from: a\nto: b\nfields:\n  it:\n    value: |-\n      " + expression.replace("\n", "\n      ") + "\n"
    return compile_mapping("order.from-canonical", text, **options)
