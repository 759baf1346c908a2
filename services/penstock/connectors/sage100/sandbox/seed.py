"""What the company knows before the first order: codes, items and stock of the shared catalogue, some customers."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from penstock.connectors.sage100.sandbox import code_rows
from penstock.connectors.sage100.sandbox.dictionary import codes
from penstock.connectors.sage100.sandbox.dictionary.columns import Table
from penstock.connectors.sage100.sandbox.dictionary.customers import CONTACTS, CUSTOMERS, SHIP_TOS
from penstock.connectors.sage100.sandbox.dictionary.items import ALIASES, ITEM_WAREHOUSES, ITEMS, PRICE_CODES
from penstock.connectors.sage100.sandbox.seed_customers import contacts, customers, ship_tos
from penstock.connectors.sage100.sandbox.store import Store
from penstock.sandbox.catalogue import Catalogue, Item, catalogue

MAIN, EAST = "001", "002"
ALIAS_CUSTOMER = ("01", "WEBSHOP")
_COST_SHARE = Decimal("0.55")
_CENT = Decimal("0.01")
# places in the catalogue of items that are odd in one way each
_INACTIVE, _KIT, _LOT, _SERIAL, _DISCONTINUED, _NO_BACK_ORDERS = 17, 29, 41, 53, 67, 79
_CUSTOMER_PRICES = 20
Rows = Iterable[Mapping[str, str]]


def seed_company(store: Store, seed: int, base_currency: str) -> None:
    """Fill an empty database; one that was filled before is left as it is."""
    if store.storage.one("SELECT 1 AS x FROM AR_TermsCode"):
        return
    goods = catalogue(seed)
    with store.storage.transaction():
        for table, rows in (*_codes(goods), *_goods(goods, goods.currencies.get(base_currency, Decimal(1)))):
            store.load(table, rows)
        store.load(CUSTOMERS, customers(goods, store.today()))
        store.load(CONTACTS, contacts(goods))
        store.load(SHIP_TOS, ship_tos(goods))


def _codes(goods: Catalogue) -> list[tuple[Table, Rows]]:
    terms = ("TermsCode", "TermsCodeDesc", "DaysBeforeDue", "DaysBeforeDiscountDue", "DiscountRate")
    payments = ("PaymentType", "PaymentDesc", "PaymentMethod", "DefaultTransaction")
    places = {zip_code: (city, state) for zip_code, city, state in code_rows.ZIP_CODES}
    for customer in goods.customers:
        for address in customer.addresses:
            if address.country == "US":
                places.setdefault(address.postcode, (address.city, address.state))
    zips = [(zip_code, city, state) for zip_code, (city, state) in places.items()]
    return [
        (codes.TERMS, _named(terms, code_rows.TERMS)),
        (codes.PAYMENT_TYPES, _named(payments, code_rows.PAYMENT_TYPES)),
        (codes.TAX_SCHEDULES, _named(("TaxSchedule", "TaxScheduleDesc", "Rate"), code_rows.TAX_SCHEDULES)),
        (codes.TAX_CLASSES, _named(codes.TAX_CLASSES.shown, code_rows.TAX_CLASSES)),
        (codes.DIVISIONS, _named(codes.DIVISIONS.shown, code_rows.DIVISIONS)),
        (codes.WAREHOUSES, _named(codes.WAREHOUSES.shown, code_rows.WAREHOUSES)),
        (codes.CANCEL_REASONS, _named(codes.CANCEL_REASONS.shown, code_rows.CANCEL_REASONS)),
        (codes.SALESPERSONS, _named(codes.SALESPERSONS.shown, code_rows.SALESPERSONS)),
        (codes.ZIP_CODES, _named(codes.ZIP_CODES.shown, zips)),
    ]


def _named(names: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Rows:
    return [dict(zip(names, row, strict=True)) for row in rows]


def _goods(goods: Catalogue, rate: Decimal) -> list[tuple[Table, Rows]]:
    known = [item for item in goods.items() if item.sku not in goods.unknown_to_erp]
    code_of = {item.sku: goods.erp_item_codes.get(item.sku, item.sku) for item in known}
    items = [{**_item(code_of[item.sku], item, rate), **_odd(at)} for at, item in enumerate(known)]
    charges = [
        {"ItemCode": code, "ItemType": "5", "ItemCodeDesc": name, "TaxClass": "NT"} for code, name in code_rows.CHARGES
    ]
    return [
        (ITEMS, [*items, *charges]),
        (ITEM_WAREHOUSES, _stock(known, items)),
        (ALIASES, _aliases(goods)),
        (PRICE_CODES, _customer_prices([row["ItemCode"] for row in items], {r["ItemCode"]: r for r in items})),
    ]


def _item(code: str, item: Item, rate: Decimal) -> dict[str, str]:
    price = (item.price * rate).quantize(_CENT)
    cost = f"{(price * _COST_SHARE).quantize(_CENT):.6f}"
    return {
        "ItemCode": code,
        "ItemCodeDesc": item.name[:30],
        "ProductLine": item.category.upper()[:4].strip(),
        "StandardUnitPrice": f"{price:.6f}",
        "SuggestedRetailPrice": f"{price:.6f}",
        "StandardUnitCost": cost,
        "AverageUnitCost": cost,
        "LastTotalUnitCost": cost,
        "TaxClass": "TX" if item.tax == "standard" else "NT",
        "DefaultWarehouseCode": MAIN,
        "Category1": item.category[:10],
        "ShipWeight": f"{item.weight:.2f}",
        "UPC": item.ean13,
    }


def _odd(at: int) -> dict[str, str]:
    return {
        _INACTIVE: {"InactiveItem": "Y"},
        _KIT: {"ProductType": "K"},
        _LOT: {"Valuation": "5"},
        _SERIAL: {"Valuation": "6"},
        _DISCONTINUED: {"ProductType": "D"},
        _NO_BACK_ORDERS: {"AllowBackOrders": "N"},
    }.get(at, {})


def _stock(known: list[Item], items: list[dict[str, str]]) -> Rows:
    return [
        {"ItemCode": row["ItemCode"], "WarehouseCode": place, "QuantityOnHand": f"{quantity:.6f}"}
        for at, (item, row) in enumerate(zip(known, items, strict=True))
        if row.get("ProductType") != "K"
        for place, quantity in ((MAIN, Decimal(item.stock)), (EAST, Decimal(25 if at % 9 == 0 else 0)))
    ]


def _aliases(goods: Catalogue) -> Rows:
    """The shop's name of each legacy item: general for those that the ERP knows as aliases, else one customer's."""
    division, number = ALIAS_CUSTOMER
    return [
        {"ItemCode": code, "AliasItemNo": sku, "Type": "G"}
        if sku in goods.erp_aliases
        else {"ItemCode": code, "AliasItemNo": sku, "Type": "C", "ARDivisionNo": division, "CustomerNo": number}
        for sku, code in goods.erp_item_codes.items()
    ]


def _customer_prices(codes_of: list[str], items: Mapping[str, Mapping[str, str]]) -> Rows:
    """A fixed price (method `O`, override) below the standard one for the first customers, on a few items."""
    return [
        {
            "PriceCodeRecord": "2",
            "ItemCode": code,
            "ARDivisionNo": "01",
            "CustomerNo": "ACC0002",
            "PricingMethod": "O",
            "BreakQuantity1": "999999.000000",
            "DiscountMarkup1": f"{(Decimal(items[code]['StandardUnitPrice']) * 9 / 10).quantize(_CENT):.6f}",
        }
        for code in codes_of[:_CUSTOMER_PRICES]
    ]
