"""StockLevel of the ERP -> quantity that the shop may sell of one product or combination.

What the ERP calls available still holds what the shop has sold and the ERP has not booked; that is taken off first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from penstock.connectors.contract import Decision, Done, Hold, Plan, SendWindow, Settled, Step, StepResult, Task, Wait
from penstock.connectors.prestashop.client import Shop
from penstock.connectors.prestashop.handlers.base import ShopHandler, step
from penstock.connectors.prestashop.reference import ReferenceData
from penstock.connectors.prestashop.wire import Row, flag, integer, text

MOST_QUANTITY = 2_147_483_647
NEWEST_ORDERS = 200
"""More than can be on their way to the log at once."""
UNSEEN_SECONDS = 60.0
_MOST_KEPT = 20_000
_UNSEARCHABLE = frozenset("[]|")


@dataclass(frozen=True, slots=True)
class _Sold:
    """What a SKU is in the shop: a combination, or a product without any (then `attribute_id` is 0)."""

    product_id: str
    attribute_id: str


class StockHandler(ShopHandler):
    """The shop changes quantities with every sale, so each write is decided on a fresh read of the row."""

    entity = "stock-level"
    mapping: str | None = "stock-level.from-canonical"
    fresh = True

    def __init__(self, shop: Shop, reference: ReferenceData, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(shop, reference)
        self._clock = clock
        self._known: dict[str, tuple[float, _Sold]] = {}
        self._noticed: dict[str, float] = {}

    async def decide(self, task: Task) -> Decision:
        sku, warehouse = str(task.payload["sku"]), str(task.payload["warehouse"])
        if warehouse != self.settings.stock_warehouse:
            return Settled("not-routed", f"the shop sells from {self.settings.stock_warehouse}, not from {warehouse}")
        unbooked = task.lookup.unbooked(sku)
        quantity = sellable(task.payload["available"], unbooked)
        sold = await self._find(sku)
        if not isinstance(sold, _Sold):
            return sold
        row = await self._row(sku, sold)
        if not isinstance(row, dict):
            return row
        row_id, shown = text(row.get("id")), integer(row.get("quantity"))
        # No newer figure need come when what is not booked changes: as long as there is any, this one is tried again.
        reason = f"{unbooked.normalize():f} of {sku} are in orders that the ERP does not allocate yet"
        again = Wait("booking", reason, 2.0) if unbooked else None
        if shown == quantity:
            return again or Settled("unchanged", f"the shop has {quantity} of {sku}", row_id)
        if quantity > shown and (number := await self._unseen_order(task)):
            return Wait(
                "orders", f"order {number} of the shop is not on the log yet: its units must not be sold again", 1.0
            )
        if task.lookup.unbooked(sku) != unbooked:
            return Wait("orders", f"the demand for {sku} changed while the shop was looked at", 0.2)
        steps = [self._write(row, quantity)]
        if again is not None:
            steps.append(_waiting(again))
        return Plan(steps, native_id=row_id)

    async def _unseen_order(self, task: Task) -> str | None:
        """The newest orders are looked at before a quantity is raised: one that we do not know took units."""
        listing = await self.shop.rows("orders", {}, display="[id]", sort="[id_DESC]", limit=NEWEST_ORDERS)
        now = self._clock()
        unseen = [number for row in listing.rows if not task.lookup.seen(number := text(row["id"]))]
        self._noticed = {number: self._noticed.get(number, now) for number in unseen}
        # one that stays unseen is a dead letter: it must not hold back the stock for ever
        return next((number for number in unseen if now - self._noticed[number] < UNSEEN_SECONDS), None)

    async def _find(self, sku: str) -> _Sold | Wait | Hold:
        at, known = self._known.get(sku, (0.0, None))
        if known is not None and self._clock() - at < self.settings.reference_ttl:
            return known
        if _UNSEARCHABLE & set(sku):
            return Hold(f"the shop cannot search a reference with one of [ ] |: rename SKU {sku}")
        combinations, products = await asyncio.gather(
            self._referenced("combinations", sku, "[id,id_product,reference]"),
            self._referenced("products", sku, "[id,reference]"),
        )
        parents = {text(row.get("id_product")) for row in combinations}
        # A product often carries the reference of its default combination: the combination is what is sold.
        products = [row for row in products if text(row.get("id")) not in parents]
        if len(combinations) + len(products) > 1:
            found = [f"combination {text(row.get('id'))}" for row in combinations]
            found += [f"product {text(row.get('id'))}" for row in products]
            return Hold(f"several things in the shop have the reference {sku}: {', '.join(found)}; make it unique")
        if combinations:
            sold = _Sold(text(combinations[0].get("id_product")), text(combinations[0].get("id")))
        elif products:
            product_id = text(products[0].get("id"))
            if await self._has_combinations(product_id):
                return Hold(
                    f"{sku} is the reference of product {product_id}, which is sold in combinations: give the "
                    "combination its own reference; writing the product's row would contradict their sum"
                )
            sold = _Sold(product_id, "0")
        else:
            return Wait("item", f"the shop has no product or combination with the reference {sku}", after=30.0)
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        self._known[sku] = (self._clock(), sold)
        return sold

    async def _referenced(self, resource: str, sku: str, display: str) -> list[Row]:
        """Rows with exactly this reference; the shop's own comparison may be looser."""
        listing = await self.shop.rows(resource, {"reference": f"[{sku}]"}, display=display)
        return [row for row in listing.rows if text(row.get("reference")).casefold() == sku.casefold()]

    async def _has_combinations(self, product_id: str) -> bool:
        found = await self.shop.rows("combinations", {"id_product": f"[{product_id}]"}, display="[id]", limit=1)
        return bool(found.rows)

    async def _row(self, sku: str, sold: _Sold) -> Row | Wait | Hold:
        wanted = {"id_product": f"[{sold.product_id}]", "id_product_attribute": f"[{sold.attribute_id}]"}
        rows = (await self.shop.rows("stock_availables", wanted)).rows
        shop_id = self.settings.shop_id
        if shop_id is not None:
            rows = tuple(row for row in rows if integer(row.get("id_shop")) in {0, shop_id})
        if not rows:
            self._known.pop(sku, None)
            return Wait("item", f"the shop has no stock row for {sku} (product {sold.product_id})", after=30.0)
        if len(rows) > 1:
            return Hold(f"{sku} has a stock row in several shops: set shop_id in the connector's settings")
        if flag(rows[0].get("depends_on_stock")):
            return Hold(f"{sku} is under advanced stock management in the shop: writes would not last; switch it off")
        return rows[0]

    def _write(self, row: Row, quantity: int) -> Step:
        row_id = text(row.get("id"))

        async def send(window: SendWindow) -> StepResult:
            await self.shop.change("stock_availables", "stock_available", row_id, {"quantity": quantity}, window=window)
            return Done(reply=f"stock row {row_id}: {quantity}")

        return step("quantity", "absolute", send)


def _waiting(wait: Wait) -> Step:
    """The last step of a write that will have to be looked at again."""

    async def send(_window: SendWindow) -> StepResult:
        return wait

    return step("settle", "absolute", send)


def sellable(available: Decimal, unbooked: Decimal) -> int:
    """Whole pieces that are left once what the ERP has not booked is taken off; never below 0."""
    left = (available - unbooked).to_integral_value(rounding=ROUND_FLOOR)
    return min(max(int(left), 0), MOST_QUANTITY)
