"""Fills a fresh shop with the shared catalogue and its customers. Deterministic; no events fire."""

import random
from decimal import Decimal

from penstock.connectors.clarity.sandbox import world
from penstock.connectors.clarity.sandbox.money import at_least, unit
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.stock import stock_fields
from penstock.connectors.clarity.sandbox.store import Doc
from penstock.sandbox.catalogue import Item, Product
from penstock.sandbox.people import Address, Customer

TAX_CODES = {"standard": "P0000000", "reduced": "PF000000", "zero": "NT"}
CLASS_OF_CODE = {code: name for name, code in TAX_CODES.items()}
SECOND_ROW_EVERY = 10  # so many SKUs one is kept at a second location too
OWN_PRICES = 12


def seed_shop(shop: Shop) -> None:
    """Fill the shop if it is empty; otherwise leave it as it was left."""
    if shop.storage.one("SELECT id FROM products LIMIT 1"):
        return
    with shop.storage.transaction():
        shop.store.start_at("sales-orders", shop.options.first_order_id)
        dice = random.Random(f"{shop.seed}:clarity")
        for product in shop.catalogue.products:
            _product(shop, product)
        for index, item in enumerate(shop.catalogue.items()):
            _price_and_stock(shop, item, index)
        accounts: dict[str, int] = {}
        for customer in shop.catalogue.customers:
            _customer(shop, customer, accounts, dice)
        _account_prices(shop, dice)


def contact_fields(address: Address, email: str | None) -> Doc:
    """A contact of an address of the catalogue."""
    return {
        "customKey": None,
        "firstName": address.firstname,
        "lastName": address.lastname,
        "company": address.company or None,
        "email": email,
        "phone": address.phone or None,
        "address": {
            "street1": address.address1,
            "street2": address.address2 or None,
            "city": address.city,
            "regionCode": address.state or None,
            "postalCode": address.postcode,
            "countryCode": address.country,
        },
    }


def product_fields(sku: str, name: str, **more: object) -> Doc:
    fields: Doc = {
        "customKey": sku,
        "name": name,
        "description": None,
        "typeKey": "simple",
        "parentKey": None,
        "uom": "EA",
        "weight": None,
        "price": None,
        "taxCode": TAX_CODES["standard"],
        "active": True,
        "attributes": {},
        "images": [],
        "categories": [],
    }
    return fields | more


def _product(shop: Shop, product: Product) -> None:
    shared = {"taxCode": TAX_CODES[product.tax], "categories": [product.category]}
    fields = product_fields(
        product.sku,
        product.name,
        description=f"{product.name}, from our {product.category.lower()} range.",
        typeKey="variantMaster" if product.combinations else "simple",
        weight=at_least(product.weight, 2),
        price=_shown_price(product.price),
        images=[{"url": f"https://images.example/{product.sku}.jpg"}],
        **shared,
    )
    shop.store.add("products", {**fields, "attributes": {"ean13": product.ean13}})
    for variant in product.combinations:
        options = {group.lower(): value for group, value in variant.options}
        fields = product_fields(
            variant.sku,
            f"{product.name} ({', '.join(value for _, value in variant.options)})",
            typeKey="variant",
            parentKey=product.sku,
            weight=at_least(product.weight + variant.weight_impact, 2),
            price=_shown_price(product.price + variant.price_impact),
            **shared,
        )
        shop.store.add("products", {**fields, "attributes": {**options, "ean13": variant.ean13}})


def _shown_price(euros: Decimal) -> Doc:
    home = world.HOME_CURRENCY
    return {"list": unit(world.to_currency(euros, home), home), "sale": None, "currency": home}


def _price_and_stock(shop: Shop, item: Item, index: int) -> None:
    for currency in world.LISTED_CURRENCIES:
        price = unit(world.to_currency(item.price, currency), currency)
        fields = {"sku": item.sku, "currency": currency, "accountKey": None, "list": price, "sale": None}
        shop.store.add("prices", fields)
    shop.store.add("inventory", stock_fields(item.sku, world.LOCATION, None, Decimal(item.stock)))
    if index % SECOND_ROW_EVERY == 0:
        shop.store.add("inventory", stock_fields(item.sku, world.SECOND_LOCATION, "B-01", Decimal(item.stock // 2)))


def _customer(shop: Shop, customer: Customer, accounts: dict[str, int], dice: random.Random) -> None:
    account = _account(shop, customer, accounts, dice) if customer.company else None
    contacts = []
    for index, address in enumerate(customer.addresses):
        contacts.append(shop.store.add("contacts", contact_fields(address, None if index else customer.email)))
    user = {
        "accountId": account,
        "userName": customer.email,
        "email": customer.email,
        "contactId": contacts[0]["id"],
        "active": True,
    }
    number = shop.store.add("users", user)["id"]
    for contact in contacts:
        shop.store.save("contacts", contact, owner=number)


def _account(shop: Shop, customer: Customer, accounts: dict[str, int], dice: random.Random) -> int:
    """One account per company, however many people order for it."""
    if customer.company not in accounts:
        number = shop.store.next_id("accounts")
        fields = {
            "customKey": f"CUST-{number:04d}" if shop.options.account_keys else None,
            "name": customer.company,
            "taxId": customer.addresses[0].vat_number or None,
            "creditLimit": dice.choice(("2500.00", "5000.00", "10000.00", None)),
            "paymentTerms": dice.choice(("NET30", "NET30", "NET60", None)),
            "priceLists": ["retail"],
            "active": True,
        }
        accounts[customer.company] = shop.store.add("accounts", fields)["id"]
    return accounts[customer.company]


def _account_prices(shop: Shop, dice: random.Random) -> None:
    """Where accounts have keys, some have prices of their own, a few with a sale price."""
    items = shop.catalogue.items()
    for account in shop.store.where("accounts"):
        if account["customKey"] is None:
            continue
        for index, item in enumerate(dice.sample(items, OWN_PRICES)):
            price = world.to_currency(item.price, world.HOME_CURRENCY) * Decimal("0.9")
            fields = {
                "sku": item.sku,
                "currency": world.HOME_CURRENCY,
                "accountKey": account["customKey"],
                "list": unit(price, world.HOME_CURRENCY),
                "sale": None if index else unit(price * Decimal("0.9"), world.HOME_CURRENCY),
            }
            shop.store.add("prices", fields)
