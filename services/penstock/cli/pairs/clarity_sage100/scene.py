"""Clarity ↔ Sage 100: what people do in the two systems during a demo."""

import random
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from penstock.cli.demo_report import ENDED
from penstock.cli.errors import CommandError
from penstock.cli.pairs.clarity_sage100.basket import BACK_ORDERED, PARTIAL, SCARCE, Line
from penstock.cli.pairs.clarity_sage100.cast import Cast, cast
from penstock.cli.pairs.clarity_sage100.read import WAREHOUSE, Documents, Reader, is_charge, order_total
from penstock.cli.pairs.pair import Moment, Row, Snapshot, Wish, amount
from penstock.cli.sandbox_api import SandboxApi
from penstock.mapping import Rates

IN_THE_SHOP = frozenset({"edit", "pay", "cancel"})
OF_A_CLERK = {"restock": "stock", "pay-balance": "credit", "lift-hold": "credit"}
"""Act -> the rule whose hold it ends; done before the order was looked at, it would hide what the rule does."""
"""What ends a hold."""
ENOUGH, TOO_LITTLE = "100000", {SCARCE: "1", BACK_ORDERED: "0", PARTIAL: "1"}
NO_LIMIT = "0.00"
AWAY_SECONDS = 3.0
"""How long a record is locked, or the company is in exclusive mode."""
OF_THE_WISH = frozenset({"buyer", "which", "basket", "lineDiscount"})
"""What of a wish the shop does not know."""


class Scene:
    """Both sandboxes of one demo; `tag` begins our references of the shop's orders."""

    def __init__(self, shop: SandboxApi, erp: SandboxApi, tag: str, rates: Rates | None) -> None:
        self._shop, self._erp = shop, erp
        self._reader = Reader(shop, erp, tag, rates)
        self._cast: Cast | None = None

    @property
    def cast(self) -> Cast:
        if self._cast is None:
            self._cast = cast(self._shop, self._erp)
        return self._cast

    def prepare(self) -> None:
        """Enough of most items, too little of three; credit without end for most buyers; waits are told by a date."""
        for sku in self.cast.goods:
            self._count(sku, QuantityOnHand=ENOUGH)
        for part, quantity in TOO_LITTLE.items():
            self._count(self.cast.parts[part], QuantityOnHand=quantity)
        for customer in self._erp.state("customers"):
            if customer["EmailAddress"] in self.cast.known:
                self._set_customer(customer, CreditLimit=NO_LIMIT)
        self._shop.act("set-options", {"retry_after": "date", "fail_every": {"429": 400}})

    def place(self, wish: Wish) -> int:
        body = {name: value for name, value in wish.place.items() if name not in OF_THE_WISH}
        part = wish.place["buyer"]
        if part == "new":
            contact = {**body["contact"], "company": f"{body['contact']['lastName']} Trading"}
            customer = {"email": body.pop("email"), "contact": contact, "account": True}
            body |= {"userId": self._shop.act("add-customer", customer)["userId"], "contact": contact}
        elif part != "guest":
            body.pop("email", None)
            body = {**self.cast.buyer(part, wish.place.get("which", 0)), **body}
        body["lines"] = self._lines(wish.place["basket"], wish.place.get("lineDiscount"))
        return int(self._shop.act("place-order", body)["id"])

    def _lines(self, basket: Iterable[Line], discount: str | None) -> list[dict[str, Any]]:
        wanted: dict[str, int] = {}
        for line in basket:
            sku = self.cast.sku(line)
            wanted[sku] = wanted.get(sku, 0) + line.quantity
        lines: list[dict[str, Any]] = [{"sku": sku, "quantity": str(quantity)} for sku, quantity in wanted.items()]
        if discount:
            lines[0]["discount"] = discount
        return lines

    def read(self) -> Snapshot:
        return self._reader.read()

    def ready(self, act: str, now: Moment) -> bool:
        if act in OF_A_CLERK:
            return OF_A_CLERK[act] in now.held or now.there is not None
        if now.there is None:
            return False
        found = self._documents(now)
        if act == "receive":
            return now.there.complete and not found.entered
        if act in {"track", "post"}:
            return bool(found.entered)
        # an order is touched only while both sides agree on it: an edit must have arrived before the next act
        agreed = now.here.status not in ENDED and now.here.total == now.there.total
        if act in IN_THE_SHOP or act in {"lock", "exclusive"}:
            return agreed
        if act == "ship" and now.there.complete:
            return agreed  # stock that came for another order let it go as a whole: nothing is left for a second time
        return agreed and any(open_lines(found, row) for row in found.orders)

    def do(self, act: str, now: Moment) -> None:
        if act in IN_THE_SHOP:
            self._in_the_shop(act, now)
        elif act in OF_A_CLERK:
            self._at_the_desk(act, now)
        elif now.there is not None:
            self._in_the_erp(act, self._documents(now))

    def _documents(self, now: Moment) -> Documents:
        return self._reader.documents[now.placed.ref]

    def _in_the_shop(self, act: str, now: Moment) -> None:
        order: dict[str, Any] = {"id": now.placed.native_id}
        if act == "edit":
            sku, quantity = now.snapshot.shop_lines[now.placed.ref][0]
            order["lines"] = [{"sku": sku, "quantity": str(quantity + 1)}]
        self._shop.act({"edit": "update-order"}.get(act, f"{act}-order"), order)

    def _in_the_erp(self, act: str, found: Documents) -> None:
        match act:
            case "ship" | "enter":
                for row in found.orders:
                    if open_lines(found, row):
                        action = "ship" if act == "ship" else "enter-invoice"
                        self._erp.act(action, {"SalesOrderNo": row["SalesOrderNo"]})
            case "ship-part":
                row = found.orders[0]
                line = open_lines(found, row)[0]
                self._erp.act("ship", {"SalesOrderNo": row["SalesOrderNo"], "lines": {line["LineKey"]: "1"}})
            case "track":
                for row in found.entered:
                    tracking = {"TrackingID": f"1ZLATE{row['InvoiceNo']}", "StarshipShipVia": "UPS GROUND"}
                    self._erp.act("add-tracking", {"InvoiceNo": row["InvoiceNo"], **tracking})
            case "post":
                for row in found.entered:
                    self._erp.act("post-invoice", {"InvoiceNo": row["InvoiceNo"]})
            case "receive":
                numbers = {row["InvoiceNo"] for row in found.posted}
                for row in self._erp.state("open_invoices"):
                    if row["InvoiceNo"] in numbers and amount(row, "Balance") > 0:
                        self._erp.act("receive-payment", {"InvoiceNo": row["InvoiceNo"]})
            case "lock":
                record = f"SO/SalesOrder/{found.orders[0]['SalesOrderNo']}"
                self._erp.act("lock", {"record": record, "seconds": AWAY_SECONDS})
            case "exclusive":
                self._erp.act("exclusive-mode", {"seconds": AWAY_SECONDS})
            case unknown:
                raise ValueError(f"no such act: {unknown}")

    def _at_the_desk(self, act: str, now: Moment) -> None:
        if act == "restock":
            parts = {self.cast.parts[part] for part in TOO_LITTLE}
            for sku, quantity in now.snapshot.shop_lines[now.placed.ref]:
                if sku in parts:
                    self._count(sku, delta=str(quantity))
            return
        for customer in self._erp.state("customers", EmailAddress=now.here.email.lower()):
            if act == "lift-hold":
                self._set_customer(customer, CreditHold="N")
            elif now.there is None:
                self._set_customer(customer, CurrentBalance=self._paid_off(customer, now))
                # another order of the same buyer may take what is free now: then a further payment must come
                raise CommandError("paid; it is not booked yet")

    def _paid_off(self, customer: Row, now: Moment) -> str:
        """A balance at which just this order fits into the limit: the buyer has paid what was due, and some ahead."""
        number = customer["CustomerNo"]
        orders = self._erp.state("sales_orders", CustomerNo=number)
        opened = sum((order_total(row) for row in orders if row["OrderStatus"] != "C"), Decimal(0))
        return f"{amount(customer, 'CreditLimit') - opened - now.here.total:.2f}"

    def count_stock(self, seed: int) -> None:
        """More of some items has come than was thought."""
        dice = random.Random(f"stock:{seed}")
        for sku in dice.sample(list(self.cast.goods), 3):
            self._count(sku, delta=str(dice.randint(5, 300)))

    def _count(self, sku: str, **quantities: str) -> None:
        self._erp.act("change-stock", {"ItemCode": sku, "WarehouseCode": WAREHOUSE, **quantities})

    def _set_customer(self, customer: Row, **columns: str) -> None:
        key = {name: customer[name] for name in ("ARDivisionNo", "CustomerNo")}
        self._erp.act("set-customer", {**key, **columns})


def open_lines(found: Documents, order: Row) -> list[Row]:
    """Lines of goods of a sales order that can be shipped now."""
    if order["OrderStatus"] in {"H", "C"}:
        return []
    return [
        line
        for line in found.lines
        if line["SalesOrderNo"] == order["SalesOrderNo"]
        and not is_charge(line)
        and amount(line, "QuantityOrdered") > amount(line, "QuantityShipped") + amount(line, "InEntry")
    ]
