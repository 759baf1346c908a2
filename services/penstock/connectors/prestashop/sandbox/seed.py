"""Fills a fresh shop: the fixed rows of `world.py` and the shared catalogue. Deterministic; no hooks fire."""

import hashlib
import json
import re

from penstock.connectors.prestashop.sandbox import world
from penstock.connectors.prestashop.sandbox.money import six
from penstock.connectors.prestashop.sandbox.shop import DEFAULT_COUNTRY, Shop
from penstock.sandbox.catalogue import Product
from penstock.sandbox.people import Address, Customer
from penstock.sandbox.storage import Row

HOME = 2
WITHOUT_IMAGE = 50  # every so many products one has no image


def seed_shop(shop: Shop) -> None:
    """Fill the shop if it is empty; otherwise leave it as it was left."""
    if shop.storage.one("SELECT id FROM shops LIMIT 1"):
        return
    with shop.storage.transaction():
        _settings(shop)
        _places(shop)
        _taxes(shop)
        _carriers(shop)
        _order_states(shop)
        _catalogue(shop)
        _customers(shop)
        first = shop.options.place_order_start_id
        shop.storage.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('orders', ?)", (first - 1,))


def _put(shop: Shop, resource: str, row: Row) -> int:
    kind = shop.resources[resource]
    dates = {name: world.FIRST_DAY for name in ("date_add", "date_upd") if kind.has(name)}
    return shop.storage.insert(resource, {**dates, **row})


def _settings(shop: Shop) -> None:
    options = shop.options
    shared = int(options.multistore == "shared")
    group = {"name": "Default", "share_stock": shared, "share_customer": 1, "share_order": 0, "active": 1}
    _put(shop, "shop_groups", {"id": 1, **group})
    shops = [options.shop_id] if options.multistore == "off" else [options.shop_id, options.shop_id + 1]
    for number in shops:
        name = f"Maison Penstock{'' if number == options.shop_id else ' Pro'}"
        row = {"id_shop_group": 1, "id_category": HOME, "active": 1, "name": name, "theme_name": "classic"}
        _put(shop, "shops", {"id": number, **row})
    for number, name, iso, locale in world.LANGUAGES[: options.languages]:
        formats = {"date_format_lite": "Y-m-d", "date_format_full": "Y-m-d H:i:s"}
        row = {"name": name, "iso_code": iso, "locale": locale, "language_code": locale.lower(), "active": 1, **formats}
        _put(shop, "languages", {"id": number, **row})
    money = (("EUR", "Euro", "€", "978", "1.000000"), ("USD", "US Dollar", "$", "840", six(options.usd_rate)))
    for number, (iso, name, symbol, code, rate) in enumerate(money, start=1):
        texts = {"names": shop.i18n(name), "name": name, "symbol": shop.i18n(symbol), "pattern": shop.i18n("")}
        row = {"iso_code": iso, "numeric_iso_code": code, "precision": 2, "conversion_rate": rate, "active": 1, **texts}
        _put(shop, "currencies", {"id": number, **row})
    for number, name in world.GROUPS.items():
        row = {"reduction": "0.00", "price_display_method": 0, "show_prices": 1, "name": shop.i18n(name)}
        _put(shop, "groups", {"id": number, **row})
    for name, value in world.configuration(options.time_zone).items():
        _put(shop, "configurations", {"name": name, "value": value})


def _places(shop: Shop) -> None:
    for number, name in world.ZONES.items():
        _put(shop, "zones", {"id": number, "name": name, "active": 1})
    for land in world.COUNTRIES:
        row = {
            "id": land.number,
            "id_zone": land.zone,
            "call_prefix": land.prefix,
            "iso_code": land.iso,
            "active": 1,
            "contains_states": int(land.iso in world.STATES),
            "need_zip_code": int(bool(land.zip_format)),
            "zip_code_format": land.zip_format,
            "display_tax_label": int(land.vat),
            "name": shop.i18n(land.name, french=land.french),
        }
        _put(shop, "countries", row)
        for state in filter(None, world.STATES.get(land.iso, "").split(",")):
            iso, _, name = state.partition(" ")
            row = {"id_zone": land.zone, "id_country": land.number, "iso_code": iso, "name": name, "active": 1}
            _put(shop, "states", row)


def _taxes(shop: Shop) -> None:
    for number, (rate, name) in world.TAXES.items():
        _put(shop, "taxes", {"id": number, "rate": rate, "active": 1, "name": shop.i18n(name)})
        _put(shop, "tax_rule_groups", {"id": number, "name": name.replace("TVA FR", "FR Taux"), "active": 1})
        for land in world.COUNTRIES:
            if land.vat:
                row = {"id_tax_rules_group": number, "id_country": land.number, "id_tax": number, "zipcode_from": "0"}
                _put(shop, "tax_rules", {**row, "zipcode_to": "0"})


def _carriers(shop: Shop) -> None:
    for carrier in world.CARRIERS:
        row = {
            "id": carrier.number,
            "id_reference": carrier.reference,
            "deleted": carrier.deleted,
            "id_tax_rules_group": world.STANDARD_TAX_GROUP,
            "name": carrier.name,
            "active": 1,
            "is_free": int(not carrier.price),
            "url": carrier.url,
            "shipping_handling": 1,
            "need_range": 1,
            "position": carrier.number - 1,
            "delay": shop.i18n(carrier.delay),
        }
        _put(shop, "carriers", row)


def _order_states(shop: Shop) -> None:
    quiet = {"13"} if shop.options.version == "9" else set()
    for state in world.ORDER_STATES:
        invoice, logable, delivery, shipped, paid = state.flags
        row = {
            "id": state.number,
            "unremovable": 1,
            "delivery": delivery,
            "send_email": int(bool(state.template) and str(state.number) not in quiet),
            "module_name": state.module,
            "invoice": invoice,
            "color": state.color,
            "logable": logable,
            "shipped": shipped,
            "paid": paid,
            "pdf_delivery": delivery,
            "pdf_invoice": invoice,
            "name": shop.i18n(state.name, french=state.french),
            "template": shop.i18n(state.template),
        }
        _put(shop, "order_states", row)


def _catalogue(shop: Shop) -> None:
    category_ids = {}
    for number, name in enumerate(["Root", "Home", *shop.catalogue.categories], start=1):
        row = {
            "id": number,
            "id_parent": {1: 0, 2: 1}.get(number, HOME),
            "level_depth": min(number - 1, 2),
            "active": 1,
            "id_shop_default": shop.options.shop_id,
            "is_root_category": int(number == HOME),
            "position": number - 1,
            "name": shop.i18n(name),
            "link_rewrite": shop.i18n(slug(name)),
        }
        category_ids[name] = _put(shop, "categories", row)
    values = _option_values(shop)
    for number, product in enumerate(shop.catalogue.products, start=1):
        insert_product(shop, number, product, category_ids[product.category], values)


def _option_values(shop: Shop) -> dict[tuple[str, str], int]:
    values: dict[tuple[str, str], int] = {}
    groups: dict[str, int] = {}
    options = (
        option for product in shop.catalogue.products for variant in product.combinations for option in variant.options
    )
    for group, value in sorted(set(options)):
        if group not in groups:
            kind = {"group_type": "select", "is_color_group": int(group == "Colour"), "position": len(groups)}
            texts = {"name": shop.i18n(group), "public_name": shop.i18n(group)}
            groups[group] = _put(shop, "product_options", {**kind, **texts})
        row = {"id_attribute_group": groups[group], "position": len(values), "name": shop.i18n(value)}
        values[group, value] = _put(shop, "product_option_values", row)
    return values


def insert_product(
    shop: Shop, number: int, product: Product, id_category: int, values: dict[tuple[str, str], int]
) -> None:
    """A product of the catalogue with its combinations and stock rows."""
    image = number if number % WITHOUT_IMAGE else 0
    row = {
        "id": number,
        "id_category_default": id_category,
        "id_default_image": image,
        "id_tax_rules_group": world.TAX_GROUP_OF[product.tax],
        "type": "simple",
        "id_shop_default": shop.options.shop_id,
        "reference": product.sku,
        "weight": six(product.weight),
        "ean13": product.ean13,
        "state": 1,
        "product_type": "combinations" if product.combinations else "standard",
        "minimal_quantity": 1,
        "price": six(product.price),
        "active": 1,
        "available_for_order": 1,
        "condition": "new",
        "show_price": 1,
        "indexed": 1,
        "visibility": "both",
        "name": shop.i18n(product.name, french=f"{product.name} (fr)"),
        "link_rewrite": shop.i18n(slug(product.name)),
        "description": shop.i18n(f"<p>{product.name}</p>"),
    }
    if not shop.options.modern:
        row.pop("product_type")
    _put(shop, "products", row)
    shop.set_links("products", number, "categories", [{"id": HOME}, {"id": id_category}])
    if image:
        shop.set_links("products", number, "images", [{"id": image}])
    insert_stock(shop, number, 0, product.stock + sum(variant.stock for variant in product.combinations))
    for index, variant in enumerate(product.combinations):
        row = {
            "id_product": number,
            "reference": variant.sku,
            "ean13": variant.ean13,
            "price": six(variant.price_impact),
            "weight": six(variant.weight_impact),
            "minimal_quantity": 1,
            "default_on": int(index == 0),
        }
        combination = _put(shop, "combinations", row)
        links = [{"id": values[option]} for option in variant.options]
        shop.set_links("combinations", combination, "product_option_values", links)
        insert_stock(shop, number, combination, variant.stock)
        if index == 0:
            shop.storage.update("products", "id", number, {"id_default_combination": combination})


def insert_stock(shop: Shop, id_product: int, id_combination: int, quantity: int) -> None:
    """The stock row, or rows: one per shop; one for the group where stock is shared (id_shop 0)."""
    owners = {
        "off": [(shop.options.shop_id, 0)],
        "separate": [(shop.options.shop_id, 0), (shop.options.shop_id + 1, 0)],
        "shared": [(0, 1)],
    }
    for id_shop, id_group in owners[shop.options.multistore]:
        row = {
            "id_product": id_product,
            "id_product_attribute": id_combination,
            "id_shop": id_shop,
            "id_shop_group": id_group,
            "quantity": quantity,
            "out_of_stock": 2,
        }
        shop.storage.insert("stock_availables", row)


def _customers(shop: Shop) -> None:
    for customer in shop.catalogue.customers:
        row = {"id": customer.number, **customer_row(shop, customer)}
        number = _put(shop, "customers", row)
        shop.set_links("customers", number, "groups", [{"id": 3}])
        for index, address in enumerate(customer.addresses):
            _put(shop, "addresses", address_row(shop, number, address, "Home" if index == 0 else "Work"))


def customer_row(shop: Shop, customer: Customer) -> Row:
    secret = hashlib.md5(f"{shop.seed}:{customer.email}".encode(), usedforsecurity=False).hexdigest()
    return {
        "id_default_group": 3,
        "id_lang": 1,
        "last_passwd_gen": world.FIRST_DAY,
        "secure_key": secret,
        "passwd": f"$2y$10${secret[:22]}{secret}"[:60],
        "lastname": customer.lastname,
        "firstname": customer.firstname,
        "email": customer.email,
        "id_gender": 1 + customer.number % 2,
        "birthday": customer.birthday,
        "company": customer.company,
        "active": 1,
        "id_shop": shop.options.shop_id,
        "id_shop_group": 1,
    }


def address_row(shop: Shop, id_customer: int, address: Address, alias: str) -> Row:
    id_country = country_id(address.country)
    state = shop.storage.one("SELECT id FROM states WHERE id_country = ? AND iso_code = ?", (id_country, address.state))
    return {
        "id_customer": id_customer,
        "id_country": id_country,
        "id_state": state["id"] if state else 0,
        "alias": alias,
        "company": address.company,
        "lastname": address.lastname,
        "firstname": address.firstname,
        "vat_number": address.vat_number,
        "address1": address.address1,
        "address2": address.address2,
        "postcode": address.postcode,
        "city": address.city,
        "phone": address.phone,
    }


def country_id(iso: str) -> int:
    return next((land.number for land in world.COUNTRIES if land.iso == iso), DEFAULT_COUNTRY)


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def names(text: str) -> dict[str, str]:
    """A multilingual value as stored, by language id."""
    found: dict[str, str] = json.loads(text or "{}")
    return found
