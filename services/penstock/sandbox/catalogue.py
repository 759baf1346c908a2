"""One catalogue for all sandboxes, so that the SKUs of a shop meet the items of an ERP. Deterministic by seed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import product as pairs
from types import MappingProxyType

from penstock.sandbox import words
from penstock.sandbox.people import Customer, people

PRODUCTS = 300
CUSTOMERS = 200
LEGACY = 8
UNKNOWN_TO_ERP = 5

TAX_RATES: Mapping[str, Decimal] = MappingProxyType(
    {"standard": Decimal("20.000"), "reduced": Decimal("5.500"), "zero": Decimal("0.000")}
)
CURRENCIES: Mapping[str, Decimal] = MappingProxyType({"EUR": Decimal(1), "USD": Decimal("1.085000")})


@dataclass(frozen=True, slots=True)
class Combination:
    """A variant. `price_impact` (net EUR) and `weight_impact` (kg) are added to the product's."""

    sku: str
    options: tuple[tuple[str, str], ...]
    price_impact: Decimal
    weight_impact: Decimal
    stock: int
    ean13: str


@dataclass(frozen=True, slots=True)
class Product:
    """Net price in EUR, weight in kg, `tax` a key of TAX_RATES. `stock` is 0 where there are combinations."""

    sku: str
    name: str
    category: str
    price: Decimal
    tax: str
    weight: Decimal
    stock: int
    ean13: str
    combinations: tuple[Combination, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """What can be sold and counted: a product without combinations, or one combination."""

    sku: str
    name: str
    category: str
    price: Decimal
    tax: str
    weight: Decimal
    stock: int
    ean13: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`erp_item_codes`: SKUs that the ERP files under another code; `erp_aliases`: those of them that it also knows
    as a customer's item name. `unknown_to_erp`: SKUs that it does not know at all."""

    products: tuple[Product, ...]
    sellable: tuple[Item, ...]
    customers: tuple[Customer, ...]
    categories: tuple[str, ...]
    erp_item_codes: Mapping[str, str]
    erp_aliases: frozenset[str]
    unknown_to_erp: frozenset[str]
    tax_rates: Mapping[str, Decimal]
    currencies: Mapping[str, Decimal]

    def items(self) -> list[Item]:
        """Everything with a stock, in catalogue order."""
        return list(self.sellable)


@cache
def catalogue(seed: int) -> Catalogue:
    """The catalogue of this seed: 300 products, about half with 2 to 6 combinations, and 200 customers."""
    dice = random.Random(f"catalogue:{seed}")
    models = [
        (thing, material) for thing, material in pairs(words.THINGS, words.MATERIALS) if material[2] & thing.kinds
    ]
    used: set[str] = set()
    made = tuple(
        _product(dice, number, thing, material, used)
        for number, (thing, material) in enumerate(dice.sample(models, PRODUCTS), start=1)
    )
    sellable = tuple(item for product in made for item in _items(product))
    odd = dice.sample([item.sku for item in sellable], LEGACY + UNKNOWN_TO_ERP)
    legacy = {sku: f"LEGACY-{1000 + 7 * index}" for index, sku in enumerate(odd[:LEGACY])}
    return Catalogue(
        products=made,
        sellable=sellable,
        customers=people(random.Random(f"customers:{seed}"), CUSTOMERS),
        categories=tuple(sorted({thing.category for thing in words.THINGS})),
        erp_item_codes=MappingProxyType(legacy),
        erp_aliases=frozenset(odd[: LEGACY // 2]),
        unknown_to_erp=frozenset(odd[LEGACY:]),
        tax_rates=TAX_RATES,
        currencies=CURRENCIES,
    )


def _product(dice: random.Random, number: int, thing: words.Thing, material: words.Material, used: set[str]) -> Product:
    sku = _unique(f"{thing.code}-{material[1]}", used)
    combinations = _combinations(dice, number, sku, thing, used) if dice.random() < 0.55 else ()
    low, high = thing.price
    return Product(
        sku=sku,
        name=f"{material[0]} {thing.name}".capitalize(),
        category=thing.category,
        price=Decimal(dice.randint(low * 20, high * 20)) * 5 / 100,
        tax=thing.tax,
        weight=Decimal(dice.randint(5, 240)) / 100,
        stock=0 if combinations else dice.randint(20, 400),
        ean13=_ean13(number * 10),
        combinations=combinations,
    )


def _combinations(
    dice: random.Random, number: int, sku: str, thing: words.Thing, used: set[str]
) -> tuple[Combination, ...]:
    groups = [words.OPTIONS[name] for name in thing.options]
    choices = list(pairs(*([(group, *value) for value in words.OPTION_VALUES[group]] for group in groups)))
    if len(choices) < 2:
        return ()
    picked = dice.sample(choices, min(len(choices), dice.randint(2, 6)))
    return tuple(
        Combination(
            sku=_unique("-".join([sku, *(code for _, _, code in choice)]), used),
            options=tuple((group, value) for group, value, _ in choice),
            price_impact=Decimal(dice.choice((0, 0, 0, 150, 300, -100))) / 100,
            weight_impact=Decimal(dice.choice((0, 0, 5, 10))) / 100,
            stock=dice.randint(10, 250),
            ean13=_ean13(number * 10 + index),
        )
        for index, choice in enumerate(sorted(picked), start=1)
    )


def _items(product: Product) -> list[Item]:
    if not product.combinations:
        shared = (product.price, product.tax, product.weight, product.stock, product.ean13)
        return [Item(product.sku, product.name, product.category, *shared)]
    return [
        Item(
            variant.sku,
            f"{product.name} ({' - '.join(f'{group}: {value}' for group, value in variant.options)})",
            product.category,
            product.price + variant.price_impact,
            product.tax,
            product.weight + variant.weight_impact,
            variant.stock,
            variant.ean13,
        )
        for variant in product.combinations
    ]


def _unique(sku: str, used: set[str]) -> str:
    found, number = sku, 2
    while found in used:
        found, number = f"{sku}{number}", number + 1
    used.add(found)
    return found


def _ean13(number: int) -> str:
    digits = f"376{number:09d}"
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return f"{digits}{-total % 10}"
