"""The mapping of a PrestaShop order as somebody would write it by hand: envelope in, canonical record on fastavro out.

The same record as the flow's mapping makes, to the last field (`replay.py` compares them), by plain dicts. It has no
checks, no error that names a field, no trace, and no merchant can change it. Address standards and validation
are the flow's own rules, called as the transform calls them: nobody would write those twice.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import fastavro
import orjson

from penstock.flow.flow import Flow
from penstock.records.ids import canonical_id
from penstock.rules.address import standardise
from penstock.rules.validate import Policy, validate

Row = dict[str, Any]
USED = frozenset(
    [
        "id",
        "reference",
        "current_state",
        "date_add",
        "id_shop",
        "id_customer",
        "module",
        "total_paid_real",
        "total_shipping_tax_excl",
        "total_shipping_tax_incl",
        "carrier_tax_rate",
        "total_wrapping_tax_excl",
        "total_wrapping_tax_incl",
        "total_products",
        "total_products_wt",
        "total_discounts_tax_excl",
        "total_discounts_tax_incl",
        "total_paid_tax_excl",
        "total_paid_tax_incl",
        "gift_message",
        "associations",
        "secure_key",
    ]
)
EMPTY: tuple[object, ...] = ("", None, [], {})


def mapping_of(flow: Flow, schema: Any, head: bytes) -> Callable[[bytes], bytes]:
    """Maps the raw bytes of one order to a canonical record in the wire format, behind `head`."""
    shop = flow.systems["prestashop"]
    statuses = flow.tables["prestashop"]["prestashop-order-status"].entries
    methods = flow.tables["prestashop"]["payment-methods"]
    zone = ZoneInfo(shop.settings.time_zone)
    parsed = fastavro.parse_schema(schema)
    policy = Policy.model_validate(flow.file.validation)
    system, instance, tag = shop.name, shop.instance, shop.tag

    def id_of(entity: str, native_id: Any) -> str | None:
        return canonical_id(system, instance, entity, str(native_id)) if str(native_id) not in {"", "0"} else None

    def moment(said: str) -> datetime:
        return datetime.fromisoformat(said).replace(tzinfo=zone).astimezone(UTC)

    def address(row: Row, countries: Mapping[str, Row], states: Mapping[str, Row]) -> Row:
        state = states.get(str(row["id_state"]))
        return standardise(
            {
                "native_id": str(row["id"]),
                "company": row["company"],
                "first_name": row["firstname"],
                "last_name": row["lastname"],
                "line1": row["address1"],
                "line2": row["address2"],
                "line3": row["other"],
                "postal_code": row["postcode"],
                "city": row["city"],
                "state_code": state["iso_code"] if state else None,
                "country_code": countries[str(row["id_country"])]["iso_code"],
                "phone": row["phone"] or row["phone_mobile"],
                "vat_number": row["vat_number"],
            }
        )

    def one(value: bytes) -> bytes:
        envelope = orjson.loads(value)
        tables: dict[str, list[Row]] = {}
        for part in envelope["parts"]:
            body = orjson.loads(part["body"])
            rows = next(iter(body.values())) if body else []
            tables.setdefault(part["role"], []).extend(rows if isinstance(rows, list) else [rows])
        by_id = {role: {str(row["id"]): row for row in rows} for role, rows in tables.items()}
        order = tables["order"][0]
        iso = by_id["currencies"][str(order["id_currency"])]["iso_code"]
        customer = by_id["customer"][str(order["id_customer"])]
        states = by_id.get("states", {})
        invoice = by_id["addresses"][str(order["id_address_invoice"])]
        delivery = by_id["addresses"][str(order["id_address_delivery"])]
        carrier = by_id.get("carriers", {}).get(str(order["id_carrier"]))
        language = by_id.get("languages", {}).get(str(order["id_lang"]))
        own_id = canonical_id(system, instance, "order", envelope["native_id"])
        record = {
            "id": own_id,
            "source": {
                "system": system,
                "instance": instance,
                "native_id": envelope["native_id"],
                "version": envelope["version"],
                "observed_at": datetime.fromisoformat(envelope["parts"][0]["fetched_at"]),
            },
            "deleted_at": None,
            "number": order["reference"],
            "reference": f"{tag}-{order['id']}",
            "shop": str(order["id_shop"]),
            "placed_at": moment(order["date_add"]),
            "status": statuses[str(order["current_state"])],
            "source_status": str(order["current_state"]),
            "currency": iso,
            "language": language["iso_code"] if language else None,
            "customer_id": id_of("customer", order["id_customer"]),
            "customer": {
                "native_id": str(order["id_customer"]),
                "email": customer["email"].strip().lower() or None,
                "first_name": customer["firstname"].strip() or None,
                "last_name": customer["lastname"].strip() or None,
                "company": (customer.get("company") or "").strip() or invoice["company"].strip() or None,
                "is_guest": str(customer.get("is_guest", "0")) == "1",
                "group": str(customer["id_default_group"]),
                "vat_number": invoice["vat_number"].replace(" ", "") or None,
                "phone": invoice["phone"].strip() or invoice["phone_mobile"].strip() or None,
            },
            "bill_to": address(invoice, by_id["countries"], states),
            "ship_to": address(delivery, by_id["countries"], states),
            "payment_method": methods.lookup(order["module"].lower()),
            "payment_module": order["module"],
            "payments": [
                {
                    "amount": Decimal(row["amount"]),
                    "method": row["payment_method"] or None,
                    "transaction_id": str(row["transaction_id"] or "") or None,
                    "paid_at": moment(row["date_add"]),
                }
                for row in _sorted(tables.get("order_payments", []))
            ],
            "paid_total": Decimal(order["total_paid_real"]),
            "carrier": {"code": str(carrier["id_reference"]), "name": carrier["name"] or None} if carrier else None,
            "lines": [
                _line(row, number, by_id, id_of) for number, row in enumerate(_sorted(tables["order_details"]), start=1)
            ],
            "discounts": [
                {
                    "code": by_id["cart_rules"].get(str(row["id_cart_rule"]), {}).get("code") or None,
                    "name": _text(row["name"]),
                    "net": Decimal(row["value_tax_excl"]),
                    "gross": Decimal(row["value"]),
                    "free_shipping": str(row.get("free_shipping", "0")) == "1",
                }
                for row in _sorted(tables.get("order_cart_rules", []))
                if str(row.get("deleted", "0")) != "1"
            ],
            "shipping": _charge(order, "total_shipping") | {"rate": Decimal(order["carrier_tax_rate"])},
            "wrapping": _charge(order, "total_wrapping"),
            "totals": {
                "lines_net": Decimal(order["total_products"]),
                "lines_gross": Decimal(order["total_products_wt"]),
                "discounts_net": Decimal(order["total_discounts_tax_excl"]),
                "discounts_gross": Decimal(order["total_discounts_tax_incl"]),
                "net": Decimal(order["total_paid_tax_excl"]),
                "tax": Decimal(order["total_paid_tax_incl"]) - Decimal(order["total_paid_tax_excl"]),
                "gross": Decimal(order["total_paid_tax_incl"]),
            },
            "messages": [
                {
                    "text": row["message"],
                    "at": moment(row["date_add"]),
                    "private": str(row.get("private", "0")) == "1",
                }
                for row in _sorted(tables.get("customer_messages", []))
            ],
            "gift_message": order["gift_message"].strip() or None,
            "extras": {
                name: orjson.dumps(each).decode()
                for name, each in order.items()
                if name not in USED and each not in EMPTY
            },
        }
        if validate("order", record, policy):
            raise ValueError(f"order {order['id']} is none for this benchmark")
        out = io.BytesIO(head)
        out.seek(len(head))
        fastavro.schemaless_writer(out, parsed, record)
        return out.getvalue()

    return one


def _line(
    row: Row, number: int, by_id: Mapping[str, Mapping[str, Row]], id_of: Callable[[str, Any], str | None]
) -> Row:
    net, gross = Decimal(row["total_price_tax_excl"]), Decimal(row["total_price_tax_incl"])
    named = (row.get("associations") or {}).get("taxes") or []
    taxes = [by_id["taxes"][str(tax["id"])] for tax in named if str(tax["id"]) in by_id.get("taxes", {})]
    rates = sum((Decimal(tax["rate"]) for tax in taxes), Decimal(0))
    product = by_id.get("products", {}).get(str(row["product_id"]))
    category = by_id.get("categories", {}).get(str(product["id_category_default"])) if product else None
    attribute = str(row["product_attribute_id"])
    refunded = Decimal(row.get("product_quantity_refunded") or 0), Decimal(row.get("product_quantity_return") or 0)
    return {
        "native_id": str(row["id"]),
        "number": number,
        "product_id": id_of("product", row["product_id"]),
        "product_native_id": str(row["product_id"]),
        "variant_id": id_of("variant", attribute),
        "variant_native_id": attribute if attribute != "0" else None,
        "sku": (row["product_reference"] or "").strip() or None,
        "name": row["product_name"],
        "category": _text(category["name"]) or None if category else None,
        "quantity": Decimal(row["product_quantity"]),
        "unit_price": Decimal(row["unit_price_tax_excl"]),
        "unit_price_gross": Decimal(row["unit_price_tax_incl"]),
        "net": net,
        "tax": gross - net,
        "gross": gross,
        "taxes": [
            {
                "code": str(tax["id"]),
                "rate": Decimal(tax["rate"]),
                "amount": gross - net
                if len(taxes) == 1
                else ((gross - net) * Decimal(tax["rate"]) / rates).quantize(Decimal("0.000001")),
            }
            for tax in taxes
        ],
        "quantity_refunded": max(refunded),
    }


def _charge(order: Row, name: str) -> Row:
    net, gross = Decimal(order[f"{name}_tax_excl"]), Decimal(order[f"{name}_tax_incl"])
    return {"net": net, "tax": gross - net, "gross": gross}


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: int(row["id"])) if len(rows) > 1 else rows


def _text(value: Any) -> str:
    """Of a text in several languages the first."""
    return value if isinstance(value, str) else next((str(each["value"]) for each in value if each["value"]), "")
