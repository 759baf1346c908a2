"""What the mapping engine costs: a 1.9 kB shop order with four lines, mapped and by hand.

    python benchmarks/mapping.py [--number 20000]

`by hand` calls the same conversion functions from plain Python, so the difference is the engine's own share: look-ups,
the check of every value against the schema, and the line numbers that errors need (those cost nothing).
"""

from __future__ import annotations

import argparse
import json
import platform
import timeit
from collections.abc import Callable
from typing import Any

import orjson

from penstock.mapping import CodeTable, MappingEnv, compile_mapping
from penstock.mapping.functions.context import code, id_, reference
from penstock.mapping.functions.numbers import decimal, integer, money
from penstock.mapping.functions.texts import blank_to_null, lower, text, trim
from penstock.mapping.functions.times import local_time
from penstock.resources import resource

MAPPING = """
from: shop.order
to: Order
fields:
  number: order.reference
  reference: reference(order.id)
  placed_at: local_time(order.date_add, zone=shop.time_zone)
  status: code("order-status", order.current_state)
  source_status: text(order.current_state)
  currency: currency.iso_code
  customer_id: id("customer", order.id_customer)
  customer:
    fields:
      native_id: text(order.id_customer)
      email: lower(trim(customer.email))
      first_name: trim(customer.firstname)
      last_name: trim(customer.lastname)
  payment_method: code("payment", order.module)
  payment_module: order.module
  paid_total: money(order.total_paid_real, currency.iso_code)
  lines:
    for: row in order.associations.order_rows
    fields:
      native_id: text(row.id)
      number: integer(row.position)
      sku: blank_to_null(row.product_reference)
      variant_id: id("variant", row.product_attribute_id)
      name: row.product_name
      quantity: decimal(row.product_quantity)
      unit_price: money(row.unit_price_tax_excl, currency.iso_code)
      unit_price_gross: money(row.unit_price_tax_incl, currency.iso_code)
"""


def document() -> dict[str, Any]:
    rows = [
        {
            "id": str(700 + at),
            "position": at + 1,
            "product_id": str(20 + at),
            "product_attribute_id": str(90 + at),
            "product_quantity": "2",
            "product_name": f"Apron, linen, size {at}",
            "product_reference": f"APR-SND-{at}",
            "product_price": "12.500000",
            "unit_price_tax_incl": "15.000000",
            "unit_price_tax_excl": "12.500000",
        }
        for at in range(4)
    ]
    order = {
        "id": 41,
        "reference": "XKBKNABJK",
        "id_customer": 12,
        "id_cart": 96,
        "id_currency": 1,
        "id_carrier": 3,
        "current_state": "2",
        "module": "ps_wirepayment",
        "date_add": "2025-03-04 10:12:31",
        "date_upd": "2025-03-04 10:12:31",
        "payment": "Payment by bank transfer",
        "total_paid": "120.000000",
        "total_paid_real": "120.000000",
        "total_products": "100.000000",
        "total_shipping": "0.000000",
        "total_shipping_tax_incl": "0.000000",
        "total_shipping_tax_excl": "0.000000",
        "total_discounts": "0.000000",
        "total_wrapping": "0.000000",
        "conversion_rate": "1.000000",
        "id_address_delivery": 17,
        "id_address_invoice": 18,
        "secure_reference": "b44a6d9efd7a0076a0fbce6b15eaf3b1",
        "gift_message": "",
        "associations": {"order_rows": rows},
    }
    customer = {"email": "Ann.Lee@example.com", "firstname": "Ann", "lastname": "Lee"}
    return {
        "order": order,
        "customer": customer,
        "currency": {"iso_code": "EUR"},
        "shop": {"time_zone": "Europe/Paris"},
    }


def environment() -> MappingEnv:
    tables = {
        "order-status": CodeTable.from_text("order-status", 'entries: {"2": paid, "3": processing}'),
        "payment": CodeTable.from_text("payment", "entries: {ps_wirepayment: bank-transfer}"),
    }
    return MappingEnv("shop", "fr", "PS1", tables=tables, instances={"PS1": ("shop", "fr")})


def by_hand(doc: dict[str, Any], env: MappingEnv) -> dict[str, Any]:
    order, customer, currency = doc["order"], doc["customer"], doc["currency"]
    return {
        "number": order["reference"],
        "reference": reference(env, order["id"]),
        "placed_at": local_time(order["date_add"], zone=doc["shop"]["time_zone"]),
        "status": code(env, "order-status", order["current_state"]),
        "source_status": text(order["current_state"]),
        "currency": currency["iso_code"],
        "customer_id": id_(env, "customer", order["id_customer"]),
        "customer": {
            "native_id": text(order["id_customer"]),
            "email": lower(trim(customer["email"])),
            "first_name": trim(customer["firstname"]),
            "last_name": trim(customer["lastname"]),
        },
        "payment_method": code(env, "payment", order["module"]),
        "payment_module": order["module"],
        "paid_total": money(order["total_paid_real"], currency["iso_code"]),
        "lines": [
            {
                "native_id": text(row["id"]),
                "number": integer(row["position"]),
                "sku": blank_to_null(row["product_reference"]),
                "variant_id": id_(env, "variant", row["product_attribute_id"]),
                "name": row["product_name"],
                "quantity": decimal(row["product_quantity"]),
                "unit_price": money(row["unit_price_tax_excl"], currency["iso_code"]),
                "unit_price_gross": money(row["unit_price_tax_incl"], currency["iso_code"]),
            }
            for row in order["associations"]["order_rows"]
        ],
    }


def microseconds(work: Callable[[], object], number: int) -> float:
    return min(timeit.repeat(work, number=number, repeat=5)) / number * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=20_000)
    number = parser.parse_args().number
    doc, env = document(), environment()
    schema = json.loads((resource("schemas") / "avro" / "order.avsc").read_text())
    partial = partial_schema(schema)
    plain = compile_mapping("order.to-canonical", MAPPING)
    typed = compile_mapping("order.to-canonical", MAPPING, target_schema=partial)
    kept = compile_mapping("order.to-canonical", MAPPING + "  extras: rest(order)\n", target_schema=partial)
    assert plain(doc, env) == typed(doc, env) == by_hand(doc, env)
    hand = microseconds(lambda: by_hand(doc, env), number)
    print(
        f"{platform.platform()}, Python {platform.python_version()}; document {len(orjson.dumps(doc))} bytes, 4 lines"
    )
    print(f"{'':34}{'us per order':>14}{'over by hand':>14}")
    for name, work in (
        ("by hand", lambda: by_hand(doc, env)),
        ("mapping, no schema", lambda: plain(doc, env)),
        ("mapping, every field checked", lambda: typed(doc, env)),
        ("mapping, checked, with rest(order)", lambda: kept(doc, env)),
    ):
        taken = microseconds(work, number)
        print(f"{name:34}{taken:14.1f}{taken - hand:14.1f}")
    load = microseconds(lambda: compile_mapping("order.to-canonical", MAPPING, target_schema=partial), 20)
    print(f"{'loading the mapping once':34}{load:14.0f}")


def partial_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The record with only the fields that this mapping fills, so that it passes the check for required ones."""
    named = {*by_hand(document(), environment()), "extras"}
    fields = [dict(field) for field in schema["fields"] if field["name"] in named]
    lines = next(field for field in fields if field["name"] == "lines")
    wanted = set(by_hand(document(), environment())["lines"][0])
    item = dict(lines["type"]["items"])
    item["fields"] = [field for field in item["fields"] if field["name"] in wanted]
    lines["type"] = {"type": "array", "items": item}
    return {**schema, "fields": fields}


if __name__ == "__main__":
    main()
