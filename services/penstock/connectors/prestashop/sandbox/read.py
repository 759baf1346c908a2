"""GET: lists and single objects (systems/prestashop.md 2 and 3)."""

import re
from decimal import Decimal

from penstock.connectors.prestashop.sandbox import query
from penstock.connectors.prestashop.sandbox.call import Call, php_int
from penstock.connectors.prestashop.sandbox.errors import ApiError, php_warning, refuse
from penstock.connectors.prestashop.sandbox.money import cents, gross, micro, six
from penstock.connectors.prestashop.sandbox.orders import tax_rate
from penstock.connectors.prestashop.sandbox.query import Display
from penstock.connectors.prestashop.sandbox.schema import Resource
from penstock.connectors.prestashop.sandbox.shop import DEFAULT_COUNTRY, DEFAULT_CURRENCY, Shop
from penstock.connectors.prestashop.sandbox.values import Entity
from penstock.sandbox.storage import Row

PRICE = re.compile(r"^price\[([^\]]+)\]\[([^\]]+)\]$")
PRICED = frozenset({"products", "combinations"})
PER_SHOP = frozenset({"orders", "carts", "stock_availables", "order_details"})


class Reader:
    """Reads for one call. `warnings`: what PHP says beside the answer."""

    def __init__(self, shop: Shop, call: Call, resource: Resource) -> None:
        self._shop = shop
        self._call = call
        self._resource = resource
        self._prices = _price_options(call) if resource.name in PRICED else {}
        self.warnings: list[ApiError] = []

    def everything(self) -> Display:
        return query.full(self._resource)

    def listing(self) -> tuple[list[Entity], Display]:
        """The objects of a list. Refused with 30 and 32-39 for bad parameters."""
        call, resource = self._call, self._resource
        where = query.build_where(resource, call)
        display = query.parse_display(resource, call.params.get("display"), tuple(self._prices))
        order = query.build_order(resource, call, where)
        limit = query.build_limit(call)
        self._within_shop(where)
        if where.nothing or (limit is not None and not limit[1]):
            return [], display
        select = f'SELECT id FROM "{resource.name}" AS main' if display.listed else self._shop.select(resource.name)  # noqa: S608
        tail = "" if limit is None else f" LIMIT {limit[1]} OFFSET {limit[0]}"
        rows = self._shop.storage.query(f"{select} WHERE {where.sql} ORDER BY {order}{tail}", where.params)
        return self._entities(rows, display), display

    def single(self, number: int) -> tuple[Entity | None, Display]:
        """One object; None = 404 without a word. A row that belongs to no shop: 404/131."""
        shop, resource = self._shop, self._resource
        row = shop.load(resource.name, number)
        display = self._single_display()
        if row is None:
            return None, display
        self._check_shop(row)
        if resource.name == "products" and not row["id_default_image"]:
            self._warn_of_image()
        return self._entities([row], display)[0], display

    def _single_display(self) -> Display:
        text = self._call.params.get("display")
        if text is None:
            return self.everything()
        display = query.parse_display(self._resource, text, tuple(self._prices))
        if not self._shop.options.modern:
            return Display((), {}, listed=True)
        return display

    def _warn_of_image(self) -> None:
        """1.7 on PHP 7.4 stumbles over a product without an image, and shows it all the same."""
        if not self._shop.options.modern and self._shop.options.warnings_shown:
            self.warnings.append(php_warning(old=True))

    def _check_shop(self, row: Row) -> None:
        """A stock row that lost its shop is in the lists but not at its address."""
        if self._resource.name != "stock_availables" or self._call.id_shop is None:
            return
        here = row["id_shop"] == self._call.id_shop or (not row["id_shop"] and row["id_shop_group"])
        if not here:
            name = self._resource.class_name
            raise refuse(404, 131, f"This {name} ({row['id']}) does not exists on this shop")

    def _within_shop(self, where: query.Where) -> None:
        if self._shop.options.multistore == "off" or self._call.id_shop is None:
            return
        if self._resource.name in PER_SHOP:
            where.add("main.id_shop = ? OR main.id_shop = 0", self._call.id_shop)

    def _entities(self, rows: list[Row], display: Display) -> list[Entity]:
        entities = {row["id"]: Entity(row) for row in rows}
        for association in self._resource.associations:
            if association.name in display.associations:
                found = self._shop.associated(self._resource.name, association, list(entities))
                for number, linked in found.items():
                    entities[number].associations[association.name] = linked
        for entity in entities.values():
            for alias, options in self._prices.items():
                entity.extra[alias] = self._price(entity.row["id"], options)
        return list(entities.values())

    def _price(self, number: int, options: dict[str, str]) -> str:
        """A computed price: after catalogue reductions, with tax if asked, to cents."""
        shop = self._shop
        id_combination = php_int(options.get("product_attribute", "0"))
        if self._resource.name == "combinations":
            id_combination = number
        variant = shop.load("combinations", id_combination) if id_combination else None
        product = shop.get("products", variant["id_product"] if variant else number)
        net = Decimal(product["price"]) + (Decimal(variant["price"]) if variant else 0)
        id_currency = php_int(options.get("currency", str(DEFAULT_CURRENCY)))
        currency = shop.load("currencies", id_currency) or shop.get("currencies", DEFAULT_CURRENCY)
        net = micro(net * Decimal(currency["conversion_rate"]))
        if options.get("use_reduction", "1") != "0":
            net = self._reduced(product["id"], id_combination, net)
        if options.get("use_tax", "1") != "0":
            country = php_int(options.get("country", str(DEFAULT_COUNTRY)))
            net = gross(net, tax_rate(shop, product["id_tax_rules_group"], country))
        return six(cents(net))

    def _reduced(self, id_product: int, id_combination: int, net: Decimal) -> Decimal:
        """After the specific price that holds for everybody, if there is one."""
        found = self._shop.storage.one(
            "SELECT price, reduction, reduction_type FROM specific_prices WHERE id_product = ? AND id_customer = 0"
            " AND id_product_attribute IN (0, ?) AND from_quantity <= 1 ORDER BY id_product_attribute DESC, id LIMIT 1",
            (id_product, id_combination),
        )
        if found is None:
            return net
        fixed, off = Decimal(found["price"]), Decimal(found["reduction"])
        start = net if fixed < 0 else fixed
        return start * (1 - off) if found["reduction_type"] == "percentage" else start - off


def _price_options(call: Call) -> dict[str, dict[str, str]]:
    """`price[alias][use_tax]=1 …` by alias."""
    found: dict[str, dict[str, str]] = {}
    for name, value in call.params.items():
        match = PRICE.match(name)
        if match is not None:
            found.setdefault(match[1], {})[match[2]] = value
    return found
