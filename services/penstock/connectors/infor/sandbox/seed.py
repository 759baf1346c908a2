"""What the site knows before the first order: codes, items and stock of the shared catalogue, some of its customers."""

import random
from decimal import Decimal

from penstock.connectors.infor.sandbox.idos.finance import TERMS
from penstock.connectors.infor.sandbox.idos.parties import CUSTOMER_ITEMS, CUSTOMERS
from penstock.connectors.infor.sandbox.idos.stock import ITEM_PRICES, ITEMS, STOCK, WAREHOUSES
from penstock.connectors.infor.sandbox.model import Ido
from penstock.connectors.infor.sandbox.rules.items import MAIN_WAREHOUSE, NOTHING_IN_STOCK
from penstock.connectors.infor.sandbox.site import Site
from penstock.connectors.infor.sandbox.tables import Row
from penstock.connectors.infor.sandbox.values import SCALE, parse
from penstock.sandbox.catalogue import Catalogue, Item, catalogue
from penstock.sandbox.people import Address, Customer

ALIAS_CUSTOMER = "   1042"
"""Where names of our items by others are looked up, whoever orders (systems/infor.md 4.6, aliases)."""
EXISTING_CUSTOMERS = 50
TERMS_CODES = {
    "N30": ("Net 30 days", 30),
    "N60": ("Net 60 days", 60),
    "N15": ("Net 15 days", 15),
    "PRE": ("Prepaid", 0),
    "COD": ("Cash on delivery", 0),
    "CC": ("Credit card", 0),
}
SHIP_CODES = {
    "UPSG": "UPS Ground",
    "UPSX": "UPS Express",
    "DHL": "DHL Parcel",
    "DHLX": "DHL Express",
    "COLI": "Colissimo",
    "CHRO": "Chronopost",
    "GLS": "GLS Parcel",
    "DPD": "DPD Classic",
    "FEDX": "FedEx",
    "MAIL": "Postal mail",
    "PICK": "Customer pick-up",
}
TAX_CODES = {
    "STD": "Standard rate",
    "RED": "Reduced rate",
    "ZERO": "Zero rate",
    "EXEMPT": "Exempt",
    "EXPORT": "Export",
}
CURRENCIES = {"USD": ("US dollar", 2), "EUR": ("Euro", 2)}
_TAX_OF_CLASS = {"standard": "STD", "reduced": "RED", "zero": "ZERO"}
_COST_SHARE = Decimal("0.55")


def seed_site(site: Site, seed: int) -> None:
    """Fill an empty database; one that was filled before is left as it is."""
    if site.storage.one("SELECT 1 AS found FROM currency"):
        return
    goods = catalogue(seed)
    dice = random.Random(f"infor:{seed}")
    before = site.tables.now()
    with site.storage.transaction():
        _codes(site)
        for ido, rows in _rows(site, goods):
            site.tables.load(ido, rows, before, dice)


def _codes(site: Site) -> None:
    currencies = {site.options.base_currency: ("Base currency", 2), **CURRENCIES}
    site.storage.executemany(
        "INSERT INTO currency VALUES (?, ?, ?)", [(code, *row) for code, row in currencies.items()]
    )
    site.storage.executemany("INSERT INTO shipcode VALUES (?, ?)", SHIP_CODES.items())
    site.storage.executemany("INSERT INTO taxcode VALUES (?, ?)", TAX_CODES.items())


def _rows(site: Site, goods: Catalogue) -> list[tuple[Ido, list[Row]]]:
    known = [item for item in goods.items() if item.sku not in goods.unknown_to_erp]
    codes = {item.sku: goods.erp_item_codes.get(item.sku, item.sku) for item in known}
    existing = goods.customers[:: max(1, len(goods.customers) // EXISTING_CUSTOMERS)][:EXISTING_CUSTOMERS]
    customers = [_house_customer(site)]
    for customer in existing:
        customers += [_customer(site, customer, address, seq) for seq, address in enumerate(customer.addresses)]
    terms: list[Row] = [
        {"TermsCode": code, "Description": name, "DueDays": days} for code, (name, days) in TERMS_CODES.items()
    ]
    warehouses: list[Row] = [
        {"Whse": MAIN_WAREHOUSE, "Name": "Main warehouse"},
        {"Whse": "EAST", "Name": "East warehouse"},
    ]
    stock: list[Row] = [
        {**NOTHING_IN_STOCK, "Item": codes[item.sku], "Whse": whse, "QtyOnHand": quantity * SCALE}
        for item in known
        for whse, quantity in ((MAIN_WAREHOUSE, item.stock), ("EAST", 0))
    ]
    aliases: list[Row] = [
        {"CustNum": ALIAS_CUSTOMER, "Item": codes[sku], "CustItem": sku} for sku in sorted(goods.erp_aliases)
    ]
    return [
        (TERMS, terms),
        (WAREHOUSES, warehouses),
        (ITEMS, [_item(codes[item.sku], item) for item in known]),
        (ITEM_PRICES, [row for item in known for row in _prices(codes[item.sku], item, goods)]),
        (STOCK, stock),
        (CUSTOMERS, customers),
        (CUSTOMER_ITEMS, aliases),
    ]


def _item(code: str, item: Item) -> Row:
    return {
        "Item": code,
        "Description": item.name[:40],
        "UM": "EA",
        "Stat": "A",
        "ProductCode": item.category.upper().replace(" ", "")[:10],
        "FamilyCode": code.partition("-")[0][:10],
        "PMTCode": "P",
        "LotTracked": 0,
        "SerialTracked": 0,
        "UnitWeight": _scaled(item.weight),
        "WeightUnits": "KG",
        "UnitCost": _scaled(item.price * _COST_SHARE),
        "TaxCode1": _TAX_OF_CLASS[item.tax],
        "Reservable": 1,
    }


def _prices(code: str, item: Item, goods: Catalogue) -> list[Row]:
    blank: Row = {prop.name: 0 for prop in ITEM_PRICES.columns if prop.default == "0"}
    return [
        {
            **blank,
            "Item": code,
            "CurrCode": currency,
            "EffectDate": "20200101 00:00:00.000",
            "UnitPrice1": _scaled((item.price * goods.currencies[currency]).quantize(Decimal("0.01"))),
        }
        for currency in CURRENCIES
    ]


def _house_customer(site: Site) -> Row:
    return {
        **_terms(site),
        "CustNum": ALIAS_CUSTOMER,
        "CustSeq": 0,
        "Name": "Web shop collective account",
        "Addr_1": "1 Commerce Way",
        "City": "Dallas",
        "State": "TX",
        "Zip": "75201",
        "Country": "US",
        "CustomerEmailAddr": "webshop@acme.example",
    }


def _customer(site: Site, customer: Customer, address: Address, seq: int) -> Row:
    person = f"{address.firstname} {address.lastname}"
    email = customer.email.lower()  # the site compares case-sensitively
    return {
        **_terms(site),
        "CustNum": f"{1100 + customer.number:>7d}",
        "CustSeq": seq,
        "Name": (address.company or person)[:60],
        "Addr_1": address.address1[:50],
        "Addr_2": address.address2[:50] or None,
        "City": address.city[:30],
        "State": address.state[:5] or None,
        "Zip": address.postcode[:10],
        "Country": address.country,
        "Contact_1": person[:30],
        "Phone_1": address.phone[:25],
        "CustomerEmailAddr": email[:60],
        "BillToEmail": email[:60],
        "ShipToEmail": email[:60],
        "TaxRegNum1": address.vat_number[:25] or None,
    }


def _terms(site: Site) -> Row:
    return {
        "CurrCode": site.options.base_currency,
        "TermsCode": "N30",
        "ShipCode": "UPSG",
        "TaxCode1": "STD",
        "Whse": MAIN_WAREHOUSE,
        "CreditHold": 0,
        "CreditLimit": _scaled(site.options.default_credit_limit),
    }


def _scaled(value: Decimal) -> int:
    return int(parse(ITEMS.props["UnitCost"].kind, f"{value:f}") or 0)
