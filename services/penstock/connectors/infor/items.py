"""From the shop's SKU to the site's item: `Item` first, then the agreed customer's alias (systems/infor.md 4.6)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import process

from penstock.connectors.infor.client import InforClient
from penstock.connectors.infor.literals import any_of, cust_num, quoted
from penstock.connectors.infor.payloads import Line
from penstock.connectors.infor.settings import InforSettings

CHUNK = 40
"""Codes asked for in one filter; the URL stays short."""
REMEDY = "create the item in Infor, or name its code in table items"


@dataclass(frozen=True, slots=True)
class Item:
    """An item as orders need it; `um` is its stocking unit."""

    code: str
    um: str | None


class UnresolvedError(Exception):
    """A line has no item, or not exactly one; the text names SKU, candidates and remedy."""


class Items:
    """Finds items and remembers them for a while. `clock` is monotonic seconds."""

    def __init__(
        self, client: InforClient, settings: InforSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._known: dict[str, tuple[float, Item]] = {}

    async def resolve(self, lines: Sequence[Line]) -> list[Line]:
        """The lines with item and unit. Raises UnresolvedError for the first that has none."""
        wanted = list(dict.fromkeys(line.code for line in lines))
        missing = [code for code in wanted if self._remembered(code) is None]
        if missing:
            await self._find(missing)
        resolved = []
        for line in lines:
            item = self._remembered(line.code)
            if item is None:
                raise UnresolvedError(await self._unknown(line))
            if line.unit and item.um and line.unit.strip().upper() != item.um.strip().upper():
                raise UnresolvedError(
                    f"line {line.number} ({line.sku}) is ordered in {line.unit}, item {item.code} is kept in "
                    f"{item.um}: order it in the item's unit, or set up a SKU for the other unit"
                )
            resolved.append(line.resolved(item.code, item.um))
        return resolved

    def _remembered(self, code: str) -> Item | None:
        found = self._known.get(code)
        return found[1] if found and found[0] > self._clock() else None

    def _remember(self, code: str, item: Item) -> None:
        # two seconds at least: what was just found must hold until the order has used it
        self._known[code] = (self._clock() + max(self._settings.item_cache_seconds, 2.0), item)

    async def _find(self, codes: list[str]) -> None:
        found = await self._load(codes)
        for code in codes:
            if code in found:
                self._remember(code, found[code])
        left = [code for code in codes if code not in found]
        if left and self._settings.alias_customer:
            await self._find_aliases(left, self._settings.alias_customer)

    async def _find_aliases(self, codes: list[str], customer: str) -> None:
        aliases: dict[str, set[str]] = {}
        for chunk in _chunks(codes):
            where = f"CustNum = {quoted(cust_num(customer))} AND {any_of('CustItem', chunk)}"
            page = await self._client.load("SLItemCusts", ["Item", "CustItem"], where, "CustItem,Item")
            for row in page.rows:
                aliases.setdefault((row["CustItem"] or "").strip(), set()).add((row["Item"] or "").strip())
        items = await self._load(sorted({item for found in aliases.values() for item in found}))
        for code, found in aliases.items():
            if len(found) > 1:
                raise UnresolvedError(
                    f"SKU {code} is the alias of several items of customer {customer.strip()}: "
                    f"{', '.join(sorted(found))}; keep one of them in SLItemCusts, or name the item in table items"
                )
            if (item := items.get(next(iter(found)))) is not None:
                self._remember(code, item)

    async def _load(self, codes: list[str]) -> dict[str, Item]:
        found: dict[str, Item] = {}
        for chunk in _chunks(codes):
            page = await self._client.load("SLItems", ["Item", "UM"], any_of("Item", chunk), "Item")
            for row in page.rows:
                code = (row["Item"] or "").strip()
                found[code] = Item(code, row.get("UM"))
        return found

    async def _unknown(self, line: Line) -> str:
        near = await self._nearest(line.code)
        hint = f"; the nearest items are {', '.join(near)}" if near else ""
        asked = f"{line.code} (for SKU {line.sku})" if line.code != line.sku else line.sku
        return f"line {line.number}: Infor does not know item {asked}{hint}: {REMEDY}"

    async def _nearest(self, code: str) -> list[str]:
        stem = code[:3]
        if not stem or any(character in stem for character in "%_["):
            return []
        page = await self._client.load("SLItems", ["Item"], f"Item LIKE {quoted(f'{stem}%')}", "Item", 200)
        names = [(row["Item"] or "").strip() for row in page.rows]
        return [str(name) for name, score, _ in process.extract(code, names, limit=3) if score >= 60]


def _chunks(codes: Sequence[str]) -> Iterable[list[str]]:
    return (list(codes[start : start + CHUNK]) for start in range(0, len(codes), CHUNK))
