"""The shop of systems/prestashop.md 11: order 41, types as 9.1.4 writes them."""

from __future__ import annotations

from typing import Any

ORDER: dict[str, Any] = {
    "id": 41, "id_address_delivery": 17, "id_address_invoice": 18, "id_cart": 96, "id_currency": 1, "id_lang": 1,
    "id_customer": 12, "id_carrier": 3, "current_state": 2, "module": "ps_wirepayment", "invoice_number": 23,
    "invoice_date": "2025-03-04 10:12:31", "delivery_number": 0, "delivery_date": "0000-00-00 00:00:00", "valid": "1",
    "date_add": "2025-03-04 10:05:02", "date_upd": "2025-03-04 10:12:31", "shipping_number": "", "note": "",
    "id_shop_group": 1, "id_shop": 1, "secure_key": "6f1ed002ab5595859014ebf0951522d9", "payment": "Bank transfer",
    "recyclable": "0", "gift": "0", "gift_message": "", "mobile_theme": "0", "total_discounts": "0.000000",
    "total_discounts_tax_incl": "0.000000", "total_discounts_tax_excl": "0.000000", "total_paid": "65.760000",
    "total_paid_tax_incl": "65.760000", "total_paid_tax_excl": "54.800000", "total_paid_real": "65.760000",
    "total_products": "49.800000", "total_products_wt": "59.760000", "total_shipping": "6.000000",
    "total_shipping_tax_incl": "6.000000", "total_shipping_tax_excl": "5.000000", "carrier_tax_rate": "20.000",
    "total_wrapping": "0.000000", "total_wrapping_tax_incl": "0.000000", "total_wrapping_tax_excl": "0.000000",
    "round_mode": 2, "round_type": 2, "conversion_rate": "1.000000", "reference": "QWLRTKZPA",
    "associations": {
        "order_rows": [
            {
                "id": 77, "product_id": 8, "product_attribute_id": 31, "product_quantity": 2,
                "product_name": "Linen apron (Colour: Sand)", "product_reference": "APR-SND", "product_ean13": "",
                "product_isbn": "", "product_upc": "", "product_price": "24.900000", "id_customization": 0,
                "unit_price_tax_incl": "29.880000", "unit_price_tax_excl": "24.900000",
            }
        ]
    },
}  # fmt: skip

DETAIL: dict[str, Any] = {
    "id": 77, "id_order": 41, "product_id": 8, "product_attribute_id": 31, "product_quantity": 2,
    "product_quantity_return": 0, "product_quantity_refunded": 0, "product_name": "Linen apron (Colour: Sand)",
    "product_reference": "APR-SND", "product_price": "24.900000", "id_tax_rules_group": 1, "tax_computation_method": 0,
    "unit_price_tax_incl": "29.880000", "unit_price_tax_excl": "24.900000", "total_price_tax_incl": "59.760000",
    "total_price_tax_excl": "49.800000", "download_hash": "", "associations": {"taxes": [{"id": 1}]},
}  # fmt: skip


def address(native_id: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": native_id, "id_customer": 12, "id_country": 8, "id_state": 0, "company": "", "lastname": "Durand",
        "firstname": "Zoé", "vat_number": "", "address1": "12 rue des Lilas", "address2": "", "postcode": "75011",
        "city": "Paris", "other": "", "phone": "+33 1 23 45 67 89", "phone_mobile": "", "dni": "", "deleted": "0",
        "date_add": "2025-03-01 08:00:00", "date_upd": "2025-03-01 08:00:00", "alias": "Home",
    } | changed  # fmt: skip


def state(native_id: int, flags: str) -> dict[str, Any]:
    names = ("invoice", "logable", "delivery", "shipped", "paid")
    return {"id": native_id, **dict(zip(names, flags, strict=True)), "deleted": "0"}


FLAGS = {1: "00000", 2: "11001", 3: "11101", 4: "11111", 5: "11111", 6: "00000", 7: "10000", 8: "00000", 9: "10001"}
FLAGS |= {10: "00000", 11: "11001", 12: "00000", 13: "00000"}

CUSTOMER: dict[str, Any] = {
    "id": 12, "id_default_group": 3, "id_lang": 1, "lastname": "Durand", "firstname": "Zoé",
    "email": "Zoe.Durand@Example.com", "company": "", "siret": "", "ape": "", "website": "", "passwd": "$2y$10$secret",
    "secure_key": "6f1ed002ab5595859014ebf0951522d9", "outstanding_allow_amount": "0.000000", "max_payment_days": 0,
    "active": "1", "is_guest": "0", "deleted": "0", "note": "", "id_shop": 1, "id_shop_group": 1,
    "date_add": "2025-03-01 08:00:00", "date_upd": "2025-03-04 10:05:00", "reset_password_token": "tok",
}  # fmt: skip

TABLES: dict[str, list[dict[str, Any]]] = {
    "orders": [ORDER],
    "order_details": [DETAIL],
    "order_cart_rules": [],
    "order_histories": [{"id": 60, "id_order": 41, "id_order_state": 2, "date_add": "2025-03-04 10:12:31"}],
    "order_payments": [
        {
            "id": 5, "order_reference": "QWLRTKZPA", "id_currency": 1, "amount": "65.760000",
            "payment_method": "Bank transfer", "conversion_rate": "1.000000", "transaction_id": "",
            "card_number": "4111111111111111", "card_holder": "Z DURAND", "date_add": "2025-03-04 10:12:31",
        }
    ],
    "order_carriers": [
        {
            "id": 41, "id_order": 41, "id_carrier": 3, "id_order_invoice": 23, "weight": "0.400000",
            "shipping_cost_tax_excl": "5.000000", "shipping_cost_tax_incl": "6.000000", "tracking_number": "",
            "date_add": "2025-03-04 10:05:02",
        }
    ],
    "order_states": [state(native_id, flags) for native_id, flags in FLAGS.items()],
    "order_slip": [],
    "customer_threads": [],
    "customer_messages": [],
    "cart_rules": [],
    "customers": [CUSTOMER],
    "addresses": [address(17), address(18, company="Atelier Zoé", vat_number="FR 40 303 265 045")],
    "countries": [{"id": 8, "iso_code": "FR"}, {"id": 21, "iso_code": "US"}],
    "states": [{"id": 5, "id_country": 21, "iso_code": "CA", "name": "California"}],
    "currencies": [{"id": 1, "iso_code": "EUR", "conversion_rate": "1.000000"}],
    "languages": [{"id": 1, "iso_code": "fr"}],
    "carriers": [{"id": 3, "id_reference": 2, "name": "My carrier", "deleted": "0"}],
    "taxes": [{"id": 1, "rate": "20.000"}],
    "categories": [{"id": 4, "name": [{"id": 1, "value": "Kitchen"}, {"id": 2, "value": "Cuisine"}]}],
    "products": [
        {
            "id": 8, "reference": "APR", "id_category_default": 4, "id_tax_rules_group": 1, "ean13": "",
            "price": "24.900000",
            "weight": "0.200000", "active": "1", "date_upd": "2025-03-01 08:00:00",
            "name": [{"id": 1, "value": "Linen apron"}, {"id": 2, "value": "Tablier"}],
            "associations": {"combinations": [{"id": 31}]},
        },
        {"id": 9, "reference": "MUG", "id_category_default": 4, "price": "9.000000", "active": "1", "name": "Mug"},
    ],
    "combinations": [
        {"id": 31, "id_product": 8, "reference": "APR-SND", "ean13": "376", "price": "1.500000", "weight": "0.000000"}
    ],
    "stock_availables": [
        {
            "id": 57, "id_product": 8, "id_product_attribute": 0, "id_shop": 1, "id_shop_group": 0, "quantity": 140,
            "depends_on_stock": "0", "out_of_stock": 2, "location": "",
        },
        {
            "id": 58, "id_product": 8, "id_product_attribute": 31, "id_shop": 1, "id_shop_group": 0, "quantity": 140,
            "depends_on_stock": "0", "out_of_stock": 2, "location": "",
        },
        {
            "id": 59, "id_product": 9, "id_product_attribute": 0, "id_shop": 1, "id_shop_group": 0, "quantity": 7,
            "depends_on_stock": "0", "out_of_stock": 2, "location": "",
        },
    ],
}  # fmt: skip
