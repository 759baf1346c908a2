"""What is asked of each resource. Explicit lists leave secrets and card data in the shop; every field named exists in
1.7, 8 and 9 (an unknown one is error 35).
"""

from __future__ import annotations

SECRET_FIELDS = frozenset(
    {"secure_key", "passwd", "last_passwd_gen", "reset_password_token", "reset_password_validity", "token"}
    | {"download_hash", "card_number", "card_expiration", "card_holder", "ip_address", "ip_registration_newsletter"}
)
"""Never on the log: removed from answers that cannot be asked without them."""


def _list(names: str) -> str:
    return f"[{','.join(names.split())}]"


CUSTOMER = _list(
    "id id_default_group id_lang id_shop id_shop_group lastname firstname email company siret ape website "
    "outstanding_allow_amount max_payment_days active is_guest deleted note date_add date_upd"
)
PAYMENT = _list(
    "id order_reference id_currency amount payment_method conversion_rate transaction_id card_brand date_add"
)
THREAD = _list("id id_order")
MESSAGE = _list("id id_customer_thread id_employee message private date_add")
CART_RULE = _list("id code")
LINE_PRODUCT = _list("id reference id_category_default")
LINE_COMBINATION = _list("id id_product reference")
CATEGORY = _list("id name")
PRODUCT = _list(
    "id id_manufacturer id_supplier id_category_default id_tax_rules_group reference supplier_reference ean13 isbn upc "
    "width height depth weight price wholesale_price minimal_quantity active available_for_order visibility condition "
    "is_virtual date_add date_upd name"
)
COMBINATION = _list("id id_product reference ean13 isbn upc price weight minimal_quantity default_on")
STOCK_ROW = _list("id id_product id_product_attribute id_shop id_shop_group depends_on_stock")
SLIP_ORDER = _list("id reference id_currency id_customer current_state")

LISTED_ORDER = (
    "[id,id_currency,current_state,date_add,total_paid_tax_incl,total_paid_tax_excl,order_rows[id,product_quantity]]"
)
LISTED_CUSTOMER = _list("id date_add")
LISTED_STOCK = _list("id id_product id_product_attribute id_shop quantity")

REFERENCE = {
    "countries": _list("id iso_code"),
    "states": _list("id id_country iso_code name"),
    "currencies": _list("id iso_code conversion_rate"),
    "languages": _list("id iso_code"),
    "carriers": _list("id id_reference name deleted"),
    "order_states": _list("id invoice logable delivery shipped paid deleted"),
    "taxes": _list("id rate"),
    "categories": CATEGORY,
}
"""Slow-moving resources that documents refer to, and the fields wanted of them."""
