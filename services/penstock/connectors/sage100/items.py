"""From the shop's SKU to Sage's item: ItemCode itself, else an alias of the customer, else a general one (2.6)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from rapidfuzz import process, utils

from penstock.connectors.sage100.amounts import ZERO, Line
from penstock.connectors.sage100.client import ALIAS, ITEM, STOCK, Row, SageClient, keyed
from penstock.connectors.sage100.orders import number
from penstock.connectors.sage100.settings import Sage100Settings
from penstock.connectors.sage100.vocabulary import KIT, REGULAR_ITEM
from penstock.rules.stock import Place

T = TypeVar("T")
CATALOGUE_PAGES = 10
"""Pages of 500 codes that the nearest ones are looked for in."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item as orders need it. stocked: it has stock of its own; a kit and a charge have none."""

    code: str
    unit: str
    stocked: bool
    inactive: bool


class UnresolvedError(Exception):
    """A line has no item, or not exactly one; the text names SKU, candidates and remedy."""


class _Cache:
    """What was read, for a while. `clock` is monotonic seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: dict[str, tuple[float, object]] = {}

    def get(self, key: str, kind: type[T]) -> T | None:
        until, value = self._kept.get(key, (0.0, None))
        return value if until > self._clock() and isinstance(value, kind) else None

    def put(self, key: str, value: T) -> T:
        self._kept[key] = (self._clock() + self._seconds, value)
        return value


class Items:
    """Finds items, and what is available of them."""

    def __init__(
        self, client: SageClient, settings: Sage100Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._settings = settings
        self._cache = _Cache(settings.item_cache_seconds, clock)

    async def resolve(self, lines: Sequence[Line], customer: str) -> dict[str, Item]:
        """SKU -> item, for the customer `{division}-{number}`. Raises UnresolvedError for the first that has none."""
        found: dict[str, Item] = {}
        for line in lines:
            if line.sku not in found:
                found[line.sku] = await self._resolved(line, customer)
            item = found[line.sku]
            if line.unit and item.unit and line.unit.upper() != item.unit.upper():
                raise UnresolvedError(
                    f"line {line.number} ({line.sku}) is ordered in {line.unit}, item {item.code} is sold in "
                    f"{item.unit}: order it in the item's unit, or set up a SKU for the other unit"
                )
        return found

    async def _resolved(self, line: Line, customer: str) -> Item:
        item = await self._item(line.sku) or await self._by_alias(line.sku, customer)
        if item is None:
            near = await self._nearest(line.sku)
            hint = f"; the nearest items are {', '.join(near)}" if near else ""
            raise UnresolvedError(
                f"line {line.number}: Sage 100 knows neither item nor alias {line.sku}{hint}: create the item or an "
                "alias in Sage 100, or name its code in table items"
            )
        if item.inactive:
            raise UnresolvedError(
                f"line {line.number}: item {item.code} is inactive in Sage 100: activate it, or name another by an "
                "alias"
            )
        return item

    async def _item(self, code: str) -> Item | None:
        if not code:
            return None
        known = self._cache.get(f"item {code}", Item)
        if known is not None:
            return known
        found = await self._client.get(keyed(ITEM, code))
        return self._cache.put(f"item {code}", item_of(found[0])) if found else None

    async def _by_alias(self, sku: str, customer: str) -> Item | None:
        rows = self._cache.get(f"alias {sku}", list)
        if rows is None:
            rows = await self._client.rows(ALIAS, {"AliasItemNo": sku}) if sku else []
            if rows:
                self._cache.put(f"alias {sku}", rows)
        own = {str(row["ItemCode"]) for row in rows if self._is_of(row, customer)}
        general = {str(row["ItemCode"]) for row in rows if row.get("Type") == self._settings.alias_general}
        codes = own or general
        if len(codes) > 1:
            raise UnresolvedError(
                f"SKU {sku} is the alias of several items: {', '.join(sorted(codes))}; keep one of them in Alias Item "
                "Maintenance, or name the item in table items"
            )
        return await self._item(next(iter(codes))) if codes else None

    def _is_of(self, row: Row, customer: str) -> bool:
        key = f"{row.get('ARDivisionNo') or ''}-{row.get('CustomerNo') or ''}"
        return row.get("Type") == self._settings.alias_customer and key == customer

    async def _nearest(self, code: str) -> list[str]:
        names = self._cache.get("catalogue", list)
        if names is None:
            names = []
            pages = self._client.pages(ITEM, {"fields": "ItemCode"}, 500)
            count = 0
            async for page in pages:
                names += [str(row["ItemCode"]) for row in page.rows]
                count += 1
                if count >= CATALOGUE_PAGES:
                    break
            self._cache.put("catalogue", names)
        matches = process.extract(code, names, processor=utils.default_process, limit=3, score_cutoff=60)
        return [name for name, _score, _ in matches]

    async def available(self, places: Iterable[Place]) -> dict[Place, Decimal]:
        """What is available now, as the setting counts it; below zero where more is promised than there is."""
        wanted = list(dict.fromkeys(places))
        return dict(zip(wanted, await asyncio.gather(*(self._free(*place) for place in wanted)), strict=True))

    async def _free(self, item: str, warehouse: str) -> Decimal:
        rows = await self._client.rows(STOCK, {"ItemCode": item, "WarehouseCode": warehouse})
        return sum((available_of(row, self._settings.available) for row in rows), ZERO)


def item_of(row: Row) -> Item:
    item_type, product = str(row.get("ItemType") or REGULAR_ITEM), str(row.get("ProductType") or "")
    return Item(
        code=str(row["ItemCode"]),
        unit=str(row.get("SalesUnitOfMeasure") or row.get("StandardUnitOfMeasure") or ""),
        stocked=item_type == REGULAR_ITEM and product != KIT,
        inactive=row.get("InactiveItem") == "Y",
    )


def available_of(row: Mapping[str, object], formula: str) -> Decimal:
    """What may be promised (systems/sage100.md 2.5); the formula is the setting `available`."""
    free = number(row, "QuantityOnHand")
    if formula == "on-hand":
        return free
    taken = ["QuantityOnSalesOrder", "QuantityOnBackOrder", "QuantityRequiredForWO"]
    if formula == "less-shipping":
        taken.append("QuantityInShipping")
    return free - sum((number(row, name) for name in taken), ZERO)
